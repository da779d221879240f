"""What a plan may choose from: sites to build, premises to convert, stations to extend or equip.

Candidates come as a table, one row each, with a price. Options at one station complement each
other, so they are put together into bundles (extend, equip, extend + equip) that exclude each
other; so do several candidates at one and the same place. Existing stations stay.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.errors import Fault, LimitError, ValidationError
from geodata.hours import Timetable, read_hours
from geodata.plan_actions import PlanAction
from geodata.vocabulary import Vocabulary
from locator.changes import Changes, NewStation

#: Actions at a new place, and at a station that is there.
NEW, AT_STATION = ("build", "convert"), ("extend", "equip")

#: Most candidates of one plan, and most facilities priced apart at one station.
MOST_CANDIDATES, MOST_EQUIPS = 50_000, 4
_FEN = 100
_GROUPED = re.compile(r"\+?(?:\d{1,3}(?:,\d{3})+|\d{1,4}(?:,\d{4})+)(?:\.\d*)?")
_LON_MOST, _LAT_MOST = 180.0, 90.0

#: The columns of a table of options.
COLUMNS = (
    "id", "action", "station", "name", "lon", "lat", "cost_fen", "opening_hours", "facilities",
    "kind", "access", "capacity",
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What candidates are completed with where they say nothing.

    Attributes
    ----------
    actions : mapping of str to PlanAction
        Prices, hours and facilities by action.
    needs : tuple of str
        Needs that the plan is to serve: a new place is fitted for them.
    kind, access : str
        Of new stations: what the question counts.
    """

    actions: Mapping[str, PlanAction]
    needs: tuple[str, ...] = ()
    kind: str = "care_station"
    access: str = "free"


def fen_of(yuan: Any) -> int:
    """Return an amount of money in fen.

    Parameters
    ----------
    yuan : object
        A number or a text: at most two decimals, not negative.

    Returns
    -------
    int
        Fen, exactly.

    Raises
    ------
    ValueError
        If it is no such amount.

    Examples
    --------
    >>> fen_of("410000.07"), fen_of(0.29)
    (41000007, 29)
    """
    try:
        told = str(yuan).strip().replace("\uff0c", ",")
        # Decimal takes 1_000 for 1000; and 12,50 is not 1250
        if "_" in told or ("," in told and not _GROUPED.fullmatch(told)):
            raise ValueError("no amount")
        fen = Decimal(told.replace(",", "")) * _FEN
    except ArithmeticError as error:  # no number, or one beyond what decimals hold
        raise ValueError("no amount") from error
    if not fen.is_finite() or fen < 0 or fen != fen.to_integral_value() or fen >= 2**53:
        raise ValueError("no amount")
    return int(fen)


def _is_blank(value: Any) -> bool:
    """Return whether a cell says nothing."""
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return False  # an empty list says: none
    return value is None or value == "" or bool(pd.isna(value))


def _osm_hours(text: str) -> str:
    """Return hours as OSM has them, read as those of stations are; ``""``: not understood."""
    osm = read_hours(text).osm
    if not osm:
        try:
            Timetable([text])  # valid OSM in words that nobody writes about a station
        except ValidationError:
            return ""
    return osm or text


class _Reader:
    """Reads one candidate after the other, collecting what is wrong."""

    def __init__(self, stations: pd.DataFrame, vocabulary: Vocabulary, terms: Terms) -> None:
        self._rows = {str(code): row for row, code in enumerate(stations["id"])}
        self._stations = stations
        self._facilities = stations["facilities"].tolist() if len(stations) else []
        self._vocabulary = vocabulary
        self._terms = terms
        self._hours: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.code = ""

    def _refuse(self, code: str, where: str, what: str, fix: str = "") -> None:
        self.faults.append(Fault(where, what, fix))
        self.code = self.code or code

    def read(self, number: int, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Return one complete option."""
        where = f"candidates[{number}]"
        action = str(row.get("action") or "build")
        if action not in self._terms.actions:
            self._refuse("unknown_action", where, f"{action!r} is no action",
                         f"use one of {', '.join(self._terms.actions)}")  # fmt: skip
            action = "build"
        station = "" if _is_blank(row.get("station")) else str(row["station"])
        place = self._place(where, action, station, row)
        facilities = self._fitted(where, action, station, row.get("facilities"))
        own = "" if _is_blank(row.get("id")) else str(row["id"])
        return {
            "id": own or f"{action}-{number + 1}",
            "action": action,
            "station": station if action in AT_STATION else "",
            "name": "" if _is_blank(row.get("name")) else str(row["name"]),
            "lon": place[0],
            "lat": place[1],
            "cost_fen": self._price(where, action, len(facilities), row.get("cost_yuan")),
            "opening_hours": self._opening(where, action, row.get("opening_hours")),
            "facilities": ";".join(facilities),
            "kind": self._terms.kind,
            "access": self._terms.access,
            "capacity": self._room(where, row.get("capacity")),
        }

    def _place(
        self, where: str, action: str, station: str, row: Mapping[Any, Any]
    ) -> tuple[float, float]:
        """Return where an option is."""
        if action in AT_STATION:
            if station not in self._rows:
                what = f"{action} needs the id of a station; there is no {station!r}"
                self._refuse("unknown_station", f"{where}.station", what)
                return 0.0, 0.0
            at = self._stations.iloc[self._rows[station]]
            return float(at["lon"]), float(at["lat"])
        try:
            lon, lat = float(row["lon"]), float(row["lat"])
        except (KeyError, TypeError, ValueError):
            lon = lat = float("nan")
        if not (abs(lon) <= _LON_MOST and abs(lat) <= _LAT_MOST):
            self._refuse("out_of_range", where, "expected lon and lat of a place on earth")
            return 0.0, 0.0
        return lon, lat

    def _fitted(self, where: str, action: str, station: str, given: Any) -> tuple[str, ...]:
        """Return the facilities that an option brings."""
        if action == "extend":
            return ()
        if not _is_blank(given):
            codes = given.split(";") if isinstance(given, str) else list(given)
            codes = [str(code).strip() for code in codes if str(code).strip()]
            wrong = [code for code in codes if code not in self._vocabulary.facilities]
            if wrong:
                what = f"{', '.join(wrong)} not known"
                self._refuse("unknown_code", f"{where}.facilities", what, "use codes")
            return tuple(dict.fromkeys(codes))
        has = set(self._terms.actions[action].facilities)
        if action == "equip" and station in self._rows:
            has = set(str(self._facilities[self._rows[station]]).split(";"))
        wanted = [self._vocabulary.needs[need].facilities for need in self._terms.needs]
        more = [codes[0] for codes in wanted if has.isdisjoint(codes)]
        base = () if action == "equip" else self._terms.actions[action].facilities
        return tuple(dict.fromkeys((*base, *more)))

    def _price(self, where: str, action: str, facilities: int, given: Any) -> int:
        """Return a price in fen."""
        if _is_blank(given):
            times = facilities if action == "equip" else 1
            return fen_of(self._terms.actions[action].cost_yuan) * times
        try:
            return fen_of(given)
        except ValueError:
            self._refuse("invalid_value", f"{where}.cost_yuan",
                         "expected an amount in yuan, at least 0, to the fen")  # fmt: skip
            return 0

    def _opening(self, where: str, action: str, given: Any) -> str:
        """Return OSM hours; ``""`` for what leaves them as they are."""
        if action == "equip":
            return ""
        hours = self._terms.actions[action].opening_hours if _is_blank(given) else str(given)
        if hours not in self._hours:
            self._hours[hours] = _osm_hours(hours)
        if not self._hours[hours]:
            self._refuse(
                "bad_hours",
                f"{where}.opening_hours",
                f"expected opening_hours, as 08:00-20:00 or 24/7, got {hours[:40]!r}",
            )
        return self._hours[hours]

    def _room(self, where: str, given: Any) -> float:
        """Return how many workers an option can take, NaN where nobody says."""
        if _is_blank(given):
            return float("nan")
        try:
            room = float(given)
        except (TypeError, ValueError):
            room = -1.0
        if not 0 <= room < float("inf"):
            self._refuse("invalid_value", f"{where}.capacity", "expected a number of workers")
        return room


def options_of(
    candidates: pd.DataFrame | Sequence[Mapping[str, Any]],
    stations: pd.DataFrame,
    vocabulary: Vocabulary,
    terms: Terms,
) -> pd.DataFrame:
    """Return candidates as a complete table of options.

    Parameters
    ----------
    candidates : DataFrame or sequence of mappings
        ``id, lon, lat, action, station, name, cost_yuan, opening_hours, facilities, capacity``;
        what is missing is completed by ``terms``. ``facilities`` is a list of codes or a text of
        them joined by ``;``; an empty list means none, an empty cell the default.
    stations : DataFrame
        The station table.
    vocabulary : Vocabulary
        The known codes.
    terms : Terms
        Defaults.

    Returns
    -------
    DataFrame
        ``COLUMNS``; ``cost_fen`` int64.

    Raises
    ------
    ValidationError
        Naming everything that is wrong: actions, stations, places, prices, hours, facilities, ids
        that come twice.
    LimitError
        If there are more than ``MOST_CANDIDATES``.
    """
    rows: Sequence[Mapping[Any, Any]] = (
        candidates.to_dict("records") if isinstance(candidates, pd.DataFrame) else candidates
    )
    if len(rows) > MOST_CANDIDATES:
        raise LimitError(f"candidates: at most {MOST_CANDIDATES}, got {len(rows)}")
    reader = _Reader(stations, vocabulary, terms)
    options = [reader.read(number, row) for number, row in enumerate(rows)]
    ids = pd.Series([option["id"] for option in options], dtype="object")
    for code in ids[ids.duplicated()].unique()[:20]:
        reader.faults.append(Fault("candidates", f"the id {code!r} comes twice", "rename one"))
    if reader.faults:
        raise ValidationError.of(reader.faults[:100], code=reader.code or "duplicate_id")
    frame = pd.DataFrame(options, columns=list(COLUMNS))
    return frame.astype({"cost_fen": np.int64, "lon": np.float64, "lat": np.float64})


def bundled(options: pd.DataFrame) -> pd.DataFrame:
    """Return options with the combinations at each station, and the number of their bundle.

    Parameters
    ----------
    options : DataFrame
        From `options_of`.

    Returns
    -------
    DataFrame
        Besides ``COLUMNS``: ``parts`` (int64: 1, or how many are combined) and ``bundle`` (int32;
        -1: excludes nothing). A combination has the sum of the prices, the ids joined by ``+``
        (``++`` and so on where a candidate is called so itself) and the action ``extend+equip`` or
        ``equip``.

    Raises
    ------
    LimitError
        If one station has more than ``MOST_EQUIPS`` candidates for facilities.
    """
    at_station = options["action"].isin(AT_STATION)
    made: list[dict[str, Any]] = []
    taken = set(options["id"])
    for station, group in options[at_station].groupby("station", sort=True):
        made += _combinations(str(station), group.to_dict("records"), taken)
    new = options[~at_station].assign(parts=1)
    frame = pd.concat([new, pd.DataFrame(made, columns=[*COLUMNS, "parts"])], ignore_index=True)
    whole = {"cost_fen": np.int64, "parts": np.int64}
    frame = frame.astype({**whole, "lon": np.float64, "lat": np.float64})
    place = frame["station"].where(
        frame["station"] != "",
        "@" + frame["lon"].round(7).astype(str) + "," + frame["lat"].round(7).astype(str),
    )
    number, _ = pd.factorize(place)
    alone = np.bincount(number, minlength=1)[number] == 1 if len(frame) else np.empty(0, np.bool_)
    frame["bundle"] = np.where(alone, -1, number).astype(np.int32)
    return frame


def _combinations(
    station: str, rows: Sequence[Mapping[Any, Any]], taken: set[str]
) -> list[dict[str, Any]]:
    """Return everything that can be done at one station: one change of hours, any facilities.

    ``taken`` are the ids of all options; those of the combinations are added.
    """
    extends = [row for row in rows if row["action"] == "extend"]
    equips = [row for row in rows if row["action"] == "equip"]
    if len(equips) > MOST_EQUIPS:
        raise LimitError(
            f"candidates: at most {MOST_EQUIPS} to equip one station, {station!r} has "
            f"{len(equips)}; put facilities together"
        )
    sets = [list(part) for size in range(len(equips) + 1) for part in combinations(equips, size)]
    chosen = [[*head, *part] for head in ([], *([row] for row in extends)) for part in sets]
    return [_joined(parts, taken) for parts in chosen if parts]


def _joined(parts: Sequence[Mapping[Any, Any]], taken: set[str]) -> dict[str, Any]:
    """Return several options at one station as one."""
    code = sign = ""
    while len(parts) > 1 and (not code or code in taken):
        sign += "+"
        code = sign.join(part["id"] for part in parts)
    taken.add(code)
    actions = list(dict.fromkeys(part["action"] for part in parts))
    rooms = [part["capacity"] for part in parts if not pd.isna(part["capacity"])]
    codes = [code for part in parts for code in part["facilities"].split(";") if code]
    return {
        **parts[0],
        "id": code or parts[0]["id"],
        "parts": len(parts),
        "action": "+".join(actions),
        "cost_fen": sum(part["cost_fen"] for part in parts),
        "opening_hours": next((p["opening_hours"] for p in parts if p["action"] == "extend"), ""),
        "facilities": ";".join(dict.fromkeys(codes)),
        "capacity": max(rooms, default=float("nan")),
    }


def as_stations(options: pd.DataFrame, stations: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the station that each option would give, as rows of a station table.

    Parameters
    ----------
    options : DataFrame
        From `bundled`.
    stations : GeoDataFrame
        The stations that are there.

    Returns
    -------
    GeoDataFrame
        One row an option, with the columns that decide who may use a station.
    """
    names = ("kind", "status", "access", "opening_hours", "facilities")
    dates = ("opened_on", "closed_on", "valid_from", "valid_to")
    at = pd.Index(stations["id"]).get_indexer(pd.Index(options["station"]))
    there = at >= 0
    out: dict[str, Any] = {}
    for name in (*names, *dates):
        fallback = {"status": "open"}.get(name)
        own = options[name].to_numpy(object) if name in options else None
        column = np.full(len(options), fallback or "", object) if own is None else own.copy()
        if there.any():
            column[there] = stations[name].to_numpy(object)[at[there]]
        out[name] = column
    changed_hours = there & (options["opening_hours"] != "").to_numpy()
    out["opening_hours"][changed_hours] = options["opening_hours"].to_numpy(object)[changed_hours]
    more = options["facilities"].to_numpy(object)
    for row in np.flatnonzero(there & (more != "")):
        codes = [*str(out["facilities"][row]).split(";"), *more[row].split(";")]
        out["facilities"][row] = ";".join(dict.fromkeys(code for code in codes if code))
    points = gpd.points_from_xy(options["lon"], options["lat"])
    return gpd.GeoDataFrame(out, geometry=points, crs=4326)


def changes_of(options: pd.DataFrame, taken: Iterable[str] = ()) -> Changes:
    """Return what is changed when options are carried out.

    Parameters
    ----------
    options : DataFrame
        Rows of `bundled`, at most one a bundle.
    taken : iterable of str, optional
        Ids of stations that new ones must not have.

    Returns
    -------
    Changes
        For `locator.changes.changed`.
    """
    new = options[options["station"] == ""]
    old = options[options["station"] != ""]
    codes = new_ids(new["id"], taken)
    return Changes(
        add=tuple(
            NewStation(
                id=code,
                lon=row["lon"],
                lat=row["lat"],
                name=row["name"],
                kind=row["kind"],
                opening_hours=row["opening_hours"],
                facilities=tuple(filter(None, row["facilities"].split(";"))),
                access=row["access"],
            )
            for row, code in zip(new.to_dict("records"), codes, strict=True)
        ),
        hours={
            row["station"]: row["opening_hours"]
            for row in old.to_dict("records")
            if row["opening_hours"]
        },
        equip={
            row["station"]: tuple(row["facilities"].split(";"))
            for row in old.to_dict("records")
            if row["facilities"]
        },
    )


def new_ids(codes: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Return the ids of new stations, each its own.

    Parameters
    ----------
    codes : iterable of str
        Ids of the candidates, each different.
    taken : iterable of str
        Ids of the stations that are there.

    Returns
    -------
    list of str
        The candidate's own, with ``new:`` before it where a station has that one.

    Examples
    --------
    >>> new_ids(["a", "b", "new:a"], ["a"])
    ['new:new:a', 'b', 'new:a']
    """
    given, there = list(codes), set(taken)
    used = there | set(given)
    found = []
    for code in given:
        own = code
        while code in there and own in used:
            own = f"new:{own}"
        used.add(own)
        found.append(own)
    return found

"""Making a month's cut: ask who is covered, match the gaps with the last cut's, keep everything."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import orjson

from geodata.cut_folder import CutParts, drop_cut, tidy_cuts, write_cut
from geodata.errors import Fault, LimitError, RecordsError
from geodata.ledger_records import Change, CutRow, LedgerMovedError, now_text
from locator.gap_matching import GapCells, seen_cells
from locator.ledger import Book, Entry, Flows, Seen, cut, flows, tally
from web.bulletin import facts_of
from web.dependencies import departure, read_values
from web.geojson import plain
from web.ledger import CUT_DAY, Ledger, changed_to
from web.ledger_standing import Standing, entry_of, gaps_by_id, row_of
from web.schemas import CoverageQuestion
from web.service import Service

_TRIES = 5

#: Fields of a question that a ledger is cut with; ``clock`` is the time of day on the cut's date.
PARAMETERS = ("mode", "minutes", "need", "kind", "access", "stations_at_least", "include", "clock")

_NO_PARAMETER = frozenset({"at", "region", "geometry"})


@dataclass(frozen=True)
class Made:
    """A cut that was made, or was there already.

    Attributes
    ----------
    standing : Standing
        The ledger as the cut left it.
    fresh : bool
        False where the month had its cut.
    """

    standing: Standing
    fresh: bool


@dataclass(frozen=True)
class _Seen:
    """What a coverage answer shows a cut."""

    seen: Seen
    frame: gpd.GeoDataFrame
    facts: dict[str, Any]


def make_cut(
    service: Service, ledger: Ledger, date: str, asked: Mapping[str, Any] | None = None
) -> Made:
    """Cut a month, unless it has its cut.

    Parameters
    ----------
    service : Service
        What is private is left alone.
    ledger : Ledger
        Goes on from its last cut.
    date : str
        ISO date, not after today.
    asked : mapping, optional
        By `PARAMETERS`; what is absent or None is as in the last cut.

    Returns
    -------
    Made
        A month has its cut once there is one of its 25th or later; one of before may be followed.

    Raises
    ------
    LimitError
        If the date is before the last cut's (``before_last_cut``) or the parameters are other ones
        than the last cut's (``other_parameters``).
    RecordsError
        If it cannot be written; the last cut stands.
    """
    prepared: _Seen | None = None
    for last_try in (*[False] * _TRIES, True):
        last = ledger.now()
        done = _already(ledger, last, date)
        if done is not None:
            return Made(ledger.at(done), fresh=False)
        question, clock = _question(service, last, date, asked or {})
        prepared = prepared or _looked(service, question, clock, date)
        try:
            return Made(_written(service, ledger, last, prepared), fresh=True)
        except LedgerMovedError:
            if last_try:
                raise
    raise AssertionError  # pragma: no cover  the last try returns or raises


def next_of(service: Service, ledger: Ledger, date: str) -> Standing:
    """Return the ledger as a cut of a date would leave it.

    Parameters
    ----------
    service : Service
        What is private is left alone.
    ledger : Ledger
        Goes on from its last cut.
    date : str
        ISO date.

    Returns
    -------
    Standing
        Nothing is written.
    """
    last = ledger.now()
    question, clock = _question(service, last, date, {})
    looked = _looked(service, question, clock, date)
    parts = _parts(service, _book(ledger, last, looked), looked, _carried(ledger, date))
    entries = tuple(map(entry_of, parts.entries))
    return Standing(None, entries, parts.facts, gaps_by_id(parts.gaps))


def begin(
    service: Service,
    ledger: Ledger,
    preview: Standing,
    change: tuple[str, Mapping[str, str]],
    seen: str | None = None,
) -> str | None:
    """Begin a ledger with a cut of the preview's day, for a change that can be made.

    Parameters
    ----------
    service : Service
        What is private is left alone.
    ledger : Ledger
        Without a cut.
    preview : Standing
        What its first cut will say, from `next_of`.
    change : str and mapping of str to str
        The gap, and what a planner says of it.
    seen : str, optional
        The tag of the preview that the planner has read.

    Returns
    -------
    str or None
        The tag of the gap as the cut left it, where one was seen: who comes second has seen
        something else.

    Raises
    ------
    LocatorError
        If the change cannot be made (nothing is cut), or the cut cannot.
    """
    gap, wanted = change
    changed_to(preview, gap, wanted, seen)
    standing = make_cut(service, ledger, preview.facts["date"]).standing
    opened = ledger.records.changes(gap=gap)
    if seen is None or not opened:
        return None
    return standing.etag(replace(standing.entry(gap), change=opened[0].number))


def _already(ledger: Ledger, last: Standing | None, date: str) -> CutRow | None:
    """Return the cut that stands for a date, None where it is to be made."""
    if last is None or last.cut is None:
        return None
    for row in ledger.cuts():
        final = int(row.date[8:]) >= CUT_DAY
        if row.date == date or (row.month == date[:7] and final):
            return row
    if date < last.cut.date:
        fault = Fault("date", f"expected a date after the last cut, {last.cut.date}")
        raise LimitError(str(fault), code="before_last_cut", faults=[fault])
    return None


def _question(
    service: Service, last: Standing | None, date: str, asked: Mapping[str, Any]
) -> tuple[CoverageQuestion, str]:
    """Return the question of a cut, which is that of the last one, and its time of day."""
    given = {name: value for name, value in asked.items() if value is not None}
    before = {} if last is None else dict(last.facts["asked"])
    clock = str(given.get("clock", before.get("clock", "")))
    rest = {name: value for name, value in {**before, **given}.items() if name != "clock"}
    at = f"{date}T{clock}" if clock else None
    question = read_values({**rest, "at": at, "geometry": "none"}, CoverageQuestion)
    service.check(question)
    now = {**question.model_dump(exclude=set(_NO_PARAMETER)), "clock": clock}
    different = sorted(name for name in before if before[name] != now[name])
    if different:
        faults = [
            Fault(name, f"the ledger is cut with {before[name]!r}", "begin another LOCATOR_LEDGER")
            for name in different
        ]
        raise LimitError("; ".join(map(str, faults)), code="other_parameters", faults=faults)
    return question, clock


def _looked(service: Service, question: CoverageQuestion, clock: str, date: str) -> _Seen:
    """Ask who is covered, and gather what a cut keeps of the answer."""
    service = _published(service)
    day = datetime.fromisoformat(date).date()
    answer = service.cover(question, departure(question.at), on=day)
    found = answer.found
    gaps, people = found.gaps, found.view.cell_people
    frame = _storable(gaps.to_geodataframe())
    seen = Seen(
        date=date,
        id=gaps.id.tolist(),
        region=frame["region"].tolist(),
        area_km2=gaps.area_km2,
        workers=gaps.workers,
        cells=seen_cells(found.view.places, found.outcomes["cells"], gaps, people),
    )
    asked = {**question.model_dump(exclude=set(_NO_PARAMETER)), "clock": clock}
    told = facts_of(service, answer)
    coverage = orjson.loads(
        orjson.dumps(
            told, default=_jsonable, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        )
    )
    coverage["manifest"].pop("files", None)
    coverage["gaps"] = []  # the cut tells them itself
    facts = {
        "date": date,
        "asked": asked,
        "coverage": coverage,
        "region_names": dict(service.region_names),
        "region_ids": [part["id"] for part in answer.summary["regions"]],
        "rounded_to": service.settings.rounded_to,
        "smallest_count": service.settings.smallest_count,
        "lattice": str(service.manifest["metric_crs"]),
        "extent": list(service.extent),
    }
    return _Seen(seen, frame, facts)


def _published(service: Service) -> Service:
    """Return the service without what is private: a cut tells what is published."""
    if service.dataset.homes is None:
        return service
    public = replace(service.dataset, homes=None, home_positions={})
    return Service(public, service.settings)


def _jsonable(value: Any) -> Any:
    """Return what JSON can hold for a mapping that is no dict, and the like."""
    return dict(value) if isinstance(value, Mapping) else plain(value)


def _storable(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the gaps with what is no single value as JSON text."""
    made = frame.copy()
    for name in made.columns:
        values = made[name].tolist()
        if name != made.geometry.name and any(isinstance(v, dict | list | tuple) for v in values):
            made[name] = [orjson.dumps(value, default=_jsonable).decode() for value in values]
    return made


def _written(service: Service, ledger: Ledger, last: Standing | None, looked: _Seen) -> Standing:
    """Match with the last cut, write the folder, then the rows that make it a cut."""
    date = looked.seen.date
    parts = _parts(service, _book(ledger, last, looked), looked, _carried(ledger, date))
    tidy_cuts(ledger.folder)
    name, checksum = write_cut(ledger.folder, date, parts)
    known = {} if last is None else {entry.id: entry for entry in last.entries}
    changes = _changes(known, parts.entries, date)
    try:
        row = ledger.records.add_cut(
            CutRow(date, now_text(), name, checksum, 0),
            changes,
            last="" if last is None or last.cut is None else last.cut.date,
            known=max((entry.change for entry in known.values()), default=0),
        )
    except BaseException:
        _take_back(ledger, name)
        raise
    return ledger.at(row)


def _take_back(ledger: Ledger, folder: str) -> None:
    """Remove the folder of a cut that did not come to be; one that may have come to be stays."""
    with suppress(RecordsError):
        if folder not in {row.folder for row in ledger.cuts()}:
            drop_cut(ledger.folder, folder)


def _book(ledger: Ledger, last: Standing | None, looked: _Seen) -> Book:
    """Return what a cut goes on from; its cells must be those of the last cut."""
    if last is None:
        return Book()
    if last.facts["lattice"] != looked.facts["lattice"]:
        raise LimitError(
            "the dataset has another lattice of cells than the last cut, so gaps cannot be "
            "matched; begin another ledger (LOCATOR_LEDGER)",
            code="other_lattice",
        )
    return ledger.book(last)


def _parts(service: Service, book: Book, looked: _Seen, carried: Any) -> CutParts:
    """Return what a cut keeps."""
    after = cut(book, looked.seen)
    month: Flows = flows(carried, after.ids)
    facts = {
        **looked.facts,
        "ids": list(after.ids),
        "flows": {name: list(getattr(month, name)) for name in ("carried", "opened", "filled")},
        "states": tally(after.entries),
        "total": len(after.entries),
        "open": len(after.ids),
    }
    frame = looked.frame.assign(seen_as=looked.frame["id"], id=list(after.ids))
    cells: GapCells = looked.seen.cells
    return CutParts(
        facts=facts,
        entries=[row_of(entry) for entry in after.entries],
        gaps=frame,
        cells={
            "column": cells.column,
            "row": cells.row,
            "gap": cells.gap,
            "workers": cells.workers,
        },
        stations=service.dataset.stations,
        people=service.dataset.people,
    )


def _carried(ledger: Ledger, date: str) -> list[str]:
    """Return the gaps that were open at the last cut of an earlier month."""
    earlier = [row for row in ledger.cuts() if row.month < date[:7]]
    return list(ledger.at(earlier[-1]).facts["ids"]) if earlier else []


def _changes(known: Mapping[str, Entry], rows: Any, date: str) -> list[Change]:
    """Return what a cut changes, to be written down with its date."""
    changes = []
    for row in rows:
        before = known.get(row["id"])
        if before is None:
            event = "opened"
        elif before.is_open and row["filled"]:
            event = "filled"
        elif before.state != row["state"]:
            event = "returned"
        else:
            continue
        told = {name: row[name] for name in ("state", "responsible", "note")}
        changes.append(Change(gap=row["id"], at=date, event=event, **told))
    return changes

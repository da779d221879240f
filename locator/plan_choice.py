"""What a plan may choose from: candidates that are given or made from the data, and their reach."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyproj

from geodata.datum import project
from geodata.errors import Fault, ValidationError
from geodata.model import NO_DATA, BoolArray, FloatArray, Int32Array, Int64Array, Positions
from locator.arrays import rows_of
from locator.candidates import NEW, as_stations, bundled, options_of
from locator.clock_sets import open_sets
from locator.plan_cover import Cover, Reach, near_points, register_of
from locator.plan_ground import Demand, Ground
from locator.selection import Selection

#: Sites made from junctions stand about so far apart (m); farther where there are more than …
SPACING_M, MOST_SITES = 250.0, 5_000
_WIDER = 1.25
#: Host premises are thinned alike where the data holds more than this.
MOST_PREMISES = 20_000


@dataclass(frozen=True)
class Choice:
    """What may be chosen, and whom each option would reach.

    Attributes
    ----------
    options : DataFrame
        From `locator.candidates.bundled`; only those that reach a point.
    cover : Cover
        Points of each.
    offered : dict of str to int
        How many candidates there were by action, combinations left out.
    """

    options: pd.DataFrame
    cover: Cover
    offered: dict[str, int]


def candidates_of(ground: Ground, demand: Demand, given: pd.DataFrame | str) -> pd.DataFrame:
    """Return complete options, with combinations and bundles.

    Parameters
    ----------
    ground, demand : Ground, Demand
        The question.
    given : DataFrame or ``"auto"``
        Candidates as `locator.candidates.options_of` takes them.

    Returns
    -------
    DataFrame
        See `locator.candidates.bundled`.

    Raises
    ------
    ValidationError
        If a candidate is wrong, or there is none.
    """
    if isinstance(given, str):
        return _completed(ground, automatic(ground, demand))
    return given_options(ground, given)


def given_options(ground: Ground, rows: pd.DataFrame) -> pd.DataFrame:
    """Return complete options of a table, with combinations and bundles.

    Parameters
    ----------
    ground : Ground
        The question.
    rows : DataFrame
        As `locator.candidates.options_of` takes it.

    Returns
    -------
    DataFrame
        See `locator.candidates.bundled`.

    Raises
    ------
    ValidationError
        If a candidate is wrong, or there is none.
    """
    if len(rows) == 0:
        raise ValidationError.of([Fault("candidates", "there is none", "give some, or auto")])
    return _completed(ground, rows)


def _completed(ground: Ground, rows: pd.DataFrame) -> pd.DataFrame:
    """Return candidates with what they do not say, with combinations and bundles."""
    stations, vocabulary = ground.dataset.stations, ground.register.vocabulary
    return bundled(options_of(rows, stations, vocabulary, ground.terms))


def choice_of(
    ground: Ground, demand: Demand, options: pd.DataFrame, progress: Callable[[float], None],
    bounds: tuple[Int32Array, Int32Array] | None = None,
    *,
    every: bool = False,
) -> Choice:  # fmt: skip
    """Return what can be chosen, with the points that each option reaches.

    Parameters
    ----------
    ground, demand : Ground, Demand
        The question.
    options : DataFrame
        From `candidates_of`.
    progress : callable
        Told the share done; what it raises ends the work.
    bounds : tuple of array of int32, optional
        Longest time that counts, by point (the limit if not given), and ``sooner`` of `Reach`.
    every : bool
        Keep options that reach nobody, too.

    Returns
    -------
    Choice
        Options that reach nobody are left out unless asked for.

    Raises
    ------
    ValidationError
        If a candidate lies outside the data, or new hours are shorter than the present ones.
    """
    within, sooner = bounds or (None, None)
    positions = positions_of(ground, options)
    horizon = ground.limit_ms if within is None else int(within.max(initial=0))
    rows = as_stations(options, ground.dataset.stations)
    selection = register_of(rows, ground.register).select(ground.request.conditions, horizon)
    today = ground.register.select(ground.request.conditions, horizon)
    check_longer(ground, options, ((selection, today),))
    reach = np.full(demand.points.size, ground.limit_ms) if within is None else within
    cover = Reach(ground.view.travel, demand.points, sooner)(
        positions, selection, reach.astype(np.int32), progress
    )
    if ground.request.at_least > 1:
        cover = cover.without(_today(ground, demand, options, positions, progress))
        cover = cover.only_of(~_of_repeats(ground, options))
    return offering(options, cover, every=every)


def offering(options: pd.DataFrame, cover: Cover, *, every: bool = False) -> Choice:
    """Return the options that cover something.

    Parameters
    ----------
    options : DataFrame
        From `candidates_of`.
    cover : Cover
        Of all of them.
    every : bool
        Keep the others, too.

    Returns
    -------
    Choice
        Which knows how many there were.
    """
    alone = options[options["parts"] == 1]
    offered = alone["action"].value_counts()
    kept = np.flatnonzero((cover.sizes > 0) | every)
    return Choice(
        options.iloc[kept].reset_index(drop=True),
        cover.only(kept),
        {str(action): int(count) for action, count in offered.items()},
    )


def _today(
    ground: Ground,
    demand: Demand,
    options: pd.DataFrame,
    positions: Positions,
    progress: Callable[[float], None],
) -> Cover:
    """Return the points that the station of each option reaches already; none for new ones."""
    at = pd.Index(ground.dataset.stations["id"]).get_indexer(pd.Index(options["station"]))
    plain = options.assign(opening_hours="", facilities="")
    rows = as_stations(plain, ground.dataset.stations)
    rows["status"] = np.where(at >= 0, rows["status"], "closed")
    register = register_of(rows, ground.register)
    selection = register.select(ground.request.conditions, ground.limit_ms)
    within = np.full(demand.points.size, ground.limit_ms, np.int32)
    return Reach(ground.view.travel, demand.points)(positions, selection, within, progress)


def _of_repeats(ground: Ground, options: pd.DataFrame) -> BoolArray:
    """Mark the options that bring no station besides those that count, where so many are asked for.

    A station that repeats another one (``duplicate_of``) does not count beside it; and once that
    other one has what is asked for, the one that repeats it counts no longer.
    """
    stations, register = ground.dataset.stations, ground.register
    if "duplicate_of" not in stations:
        return np.zeros(len(options), np.bool_)
    ids, conditions = pd.Index(stations["id"]), ground.request.conditions
    original = ids.get_indexer(pd.Index(stations["duplicate_of"]))
    original[original == np.arange(original.size)] = -1
    counts = register.counted(conditions) & register.access_fits(conditions.access)
    counts &= register.needs_met(conditions.needs)
    repeats = (original >= 0) & counts[original]
    repeated = np.isin(np.arange(original.size), original)
    at = ids.get_indexer(pd.Index(options["station"]))
    fitted = (options["facilities"] != "").to_numpy()
    out: BoolArray = (at >= 0) & (repeats[at] | (repeated[at] & fitted & ~counts[at]))
    return out


def positions_of(ground: Ground, options: pd.DataFrame) -> Positions:
    """Return where options lie; those at stations where the stations lie.

    Parameters
    ----------
    ground : Ground
        The question.
    options : DataFrame
        From `candidates_of`.

    Returns
    -------
    Positions
        One row an option.

    Raises
    ------
    ValidationError
        If a new place lies outside the data.
    """
    snapped = ground.view.snapper.snap(options["lon"].to_numpy(), options["lat"].to_numpy())
    at = pd.Index(ground.dataset.stations["id"]).get_indexer(pd.Index(options["station"]))
    outside = (snapped.state == NO_DATA) & (at < 0)
    if outside.any():
        named = options["id"].to_numpy(object)[outside][:20]
        faults = [
            Fault(f"candidate {code}", "lies outside the data", "leave it out") for code in named
        ]
        raise ValidationError.of(faults, code="outside_data")
    there, rows = at >= 0, at[at >= 0]
    fixed = ground.dataset.station_positions[ground.view.mode]
    merged = {name: array.copy() for name, array in vars(snapped).items()}
    for name, array in vars(fixed).items():
        merged[name][there] = array[rows]
    return Positions(**merged)


def check_hours(ground: Ground, options: pd.DataFrame) -> None:
    """Refuse new hours that shut a station, before anything is searched.

    Parameters
    ----------
    ground : Ground
        The question.
    options : DataFrame
        From `given_options`.

    Raises
    ------
    ValidationError
        Naming the candidates.
    """
    conditions, limit_ms = ground.request.conditions, ground.limit_ms
    rows = options[(options["station"] != "") & (options["opening_hours"] != "")]
    if not len(rows):
        return
    registers = (
        register_of(as_stations(rows, ground.dataset.stations), ground.register),
        ground.register,
    )
    if not ground.hours:
        then, now = (register.select(conditions, limit_ms) for register in registers)
        check_longer(ground, rows, ((then, now),))
        return
    new, old = (open_sets(register, conditions, limit_ms, ground.hours) for register in registers)
    pairs = np.unique(np.stack((new.of_hour, old.of_hour)), axis=1).T
    check_longer(ground, rows, ((new.selections[a], old.selections[b]) for a, b in pairs))


def check_longer(
    ground: Ground, options: pd.DataFrame, times: Iterable[tuple[Selection, Selection]]
) -> None:
    """Refuse new hours that shut a station at a time at which it is open today.

    Parameters
    ----------
    ground : Ground
        The question.
    options : DataFrame
        From `candidates_of`.
    times : iterable of tuple of Selection
        Arrival windows of the options and of the stations of today, at each time that counts.

    Raises
    ------
    ValidationError
        Naming the candidates.
    """
    at = pd.Index(ground.dataset.stations["id"]).get_indexer(pd.Index(options["station"]))
    changes = np.flatnonzero((at >= 0) & (options["opening_hours"] != "").to_numpy())
    pairs = tuple(times)
    faults = []
    for row in changes:
        if not all(_holds(then, int(row), now, int(at[row])) for then, now in pairs):
            code = options["id"].iloc[row]
            faults.append(
                Fault(
                    f"candidate {code}",
                    "its opening_hours shut the station at a time at which it is open today",
                    "hours can only be extended",
                )
            )
    if faults:
        raise ValidationError.of(faults[:20], code="hours_not_extended")


def _holds(after: Selection, option: int, today: Selection, station: int) -> bool:
    """Return whether the windows of an option hold all those of a station."""
    ours = slice(after.indptr[option], after.indptr[option + 1])
    theirs = slice(today.indptr[station], today.indptr[station + 1])
    first, last = after.first_ms[ours], after.last_ms[ours]
    return all(
        bool(((first <= begin) & (end <= last)).any())
        for begin, end in zip(today.first_ms[theirs], today.last_ms[theirs], strict=True)
    )


def automatic(ground: Ground, demand: Demand) -> pd.DataFrame:
    """Return candidates made from what the data holds.

    Street junctions thinned to a spacing, host premises where the dataset has them, stations that
    are shut at the time asked about, stations without a facility asked for.

    Parameters
    ----------
    ground, demand : Ground, Demand
        The question.

    Returns
    -------
    DataFrame
        As `locator.candidates.options_of` takes them.
    """
    parts = [_junctions(ground, demand), _premises(ground), _stations(ground)]
    return pd.concat([part for part in parts if len(part)] or [parts[0]], ignore_index=True)


def _junctions(ground: Ground, demand: Demand) -> pd.DataFrame:
    """Return junctions near people who are not covered, about one a square of the spacing."""
    travel, net = ground.view.travel, ground.view.travel.network
    near = rows_of(near_points(travel, demand.points, ground.limit_ms))
    if near.size == 0:
        return pd.DataFrame({"id": [], "lon": [], "lat": [], "action": []})
    crs = pyproj.CRS.from_user_input(ground.dataset.manifest["metric_crs"])
    x, y = project(net.lon[near], net.lat[near], crs)
    rows = near[np.sort(_spaced(x, y, MOST_SITES))]
    lon, lat = np.round(net.lon[rows], 7), np.round(net.lat[rows], 7)
    return pd.DataFrame(
        {
            "id": [
                f"site-{a:.5f},{b:.5f}-{n}" for n, (a, b) in enumerate(zip(lon, lat, strict=True))
            ],
            "lon": lon,
            "lat": lat,
            "action": "build",
        }
    )


def _spaced(x: FloatArray, y: FloatArray, most: int) -> Int64Array:
    """Return places about ``SPACING_M`` apart, farther where there are more than so many."""
    spacing = SPACING_M
    kept = _thinned(x, y, spacing)
    while kept.size > most:
        spacing *= _WIDER
        kept = _thinned(x, y, spacing)
    return kept


def _thinned(x: FloatArray, y: FloatArray, spacing: float) -> Int64Array:
    """Return, of each square with places in it, the one nearest its middle."""
    column, row = np.floor(x / spacing), np.floor(y / spacing)
    off = np.hypot(x - (column + 0.5) * spacing, y - (row + 0.5) * spacing)
    order = np.lexsort((off, column, row))
    first = np.ones(order.size, np.bool_)
    first[1:] = (np.diff(column[order]) != 0) | (np.diff(row[order]) != 0)
    return order[first]


def _premises(ground: Ground) -> pd.DataFrame:
    """Return the host premises of the dataset, if it has any."""
    premises = getattr(ground.dataset, "premises", None)
    if premises is None or not len(premises):
        return pd.DataFrame({"id": [], "lon": [], "lat": [], "action": []})
    if len(premises) > MOST_PREMISES:
        crs = pyproj.CRS.from_user_input(ground.dataset.manifest["metric_crs"])
        place = premises["lon"].to_numpy(np.float64), premises["lat"].to_numpy(np.float64)
        premises = premises.iloc[np.sort(_spaced(*project(*place, crs), MOST_PREMISES))]
    wanted = ["id", "lon", "lat", "name", "cost_yuan"]
    frame = pd.DataFrame({name: premises[name] for name in wanted if name in premises})
    return frame.assign(action=NEW[1])


def _stations(ground: Ground) -> pd.DataFrame:
    """Return stations whose hours or facilities keep them from covering."""
    conditions = ground.request.conditions
    register, codes = ground.register, ground.dataset.stations["id"].to_numpy(object)
    counts = register.counted(conditions) & register.access_fits(conditions.access)
    lacking = counts & ~register.needs_met(conditions.needs)
    # those that would cover if only their hours did not matter, or with the facilities besides
    shut = counts & ~_always(ground)
    return pd.DataFrame(
        {
            "id": [*(f"hours-{code}" for code in codes[shut]),
                   *(f"equip-{code}" for code in codes[lacking])],
            "station": [*codes[shut], *codes[lacking]],
            "action": ["extend"] * int(shut.sum()) + ["equip"] * int(lacking.sum()),
        }
    )  # fmt: skip


def _always(ground: Ground) -> BoolArray:
    """Mark the stations whose hours alone would let them cover at any arrival that counts."""
    conditions = replace(ground.request.conditions, needs=())
    if ground.hours:
        sets = open_sets(ground.register, conditions, ground.limit_ms, ground.hours).selections
    elif conditions.at is None or conditions.open == "any":
        return np.ones(ground.register.size, np.bool_)
    else:
        sets = (ground.register.select(conditions, ground.limit_ms),)
    mark = np.ones(ground.register.size, np.bool_)
    for selection in sets:
        mark &= np.isin(np.arange(mark.size), selection.steady)
    return mark

"""The facts of a bulletin: what a coverage answer says, gathered once for every language."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from web.download_tables import (
    counted,
    gap_table,
    station_regions,
    station_states,
)
from web.geojson import plain
from web.map_request import labels_of
from web.service import Coverage, Service

#: How many gaps a bulletin lists.
GAPS_LISTED = 10

#: A district with fewer homes than this is marked as small and gets an interval.
SMALL_HOMES = 100

#: The same for districts judged by street length (km).
SMALL_STREET_KM = 10.0

#: Of the standard normal distribution, for intervals of 95 %.
_Z = 1.959964


@dataclass(frozen=True)
class District:
    """A district and its place in the ranking.

    Attributes
    ----------
    name : str
        As the data has it; ``""`` for what lies outside all districts.
    rank : int or None
        From 1, the highest share first; equal shares share a rank. None: no data.
    share : float or None
        Covered share.
    covered, total : float
        Homes, or kilometres of street where there are no homes.
    small : bool
        Too small for the rank to mean much.
    interval : tuple of float or None
        For a small district by homes: Wilson's interval of 95 %.
    """

    name: str
    rank: int | None
    share: float | None
    covered: float
    total: float
    small: bool
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Gap:
    """One of the largest gaps.

    Attributes
    ----------
    district : str
        Name, ``""`` outside all districts.
    near, near_en : str
        The street that it is told by, ``""`` where none is near.
    area_km2 : float
        Size.
    workers : int or None
        None: nobody gave homes, or too few to be said.
    suppressed : bool
        Too few to be said.
    cause : str
        Code of the heaviest cause.
    causes : mapping of str to float or None
        Share of each cause; None where too few people to say.
    also : tuple of str
        Codes of what had to be lifted together with the cause.
    barrier : str
        Name of what cuts people off, ``""`` where unknown or nothing does.
    station : str
        Name of the nearest station, ``""`` where there is none.
    minutes : int or None
        To that station, rounded up.
    """

    district: str
    near: str
    near_en: str
    area_km2: float
    workers: int | None
    suppressed: bool
    cause: str
    causes: Mapping[str, float] | None
    also: tuple[str, ...]
    barrier: str
    station: str
    minutes: int | None


@dataclass(frozen=True)
class StationCounts:
    """How many stations there are.

    Attributes
    ----------
    listed : int
        In the data and the area asked for.
    counted : int
        Of these, how many the answer counts.
    kinds : mapping of str to int
        The counted ones by kind.
    not_in_use : mapping of str to int
        Those listed that are not open, by status.
    states : mapping of str to int
        The counted ones by state at the time asked for; empty without a time.
    """

    listed: int
    counted: int
    kinds: Mapping[str, int]
    not_in_use: Mapping[str, int]
    states: Mapping[str, int]


@dataclass(frozen=True)
class Facts:
    """Everything that a bulletin says.

    Attributes
    ----------
    summary : mapping
        Of the answer, as it may leave.
    manifest : mapping
        Of the dataset.
    labels : mapping
        By language: names of codes, as `web.map_request.labels_of` has them.
    region : str
        Name of the district asked for, ``""`` for everything.
    departure : datetime or None
        When.
    stations : StationCounts
        How many.
    districts : tuple of District
        Ranked ones first, then those without data; empty where only one was asked for.
    outside : District or None
        What lies outside all districts.
    gaps : tuple of Gap
        The largest.
    gap_count, hidden_gaps : int
        How many there are, and of how many the workers are not said.
    band_kph : tuple of float
        Slow and fast speed (km/h); zeros where the road decides.
    band : tuple of float
        The same as multiples of the speed.
    smallest_count : int
        Fewer workers are not said.
    hotline : str
        Telephone number.
    approval : str
        审图号, ``""`` while there is none.
    """

    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, Mapping[str, str]]]
    region: str
    departure: datetime | None
    stations: StationCounts
    districts: tuple[District, ...]
    outside: District | None
    gaps: tuple[Gap, ...]
    gap_count: int
    hidden_gaps: int
    band_kph: tuple[float, float]
    band: tuple[float, float]
    smallest_count: int
    hotline: str
    approval: str

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the question."""
        asked: Mapping[str, Any] = self.summary["parameters"]
        return asked

    @property
    def by_homes(self) -> bool:
        """Whether shares are of homes, not of street length."""
        return str(self.summary["share_of"]) == "homes"

    @property
    def has_districts(self) -> bool:
        """Whether the dataset has districts, so that places can be named by them."""
        return bool(self.districts or self.region)

    @property
    def base(self) -> Mapping[str, float]:
        """What the share is of: homes, or kilometres of street."""
        figures: Mapping[str, float] = self.summary["homes" if self.by_homes else "street_km"]
        return figures


def facts_of(service: Service, answer: Coverage) -> Facts:
    """Gather the facts of an answer.

    Parameters
    ----------
    service : Service
        Its stations, regions and words.
    answer : Coverage
        From `Service.cover`.

    Returns
    -------
    Facts
        No figure that the answer over HTTP does not hold or give away.
    """
    summary, settings = answer.summary, service.settings
    mode = service.vocabulary.modes[summary["parameters"]["mode"]]
    gaps = gap_table(service, answer, "zh")
    districts, outside = _districts(summary)
    names = service.region_names
    return Facts(
        summary=summary,
        manifest=service.manifest,
        labels={lang: labels_of(service.vocabulary, lang) for lang in ("zh", "en")},
        region=names.get(summary["parameters"]["region"] or "", ""),
        departure=answer.departure,
        stations=_station_counts(service, answer),
        districts=districts,
        outside=outside,
        gaps=tuple(_gap(row) for row in _largest(gaps.drop(columns="geometry"))),
        gap_count=len(gaps),
        hidden_gaps=int(gaps["suppressed"].astype(bool).sum()),
        band_kph=(mode.speed_kph * mode.slow_factor, mode.speed_kph * mode.fast_factor),
        band=(mode.slow_factor, mode.fast_factor),
        smallest_count=settings.smallest_count,
        hotline=settings.hotline,
        approval=settings.map_review_number,
    )


def _largest(table: Any) -> list[dict[str, Any]]:
    """Return the first gaps by workers, then by area: what is hidden says nothing by its place."""
    rows = [
        {str(key): plain(value) for key, value in row.items()} for row in table.to_dict("records")
    ]
    rows.sort(key=lambda row: (-(row["workers"] or 0), -row["area_km2"], row["id"]))
    return rows[:GAPS_LISTED]


def _gap(row: Mapping[str, Any]) -> Gap:
    """Return one gap of the table."""
    return Gap(
        district=row["region_name"] or "",
        near=row["near"] or "",
        near_en=row["near_en"] or "",
        area_km2=row["area_km2"],
        workers=row["workers"],
        suppressed=bool(row["suppressed"]),
        cause=row["cause"],
        causes=json.loads(row["causes"]) if row["causes"] else None,
        barrier=row["barrier"] or "",
        also=tuple(code for code in (row["also"] or "").split(";") if code),
        station=row["nearest_station_name"] or "",
        minutes=minutes_up(row["nearest_seconds"]),
    )


def minutes_up(seconds: float | None) -> int | None:
    """Return whole minutes, rounded up as the map does.

    Parameters
    ----------
    seconds : float or None
        A travel time (s).

    Returns
    -------
    int or None
        None where there is no way.

    Examples
    --------
    >>> minutes_up(902.3), minutes_up(900.0), minutes_up(None)
    (16, 15, None)
    """
    return None if seconds is None or not math.isfinite(seconds) else math.ceil(seconds / 60)


def _station_counts(service: Service, answer: Coverage) -> StationCounts:
    """Count the stations of the area."""
    region = answer.summary["parameters"]["region"]
    homes = np.asarray(station_regions(service), dtype=object)
    here = np.ones(len(homes), np.bool_) if region is None else homes == region
    counts = counted(service, answer) & here
    kinds = service.index.stations["kind"].to_numpy(object)
    statuses = service.index.stations["status"].to_numpy(object)
    states = np.asarray(station_states(service, answer.departure), dtype=object)
    return StationCounts(
        listed=int(here.sum()),
        counted=int(counts.sum()),
        kinds=_tally(kinds[counts]),
        not_in_use=_tally(status for status in statuses[here] if status != "open"),
        states=_by_state(states[counts]) if answer.departure else {},
    )


def _tally(codes: Any) -> dict[str, int]:
    """Return how often each code occurs, the most frequent first."""
    found = Counter(str(code) for code in codes)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _by_state(states: Any) -> dict[str, int]:
    """Return how many are open, closed and unknown, those that are none left out."""
    found = _tally(states)
    return {name: found[name] for name in ("open", "closed", "unknown") if name in found}


def _districts(summary: Mapping[str, Any]) -> tuple[tuple[District, ...], District | None]:
    """Return the ranking, and what lies outside all districts."""
    key = "homes" if summary["share_of"] == "homes" else "street_km"
    made = [(part, _unranked(part, key)) for part in summary["regions"]]
    outside = next((district for part, district in made if not part["id"]), None)
    named = [district for part, district in made if part["id"]]
    if summary["parameters"]["region"] is not None:
        return (), outside
    return ranked(named), outside


def _unranked(part: Mapping[str, Any], key: str) -> District:
    """Return a row of the answer as a district without a rank."""
    figures = part[key] or {"covered": 0, "total": 0}
    covered, total = figures["covered"], figures["total"]
    share = part["share_covered"] if total else None
    small = share is not None and total < (SMALL_HOMES if key == "homes" else SMALL_STREET_KM)
    interval = wilson(covered, total) if small and key == "homes" else None
    return District(part["name"] or part["id"], None, share, covered, total, small, interval)


def ranked(districts: Sequence[District]) -> tuple[District, ...]:
    """Rank districts by share; who has no data has no rank.

    Parameters
    ----------
    districts : sequence of District
        In any order.

    Returns
    -------
    tuple of District
        The highest share first; equal shares share a rank, and the next rank is left out. Those
        without data come last.

    Examples
    --------
    >>> rows = [District(name, None, share, 0, 1, False, None)
    ...         for name, share in (("a", 0.5), ("b", None), ("c", 0.9), ("d", 0.5))]
    >>> [(row.name, row.rank) for row in ranked(rows)]
    [('c', 1), ('a', 2), ('d', 2), ('b', None)]
    """
    shares = sorted((row.share for row in districts if row.share is not None), reverse=True)
    rank = {share: place for place, share in reversed(list(enumerate(shares, start=1)))}
    placed = [
        District(
            row.name,
            None if row.share is None else rank[row.share],
            row.share,
            row.covered,
            row.total,
            row.small,
            row.interval,
        )
        for row in districts
    ]
    return tuple(sorted(placed, key=lambda row: (row.rank or len(placed) + 1, row.name)))


def wilson(covered: float, total: float) -> tuple[float, float]:
    """Return the interval of 95 % of a share of few.

    Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22, 209-212.

    Parameters
    ----------
    covered, total : float
        Counts; ``total`` is more than 0.

    Returns
    -------
    tuple of float
        Lower and upper share, between 0 and 1.

    Examples
    --------
    >>> [round(share, 4) for share in wilson(5, 10)]
    [0.2366, 0.7634]
    """
    share = min(max(covered / total, 0.0), 1.0)
    square = _Z * _Z / total
    middle = (share + square / 2) / (1 + square)
    reach = math.sqrt(share * (1 - share) / total * _Z * _Z + square * square / 4) / (1 + square)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)

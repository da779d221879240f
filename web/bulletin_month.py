"""The facts of a month's bulletin, all from the month's cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from locator.ledger_entries import Entry, tally
from web.bulletin import (
    SMALL_HOMES,
    SMALL_STREET_KM,
    District,
    Facts,
    StationCounts,
    ranked,
    wilson,
)
from web.ledger import CUT_DAY
from web.ledger_listing import discretion_of, ordered
from web.ledger_standing import Standing
from web.summaries import discreet_gap

#: How many gaps each list of a bulletin holds.
LISTED = 10

FLOWS = ("carried", "opened", "filled", "open")


@dataclass(frozen=True)
class Need:
    """The unmet need of a district.

    Attributes
    ----------
    district : District
        Ranked by the share without a station, the highest first; ``share``, ``covered`` and
        ``interval`` are of what is without.
    workers : float or None
        Workers without a station; None where nobody gave homes.
    """

    district: District
    workers: float | None


@dataclass(frozen=True)
class MonthGap:
    """A gap of the ledger, as it is printed.

    Attributes
    ----------
    id : str
        In the ledger.
    district : str
        Name, ``""`` outside all districts.
    near, near_en : str
        The street that it is told by, ``""`` where none is near, or where it is filled.
    area_km2 : float
        Size when last seen.
    workers : float or None
        When last seen; None: nobody gave homes, or too few to be said.
    suppressed : bool
        Too few to be said.
    state, responsible, since : str
        What is done about it, by whom, and since when it is known.
    came_from : tuple of str
        Gaps that it was part of.
    went_into : str
        The gap that took it up.
    """

    id: str
    district: str
    near: str
    near_en: str
    area_km2: float
    workers: float | None
    suppressed: bool
    state: str
    responsible: str
    since: str
    came_from: tuple[str, ...]
    went_into: str


@dataclass(frozen=True)
class MonthFacts:
    """Everything that a month's bulletin says.

    Attributes
    ----------
    base : Facts
        Of the coverage on the day of the cut.
    date : str
        ISO date of the cut.
    late : str
        ISO date on which the cut was made, where that was later; else ``""``.
    preview : bool
        Nothing was cut; this is what a cut of the date would say.
    first : bool
        There was no earlier month.
    sums : mapping of str to int
        By `FLOWS`.
    split, merged : int
        How many of those opened were part of others, and of those filled went into others.
    total : int
        Gaps in the ledger.
    states : mapping of str to int
        By state; they add up to ``total``.
    flows : mapping of str to mapping
        By name of the district (``""`` outside all): by `FLOWS`.
    open_states : mapping of str to mapping
        By name of the district: open gaps by state.
    needs : tuple of Need
        Districts ranked; empty where there are none.
    opened, filled, standing : tuple of MonthGap
        The first of each list, by workers.
    """

    base: Facts
    date: str
    late: str
    preview: bool
    first: bool
    sums: Mapping[str, int]
    split: int
    merged: int
    total: int
    states: Mapping[str, int]
    flows: Mapping[str, Mapping[str, int]]
    open_states: Mapping[str, Mapping[str, int]]
    needs: tuple[Need, ...]
    opened: tuple[MonthGap, ...]
    filled: tuple[MonthGap, ...]
    standing: tuple[MonthGap, ...]

    @property
    def final(self) -> bool:
        """Whether the month is closed."""
        return not self.preview and int(self.date[8:]) >= CUT_DAY

    @property
    def early(self) -> bool:
        """Whether its cut was taken before the month's day: another may follow."""
        return not self.preview and not self.final


def month_facts(standing: Standing) -> MonthFacts:
    """Gather the facts of a month from its cut.

    Parameters
    ----------
    standing : Standing
        As the cut left it.

    Returns
    -------
    MonthFacts
        The same for ever: no setting and no dataset of today plays a part.
    """
    facts = standing.facts
    base = coverage_facts(facts["coverage"])
    known = {entry.id: entry for entry in standing.entries}
    ids = {name: set(facts["flows"][name]) for name in ("carried", "opened", "filled")}
    ids["open"] = set(facts["ids"])
    order = ordered(standing.entries)
    return MonthFacts(
        base=base,
        date=facts["date"],
        late=standing.late,
        preview=standing.cut is None,
        first=not ids["carried"] and len(ids["opened"]) == len(known),
        sums={name: len(own) for name, own in ids.items()},
        split=sum(bool(known[name].came_from) for name in ids["opened"]),
        merged=sum(bool(known[name].went_into) for name in ids["filled"]),
        total=len(known),
        states=tally(standing.entries),
        flows=_by_district(standing, ids),
        open_states={
            name: tally(entries)
            for name, entries in _districts_of(
                standing, [entry for entry in order if entry.is_open]
            ).items()
        },
        needs=rank_needs(base.summary["regions"], by_homes=base.by_homes),
        opened=_listed(standing, ids["opened"]),
        filled=_listed(standing, ids["filled"]),
        standing=_listed(standing, ids["open"]),
    )


def _listed(standing: Standing, ids: set[str]) -> tuple[MonthGap, ...]:
    """Return the first of some gaps by workers, then by area."""
    found = [entry for entry in standing.entries if entry.id in ids]
    found.sort(key=lambda entry: (-(entry.workers or 0), -entry.area_km2, entry.id))
    return tuple(_gap(standing, entry) for entry in found[:LISTED])


def _gap(standing: Standing, entry: Entry) -> MonthGap:
    """Return a gap as it is printed."""
    told = {"workers": entry.workers}
    shown = discreet_gap(told, discretion_of(standing), exact=False)
    seen = standing.gaps.get(entry.id, {})
    return MonthGap(
        id=entry.id,
        district=standing.facts["region_names"].get(entry.region, ""),
        near=seen.get("near") or "",
        near_en=seen.get("near_en") or "",
        area_km2=entry.area_km2,
        workers=shown["workers"],
        suppressed=shown["suppressed"],
        state=entry.state,
        responsible=entry.responsible,
        since=entry.opened,
        came_from=entry.came_from,
        went_into=entry.went_into,
    )


def _districts_of(standing: Standing, entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return gaps by the district in which they were last seen, in the order of the dataset."""
    names = standing.facts["region_names"]
    found: dict[str, list[Entry]] = {name: [] for name in (*names, "")}
    for entry in entries:
        found.setdefault(entry.region, []).append(entry)
    return {code: own for code, own in found.items() if own}


def _by_district(standing: Standing, ids: Mapping[str, set[str]]) -> dict[str, dict[str, int]]:
    """Return the flows by district: as each gap counts where it was last seen, they add up."""
    return {
        code: {name: sum(entry.id in ids[name] for entry in own) for name in FLOWS}
        for code, own in _districts_of(standing, standing.entries).items()
        if any(entry.id in ids[name] for entry in own for name in FLOWS)
    }


def rank_needs(regions: Sequence[Mapping[str, Any]], *, by_homes: bool) -> tuple[Need, ...]:
    """Rank districts by the share without a station.

    Parameters
    ----------
    regions : sequence of mapping
        Of a coverage summary: ``id, name, share_covered``, figures; what lies outside all (without
        an id) is left out.
    by_homes : bool
        Shares are of homes, not of street length.

    Returns
    -------
    tuple of Need
        The greatest need first, equal ones by name; who has no data comes last without a rank. A
        district with few homes has Wilson's interval of 95 %.
    """
    key, least = ("homes", SMALL_HOMES) if by_homes else ("street_km", SMALL_STREET_KM)
    named = [part for part in regions if part["id"]]
    made = []
    for number, part in enumerate(named):
        figures = part[key] or {"covered": 0, "total": 0}
        total, without = figures["total"], figures["total"] - figures["covered"]
        share = 1 - part["share_covered"] if total and part["share_covered"] is not None else None
        small = share is not None and total < least
        interval = wilson(without, total) if small and by_homes else None
        # its number keeps two districts of one name apart
        made.append(District(str(number), None, share, without, total, small, interval))
    found = []
    for row in ranked(made):
        part = named[int(row.name)]
        workers = (part.get("workers") or {}).get("uncovered")
        found.append(Need(replace(row, name=part["name"] or part["id"]), workers))
    found.sort(key=lambda need: (need.district.rank or len(made) + 1, need.district.name))
    return tuple(found)


def coverage_facts(kept: Mapping[str, Any]) -> Facts:
    """Return the facts of a coverage that a cut has kept.

    Parameters
    ----------
    kept : mapping
        JSON values by field.

    Returns
    -------
    Facts
        As they were; without their list of gaps, which the ledger has.
    """
    departure, outside = kept["departure"], kept["outside"]
    made: dict[str, Any] = {
        **_known(Facts, kept),
        "departure": None if departure is None else datetime.fromisoformat(departure),
        "stations": StationCounts(**_known(StationCounts, kept["stations"])),
        "districts": tuple(map(_district, kept["districts"])),
        "outside": None if outside is None else _district(outside),
        "gaps": (),
        "band_kph": tuple(kept["band_kph"]),
        "band": tuple(kept["band"]),
    }
    return Facts(**made)


def _district(kept: Mapping[str, Any]) -> District:
    """Return a district that was kept."""
    made = _known(District, kept)
    return District(**{**made, "interval": tuple(made["interval"]) if made["interval"] else None})


def _known(kind: Any, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that this release knows: another one may have kept more."""
    return {entry.name: kept.get(entry.name) for entry in fields(kind)}

"""The ledger as objects of the interface and as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from geodata.ledger_rows import Change
from locator.ledger_entries import Entry, tally
from web.ledger import Ledger
from web.ledger_standing import Standing
from web.reports import shown, table
from web.summaries import Discretion, discreet_gap

_SEEN = ("cause", "also", "causes", "barrier", "nearest_seconds", "nearest_station", "detour_ratio")
_NEAR = ("near", "near_en")
_PLACE = ("lon", "lat", "bbox")
_DIGITS = {"area_km2": 4, "nearest_seconds": 3, "detour_ratio": 3}
_LISTED = 100


def discretion_of(standing: Standing) -> Discretion:
    """Return how coarsely a cut may be told.

    Parameters
    ----------
    standing : Standing
        Keeps what held when it was cut.

    Returns
    -------
    Discretion
        Of that day.
    """
    return Discretion(standing.facts["rounded_to"], standing.facts["smallest_count"])


def gap_object(standing: Standing, entry: Entry) -> dict[str, Any]:
    """Return a gap as it may leave.

    Parameters
    ----------
    standing : Standing
        The ledger.
    entry : Entry
        Of this ledger.

    Returns
    -------
    dict
        State, responsible union, note and dates; size, cause, place and nearest station as the last
        cut saw them, null once the gap is filled.
    """
    seen = standing.gaps.get(entry.id, {})
    told = {
        "workers": entry.workers,
        "homes": seen.get("homes"),
        "area_km2": entry.area_km2,
        **{name: _parsed(seen.get(name)) for name in _SEEN},
    }
    discreet = discreet_gap(told, discretion_of(standing), exact=False)
    for name, digits in _DIGITS.items():
        if discreet.get(name) is not None:
            discreet[name] = round(discreet[name], digits)
    return {
        "id": entry.id,
        "region": entry.region,
        "region_name": standing.facts["region_names"].get(entry.region, ""),
        "state": entry.state,
        "responsible": entry.responsible,
        "note": entry.note,
        "since": entry.opened,
        "changed": entry.changed,
        "filled": entry.filled or None,
        "open": entry.is_open,
        "from": list(entry.came_from),
        "into": entry.went_into or None,
        **discreet,
        "also": _listed(discreet.get("also")),
        "causes": discreet.get("causes"),
        "nearest_station": discreet.get("nearest_station") or None,
        **{name: seen.get(name) for name in _PLACE},
        **{name: seen.get(name) or None for name in _NEAR},
        "etag": standing.etag(entry),
    }


def _listed(also: Any) -> list[str]:
    """Return codes joined by ``;`` as a list."""
    if isinstance(also, list):
        return also
    return [code for code in str(also or "").split(";") if code]


def _parsed(value: Any) -> Any:
    """Return what was stored as JSON text."""
    return orjson.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


def month_of(standing: Standing) -> dict[str, Any]:
    """Return the sums of a ledger.

    Parameters
    ----------
    standing : Standing
        The ledger.

    Returns
    -------
    dict
        ``opened - filled + carried = open``; ``states`` add up to ``total``.
    """
    facts, flows = standing.facts, standing.facts["flows"]
    return {
        "month": None if standing.cut is None else standing.cut.month,
        "date": None if standing.cut is None else standing.cut.date,
        **{name: len(flows[name]) for name in ("opened", "filled", "carried")},
        "open": facts["open"],
        "total": len(standing.entries),
        "states": tally(standing.entries),
        "parameters": facts["coverage"]["summary"]["parameters"],
        "dataset": facts["coverage"]["summary"]["dataset"],
        "people": "from cells",
        "rounded_to": facts["rounded_to"],
    }


def gap_list(
    standing: Standing,
    ledger: Ledger,
    lattice: str,
    *,
    state: str | None,
    region: str | None,
) -> dict[str, Any]:
    """Return a ledger as an object.

    Parameters
    ----------
    standing : Standing
        The ledger.
    ledger : Ledger
        Knows the months that were cut, and those that it has lost.
    lattice : str
        Of the cells of the dataset of today.
    state, region : str or None
        Only these gaps; the sums are of all.

    Returns
    -------
    dict
        ``gaps``: those that are open by unmet need, then those filled, the last first.
    """
    chosen = [
        gap_object(standing, entry)
        for entry in ordered(standing.entries)
        if state in {None, entry.state} and region in {None, entry.region}
    ]
    months = {
        "months": ledger.months(),
        "lost": ledger.lost(left=True),
        "other_dataset": standing.is_of_other(lattice),
    }
    return {**month_of(standing), **months, "count": len(chosen), "gaps": chosen}


def ordered(entries: Sequence[Entry]) -> list[Entry]:
    """Return gaps as they are listed.

    Parameters
    ----------
    entries : sequence of Entry
        Any.

    Returns
    -------
    list of Entry
        Open ones by workers, area, id; then filled ones, the last first.
    """
    there = [entry for entry in entries if entry.is_open]
    gone = [entry for entry in entries if not entry.is_open]
    there.sort(key=lambda entry: (-(entry.workers or 0), -entry.area_km2, entry.id))
    gone.sort(key=lambda entry: entry.id)
    gone.sort(key=lambda entry: entry.filled, reverse=True)
    return [*there, *gone]


def history(changes: Sequence[Change]) -> list[dict[str, str]]:
    """Return the changes of a gap, the first first.

    Parameters
    ----------
    changes : sequence of Change
        Of one gap.

    Returns
    -------
    list of dict
        ``at, event, state, responsible, note``.
    """
    names = ("at", "event", "state", "responsible", "note")
    return [{name: getattr(change, name) for name in names} for change in changes]


def list_text(found: Mapping[str, Any]) -> str:
    """Return a ledger as text.

    Parameters
    ----------
    found : mapping
        From `gap_list`.

    Returns
    -------
    str
        The sums first, then the gaps.
    """
    head = ["id", "region", "near", "lon, lat", "workers", "km²", "state", "since"]
    rows = [[*head, "responsible", "note"]]
    rows += [
        [
            gap["id"],
            shown(gap["region_name"] or gap["region"]),
            shown(gap["near"] or "-"),
            "-" if gap["lon"] is None else f"{gap['lon']:.5f}, {gap['lat']:.5f}",
            _workers(gap),
            f"{gap['area_km2']:.2f}",
            gap["state"],
            gap["since"],
            shown(gap["responsible"]),
            shown(gap["note"])[:60],
        ]
        for gap in found["gaps"][:_LISTED]
    ]
    more = found["count"] - _LISTED
    lines = [sums_text(found), "", *table(rows)] if found["gaps"] else [sums_text(found)]
    lines += [f"… and {more} more: --json has all"] if more > 0 else []
    return "\n".join(lines)


def _workers(gap: Mapping[str, Any]) -> str:
    """Return the workers of a gap in words."""
    if gap["suppressed"]:
        return "few"
    return "-" if gap["workers"] is None else f"{gap['workers']:,.0f}"


def sums_text(found: Mapping[str, Any]) -> str:
    """Return the sums of a ledger as lines.

    Parameters
    ----------
    found : mapping
        From `month_of` or `gap_list`.

    Returns
    -------
    str
        Two lines.
    """
    when = f"cut of {found['date']}" if found["date"] else "preview: nothing was cut yet"
    states = ", ".join(f"{name} {count}" for name, count in found["states"].items())
    sums = (
        f"{found['opened']} opened - {found['filled']} filled + {found['carried']} carried "
        f"= {found['open']} open"
    )
    return f"{when}: {sums}\n{found['total']} in the ledger: {states}"

"""``locator scenario``: what if, at a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import typer

from web.commands import open_service, usage
from web.dependencies import read_body
from web.reports import coverage_report, json_text, shown, table
from web.scenario_answer import ask_scenario
from web.scenario_question import ScenarioQuestion
from web.settings import Settings

_COORDINATES = 2


def ask_what_if(
    settings: Settings,
    asked: Mapping[str, Any],
    changes: Mapping[str, Sequence[str] | None],
    *,
    as_json: bool,
) -> str:
    """Answer ``locator scenario``.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    asked : mapping
        By parameter.
    changes : mapping
        ``add``, ``remove``, ``hours``, ``move`` and ``equip`` as they were typed.
    as_json : bool
        The HTTP object instead of a report.

    Returns
    -------
    str
        What to print.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    with usage():
        body = orjson.dumps({**given, **read_changes(changes)})
        question = read_body(body, ScenarioQuestion)
    service = open_service(settings)
    with usage():
        answer = ask_scenario(service, question, lattice=False)
    return json_text(answer) if as_json else scenario_report(answer)


def read_changes(changes: Mapping[str, Sequence[str] | None]) -> dict[str, Any]:
    """Return changes as the HTTP interface has them.

    Parameters
    ----------
    changes : mapping
        As they were typed.

    Returns
    -------
    dict
        ``add``, ``remove``, ``hours``, ``move``, ``equip``.

    Raises
    ------
    BadParameter
        For what is not of the form asked for.
    """
    return {
        "add": [_added(text) for text in changes.get("add") or []],
        "remove": list(changes.get("remove") or []),
        "hours": dict(_pairs("--hours", "ID=HOURS", changes.get("hours"))),
        "move": {
            code: _place("--move", text)
            for code, text in _pairs("--move", "ID=LON,LAT", changes.get("move"))
        },
        "equip": {
            code: [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
            for code, text in _pairs("--equip", "ID=CODE,CODE", changes.get("equip"))
        },
    }


def _pairs(option: str, form: str, texts: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return ids and what stands after the equals sign."""
    pairs: list[tuple[str, str]] = []
    for text in texts or []:
        code, sign, rest = text.partition("=")
        if not sign or not code.strip():
            raise typer.BadParameter(f"{option}: expected {form}, got {shown(text)!r}")
        if code.strip() in dict(pairs):
            raise typer.BadParameter(f"{option}: {shown(code)} comes twice")
        pairs.append((code.strip(), rest.strip()))
    return pairs


def _numbers(option: str, parts: Sequence[str], text: str) -> list[float]:
    """Return longitude and latitude."""
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        form = "LON,LAT in decimal degrees"
        raise typer.BadParameter(f"{option}: expected {form}, got {shown(text)!r}") from None
    return [lon, lat]


def _place(option: str, text: str) -> list[float]:
    """Return ``LON,LAT`` as two numbers."""
    return _numbers(option, text.split(","), text)


def _added(text: str) -> dict[str, Any]:
    """Return ``LON,LAT[,HOURS]`` as a new station: hours are all that follows the second comma."""
    parts = text.split(",", _COORDINATES)
    lon, lat = _numbers("--add", parts[:_COORDINATES], text)
    hours = parts[_COORDINATES].strip() if len(parts) > _COORDINATES else "24/7"
    return {"lon": lon, "lat": lat, "opening_hours": hours}


def _signed(value: float | None, digits: int = 0) -> str:
    """Return a difference with its sign."""
    return "-" if value is None else f"{value:+,.{digits}f}"


def _count(part: Mapping[str, Any] | None, digits: int = 0) -> str:
    """Return what is covered of a quantity."""
    return "-" if part is None else f"{part['covered']:,.{digits}f}"


def scenario_report(answer: Mapping[str, Any]) -> str:
    """Return the answer to a what-if question as text.

    Parameters
    ----------
    answer : mapping
        The HTTP object.

    Returns
    -------
    str
        What changes first, then the answer as it would be.
    """
    before, after, difference = answer["before"], answer["after"], answer["difference"]
    rows = [["covered", "before", "after", "difference"]]
    for name, digits in (("homes", 0), ("workers", 0), ("street_km", 1)):
        if after[name]:
            change = _signed(difference[f"{name}_covered"], digits)
            rows.append([name, _count(before[name], digits), _count(after[name], digits), change])
    lines = table(rows)
    parts = [
        *((f"group {code}", row) for code, row in difference["groups"].items()),
        *((row["name"] or row["id"] or "(outside)", row) for row in difference["regions"]),
        *((f"who was {cause}", row) for cause, row in difference["causes"].items()),
    ]
    changed = [
        [shown(name), f"workers {_signed(row['workers_covered'])}", _street(row)]
        for name, row in parts
        if row.get("workers_covered") or row.get("street_km_covered")
    ]
    lines += ["", "where", *(f"  {line}" for line in table(changed))] if changed else []
    gaps = answer["gaps"]
    counts = ", ".join(f"{len(gaps[name])} {name}" for name in ("closed", "opened", "changed"))
    lines += ["", f"gaps: {counts}"]
    lines += [f"  {line}" for line in table([_gap_row(gap) for gap in _listed(gaps)])]
    away = [site["id"] for site in answer["sites"] if not site["on_network"]]
    lines += [f"note: {shown(code)} lies at no street within 500 m" for code in away]
    lines += [f"note: {shown(text)}" for text in answer["warnings"]]
    return "\n".join([*lines, "", "after:", coverage_report(after)])


def _street(row: Mapping[str, Any]) -> str:
    """Return the difference of street length, where it is told."""
    value = row.get("street_km_covered")
    return "" if value is None else f"{value:+,.1f} km"


_MOST_GAPS = 20


def _listed(gaps: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Return the first gaps of each sort."""
    return [gap for name in ("closed", "opened", "changed") for gap in gaps[name][:_MOST_GAPS]]


def _gap_row(gap: Mapping[str, Any]) -> list[str]:
    """Return a gap as a row of texts."""
    was, now = (
        "few" if gap["suppressed"] and gap[f"workers_{when}"] is None else _plain(gap, when)
        for when in ("before", "after")
    )
    area = f"{gap['area_km2_before']:,.2f} to {gap['area_km2_after']:,.2f} km²"
    near = shown(gap["near"] or "-")
    return [gap["change"], gap["id"], near, f"workers {was} to {now}", area]


def _plain(gap: Mapping[str, Any], when: str) -> str:
    """Return the workers of a gap."""
    value = gap[f"workers_{when}"]
    return "-" if value is None else f"{value:,.0f}"

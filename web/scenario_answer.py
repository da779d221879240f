"""The answer to a what-if question as it may leave: figures rounded, small ones kept silent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import shapely

from geodata.errors import Fault, ValidationError
from geodata.model import ON_NETWORK
from locator.scenario import ScenarioAnswer
from web.dependencies import departure
from web.scenario_question import LATTICE_M, ScenarioQuestion, Wanted, check_changes, wanted
from web.schemas import CoverageQuestion
from web.service import Service
from web.summaries import Discretion

_LENGTH_DIGITS, _AREA_DIGITS, _DEGREE_DIGITS = 3, 4, 6
_PEOPLE = ("homes", "workers")


def ask_scenario(service: Service, question: ScenarioQuestion, *, lattice: bool) -> dict[str, Any]:
    """Answer a what-if question.

    Parameters
    ----------
    service : Service
        Of the dataset.
    question : ScenarioQuestion
        Checked by its model.
    lattice : bool
        Move places to the middle of their square, as over HTTP.

    Returns
    -------
    dict
        The object of the interface, for `orjson.dumps`.

    Raises
    ------
    LocatorError
        If the question passes a limit, names what does not exist or cannot be done.
    """
    service.check(question)
    check_changes(service, question)
    asked = wanted(service, question, lattice=lattice)
    moment = departure(question.at)
    found = _found(service, question, asked, moment)
    fields = {name: getattr(question, name) for name in CoverageQuestion.model_fields}
    known = {name: value for name, value in fields.items() if value is not None}
    plainly = CoverageQuestion(**known)
    before, after = (service.dressed(part, plainly, moment) for part in (found.before, found.after))
    exact = after["people"] == "exact"
    difference = found.difference if exact else _discreet(found, before, after, service.discretion)
    return {
        "before": before,
        "after": after,
        "difference": _lengths_rounded(difference),
        "gaps": _gaps(found, question, service, exact=exact),
        "sites": _sites(found),
        "people": after["people"],
        "rounded_to": after["rounded_to"],
        "lattice_m": LATTICE_M if lattice else None,
        "warnings": [*after["warnings"], *asked.warnings],
    }


def _found(
    service: Service, question: ScenarioQuestion, asked: Wanted, moment: datetime | None
) -> ScenarioAnswer:
    """Ask the locator; say which place lies outside the data in our words."""
    try:
        return service.index.scenario(
            asked.changes,
            mode=question.mode,
            minutes=question.minutes,
            at=moment,
            needs=tuple(question.need),
            kinds=tuple(question.kind),
            access=tuple(question.access),
            region=question.region,
            stations_at_least=question.stations_at_least,
            include=tuple(question.include),
            exact=service.dataset.homes is not None,
        )
    except ValidationError as error:
        if error.code != "outside_data":
            raise
        outside = {fault.where for fault in error.faults}
        rows = [f"add[{row}]" for row, new in enumerate(asked.changes.add) if new.id in outside]
        rows += ["move"] * bool(outside & set(asked.changes.move))
        west, south, east, north = service.extent
        fix = f"stay within {west:.4f}, {south:.4f}, {east:.4f}, {north:.4f}"
        faults = [Fault(where, "a place outside the data", fix) for where in rows]
        raise ValidationError.of(faults, code="outside_data") from None


def _discreet(
    found: ScenarioAnswer,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    discretion: Discretion,
) -> dict[str, Any]:
    """Return the difference of what leaves: it tells no more than the two answers do."""
    was, now = ({row["id"]: row for row in part["regions"]} for part in (before, after))
    return {
        **_less(before, after),
        "street_km_covered": found.difference["street_km_covered"],
        "groups": {
            code: _less(before["groups"][code], after["groups"][code]) for code in after["groups"]
        },
        "regions": [
            {**row, **_less(was.get(row["id"], {}), now.get(row["id"], {}))}
            for row in found.difference["regions"]
        ],
        **{name: _few(found.difference[name], discretion) for name in ("gained", "lost", "causes")},
    }


def _less(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is covered after, less what was, of figures that are rounded."""
    return {
        f"{name}_covered": after[name]["covered"] - before[name]["covered"]
        if before.get(name) and after.get(name)
        else None
        for name in _PEOPLE
    }


def _few(part: Any, discretion: Discretion, key: str = "") -> Any:
    """Return figures about people rounded; those of few are null."""
    if isinstance(part, Mapping):
        return {name: _few(value, discretion, name) for name, value in part.items()}
    if part is None or not key.startswith(_PEOPLE):
        return part
    return None if 0 < part < discretion.smallest_count else discretion.figure(part)


def _lengths_rounded(part: Any, key: str = "") -> Any:
    """Return a difference with lengths to the metre."""
    if isinstance(part, Mapping):
        return {name: _lengths_rounded(value, name) for name, value in part.items()}
    if isinstance(part, list):
        return [_lengths_rounded(value, key) for value in part]
    return round(part, _LENGTH_DIGITS) if key.startswith("street_km") else part


def _gaps(
    found: ScenarioAnswer, question: ScenarioQuestion, service: Service, *, exact: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return the gaps that close, open and change; with shapes unless none are asked for."""
    drawn = question.geometry != "none"
    lists = found.gap_changes.lists(shapes=drawn)
    return {
        name: [_gap(entry, service.discretion, exact=exact) for entry in entries]
        for name, entries in lists.items()
    }


def _gap(entry: Mapping[str, Any], discretion: Discretion, *, exact: bool) -> dict[str, Any]:
    """Return one gap as it may leave, a GeoJSON feature where it has a shape."""
    shown = dict(entry)
    suppressed = False
    for name in (f"{who}_{when}" for who in _PEOPLE for when in ("before", "after")):
        value = shown[name]
        if value is not None and not exact:
            few = 0 < value < discretion.smallest_count
            suppressed |= few
            shown[name] = None if few else discretion.figure(value)
    for name in ("area_km2_before", "area_km2_after"):
        shown[name] = round(shown[name], _AREA_DIGITS)
    shown["suppressed"] = suppressed
    shape = shown.pop("geometry", None)
    if shape is None:
        return shown
    rounded = shapely.transform(shape, lambda xy: xy.round(_DEGREE_DIGITS))
    drawn = orjson.Fragment(shapely.to_geojson(rounded))
    return {"type": "Feature", **shown, "geometry": drawn, "properties": dict(shown)}


def _sites(found: ScenarioAnswer) -> list[dict[str, Any]]:
    """Return where stations were moved and added, and how far the street is."""
    changes, snapped = found.changes, found.snapped
    if snapped is None:
        return []
    places = [*changes.move.items(), *((new.id, (new.lon, new.lat)) for new in changes.add)]
    return [
        {
            "id": code,
            "lon": round(lon, _DEGREE_DIGITS),
            "lat": round(lat, _DEGREE_DIGITS),
            "on_network": bool(state == ON_NETWORK),
            "access_metres": round(float(metres), 1) if state == ON_NETWORK else None,
        }
        for (code, (lon, lat)), state, metres in zip(
            places, snapped.state.tolist(), snapped.access_m.tolist(), strict=True
        )
    ]

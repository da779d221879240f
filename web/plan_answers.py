"""From a plan's question to the object that goes out: people rounded, sites on a lattice."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj

from geodata.datum import project, to_wgs84, unproject
from locator.plan_ground import Progress, silent
from locator.questions import Asked
from web.dependencies import check_not_swapped, departure
from web.geojson import plain
from web.plan_schemas import PlanQuestion
from web.service import Service
from web.summaries import Discretion

if TYPE_CHECKING:
    from locator.plan import PlanAnswer

#: Sites sent over HTTP stand in the middle of squares so wide (m): answers to sites that hardly
#: differ are the same.
LATTICE_M = 100.0

_PLAIN_DATUMS = ("wgs84", "cgcs2000")
_PEOPLE = (
    "workers_counted",
    "workers_left_out",
    "street_km_counted",
    "street_km_left_out",
    "gain_homes",
    "gain_workers",
    "cumulative_workers",
    "catchment_workers",
    "gain_person_hours",
    "cumulative_person_hours",
)
_SECONDS = ("gain_seconds", "objective_before")
_PER, _MINUTE, _COARSE_SECONDS = 10_000, 60.0, 5
_SHARE_DIGITS, _RATE_DIGITS, _KM_DIGITS = 4, 3, 3


def table_of(question: PlanQuestion) -> pd.DataFrame | str:
    """Return the candidates of a question as a table in WGS-84, or ``"auto"``.

    Parameters
    ----------
    question : PlanQuestion
        Checked by its model.

    Returns
    -------
    DataFrame or str
        For `locator.Index.plan`.
    """
    if isinstance(question.candidates, str):
        return question.candidates
    frame = pd.DataFrame([candidate.model_dump() for candidate in question.candidates])
    for datum in set(frame.get("datum", ())) - set(_PLAIN_DATUMS):
        rows = np.flatnonzero((frame["datum"] == datum) & frame["lon"].notna())
        lon, lat = frame["lon"].to_numpy(float).copy(), frame["lat"].to_numpy(float).copy()
        lon[rows], lat[rows] = to_wgs84(lon[rows], lat[rows], datum)
        frame["lon"], frame["lat"] = lon, lat
    return frame


def on_lattice(candidates: pd.DataFrame | str, crs: pyproj.CRS) -> pd.DataFrame | str:
    """Return candidates with new places moved to the middle of their square.

    Parameters
    ----------
    candidates : DataFrame or str
        From `table_of`.
    crs : pyproj.CRS
        The dataset's metric one.

    Returns
    -------
    DataFrame or str
        A copy.
    """
    if isinstance(candidates, str) or "lon" not in candidates or not len(candidates):
        return candidates
    frame = candidates.copy()
    placed = frame["lon"].notna() & frame["lat"].notna()
    x, y = project(frame["lon"][placed].astype(float), frame["lat"][placed].astype(float), crs)
    x, y = ((np.floor(axis / LATTICE_M) + 0.5) * LATTICE_M for axis in (x, y))
    lon, lat = unproject(x, y, crs)
    frame.loc[placed, "lon"], frame.loc[placed, "lat"] = np.round(lon, 7), np.round(lat, 7)
    return frame


def check_plan(service: Service, question: PlanQuestion) -> None:
    """Check a plan's question as far as can be done at once.

    Parameters
    ----------
    service : Service
        Limits, vocabulary and regions.
    question : PlanQuestion
        Checked by its model.

    Raises
    ------
    LocatorError
        For what the service's limits, the vocabulary, the regions or the aim refuse.
    """
    service.check(question)
    service.check_region(question.region)
    placed = [] if isinstance(question.candidates, str) else question.candidates
    for row, given in enumerate(placed):
        if given.lon is not None and given.lat is not None:
            check_not_swapped(given.lon, given.lat, service.extent, f"candidates[{row}].lat")
    words = _words(service, question)
    mode, group = words.pop("mode"), words.pop("group")
    asked = Asked(**words, stations_at_least=question.stations_at_least)
    table = _table(service, table_of(question))
    index = service.index.without(question.remove)
    index.check_plan(table, asked, mode=mode, group=group, **aim_fields(question))


def _words(service: Service, question: PlanQuestion) -> dict[str, Any]:
    """Return what a question asks, in the words of `locator.Index.plan`."""
    return {
        "mode": question.mode,
        "minutes": question.minutes,
        "at": departure(question.at),
        "needs": tuple(question.need),
        "kinds": tuple(question.kind),
        "access": tuple(question.access),
        "region": question.region,
        "include": tuple(question.include),
        "group": question.group,
        "exact": service.dataset.homes is not None,
    }


def _table(service: Service, candidates: pd.DataFrame | str) -> pd.DataFrame | str:
    """Return candidates as they are planned with: on the lattice where homes are not open."""
    if service.dataset.homes is not None:
        return candidates
    return on_lattice(candidates, pyproj.CRS.from_user_input(service.manifest["metric_crs"]))


def aim_fields(question: PlanQuestion) -> dict[str, Any]:
    """Return what a question wants to achieve, checked.

    Parameters
    ----------
    question : PlanQuestion
        Checked by its model.

    Returns
    -------
    dict
        For `locator.plan.aim_of`.

    Raises
    ------
    LocatorError
        If the fields do not fit together.
    """
    from locator.plan import Mosts, aim_of  # noqa: PLC0415  solvers: only when asked

    mosts = question.mosts
    fields: dict[str, Any] = {
        "objective": question.objective_name,
        "budget_yuan": question.budget_yuan,
        "sites": question.sites,
        "target_share": question.target_share,
        "target_of": question.target_of,
        "least": question.least,
        "time_limit_seconds": question.time_limit_seconds,
        "at_least": question.stations_at_least,
        "capacities": question.capacities,
        "least_share": question.least_share,
        "count": question.count,
        "week": question.week,
        "mosts": mosts
        and Mosts(
            {str(name): part for name, part in mosts.weights.items()},
            [row.model_dump() for row in mosts.regions],
        ),
    }
    aim_of(**fields)
    return fields


def make(
    service: Service,
    question: PlanQuestion,
    progress: Progress = silent,
    *,
    candidates: pd.DataFrame | str | None = None,
) -> "PlanAnswer":
    """Return a plan.

    Parameters
    ----------
    service : Service
        Exact where its dataset holds homes; sites are put on the lattice where it does not.
    question : PlanQuestion
        Checked by `check_plan`.
    progress : callable, optional
        Told the share done and the stage.
    candidates : DataFrame or str, optional
        Instead of those of the question.

    Returns
    -------
    PlanAnswer
        Not rounded.
    """
    table = table_of(question) if candidates is None else candidates
    return service.index.without(question.remove).plan(
        _table(service, table),
        progress=progress,
        **_words(service, question),
        **aim_fields(question),
    )


def result_of(service: Service, question: PlanQuestion, answer: "PlanAnswer") -> dict[str, Any]:
    """Return a plan as it may leave.

    Parameters
    ----------
    service : Service
        Its discretion.
    question : PlanQuestion
        What was asked.
    answer : PlanAnswer
        From `make`.

    Returns
    -------
    dict
        The ``result`` of the interface; people rounded each by itself unless exact.
    """
    found = _named(plain(answer.result), service.index.stations)
    exact = found["people"] == "exact"
    if not exact:
        weighed = question.mosts.weights.items() if question.mosts else ()
        weights = {str(name): weight for name, weight in weighed}
        found = discreet_plan(found, service.discretion, weights)
    asked = question.model_dump(exclude={"candidates"})
    sent = question.candidates
    return {
        **found,
        "rounded_to": None if exact else service.discretion.rounded_to,
        "sites_snapped_m": None if exact or isinstance(question.candidates, str) else LATTICE_M,
        "parameters": {
            **asked,
            "candidates": sent if isinstance(sent, str) else len(sent),
            "linger_minutes": service.settings.linger_seconds / 60,
            "speed_kph": service.vocabulary.modes[question.mode].speed_kph,
            "counted": service.counted(question),
        },
        "region_names": {
            code: service.region_names.get(code, "")
            for site in found["chosen"]
            for code in site["gain_regions"]
            if code
        },
        "dataset": service.name,
    }


def _named(found: Mapping[str, Any], stations: pd.DataFrame) -> dict[str, Any]:
    """Return a result whose sites at stations have their stations' names."""
    names = dict(zip(stations["id"], stations["name"], strict=True))
    chosen = [
        {**site, "name": site["name"] or names.get(site["station"], "")} for site in found["chosen"]
    ]
    return {**found, "chosen": chosen}


def discreet_plan(
    found: Mapping[str, Any], discretion: Discretion, weights: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return a plan's figures as they may leave: people rounded, each by itself.

    Parameters
    ----------
    found : mapping
        A result, unrounded.
    discretion : Discretion
        How much may leave.
    weights : mapping, optional
        Of the terms of a score. A score counts people: it is rounded in steps of as many as people
        are, each at the weight of all terms together, or of its own term.

    Returns
    -------
    dict
        The same members.
    """
    unit = found["objective_unit"]
    counted = found["counted_in"] == "workers"
    people: Callable[[float], float] = discretion.figure if counted else _kilometres
    weights = weights or {}
    figures = {
        "score": _weighed(people, sum(weights.values())),
        "seconds": _seconds(found["objective_name"], people),
        "yuan": _kilometres,
        "sites": _kilometres,
    }
    figure = figures.get(unit, people)
    terms = {name: _weighed(people, weight) for name, weight in weights.items()}
    objective, bound = figure(found["objective"]), figure(found["bound"])
    out = {
        **_discreet_site(found, people),
        "chosen": [_discreet_site(site, people, terms) for site in found["chosen"]],
        "curve": [_discreet_site(point, people) for point in found["curve"]],
        "objective": objective,
        "bound": bound,
        "gap": abs(bound - objective) / abs(bound) if bound else 0.0,
        "before": _discreet_shares(found["before"], discretion),
        "after": _discreet_shares(found["after"], discretion),
    }
    for part in (out, *out["chosen"], *out["curve"]):
        part.update({name: figures["seconds"](part[name]) for name in _SECONDS if name in part})
    return out


def _seconds(objective: str, people: Callable[[float], float]) -> Callable[[float], float]:
    """Return what rounds times: those of all workers in minutes of a few, a single one coarsely."""
    if objective == "center":
        return lambda value: float(round(value / _COARSE_SECONDS) * _COARSE_SECONDS)
    return _weighed(people, _MINUTE)


def _kilometres(value: float) -> float:
    """Return a length, or another figure that tells nothing about people, with three digits."""
    return round(value, _KM_DIGITS)


def _weighed(people: Callable[[float], float], weight: float) -> Callable[[float], float]:
    """Return what rounds people of whom each counts ``weight``."""
    return lambda value: _kilometres(people(value / weight) * weight) if weight else 0.0


def _discreet_site(
    site: Mapping[str, Any], figure: Any, terms: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return one site, or one point of the curve."""
    out = dict(site)
    for name in _PEOPLE:
        if out.get(name) is not None:
            out[name] = figure(out[name])
    if "terms" in out:
        rounded = terms or {}
        out["terms"] = {
            name: rounded.get(name, figure)(value) for name, value in out["terms"].items()
        }
    for name in ("gain_groups", "gain_regions"):
        if name in out:
            out[name] = {code: figure(value) for code, value in out[name].items()}
    for name in ("gain_workers", "gain_person_hours"):
        rate = out.get(f"{name}_per_10000_yuan")
        if rate is not None and site.get(name):
            yuan = site[name] * _PER / rate if rate else 0
            out[f"{name}_per_10000_yuan"] = (
                round(out[name] * _PER / yuan, _RATE_DIGITS) if yuan else None
            )
    return out


def _discreet_shares(figures: Mapping[str, Any], discretion: Discretion) -> dict[str, Any]:
    """Return totals, covered and share, rounded."""
    out = {}
    for name, part in figures.items():
        if name == "street_km":
            out[name] = {
                key: None if value is None else round(value, _SHARE_DIGITS)
                for key, value in part.items()
            }
            continue
        total, covered = (discretion.figure(part[key]) for key in ("total", "covered"))
        share = round(covered / total, _SHARE_DIGITS) if total else None
        out[name] = {
            "total": total,
            "covered": covered,
            "uncovered": discretion.figure(part["uncovered"]),
            "share_covered": share,
        }
    return out

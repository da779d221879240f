"""What a cut of the ledger sees: who is covered on its day, and where the gaps are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import orjson

from geodata.errors import Fault, LimitError
from locator.gap_matching import seen_cells
from locator.ledger import Seen
from web.bulletin import facts_of
from web.dependencies import departure, read_values
from web.geojson import plain
from web.ledger_standing import Standing
from web.schemas import CoverageQuestion
from web.service import Service

#: Fields of a question that a ledger is not cut with; it has a time of day instead.
_NO_PARAMETER = frozenset({"at", "region", "geometry"})


@dataclass(frozen=True)
class Looked:
    """What a coverage answer shows a cut.

    Attributes
    ----------
    seen : Seen
        What the gaps are matched by.
    frame : GeoDataFrame
        The gaps, in the same order, under the ids that coverage gives.
    facts : dict
        What the cut's bulletin says, of JSON's kinds.
    """

    seen: Seen
    frame: gpd.GeoDataFrame
    facts: dict[str, Any]


def question_of(
    service: Service, last: Standing | None, date: str, asked: Mapping[str, Any]
) -> tuple[CoverageQuestion, str]:
    """Return the question of a cut, which is that of the last one, and its time of day.

    Parameters
    ----------
    service : Service
        Knows limits and data.
    last : Standing or None
        The ledger; None before the first cut.
    date : str
        ISO date of the cut.
    asked : mapping
        By field of the question, and ``clock``; what is absent or None is as in the last cut.

    Returns
    -------
    CoverageQuestion, str
        Without shapes; the clock is ``""`` where hours do not matter.

    Raises
    ------
    LimitError
        If it is another question than the last cut's (``other_parameters``).
    ValidationError
        If a value is wrong.
    """
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


def looked_at(service: Service, question: CoverageQuestion, clock: str, date: str) -> Looked:
    """Ask who is covered, and gather what a cut keeps of the answer.

    Parameters
    ----------
    service : Service
        What is private is left alone.
    question : CoverageQuestion
        From `question_of`.
    clock : str
        From the same.
    date : str
        ISO date of the cut: stations count that exist on that day.

    Returns
    -------
    Looked
        Nothing is written.
    """
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
    return Looked(seen, frame, facts)


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

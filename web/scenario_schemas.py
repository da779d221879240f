"""The shape of the answer to a what-if question over HTTP, for OpenAPI."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from web.schemas import Summary


class _Answer(BaseModel):
    """An answer; more members may come."""

    model_config = ConfigDict(extra="allow")


class Difference(_Answer):
    """After less before."""

    homes_covered: float | None
    workers_covered: float | None
    street_km_covered: float
    groups: dict[str, dict[str, float | None]]
    regions: list[dict[str, Any]]
    causes: Annotated[
        dict[str, dict[str, float | None]],
        Field(description="Who became covered, by the cause that explained before why not."),
    ]
    gained: dict[str, Any]
    lost: Annotated[dict[str, Any], Field(description="Who is no longer, by the cause now.")]


class GapChange(_Answer):
    """Gaps that share ground, before and after."""

    id: str
    region: str | None
    near: Annotated[str | None, Field(description="The street near by, as of coverage.")]
    near_en: Annotated[str | None, Field(description="The same with English names.")]
    change: Annotated[str, Field(description="closed, opened, shrunk, grown or shifted.")]
    cause: str
    before: Annotated[list[str], Field(description="Ids of the gaps before.")]
    after: Annotated[list[str], Field(description="Ids of the gaps after.")]
    workers_before: float | None
    workers_after: float | None
    homes_before: float | None
    homes_after: float | None
    area_km2_before: float
    area_km2_after: float
    suppressed: Annotated[bool, Field(description="A figure is null because it is small.")]


class GapChanges(_Answer):
    """Gaps that are others than they were."""

    closed: list[GapChange]
    opened: list[GapChange]
    changed: list[GapChange]


class ScenarioAnswer(_Answer):
    """What would be different with other stations."""

    before: Summary
    after: Summary
    difference: Difference
    gaps: GapChanges
    sites: Annotated[
        list[dict[str, Any]], Field(description="Where stations move and are added, as taken.")
    ]
    people: str | None
    rounded_to: int | None
    lattice_m: Annotated[
        float | None, Field(description="Sites stand in the middle of squares so wide (m).")
    ]
    warnings: list[str]

"""What one asks of the week: the question of coverage without a time, a week and a group."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from web.schemas import Code, DatasetName, Language, Mode, Question, described


class ClockQuestion(Question):
    """Asks who has a station within the limit at each hour of a week."""

    mode: Annotated[
        Mode | SkipJsonSchema[None],
        described("", "How one travels; none: as the group does, or on foot.", "walk"),
    ] = None  # type: ignore[assignment]  # none stands for the group's own
    region: Annotated[
        str | SkipJsonSchema[None],
        described("", "Id of one region of the dataset (adcode).", "360102", max_length=64),
    ] = None
    include: Annotated[
        list[Literal["building", "planned"]],
        described("", "Count stations that do not work yet, too.", ["building"]),
    ] = []  # noqa: RUF012  a field: pydantic copies it for each question
    group: Annotated[
        Code | SkipJsonSchema[None],
        described("", "Only this group of workers, at its speed, while it works.", "sanitation"),
    ] = None
    week: Annotated[
        str | SkipJsonSchema[None],
        described(
            "",
            "A day of the week asked for, ISO 8601; without it the next week without a holiday "
            "or a swapped working day.",
            "2026-10-01",
            max_length=10,
            shown={"format": "date"},
        ),
    ] = None


class ClockShapesQuestion(ClockQuestion):
    """The same, and what is drawn beside the figures."""

    geometry: Annotated[
        Literal["none", "gaps", "cells"],
        described("", "Draw the gaps of the week, 100 m cells, or nothing.", "cells"),
    ] = "none"


class ClockCommandQuestion(ClockShapesQuestion):
    """The same, in which language."""

    lang: Language = None


class ClockPageQuestion(ClockQuestion):
    """The same, in which language."""

    lang: Language = None


class _More(BaseModel):
    """A part of an answer; more members may come."""

    model_config = ConfigDict(extra="allow")


class ClockHour(_More):
    """One hour of the week."""

    weekday: Annotated[int, Field(description="0 is Monday.")]
    hour: int
    at: Annotated[str, Field(description="ISO 8601, local time.")]
    works: Annotated[bool, Field(description="Counts: the group asked for works then.")]
    open_set: Annotated[int, Field(description="Hours with the same number have the same answer.")]
    share_covered: float | None
    share_workers: float | None
    homes_uncovered: float | None
    workers_uncovered: float | None
    street_km_uncovered: float | None


class ClockAnswer(_More):
    """Coverage through the week."""

    week: Annotated[str, Field(description="Its Monday.")]
    days: Annotated[list[dict[str, Any]], Field(description="Its days, holidays named.")]
    hours: list[ClockHour]
    worst: Annotated[ClockHour | None, Field(description="The hour with most workers uncovered.")]
    distinct_open_sets: Annotated[int, Field(description="So many times coverage was computed.")]
    share_of: str
    homes: float | None
    workers: float | None
    street_km: float | None
    person_hours: dict[str, float] | None
    group: dict[str, Any] | None
    groups: dict[str, Any]
    regions: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    people: str
    rounded_to: int | None
    parameters: dict[str, Any]
    dataset: DatasetName
    warnings: list[str]

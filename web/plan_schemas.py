"""The shapes of a plan's question and of a job over HTTP: strict, finite, bounded."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from geodata.datum import Datum
from web.schemas import TIME_PATTERN, Asked, Code, Question, described

Objective = Literal["coverage", "cover", "median", "center"]
Action = Literal["build", "convert", "extend", "equip"]
Count = Literal["people", "person_hours"]
Least = Literal["cost", "sites"]
TargetOf = Literal["all", "uncovered"]

#: Most candidates that a body can hold at all; how many a server takes is a setting.
MOST_SENT = 50_000
_LONGEST_HOURS = 1_000


class Candidate(Asked):
    """One thing that could be done."""

    id: Annotated[str, Field(description="Your own name for it.", max_length=200)] = ""
    action: Annotated[Action, Field(description="What would be done.")] = "build"
    lon: Annotated[
        Annotated[float, Field(ge=-180, le=180)] | SkipJsonSchema[None],
        described("degrees", "Longitude of a new place.", 115.89),
    ] = None
    lat: Annotated[
        Annotated[float, Field(ge=-90, le=90)] | SkipJsonSchema[None],
        described("degrees", "Latitude of a new place.", 28.68),
    ] = None
    datum: Annotated[Datum, Field(description="Datum of the position.")] = "wgs84"
    station: Annotated[
        Annotated[str, Field(max_length=200)] | SkipJsonSchema[None],
        Field(description="Id of the station to extend or equip."),
    ] = None
    name: Annotated[str, Field(description="For people.", max_length=200)] = ""
    cost_yuan: Annotated[
        Annotated[float, Field(ge=0)] | SkipJsonSchema[None],
        described("yuan", "Price, to the fen; without it, that of the action.", 60000),
    ] = None
    opening_hours: Annotated[
        Annotated[str, Field(max_length=_LONGEST_HOURS)] | SkipJsonSchema[None],
        Field(description="As people write them, or OSM opening_hours; without it, 24/7."),
    ] = None
    facilities: Annotated[
        Annotated[list[Code], Field(max_length=50)] | SkipJsonSchema[None],
        Field(description="Codes; without it, the usual ones and those asked for."),
    ] = None
    capacity: Annotated[
        Annotated[float, Field(ge=0, le=1e6)] | SkipJsonSchema[None],
        described("workers", "How many it can take.", 60),
    ] = None


class Most(Asked):
    """What a union knows of one district: the greater, the more."""

    region: Annotated[str, Field(description="Id of the region.", max_length=64)]
    firms: Annotated[float, Field(ge=0)] | None = None
    migrants: Annotated[float, Field(ge=0)] | None = None
    need: Annotated[float, Field(ge=0)] | None = None
    union: Annotated[float, Field(ge=0)] | None = None


class MostsAsked(Asked):
    """The four "mosts": weights of the terms, and districts."""

    weights: dict[
        Literal["firms", "migrants", "need", "union"], Annotated[float, Field(ge=0, le=1e6)]
    ]
    regions: Annotated[list[Most], Field(default_factory=list, max_length=10_000)]


class PlanQuestion(Question):
    """Asks where the next stations or hours help most."""

    objective_name: Annotated[
        Objective,
        described(
            "",
            "Most people for a budget or a number of sites; the cheapest, or fewest sites, for a "
            "target share; the least time in all; the shortest longest time.",
            "coverage",
        ),
    ] = "coverage"
    budget_yuan: Annotated[
        Annotated[float, Field(ge=0, le=1e13)] | SkipJsonSchema[None],
        described("yuan", "The most that may be spent, to the fen.", 410000),
    ] = None
    sites: Annotated[
        Annotated[int, Field(ge=1, le=5000)] | SkipJsonSchema[None],
        described("sites", "The most options that may be chosen.", 10),
    ] = None
    target_share: Annotated[
        Annotated[float, Field(ge=0, le=1)] | SkipJsonSchema[None],
        described("", "Share of all workers to be covered in the end.", 0.8),
    ] = None
    target_of: Annotated[
        TargetOf,
        described("", "Whose target_share: all, or uncovered: those without a station.", "all"),
    ] = "all"
    least: Annotated[
        Least, described("", "What a target share takes least of: cost or sites.", "cost")
    ] = "cost"
    candidates: Annotated[
        Literal["auto"] | Annotated[list[Candidate], Field(max_length=MOST_SENT)],
        described("", "What may be chosen, or auto.", "auto"),
    ] = "auto"
    remove: Annotated[
        list[Annotated[str, Field(max_length=200)]],
        described(
            "",
            "Ids of stations that close; all others stay.",
            ["YJ0003"],
            default_factory=list,
            max_length=1000,
        ),
    ]
    at: Annotated[
        Annotated[str, Field(pattern=TIME_PATTERN, max_length=40)] | SkipJsonSchema[None],
        described(
            "",
            "Departure; without it, regardless of hours.",
            "2026-11-22T22:00:00+08:00",
        ),
    ] = None
    region: Annotated[
        Annotated[str, Field(max_length=64)] | SkipJsonSchema[None],
        described("", "Id of one region: only its people count.", "360102"),
    ] = None
    group: Annotated[
        Code | SkipJsonSchema[None],
        described("", "Only workers of this group count; without it, all.", "courier"),
    ] = None
    include: Annotated[
        list[Literal["building", "planned"]],
        described(
            "", "Count stations that do not work yet, too.", ["building"], default_factory=list
        ),
    ]
    count: Annotated[
        Count,
        described("", "What coverage and cover count: people, or hours of a week.", "people"),
    ] = "people"
    week: Annotated[
        Annotated[str, Field(max_length=10)] | SkipJsonSchema[None],
        described(
            "",
            "A day of the week of person_hours; without it, the next one without a holiday.",
            "2026-11-23",
        ),
    ] = None
    stations_at_least: Annotated[
        int, described("stations", "How many stations must be in reach.", 1, ge=1, le=2)
    ] = 1
    capacities: Annotated[
        bool, described("", "No candidate takes more workers than its capacity.", example=False)
    ] = False
    least_share: Annotated[
        Annotated[float, Field(ge=0, le=1)] | SkipJsonSchema[None],
        described("", "No region may be left with a smaller share covered.", 0.5),
    ] = None
    mosts: Annotated[
        MostsAsked | SkipJsonSchema[None],
        described(
            "",
            "What workers count: firms densest, migrants most, need greatest, union weakest.",
            {"weights": {"need": 1.0}, "regions": []},
        ),
    ] = None
    time_limit_seconds: Annotated[
        float, described("seconds", "For finding and proving.", 30, ge=1, le=3600)
    ] = 60


class JobAnswer(BaseModel):
    """How a job stands."""

    model_config = ConfigDict(extra="allow")

    id: str
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    progress: Annotated[float, Field(description="Share done, 0 to 1.")]
    stage: Annotated[str, Field(description="options, reach, solve, check or done.")]
    result: Annotated[dict[str, Any] | None, Field(description="When done.")]
    error: Annotated[dict[str, Any] | None, Field(description="Problem details when failed.")]

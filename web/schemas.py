"""The shapes of questions and answers over HTTP: strict, finite, bounded.

Questions are checked by these models, whether they come as a query string or as JSON; numbers are
numbers (no ``true``, no ``"15"``). Answers are built as plain dictionaries for speed; their models
stand in OpenAPI, and the tests hold the answers to them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from geodata.datum import Datum

Mode = Literal["walk", "ebike", "bicycle", "drive", "truck"]

_DATE = (
    "20[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    "|20(?:[02468][048]|[13579][26])-02-29"
)
_CLOCK = r"(?:24:00(?::00)?|(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?)"
_OFFSET = "(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"

#: ISO 8601 with or without offset, or ``now``.
TIME_PATTERN = f"^(?:now|(?:{_DATE})(?:[T ]{_CLOCK}{_OFFSET}?)?)$"

#: Codes of vocabularies; which of them exist, the dataset decides.
CODE_PATTERN = "^[a-z][a-z0-9_]{0,39}$"

Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]


def described(unit: str, description: str, example: Any, **bounds: Any) -> Any:
    """Return a field with its unit, range and example, as OpenAPI shows them.

    Parameters
    ----------
    unit : str
        Empty for what has none.
    description : str
        A sentence.
    example : Any
        A value that is taken.
    **bounds : Any
        As pydantic's ``Field`` has them; ``shown`` goes into the schema as it is.

    Returns
    -------
    Field
        For ``Annotated``.
    """
    extra = {"x-unit": unit or "none", **bounds.pop("shown", {})}
    text = f"{description} Unit: {unit}." if unit else description
    return Field(description=text, examples=[example], json_schema_extra=extra, **bounds)


_TIME_WORDS = "ISO 8601 time of the years 2000 to 2099, or `now`; without offset: Asia/Shanghai."


#: Language of what is shown; none: the operator's.
Language = Annotated[
    Literal["zh", "en"] | SkipJsonSchema[None],
    Field(description="Language of the words.", examples=["en"]),
]


class Asked(BaseModel):
    """What somebody sends: strict, nothing beside what is named."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Question(Asked):
    """What every question about travelling has."""

    mode: Annotated[Mode, described("", "How the worker travels.", "walk")] = "walk"
    minutes: Annotated[
        int, described("minutes", "The limit that decides who is covered.", 15, ge=1)
    ] = 15
    need: Annotated[
        list[Code], described("", "Needs that a station must serve: all of them.", ["hot_meal"])
    ] = []
    kind: Annotated[
        list[Code],
        described("", "Kinds of station: any of them; none: those that count.", ["care_station"]),
    ] = []
    access: Annotated[
        list[Code],
        described("", "Ways to get in: any of them; none: all but locked.", ["free", "scan"]),
    ] = []


class NearestQuestion(Question):
    """Asks which stations can be reached from a position."""

    lon: Annotated[float, described("degrees", "Longitude, first.", 115.89, ge=-180, le=180)]
    lat: Annotated[float, described("degrees", "Latitude.", 28.68, ge=-90, le=90)]
    datum: Annotated[
        Datum, described("", "Datum of the position and of all coordinates in the answer.", "gcj02")
    ] = "wgs84"
    k: Annotated[int, described("stations", "Most stations in the answer.", 5, ge=1)] = 5
    at: Annotated[
        str, described("", f"Departure. {_TIME_WORDS}", "now", pattern=TIME_PATTERN, max_length=40)
    ] = "now"
    open: Annotated[
        Literal["arrival", "now", "any"],
        described("", "Open on arrival and a while longer, open at departure, or any.", "arrival"),
    ] = "arrival"
    route: Annotated[
        bool, described("", "Add the line to travel to each station.", example=False)
    ] = False


class CoverageQuestion(Question):
    """Asks who has a station within the limit, and where the gaps are."""

    at: Annotated[
        str | SkipJsonSchema[None],
        described(
            "",
            f"Departure; without it, regardless of hours. {_TIME_WORDS}",
            "2026-11-22T03:00:00+08:00",
            pattern=TIME_PATTERN,
            max_length=40,
        ),
    ] = None
    region: Annotated[
        str | SkipJsonSchema[None],
        described("", "Id of one region of the dataset (adcode).", "360102", max_length=64),
    ] = None
    stations_at_least: Annotated[
        int, described("stations", "How many stations must be in reach.", 1, ge=1, le=5)
    ] = 1
    include: Annotated[
        list[Literal["building", "planned"]],
        described("", "Count stations that do not work yet, too.", ["building"]),
    ] = []
    geometry: Annotated[
        Literal["gaps", "cells", "none"],
        described("", "Draw gap polygons, 100 m cells, or nothing.", "gaps"),
    ] = "gaps"


class _Answer(BaseModel):
    """An answer; more members may come."""

    model_config = ConfigDict(extra="allow")


class DatasetName(_Answer):
    """Which data gave the answer."""

    name: str
    version: str
    as_of: Annotated[str, Field(description="Date of the street data, ISO; empty if unknown.")]


class Origin(_Answer):
    """The position asked about."""

    lon: float
    lat: float
    datum: Datum
    access_metres: Annotated[
        float | None, Field(description="From the position to the street (m); null without one.")
    ]


class OpenState(_Answer):
    """Whether a station is open."""

    state: Annotated[Literal["open", "closed", "unknown"], Field(description="At departure.")]
    until: Annotated[
        str | None, Field(description="When the state changes; null: not in the next two weeks.")
    ]
    on_arrival: Annotated[
        bool | None, Field(description="Open on arrival and long enough; null: hours unknown.")
    ]


class Navigate(_Answer):
    """Links that start a map app; they hold the station's position only."""

    amap: str
    baidu: str
    tencent: str
    apple: str
    geo: str


class RegionName(_Answer):
    """A region of the dataset."""

    id: str
    name: str


class LineString(_Answer):
    """A GeoJSON line."""

    type: Literal["LineString"]
    coordinates: list[tuple[float, float]]


class Station(_Answer):
    """A station and the way to it."""

    id: str
    name: str
    kind: str
    lon: float
    lat: float
    seconds: Annotated[float | None, Field(description="Travel time (s); null: no way known.")]
    metres: Annotated[float | None, Field(description="Along the way (m).")]
    straight_metres: Annotated[float, Field(description="As the crow flies (m).")]
    open: OpenState
    facilities: list[str]
    needs: list[str]
    access: str
    address: str
    phone: str
    verified_on: str | None
    navigate: Navigate
    route: LineString | None
    region: Annotated[RegionName | None, Field(description="Where it lies; null: in none.")]
    always_open: Annotated[
        bool | None,
        Field(description="Open at every minute of the next 7 days; null: hours unknown."),
    ]


class Alternative(Station):
    """A station that fails one or more conditions."""

    fails: list[str]


Reason = Literal[
    "too_far",
    "closed",
    "hours_unknown",
    "no_such_need",
    "access",
    "off_network",
    "unreachable",
    "no_data",
]


class NearestAnswer(_Answer):
    """The stations in reach."""

    covered: bool
    limit_seconds: float
    mode: Mode
    at: str
    origin: Origin
    stations: list[Station]
    alternatives: list[Alternative]
    reason: Reason | None
    hotline: str
    parameters: dict[str, Any]
    dataset: DatasetName
    warnings: list[str]


#: Why a place is not covered, in the order in which it is asked.
Cause = Literal[
    "hours_unknown",
    "closed",
    "no_such_need",
    "access",
    "planned",
    "off_network",
    "unreachable",
    "barrier",
    "too_far",
]


class GapProperties(_Answer):
    """What is known about a gap."""

    id: str | None = None
    region: str | None = None
    near: Annotated[
        str | None,
        Field(description="The nearest named street, ` / ` and one that it meets near by."),
    ] = None
    near_en: Annotated[str | None, Field(description="The same with English names.")] = None
    area_km2: float | None = None
    workers: float | None = None
    suppressed: bool = False
    nearest_seconds: float | None = None
    nearest_station: str | None = None
    cause: Cause | None = None
    causes: dict[Cause, float] | None = None
    also: list[Cause] = []
    barrier: str | None = None
    detour_ratio: float | None = None
    lon: float | None = None
    lat: float | None = None


class Geometry(_Answer):
    """A GeoJSON geometry."""

    type: str
    coordinates: list[Any]


class Feature(_Answer):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    id: str | None = None
    geometry: Geometry | None
    properties: GapProperties


class Summary(_Answer):
    """The numbers of a coverage answer."""

    homes: dict[str, float] | None
    workers: dict[str, float] | None
    street_km: dict[str, float]
    area_km2: dict[str, float]
    share_covered: float | None
    share_of: str
    share_covered_if_unknown_open: float | None
    share_band: dict[str, float | None]
    groups: dict[str, Any]
    regions: list[dict[str, Any]]
    causes: dict[Cause, dict[str, float | None]]
    median_detour: float | None = None
    people: str | None
    rounded_to: int | None
    parameters: dict[str, Any]
    dataset: DatasetName
    warnings: list[str]


class CoverageAnswer(_Answer):
    """A GeoJSON FeatureCollection of gaps or cells, with the numbers."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    summary: Summary


class DatasetAnswer(_Answer):
    """What the data is."""

    name: str
    version: str
    as_of: str
    extent: list[float]
    attribution: list[str]
    counts: dict[str, Any]
    vocabularies: dict[str, list[dict[str, Any]]]


class TileJson(_Answer):
    """Where vector tiles are (TileJSON 3.0.0)."""

    tilejson: Literal["3.0.0"]
    name: str
    attribution: str
    tiles: list[str]
    minzoom: int
    maxzoom: int
    bounds: list[float]
    vector_layers: list[dict[str, Any]]


class Health(_Answer):
    """The state of the service."""

    status: str


class FaultShape(_Answer):
    """One thing that is wrong."""

    where: str
    what: str
    fix: str


class Problem(_Answer):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    code: Annotated[str, Field(description="A stable code for machines.")]
    detail: str
    errors: list[FaultShape]

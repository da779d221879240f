"""The shapes of questions and answers about stations as such: the list, the search, the reports."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from geodata.datum import Datum
from web.schemas import Asked, Code, DatasetName, Geometry, Navigate, RegionName, described

#: Longest text that search takes (characters, after trimming).
LONGEST_SEARCH = 60

_DATUM = described("", "Datum of all coordinates in the answer.", "gcj02")

#: What may be wrong with a station.
Problem = Literal["closed", "locked", "wrong_hours", "no_water", "gone", "other"]


class StationQuestion(Asked):
    """Asks for one station."""

    datum: Annotated[Datum, _DATUM] = "wgs84"


class StationsQuestion(Asked):
    """Asks for the stations themselves, wherever the caller is."""

    region: Annotated[
        str | SkipJsonSchema[None],
        described("", "Id of one region of the dataset (adcode).", "360102", max_length=64),
    ] = None
    kind: Annotated[
        list[Code],
        described("", "Kinds of station: any of them; none: those that count.", ["care_station"]),
    ] = []  # noqa: RUF012  pydantic copies it
    need: Annotated[
        list[Code], described("", "Needs that a station must serve: all of them.", ["hot_meal"])
    ] = []  # noqa: RUF012  pydantic copies it
    access: Annotated[
        list[Code],
        described("", "Ways to get in: any of them; none: all but locked.", ["free", "scan"]),
    ] = []  # noqa: RUF012  pydantic copies it
    include: Annotated[
        list[Literal["building", "planned"]],
        described("", "List stations that do not work yet, too.", ["building"]),
    ] = []  # noqa: RUF012  pydantic copies it
    datum: Annotated[Datum, _DATUM] = "wgs84"


class SearchQuestion(Asked):
    """Asks which stations and regions have a name, an address or an id like this."""

    q: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_SEARCH),
        described(
            "",
            "Part of a name, address or id; Chinese, pinyin or its initials. "
            f"1 to {LONGEST_SEARCH} characters without the blanks around.",
            "nanchang",
        ),
    ]
    limit: Annotated[int, described("results", "Most results.", 10, ge=1, le=50)] = 10
    datum: Annotated[Datum, _DATUM] = "wgs84"


class ReportBody(Asked):
    """Says that something is wrong with a station."""

    station: Annotated[
        str, described("", "Id of the station.", "s0001", min_length=1, max_length=200)
    ]
    problem: Annotated[Problem, described("", "What is wrong.", "locked")]
    note: Annotated[
        str,
        described(
            "",
            "In one's own words; numbers of telephones and papers are masked.",
            "门锁着,上面没有写时间",
            max_length=200,
        ),
    ] = ""
    lang: Annotated[Literal["zh", "en"], described("", "Language of the note.", "zh")] = "zh"


class _Answer(BaseModel):
    """An answer; more members may come."""

    model_config = ConfigDict(extra="allow")


Span = tuple[int, int]


class StationProperties(_Answer):
    """What is known about a station, for everybody."""

    id: str
    name: str
    kind: str
    lon: float
    lat: float
    always_open: Annotated[
        bool | None, Field(description="Open at every minute of the 7 days; null: hours unknown.")
    ]
    facilities: list[str]
    needs: list[str]
    access: str
    address: str
    region: RegionName | None
    phone: str
    verified_on: str | None
    navigate: Navigate
    status: str
    opening_hours: Annotated[str, Field(description="OSM syntax; empty: not understood.")]
    opening_hours_text: Annotated[str, Field(description="As received.")]
    spans: Annotated[
        list[Span] | None,
        Field(
            description="When it is open in the 7 days after `from`: start and end (minutes after "
            "`from`), in order; null: hours unknown."
        ),
    ]
    unknown_spans: Annotated[
        list[Span] | None,
        Field(description="When nobody knows, around some festivals; null: hours unknown."),
    ]


class StationFeature(_Answer):
    """A station as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry
    properties: StationProperties


class StationAnswer(StationFeature):
    """One station."""

    from_: Annotated[str, Field(alias="from", description="Beginning of the spans, ISO 8601.")]
    datum: Datum
    hotline: str
    dataset: DatasetName


class StationsAnswer(_Answer):
    """A GeoJSON FeatureCollection of stations, by id."""

    type: Literal["FeatureCollection"]
    features: list[StationFeature]
    from_: Annotated[str, Field(alias="from", description="Beginning of the spans, ISO 8601.")]
    datum: Datum
    count: int
    hotline: str
    parameters: dict[str, object]
    dataset: DatasetName
    warnings: list[str]


class SearchResult(_Answer):
    """A station or a region that was found."""

    type: Literal["station", "region"]
    id: str
    name: str
    region: RegionName | None
    address: str
    kind: Annotated[str, Field(description="Of a station; empty for a region.")]
    lon: float
    lat: float


class SearchAnswer(_Answer):
    """What was found, best first."""

    results: list[SearchResult]
    dataset: DatasetName


class ReportAnswer(_Answer):
    """The report is written down."""

    id: str
    state: Literal["new"]

"""What somebody asks of other stations, and the changes it means: strict, checked, in WGS-84."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from geodata.datum import Datum, project, to_wgs84, unproject
from geodata.errors import Fault, LimitError
from geodata.hours import MAX_BYTES, read_hours
from locator.changes import Changes, NewStation
from web.dependencies import check_not_swapped
from web.errors import Refusal, refuse
from web.schemas import Asked, Code, CoverageQuestion, described
from web.service import Service

#: Sites sent over HTTP stand in the middle of squares so wide (m): what lies between two answers
#: that hardly differ cannot be told.
LATTICE_M = 100.0

#: Most changes that a body can hold at all; how many a server takes is a setting.
MOST_SENT = 5_000

_PLAIN_DATUMS = ("wgs84", "cgcs2000")
_DIGITS = 7

Id = Annotated[str, Field(max_length=200)]
Hours = Annotated[str, Field(max_length=4 * MAX_BYTES)]
Facilities = Annotated[list[Code], Field(max_length=100)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]


class Place(Asked):
    """A place to put a station."""

    lon: Annotated[Longitude, Field(description="Longitude (degrees).")]
    lat: Annotated[Latitude, Field(description="Latitude (degrees).")]
    datum: Annotated[Datum, Field(description="Datum of the position.")] = "wgs84"


class AddedStation(Place):
    """A station that is not there yet."""

    id: Annotated[Id, Field(description="Your own name for it; without it, new-1, new-2 …")] = ""
    name: Annotated[str, Field(description="For people.", max_length=200)] = ""
    opening_hours: Annotated[
        Hours, Field(description="Opening hours, as OSM has them or in Chinese.")
    ] = "24/7"
    facilities: Annotated[
        Facilities, Field(description="Codes of what it offers.", default_factory=list)
    ]
    kind: Annotated[Code, Field(description="Code of its kind.")] = "care_station"
    access: Annotated[Code, Field(description="Code of the way in.")] = "free"


class ScenarioQuestion(CoverageQuestion):
    """Asks who would be covered with other stations."""

    add: Annotated[
        list[AddedStation],
        described(
            "",
            "Stations to be built.",
            [{"lon": 115.89, "lat": 28.68, "opening_hours": "24/7"}],
            max_length=MOST_SENT,
            default_factory=list,
        ),
    ]
    remove: Annotated[
        list[Id],
        described(
            "", "Ids of stations to be closed.", [], max_length=MOST_SENT, default_factory=list
        ),
    ]
    hours: Annotated[
        dict[Id, Hours],
        described(
            "",
            "New opening hours by id of the station.",
            {},
            max_length=MOST_SENT,
            default_factory=dict,
        ),
    ]
    equip: Annotated[
        dict[Id, Facilities],
        described(
            "",
            "Codes of facilities to be added, by id.",
            {},
            max_length=MOST_SENT,
            default_factory=dict,
        ),
    ]
    move: Annotated[
        dict[Id, tuple[Longitude, Latitude] | Place],
        described(
            "",
            "New places by id: longitude and latitude in WGS-84, or an object with a datum.",
            {},
            max_length=MOST_SENT,
            default_factory=dict,
        ),
    ]


@dataclass(frozen=True)
class Wanted:
    """Changes as they are asked of the locator.

    Attributes
    ----------
    changes : Changes
        In WGS-84.
    warnings : tuple of str
        What of the opening hours was not understood.
    """

    changes: Changes
    warnings: tuple[str, ...]


def check_changes(service: Service, question: ScenarioQuestion) -> None:
    """Refuse what cannot be done, without repeating what was sent.

    Parameters
    ----------
    service : Service
        Its limits, vocabulary and stations.
    question : ScenarioQuestion
        Checked by its model.

    Raises
    ------
    LimitError
        If there are too many changes; names the limit.
    ValidationError
        For stations and codes that do not exist, contradictions, positions the wrong way round.
    """
    parts = (question.add, question.remove, question.hours, question.equip, question.move)
    count, most = sum(len(part) for part in parts), service.settings.scenario_changes
    if count > most:
        fault = Fault("question", f"at most {most} changes together (limit scenario_changes)")
        raise LimitError(str(fault), faults=[fault])
    known = frozenset(service.index.stations["id"])
    refuse([*_wrong_ids(question, known), *_wrong_codes(question, service)])
    names = [
        *["move"] * len(question.move),
        *(f"add[{row}].lat" for row in range(len(question.add))),
    ]
    for place, where in zip(places_of(question), names, strict=True):
        check_not_swapped(place.lon, place.lat, service.extent, where)


def places_of(question: ScenarioQuestion) -> list[Place]:
    """Return the places of a question: where stations move, then where they are added.

    Parameters
    ----------
    question : ScenarioQuestion
        Checked by its model.

    Returns
    -------
    list of Place
        In their own datums.
    """
    moved = [
        place if isinstance(place, Place) else Place(lon=place[0], lat=place[1])
        for place in question.move.values()
    ]
    return [*moved, *question.add]


def _wrong_ids(question: ScenarioQuestion, known: frozenset[str]) -> list[Refusal]:
    """Return what is wrong about ids."""
    gone = set(question.remove)
    found = [
        _refusal("unknown_station", f"remove[{row}]", "there is no such station", "use its id")
        for row, code in enumerate(question.remove)
        if code not in known
    ]
    for name, ids in (
        ("hours", question.hours),
        ("equip", question.equip),
        ("move", question.move),
    ):
        strange = sum(code not in known for code in ids)
        both = len(gone & set(ids))
        if strange:
            what = f"{strange} of {len(ids)} stations do not exist"
            found.append(_refusal("unknown_station", name, what, "use their ids"))
        if both:
            what = f"{both} of {len(ids)} stations are removed, too"
            found.append(_refusal("contradiction", name, what, "leave out one of the two"))
    if len(gone) < len(question.remove):
        found.append(_refusal("repeated", "remove", "a station comes twice", "name it once"))
    named = [station.id for station in question.add if station.id]
    if len(set(named)) < len(named):
        found.append(_refusal("repeated", "add", "an id comes twice", "give each its own"))
    found += [
        _refusal("taken", f"add[{row}].id", "a station has this id already", "choose another")
        for row, station in enumerate(question.add)
        if station.id in known
    ]
    return found


def _refusal(code: str, where: str, what: str, fix: str = "") -> Refusal:
    """Return one refusal."""
    return Refusal(code, Fault(where, what, fix))


def _wrong_codes(question: ScenarioQuestion, service: Service) -> list[Refusal]:
    """Return the codes that do not exist."""
    words = service.vocabulary
    asked: list[tuple[str, Iterable[str], Mapping[str, object]]] = [
        ("equip", [code for codes in question.equip.values() for code in codes], words.facilities)
    ]
    for row, station in enumerate(question.add):
        asked += [
            (f"add[{row}].facilities", station.facilities, words.facilities),
            (f"add[{row}].kind", [station.kind], words.kinds),
            (f"add[{row}].access", [station.access], words.access),
        ]
    return [
        _refusal("not_in_list", where, "a code that does not exist", f"known: {', '.join(known)}")
        for where, codes, known in asked
        if not set(codes) <= set(known)
    ]


def wanted(service: Service, question: ScenarioQuestion, *, lattice: bool) -> Wanted:
    """Return the changes that a question means.

    Parameters
    ----------
    service : Service
        Of the dataset.
    question : ScenarioQuestion
        Checked by `check_changes`.
    lattice : bool
        Move places to the middle of their square, as over HTTP.

    Returns
    -------
    Wanted
        With hours as OSM ``opening_hours``.

    Raises
    ------
    ValidationError
        For hours that are not understood or too long.
    """
    refusals: list[Refusal] = []
    warnings: list[str] = []
    places = _in_wgs84(service, places_of(question), lattice=lattice)
    known = frozenset(service.index.stations["id"])
    added = []
    for row, (station, code) in enumerate(
        zip(question.add, _names(question.add, known), strict=True)
    ):
        lon, lat = places[len(question.move) + row]
        where = f"add[{row}].opening_hours"
        added.append(
            NewStation(
                id=code,
                lon=lon,
                lat=lat,
                name=station.name,
                kind=station.kind,
                opening_hours=_hours(station.opening_hours, where, refusals, warnings),
                facilities=tuple(station.facilities),
                access=station.access,
            )
        )
    hours = {
        code: _hours(text, "hours", refusals, warnings) for code, text in question.hours.items()
    }
    refuse(refusals)
    moves = dict(zip(question.move, places, strict=False))
    equip = {code: tuple(codes) for code, codes in question.equip.items()}
    changes = Changes(tuple(added), tuple(question.remove), hours, equip, moves)
    return Wanted(changes, tuple(dict.fromkeys(warnings)))


def _hours(text: str, where: str, refusals: list[Refusal], warnings: list[str]) -> str:
    """Return hours as OSM has them; refuse what is not understood: it would be open to nobody."""
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        refusals.append(_refusal("over_limit", where, f"at most {MAX_BYTES} bytes, got {size}"))
        return ""
    reading = read_hours(text)
    if reading.understood == "unknown" or not reading.osm:
        fix = "for example 08:00-20:00, 24/7 or Mo-Fr 08:30-17:30"
        refusals.append(_refusal("bad_hours", where, "hours that are not understood", fix))
    if reading.understood == "partial":
        warnings.extend(f"{where}: {warning}" for warning in reading.warnings)
    return reading.osm


def _names(added: Sequence[AddedStation], known: frozenset[str]) -> list[str]:
    """Return an id for each new station that nobody has."""
    taken = known | {station.id for station in added}
    free = (code for code in (f"new-{n}" for n in range(1, MOST_SENT * 4)) if code not in taken)
    return [station.id or next(free) for station in added]


def _in_wgs84(
    service: Service, places: Sequence[Place], *, lattice: bool
) -> list[tuple[float, float]]:
    """Return places as WGS-84 degrees."""
    lon = np.array([place.lon for place in places], np.float64)
    lat = np.array([place.lat for place in places], np.float64)
    datums = np.array([place.datum for place in places], str)
    for datum in set(datums.tolist()) - set(_PLAIN_DATUMS):
        rows = np.flatnonzero(datums == datum)
        lon[rows], lat[rows] = to_wgs84(lon[rows], lat[rows], datum)
    if lattice and places:
        crs = service.index.view(service.index.modes[0]).places.crs
        x, y = project(lon, lat, crs)
        x, y = ((np.floor(axis / LATTICE_M) + 0.5) * LATTICE_M for axis in (x, y))
        lon, lat = unproject(x, y, crs)
        lon, lat = np.round(lon, _DIGITS), np.round(lat, _DIGITS)
    return list(zip(lon.tolist(), lat.tolist(), strict=True))

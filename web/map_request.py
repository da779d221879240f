"""From an answer of the service to what a map draws; the page and the command line share it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import box

from geodata.datum import from_wgs84
from geodata.hours import parse_at
from geodata.model import Dataset, FloatArray
from geodata.vocabulary import Vocabulary
from web.geojson import records
from web.map_data import MapRequest, Page
from web.map_severity import severity_pieces
from web.map_streets import StreetLines, levels_of, street_lines
from web.summaries import Discretion, discreet_gap

#: Modes whose streets are drawn, in the order in which a way is taken from them.
_STREET_MODES = ("drive", "truck", "bicycle", "ebike", "walk")

#: Up to so many gaps a map tells where each lies: of more, the names would weigh down the page.
MOST_NEAR = 2_000


@dataclass(frozen=True)
class Answered:
    """A coverage answer and what it was asked of.

    Attributes
    ----------
    dataset : Dataset
        The data.
    index : locator.Index
        Its stations, regions and hours.
    found : locator answer
        ``gaps`` and ``covered``.
    summary : mapping
        As it may leave.
    vocabulary : Vocabulary
        Names of codes.
    discretion : Discretion
        How much about people may leave.
    departure : datetime or None
        When; None: regardless of hours.
    """

    dataset: Dataset
    index: Any
    found: Any
    summary: Mapping[str, Any]
    vocabulary: Vocabulary
    discretion: Discretion
    departure: datetime | None


def map_request(answered: Answered, page: Page) -> MapRequest:
    """Return what a map of an answer draws.

    Parameters
    ----------
    answered : Answered
        The answer.
    page : Page
        How to show it.

    Returns
    -------
    MapRequest
        For `web.maps.coverage_map`. Holds no position of a home.
    """
    states_at = state_time(answered.departure)
    summary = dict(answered.summary)
    mode = answered.vocabulary.modes.get(str(summary.get("parameters", {}).get("mode", "walk")))
    gaps = _discreet_gaps(answered)
    return MapRequest(
        stations=without_persons(_with_states(answered.index, states_at), answered.vocabulary),
        gaps=gaps,
        covered=answered.found.covered,
        pieces=severity_pieces(answered.found, gaps),
        regions=answered.index.regions,
        streets=_streets(answered.dataset, page),
        summary=summary,
        manifest=answered.dataset.manifest,
        labels=labels_of(answered.vocabulary, page.lang),
        states_at=states_at.isoformat(),
        speed_kph=mode.speed_kph * mode.fast_factor if mode else 4.4,
        shift=_to_gcj02,
        page=page,
    )


def lightened(request: MapRequest, shapes: Mapping[str, Any]) -> MapRequest:
    """Return what a map draws without the geometries that have been written.

    Parameters
    ----------
    request : MapRequest
        What a map draws.
    shapes : mapping
        From `web.map_payload.written_shapes`.

    Returns
    -------
    MapRequest
        To be kept and drawn again by `renewed`: a small part of the size.
    """
    gaps, covered = request.gaps, request.covered
    around = [box(*covered.total_bounds)] if len(covered) else []
    pieces = request.pieces
    return replace(
        request,
        gaps=gaps.set_geometry(gaps.geometry.envelope) if len(gaps) else gaps,
        covered=gpd.GeoDataFrame(geometry=around, crs=4326),
        pieces=None if pieces is None else pieces.set_geometry(pieces.geometry.envelope),
        shapes=shapes,
    )


def renewed(request: MapRequest, answered: Answered, page: Page) -> MapRequest:
    """Return what was drawn before for another page, with the stations as they are now.

    Parameters
    ----------
    request : MapRequest
        From `lightened`.
    answered : Answered
        The data; ``found`` and ``summary`` are not looked at.
    page : Page
        How to show it; embedded or not, and with a base in the datum, as before.

    Returns
    -------
    MapRequest
        What the map draws.
    """
    states_at = state_time(answered.departure)
    stations = _with_states(answered.index, states_at)
    return replace(
        request,
        stations=without_persons(stations, answered.vocabulary),
        streets=_streets(answered.dataset, page),
        labels=labels_of(answered.vocabulary, page.lang),
        states_at=states_at.isoformat(),
        page=page,
    )


def _minute(departure: datetime | None) -> datetime:
    """Return the time for which stations are called open: the departure, or the minute that runs.

    Raises
    ------
    RuntimeError
        Never: ``now`` is always understood.
    """
    moment = departure if departure is not None else parse_at("now")
    if moment is None:  # pragma: no cover  (parse_at gives None for None only)
        raise RuntimeError("the clock gave no time")
    return moment.replace(second=0, microsecond=0)


def state_time(departure: datetime | None) -> datetime:
    """Return the time for which stations are called open.

    Parameters
    ----------
    departure : datetime or None
        Of the question.

    Returns
    -------
    datetime
        The departure; without one, the present to five minutes, so that a map may be kept a while.
    """
    moment = _minute(departure)
    if departure is not None:
        return moment
    return moment.replace(minute=moment.minute - moment.minute % 5)


def _to_gcj02(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift positions for Chinese map apps and tiles."""
    return from_wgs84(lon, lat, "gcj02")


def labels_of(vocabulary: Vocabulary, lang: str) -> dict[str, dict[str, str]]:
    """Return the names of all codes in one language.

    Parameters
    ----------
    vocabulary : Vocabulary
        The words.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    dict
        ``kind, facility, access, status, need, mode``: code to name.
    """
    tables: dict[str, Mapping[str, Any]] = {
        "kind": vocabulary.kinds,
        "facility": vocabulary.facilities,
        "access": vocabulary.access,
        "status": vocabulary.statuses,
        "need": vocabulary.needs,
        "mode": vocabulary.modes,
    }
    return {
        name: {code: row.zh if lang == "zh" else row.en for code, row in table.items()}
        for name, table in tables.items()
    }


def without_persons(stations: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Take away the telephone numbers of persons: no map shows them.

    Parameters
    ----------
    stations : DataFrame
        With ``kind`` and ``phone``.
    vocabulary : Vocabulary
        Says which kinds are persons.

    Returns
    -------
    DataFrame
        The same rows.
    """
    if "phone" not in stations:
        return stations
    persons = [code for code, kind in vocabulary.kinds.items() if kind.is_person]
    return stations.assign(phone=stations["phone"].where(~stations["kind"].isin(persons), ""))


def _with_states(index: Any, moment: datetime) -> pd.DataFrame:
    """Return the stations with their state at a time and when it changes."""
    states = np.asarray(index.timetable.states(moment))
    changes = index.timetable.until(moment)
    frame = pd.DataFrame(index.stations.drop(columns="geometry"))
    if "lon" not in frame:
        frame = frame.assign(lon=index.stations.geometry.x, lat=index.stations.geometry.y)
    until = ["" if change is None else change.isoformat() for change in changes]
    return frame.assign(state=states, until=until)


def _discreet_gaps(answered: Answered) -> gpd.GeoDataFrame:
    """Return the gaps with the workers of small ones hidden, as the API does."""
    gaps = answered.found.gaps
    frame = gaps.to_geodataframe(near=gaps.id.size <= MOST_NEAR)
    exact = answered.summary.get("people") == "exact"
    shown = [discreet_gap(gap, answered.discretion, exact=exact) for gap in records(frame)]
    return gpd.GeoDataFrame(
        pd.DataFrame(shown, index=frame.index), geometry=frame.geometry, crs=frame.crs
    )


def tiles_url(manifest: Mapping[str, Any]) -> str:
    """Return where the vector tiles of a dataset are.

    Parameters
    ----------
    manifest : mapping
        Of the dataset.

    Returns
    -------
    str
        With ``{z}``, ``{x}`` and ``{y}`` to fill; ``""`` where the dataset has none.
    """
    if not manifest.get("basemap"):
        return ""
    return f"/tiles/basemap/{{z}}/{{x}}/{{y}}?v={manifest.get('version', '')}"


def _streets(dataset: Dataset, page: Page) -> StreetLines:
    """Return the streets that travel with the page: none where tiles show them."""
    if page.base != "streets" or (page.tiles_url and dataset.manifest.get("basemap")):
        return street_lines(np.empty((0, 4)), [])
    return dataset_streets(dataset)


def dataset_streets(dataset: Dataset) -> StreetLines:
    """Return the streets of all modes of a dataset, each way once.

    Parameters
    ----------
    dataset : Dataset
        Its networks hold the segments of the ways open to their mode.

    Returns
    -------
    StreetLines
        A way comes from the first mode that may use it.
    """
    segments, ways = [np.empty((0, 4))], [np.empty(0, dtype=np.int64)]
    seen = np.zeros(len(dataset.way_class), dtype=bool)
    for mode in (m for m in _STREET_MODES if m in dataset.networks):
        network = dataset.networks[mode]
        way = np.asarray(network.segment_way, dtype=np.int64)
        fresh = ~seen[way]
        segments.append(np.asarray(network.segment_line)[fresh])
        ways.append(way[fresh])
        seen[way] = True
    return StreetLines(np.vstack(segments), levels_of(dataset.way_class)[np.concatenate(ways)])

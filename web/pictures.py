"""The coverage of a city as a picture: for print, for link previews, for readers without scripts.

The figures, words and colours are the map's. The picture is drawn from the answer's cells, no finer
than it can show, and holds nothing but what the map shows.
"""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.model import FloatArray
from web.map_data import MapRequest, Page
from web.map_request import dataset_streets, labels_of, state_time
from web.map_streets import street_lines
from web.map_view import view_of
from web.picture_base import base_shapes
from web.picture_canvas import Canvas, Pen, PngCanvas, Shape, rings
from web.picture_cells import band_of, cell_box, cell_shapes
from web.picture_fonts import Letters, letters
from web.picture_layout import Layout, layout_of
from web.picture_map import ANY, INACTIVE, Scene, draw_map, draw_sign
from web.picture_place import Frame, frame_around
from web.picture_style import Picture
from web.picture_svg import SvgCanvas
from web.picture_text import Words, words_of
from web.service import Coverage, Service

#: About how fast one gets on by motor (km/h); only for the size of dots.
_MOTOR_KPH = 30.0


def picture_of(service: Service, answer: Coverage, picture: Picture) -> bytes:
    """Draw what a service answered.

    Parameters
    ----------
    service : Service
        Whose dataset is drawn.
    answer : Coverage
        From `Service.cover`.
    picture : Picture
        How; from `web.picture_question.picture_asked`.

    Returns
    -------
    bytes
        PNG or SVG. The same question of the same dataset gives the same bytes.

    Raises
    ------
    FontMissingError
        If no font on this machine has the characters that must be shown.
    """
    plain, bold = letters(service.settings.font)
    request, states = _request(service, answer, picture)
    bounds = _bounds(request, answer, picture)
    present: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    seen = frozenset(states.tolist()) if "stations" in picture.shown else frozenset()
    layout = layout_of(picture, words_of(request, plain, present, seen), plain, bold)
    frame, cells = _placed(answer, picture, bounds, layout)
    words = words_of(request, plain, _bands(cells, picture), seen)
    final = layout_of(picture, words, plain, bold)
    if final.box != layout.box:
        frame, cells = _placed(answer, picture, bounds, final)
    scene = Scene(
        picture=picture,
        frame=frame,
        request=request,
        cells=cells,
        base=base_shapes(service.tiles, frame) if "streets" in picture.shown else {},
        states=states,
        plain=plain,
        bold=bold,
        synthetic=words.synthetic,
    )
    canvas = _canvas(picture, words)
    draw_map(canvas, scene)
    _draw_words(canvas, scene, final)
    return canvas.finished()


def _request(
    service: Service, answer: Coverage, picture: Picture
) -> tuple[MapRequest, npt.NDArray[np.int64]]:
    """Return what the map's words need, and the states of the stations."""
    vocabulary, index = service.vocabulary, service.index
    nothing = gpd.GeoDataFrame(geometry=[], crs=4326)
    shown = picture.shown
    mode = vocabulary.modes[str(answer.summary["parameters"]["mode"])]
    request = MapRequest(
        stations=pd.DataFrame(index.stations.drop(columns="geometry")),
        gaps=nothing,
        covered=nothing,
        regions=index.regions,
        streets=dataset_streets(service.dataset)
        if "streets" in shown
        else street_lines(np.empty((0, 4)), []),
        summary=answer.summary,
        manifest=service.manifest,
        labels=labels_of(vocabulary, picture.lang),
        speed_kph=mode.speed_kph * mode.fast_factor if mode.speed_kph else _MOTOR_KPH,
        states_at=state_time(answer.departure).isoformat() if answer.departure else "",
        page=Page(
            lang=picture.lang,
            approval=picture.approval,
            title=picture.title,
            district=picture.district,
        ),
    )
    return request, _states(service, answer)


def _states(service: Service, answer: Coverage) -> npt.NDArray[np.int64]:
    """Return the states of the stations: open or not only where a time was asked for."""
    stations = service.index.stations
    states = np.full(len(stations), ANY, dtype=np.int64)
    if answer.departure is not None:
        states = np.asarray(service.index.timetable.states(answer.departure)).astype(np.int64)
    working = stations["status"].isin(["open", ""]).to_numpy()
    return np.where(working, states, INACTIVE)


def _bounds(request: MapRequest, answer: Coverage, picture: Picture) -> FloatArray:
    """Return what is shown: a district, or what the map shows first."""
    code = picture.district or str(request.parameters.get("region") or "")
    chosen = request.regions[request.regions["id"].astype(str) == code]
    if len(chosen) and not bool(chosen.geometry.is_empty.all()):
        return np.asarray(chosen.total_bounds, dtype=np.float64)
    if len(request.regions):
        return np.asarray(view_of(request)["bounds"], dtype=np.float64)
    boxes = [cell_box(answer.found, covered_only=True), _station_box(request)]
    known = np.array([box for box in boxes if np.isfinite(box).all()]).reshape(-1, 4)
    if not len(known):
        known = cell_box(answer.found)[None]
    if not np.isfinite(known).all():
        return np.asarray(view_of(request)["bounds"], dtype=np.float64)
    return np.concatenate([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])


def _station_box(request: MapRequest) -> FloatArray:
    """Return west, south, east, north of the stations; NaN where there are none."""
    if not len(request.stations):
        return np.full(4, np.nan)
    xy = request.stations[["lon", "lat"]].to_numpy(dtype=float)
    return np.concatenate([xy.min(axis=0), xy.max(axis=0)])


def _placed(
    answer: Coverage, picture: Picture, bounds: FloatArray, layout: Layout
) -> tuple[Frame, dict[int, Shape]]:
    """Return the map's frame, and covered areas and gaps in it."""
    frame = frame_around(bounds, layout.box, 20 * picture.unit)
    if not picture.shown & {"covered", "gaps"}:
        return frame, {}
    return frame, cell_shapes(answer.found, frame, picture.scale)


def _bands(cells: dict[int, Shape], picture: Picture) -> frozenset[int]:
    """Return the bands that are drawn, 0 for what is covered."""
    bands = {band_of(state) for state in cells}
    shown = picture.shown
    return frozenset(band for band in bands if ("gaps" if band else "covered") in shown)


def _canvas(picture: Picture, words: Words) -> Canvas:
    """Return what to draw on."""
    paper = picture.colours.paper
    if picture.kind == "svg":
        return SvgCanvas(picture.width, picture.height, paper, words.title, words.spoken)
    return PngCanvas(picture.width, picture.height, picture.scale, paper)


def _draw_words(canvas: Canvas, scene: Scene, layout: Layout) -> None:
    """Draw all words outside the map, and the edge of the map."""
    left, top, right, bottom = layout.box
    edge = [(left, bottom), (right, bottom)]
    edge = [(left, top), *edge] if left else edge
    canvas.stroke(
        rings(np.array(edge), np.array([len(edge)]), closed=False),
        Pen(scene.theme.rule, scene.picture.unit),
    )
    for line in layout.lines:
        font: Letters = scene.bold if line.bold else scene.plain
        canvas.fill(font.shape(line.text, line.size, line.x, line.y), line.colour)
        if line.entry is not None:
            at = (line.x - 1.9 * line.size, line.y - 0.36 * line.size, line.size)
            draw_sign(canvas, scene.theme, line.entry, at)

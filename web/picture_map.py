"""The map of a picture: base, covered area and gaps, districts, stations, names, scale bar."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geodata.model import FloatArray
from web.errors import FontMissingError
from web.map_data import MapRequest
from web.map_geometry import label_points
from web.map_payload import shares
from web.map_words import NAME_LIMIT, clip, percent
from web.picture_canvas import LINE, MOVE, Canvas, Pen, Shape, rectangle, rings
from web.picture_cells import band_of
from web.picture_fonts import Letters
from web.picture_place import Frame
from web.picture_style import STREETS, Colour, Picture, Theme
from web.picture_text import Entry

#: States of stations that are not in use, and where hours do not matter (`web.picture_text.Entry`).
INACTIVE, ANY = 3, 4

#: Stations are drawn in this order, so that the last ones lie on top.
_DRAWN = (INACTIVE, 0, 2, 1, ANY)

#: From this many districts on, as in a province, their names are written smaller and more rarely.
_MANY = 30

#: With so many metres a pixel, the cells along a street are a line themselves.
_STRIPS_M = 400.0

_Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """What a map draws, and where.

    Attributes
    ----------
    picture : Picture
        Its size, theme and layers.
    frame : Frame
        The part of the world.
    request : MapRequest
        Stations, regions, streets, figures.
    cells : mapping of int to Shape
        From `web.picture_cells.cell_shapes`.
    base : mapping of str to Shape
        ``water`` and ``green``, where they are known.
    states : array (n,) of int
        Of the stations: 0 closed, 1 open, 2 unknown, 3 not in use, 4 any.
    plain, bold : Letters
        The fonts.
    synthetic : str
        Says that the data are made up, ``""`` where they are not.
    """

    picture: Picture
    frame: Frame
    request: MapRequest
    cells: Mapping[int, Shape]
    base: Mapping[str, Shape]
    states: npt.NDArray[np.int64]
    plain: Letters
    bold: Letters
    synthetic: str

    @property
    def theme(self) -> Theme:
        """The colours."""
        return self.picture.colours


def draw_map(canvas: Canvas, scene: Scene) -> None:
    """Draw a map.

    Parameters
    ----------
    canvas : Canvas
        What to draw on.
    scene : Scene
        What to draw.
    """
    shown = scene.picture.shown
    canvas.clip(scene.frame.box)
    canvas.fill(rectangle(*scene.frame.box), scene.theme.ground)
    for name, colour in (("green", scene.theme.green), ("water", scene.theme.water)):
        if name in scene.base and "streets" in shown:
            canvas.fill(scene.base[name], colour)
    _draw_cells(canvas, scene)
    if "streets" in shown and scene.frame.metres < _STRIPS_M:
        _draw_streets(canvas, scene)
    if "regions" in shown:
        _draw_districts(canvas, scene)
    if "stations" in shown:
        _draw_stations(canvas, scene)
    taken = [*_draw_scale(canvas, scene), *_draw_mark(canvas, scene)]
    if "regions" in shown:
        _draw_names(canvas, scene, taken)
    canvas.clip(None)


def _draw_cells(canvas: Canvas, scene: Scene) -> None:
    """Draw covered areas and gaps; a thin edge closes the seams between them."""
    shown = scene.picture.shown
    for state, shape in sorted(scene.cells.items()):
        band = band_of(state)
        if ("gaps" if band else "covered") not in shown:
            continue
        colour = scene.theme.bands[band] if band else scene.theme.covered
        canvas.stroke(shape, Pen(colour, 0.5))
        canvas.fill(shape, colour)


def _draw_streets(canvas: Canvas, scene: Scene) -> None:
    """Draw the streets that matter at this scale, the small ones first."""
    streets, unit = scene.request.streets, scene.picture.unit
    coarse = scene.frame.metres * unit
    for level in reversed(range(len(STREETS))):
        width, most_metres = STREETS[level]
        if coarse > most_metres:
            continue
        shape = street_shape(streets.segments[streets.level == level], scene.frame)
        canvas.stroke(shape, Pen(scene.theme.street, width * unit))


def street_shape(segments: FloatArray, frame: Frame) -> Shape:
    """Return segments as lines; what is smaller than half a pixel is left out.

    Parameters
    ----------
    segments : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    frame : Frame
        Where they are drawn.

    Returns
    -------
    Shape
        Lines of those that may be seen.
    """
    ends = frame.pixels(*segments.reshape(-1, 2).T)
    seen = frame.near(ends, 40.0).reshape(-1, 2).any(axis=1)
    ends = np.rint(2 * ends.reshape(-1, 4)[seen]) / 2
    ends = ends[(ends[:, :2] != ends[:, 2:]).any(axis=1)]
    if not len(ends):
        return rings(np.empty((0, 2)), np.empty(0, np.int64), closed=False)
    swapped = np.where((ends[:, :2] > ends[:, 2:])[:, :1], ends[:, [2, 3, 0, 1]], ends)
    once = np.sort(np.unique(swapped, axis=0, return_index=True)[1])
    ends = ends[once]
    follows = np.zeros(len(ends), dtype=bool)
    follows[1:] = (ends[1:, :2] == ends[:-1, 2:]).all(axis=1)
    kept = np.column_stack([~follows, np.ones(len(ends), dtype=bool)]).ravel()
    codes = np.tile(np.array([MOVE, LINE], np.uint8), len(ends))[kept]
    return Shape(ends.reshape(-1, 2)[kept], codes)


def _outlines(shapes: npt.NDArray[np.object_], frame: Frame) -> Shape:
    """Return the edges of polygons; one that two of them share is drawn once."""
    edges = shapely.get_rings(shapely.get_parts(shapes))
    xy, owner = shapely.get_coordinates(edges, return_index=True)
    segments = np.column_stack([xy[:-1], xy[1:]])[owner[:-1] == owner[1:]]
    return street_shape(segments, frame)


def _draw_districts(canvas: Canvas, scene: Scene) -> None:
    """Draw the outlines of the districts that the user gave, a chosen one stronger."""
    regions, unit = scene.request.regions, scene.picture.unit
    if not len(regions):
        return
    shapes = np.asarray(regions.geometry.to_numpy(), dtype=object)
    pen = Pen(scene.theme.district, unit, (5 * unit, 3.5 * unit))
    if len(regions) > _MANY:
        pen = Pen((*scene.theme.district[:3], 0.55), 0.6 * unit)
    canvas.stroke(_outlines(shapes, scene.frame), pen)
    chosen = (regions["id"].astype(str) == scene.picture.district).to_numpy()
    if chosen.any():
        canvas.stroke(_outlines(shapes[chosen], scene.frame), Pen(scene.theme.district, 2 * unit))


def station_radius(frame: Frame, count: int, unit: float, reach_m: float) -> float:
    """Return the radius of stations' dots: less where there are many, or would hide their circle.

    Parameters
    ----------
    frame : Frame
        Where they are drawn.
    count : int
        How many are in it.
    unit : float
        Of the picture.
    reach_m : float
        How far one gets within the limit, straight on (m).

    Returns
    -------
    float
        Pixels.
    """
    left, top, right, bottom = frame.box
    room = ((right - left) * (bottom - top) / max(count, 1)) ** 0.5
    most = min(0.2 * room, 0.45 * reach_m / frame.metres)
    return float(np.clip(most, 1.6 * unit, 4.6 * unit))


def thinned(xy: FloatArray, states: npt.NDArray[np.int64], apart: float) -> npt.NDArray[np.int64]:
    """Choose dots to draw where they would hide one another.

    Parameters
    ----------
    xy : array (n, 2) of float64
        Their places (px).
    states : array (n,) of int
        Open ones are preferred.
    apart : float
        One dot is kept in each square of this size (px).

    Returns
    -------
    array of int64
        Rows, in the order in which they are drawn.
    """
    rank = np.empty(len(_DRAWN), np.int64)
    rank[list(_DRAWN)] = np.arange(len(_DRAWN))
    square = np.floor(xy / apart).astype(np.int64)
    order = np.lexsort((-rank[states], square[:, 1], square[:, 0]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (square[order][1:] != square[order][:-1]).any(axis=1)
    kept = np.sort(order[first])
    return np.asarray(kept[np.argsort(rank[states[kept]], kind="stable")], dtype=np.int64)


def _draw_stations(canvas: Canvas, scene: Scene) -> None:
    """Draw a dot for each station, for fewer where there is no room."""
    frame = scene.request.stations
    xy = scene.frame.pixels(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    seen = np.flatnonzero(scene.frame.near(xy, 5.0))
    if not seen.size:
        return
    unit = scene.picture.unit
    reach_m = scene.request.speed_kph / 3.6 * scene.request.minutes * 60
    radius = station_radius(scene.frame, seen.size, unit, reach_m)
    kept = seen[thinned(xy[seen], scene.states[seen], 1.7 * radius)]
    for state in _DRAWN:
        chosen = xy[kept[scene.states[kept] == state]]
        face, edge = dot_colours(scene.theme, state)
        smaller = 0.75 if state == INACTIVE else 1.0
        if radius > 2.2 * unit:  # with smaller ones the edges would hide the map
            canvas.dots(chosen, smaller * radius + 0.32 * (radius * unit) ** 0.5, edge)
        canvas.dots(chosen, smaller * radius, face)


def dot_colours(theme: Theme, state: int) -> tuple[Colour, Colour]:
    """Return the colours of a station's dot.

    Parameters
    ----------
    theme : Theme
        The colours.
    state : int
        See `Scene`.

    Returns
    -------
    tuple
        Of the inside, of the edge.
    """
    return (theme.shut, theme.open, theme.unknown, theme.inactive, theme.open)[state]


def draw_sign(canvas: Canvas, theme: Theme, entry: Entry, at: tuple[float, float, float]) -> None:
    """Draw a sign of the legend.

    Parameters
    ----------
    canvas : Canvas
        What to draw on.
    theme : Theme
        The colours.
    entry : Entry
        What the sign is of.
    at : tuple of float
        Its left, the middle of its height, the size of the words beside it (px).
    """
    left, middle, size = at
    if entry.kind == "dot":
        face, edge = dot_colours(theme, entry.number)
        centre = np.array([[left + 0.65 * size, middle]])
        smaller = 0.75 if entry.number == INACTIVE else 1.0
        canvas.dots(centre, smaller * 0.32 * size + 0.1 * size, edge)
        canvas.dots(centre, smaller * 0.32 * size, face)
        return
    colour = theme.bands[entry.number] if entry.kind == "band" else theme.covered
    shape = rectangle(left, middle - 0.42 * size, left + 1.35 * size, middle + 0.42 * size)
    canvas.fill(shape, colour)
    canvas.stroke(shape, Pen((*theme.ink[:3], 0.25), max(size / 16, 0.6)))


def _label(canvas: Canvas, scene: Scene, shape: Shape, size: float, colour: Colour) -> None:
    """Draw words on the map, with a halo."""
    canvas.stroke(shape, Pen(scene.theme.halo, max(0.24 * size, 2.0)))
    canvas.fill(shape, colour)


def _draw_scale(canvas: Canvas, scene: Scene) -> Iterator[_Box]:
    """Draw the scale bar and yield the place that it takes."""
    unit, frame = scene.picture.unit, scene.frame
    most = 130 * unit * frame.metres
    power = 10.0 ** np.floor(np.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"  # noqa: PLR2004  km
    run, size = length / frame.metres, max(12 * unit, 9.0)
    left, base = frame.box[0] + 14 * unit, frame.box[3] - 14 * unit
    ends = [
        (left, base - 5 * unit),
        (left, base),
        (left + run, base),
        (left + run, base - 5 * unit),
    ]
    bar = rings(np.array(ends), np.array([4]), closed=False)
    canvas.stroke(bar, Pen(scene.theme.halo, 4.5 * unit))
    canvas.stroke(bar, Pen(scene.theme.ink, 1.5 * unit))
    words = scene.plain.shape(text, size, left + 5 * unit, base - 6 * unit)
    _label(canvas, scene, words, size, scene.theme.ink)
    yield (left - unit, base - 8 * unit - size, left + run + unit, base + 3 * unit)


def _draw_mark(canvas: Canvas, scene: Scene) -> Iterator[_Box]:
    """Say on the map itself that the data are made up, and yield the place that it takes."""
    if not scene.synthetic:
        return
    unit, size = scene.picture.unit, max(12.5 * scene.picture.unit, 9.0)
    wide = scene.plain.width(scene.synthetic, size)
    right, top = scene.frame.box[2] - 12 * unit, scene.frame.box[1] + 12 * unit
    box = (right - wide - size, top, right, top + 1.75 * size)
    canvas.fill(rectangle(*box), (*scene.theme.paper[:3], 0.9))
    canvas.stroke(rectangle(*box), Pen(scene.theme.soft, 0.8 * unit))
    at = scene.plain.shape(scene.synthetic, size, box[0] + size / 2, top + 1.22 * size)
    canvas.fill(at, scene.theme.ink)
    yield box


def _draw_names(canvas: Canvas, scene: Scene, taken: list[_Box]) -> None:
    """Write names and shares of the districts that have room for them, the largest first."""
    regions, frame, unit = scene.request.regions, scene.frame, scene.picture.unit
    if not len(regions):
        return
    shapes = np.asarray(regions.geometry.to_numpy(), dtype=object)
    bounds = shapely.bounds(shapes)
    near, far = frame.pixels(bounds[:, 0], bounds[:, 3]), frame.pixels(bounds[:, 2], bounds[:, 1])
    many = len(regions) > _MANY
    size = max((11 if many else 13) * unit, 9.0)
    room = (far - near) * ((0.7, 0.5) if many else (1.25, 2.0))
    named = {
        row: lines
        for row in np.argsort(-shapely.area(shapes), kind="stable").tolist()
        if (lines := _name_lines(scene, row)) and _fits(scene, lines, room[row], size)
    }
    points = label_points(list(shapes[list(named)]), np.empty((0, 2)))
    places = frame.pixels(points[:, 0], points[:, 1]).tolist()
    for lines, at in zip(named.values(), places, strict=True):
        box = _name_box(scene, lines, at, size)
        if _free(box, frame.box, taken):
            taken.append(box)
            _write_name(canvas, scene, lines, box, size)


def _name_lines(scene: Scene, row: int) -> list[str]:
    """Return a district's name and share; nothing where a letter is missing."""
    regions = scene.request.regions
    try:
        lines = [scene.plain.fitting(clip(regions["name"].iloc[row], NAME_LIMIT))]
    except FontMissingError:
        return []
    share = shares(scene.request).get(str(regions["id"].iloc[row]))
    return lines if share is None else [*lines, percent(share)]


def _fits(scene: Scene, lines: list[str], room: FloatArray, size: float) -> bool:
    """Return whether a name has room in its district."""
    left, top, right, bottom = _name_box(scene, lines, [0.0, 0.0], size)
    return bool(right - left <= room[0] and bottom - top <= room[1])


def _name_box(scene: Scene, lines: list[str], at: list[float], size: float) -> _Box:
    """Return the place that the lines of a name take."""
    wide = max((scene.plain, scene.bold)[row].width(line, size) for row, line in enumerate(lines))
    tall = len(lines) * 1.25 * size
    return (at[0] - wide / 2, at[1] - tall / 2, at[0] + wide / 2, at[1] + tall / 2)


def _free(box: _Box, frame: _Box, taken: list[_Box]) -> bool:
    """Return whether a place is on the map and not taken."""
    inside = (
        box[0] >= frame[0] + 2 and box[1] >= frame[1] + 2 and box[2] <= frame[2] - 2
        and box[3] <= frame[3] - 2
    )  # fmt: skip
    apart = all(
        box[2] < other[0] or box[0] > other[2] or box[3] < other[1] or box[1] > other[3]
        for other in taken
    )
    return inside and apart


def _write_name(canvas: Canvas, scene: Scene, lines: list[str], box: _Box, size: float) -> None:
    """Write the lines of a name into their place."""
    middle = (box[0] + box[2]) / 2
    for row, line in enumerate(lines):
        font = (scene.plain, scene.bold)[row]
        left = middle - font.width(line, size) / 2
        words = font.shape(line, size, left, box[1] + (row + 0.92) * 1.25 * size)
        _label(canvas, scene, words, size, scene.theme.ink)

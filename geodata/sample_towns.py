"""Made-up towns for real counties: small grids, joined by roads that never leave one out.

Which towns are joined follows the Gabriel graph (Gabriel and Sokal 1969, doi 10.2307/2412323): two
towns are neighbours if no third lies in the circle between them. It is planar and connected.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import Delaunay, cKDTree

from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from geodata.sample_counties import County
from geodata.sample_files import metres_a_degree
from geodata.sample_names import Names

#: A township for so many square kilometres, and at least and at most so many in a county.
_TOWNSHIP_KM2, _FEWEST, _MOST = 105.0, 3, 24

#: Townships keep apart from each other and from the county town (m).
_APART_M = 2600.0

#: Distance of streets in county towns and townships (m), and their displacement.
_SPACING_M, _JITTER = (185.0, 150.0), 0.12

#: Vertices of the roads between towns (m), and their sway as a share of the length.
_ROAD_STEP_M, _SWAY = 480.0, 0.05

#: Names of streets begin so: nobody takes them for real ones.
_MARK = "示例"


@dataclass(frozen=True)
class Province:
    """Streets of the province, and which of them lie in which town.

    Attributes
    ----------
    degrees : array (n, 2) of float64
        Nodes.
    ways : tuple of (array of int32, mapping)
        Node indices and tags of every way.
    piece_from, piece_to, piece_way : array (p,) of int64
        Street pieces within towns: nodes and way.
    piece_county : array (p,) of int64
        County of each piece.
    piece_in_town : array (p,) of bool
        Whether it lies in the county town, not in a township.
    outlines : tuple of Geometry
        The counties' outlines.
    """

    degrees: FloatArray
    ways: tuple[tuple[Int32Array, Mapping[str, str]], ...]
    piece_from: Int64Array
    piece_to: Int64Array
    piece_way: Int64Array
    piece_county: Int64Array
    piece_in_town: BoolArray
    outlines: tuple[shapely.Geometry, ...]


@dataclass(frozen=True)
class _Town:
    """One town: where, whose, and how many streets each way."""

    centre: FloatArray
    county: int
    seat: bool
    streets: int


@dataclass(frozen=True)
class _Grid:
    """The nodes of one town and its streets as rows of node numbers."""

    degrees: FloatArray
    lines: list[Int64Array]


def _towns(counties: Sequence[County], rng: np.random.Generator) -> list[_Town]:
    """Return a county town and some townships for every county."""
    towns = []
    for index, county in enumerate(counties):
        seat = shapely.get_coordinates(shapely.point_on_surface(county.outline))[0]
        room = 0.4 * np.sqrt(county.area_km2) * 1000.0 / _SPACING_M[0]
        streets = int(np.clip(min(room, 9 + county.weight), 6, 26))
        towns.append(_Town(seat, index, seat=True, streets=streets))
        wanted = int(np.clip(county.area_km2 / _TOWNSHIP_KM2, _FEWEST, _MOST))
        places = _scattered(county.outline, seat, wanted, rng)
        sizes = rng.integers(5, 8, len(places)).tolist()
        towns += [
            _Town(place, index, seat=False, streets=size)
            for place, size in zip(places, sizes, strict=True)
        ]
    return towns


def _scattered(
    outline: shapely.Geometry, seat: FloatArray, wanted: int, rng: np.random.Generator
) -> list[FloatArray]:
    """Return at most so many places inside an outline that keep apart."""
    shrunk = shapely.buffer(outline, -0.008)
    inner = outline if shrunk.is_empty else shrunk
    x0, y0, x1, y1 = shapely.bounds(inner)
    trial = rng.uniform((x0, y0), (x1, y1), (40 * wanted, 2))
    trial = trial[shapely.contains_xy(inner, *trial.T)]
    scale = metres_a_degree(float(seat[1]))
    chosen = [seat]
    for place in trial:
        away = np.hypot(*((np.array(chosen) - place) * scale).T)
        if away.min() > _APART_M and len(chosen) <= wanted:
            chosen.append(place)
    return chosen[1:]


def _grid(town: _Town, rng: np.random.Generator) -> _Grid:
    """Return the rounded, turned and jittered street grid of one town."""
    count, spacing = town.streets, _SPACING_M[0 if town.seat else 1]
    axis = np.arange(count) - (count - 1) / 2
    u, v = np.meshgrid(axis, axis)
    inside = np.hypot(u, v) <= count / 2 + 0.3
    turn = rng.uniform(0, np.pi / 2)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    xy = np.column_stack([u[inside], v[inside]]) @ rotation.T
    xy = (xy + rng.uniform(-_JITTER, _JITTER, xy.shape)) * spacing
    number = np.full(inside.shape, -1, dtype=np.int64)
    number[inside] = np.arange(len(xy))
    lines = [row[row >= 0] for row in (*number, *number.T)]
    degrees = xy / metres_a_degree(float(town.centre[1])) + town.centre
    return _Grid(degrees, [line for line in lines if len(line) > 1])


def _gabriel(centres: FloatArray) -> Int64Array:
    """Return the pairs of neighbouring towns, shape (e, 2), in order."""
    plane = centres * np.array([np.cos(np.radians(27.5)), 1.0])
    corners = Delaunay(plane).simplices
    pairs = np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
    pairs = np.unique(pairs, axis=0).astype(np.int64)
    middle = (plane[pairs[:, 0]] + plane[pairs[:, 1]]) / 2
    half = np.hypot(*(plane[pairs[:, 0]] - plane[pairs[:, 1]]).T) / 2
    nearest, _ = cKDTree(plane).query(middle)
    free: Int64Array = pairs[nearest > half * (1 - 1e-9)]
    return free


def _roads(
    towns: Sequence[_Town], grids: Sequence[_Grid], starts: Int64Array, rng: np.random.Generator
) -> Iterator[tuple[int, FloatArray, int, str]]:
    """Yield the roads between towns: first node, points between, last node, class."""
    centres = np.array([town.centre for town in towns])
    for a, b in _gabriel(centres).tolist():
        ends = []
        for one, other in ((a, b), (b, a)):
            away = np.hypot(*(grids[one].degrees - centres[other]).T)
            ends.append((int(np.argmin(away)), grids[one].degrees[np.argmin(away)]))
        (first, start), (last, end) = ends
        scale = metres_a_degree(float(start[1]))
        length = float(np.hypot(*((end - start) * scale)))
        t = np.linspace(0.0, 1.0, max(2, int(length / _ROAD_STEP_M) + 1))[1:-1, None]
        aside = np.array([-1.0, 1.0]) * ((end - start) * scale)[::-1] / scale
        sway = rng.uniform(-_SWAY, _SWAY, 2)
        bend = sway[0] * np.sin(np.pi * t) + sway[1] * np.sin(2 * np.pi * t)
        seats = int(towns[a].seat) + int(towns[b].seat)
        kind = ("tertiary", "secondary", "primary")[seats]
        points = start + t * (end - start) + bend * aside
        yield int(starts[a]) + first, points, int(starts[b]) + last, kind


def _street_ways(
    towns: Sequence[_Town], grids: Sequence[_Grid], starts: Int64Array, heads: Sequence[str]
) -> list[tuple[Int32Array, Mapping[str, str]]]:
    """Return the streets of all towns; names repeat from county to county, as real ones do."""
    ways: list[tuple[Int32Array, Mapping[str, str]]] = []
    names = Names(heads, np.random.default_rng(len(towns)))
    pool = [names.new("") for _ in range(2 * _MOST * 20)]
    for index, (town, grid) in enumerate(zip(towns, grids, strict=True)):
        for order, line in enumerate(grid.lines):
            major = order % 4 == 0
            name = pool[(37 * index + order) % len(pool)]
            tags = {
                "highway": "tertiary" if major and town.seat else "residential",
                "name": _MARK + name + ("路" if major else "街"),
            }
            ways.append(((line + starts[index]).astype(np.int32), tags))
    return ways


def lay_out(counties: Sequence[County], heads: Sequence[str], rng: np.random.Generator) -> Province:
    """Return made-up streets for all counties: one connected network.

    Parameters
    ----------
    counties : sequence of County
        At least two.
    heads : sequence of str
        Syllables of which street names are made.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Province
        Every town's streets, then the roads between towns.
    """
    towns = _towns(counties, rng)
    grids = [_grid(town, rng) for town in towns]
    sizes = np.array([len(grid.degrees) for grid in grids])
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    ways = _street_ways(towns, grids, starts, heads)
    chains = [chain.astype(np.int64) for chain, _ in ways]
    lines = np.array([len(grid.lines) for grid in grids])
    town_of_way = np.repeat(np.arange(len(towns)), lines)
    way = np.repeat(np.arange(len(chains)), [len(chain) - 1 for chain in chains])
    town = town_of_way[way]
    degrees, count = [grid.degrees for grid in grids], int(sizes.sum())
    for first, points, last, kind in _roads(towns, grids, starts, rng):
        chain = np.concatenate([[first], count + np.arange(len(points)), [last]])
        tags = {"highway": kind, "name": f"{_MARK}公路{len(ways) - len(chains) + 1}号"}
        ways.append((chain.astype(np.int32), tags))
        degrees.append(points)
        count += len(points)
    return Province(
        np.round(np.concatenate(degrees), 7).astype(np.float64),
        tuple(ways),
        np.concatenate([chain[:-1] for chain in chains]),
        np.concatenate([chain[1:] for chain in chains]),
        way,
        np.array([item.county for item in towns])[town],
        np.array([item.seat for item in towns])[town],
        tuple(county.outline for county in counties),
    )


def spots(
    province: Province,
    where: tuple[int, bool],
    count: int,
    aside_m: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, Int64Array]:
    """Return random positions beside the streets of one county that lie inside it.

    Parameters
    ----------
    province : Province
        The streets.
    where : (int, bool)
        County, and whether in its county town or in its townships.
    count : int
        How many.
    aside_m : float
        Greatest distance from the street (m).
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    (array (count, 2) of float64, array (count,) of int64)
        Degrees, and the way beside which each lies.
    """
    county, in_town = where
    mine = (province.piece_county == county) & (province.piece_in_town == in_town)
    pieces = np.flatnonzero(mine)
    degrees, ways = np.empty((0, 2)), np.empty(0, dtype=np.int64)
    while len(degrees) < count:
        chosen = rng.choice(pieces, 2 * count)
        start = province.degrees[province.piece_from[chosen]]
        span = province.degrees[province.piece_to[chosen]] - start
        scale = metres_a_degree(float(start[0, 1]))
        metres = span * scale
        normal = np.column_stack([-metres[:, 1], metres[:, 0]])
        normal /= np.hypot(*metres.T).reshape(-1, 1)
        aside = rng.uniform(5.0, aside_m, (2 * count, 1)) * rng.choice((-1.0, 1.0), (2 * count, 1))
        place = start + rng.random((2 * count, 1)) * span + normal * aside / scale
        inside = shapely.contains_xy(province.outlines[county], *place.T)
        degrees = np.vstack([degrees, place[inside]])
        ways = np.concatenate([ways, province.piece_way[chosen][inside]])
    return degrees[:count], ways[:count]

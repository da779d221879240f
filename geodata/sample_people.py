"""Homes, workplaces and stops of the workers in the fictional demo city."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.model import FloatArray
from geodata.sample_city import Plan
from geodata.sample_draw import Sketch

#: Where each group lives and works: group, x, y, spread (shares of the radius), weight.
_CLUSTERS = (
    ("courier", 0.02, 0.1, 0.22, 4.0),
    ("courier", 0.3, 0.45, 0.12, 2.0),
    ("courier", -0.7, 0.1, 0.16, 1.5),
    ("courier", 0.2, -0.6, 0.18, 1.2),
    ("sanitation", -0.08, 0.02, 0.18, 4.0),
    ("sanitation", 0.1, -0.2, 0.6, 2.0),
    ("driver", 0.75, -0.3, 0.16, 3.0),
    ("driver", 0.55, 0.6, 0.3, 1.0),
    ("driver", 0.0, 0.0, 1.0, 2.0),
    ("builder", -0.8, 0.3, 0.1, 2.0),
    ("builder", -0.55, -0.5, 0.1, 1.5),
    ("builder", 0.35, 0.8, 0.08, 1.5),
    ("builder", 0.85, 0.15, 0.1, 1.2),
    ("builder", 0.1, -0.85, 0.08, 1.0),
    ("guard", -0.65, 0.0, 0.28, 2.5),
    ("guard", 0.15, 0.05, 0.25, 2.5),
    ("guard", 0.0, 0.0, 1.1, 0.6),
)

#: Shares of home, work and stop; the most workers of one row of each.
_KINDS, _KIND_SHARES, _KIND_MOST = ("home", "work", "stop"), (0.74, 0.18, 0.08), (3, 8, 5)

#: Share of rows on the island and far from every street, and the fewest on the island.
_ISLAND_SHARE, _FAR_SHARE, _ISLAND_LEAST = 0.003, 0.003, 12

#: Farther than this from every street (m) lie the few rows that are off the network.
_FAR_M = 550.0

#: Nobody lives beside these.
_NOT_BESIDE = ("motorway", "motorway_link", "trunk", "steps")


@dataclass(frozen=True)
class Frontage:
    """Pieces of street that people live along.

    Attributes
    ----------
    start, end : array (s, 2) of float64
        Local metres.
    length_m : array (s,) of float64
        Length (m).
    name : array (s,) of object
        Street name, ``""`` where there is none.
    kind : array (s,) of object
        Value of ``highway``.
    """

    start: FloatArray
    end: FloatArray
    length_m: FloatArray
    name: npt.NDArray[np.object_]
    kind: npt.NDArray[np.object_]


def frontage(sketch: Sketch, *, without: str = "") -> Frontage:
    """Return the street pieces that people can live or work along.

    Parameters
    ----------
    sketch : Sketch
        The woven streets.
    without : str, optional
        Name of a street that is left to others.

    Returns
    -------
    Frontage
        Without expressways, stairs, bridges and tunnels.
    """
    ways = [
        (chain, tags)
        for chain, tags in sketch.streets()
        if tags["highway"] not in _NOT_BESIDE
        and "layer" not in tags
        and not (without and tags.get("name") == without)
    ]
    start = np.concatenate([sketch.xy[chain[:-1]] for chain, _ in ways])
    end = np.concatenate([sketch.xy[chain[1:]] for chain, _ in ways])
    sizes = [len(chain) - 1 for chain, _ in ways]
    names = np.array([tags.get("name", "") for _, tags in ways], dtype=object)
    kinds = np.array([tags["highway"] for _, tags in ways], dtype=object)
    return Frontage(
        start, end, np.hypot(*(end - start).T), np.repeat(names, sizes), np.repeat(kinds, sizes)
    )


def beside(
    front: Frontage,
    chosen: npt.NDArray[np.int64],
    away_m: tuple[float, float],
    rng: np.random.Generator,
) -> FloatArray:
    """Return one random position beside each chosen street piece.

    Parameters
    ----------
    front : Frontage
        Street pieces.
    chosen : array (p,) of int64
        Which piece each position lies along.
    away_m : (float, float)
        Least and greatest distance from the street (m).
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    array (p, 2) of float64
        Local metres.
    """
    start, span = front.start[chosen], front.end[chosen] - front.start[chosen]
    along = rng.random((len(chosen), 1))
    aside = rng.uniform(*away_m, (len(chosen), 1)) * rng.choice([-1.0, 1.0], (len(chosen), 1))
    normal = np.column_stack([-span[:, 1], span[:, 0]]) / np.maximum(
        np.hypot(*span.T), 1e-6
    ).reshape(-1, 1)
    place: FloatArray = start + along * span + aside * normal
    return place


def _weights(front: Frontage, group: str, radius_m: float) -> FloatArray:
    """Return how many of a group each street piece attracts, summing to 1."""
    middle = (front.start + front.end) / 2 / radius_m
    density = np.full(len(middle), 0.05)
    for name, x, y, spread, weight in _CLUSTERS:
        if name == group:
            away2 = ((middle - np.array([x, y])) ** 2).sum(axis=1)
            density += weight / spread**2 * np.exp(-away2 / (2 * spread**2)) / 100.0
    share = density * front.length_m
    normed: FloatArray = share / share.sum()
    return normed


def _positions(
    plan: Plan, front: Frontage, groups: npt.NDArray[np.object_], rng: np.random.Generator
) -> FloatArray:
    """Return a dry position for each row, by the clusters of its group."""
    place = np.empty((len(groups), 2))
    for group in sorted(set(groups)):
        rows = np.flatnonzero(groups == group)
        share = _weights(front, group, plan.radius_m)
        while len(rows):
            chosen = rng.choice(len(share), size=len(rows), p=share)
            place[rows] = beside(front, chosen, (6.0, 45.0), rng)
            wet = shapely.contains_xy(plan.water, *place[rows].T)
            rows = rows[wet]
    return place


def _inside(area: shapely.Geometry, count: int, rng: np.random.Generator) -> FloatArray:
    """Return random positions inside an area."""
    x0, y0, x1, y1 = shapely.bounds(area)
    found = np.empty((0, 2))
    while len(found) < count:
        trial = rng.uniform((x0, y0), (x1, y1), (4 * count, 2))
        found = np.vstack([found, trial[shapely.contains_xy(area, *trial.T)]])
    return found[:count]


def place_homes(
    plan: Plan,
    front: Frontage,
    count: int,
    shares: Sequence[tuple[str, float]],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the homes, workplaces and stops of the demo city.

    Parameters
    ----------
    plan : Plan
        The big features.
    front : Frontage
        Street pieces to live along.
    count : int
        Number of rows.
    shares : sequence of (str, float)
        Worker groups and their weights.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    DataFrame
        ``x, y`` (local metres), ``workers, group, kind``; a few rows on the island, and a few far
        from every street.
    """
    names = [name for name, _ in shares]
    weight = np.array([share for _, share in shares])
    groups = np.array(names, dtype=object)[rng.choice(len(names), count, p=weight / weight.sum())]
    place = _positions(plan, front, groups, rng)
    islanders = max(_ISLAND_LEAST, int(count * _ISLAND_SHARE))
    place[:islanders] = _inside(shapely.buffer(plan.island, -20.0), islanders, rng)
    far = max(3, int(count * _FAR_SHARE))
    place[islanders : islanders + far] = _far(plan, front, far, rng)
    kind = rng.choice(len(_KINDS), count, p=_KIND_SHARES)
    most = np.array(_KIND_MOST)[kind]
    workers = 1 + np.floor(most * rng.random(count) ** 3).astype(int)
    order = rng.permutation(count)
    frame = pd.DataFrame(
        {
            "x": place[:, 0],
            "y": place[:, 1],
            "workers": workers,
            "group": groups,
            "kind": np.array(_KINDS, dtype=object)[kind],
        }
    )
    return frame.iloc[order].reset_index(drop=True)


def _far(plan: Plan, front: Frontage, count: int, rng: np.random.Generator) -> FloatArray:
    """Return dry positions within the city's extent but more than 550 m from every street."""
    lines = np.asarray(shapely.linestrings(np.stack([front.start, front.end], axis=1)))
    tree = shapely.STRtree(lines)
    hull = shapely.MultiPoint(front.start).convex_hull
    found = np.empty((0, 2))
    while len(found) < count:
        trial = _inside(hull, 40 * count, rng)
        _, away = tree.query_nearest(shapely.points(trial), all_matches=False, return_distance=True)
        dry = ~shapely.contains_xy(plan.water, *trial.T)
        found = np.vstack([found, trial[dry & (away > _FAR_M)]])
    return found[:count]

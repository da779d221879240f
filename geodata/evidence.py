"""Which datum do coordinates look like: the reading that lies nearest to the streets.

Stations stand beside streets. Read in the wrong datum they stand anywhere, so the distances to the
nearest street, compared row by row between readings, show which one is right, also for coordinates
that were shifted twice.
"""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geodata.counties import count_inside, named_areas
from geodata.datum import in_china, metric_crs, project, to_wgs84
from geodata.model import Streets

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

#: Distances beyond this count as this (m): far is far.
_FAR_M = 250.0

#: Rows looked at, and rows needed, for a judgement.
_LOOKED_AT, _NEEDED = 400, 5

#: Standard errors by which the best reading must beat every other.
_SURE = 2.5

_READINGS = ("wgs84", "gcj02", "bd09", "gcj02_twice")
_NAMES = {
    "wgs84": "WGS-84",
    "gcj02": "GCJ-02",
    "bd09": "BD-09",
    "gcj02_twice": "GCJ-02 shifted twice",
}


@dataclass(frozen=True)
class DatumEvidence:
    """Streets, and counties, to hold coordinates against.

    Attributes
    ----------
    streets : Streets or None
        In WGS-84.
    regions : GeoDataFrame or None
        ``id, name, geometry``, in WGS-84.
    """

    streets: Streets | None
    regions: gpd.GeoDataFrame | None = None

    def judge(
        self, lon: FloatArray, lat: FloatArray, named: ObjectArray | None = None
    ) -> dict[str, Any]:
        """Return which reading of coordinates lies nearest to the streets, or in its county.

        Parameters
        ----------
        lon, lat : array (n,) of float64
            As received, finite and on Earth.
        named : array (n,) of str, optional
            The county that each row names.

        Returns
        -------
        dict
            ``best`` (``wgs84``, ``gcj02``, ``bd09``, ``gcj02_twice``, or ``""`` if none is clearly
            nearest), ``median_shift_m`` between the best reading and WGS-84, ``median_street_m``
            by reading, ``inside_county`` by reading (empty where no county is known), ``rows``
            looked at, and a ``sentence``.
        """
        inside = np.flatnonzero(in_china(lon, lat))
        chosen = inside[:: max(1, len(inside) // _LOOKED_AT)][:_LOOKED_AT]
        if len(chosen) < _NEEDED:
            return _unsure(len(chosen), {}, f"only {len(chosen)} rows could be compared")
        readings = {name: _read(lon[chosen], lat[chosen], name) for name in _READINGS}
        counts = self._inside(readings, None if named is None else named[chosen])
        judged = self._by_streets(readings) | {"inside_county": counts}
        if judged["best"] or not counts:
            return judged
        return judged | _by_county(readings, counts)

    def _inside(
        self, readings: dict[str, tuple[FloatArray, FloatArray]], named: ObjectArray | None
    ) -> dict[str, int]:
        """Return, by reading, how many rows lie in the county that they name."""
        if self.regions is None or named is None or not len(self.regions):
            return {}
        areas = named_areas(named, self.regions)
        if all(area is None for area in areas):
            return {}
        return {name: count_inside(areas, *pair) for name, pair in readings.items()}

    def _by_streets(self, readings: dict[str, tuple[FloatArray, FloatArray]]) -> dict[str, Any]:
        """Return the judgement of the streets."""
        rows = len(readings["wgs84"][0])
        if self.streets is None:
            return _unsure(rows, {}, "no streets are given")
        distances = self._distances(readings, self.streets)
        medians = {name: round(float(np.median(d)), 1) for name, d in distances.items()}
        near = {name: float(np.minimum(d, _FAR_M).mean()) for name, d in distances.items()}
        best = min(_READINGS, key=lambda name: near[name])
        if not _clear(distances, best):
            return _unsure(rows, medians, "no reading lies clearly nearest to the streets")
        shift_m = round(float(np.median(_metres(readings["wgs84"], readings[best]))), 0)
        sentence = (
            f"looks {_NAMES[best]}, median {shift_m:.0f} m (median distance to the nearest street "
            f"{medians[best]:.0f} m, read as WGS-84 {medians['wgs84']:.0f} m, {rows} rows)"
        )
        return {
            "best": best,
            "median_shift_m": shift_m,
            "median_street_m": medians,
            "rows": rows,
            "sentence": sentence,
        }

    def _distances(
        self, readings: dict[str, tuple[FloatArray, FloatArray]], streets: Streets
    ) -> dict[str, FloatArray]:
        """Return the distance to the nearest street (m) of every position, by reading."""
        first = readings["wgs84"]
        crs = metric_crs(float(np.median(first[0])), float(np.median(first[1])))
        points = {
            name: np.asarray(shapely.points(*project(*pair, crs)), dtype=object)
            for name, pair in readings.items()
        }
        everywhere = np.concatenate(list(points.values()))
        lines = _lines_near(streets, everywhere, crs)
        if len(lines) == 0:
            return {name: np.full(len(found), np.inf) for name, found in points.items()}
        tree = shapely.STRtree(lines)
        distances = {}
        for name, found in points.items():
            distances[name] = np.full(len(found), np.inf)
            rows, near_m = tree.query_nearest(
                found, max_distance=2 * _FAR_M, return_distance=True, all_matches=False
            )
            distances[name][rows[0]] = near_m
        return distances


def _lines_near(
    streets: Streets, points: npt.NDArray[np.object_], crs: Any
) -> npt.NDArray[np.object_]:
    """Return the street segments in the box of the points, in metres."""
    x, y = project(streets.lon, streets.lat, crs)
    west, south, east, north = shapely.total_bounds(points)
    near = (x > west - 1000) & (x < east + 1000) & (y > south - 1000) & (y < north + 1000)
    use = near[streets.segment_from] | near[streets.segment_to]
    start, end = streets.segment_from[use], streets.segment_to[use]
    ends = np.stack([np.stack([x[start], y[start]], 1), np.stack([x[end], y[end]], 1)], 1)
    return np.asarray(shapely.linestrings(ends), dtype=object)


def _by_county(
    readings: dict[str, tuple[FloatArray, FloatArray]], counts: dict[str, int]
) -> dict[str, Any]:
    """Return the judgement of the counties, where one reading is clearly inside more often."""
    best, second = sorted(counts, key=lambda name: -counts[name])[:2]
    if counts[best] - counts[second] < _NEEDED:
        return {}
    shift_m = round(float(np.median(_metres(readings["wgs84"], readings[best]))), 0)
    sentence = (
        f"looks {_NAMES[best]}, median {shift_m:.0f} m ({counts[best]} rows inside the county that "
        f"they name, read as {_NAMES[second]} {counts[second]})"
    )
    return {"best": best, "median_shift_m": shift_m, "sentence": sentence}


def _read(lon: FloatArray, lat: FloatArray, reading: str) -> tuple[FloatArray, FloatArray]:
    """Return WGS-84 positions if the coordinates are what the reading says."""
    if reading == "gcj02_twice":
        return to_wgs84(*to_wgs84(lon, lat, "gcj02"), "gcj02")
    return to_wgs84(lon, lat, reading)


def _clear(distances: dict[str, FloatArray], best: str) -> bool:
    """Tell whether the best reading beats every other by more than chance."""
    near = np.minimum(distances[best], _FAR_M)
    if float(np.median(near)) >= _FAR_M:
        return False
    for name, other in distances.items():
        gain = np.minimum(other, _FAR_M) - near
        error = float(gain.std(ddof=1)) / np.sqrt(len(gain))
        if name != best and float(gain.mean()) < _SURE * max(error, 1.0):
            return False
    return True


def _metres(one: tuple[FloatArray, FloatArray], two: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Return distances between positions a few hundred metres apart (m)."""
    east = (one[0] - two[0]) * 111_320 * np.cos(np.radians(one[1]))
    return np.asarray(np.hypot(east, (one[1] - two[1]) * 111_320), np.float64)


def _unsure(rows: int, medians: dict[str, float], sentence: str) -> dict[str, Any]:
    """Return a judgement that is none."""
    return {
        "best": "",
        "median_shift_m": None,
        "median_street_m": medians,
        "rows": rows,
        "sentence": sentence,
    }

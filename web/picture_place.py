"""Where places of the world lie on a picture: Web Mercator, as on the map."""

from dataclasses import dataclass

import numpy as np

from geodata import tile_cutting
from geodata.model import BoolArray, FloatArray

#: Circumference of the earth as Web Mercator has it (m).
_AROUND_M = 40_075_016.69

#: A picture shows at least this much, from side to side (m).
_LEAST_M = 400.0


def mercator(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Return places on the square of Web Mercator (EPSG:3857).

    Parameters
    ----------
    lon, lat : array (n,) of float64
        Degrees.

    Returns
    -------
    array (n, 2) of float64
        From 0 to 1: eastwards from 180° west, and southwards from 85.05° north.

    Examples
    --------
    >>> mercator(np.array([0.0, -180.0]), np.array([0.0, 0.0])).tolist()
    [[0.5, 0.5], [0.0, 0.5]]
    """
    return tile_cutting.mercator(lon, np.clip(lat, -85.0511, 85.0511), 0) / tile_cutting.EXTENT


@dataclass(frozen=True)
class Frame:
    """The part of a picture that is a map.

    Attributes
    ----------
    box : tuple of float
        Left, top, right, bottom on the picture (px).
    corner : tuple of float
        What lies at left, top, on the square of Web Mercator.
    size : float
        Pixels that the whole square would have.
    """

    box: tuple[float, float, float, float]
    corner: tuple[float, float]
    size: float

    @property
    def metres(self) -> float:
        """Metres on the ground that a pixel shows, in the middle of the map."""
        middle = self.corner[1] + (self.box[3] - self.box[1]) / 2 / self.size
        return float(_AROUND_M / np.cosh(2 * np.pi * (0.5 - middle)) / self.size)

    def pixels(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Return where places lie.

        Parameters
        ----------
        lon, lat : array (n,) of float64
            Degrees.

        Returns
        -------
        array (n, 2) of float64
            On the picture (px), y downwards.
        """
        return self.from_square(mercator(lon, lat))

    def from_square(self, square: FloatArray) -> FloatArray:
        """Return where places of the Mercator square lie.

        Parameters
        ----------
        square : array (n, 2) of float64
            From `mercator`.

        Returns
        -------
        array (n, 2) of float64
            On the picture (px).
        """
        shifted = (square - np.asarray(self.corner)) * self.size + np.asarray(self.box[:2])
        return np.asarray(shifted, dtype=np.float64)

    def near(self, xy: FloatArray, margin: float = 0.0) -> BoolArray:
        """Return which places are on the map.

        Parameters
        ----------
        xy : array (n, 2) of float64
            Pixels.
        margin : float, optional
            How far beyond its edge counts (px).

        Returns
        -------
        array (n,) of bool
            True where they are.
        """
        left, top, right, bottom = self.box
        inside: BoolArray = (
            (xy[:, 0] >= left - margin)
            & (xy[:, 0] <= right + margin)
            & (xy[:, 1] >= top - margin)
            & (xy[:, 1] <= bottom + margin)
        )
        return inside


def frame_around(
    bounds: FloatArray, box: tuple[float, float, float, float], margin: float
) -> Frame:
    """Return a frame that shows an area whole.

    Parameters
    ----------
    bounds : array (4,) of float64
        West, south, east, north (degrees).
    box : tuple of float
        Left, top, right, bottom on the picture (px).
    margin : float
        Kept free around the area (px).

    Returns
    -------
    Frame
        The area in its middle.
    """
    corners = mercator(bounds[[0, 2]], bounds[[3, 1]])
    middle = corners.mean(axis=0)
    across = np.array([box[2] - box[0], box[3] - box[1]])
    room = np.maximum(across - 2 * margin, across / 3)
    least = _LEAST_M * np.cosh(2 * np.pi * (0.5 - middle[1])) / _AROUND_M
    size = float((room / np.maximum(corners[1] - corners[0], least)).min())
    corner = middle - across / 2 / size
    return Frame(box, (float(corner[0]), float(corner[1])), size)

"""From places to positions on an edge of the network, and the times between the two.

A place goes to the nearest point of a segment open to the mode, by perpendicular foot. The access
leg is walked and counted. Small islands of street are passed over where the main network is hardly
farther, and a leg that crosses water, railway or motorway is not taken where another is in reach.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.model import (
    ON_NETWORK,
    SNAP_LIMIT_M,
    BoolArray,
    FloatArray,
    Int32Array,
    Network,
    Positions,
)
from locator import _kernels, _snap_kernels

#: A component with less street than this (m) is an island that may be passed over …
ISLAND_M = 300.0
#: … if the main network lies at most this much farther (m).
ISLAND_HANDICAP_M = 30.0
#: So far around the streets' bounding box the data still speaks (m).
EXTENT_MARGIN_M = 1000.0
#: Speed of the access leg (km/h), whatever the mode: it is walked.
ACCESS_KPH = 4.0

#: Cell of the grid that finds streets (m): the finer, the faster and the larger.
CELL_M, COARSE_CELL_M = 100.0, 250.0


def _grid(
    lines: FloatArray, bounds: tuple[float, float, float, float], cell_m: float = CELL_M
) -> tuple[Any, ...]:
    """Return the lattice over ``bounds`` (west, south, east, north) filled with the lines.

    The answer is what the kernels call a grid: west, south, width, height, columns, rows, indptr,
    item.
    """
    west, south, east, north = bounds
    per_lon, per_lat = _snap_kernels.metres_per_degree((south + north) / 2)
    most = max(4 * len(lines), 1_000_000)
    area = max((east - west) * per_lon * (north - south) * per_lat, 1.0)
    cell_m = max(cell_m, float(np.sqrt(area / most)))
    width, height = cell_m / per_lon, cell_m / per_lat
    columns, rows = int((east - west) / width) + 1, int((north - south) / height) + 1
    lattice = (west, south, width, height, columns, rows)
    return *lattice, *_snap_kernels.line_grid(lines, *lattice)


@dataclass(frozen=True)
class Exits:
    """Times between positions and the two ends of their edge, arrays of one length.

    Attributes
    ----------
    edge, u, v : array of int32
        Edge and its end junctions; ``edge`` is -1 (and ``u``, ``v`` 0) off the network.
    u_ms, v_ms : array of int32
        Time between position and end, access leg included; ``CLOSED_MS`` where closed.
    segment, fraction, access_ms : arrays
        As in ``Positions``.
    u_mm, v_mm, access_mm : array of int32
        Lengths, access leg included.
    """

    edge: Int32Array
    u: Int32Array
    v: Int32Array
    u_ms: Int32Array
    v_ms: Int32Array
    segment: Int32Array
    fraction: FloatArray
    access_ms: Int32Array
    u_mm: Int32Array
    v_mm: Int32Array
    access_mm: Int32Array

    @property
    def times(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Return what the kernels call ``exits``."""
        return (
            self.edge,
            self.u,
            self.v,
            self.u_ms,
            self.v_ms,
            self.segment,
            self.fraction,
            self.access_ms,
        )

    @property
    def lengths(self) -> tuple[Int32Array, Int32Array, Int32Array]:
        """Return what the kernels call ``lengths``."""
        return self.u_mm, self.v_mm, self.access_mm


#: Times and lengths along the edges of a network, as the kernels want them: forward and backward
#: time of each segment, the same before it, its length and the length before it (ms and mm).
Ways = tuple[Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]


def ways_of(network: Network) -> Ways:
    """Return the times of a network's segments with their lengths in mm.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    tuple of array (s,) of int32
        See ``Ways``.
    """
    mm = np.round(network.segment_m * 1000).astype(np.int64)
    total = np.concatenate(([0], np.cumsum(mm)))[:-1]
    before = total - total[network.edge_indptr[network.segment_edge]]
    return (
        network.segment_forward_ms,
        network.segment_backward_ms,
        network.forward_before_ms,
        network.backward_before_ms,
        mm.astype(np.int32),
        before.astype(np.int32),
    )


def edges_of(network: Network) -> tuple[Int32Array, Int32Array, Int32Array, Int32Array]:
    """Return what the kernels call ``edges``.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    tuple of array of int32
        The edge of each segment, both junctions of each edge, and where its segments begin.
    """
    return network.segment_edge, network.edge_u, network.edge_v, network.edge_indptr


def exits(network: Network, ways: Ways, positions: Positions, *, towards: bool = True) -> Exits:
    """Return the times from positions to the ends of their edges, or from the ends to them.

    Parameters
    ----------
    network : Network
        The network the positions lie on.
    ways : Ways
        Its ``ways_of``.
    positions : Positions
        Snapped places.
    towards : bool
        True: from the position to the ends (workers leaving). False: from the ends to the position
        (stations being reached).

    Returns
    -------
    Exits
        One row a position; off the network ``edge`` is -1 and both times ``CLOSED_MS``.
    """
    on = positions.state == ON_NETWORK
    edge, u, v, u_ms, v_ms, u_mm, v_mm, access_mm = _kernels.edge_exits(
        (positions.segment, positions.fraction, positions.access_m, positions.access_ms, on),
        edges_of(network),
        ways,
        towards,
    )
    return Exits(
        edge=edge,
        u=u,
        v=v,
        u_ms=u_ms,
        v_ms=v_ms,
        segment=positions.segment,
        fraction=positions.fraction,
        access_ms=positions.access_ms,
        u_mm=u_mm,
        v_mm=v_mm,
        access_mm=access_mm,
    )


def part_of(positions: Positions, rows: npt.NDArray[np.int64] | slice) -> Positions:
    """Return some rows of positions.

    Parameters
    ----------
    positions : Positions
        Places.
    rows : array of int64 or slice
        Which.

    Returns
    -------
    Positions
        In the order of ``rows``.
    """
    return Positions(**{name: array[rows] for name, array in vars(positions).items()})


def take(places: Exits, rows: npt.NDArray[np.int64]) -> Exits:
    """Return some rows of exits.

    Parameters
    ----------
    places : Exits
        Places.
    rows : array of int64
        Which.

    Returns
    -------
    Exits
        In the order of ``rows``.
    """
    return Exits(**{name: array[rows] for name, array in vars(places).items()})


def west_first(lines: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return lines with their western end first, of equal ones the southern.

    Parameters
    ----------
    lines : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2``.

    Returns
    -------
    tuple
        The lines, and whether each was turned round.
    """
    flipped = (lines[:, 2] < lines[:, 0]) | (
        (lines[:, 2] == lines[:, 0]) & (lines[:, 3] < lines[:, 1])
    )
    return np.where(flipped[:, None], lines[:, [2, 3, 0, 1]], lines), flipped


class Snapper:
    """Finds the street point of places, for one network.

    Parameters
    ----------
    network : Network
        Streets of one mode.
    barrier_lines : array (b, 4) of float64, optional
        Water, railway and motorway pieces ``lon1, lat1, lon2, lat2``.
    cell_m : float
        Cell of the grid (m): ``CELL_M`` for many places at once, ``COARSE_CELL_M`` to save memory.
    """

    def __init__(
        self,
        network: Network,
        barrier_lines: FloatArray | None = None,
        *,
        cell_m: float = CELL_M,
    ) -> None:
        barriers = (
            np.empty((0, 4)) if barrier_lines is None else np.ascontiguousarray(barrier_lines)
        )
        snappable = np.flatnonzero(network.segment_snappable)
        self._segment = snappable.astype(np.int32)
        self._lines, self._flipped = west_first(network.segment_line[snappable])
        component_m = network.component_m[
            network.component[network.edge_u[network.segment_edge[snappable]]]
        ]
        small = (component_m < ISLAND_M) & (network.component_m.max() >= ISLAND_M)
        self._handicap = np.where(small, ISLAND_HANDICAP_M, 0.0)
        lon, lat = network.segment_line[:, [0, 2]], network.segment_line[:, [1, 3]]
        self._bounds = (lon.min(), lat.min(), lon.max(), lat.max())
        self._grid = _grid(self._lines, self._bounds, cell_m)
        self._barriers = barriers
        self._barrier_grid = _grid(barriers, self._bounds, COARSE_CELL_M)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return the extent of the streets: west, south, east, north (degrees)."""
        return self._bounds

    def snap(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, limit_m: float = SNAP_LIMIT_M
    ) -> Positions:
        """Snap places to the network.

        Parameters
        ----------
        lon, lat : array_like (p,)
            WGS-84 degrees.
        limit_m : float
            A street farther than this is none (m).

        Returns
        -------
        Positions
            One row a place: ``OFF_NETWORK`` where no street is within the limit, ``NO_DATA``
            more than ``EXTENT_MARGIN_M`` outside the streets' extent, or where a coordinate is not
            finite.
        """
        x, y = (
            np.atleast_1d(np.asarray(lon, np.float64)),
            np.atleast_1d(np.asarray(lat, np.float64)),
        )
        segment, fraction, metres, access_ms, state = _snap_kernels.nearest_street(
            x,
            y,
            (self._lines, self._segment, self._flipped, self._handicap, self._grid),
            (self._barriers, self._barrier_grid),
            self._bounds,
            (limit_m, EXTENT_MARGIN_M, ACCESS_KPH),
        )
        return Positions(segment, fraction, metres, access_ms, state)

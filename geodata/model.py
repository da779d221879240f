"""The shapes that travel between the packages: frozen dataclasses of arrays.

Units stand in the names: ``*_ms`` integer milliseconds, ``*_m`` metres, ``lon``/``lat`` WGS-84
degrees. Every class checks itself when made and reports all faults at once.
"""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.errors import Fault, ValidationError

if TYPE_CHECKING:
    from geodata.vocabulary import Vocabulary

FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
ByteArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]

#: What a walked trip cannot cross, see ``Streets.barrier_kind``.
BARRIER_KINDS = ("water", "railway", "motorway")

#: An archive of tiles: its bytes, or its file mapped into memory.
Archive = bytes | mmap.mmap

#: Travel time of a direction that is closed, and of a place that nothing reaches (ms).
CLOSED_MS = 2**30

#: States of a snapped position.
ON_NETWORK, OFF_NETWORK, NO_DATA = 0, 1, 2

#: How far a position may lie from the street it is snapped to (m).
SNAP_LIMIT_M = 500.0


def _lengths(**groups: Mapping[str, Any]) -> list[Fault]:
    """Return a fault for every array whose length differs from the first of its group."""
    faults = []
    for group, arrays in groups.items():
        (first, head), *rest = arrays.items()
        faults += [
            Fault(name, f"expected {len(head)} {group}, as {first} has, got {len(array)}")
            for name, array in rest
            if len(array) != len(head)
        ]
    return faults


def _refuse(owner: object, faults: list[Fault]) -> None:
    """Raise one error with all faults, if there are any."""
    if faults:
        named = [Fault(f"{type(owner).__name__}.{f.where}", f.what, f.fix) for f in faults]
        raise ValidationError.of(named)


#: Columns of ``Dataset.premises``, before ``geometry``.
PREMISES_COLUMNS = ("id", "kind", "name", "cost_yuan", "lon", "lat")


def no_premises() -> gpd.GeoDataFrame:
    """Return the premises of files that hold none.

    Returns
    -------
    GeoDataFrame
        Empty, with ``PREMISES_COLUMNS``, EPSG:4326.
    """
    kinds = ("str", "str", "str", "int64", "float64", "float64")
    columns = {
        name: pd.Series([], dtype=kind) for name, kind in zip(PREMISES_COLUMNS, kinds, strict=True)
    }
    return gpd.GeoDataFrame(columns, geometry=[], crs="EPSG:4326")


def _no_texts() -> TextArray:
    """Return no text at all."""
    return np.zeros(0, object)


def _name_barriers(owner: "Streets | Dataset") -> None:
    """Give every barrier an empty name and kind where none were given at all."""
    for name in ("barrier_name", "barrier_kind"):
        if not len(getattr(owner, name)):
            object.__setattr__(owner, name, np.full(len(owner.barrier_lines), "", object))


@dataclass(frozen=True)
class Streets:
    """Every street segment of a file, before any mode is chosen.

    Attributes
    ----------
    node_id, lon, lat : array (n,)
        OSM node ids (int64) and WGS-84 degrees (float64) of the nodes that ways use.
    way_id : array (w,) of int64
        OSM way ids.
    way_name : array (w,) of object
        Names as written, ``""`` where there is none.
    way_class : array (w,) of object
        Value of ``highway`` (or ``ferry``).
    way_snappable : array (w,) of bool
        False where nobody can step on or off mid-way (ferries).
    segment_from, segment_to, segment_way : array (s,) of int32
        Indices into nodes and ways; a segment joins two consecutive nodes of a way.
    segment_m : array (s,) of float64
        Geodesic length on WGS-84 (m).
    forward_kph, backward_kph : mapping of str to array (w,) of float32
        Speed per mode along and against the way (km/h); 0 where closed.
    closed_node : mapping of str to array (n,) of bool
        Nodes that the mode cannot pass (a locked gate): one may come up to them, not through.
    barrier_lines : array (b, 4) of float64
        ``lon1, lat1, lon2, lat2`` of water, railway and motorway pieces that a walked access leg
        should not cross.
    barrier_name, barrier_kind : array (b,) of object
        Name of the river, railway or motorway of each piece (else its number, ``""`` where there
        is none), and which of ``BARRIER_KINDS`` it is (``""`` where unknown).
    english : mapping of str to str
        English names of streets by the name as written, where the files have any.
    skipped : mapping of str to int
        What was left out while reading, counted by reason.
    as_of : str
        ISO date of the data, ``""`` if the file does not say.
    sources : tuple of str
        Names of the files read.
    fictional : bool
        The files say that they are made up, not OpenStreetMap.
    """

    node_id: Int64Array
    lon: FloatArray
    lat: FloatArray
    way_id: Int64Array
    way_name: npt.NDArray[np.object_]
    way_class: npt.NDArray[np.object_]
    way_snappable: BoolArray
    segment_from: Int32Array
    segment_to: Int32Array
    segment_way: Int32Array
    segment_m: FloatArray
    forward_kph: Mapping[str, npt.NDArray[np.float32]]
    backward_kph: Mapping[str, npt.NDArray[np.float32]]
    closed_node: Mapping[str, BoolArray]
    barrier_lines: FloatArray
    skipped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    as_of: str = ""
    sources: tuple[str, ...] = ()
    fictional: bool = False
    barrier_name: TextArray = field(default_factory=_no_texts)
    barrier_kind: TextArray = field(default_factory=_no_texts)
    english: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        _name_barriers(self)
        faults = _lengths(
            nodes={"node_id": self.node_id, "lon": self.lon, "lat": self.lat}
            | {f"closed_node[{mode}]": array for mode, array in self.closed_node.items()},
            ways={
                "way_id": self.way_id,
                "way_name": self.way_name,
                "way_class": self.way_class,
                "way_snappable": self.way_snappable,
            }
            | {f"forward_kph[{mode}]": array for mode, array in self.forward_kph.items()}
            | {f"backward_kph[{mode}]": array for mode, array in self.backward_kph.items()},
            segments={
                "segment_from": self.segment_from,
                "segment_to": self.segment_to,
                "segment_way": self.segment_way,
                "segment_m": self.segment_m,
            },
            barriers={
                "barrier_lines": self.barrier_lines,
                "barrier_name": self.barrier_name,
                "barrier_kind": self.barrier_kind,
            },
        )
        if self.barrier_lines.ndim != 2 or self.barrier_lines.shape[1] != 4:  # noqa: PLR2004
            faults.append(
                Fault("barrier_lines", f"expected (b, 4), got {self.barrier_lines.shape}")
            )
        _refuse(self, faults)


@dataclass(frozen=True)
class Network:
    """The contracted street graph of one mode; junctions in Hilbert order.

    An *edge* is a chain of segments between two junctions ``u`` and ``v`` (it may close on itself).
    Times of a closed direction are ``CLOSED_MS``.

    Attributes
    ----------
    mode : str
        Code of the mode.
    lon, lat : array (n,) of float64
        Junctions.
    component : array (n,) of int32
        Weakly connected component of each junction.
    component_m : array (c,) of float64
        Street length of each component (m).
    out_indptr, out_node, out_ms, out_mm : arrays of int32
        Forward CSR: arcs leaving a junction, with time (ms) and length (mm). Parallel arcs are
        reduced to the fastest, then shortest.
    in_indptr, in_node, in_ms, in_mm : arrays of int32
        The same arcs reversed: for a junction, the junctions from which it is reached.
    edge_u, edge_v : array (e,) of int32
        End junctions.
    edge_indptr : array (e + 1,) of int32
        Segments of each edge, in order from ``u`` to ``v``.
    segment_edge : array (s,) of int32
        The edge of each segment.
    segment_way : array (s,) of int32
        Index into ``Streets`` ways, for names and classes.
    segment_m : array (s,) of float64
        Geodesic length (m).
    segment_forward_ms, segment_backward_ms : array (s,) of int32
        Time along and against the edge, rounded up to 1 ms, at least 1.
    forward_before_ms, backward_before_ms : array (s,) of int32
        Time from ``u`` to the segment's start, and from the segment's start back to ``u``, or
        ``CLOSED_MS``.
    segment_line : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2`` in the direction of the edge.
    segment_snappable : array (s,) of bool
        False where no position may lie (ferries).
    """

    mode: str
    lon: FloatArray
    lat: FloatArray
    component: Int32Array
    component_m: FloatArray
    out_indptr: Int32Array
    out_node: Int32Array
    out_ms: Int32Array
    out_mm: Int32Array
    in_indptr: Int32Array
    in_node: Int32Array
    in_ms: Int32Array
    in_mm: Int32Array
    edge_u: Int32Array
    edge_v: Int32Array
    edge_indptr: Int32Array
    segment_edge: Int32Array
    segment_way: Int32Array
    segment_m: FloatArray
    segment_forward_ms: Int32Array
    segment_backward_ms: Int32Array
    forward_before_ms: Int32Array
    backward_before_ms: Int32Array
    segment_line: FloatArray
    segment_snappable: BoolArray

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        _refuse(
            self,
            _lengths(
                junctions={"lon": self.lon, "lat": self.lat, "component": self.component},
                arcs={"out_node": self.out_node, "out_ms": self.out_ms, "out_mm": self.out_mm},
                arcs_back={"in_node": self.in_node, "in_ms": self.in_ms, "in_mm": self.in_mm},
                edges={"edge_u": self.edge_u, "edge_v": self.edge_v},
                segments={
                    "segment_edge": self.segment_edge,
                    "segment_way": self.segment_way,
                    "segment_m": self.segment_m,
                    "segment_forward_ms": self.segment_forward_ms,
                    "segment_backward_ms": self.segment_backward_ms,
                    "forward_before_ms": self.forward_before_ms,
                    "backward_before_ms": self.backward_before_ms,
                    "segment_line": self.segment_line,
                    "segment_snappable": self.segment_snappable,
                },
            ),
        )


@dataclass(frozen=True)
class Positions:
    """Places snapped to the network of one mode.

    Attributes
    ----------
    segment : array (p,) of int32
        Segment of the network, -1 where ``state`` is not ``ON_NETWORK``.
    fraction : array (p,) of float64
        Where on the segment, 0 at its start.
    access_m : array (p,) of float32
        Length of the walked access leg (m); NaN where there is no street to measure to.
    access_ms : array (p,) of int32
        Time of the access leg.
    state : array (p,) of uint8
        ``ON_NETWORK``, ``OFF_NETWORK`` or ``NO_DATA``.
    """

    segment: Int32Array
    fraction: FloatArray
    access_m: npt.NDArray[np.float32]
    access_ms: Int32Array
    state: ByteArray

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        _refuse(
            self,
            _lengths(
                positions={
                    "segment": self.segment,
                    "fraction": self.fraction,
                    "access_m": self.access_m,
                    "access_ms": self.access_ms,
                    "state": self.state,
                }
            ),
        )

    def __len__(self) -> int:
        """Return the number of positions."""
        return len(self.segment)


@dataclass(frozen=True)
class Cells:
    """The 100 m cells of one mode: what lies within 200 m of a street open to it.

    Attributes
    ----------
    column, row : array (c,) of int32
        Lattice indices; a cell spans ``[column, column + 1) * size_m`` in the dataset's metric CRS.
    region : array (c,) of int32
        Index of the region, -1 outside every region.
    positions : Positions
        The cells' centres, snapped.
    """

    column: Int32Array
    row: Int32Array
    region: Int32Array
    positions: Positions

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        _refuse(
            self,
            _lengths(
                cells={
                    "column": self.column,
                    "row": self.row,
                    "region": self.region,
                    "positions": self.positions,
                }
            ),
        )


@dataclass(frozen=True)
class Pieces:
    """Street pieces of at most 50 m, each judged by its middle: the base of every street length.

    Attributes
    ----------
    length_m : array (q,) of float64
        Length of the piece (m).
    region : array (q,) of int32
        Index of the region, -1 outside every region.
    positions : Positions
        The middles; no access leg.
    """

    length_m: FloatArray
    region: Int32Array
    positions: Positions

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        _refuse(
            self,
            _lengths(
                pieces={
                    "length_m": self.length_m,
                    "region": self.region,
                    "positions": self.positions,
                }
            ),
        )


@dataclass(frozen=True)
class Dataset:
    """Everything known about one place, as one immutable value.

    Attributes
    ----------
    manifest : mapping
        Name, version, dates, sources, attribution, metric CRS, counts.
    networks : mapping of str to Network
        By mode.
    cells : mapping of str to Cells
        By mode.
    pieces : mapping of str to Pieces
        By mode.
    stations : GeoDataFrame
        The columns of the station table, EPSG:4326, sorted by ``id``.
    station_positions : mapping of str to Positions
        By mode.
    regions : GeoDataFrame
        ``id, name, geometry``; empty where none were given.
    people : DataFrame or None
        Published cells: ``layer`` (0, 1, … one a group), ``group``, ``column``, ``row`` (500 m
        lattice), ``cell`` (merged cell), ``homes``, ``workers``. None where no homes were given.
    homes : DataFrame or None
        Private: ``lon, lat, workers, group, kind, region``, and those of
        ``geodata.homes.WAYS`` that the table had; None unless ``private/`` was opened.
    home_positions : mapping of str to Positions
        By mode; empty unless ``private/`` was opened.
    way_name, way_class : array of object
        Names and highway classes of the streets' ways.
    barrier_lines : array (b, 4) of float64
        As in ``Streets``: positions asked later are snapped by the same rule.
    barrier_name, barrier_kind : array (b,) of object
        As in ``Streets``; all ``""`` in a dataset prepared before they were kept.
    premises : GeoDataFrame
        Places that may take a station in (banks, post offices, gates of parks …): ``id, kind, name,
        cost_yuan`` (of turning it into a station, where nobody says), ``lon, lat``, EPSG:4326;
        empty in a dataset prepared before they were kept.
    vocabulary : Vocabulary
        Kinds, needs, facilities, access, statuses and modes.
    basemap : bytes-like or None
        Archive of vector tiles (PMTiles), mapped where it was opened; None where there is none.
    street_english : mapping of str to str
        As ``Streets.english``; empty in a dataset prepared before they were kept.
    """

    manifest: Mapping[str, Any]
    networks: Mapping[str, Network]
    cells: Mapping[str, Cells]
    pieces: Mapping[str, Pieces]
    stations: gpd.GeoDataFrame
    station_positions: Mapping[str, Positions]
    regions: gpd.GeoDataFrame
    people: pd.DataFrame | None
    homes: pd.DataFrame | None
    home_positions: Mapping[str, Positions]
    way_name: npt.NDArray[np.object_]
    way_class: npt.NDArray[np.object_]
    barrier_lines: FloatArray
    vocabulary: "Vocabulary"
    basemap: Archive | None = None
    barrier_name: TextArray = field(default_factory=_no_texts)
    barrier_kind: TextArray = field(default_factory=_no_texts)
    premises: gpd.GeoDataFrame = field(default_factory=no_premises)
    street_english: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Check that the arrays of barriers fit together."""
        _name_barriers(self)
        barriers = {
            name: getattr(self, name) for name in ("barrier_lines", "barrier_name", "barrier_kind")
        }
        _refuse(self, _lengths(barriers=barriers))

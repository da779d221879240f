"""Read the streets of OSM files (PBF, XML) into arrays.

Ways come first, then only the locations of the nodes that they use are kept: memory grows with the
streets, not with the file. Rules are asked once per distinct set of relevant tags.
"""

import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pyproj import Geod

from geodata import english_names, opl
from geodata.barrier_names import BarrierPieces, water_names
from geodata.errors import Fault, FileFormatError, ValidationError
from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array, Streets
from geodata.osm_nodes import NodeTable, read_nodes
from geodata.osm_premises import PremisesReader
from geodata.osm_scenery import SceneryReader
from geodata.osm_tags import MODES, Rules
from geodata.osm_ways import Kind, Ways, read_ways
from geodata.package_data import data_rows
from geodata.scenery import Scenery

#: What ``Streets.skipped`` counts, always all of it.
REASONS = (
    "missing_nodes",
    "split_ways",
    "bad_coordinates",
    "duplicate_nodes",
    "duplicate_ways",
    "short_ways",
    "closed_ways",
    "not_built",
    "unknown_class",
)


def load_rules() -> Rules:
    """Return the tables of highways and of driving that come with the package.

    Returns
    -------
    Rules
        From ``highways``, ``access``, ``barriers`` and ``driving`` in ``geodata/data``.
    """
    return Rules.of(
        {name: data_rows(name) for name in ("highways", "access", "barriers", "driving")}
    )


def read_streets(paths: Sequence[Path | str], *, modes: Sequence[str] = MODES) -> Streets:
    """Read and merge the street segments of OSM files.

    Parameters
    ----------
    paths : sequence of path
        OSM PBF or XML (plain, gzip, bzip2), told apart by content. An id that occurs twice counts
        once; the first one stays.
    modes : sequence of str
        Modes to work out speeds and closed nodes for.

    Returns
    -------
    Streets
        Ways open to at least one of all five modes. A way is split where a node is missing.
        ``skipped`` counts by reason: ``missing_nodes`` (references of streets to nodes that the
        files do not hold), ``split_ways`` (streets with nodes missing or without a valid place),
        ``bad_coordinates`` (nodes in use), ``duplicate_nodes`` (in use), ``duplicate_ways``,
        ``short_ways`` (no two usable nodes in a row), ``closed_ways`` (closed to all modes),
        ``not_built`` (under construction and the like), ``unknown_class``.
        ``as_of`` is the oldest date in the headers, else the newest time stamp of a way.

    Raises
    ------
    FileFormatError
        If a file is missing, empty, cut off, damaged, no OSM file, or if there is no street.
    ValidationError
        If a mode is unknown.
    """
    return _read(paths, modes)


@dataclass(frozen=True)
class Ground:
    """All that OSM files tell.

    Attributes
    ----------
    streets : Streets
        The streets, and the lines that nobody walks across.
    scenery : Scenery
        What a base map shows besides.
    premises : GeoDataFrame
        Places that may take a station in, see `geodata.premises.premises_frame`.
    premises_skipped : mapping of str to int
        Premises left out, by reason.
    """

    streets: Streets
    scenery: Scenery
    premises: gpd.GeoDataFrame
    premises_skipped: Mapping[str, int]


def read_ground(paths: Sequence[Path | str], *, modes: Sequence[str] = MODES) -> Ground:
    """Read all that OSM files tell, in one go.

    Parameters
    ----------
    paths : sequence of path
        As for `read_streets`.
    modes : sequence of str
        As for `read_streets`.

    Returns
    -------
    Ground
        The same streets as `read_streets` returns.

    Raises
    ------
    FileFormatError
        As `read_streets` raises it.
    ValidationError
        If a mode is unknown.
    """
    scenery, premises = SceneryReader(), PremisesReader()
    streets = _read(paths, modes, (scenery, premises))
    frame = premises.frame(streets)
    return Ground(streets, scenery.scenery, frame, MappingProxyType(dict(premises.skipped)))


_Reader = SceneryReader | PremisesReader


def _read(
    paths: Sequence[Path | str], modes: Sequence[str], readers: Sequence[_Reader] = ()
) -> Streets:
    """Read the streets; fill the readers of all else on the way."""
    _check_modes(modes)
    rules, skipped = load_rules(), Counter(dict.fromkeys(REASONS, 0))
    names = [Path(path) for path in paths]
    with tempfile.TemporaryDirectory(prefix="streets-") as folder:
        sources = [opl.open_source(path, Path(folder)) for path in names]
        facts = [opl.header_facts(source) for source in sources]
        ways, kinds, english = read_ways(sources, rules, skipped, readers)
        nodes = NodeTable(np.unique(ways.ref), modes, rules)
        wanted = np.concatenate([np.zeros(0, np.int64), *(reader.needed() for reader in readers)])
        seen = NodeTable(np.unique(wanted), (), rules)
        read_nodes(sources, nodes, seen, also=[reader.add_nodes for reader in readers])
        for reader in readers:
            reader.build(seen)
    streets = _assemble(ways, kinds, nodes, skipped)
    title = ", ".join(path.name for path in names) or "no file"
    if len(streets.segment_m) == 0:
        raise FileFormatError(f"{title}: expected streets (ways tagged highway=*), found none")
    return replace(
        streets,
        as_of=min((date for date, _ in facts if date), default=ways.newest[:10]),
        fictional=all("fictional" in generator for _, generator in facts),
        skipped=MappingProxyType(dict(skipped)),
        sources=tuple(path.name for path in names),
        english=MappingProxyType(english_names.of_streets(english, streets.way_name)),
    )


def _check_modes(modes: Sequence[str]) -> None:
    """Refuse modes that no table knows."""
    known = ", ".join(MODES)
    faults = [Fault("modes", f"expected {known}, got {m!r}") for m in modes if m not in MODES]
    if faults:
        raise ValidationError.of(faults)


@dataclass(frozen=True)
class _Pairs:
    """Pairs of consecutive usable nodes: places in the node table, and the way of each."""

    start: Int64Array
    end: Int64Array
    way: Int64Array

    def of(self, mask: BoolArray) -> "_Pairs":
        """Return the pairs of the ways where the mask is set."""
        chosen = mask[self.way]
        return _Pairs(self.start[chosen], self.end[chosen], self.way[chosen])


def _pairs(ways: Ways, nodes: NodeTable, street: BoolArray, skipped: Counter[str]) -> _Pairs:
    """Return the pairs of consecutive nodes that have a location."""
    place = np.searchsorted(nodes.id, ways.ref)
    way = np.repeat(np.arange(len(ways.id)), ways.count)
    usable = ~np.isnan(nodes.lon[place])
    skipped["missing_nodes"] += int((street[way] & ~nodes.seen[place]).sum())
    skipped["split_ways"] += len(np.unique(way[street[way] & ~usable]))
    joined = usable[:-1] & usable[1:] & (way[:-1] == way[1:]) & (place[:-1] != place[1:])
    return _Pairs(place[:-1][joined], place[1:][joined], way[:-1][joined])


def _assemble(
    ways: Ways, kinds: Sequence[Kind], nodes: NodeTable, skipped: Counter[str]
) -> Streets:
    """Return the streets of ways and nodes."""
    street = np.array([kind.street for kind in kinds])[ways.kind]
    line = np.array([kind.line for kind in kinds])[ways.kind]
    pairs = _pairs(ways, nodes, street, skipped)
    lines, pairs = pairs.of(line), pairs.of(street)
    way, segment_way = np.unique(pairs.way, return_inverse=True)
    skipped["short_ways"] += int(street.sum()) - len(way)
    skipped["duplicate_nodes"] += nodes.duplicates
    skipped["bad_coordinates"] += nodes.bad
    node, ends = np.unique(np.concatenate([pairs.start, pairs.end]), return_inverse=True)
    lon, lat = nodes.lon, nodes.lat
    metres = _metres(lon[pairs.start], lat[pairs.start], lon[pairs.end], lat[pairs.end])
    kind = ways.kind[way]
    length_m = np.bincount(segment_way, metres, len(way)).astype(np.float64)
    forward, backward = _speeds(kinds, kind, length_m, nodes.closed)
    barriers = _barriers(ways, kinds, lines, nodes)
    return Streets(
        node_id=nodes.id[node],
        lon=lon[node],
        lat=lat[node],
        way_id=ways.id[way],
        way_name=ways.name[way],
        way_class=np.array([k.name for k in kinds], object)[kind],
        way_snappable=np.array([k.name != "ferry" for k in kinds])[kind],
        segment_from=ends[: len(metres)].astype(np.int32),
        segment_to=ends[len(metres) :].astype(np.int32),
        segment_way=segment_way.astype(np.int32),
        segment_m=metres,
        forward_kph=forward,
        backward_kph=backward,
        closed_node={mode: closed[node] for mode, closed in nodes.closed.items()},
        barrier_lines=barriers.line,
        barrier_name=water_names(barriers),
        barrier_kind=barriers.kind,
    )


def _barriers(ways: Ways, kinds: Sequence[Kind], lines: _Pairs, nodes: NodeTable) -> BarrierPieces:
    """Return the pieces that nobody walks across, named as tagged."""
    kind = ways.kind[lines.way]
    ends = [axis[end] for end in (lines.start, lines.end) for axis in (nodes.lon, nodes.lat)]
    return BarrierPieces(
        line=np.column_stack(ends),
        name=ways.name[lines.way],
        kind=np.array([k.barrier for k in kinds], object)[kind],
        flows=np.array([k.flows for k in kinds])[kind],
        area=ways.area[lines.way],
    )


def _metres(lon: FloatArray, lat: FloatArray, lon2: FloatArray, lat2: FloatArray) -> FloatArray:
    """Return geodesic lengths on WGS-84 (m)."""
    return np.asarray(Geod(ellps="WGS84").inv(lon, lat, lon2, lat2)[2], np.float64)


_SpeedTable = dict[str, npt.NDArray[np.float32]]


def _speeds(
    kinds: Sequence[Kind], kind: Int32Array, length_m: FloatArray, modes: Iterable[str]
) -> tuple[_SpeedTable, _SpeedTable]:
    """Return the speeds of ways along and against; a ferry's from its duration."""
    hours = np.array([k.hours if k.name == "ferry" else math.nan for k in kinds])[kind]
    crossing = length_m / 1000 / hours
    tables = []
    for side in (0, 1):
        table = {}
        for mode in modes:
            kph = np.array([k.speeds.get(mode, (0.0, 0.0))[side] for k in kinds])[kind]
            timed = (kph > 0) & np.isfinite(crossing)
            table[mode] = np.where(timed, crossing, kph).astype(np.float32)
        tables.append(table)
    return tables[0], tables[1]

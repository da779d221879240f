"""Read the streets of OSM files (PBF, XML) into arrays.

Ways come first, then only the locations of the nodes that they use are kept: memory grows with the
streets, not with the file. Rules are asked once per distinct set of relevant tags.
"""

import csv
import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import osmium
import pyarrow as pa
import pyarrow.compute as pc
from osmium.filter import IdFilter, KeyFilter, TagFilter
from osmium.osm import NODE, RELATION, WAY
from pyproj import Geod

from geodata import opl, osm_tags
from geodata.errors import FileFormatError
from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array, Streets
from geodata.osm_tags import MODES, Rules

_WAY_KEYS = ("highway", "route", "railway", "waterway", "natural", "landuse")
_WATER_TAGS = (
    ("natural", "water"),
    ("natural", "coastline"),
    ("waterway", "riverbank"),
    ("waterway", "dock"),
    ("landuse", "reservoir"),
)
_NAMES = ("name", "name:zh", "ref")
_NOT_BUILT = frozenset("construction proposed planned abandoned disused razed demolished no".split())


@dataclass(frozen=True)
class _Kind:
    """What the tags of a way make of it."""

    name: str
    speeds: osm_tags.Speeds
    hours: float
    line: bool
    left_out: str

    @property
    def street(self) -> bool:
        """Return whether any mode may use it."""
        return any(speed > 0 for both in self.speeds.values() for speed in both)


_OUTLINE = _Kind("", {}, math.nan, line=True, left_out="")


@dataclass(frozen=True)
class _Ways:
    """Streets and barrier lines with their node references; ``kind`` indexes a list of kinds."""

    id: Int64Array
    kind: Int32Array
    name: npt.NDArray[np.object_]
    count: Int64Array
    ref: Int64Array
    newest: str = ""

    def pick(self, mask: BoolArray) -> "_Ways":
        """Return the ways where the mask is set."""
        ref = self.ref[np.repeat(mask, self.count)]
        return _Ways(
            self.id[mask], self.kind[mask], self.name[mask], self.count[mask], ref, self.newest
        )


def load_rules() -> Rules:
    """Return the tables of highways and of driving that come with the package.

    Returns
    -------
    Rules
        From ``geodata/data/highways.csv`` and ``geodata/data/driving.csv``.
    """
    folder = resources.files("geodata") / "data"
    tables = []
    for name in ("highways.csv", "driving.csv"):
        with (folder / name).open(encoding="utf-8") as file:
            tables.append(list(csv.DictReader(file)))
    return Rules.of(*tables)


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
        ``skipped`` counts by reason: ``missing_nodes`` (references to nodes that the files do not
        hold), ``split_ways`` (ways that have such), ``bad_coordinates`` (nodes), ``duplicate_nodes``
        (among those used), ``duplicate_ways``, ``short_ways`` (no two usable nodes in a row),
        ``closed_ways`` (closed to all modes), ``not_built``, ``unknown_class``.
        ``as_of`` is what the headers say, else the newest time stamp of a street.

    Raises
    ------
    FileFormatError
        If a file is missing, empty, cut off, damaged, no OSM file, or if there is no street.
    """
    rules, skipped = load_rules(), Counter[str]()
    names = [Path(path) for path in paths]
    with tempfile.TemporaryDirectory(prefix="streets-") as folder:
        sources = [opl.open_source(path, Path(folder)) for path in names]
        as_of = max((opl.header_date(source) for source in sources), default="")
        ways, kinds = _read_ways(sources, rules, skipped)
        nodes = _read_nodes(sources, np.unique(ways.ref), modes)
    streets = _assemble(ways, kinds, nodes, skipped)
    title = ", ".join(path.name for path in names) or "no file"
    if len(streets.segment_m) == 0:
        raise FileFormatError(f"{title}: expected streets (ways tagged highway=*), found none")
    return replace(
        streets,
        as_of=as_of or ways.newest[:10],
        skipped=dict(sorted(skipped.items())),
        sources=tuple(path.name for path in names),
    )


class _Judge:
    """Judges each distinct set of relevant tags once; kind 0 is the outline of water."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._codes: dict[tuple[tuple[str, str], ...], int] = {}
        self.kinds = [_OUTLINE]

    def code(self, text: str) -> tuple[int, str]:
        """Return the number of the kind and the name of a way from its tags as text."""
        tags = opl.tags(text)
        name = next((tags[key] for key in _NAMES if tags.get(key)), "")
        relevant = tuple(sorted((k, v) for k, v in tags.items() if k in osm_tags.WAY_KEYS))
        code = self._codes.setdefault(relevant, len(self.kinds))
        if code == len(self.kinds):
            self.kinds.append(self._kind(dict(relevant)))
        return code, name

    def _kind(self, tags: dict[str, str]) -> _Kind:
        """Return what the tags make of a way."""
        name = osm_tags.way_class(tags, self._rules)
        left_out = "closed_ways" if name else "unknown_class" if "highway" in tags else ""
        return _Kind(
            name,
            osm_tags.way_speeds(tags, self._rules),
            osm_tags.parse_hours(tags.get("duration", "")),
            osm_tags.is_barrier_line(tags),
            "not_built" if tags.get("highway") in _NOT_BUILT else left_out,
        )


def _read_ways(
    sources: Sequence[opl.Source], rules: Rules, skipped: Counter[str]
) -> tuple[_Ways, list[_Kind]]:
    """Return the streets and barrier lines of all files, each id once, and their kinds."""
    judge, parts, outlines = _Judge(rules), [], []
    wanted = KeyFilter(*_WAY_KEYS)
    for source in sources:
        text = opl.dump(source, WAY, wanted)
        with opl.sentences(source.path):
            parts += [_judged(b, judge, skipped) for b in opl.batches(text, opl.WAY_COLUMNS)]
        outlines += _outlines(source)
    once = _once(_together(parts))
    skipped["duplicate_ways"] += sum(len(part.id) for part in parts) - len(once.id)
    return _together([once, _once(_together(outlines))]), judge.kinds


def _judged(batch: pa.RecordBatch, judge: _Judge, skipped: Counter[str]) -> _Ways:
    """Return the streets and barrier lines of a block of ways."""
    tags = batch["tags"].dictionary_encode()
    judged = [judge.code(text) for text in tags.dictionary.to_pylist()]
    which = np.asarray(tags.indices)
    code = np.array([code for code, _ in judged], np.int32)[which]
    name = np.array([name for _, name in judged], object)[which]
    left_out = np.array([kind.left_out for kind in judge.kinds], object)
    useful = np.array([kind.street or kind.line for kind in judge.kinds])[code]
    skipped.update(reason for reason in left_out[code[~useful]] if reason)
    kept = batch.filter(pa.array(useful))
    count, ref = opl.references(kept["refs"])
    newest = str(pc.max(kept["time"]))[1:] if len(kept) else ""
    return _Ways(opl.ids(kept["id"]), code[useful], name[useful], count, ref, newest)


def _outlines(source: opl.Source) -> list[_Ways]:
    """Return the ways that outline the multipolygons of water."""
    water = TagFilter(*_WATER_TAGS)
    with opl.sentences(source.path):
        members = {
            member.ref
            for relation in osmium.FileProcessor(source.file, RELATION).with_filter(water)
            for member in relation.members
            if member.type == "w" and member.ref > 0
        }
    if not members:
        return []
    text = opl.dump(source, WAY, IdFilter(sorted(members)))
    with opl.sentences(source.path):
        return [_outline(batch) for batch in opl.batches(text, opl.WAY_COLUMNS)]


def _outline(batch: pa.RecordBatch) -> _Ways:
    """Return a block of ways as outlines of water."""
    count, ref = opl.references(batch["refs"])
    rows = len(batch)
    return _Ways(
        opl.ids(batch["id"]), np.zeros(rows, np.int32), np.full(rows, "", object), count, ref
    )


def _together(parts: Sequence[_Ways]) -> _Ways:
    """Return the ways of all parts in order."""
    none = np.zeros(0, np.int64)
    return _Ways(
        np.concatenate([none, *(part.id for part in parts)]),
        np.concatenate([none, *(part.kind for part in parts)]).astype(np.int32),
        np.concatenate([none.astype(object), *(part.name for part in parts)]),
        np.concatenate([none, *(part.count for part in parts)]),
        np.concatenate([none, *(part.ref for part in parts)]),
        max((part.newest for part in parts), default=""),
    )


def _once(ways: _Ways) -> _Ways:
    """Return the ways with each id once, the first one."""
    first = np.zeros(len(ways.id), bool)
    first[np.unique(ways.id, return_index=True)[1]] = True
    return ways.pick(first)


class _NodeTable:
    """Gathers the locations of needed nodes; the first of two with one id stays."""

    def __init__(self, needed: Int64Array, modes: Sequence[str]) -> None:
        self.id = needed
        self.lon = np.full(len(needed), math.nan)
        self.lat = np.full(len(needed), math.nan)
        self.seen = np.zeros(len(needed), bool)
        self.closed = {mode: np.zeros(len(needed), bool) for mode in modes}
        self.duplicates = self.bad = 0

    def add_file(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Take in the nodes of one file."""
        here = np.zeros(len(self.id), bool)
        for batch in batches if len(self.id) else ():
            place, row = self._wanted(opl.ids(batch["id"]))
            place, first = np.unique(place, return_index=True)
            fresh = ~here[place]
            self.duplicates += len(row) - int(fresh.sum())
            here[place] = True
            fresh &= ~self.seen[place]
            self._fill(place[fresh], batch.take(pa.array(row[first][fresh])))

    def _wanted(self, found: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Return the places of needed nodes in the table, and their rows."""
        place = np.searchsorted(self.id, found).clip(max=len(self.id) - 1)
        row = np.flatnonzero(self.id[place] == found)
        return place[row], row

    def _fill(self, place: Int64Array, batch: pa.RecordBatch) -> None:
        """Write locations and barriers of nodes that are new."""
        lon, lat = opl.degrees(batch["lon"]), opl.degrees(batch["lat"])
        good = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)  # noqa: PLR2004 (degrees)
        self.bad += int((~good).sum())
        self.seen[place] = True
        self.lon[place[good]], self.lat[place[good]] = lon[good], lat[good]
        for row in np.flatnonzero(np.asarray(pc.match_substring(batch["tags"], "barrier="))):
            for mode in osm_tags.node_closed(opl.tags(batch["tags"][int(row)].as_py())):
                if mode in self.closed:
                    self.closed[mode][place[row]] = True


def _read_nodes(
    sources: Sequence[opl.Source], needed: Int64Array, modes: Sequence[str]
) -> _NodeTable:
    """Return the locations of the needed nodes, and the modes that cannot pass them."""
    table = _NodeTable(needed, modes)
    for source in sources:
        text = opl.dump(source, NODE)
        with opl.sentences(source.path):
            table.add_file(opl.batches(text, opl.NODE_COLUMNS))
    return table


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


def _pairs(ways: _Ways, nodes: _NodeTable, skipped: Counter[str]) -> _Pairs:
    """Return the pairs of consecutive nodes that have a location."""
    place = np.searchsorted(nodes.id, ways.ref)
    way = np.repeat(np.arange(len(ways.id)), ways.count)
    usable = ~np.isnan(nodes.lon[place])
    skipped["missing_nodes"] += int((~nodes.seen[place]).sum())
    skipped["split_ways"] += len(np.unique(way[~usable]))
    joined = usable[:-1] & usable[1:] & (way[:-1] == way[1:]) & (place[:-1] != place[1:])
    return _Pairs(place[:-1][joined], place[1:][joined], way[:-1][joined])


def _assemble(
    ways: _Ways,
    kinds: Sequence[_Kind],
    nodes: _NodeTable,
    skipped: Counter[str],
) -> Streets:
    """Return the streets of ways and nodes."""
    street = np.array([kind.street for kind in kinds])[ways.kind]
    line = np.array([kind.line for kind in kinds])[ways.kind]
    pairs = _pairs(ways, nodes, skipped)
    lines, pairs = pairs.of(line), pairs.of(street)
    way, segment_way = np.unique(pairs.way, return_inverse=True)
    skipped["short_ways"] += int(street.sum()) - len(way)
    skipped["duplicate_nodes"] += nodes.duplicates
    skipped["bad_coordinates"] += nodes.bad
    node, ends = np.unique(np.concatenate([pairs.start, pairs.end]), return_inverse=True)
    lon, lat = nodes.lon, nodes.lat
    metres = np.asarray(
        Geod(ellps="WGS84").inv(lon[pairs.start], lat[pairs.start], lon[pairs.end], lat[pairs.end])[
            2
        ]
    )
    kind = ways.kind[way]
    forward, backward = _speeds(kinds, kind, np.bincount(segment_way, metres, len(way)), nodes.closed)
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
        barrier_lines=np.column_stack(
            [lon[lines.start], lat[lines.start], lon[lines.end], lat[lines.end]]
        ),
    )


_SpeedTable = dict[str, npt.NDArray[np.float32]]


def _speeds(
    kinds: Sequence[_Kind], kind: Int32Array, length_m: FloatArray, modes: Iterable[str]
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

"""Ways of OSM files as arrays: streets and the lines that nobody walks across.

Rules are asked once per distinct set of relevant tags; all else is whole arrays.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from osmium.filter import IdFilter, KeyFilter, TagFilter
from osmium.osm import RELATION, WAY

from geodata import english_names, opl, osm_barriers, osm_tags, osm_units
from geodata.model import BoolArray, Int32Array, Int64Array
from geodata.osm_listener import Listener
from geodata.osm_tags import Rules

_WAY_KEYS = (
    *("highway", "route", "railway", "public_transport", "man_made"),
    *("waterway", "natural", "landuse"),
)
_WATER_TAGS = (
    ("natural", "water"),
    ("natural", "coastline"),
    ("waterway", "riverbank"),
    ("waterway", "dock"),
    ("landuse", "reservoir"),
)
_NAMES = ("name", "name:zh", "ref")
_NONE = np.zeros(0, np.int64)
_NOT_BUILT = frozenset(
    {"construction", "proposed", "planned", "abandoned", "disused", "razed", "demolished", "no"}
)


@dataclass(frozen=True)
class Kind:
    """What the tags of a way make of it.

    Attributes
    ----------
    name : str
        Class of the street, ``""`` if it is none.
    speeds : dict of str to (float, float)
        Speed along and against per mode (km/h).
    hours : float
        Duration of a ferry, NaN where it is not tagged.
    barrier : str
        ``water``, ``railway`` or ``motorway`` where nobody walks across, else ``""``.
    flows : bool
        Whether it is the middle of a river or canal.
    left_out : str
        Reason to count it under when it is neither street nor line; ``""`` for none.
    """

    name: str
    speeds: osm_tags.Speeds
    hours: float
    barrier: str
    flows: bool
    left_out: str

    @property
    def street(self) -> bool:
        """Return whether any mode may use it."""
        return any(speed > 0 for both in self.speeds.values() for speed in both)

    @property
    def line(self) -> bool:
        """Return whether nobody walks across."""
        return bool(self.barrier)


_OUTLINE = Kind("", {}, math.nan, barrier="water", flows=False, left_out="")


@dataclass(frozen=True)
class Ways:
    """Streets and barrier lines with their node references.

    Attributes
    ----------
    id, kind, name, count : array (w,)
        OSM ids, index into a list of kinds, names (``""`` for none), number of references.
    ref : array (r,) of int64
        Node ids of all ways, one way after the other.
    area : array (w,) of int64
        What each belongs to: the way itself, or minus the relation whose outline it is.
    newest : str
        Latest time stamp (ISO), ``""`` where there is none.
    """

    id: Int64Array
    kind: Int32Array
    name: npt.NDArray[np.object_]
    count: Int64Array
    ref: Int64Array
    area: Int64Array
    newest: str = ""

    def pick(self, mask: BoolArray) -> "Ways":
        """Return the ways where the mask is set.

        Parameters
        ----------
        mask : array (w,) of bool
            Which to keep.

        Returns
        -------
        Ways
            Those, in order.
        """
        ref = self.ref[np.repeat(mask, self.count)]
        return Ways(
            *(self.id[mask], self.kind[mask], self.name[mask], self.count[mask], ref),
            *(self.area[mask], self.newest),
        )


class _Judge:
    """Judges each distinct set of relevant tags once; kind 0 is the outline of water."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._codes: dict[tuple[tuple[str, str], ...], int] = {}
        self.kinds = [_OUTLINE]
        self.english: Counter[tuple[str, str]] = Counter()

    def code(self, text: str) -> tuple[int, str, str]:
        """Return the number of the kind and both names of a way from its tags as text."""
        tags = opl.tags(text)
        name = _name(tags)
        relevant = tuple(sorted((k, v) for k, v in tags.items() if k in osm_tags.WAY_KEYS))
        code = self._codes.setdefault(relevant, len(self.kinds))
        if code == len(self.kinds):
            self.kinds.append(self._kind(dict(relevant)))
        return code, name, tags.get("name:en", "")

    def _kind(self, tags: dict[str, str]) -> Kind:
        """Return what the tags make of a way."""
        name = osm_tags.way_class(tags, self._rules)
        left_out = "closed_ways" if name else "unknown_class" if "highway" in tags else ""
        return Kind(
            name,
            osm_tags.way_speeds(tags, self._rules),
            osm_units.hours(tags.get("duration", "")),
            osm_barriers.barrier_kind(tags),
            osm_barriers.flows(tags),
            "not_built" if tags.get("highway") in _NOT_BUILT else left_out,
        )


def _name(tags: dict[str, str]) -> str:
    """Return the name that tags give, else the number, else ``""``."""
    return next((tags[key] for key in _NAMES if tags.get(key)), "")


def read_ways(
    sources: Sequence[opl.Source],
    rules: Rules,
    skipped: Counter[str],
    listeners: Sequence[Listener] = (),
) -> tuple[Ways, list[Kind], Mapping[str, str]]:
    """Return the streets and barrier lines of all files.

    Parameters
    ----------
    sources : sequence of Source
        OSM files.
    rules : Rules
        What tags mean.
    skipped : Counter
        Counts what is left out, by reason.
    listeners : sequence of Listener
        Given all else that they ask for, so that the file need not be read once more.

    Returns
    -------
    (Ways, list of Kind, mapping of str to str)
        Each id once (the first one), the kinds that ``Ways.kind`` points to, and the English names
        by name. An outline of a water multipolygon is a line of its own beside what the way itself
        is.

    Raises
    ------
    FileFormatError
        If a file is damaged.
    """
    judge, parts, outlines = _Judge(rules), [], []
    wanted = KeyFilter(*_WAY_KEYS, *(key for listener in listeners for key in listener.keys))
    for source in sources:
        text = opl.dump(source, WAY, wanted)
        with opl.sentences(source.path):
            for batch in opl.batches(text, opl.WAY_COLUMNS):
                parts.append(_judged(batch, judge, skipped))
                for listener in listeners:
                    listener.add_ways(batch)
        outlines += _outlines(source, listeners)
    once = _once(_together(parts))
    skipped["duplicate_ways"] += sum(len(part.id) for part in parts) - len(once.id)
    english = english_names.most_used(judge.english)
    return _together([once, _once(_together(outlines))]), judge.kinds, english


def _judged(batch: pa.RecordBatch, judge: _Judge, skipped: Counter[str]) -> Ways:
    """Return the streets and barrier lines of a block of ways."""
    tags = batch["tags"].dictionary_encode()
    judged = [judge.code(text) for text in tags.dictionary.to_pylist()]
    which = np.asarray(tags.indices)
    code = np.array([code for code, _, _ in judged], np.int32)[which]
    name = np.array([name for _, name, _ in judged], object)[which]
    left_out = np.array([kind.left_out for kind in judge.kinds], object)
    useful = np.array([kind.street or kind.line for kind in judge.kinds])[code]
    skipped.update(reason for reason in left_out[code[~useful]] if reason)
    uses = np.bincount(which[useful], minlength=len(judged)).tolist()
    for (_, local, english), ways in zip(judged, uses, strict=True):
        if english and ways:
            judge.english[local, english] += ways
    kept = batch.filter(pa.array(useful))
    count, ref = opl.references(kept["refs"])
    newest = str(pc.max(kept["time"]))[1:] if len(kept) else ""
    numbers = opl.ids(kept["id"])
    return Ways(numbers, code[useful], name[useful], count, ref, numbers, newest)


def _outlines(source: opl.Source, listeners: Sequence[Listener]) -> list[Ways]:
    """Return the ways that outline the multipolygons of water; hand on those of the listeners."""
    tags = [tag for listener in listeners for tag in listener.tags]
    text = opl.dump(source, RELATION, TagFilter(*_WATER_TAGS, *tags))
    waters, more = [_Waters(_NONE, _NONE, _NONE.astype(object))], [_NONE for _ in listeners]
    with opl.sentences(source.path):
        for block in opl.batches(text, opl.RELATION_COLUMNS):
            waters.append(_Waters.of(block))
            found = [listener.add_relations(block) for listener in listeners]
            more = [np.union1d(old, new) for old, new in zip(more, found, strict=True)]
    water = _Waters.together(waters)
    wanted = np.unique(np.concatenate([water.way, *more]))
    if not len(wanted):
        return []
    return _members(source, wanted, water, list(zip(listeners, more, strict=True)))


def _members(
    source: opl.Source,
    wanted: Int64Array,
    water: "_Waters",
    listeners: Sequence[tuple[Listener, Int64Array]],
) -> list[Ways]:
    """Return the outlines of water among the ways of relations; hand on those of the listeners."""
    text = opl.dump(source, WAY, IdFilter(wanted.tolist()))
    found = []
    with opl.sentences(source.path):
        for batch in opl.batches(text, opl.WAY_COLUMNS):
            numbers = opl.ids(batch["id"])
            found.append(water.outline(batch.filter(pa.array(np.isin(numbers, water.way)))))
            for listener, mine in listeners:
                listener.add_members(batch.filter(pa.array(np.isin(numbers, mine))))
    return found


@dataclass(frozen=True)
class _Waters:
    """The ways of multipolygons of water, with the number and the name of the multipolygon."""

    way: Int64Array
    relation: Int64Array
    name: npt.NDArray[np.object_]

    @classmethod
    def of(cls, block: pa.RecordBatch) -> "_Waters":
        """Return those of a block of relations."""
        about = [opl.tags(text) for text in block["tags"].to_pylist()]
        water = [osm_barriers.is_water(tags) for tags in about]
        wet = block.filter(pa.array(water, pa.bool_()))
        names = np.array([_name(tags) for tags, is_wet in zip(about, water, strict=True) if is_wet])
        held = opl.count_member_ways(wet["members"])
        return cls(
            opl.member_ways(wet["members"]),
            np.repeat(opl.ids(wet["id"]), held),
            np.repeat(names.astype(object), held),
        )

    @classmethod
    def together(cls, parts: Sequence["_Waters"]) -> "_Waters":
        """Return all, each way once, ascending; of the first that has it."""
        way = np.concatenate([part.way for part in parts])
        once, first = np.unique(way, return_index=True)
        relation = np.concatenate([part.relation for part in parts])[first]
        return cls(once, relation, np.concatenate([part.name for part in parts])[first])

    def outline(self, batch: pa.RecordBatch) -> Ways:
        """Return a block of ways as outlines of water."""
        count, ref = opl.references(batch["refs"])
        numbers = opl.ids(batch["id"])
        at = np.searchsorted(self.way, numbers)
        kind = np.zeros(len(batch), np.int32)
        return Ways(numbers, kind, self.name[at], count, ref, -self.relation[at])


def _together(parts: Sequence[Ways]) -> Ways:
    """Return the ways of all parts in order."""
    none = np.zeros(0, np.int64)
    return Ways(
        np.concatenate([none, *(part.id for part in parts)]),
        np.concatenate([none, *(part.kind for part in parts)]).astype(np.int32),
        np.concatenate([none.astype(object), *(part.name for part in parts)]),
        np.concatenate([none, *(part.count for part in parts)]),
        np.concatenate([none, *(part.ref for part in parts)]),
        np.concatenate([none, *(part.area for part in parts)]),
        max((part.newest for part in parts), default=""),
    )


def _once(ways: Ways) -> Ways:
    """Return the ways with each id once, the first one."""
    first = np.zeros(len(ways.id), bool)
    first[np.unique(ways.id, return_index=True)[1]] = True
    return ways.pick(first)

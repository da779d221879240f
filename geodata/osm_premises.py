"""Host premises out of the blocks of OSM files that `geodata.osm` reads anyway.

Points and areas (one point within each). A park is no room: its gates are, the entrances mapped on
its outline, or where there is none the point of a street that lies nearest to the outline.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geodata import opl
from geodata.model import BoolArray, Int64Array, Streets, no_premises
from geodata.osm_nodes import NodeTable
from geodata.osm_shapes import CORNERS, built_area, chains, line_through, objects
from geodata.package_data import data_rows
from geodata.premises import (
    PARK_GATE,
    PremisesRules,
    host_name,
    is_gate,
    premises_frame,
)
from geodata.street_points import street_points

#: Reasons that are counted, always all of them.
REASONS = ("missing_nodes", "broken_areas", "bad_coordinates", "parks_without_street")

_ENTRANCE = r"[T,](?:entrance|barrier)="

_Place = tuple[float, float]


@dataclass(frozen=True)
class _Area:
    """An area that is premises: its code, its outline's nodes, its shape (None if it has none)."""

    code: str
    kind: str
    name: str
    chain: Int64Array
    shape: shapely.Geometry | None


class PremisesReader:
    """Gathers host premises; of two objects with one id the first one stays.

    Attributes
    ----------
    rules : PremisesRules
        What host premises are.
    skipped : Counter
        What was left out, by reason.
    """

    def __init__(self) -> None:
        self.rules = PremisesRules(data_rows("premises"))
        self.skipped = Counter(dict.fromkeys(REASONS, 0))
        self._points: dict[int, tuple[str, str, _Place]] = {}
        self._ways: dict[int, tuple[str, str, Int64Array]] = {}
        self._areas: dict[int, tuple[str, str, list[int]]] = {}
        self._members: dict[int, Int64Array] = {}
        self._gates: dict[int, tuple[str, _Place]] = {}
        self._rows: list[tuple[str, str, str, _Place]] = []
        self._parks: list[_Area] = []
        tags = "|".join(f"{key}={value}" for key, value in self.rules.tags)
        self._worth_a_look = rf"[T,](?:{tags})(?:,|$)"

    @property
    def keys(self) -> list[str]:
        """Return the keys of the ways to be handed on."""
        return sorted({key for key, _ in self.rules.tags})

    @property
    def tags(self) -> Sequence[tuple[str, str]]:
        """Return the tags of the relations to be handed on."""
        return self.rules.tags

    # --------------------------------------------------------------------------------- gathering

    def add_ways(self, batch: pa.RecordBatch) -> None:
        """Take in a block of ways.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.WAY_COLUMNS`.
        """
        batch, kinds, names = self._hosts(batch)
        numbers = opl.ids(batch["id"]).tolist()
        found = zip(kinds, names, chains(batch), strict=True)
        for number, way in zip(numbers, found, strict=True):
            self._ways.setdefault(number, way)

    def add_relations(self, batch: pa.RecordBatch) -> Int64Array:
        """Take in a block of relations.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.RELATION_COLUMNS`.

        Returns
        -------
        array of int64
            Ids of the ways to be handed to `add_members`.
        """
        batch, kinds, names = self._hosts(batch, "type=multipolygon")
        found: list[int] = []
        for row, number in enumerate(opl.ids(batch["id"]).tolist()):
            members = opl.member_ways(batch["members"][row : row + 1]).tolist()
            if number not in self._areas:
                self._areas[number] = kinds[row], names[row], members
                found += members
        return np.array(found, np.int64)

    def add_members(self, batch: pa.RecordBatch) -> None:
        """Take in a block of ways that relations hold.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.WAY_COLUMNS`.
        """
        for number, nodes in zip(opl.ids(batch["id"]).tolist(), chains(batch), strict=True):
            self._members.setdefault(number, nodes)

    def add_nodes(self, batch: pa.RecordBatch) -> None:
        """Take in the premises and the gates of parks among a block of nodes, after all ways.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.NODE_COLUMNS`.
        """
        hosts, kinds, names = self._hosts(batch)
        good, places = _places(hosts)
        rows = zip(opl.ids(hosts["id"]).tolist(), good.tolist(), kinds, names, places, strict=True)
        for number, is_good, kind, name, place in rows:
            if is_good and kind != PARK_GATE:
                self._points.setdefault(number, (kind, name, place))
            elif not is_good:
                self.skipped["bad_coordinates"] += 1
        doors = batch.filter(pc.match_substring_regex(batch["tags"], _ENTRANCE))
        doors = doors.filter(pa.array(np.isin(opl.ids(doors["id"]), self._park_nodes())))
        good, places = _places(doors)
        texts = zip(opl.ids(doors["id"]).tolist(), doors["tags"].to_pylist(), places, strict=True)
        for row, (number, text, place) in enumerate(texts):
            tags = opl.tags(text)
            if good[row] and is_gate(tags):
                self._gates.setdefault(number, (host_name(tags), place))

    def needed(self) -> Int64Array:
        """Return the nodes that areas need.

        Returns
        -------
        array of int64
            Ids, ascending.
        """
        found = [*(nodes for _, _, nodes in self._ways.values()), *self._members.values()]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))

    def _hosts(
        self, batch: pa.RecordBatch, also: str = ""
    ) -> tuple[pa.RecordBatch, list[str], list[str]]:
        """Return the rows that are premises, their kinds and their names."""
        batch = batch.filter(pc.match_substring_regex(batch["tags"], self._worth_a_look))
        if also:
            batch = batch.filter(pc.match_substring(batch["tags"], also))
        about = [opl.tags(text) for text in batch["tags"].to_pylist()]
        kinds = [self.rules.of(tags) for tags in about]
        batch = batch.filter(pa.array([bool(kind) for kind in kinds], pa.bool_()))
        names = [host_name(tags) for tags, kind in zip(about, kinds, strict=True) if kind]
        return batch, [kind for kind in kinds if kind], names

    def _park_nodes(self) -> Int64Array:
        """Return the nodes on the outlines of parks."""
        rims = [nodes for kind, _, nodes in self._ways.values() if kind == PARK_GATE]
        rims += [self._members[way] for way in self._park_members() if way in self._members]
        return np.concatenate([np.zeros(0, np.int64), *rims])

    def _park_members(self) -> list[int]:
        """Return the ways of the relations that are parks."""
        parks = (members for kind, _, members in self._areas.values() if kind == PARK_GATE)
        return [way for members in parks for way in members]

    # ---------------------------------------------------------------------------------- building

    def build(self, nodes: NodeTable) -> None:
        """Find a point in every area, and the gates of the parks that have any.

        Parameters
        ----------
        nodes : NodeTable
            Where the needed nodes lie.
        """
        self._rows = [(f"n{number}", *host) for number, host in sorted(self._points.items())]
        gates: dict[int, str] = {}
        for area in self._outlined(nodes):
            if area.shape is None:
                self.skipped["missing_nodes" if area.code[0] == "w" else "broken_areas"] += 1
            elif area.kind != PARK_GATE:
                point = shapely.get_coordinates(shapely.point_on_surface(area.shape))[0]
                place = (float(point[0]), float(point[1]))
                self._rows.append((area.code, area.kind, area.name, place))
            else:
                doors = [node for node in area.chain.tolist() if node in self._gates]
                for door in doors:
                    gates.setdefault(door, area.name)
                if not doors:
                    self._parks.append(area)
        for number, name in gates.items():
            own, place = self._gates[number]
            whole = own if own and name in own else f"{name}{own}"
            self._rows.append((f"n{number}", PARK_GATE, whole, place))

    def _outlined(self, nodes: NodeTable) -> Iterator[_Area]:
        """Yield the areas: ways, then relations, each by number."""
        for number, (kind, name, chain) in sorted(self._ways.items()):
            shape: shapely.Geometry | None = line_through(chain, nodes)
            if shape is not None and len(chain) >= CORNERS and chain[0] == chain[-1]:
                shape = shapely.Polygon(shapely.get_coordinates(shape))
            yield _Area(f"w{number}", kind, name, chain, shape)
        for number, (kind, name, members) in sorted(self._areas.items()):
            rims = [self._members[way] for way in members if way in self._members]
            shape = built_area(members, self._members, nodes)
            shape = None if shape is None or shapely.is_empty(shape) else shape
            chain = np.concatenate([np.zeros(0, np.int64), *rims])
            yield _Area(f"r{number}", kind, name, chain, shape)

    def frame(self, streets: Streets) -> gpd.GeoDataFrame:
        """Return the premises, parks without a gate at the nearest street.

        Parameters
        ----------
        streets : Streets
            The streets of the same files.

        Returns
        -------
        GeoDataFrame
            See `geodata.premises.premises_frame`; nodes, ways, relations, each by number.
        """
        place = street_points(objects([park.shape for park in self._parks]), streets)
        lost = np.isnan(place[:, 0])
        self.skipped["parks_without_street"] += int(lost.sum())
        rows = list(self._rows)
        for row in np.flatnonzero(~lost).tolist():
            park, (lon, lat) = self._parks[row], place[row].tolist()
            rows.append((park.code, PARK_GATE, park.name, (lon, lat)))
        if not rows:
            return no_premises()
        rows.sort(key=lambda row: ("nwr".index(row[0][0]), int(row[0][1:])))
        ids, kinds, called, places = zip(*rows, strict=True)
        return premises_frame(ids, kinds, called, places, self.rules.kinds)


def _places(batch: pa.RecordBatch) -> tuple[BoolArray, list[_Place]]:
    """Return which nodes have a valid place, and the places."""
    lon, lat = opl.degrees(batch["lon"]), opl.degrees(batch["lat"])
    good = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)  # noqa: PLR2004 (degrees; not NaN)
    return good, list(zip(lon.tolist(), lat.tolist(), strict=True))

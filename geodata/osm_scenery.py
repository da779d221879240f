"""Water, green, railways and places out of the blocks of OSM files that `geodata.osm` reads anyway.

No pass of its own over a file: `geodata.osm_ways` and `geodata.osm_nodes` hand on what they read.
Multipolygons are built from their members' lines by even and odd, whatever the roles say (GEOS
``BuildArea``), as mappers often forget them; where an extract lacks members, the rest is closed.
"""

from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geodata import opl
from geodata.model import Int64Array
from geodata.osm_nodes import NodeTable
from geodata.osm_shapes import CORNERS, built_area, chains, line_through, objects
from geodata.package_data import data_rows
from geodata.scenery import Drawn, Scenery, SceneryRules, name_of, no_scenery

#: Reasons that are counted, always all of them.
REASONS = ("open_areas", "missing_nodes", "broken_areas", "unnamed_places", "bad_coordinates")


class SceneryReader:
    """Gathers what is drawn besides the streets; of two objects with one id the first one stays.

    Attributes
    ----------
    rules : SceneryRules
        What is drawn.
    scenery : Scenery
        Relations, ways and places, each by id; empty before `build`.
    """

    def __init__(self) -> None:
        self.rules = SceneryRules(data_rows("scenery"))
        self.scenery = no_scenery()
        self._ways: dict[int, tuple[Drawn, Int64Array]] = {}
        self._members: dict[int, Int64Array] = {}
        self._areas: dict[int, tuple[Drawn, list[int]]] = {}
        self._places: dict[int, tuple[Drawn, int, str, float, float]] = {}
        self._skipped = Counter(dict.fromkeys(REASONS, 0))
        values = "|".join(sorted({key for key, _ in self.rules.tags}))
        self._worth_a_look = rf"[T,](?:{values})="

    @property
    def tags(self) -> Sequence[tuple[str, str]]:
        """Return the tags of the relations to be handed on."""
        return self.rules.tags

    @property
    def keys(self) -> list[str]:
        """Return the keys of the ways to be handed on."""
        return sorted({key for key, _ in self.rules.tags} - {"place"})

    def add_ways(self, batch: pa.RecordBatch) -> None:
        """Take in a block of ways.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.WAY_COLUMNS`.
        """
        looked = pc.match_substring_regex(batch["tags"], self._worth_a_look)
        batch = batch.filter(looked)
        texts = batch["tags"].dictionary_encode()
        drawn = [self.rules.of_way(opl.tags(text)) for text in texts.dictionary.to_pylist()]
        kinds = [drawn[row] for row in np.asarray(texts.indices).tolist()]
        batch = batch.filter(pa.array([kind is not None for kind in kinds], pa.bool_()))
        for number, kind, nodes in zip(
            opl.ids(batch["id"]).tolist(), filter(None, kinds), chains(batch), strict=True
        ):
            self._ways.setdefault(number, (kind, nodes))

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
        found: list[int] = []
        numbers = opl.ids(batch["id"]).tolist()
        for row, text in enumerate(batch["tags"].to_pylist()):
            tags = opl.tags(text)
            drawn = self.rules.of_way(tags) if tags.get("type") == "multipolygon" else None
            if drawn is not None and drawn.is_area and numbers[row] not in self._areas:
                members = opl.member_ways(batch["members"][row : row + 1]).tolist()
                self._areas[numbers[row]] = drawn, members
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
        """Take in the places among a block of nodes.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.NODE_COLUMNS`.
        """
        batch = batch.filter(pc.match_substring(batch["tags"], "place="))
        places = zip(opl.degrees(batch["lon"]), opl.degrees(batch["lat"]), strict=True)
        numbers = opl.ids(batch["id"]).tolist()
        for number, text, (lon, lat) in zip(
            numbers, batch["tags"].to_pylist(), places, strict=True
        ):
            tags = opl.tags(text)
            found, name = self.rules.of_node(tags), name_of(tags)
            good = abs(lon) <= 180 and abs(lat) <= 90  # noqa: PLR2004 (degrees; not NaN)
            if found is not None and good and name:
                self._places.setdefault(number, (*found, name, float(lon), float(lat)))
            elif found is not None:
                self._skipped["unnamed_places" if good else "bad_coordinates"] += 1

    def needed(self) -> Int64Array:
        """Return the nodes that shapes need.

        Returns
        -------
        array of int64
            Ids, ascending.
        """
        found = [*(nodes for _, nodes in self._ways.values()), *self._members.values()]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))

    def build(self, nodes: NodeTable) -> None:
        """Build the shapes.

        Parameters
        ----------
        nodes : NodeTable
            Where the needed nodes lie.
        """
        shapes: list[tuple[shapely.Geometry, Drawn, str, int]] = []
        shapes += [(shape, drawn, "", 0) for drawn, shape in self._built_areas(nodes)]
        shapes += [(shape, drawn, "", 0) for drawn, shape in self._built_ways(nodes)]
        for _, (drawn, rank, name, lon, lat) in sorted(self._places.items()):
            shapes.append((shapely.Point(lon, lat), drawn, name, rank))
        kinds = sorted({drawn for _, drawn, _, _ in shapes})
        place = {drawn: number for number, drawn in enumerate(kinds)}
        self.scenery = Scenery(
            objects([shape for shape, _, _, _ in shapes]),
            np.array([place[drawn] for _, drawn, _, _ in shapes], np.int64),
            objects([name for _, _, name, _ in shapes]),
            np.array([rank for _, _, _, rank in shapes], np.int64),
            tuple(kinds),
            MappingProxyType(dict(self._skipped)),
        )

    def _built_areas(self, nodes: NodeTable) -> list[tuple[Drawn, shapely.Geometry]]:
        """Return the multipolygons; their outer ways need not be drawn once more."""
        built: list[tuple[Drawn, shapely.Geometry]] = []
        for _, (drawn, members) in sorted(self._areas.items()):
            area = built_area(members, self._members, nodes)
            if area is None:
                self._skipped["broken_areas"] += 1
            elif shapely.is_empty(area):
                self._skipped["open_areas"] += 1
            else:
                built.append((drawn, area))
                for way in members:
                    if way in self._ways and self._ways[way][0] == drawn:
                        del self._ways[way]
        return built

    def _built_ways(self, nodes: NodeTable) -> list[tuple[Drawn, shapely.Geometry]]:
        """Return the lines and polygons that are ways of their own."""
        built: list[tuple[Drawn, shapely.Geometry]] = []
        for _, (drawn, chain) in sorted(self._ways.items()):
            closed = len(chain) >= CORNERS and chain[0] == chain[-1]
            if drawn.is_area and not closed:
                self._skipped["open_areas"] += 1
                continue
            line = line_through(chain, nodes)
            if line is None:
                self._skipped["missing_nodes"] += 1
                continue
            ring = shapely.get_coordinates(line)
            built.append((drawn, shapely.Polygon(ring) if drawn.is_area else line))
        return built

"""What if: who would be covered with other stations, by repair of what is known without them.

What a question needs of the stations there are is kept (`Before`): codes of all places, sums by
code, and, in `TravelTimes`, labels. A change is searched from where stations come or go; only the
junctions that it reaches get new labels, and only the places beside them are judged anew, by the
code that judges all places. Everything else stays, so that the answer equals that of an index made
of `locator.changes.changed`, to the bit.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Any

import geopandas as gpd
import numpy as np

from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array, Positions
from locator import _repair_kernels
from locator._snap_kernels import metres_per_degree
from locator.arrays import rows_of
from locator.arrival import BARRIER, TOO_FAR
from locator.barriers import street_points
from locator.changes import Changes
from locator.coverage import Layer, Outcome, People, Question
from locator.coverage_answer import cover
from locator.coverage_figures import summarize
from locator.gaps import CellWeights, Gaps, Places, find
from locator.questions import Posed
from locator.repaired_times import Numbers, RepairedTimes
from locator.scenario_flows import Flow, difference, flow_of
from locator.scenario_gaps import GapChanges, gap_changes, gap_labels
from locator.scenario_places import (
    Codes,
    Measure,
    PlaceIndex,
    Sums,
    codes_of,
    known_outcome,
    marks_of,
    measure_people,
    measure_places,
    outcome_of_bins,
    people_of_bins,
)
from locator.scenario_stations import StationsAfter, StationsBefore
from locator.selection import PLANNED, Register, lifted_conditions, with_coming
from locator.snap import part_of
from locator.view import ModeView

#: How many questions are kept as they are answered with the stations there are.
MOST_KEPT = 6

_SLACK = 1.02
_EPSILON = 1e-6


class Scene:
    """What all scenarios of one mode share, whatever is asked.

    Parameters
    ----------
    view : ModeView
        The mode.
    regions : int
        How many regions there are.
    """

    def __init__(self, view: ModeView, regions: int) -> None:
        self.view = view
        self.regions = regions
        self._places: dict[str, PlaceIndex] = {}

    def index(self, name: str, layer: Layer) -> PlaceIndex:
        """Return the places of a layer by edge.

        Parameters
        ----------
        name : str
            Of the layer.
        layer : Layer
            The places.

        Returns
        -------
        PlaceIndex
            Made when first asked for.
        """
        if name not in self._places:
            self._places[name] = PlaceIndex(layer)
        return self._places[name]

    @cached_property
    def streets(self) -> Measure:
        """Street length by region."""
        return measure_places(self.view.pieces, self.regions, [self.view.street_km])

    @cached_property
    def area(self) -> Measure:
        """Cells by region."""
        ones = np.ones(len(self.view.cells.positions))
        return measure_places(self.view.cells, self.regions, [ones])

    @cached_property
    def exact_people(self) -> Measure | None:
        """Homes and workers at the homes themselves."""
        people, homes = self.view.exact_people, self.view.homes
        if people is None or homes is None:
            return None
        return measure_people(people, homes, self.regions)

    @cached_property
    def published_people(self) -> Measure | None:
        """Homes and workers at cells."""
        people = self.view.published_people
        return None if people is None else measure_people(people, self.view.cells, self.regions)


@dataclass(frozen=True)
class Before:
    """A question as it is answered with the stations there are.

    Attributes
    ----------
    scene : Scene
        Of the mode.
    question : Question
        What the places are judged by.
    outcomes : mapping of str to Outcome
        ``cells``, ``pieces`` and ``people``.
    summary : dict
        The figures.
    names : tuple of (id, name)
        The region table.
    exact : bool
        People were counted at their homes.
    """

    scene: Scene
    question: Question
    outcomes: Mapping[str, Outcome]
    summary: dict[str, Any]
    names: tuple[tuple[str, str], ...]
    exact: bool

    @property
    def people(self) -> People | None:
        """Who is where; None where nobody gave homes."""
        view = self.scene.view
        return view.exact_people if self.exact else view.published_people

    @cached_property
    def layers(self) -> dict[str, Outcome]:
        """The outcomes without those that are another one once more."""
        cells = self.outcomes["cells"]
        return {
            name: outcome
            for name, outcome in self.outcomes.items()
            if name == "cells" or outcome is not cells
        }

    @property
    def people_layer(self) -> str:
        """Name of the layer at which people are."""
        return "people" if "people" in self.layers else "cells"

    @cached_property
    def codes(self) -> dict[str, Codes]:
        """What became of the places, by layer."""
        return {name: codes_of(outcome) for name, outcome in self.layers.items()}

    @cached_property
    def measures(self) -> dict[str, tuple[str, Measure]]:
        """Quantities with the name of their layer."""
        scene = self.scene
        people = scene.exact_people if self.exact else scene.published_people
        found = {"streets": ("pieces", scene.streets), "area": ("cells", scene.area)}
        return found if people is None else {**found, "people": (self.people_layer, people)}

    @cached_property
    def sums(self) -> dict[str, Sums]:
        """Quantities by code and part."""
        return {
            name: measure.sums(self.codes[layer])
            for name, (layer, measure) in self.measures.items()
        }

    @cached_property
    def far(self) -> dict[str, tuple[Int64Array, FloatArray, FloatArray]]:
        """The places that a barrier may explain, with their street points from south to north."""
        found = {}
        for name, outcome in self.layers.items():
            rows = np.flatnonzero((outcome.cause == BARRIER) | (outcome.cause == TOO_FAR))
            network = self.question.travel.network
            lon, lat = street_points(network, part_of(outcome.layer.positions, rows))
            order = np.argsort(lat, kind="stable")
            found[name] = (rows[order], lon[order], lat[order])
        return found

    @cached_property
    def counted(self) -> Int32Array:
        """Every station that counts when all conditions are lifted."""
        register = self.question.register
        return rows_of(register.counted(with_coming(self.question.request.conditions)))

    @cached_property
    def bases(self) -> list[Int32Array]:
        """Sets of stations that this question asks about."""
        asked = self.question
        conditions, limit_ms = asked.request.conditions, asked.request.limit_ms
        names = [*lifted_conditions(conditions), PLANNED]
        lifts = [(), ("hours_unknown",), *(tuple(names[: i + 1]) for i in range(len(names)))]
        every = [self.counted, asked.selection.stations]
        for lifted in dict.fromkeys(lifts):
            selection = asked.register.select(conditions, limit_ms, lifted)
            every += [selection.steady, selection.changing]
        return list({part.tobytes(): part for part in every}.values())

    @cached_property
    def gap_labels(self) -> Int32Array:
        """The gap of each cell, -1 in none."""
        cells = self.outcomes["cells"]
        return gap_labels(self.scene.view.places, cells)

    @cached_property
    def gap_weights(self) -> CellWeights:
        """Who is in the uncovered cells."""
        return _weights(self, self.outcomes["people"].covered)


def _weights(before: Before, covered: BoolArray) -> CellWeights:
    """Return who is in the cells: the uncovered homes themselves where the answer is exact."""
    view = before.scene.view
    return view.home_weights(~covered) if before.exact else view.cell_people


@dataclass(frozen=True)
class Moved:
    """The places of a layer that were judged anew.

    Attributes
    ----------
    places : array (t,) of int64
        Rows of the layer.
    outcome : Outcome
        What became of them.
    old, new : array (t,) of int16
        Their codes before and after.
    """

    places: Int64Array
    outcome: Outcome
    old: Codes
    new: Codes

    @cached_property
    def other(self) -> Int64Array:
        """Which of them have another code now."""
        return np.flatnonzero(self.old != self.new)


class After:
    """A question as it would be answered with other stations.

    Parameters
    ----------
    before : Before
        The question with the stations there are.
    stations : StationsAfter
        The stations.
    """

    def __init__(self, before: Before, stations: StationsAfter) -> None:
        self._before = before
        self._stations = stations
        asked, rows, fresh = before.question, stations.rows, stations.fresh
        snapped = before.scene.view.snapper.snap(fresh.lon, fresh.lat) if fresh.ids else None
        if snapped is not None:
            fresh.refuse_outside([snapped])
        self.snapped = snapped
        positions = rows.positions(asked.travel.stations, snapped)
        numbers = Numbers(rows.source, len(asked.travel.stations))
        self.travel = RepairedTimes(asked.travel, positions, numbers, before.bases)
        request = asked.request
        self.question = replace(
            asked,
            register=stations.register,
            travel=self.travel,
            selection=stations.register.select(request.conditions, request.limit_ms),
            barriers=asked.barriers and asked.barriers.over(self.travel),
        )

    @cached_property
    def _edges(self) -> Int32Array:
        """The edges beside which anything may have changed."""
        asked, stations, travel = self._before.question, self._stations, self.travel
        request = asked.request
        scale = max(request.slow, request.fast, 1.0)
        reach_ms = int(np.floor(request.limit_ms * scale + _EPSILON))
        mark = travel.touched(stations.gone, stations.come, reach_ms)
        counted = rows_of(stations.register.counted(with_coming(request.conditions)))
        mark |= travel.turned(self._before.counted, counted)
        network = travel.network
        beside = _repair_kernels.edges_beside(network.edge_u, network.edge_v, mark)
        own = (asked.travel.entries.edge[stations.gone], travel.entries.edge[stations.come])
        every: Int32Array = np.union1d(beside, np.concatenate(own)).astype(np.int32)
        return every[every >= 0]

    def _near_by_line(self, name: str) -> Int64Array:
        """Return the places that a barrier may explain now, or did, and does not now."""
        barriers, stations = self.question.barriers, self._stations
        if barriers is None:
            return np.empty(0, np.int64)
        rows, lon, lat = self._before.far[name]
        radius_m = barriers.reach_m(self.question.request.limit_ms) * _SLACK
        network, near = self.travel.network, [np.empty(0, np.int64)]
        for travel, which in (
            (self._before.question.travel, stations.gone),
            (self.travel, stations.come),
        ):
            points = street_points(network, part_of(travel.stations, which.astype(np.int64)))
            for x, y in zip(*points, strict=True):
                if np.isnan(y):  # off the network: near nobody
                    continue
                east, north = metres_per_degree(float(y))
                south, end = np.searchsorted(lat, (y - radius_m / north, y + radius_m / north))
                near.append(south + np.flatnonzero(np.abs(lon[south:end] - x) <= radius_m / east))
        return rows[np.unique(np.concatenate(near))]

    @cached_property
    def moved(self) -> dict[str, Moved]:
        """The places that were judged anew, by layer."""
        return {name: self._judged(name, outcome) for name, outcome in self._before.layers.items()}

    def _judged(self, name: str, outcome: Outcome) -> Moved:
        """Judge anew the places of a layer that a change may touch."""
        layer = outcome.layer
        places = self._before.scene.index(name, layer).on(self._edges)
        more = self._near_by_line(name)
        if more.size:
            places = np.union1d(places, more)
        part = Layer(self.travel, part_of(layer.positions, places), layer.region[places])
        judged = Outcome(part, self.question)
        return Moved(places, judged, self._before.codes[name][places], codes_of(judged))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The figures, as `locator.coverage_figures.summarize` gives them."""
        bins = {name: self._bins(name) for name in self._before.measures}
        outcomes = {"pieces": bins["streets"][0], "cells": bins["area"][0]}
        people = None
        if "people" in bins:
            people = bins["people"][1]
            outcomes["people"] = bins["people"][0]
        else:
            outcomes["people"] = outcomes["cells"]
        streets, area = bins["streets"][2], bins["area"][2]
        return summarize(people, outcomes, streets[0], self._before.names, area[0])

    def _bins(self, name: str) -> tuple[Outcome, People | None, list[FloatArray]]:
        """Return the places and quantities of a measure, put together to few."""
        before, regions = self._before, self._before.scene.regions
        layer, measure = before.measures[name]
        moved = self.moved[layer]
        sums = measure.moved(
            before.sums[name],
            moved.places[moved.other],
            moved.old[moved.other],
            moved.new[moved.other],
        )
        codes, part, values = sums.bins
        groups = measure.parts // (regions + 1)
        outcome = outcome_of_bins(self.question, codes, part // groups, regions)
        people = None
        if name == "people" and before.people is not None:
            people = people_of_bins(before.people, part, values)
        return outcome, people, values

    def outcome(self, name: str) -> Outcome:
        """Return what became of all places of a layer.

        Parameters
        ----------
        name : str
            Of the layer.

        Returns
        -------
        Outcome
            As an index made anew would give it.
        """
        before, moved = self._before, self.moved[name]
        codes = before.codes[name].copy()
        codes[moved.places] = moved.new
        was = before.layers[name].layer
        layer = Layer(self.travel, was.positions, was.region)
        return known_outcome(layer, self.question, marks_of(codes))

    @cached_property
    def gaps(self) -> GapChanges:
        """The gaps that are others than they were."""
        before, view = self._before, self._before.scene.view
        was, cells = before.outcomes["cells"], self.outcome("cells")
        name = before.people_layer
        covered = (cells if name == "cells" else self.outcome(name)).covered
        places = self._stations.places(view.places)
        people = (before.gap_weights, _weights(before, covered))

        def find_before(mark: BoolArray, label: Int32Array) -> Gaps:
            return _gaps(view.places, was, before.question, people[0], (mark, label))

        def find_after(mark: BoolArray, label: Int32Array) -> Gaps:
            return _gaps(places, cells, self.question, people[1], (mark, label))

        find = (find_before, find_after)
        return gap_changes(was, cells, view.places, find, people, before.gap_labels)

    @cached_property
    def difference(self) -> dict[str, Any]:
        """Who is covered and was not, and the other way round."""
        before = self._before
        flows = {name: self._flow(name) for name in before.measures}
        groups = () if before.people is None else before.people.groups
        return difference(flows.get("people"), flows["streets"], groups, before.names)

    def _flow(self, name: str) -> Flow:
        """Return what has become covered of a quantity, and what is no longer."""
        layer, measure = self._before.measures[name]
        moved = self.moved[layer]
        return flow_of(measure, moved.places, moved.old, moved.new)


def _gaps(
    places: Places,
    cells: Outcome,
    question: Question,
    people: CellWeights,
    grouped: tuple[BoolArray, Int32Array],
) -> Gaps:
    """Return the gaps among marked cells, of which is known which gap each is in."""
    mark, label = grouped
    marks = {
        "in_total": cells.in_total & mark,
        "covered": cells.covered & mark,
        "cause": np.where(mark, cells.cause, np.int8(-1)),
    }
    part = known_outcome(cells.layer, question, marks)
    return find(places, part, question.travel, question.selection, people, label)


@dataclass(frozen=True)
class ScenarioAnswer:
    """What would be different with other stations.

    Attributes
    ----------
    before, after : dict
        Figures as of ``CoverageAnswer.summary``, with the stations there are and after the changes.
    difference : dict
        As `locator.scenario_flows.difference` gives it.
    changes : Changes
        What was asked.
    snapped : Positions or None
        Street points of what moved, then of what was added; None where nothing did.
    question : After
        What gaps are worked out from.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    difference: dict[str, Any]
    changes: Changes
    snapped: Positions | None
    question: After

    @cached_property
    def gap_changes(self) -> GapChanges:
        """The gaps that are others than they were, with their shapes."""
        return self.question.gaps

    @cached_property
    def gaps(self) -> dict[str, list[dict[str, Any]]]:
        """The gaps that would be ``closed``, ``opened`` and ``changed``."""
        return self.gap_changes.lists()


class WhatIf:
    """Answers what-if questions about one dataset, and keeps what they share.

    Parameters
    ----------
    stations : GeoDataFrame
        The station table.
    register : Register
        Made of it.
    regions : int
        How many regions there are.
    """

    def __init__(self, stations: gpd.GeoDataFrame, register: Register, regions: int) -> None:
        self._stations = StationsBefore(stations, register)
        self._vocabulary = register.vocabulary
        self._regions = regions
        self._scenes: dict[str, Scene] = {}
        self._kept: OrderedDict[Hashable, Before] = OrderedDict()
        self._lock = Lock()

    def answer(self, posed: Posed, changes: Changes) -> ScenarioAnswer:
        """Return what would be different.

        Parameters
        ----------
        posed : Posed
            The checked question.
        changes : Changes
            Stations added, removed, moved, with other hours or facilities.

        Returns
        -------
        ScenarioAnswer
            Figures now, gaps when asked for.

        Raises
        ------
        ValidationError
            For changes that cannot be made, and places outside the data.
        """
        changes.refuse(self._stations.known, self._vocabulary)
        before = self._before(posed)
        after = After(before, self._stations.after(changes))
        return ScenarioAnswer(
            before.summary, after.summary, after.difference, changes, after.snapped, after
        )

    def _scene(self, view: ModeView) -> Scene:
        """Return what all scenarios of one mode share, made when first asked for."""
        with self._lock:
            return self._scenes.setdefault(view.mode, Scene(view, self._regions))

    def _before(self, posed: Posed) -> Before:
        """Return the question as answered with the stations there are; the last few are kept."""
        with self._lock:
            if posed.key in self._kept:
                self._kept.move_to_end(posed.key)
                return self._kept[posed.key]
        found, scene = cover(posed), self._scene(posed.view)
        made = Before(
            scene, found.question, found.outcomes, found.summary, posed.names, found.exact
        )
        with self._lock:
            self._kept[posed.key] = made
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made

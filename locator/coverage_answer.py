"""Who is covered, who is not, and why: figures now, gaps and cells when asked for."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy.typing as npt

from geodata.errors import InputError
from locator import gaps as gap_finder
from locator.coverage import CoverageRequest, Outcome, Question
from locator.coverage_figures import summarize, sums_by
from locator.gaps import CellWeights, Gaps
from locator.questions import Posed
from locator.selection import Selection
from locator.view import ModeView


@dataclass(frozen=True)
class CoverageAnswer:
    """What coverage found; gaps and cells are drawn when asked for.

    Attributes
    ----------
    summary : dict
        Figures as the HTTP interface names them, unrounded.
    question : Question
        What the places were judged by.
    outcomes : dict of str to Outcome
        ``cells``, ``pieces`` and ``people``.
    view : ModeView
        Network, places and people of the mode.
    exact : bool
        People were counted at their homes.
    """

    summary: dict[str, Any]
    question: Question
    outcomes: dict[str, Outcome]
    view: ModeView
    exact: bool

    @property
    def request(self) -> CoverageRequest:
        """What was asked."""
        return self.question.request

    @property
    def selection(self) -> Selection:
        """The stations that satisfy the conditions."""
        return self.question.selection

    @property
    def _people(self) -> CellWeights:
        """Who is in the cells: the uncovered homes themselves where the answer is exact."""
        if self.exact:
            return self.view.home_weights(~self.outcomes["people"].covered)
        return self.view.cell_people

    @cached_property
    def gaps(self) -> Gaps:
        """Uncovered cells as polygons."""
        return gap_finder.find(
            self.view.places,
            self.outcomes["cells"],
            self.view.travel,
            self.selection,
            self._people,
        )

    def by(self, labels: npt.ArrayLike) -> dict[str, dict[str, Any]]:
        """Return who is covered by a word for each home: its firm, street, market, building.

        Parameters
        ----------
        labels : array_like (h,)
            In the order of the dataset's homes.

        Returns
        -------
        dict
            ``share_covered``, ``homes`` and ``workers`` (``total, covered, uncovered``) by word.

        Raises
        ------
        InputError
            If homes were not opened and asked exactly, or there is not one word a home.
        """
        people = self.view.exact_people if self.exact else None
        if people is None:
            raise InputError("sums by home need exact=True and a dataset opened with its homes")
        return sums_by(people, self.outcomes["people"], labels)

    @cached_property
    def covered(self) -> gpd.GeoDataFrame:
        """Covered cells, dissolved by region."""
        return gap_finder.covered_areas(self.view.places, self.outcomes["cells"])

    @cached_property
    def cells(self) -> gpd.GeoDataFrame:
        """The 100 m cells with ``column, row, region, seconds, state, cause``."""
        return gap_finder.cell_frame(self.view.places, self.outcomes["cells"])


def cover(posed: Posed) -> CoverageAnswer:
    """Return who is within the limit of a station, who is not, and why.

    Parameters
    ----------
    posed : Posed
        The checked question.

    Returns
    -------
    CoverageAnswer
        Figures now, polygons when asked for.
    """
    question, view = posed.question, posed.view
    layers = {"cells": view.cells, "pieces": view.pieces}
    exact = posed.exact and view.homes is not None
    if exact and view.homes is not None:
        layers["people"] = view.homes
    people = view.exact_people if exact else view.published_people
    outcomes = {name: Outcome(layer, question) for name, layer in layers.items()}
    outcomes.setdefault("people", outcomes["cells"])
    summary = summarize(people, outcomes, view.street_km, posed.names)
    return CoverageAnswer(summary, question, outcomes, view, exact)

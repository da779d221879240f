"""A dataset as seen by one mode: what questions share, worked out once and kept."""

from functools import cached_property

import numpy as np
import pandas as pd
import pyproj

from geodata.datum import project
from geodata.demand import spread
from geodata.errors import InputError
from geodata.model import BoolArray, Dataset, FloatArray, Int64Array
from locator.arrays import binary, sums
from locator.barriers import Barriers
from locator.coverage import Layer, People
from locator.gap_causes import NamedLines
from locator.gaps import CELL_M, CellWeights, Places, find_cells
from locator.nearest import Finder
from locator.selection import Register
from locator.snap import COARSE_CELL_M, Snapper
from locator.street_names import StreetNames
from locator.travel_time import TravelTimes


class ModeView:
    """Network, stations, places and people of one mode.

    Parameters
    ----------
    dataset : Dataset
        An opened dataset.
    mode : str
        Code of the mode.
    register : Register
        The dataset's stations.

    Raises
    ------
    InputError
        If the dataset was not prepared for the mode.
    """

    def __init__(self, dataset: Dataset, mode: str, register: Register) -> None:
        if mode not in dataset.networks:
            known = ", ".join(dataset.networks)
            raise InputError(
                f"mode {mode!r} was not prepared in this dataset; it has {known}",
                code="unknown_mode",
            )
        self._dataset = dataset
        self.mode = mode
        self.travel = TravelTimes(dataset.networks[mode], dataset.station_positions[mode])
        self.finder = Finder(register, self.travel, dataset.stations)

    @cached_property
    def snapper(self) -> Snapper:
        """Finds the street point of places asked for."""
        return Snapper(
            self._dataset.networks[self.mode], self._dataset.barrier_lines, cell_m=COARSE_CELL_M
        )

    @cached_property
    def barriers(self) -> Barriers:
        """Tells who is cut off."""
        return Barriers(self.travel, self._dataset.vocabulary.modes[self.mode].speed_kph)

    @property
    def median_detour(self) -> float:
        """Median of way over straight line between junctions of the mode."""
        return self.barriers.median_detour

    @cached_property
    def cells(self) -> Layer:
        """The 100 m cells."""
        cells = self._dataset.cells[self.mode]
        return Layer(self.travel, cells.positions, cells.region)

    @cached_property
    def pieces(self) -> Layer:
        """The street pieces."""
        pieces = self._dataset.pieces[self.mode]
        return Layer(self.travel, pieces.positions, pieces.region)

    @cached_property
    def street_km(self) -> FloatArray:
        """Lengths of the street pieces (km), of which sums are exact in any order."""
        return binary(self._dataset.pieces[self.mode].length_m / 1000.0)

    @cached_property
    def homes(self) -> Layer | None:
        """The homes themselves; None unless ``private/`` was opened."""
        if self._dataset.homes is None:
            return None
        region = self._dataset.homes["region"].to_numpy(np.int32)
        return Layer(self.travel, self._dataset.home_positions[self.mode], region)

    @cached_property
    def exact_people(self) -> People | None:
        """Everybody at home, one row a home; None unless ``private/`` was opened."""
        homes = self._dataset.homes
        if homes is None:
            return None
        code, groups = pd.factorize(homes["group"].to_numpy(object), sort=True)
        return People(
            place=np.arange(len(homes), dtype=np.int32),
            group=code.astype(np.int32),
            homes=np.ones(len(homes)),
            workers=binary(homes["workers"].to_numpy(np.float64)),
            groups=tuple(str(group) for group in groups),
            exact=True,
        )

    @cached_property
    def published_people(self) -> People | None:
        """Published people at cells; those in no cell of the mode have no place."""
        people = self._dataset.people
        if people is None or len(people) == 0:
            return None
        parts = spread(people, self._dataset.cells[self.mode])
        names, code = np.unique(np.array(parts.groups, str), return_inverse=True)
        rest = parts.rest
        rest_group = np.searchsorted(names, rest["group"].to_numpy(str))
        return People(
            place=np.concatenate((parts.cell, np.full(len(rest), -1))).astype(np.int32),
            group=np.concatenate((code[parts.layer], rest_group)).astype(np.int32),
            homes=binary(np.concatenate((parts.homes, rest["homes"].to_numpy(np.float64)))),
            workers=binary(np.concatenate((parts.workers, rest["workers"].to_numpy(np.float64)))),
            groups=tuple(str(name) for name in names),
            exact=False,
        )

    @cached_property
    def cell_people(self) -> CellWeights:
        """Published people summed by cell."""
        people = self.published_people
        if people is None:
            return CellWeights()
        size = len(self._dataset.cells[self.mode].positions)
        placed = people.place >= 0
        homes, workers = (
            sums(people.place[placed], weight[placed], size)
            for weight in (people.homes, people.workers)
        )
        return CellWeights(homes, workers, published=workers)

    @cached_property
    def home_cell(self) -> Int64Array:
        """Row of the cell in which each home lies, -1 in none."""
        homes, cells = self._dataset.homes, self._dataset.cells[self.mode]
        if homes is None:
            return np.empty(0, np.int64)
        x, y = project(homes["lon"].to_numpy(), homes["lat"].to_numpy(), self.places.crs)
        return find_cells(cells, np.floor(x / CELL_M), np.floor(y / CELL_M))

    def home_weights(self, mark: BoolArray) -> CellWeights:
        """Return some homes themselves, summed by cell.

        Parameters
        ----------
        mark : array (h,) of bool
            Which homes.

        Returns
        -------
        CellWeights
            Homes that lie in no cell are left out.
        """
        homes = self._dataset.homes
        if homes is None:
            return CellWeights()
        size = len(self._dataset.cells[self.mode].positions)
        rows = np.flatnonzero(mark & (self.home_cell >= 0))
        cell, workers = self.home_cell[rows], homes["workers"].to_numpy(np.float64)[rows]
        return CellWeights(
            homes=sums(cell, np.ones(rows.size), size),
            workers=sums(cell, workers, size),
            published=self.cell_people.workers,
        )

    @cached_property
    def places(self) -> Places:
        """What gaps are measured with."""
        stations = self._dataset.stations
        crs = pyproj.CRS.from_user_input(self._dataset.manifest["metric_crs"])
        return Places(
            cells=self._dataset.cells[self.mode],
            crs=crs,
            region_ids=self._dataset.regions["id"].to_numpy(object),
            station_ids=stations["id"].to_numpy(object),
            station_lon=stations["lon"].to_numpy(np.float64),
            station_lat=stations["lat"].to_numpy(np.float64),
            lines=NamedLines(
                self._dataset.barrier_lines,
                self._dataset.barrier_name,
                self._dataset.barrier_kind,
            ),
            speed_kph=self._dataset.vocabulary.modes[self.mode].speed_kph,
            streets=StreetNames(
                self._dataset.networks[self.mode],
                self._dataset.way_name,
                self._dataset.street_english,
                crs,
            ),
        )

"""What passes between the parts of preparing a dataset."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj

from geodata import anonymity
from geodata.model import Cells, Network, Pieces, Positions, Streets
from geodata.scenery import Scenery
from geodata.vocabulary import Vocabulary

#: Called with the stage's name, how many stages are done, and of how many.
Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class PrepareRequest:
    """What to build a dataset from.

    Attributes
    ----------
    streets : sequence of Path
        OSM PBF or XML files, read as one.
    stations : Path
        The station table.
    out : Path
        The dataset folder; its ``public`` and ``private`` are replaced whole.
    homes : Path, optional
        The table of homes.
    regions : Path, optional
        The districts.
    stations_datum, homes_datum : str, optional
        Datum of the tables; else the tables say, or it is inferred and flagged.
    modes : sequence of str, optional
        Codes of the modes; all that some street is open to by default.
    name : str, optional
        Name of the dataset; that of the folder by default.
    least_homes : int
        Fewest homes of a published cell.
    """

    streets: Sequence[Path]
    stations: Path
    out: Path
    homes: Path | None = None
    regions: Path | None = None
    stations_datum: str | None = None
    homes_datum: str | None = None
    modes: Sequence[str] | None = None
    name: str | None = None
    least_homes: int = anonymity.PUBLISHED_LEAST


@dataclass(frozen=True)
class Inputs:
    """What was read.

    Attributes
    ----------
    streets : Streets
        All files as one.
    scenery : Scenery
        What a base map shows besides them.
    premises : GeoDataFrame
        Places that may take a station in.
    premises_skipped : mapping of str to int
        Those left out, by reason.
    stations, homes, regions : frames
        Clean rows; ``homes`` is None where none were given.
    station_rejects, home_rejects, region_rejects : DataFrame
        What could not be used.
    vocabulary : Vocabulary
        The words of the domain.
    crs : CRS
        The metric system of the cells.
    reports : mapping of str to mapping
        What the readers of the tables had to say, by table.
    """

    streets: Streets
    scenery: Scenery
    premises: gpd.GeoDataFrame
    premises_skipped: Mapping[str, int]
    stations: gpd.GeoDataFrame
    station_rejects: pd.DataFrame
    homes: pd.DataFrame | None
    home_rejects: pd.DataFrame
    regions: gpd.GeoDataFrame
    region_rejects: pd.DataFrame
    vocabulary: Vocabulary
    crs: pyproj.CRS
    reports: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Layer:
    """What is prepared for one mode.

    Attributes
    ----------
    network : Network
        Its streets.
    cells, pieces : Cells, Pieces
        Where it is counted.
    stations, homes : Positions
        Snapped; ``homes`` is None where none were given.
    """

    network: Network
    cells: Cells
    pieces: Pieces
    stations: Positions
    homes: Positions | None


@dataclass
class Stages:
    """Tells the progress and takes the time of each stage.

    Attributes
    ----------
    progress : callable
        Called at the start of each stage and at the very end.
    total, done : int
        How many stages there are, and how many are done.
    seconds : dict of str to float
        Time of each stage.
    """

    progress: Progress
    total: int
    done: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run one stage.

        Parameters
        ----------
        name : str
            What it is called.

        Yields
        ------
        None
            Once.
        """
        self.progress(name, self.done, self.total)
        start = perf_counter()
        yield
        self.seconds[name] = round(perf_counter() - start, 3)
        self.done += 1
        if self.done == self.total:
            self.progress(name, self.done, self.total)

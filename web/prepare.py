"""From input files to a dataset folder: read, build, snap, count, save; once, offline.

Nothing about a single home is ever put into a message: rejected rows of homes are reported by row,
column and reason, with every number taken out.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import anonymity, bundle, datum, demand
from geodata.basemap import Basemap, cut_basemap
from geodata.errors import Fault, InputError, ValidationError
from geodata.model import (
    ON_NETWORK,
    Cells,
    Dataset,
    FloatArray,
    Int32Array,
    Network,
    Pieces,
    Positions,
)
from geodata.osm_tags import MODES
from geodata.regions import label
from geodata.vocabulary import Vocabulary
from geodata.words import load_vocabulary
from locator import network as networks, snap
from web.prepare_findings import findings, warnings_of
from web.prepare_manifest import manifest_of, name_of
from web.prepare_parts import Inputs, Layer, PrepareRequest, Progress, Stages
from web.prepare_read import read_ground, read_inputs
from web.prepare_report import PrepareReport

# Modes prepared side by side: the loops are compiled and let go of the interpreter.
_THREADS = 2

__all__ = ["PrepareReport", "PrepareRequest", "Progress", "prepare"]


def prepare(request: PrepareRequest, *, progress: Progress | None = None) -> PrepareReport:
    """Build a dataset folder.

    Parameters
    ----------
    request : PrepareRequest
        Files and options.
    progress : callable, optional
        Called with the stage's name, how many stages are done, and of how many.

    Returns
    -------
    PrepareReport
        What was read, built, left out and why; ``to_text()`` and ``to_json()``.

    Raises
    ------
    InputError
        If a file cannot be read, a mode is unknown or has no street, or no station can be used.
    DatasetError
        If the folder cannot be written (said before anything is read) or holds something else;
        what was there before is kept.
    """
    bundle.check_folder(request.out)
    vocabulary = load_vocabulary()
    modes = _modes(request.modes, vocabulary)
    stages = Stages(progress or (lambda *_: None), total=7 + len(modes))
    ground = read_ground(request, modes, stages)
    with ThreadPoolExecutor(1) as beside:  # most of cutting lets go of the interpreter
        cutting = beside.submit(cut_basemap, ground.streets, ground.scenery, name_of(request))
        inputs = read_inputs(request, ground, vocabulary, stages)
        layers, warnings = _layers(inputs, modes, stages, wanted=bool(request.modes))
        with stages.stage("people"):
            people = _people(inputs, request.least_homes)
        with stages.stage("base map"):
            basemap = cutting.result()
    warnings += warnings_of(inputs, people, request.least_homes)
    dataset = _dataset(request, inputs, layers, people, basemap)
    with stages.stage("save"):
        manifest = bundle.save(dataset, request.out)
    found = findings(inputs, layers, people, basemap)
    return PrepareReport(request.out, manifest, found, tuple(warnings), stages.seconds)


def _modes(modes: Sequence[str] | None, vocabulary: Vocabulary) -> list[str]:
    """Return the modes to prepare, in the vocabulary's order, refusing unknown ones."""
    known = [mode for mode in vocabulary.modes if mode in MODES]
    unknown = [mode for mode in modes or () if mode not in known]
    if unknown:
        raise ValidationError.of(
            [Fault("mode", f"expected one of {', '.join(known)}, got {m!r}") for m in unknown]
        )
    return [mode for mode in known if modes is None or not modes or mode in modes]


# -------------------------------------------------------------------------------------- building


def _layers(
    inputs: Inputs, modes: Sequence[str], stages: Stages, *, wanted: bool
) -> tuple[dict[str, Layer], list[str]]:
    """Prepare every mode; tell which have no street, or refuse that if they were asked for."""
    layers: dict[str, Layer] = {}
    warnings = []
    turn = Lock()
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting = {mode: pool.submit(_layer, mode, inputs, turn) for mode in modes}
        for mode, layer in waiting.items():
            with stages.stage(f"mode {mode}"):
                try:
                    layers[mode] = layer.result()
                except InputError:
                    if wanted:
                        raise
                    warnings.append(f"no street is open to {mode}: left out")
    if not layers:
        raise InputError("no street in the files is open to any mode", code="no_street")
    return layers, warnings


def _layer(mode: str, inputs: Inputs, turn: Lock) -> Layer:
    """Prepare one mode: network, cells, street pieces, positions of stations and homes.

    Modes are prepared side by side; they take turns at the regions, whose shapes hold indexes that
    must not be used by two threads at once.
    """
    network = networks.build(inputs.streets, mode)
    snapper = snap.Snapper(network, inputs.streets.barrier_lines)
    stations = inputs.stations.geometry
    homes = inputs.homes
    return Layer(
        network=network,
        cells=_cells(network, snapper, inputs, turn),
        pieces=_pieces(network, inputs.regions, turn),
        stations=snapper.snap(stations.x.to_numpy(), stations.y.to_numpy()),
        homes=None
        if homes is None
        else snapper.snap(homes["lon"].to_numpy(), homes["lat"].to_numpy()),
    )


def _cells(network: Network, snapper: snap.Snapper, inputs: Inputs, turn: Lock) -> Cells:
    """Return the 100 m cells of a mode with their centres snapped."""
    ends = network.segment_line[network.segment_snappable].reshape(-1, 2)
    metres = np.column_stack(datum.project(ends[:, 0], ends[:, 1], inputs.crs))
    column, row = demand.grid_cells(metres.reshape(-1, 4))
    lon, lat = datum.unproject(
        (column + 0.5) * demand.CELL_M, (row + 0.5) * demand.CELL_M, inputs.crs
    )
    with turn:
        region = label(lon, lat, inputs.regions)
    return Cells(column, row, region, snapper.snap(lon, lat))


def _pieces(network: Network, regions: gpd.GeoDataFrame, turn: Lock) -> Pieces:
    """Return the street pieces of a mode; their middles lie on the street."""
    segment, fraction, length_m = demand.pieces(network)
    none = np.zeros(len(segment), np.int32)
    with turn:
        region = _piece_regions(network, segment, fraction, regions)
    return Pieces(
        length_m=length_m,
        region=region,
        positions=Positions(
            segment=segment,
            fraction=fraction,
            access_m=none.astype(np.float32),
            access_ms=none,
            state=np.full(len(segment), ON_NETWORK, np.uint8),
        ),
    )


def _piece_regions(
    network: Network, segment: Int32Array, fraction: FloatArray, regions: gpd.GeoDataFrame
) -> Int32Array:
    """Return the region of the middle of every piece."""
    if not len(regions):
        return np.full(len(segment), -1, np.int32)
    line = network.segment_line[segment]
    return label(
        line[:, 0] + fraction * (line[:, 2] - line[:, 0]),
        line[:, 1] + fraction * (line[:, 3] - line[:, 1]),
        regions,
    )


def _people(inputs: Inputs, least: int) -> pd.DataFrame | None:
    """Return the published people; None if there are no homes, or too few to say anything."""
    homes = inputs.homes
    if homes is None or len(homes) < least:
        return None
    x, y = datum.project(homes["lon"].to_numpy(), homes["lat"].to_numpy(), inputs.crs)
    return anonymity.publish(
        x, y, homes["workers"].to_numpy(), homes["group"].to_numpy(object), least=least
    )


# ------------------------------------------------------------------------------------ assembling


def _dataset(
    request: PrepareRequest,
    inputs: Inputs,
    layers: Mapping[str, Layer],
    people: pd.DataFrame | None,
    basemap: Basemap | None,
) -> Dataset:
    """Put the parts together."""
    homes = {mode: layer.homes for mode, layer in layers.items() if layer.homes is not None}
    return Dataset(
        manifest=manifest_of(request, inputs, layers, people)
        | {"basemap": None if basemap is None else dict(basemap.about)},
        networks={mode: layer.network for mode, layer in layers.items()},
        cells={mode: layer.cells for mode, layer in layers.items()},
        pieces={mode: layer.pieces for mode, layer in layers.items()},
        stations=inputs.stations,
        station_positions={mode: layer.stations for mode, layer in layers.items()},
        regions=inputs.regions,
        people=people,
        homes=inputs.homes,
        home_positions=homes,
        way_name=inputs.streets.way_name,
        way_class=inputs.streets.way_class,
        barrier_lines=inputs.streets.barrier_lines,
        barrier_name=inputs.streets.barrier_name,
        barrier_kind=inputs.streets.barrier_kind,
        premises=inputs.premises,
        vocabulary=inputs.vocabulary,
        basemap=None if basemap is None else basemap.archive,
        street_english=inputs.streets.english,
    )

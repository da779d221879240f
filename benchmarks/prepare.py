"""Preparing a dataset against a bare pass of pyosmium over the same file."""

import shutil
import sys

import osmium

from benchmarks.data import FOLDER, PORTO, write_stations
from benchmarks.figures import Figure, interleaved, rounded
from web.prepare import PrepareRequest, prepare

MODES = ("walk", "ebike", "drive")


def bare_pass() -> int:
    """Read the ways and the locations of their nodes with pyosmium, and nothing else."""
    entities = osmium.FileProcessor(str(PORTO.streets), osmium.osm.NODE | osmium.osm.WAY)
    ways = entities.with_locations().with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
    return sum(len([(node.ref, node.lon, node.lat) for node in way.nodes]) for way in ways)


def figures():
    """Yield the figures of this group."""
    out = FOLDER / "prepared-porto"
    inputs = FOLDER / "prepare-inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    stations = inputs / "stations.csv"
    write_stations(PORTO, stations)
    request = PrepareRequest(streets=[PORTO.streets], stations=stations, out=out, modes=MODES)
    tasks = {"prepare": lambda: prepare(request), "bare": bare_pass}
    seconds = interleaved(tasks, repeats=7)
    shutil.rmtree(out)
    ratio = seconds["prepare"] / seconds["bare"]
    yield Figure(
        name=f"prepare of Porto for {', '.join(MODES)}, {PORTO.stations} stations",
        value=rounded(seconds["prepare"]),
        unit="s",
        against=f"pyosmium reading each way's node ids and locations {rounded(seconds['bare'])} s",
        ratio=rounded(ratio),
        goal="≤ 6× a bare pyosmium pass over the ways and their node locations",
        met=ratio <= 6,
    )


if __name__ == "__main__":
    for figure in figures():
        print(figure.line(), flush=True)
    sys.exit(0)

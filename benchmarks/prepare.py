"""Preparing a dataset against a bare pass of pyosmium over the same file."""

import shutil
import sys
import tempfile
from pathlib import Path

import osmium

from benchmarks.data import FOLDER, PORTO, write_stations
from benchmarks.figures import Figure, interleaved, rounded
from web import prepare

MODES = ("walk", "ebike", "drive")


def bare_pass() -> int:
    """Read the ways and the locations of their nodes with pyosmium, and nothing else."""
    ways = osmium.FileProcessor(str(PORTO.streets), osmium.osm.NODE | osmium.osm.WAY)
    count = 0
    for way in ways.with_locations().with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
        places = [(node.ref, node.lon, node.lat) for node in way.nodes]
        count += len(places)
    return count

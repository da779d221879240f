"""Time a bare pass of pyosmium over an OSM file: ways with their references, then node locations.

Run as ``python -m benchmarks.bare_osmium FILE…``; what `locator prepare` takes is stated as a
multiple of it.
"""

import sys
import time

import osmium


def bare_pass(path: str) -> float:
    """Return the seconds that pyosmium alone needs for the streets of a file.

    Reads the node references of all highways, then id and location of every node they use: the
    least that a reader of streets has to do in Python.
    """
    start = time.perf_counter()
    streets = osmium.filter.KeyFilter("highway")
    ways = osmium.FileProcessor(path, osmium.osm.WAY).with_filter(streets)
    refs = {way.id: [node.ref for node in way.nodes] for way in ways}
    needed = set().union(*refs.values())
    places = {
        node.id: (node.location.x, node.location.y)
        for node in osmium.FileProcessor(path, osmium.osm.NODE)
        if node.id in needed
    }
    seconds = time.perf_counter() - start
    assert len(places) <= len(needed)
    return seconds


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {bare_pass(name):.2f} s")

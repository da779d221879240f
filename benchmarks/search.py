"""Labels of all junctions with their nearest stations, against scipy on the same graph."""

import sys

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.data import PORTO, street_points
from benchmarks.figures import Figure, interleaved, rounded
from geodata.model import CLOSED_MS, ON_NETWORK
from geodata.osm import read_streets
from locator import network, snap, travel_time
from locator.cache import Cache

LIMIT_MS = 15 * 60 * 1000


def reversed_graph(net, seeds, stations):
    """Return the reversed contracted graph with one more node for each station."""
    n = net.in_indptr.size - 1
    counts = np.bincount(seeds.station, minlength=stations)
    order = np.argsort(seeds.station, kind="stable")
    indptr = np.concatenate([net.in_indptr, net.in_indptr[-1] + np.cumsum(counts)])
    node = np.concatenate([net.in_node, seeds.node[order]])
    ms = np.concatenate([net.in_ms, seeds.ms[order]]).astype(np.float64)
    size = n + stations
    return csr_array((ms, node.astype(np.int32), indptr.astype(np.int32)), shape=(size, size)), n


def figures():
    """Yield the figures of this group."""
    net = network.build(read_streets([PORTO.streets], modes=("walk",)), "walk")
    places = street_points(PORTO.streets, PORTO.stations, np.random.default_rng(PORTO.seed))
    positions = snap.Snapper(net).snap(places[:, 0], places[:, 1])
    assert (positions.state == ON_NETWORK).all()
    every = np.arange(len(positions), dtype=np.int32)
    seeds = travel_time.TravelTimes(net, positions).seeds(every)
    graph, n = reversed_graph(net, seeds, every.size)

    times = travel_time.TravelTimes(net, positions)

    def fresh():
        times._cache = Cache(0)  # no labels of the round before
        return times

    tasks = {
        # labels as all questions use them: time and station in one integer
        "k1": lambda: fresh()._nearest(every, LIMIT_MS),
        "k5": lambda: fresh()._k_nearest(every, 5, LIMIT_MS),
        "scipy": lambda: dijkstra(graph, indices=n + every, min_only=True, limit=float(LIMIT_MS)),
    }
    theirs = tasks["scipy"]()[:n]
    labels = fresh().nearest(every, LIMIT_MS)[1]
    ours = np.where(labels < CLOSED_MS, labels, np.inf)
    assert np.array_equal(ours, theirs), "our labels and scipy's differ"
    seconds = interleaved(tasks, repeats=31, warm=2)
    what = f"Porto on foot, {n:,} junctions, {every.size} stations, 15 minutes"
    ratio = seconds["scipy"] / seconds["k1"]
    yield Figure(
        name=f"labels of all nodes, k = 1: {what}",
        value=rounded(seconds["k1"] * 1000),
        unit="ms",
        against=f"scipy dijkstra(min_only) {rounded(seconds['scipy'] * 1000)} ms",
        ratio=rounded(ratio),
        goal="≥ 3× faster than scipy on the same graph",
        met=ratio >= 3,
    )
    ratio = seconds["k5"] / seconds["k1"]
    yield Figure(
        name="labels of all nodes, k = 5, the same",
        value=rounded(seconds["k5"] * 1000),
        unit="ms",
        against=f"k = 1: {rounded(seconds['k1'] * 1000)} ms",
        ratio=rounded(ratio),
        goal="≤ 4× the time of k = 1",
        met=ratio <= 4,
    )


if __name__ == "__main__":
    for figure in figures():
        print(figure.line())
    sys.exit(0)

"""Random small towns: streets on a crooked lattice with gaps, one-ways and equal lengths."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from geodata.model import Streets
from tests.towns import Way, town

#: Nodes stand so far apart (m); whole numbers make many ways equally long.
STEP_M = 100


@dataclass(frozen=True)
class Plan:
    """A town before it is built: what a property may change a little."""

    nodes: dict[str, tuple[float, float]]
    ways: tuple[Way, ...]
    closed: tuple[str, ...]
    mode: str

    def streets(self) -> Streets:
        """Build it."""
        return town(self.nodes, self.ways, mode=self.mode, closed=self.closed)


@st.composite
def plans(draw, mode: str = "walk") -> Plan:
    """Draw a town of 2 to 16 nodes; every street may be missing, and one-way unless walked."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    shift = st.sampled_from((0, 0, 30, 45))
    nodes = {
        f"n{x}x{y}": (float(STEP_M * x + draw(shift)), float(STEP_M * y + draw(shift)))
        for x in range(columns)
        for y in range(rows)
    }
    pairs = [
        (f"n{x}x{y}", f"n{x + dx}x{y + dy}")
        for x in range(columns)
        for y in range(rows)
        for dx, dy in ((1, 0), (0, 1), (1, 1))
        if x + dx < columns and y + dy < rows
    ]
    kept = [pair for pair in pairs if draw(st.booleans())] or pairs[:1]
    speeds = st.sampled_from((4.0, 4.0, 7.3) if mode == "walk" else (12.0, 30.0))
    ways = []
    for a, b in kept:
        turned = draw(st.booleans())
        oneway = mode != "walk" and draw(st.booleans())
        ways.append(Way(f"{b} {a}" if turned else f"{a} {b}", oneway=oneway, kph=draw(speeds)))
    closed = tuple(name for name in nodes if draw(st.integers(0, 9)) == 0)
    return Plan(nodes, tuple(ways), closed, mode)


def spots(least: int = 1, most: int = 8) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Places in metres, many of them on the lattice's nodes and lines."""
    number = st.sampled_from((0, 50, 100, 100, 130, 137, 200, 250, 300))
    spot = st.tuples(number, number).map(lambda at: (float(at[0]), float(at[1])))
    return st.lists(spot, min_size=least, max_size=most)


def random_arcs(rng: np.random.Generator, nodes: int, arcs: int, longest: int):
    """Draw a random directed graph as the kernels want it: ``indptr, arc, mm``."""
    tail, head = rng.integers(0, nodes, (2, arcs))
    pair = np.unique(tail[tail != head] * nodes + head[tail != head])
    tail, head = pair // nodes, pair % nodes
    ms = rng.integers(1, longest + 1, pair.size)
    mm = rng.integers(1, 5 * longest, pair.size).astype(np.int32)
    indptr = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=nodes)))).astype(np.int32)
    return indptr, (ms << 32) | head, mm

"""Pictures of the map: the first one of a fresh server, one that is kept, bytes and memory."""

import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import FOLDER, NANJING, prepared
from benchmarks.figures import Figure, rounded
from benchmarks.memory import memory_mib
from benchmarks.serving import free_port, locator_server, server
from web.demo import prepare_demo

RUNS = 3
GOAL_SECONDS, GOAL_KB = 1.5, 300


@dataclass(frozen=True)
class Drawn:
    """What one server did: seconds of the first and of the kept picture, bytes, memory."""

    cold: float
    kept: float
    size: int
    before_mib: float
    peak_mib: float


def demo(size: str) -> Path:
    """Return the dataset folder of a demo, prepared if it is not there."""
    folder = FOLDER / f"pictures-{size}"
    if not (folder / "public" / "manifest.json").is_file():
        prepare_demo(size, folder, lambda *_: None)
    return folder


def seconds(url: str) -> tuple[float, int]:
    """Return how long an answer takes, and its bytes."""
    begin = time.perf_counter()
    with urllib.request.urlopen(url) as answer:  # noqa: S310  our own loopback address
        size = len(answer.read())
    return time.perf_counter() - begin, size


def measure(folder: Path, path: str = "/map.png") -> Drawn:
    """Ask a fresh server for its first picture, and then again."""
    port = free_port()
    url = f"http://127.0.0.1:{port}{path}"
    with server(locator_server(folder, port), port, "/readyz") as process:
        before = memory_mib(process.pid)
        cold, size = seconds(url)
        kept = statistics.median(seconds(url)[0] for _ in range(20))
        return Drawn(cold, kept, size, before, memory_mib(process.pid))


def drawn(name: str, folder: Path) -> Iterator[Figure]:
    """Yield the figures of one dataset."""
    runs = [measure(folder) for _ in range(RUNS)]
    cold = statistics.median(run.cold for run in runs)
    yield Figure(
        name=f"`/map.png` 1200 × 630 of {name}: first request after the start",
        value=rounded(cold),
        unit="s",
        against=f"slowest of {RUNS}: {rounded(max(run.cold for run in runs))} s",
        ratio=None,
        goal=f"≤ {GOAL_SECONDS:g} s",
        met=cold <= GOAL_SECONDS,
    )
    kept = statistics.median(run.kept for run in runs)
    yield Figure(
        name="the same, kept",
        value=rounded(1000 * kept),
        unit="ms",
        against="drawn anew",
        ratio=rounded(kept / cold),
        goal="kept after the first",
        met=kept < cold / 10,
    )
    size = max(run.size for run in runs) / 1000
    yield Figure(
        name="the same, size",
        value=rounded(size),
        unit="kB",
        against="goal",
        ratio=None,
        goal=f"≤ {GOAL_KB} kB",
        met=size <= GOAL_KB,
    )


def figures() -> Iterator[Figure]:
    """Yield the figures of this group."""
    yield from drawn("the demo city", demo("city"))
    yield from drawn("the province of 4,200 stations", demo("province"))
    city = measure(prepared(NANJING))
    yield Figure(
        name="peak memory of serving Nanjing for walk, after a picture alone",
        value=rounded(city.peak_mib),
        unit="MiB",
        against=f"before it {rounded(city.before_mib)} MiB",
        ratio=None,
        goal="none",
        met=None,
    )


if __name__ == "__main__":
    for figure in figures():
        print(figure.line(), flush=True)
    sys.exit(0)

"""Peak memory of serving Nanjing for walk, after real questions of every kind."""

import json
import sys
import urllib.request
from pathlib import Path

import numpy as np

from benchmarks.data import NANJING, prepared, street_points
from benchmarks.figures import Figure, rounded
from benchmarks.serving import free_port, locator_server, server


def memory_mib(pid: int, what: str = "VmHWM") -> float:
    """Return the memory of a process and its children (MiB): by default the peak resident one."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    size = next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return size / 1024 + sum(memory_mib(int(child), what) for child in children)


def ask(port: int) -> None:
    """Ask what a day of use asks: nearest by need and hour, coverage with gaps, the map, tiles."""
    base = f"http://127.0.0.1:{port}"
    for number, (lon, lat) in enumerate(
        street_points(NANJING.streets, 200, np.random.default_rng(3))
    ):
        body = {"lon": lon, "lat": lat, "at": f"2026-11-23T{number % 24:02}:30"}
        body |= {"need": ["drink"]} if number % 2 else {}
        request = urllib.request.Request(  # noqa: S310  our own loopback address
            f"{base}/api/v1/nearest",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            answer.read()
    for path in (
        "/api/v1/dataset",
        "/api/v1/coverage?minutes=15",
        "/api/v1/coverage?minutes=15&at=2026-11-23T03:00",
        "/map",
        *(f"/tiles/basemap/15/{27150 + n % 90}/{13250 + n // 90}" for n in range(2_000)),
    ):
        with urllib.request.urlopen(base + path) as answer:  # noqa: S310
            answer.read()


def figures():
    """Yield the figures of this group."""
    port = free_port()
    with server(locator_server(prepared(NANJING), port), port, "/readyz") as process:
        idle = memory_mib(process.pid)
        ask(port)
        peak = memory_mib(process.pid)
        own = memory_mib(process.pid, "RssAnon")
    yield Figure(
        name="peak memory of serving Nanjing for walk, after nearest, coverage, map and tiles",
        value=rounded(peak),
        unit="MiB",
        against=f"before the first question {rounded(idle)} MiB",
        ratio=None,
        goal="≤ 400 MB",
        met=peak * 1.048576 <= 400,
    )
    yield Figure(
        name="of that, its own at the end (the rest are pages of files: program and data)",
        value=rounded(own),
        unit="MiB",
        against="for information",
        ratio=None,
        goal="none",
        met=None,
    )


if __name__ == "__main__":
    for figure in figures():
        print(figure.line(), flush=True)
    sys.exit(0)

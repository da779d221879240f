"""Answer times of ``/tiles`` at a bounded 200 requests a second, and how large tiles are.

Every request has a time when it is due, and is timed from then: a stall counts for all who wait
behind it (no coordinated omission).
"""

import asyncio
import gzip
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pmtiles.reader import MemorySource, all_tiles

from benchmarks.data import NANJING, PORTO, City, prepared
from benchmarks.figures import Figure, rounded
from benchmarks.serving import free_port, locator_server, server

RATE = 200
SECONDS = 20
CONNECTIONS = 16
HEADERS = "Host: 127.0.0.1\r\nAccept-Encoding: gzip\r\n"


@dataclass(frozen=True)
class Load:
    """What the callers saw."""

    milliseconds: np.ndarray
    errors: int
    rate: float


def addresses(archive: Path, count: int) -> tuple[list[str], np.ndarray]:
    """Return addresses of random tiles of all zooms, some of them empty, and all tiles' sizes."""
    tiles = {place: len(data) for place, data in all_tiles(MemorySource(archive.read_bytes()))}
    rng = np.random.default_rng(6)
    places = np.array(sorted(tiles))
    chosen = places[rng.integers(0, len(places), count)]
    chosen[rng.random(count) < 0.1, 1] += 1
    paths = [f"/tiles/basemap/{z}/{x}/{y}" for z, x, y in chosen.tolist()]
    return paths, np.array(list(tiles.values()))


async def load(port: int, paths: Sequence[str], seconds: float) -> Load:
    """Ask at the rate for some seconds; a time counts from when the request was due.

    The connections speak plain HTTP/1.1 here: a client library takes longer for a request than the
    server does.
    """
    count = int(RATE * seconds)
    start = time.perf_counter() + 0.2
    times, statuses = np.zeros(count), np.zeros(count, int)

    async def ask(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(first, count, CONNECTIONS):
            due = start + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            path = paths[number % len(paths)]
            writer.write(f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            times[number] = (time.perf_counter() - due) * 1000
            statuses[number] = int(head[9:12])
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(ask(first) for first in range(CONNECTIONS)))
    rate = count / (time.perf_counter() - start)
    return Load(times, int((~np.isin(statuses, (200, 204))).sum()), rate)


def measure(city: City):
    """Yield the figures of one city."""
    folder = prepared(city)
    archive = folder / "public" / "basemap.pmtiles"
    paths, sizes = addresses(archive, 2_000)
    port = free_port()
    with server(locator_server(folder, port), port, "/readyz"):
        asyncio.run(load(port, paths, 2))
        seen = asyncio.run(load(port, paths, SECONDS))
    p99 = float(np.percentile(seen.milliseconds, 99))
    median = rounded(float(np.median(seen.milliseconds)))
    yield Figure(
        name=f"GET /tiles, {city.name}, one worker, {RATE} requests/s for {SECONDS} s, p99",
        value=rounded(p99),
        unit="ms",
        against=f"median {median} ms, {rounded(seen.rate)} requests/s, {seen.errors} errors",
        ratio=None,
        goal="≤ 30 ms, no error",
        met=p99 <= 30 and not seen.errors,
    )
    plain = sum(
        len(gzip.decompress(data)) for _, data in all_tiles(MemorySource(archive.read_bytes()))
    )
    yield Figure(
        name=f"base map of {city.name}, zooms 8 to 15, {len(sizes):,} tiles",
        value=rounded(archive.stat().st_size / 1e6),
        unit="MB",
        against=f"unpressed {rounded(plain / 1e6)} MB; largest {rounded(sizes.max() / 1e3)} kB, "
        f"median {rounded(float(np.median(sizes)) / 1e3)} kB",
        ratio=None,
        goal="none",
        met=None,
    )


def figures():
    """Yield the figures of this group."""
    for city in (PORTO, NANJING):
        yield from measure(city)


if __name__ == "__main__":
    for figure in figures():
        print(figure.line(), flush=True)
    sys.exit(0)

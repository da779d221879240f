"""Requests a second of ``POST /api/v1/nearest``, against an empty route with its model."""

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from benchmarks.data import FOLDER, PORTO, prepared, street_points
from benchmarks.figures import Figure, rounded
from benchmarks.serving import free_port, locator_server, server

CONNECTIONS = 16
SECONDS = 60
BODIES = 2_000
PATH = "/api/v1/nearest"


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    rate: float
    p99_ms: float
    errors: int
    requests: int


def script(bodies: list[str]) -> str:
    """Return wrk's script: each request posts the next body; errors and p99 come at the end."""
    lines = ",\n".join("[[" + body + "]]" for body in bodies)
    return f"""
local bodies = {{{lines}}}
local at = 0
wrk.method = "POST"
wrk.path = "{PATH}"
wrk.headers["Content-Type"] = "application/json"
request = function()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("figures %d %d %d %f\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99) / 1000))
end
"""


def load(port: int, seconds: int) -> Load:
    """Run wrk against a server on the loopback."""
    command = [
        *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"),
        *("-s", str(FOLDER / "nearest.lua"), f"http://127.0.0.1:{port}"),
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"figures (\d+) (\d+) (\d+) ([\d.]+)", output)
    assert found, output
    requests, micros, errors = (int(found.group(i)) for i in (1, 2, 3))
    return Load(requests / (micros / 1e6), float(found.group(4)), errors, requests)


def write_script() -> list[str]:
    """Write the questions, random positions of Porto at noon; return their bodies."""
    points = street_points(PORTO.streets, BODIES, np.random.default_rng(5))
    bodies = [
        json.dumps({"lon": round(lon, 6), "lat": round(lat, 6), "at": "2026-11-23T12:00"})
        for lon, lat in points
    ]
    (FOLDER / "nearest.lua").write_text(script(bodies), encoding="utf-8")
    return bodies


def first_answer(port: int, body: str) -> str:
    """Return what our server answers to a question."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{PATH}",
        data=body.encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return answer.read().decode()


def figures():
    """Yield the figures of this group."""
    what = f"POST {PATH}, Porto, one worker, {CONNECTIONS} connections, {SECONDS} s"
    if shutil.which("wrk") is None:
        goal = "≥ 50 % of an empty route, p99 ≤ 30 ms, no error"
        yield Figure(what, None, "requests/s", "wrk is not installed", None, goal, met=None)
        return
    folder = prepared(PORTO)
    bodies = write_script()
    ours, empty = free_port(), free_port()
    ready = FOLDER / "nearest.json"
    bare = [sys.executable, "-m", "benchmarks.empty_route", str(empty), str(ready)]
    with ExitStack() as running:
        running.enter_context(server(locator_server(folder, ours), ours, "/readyz"))
        ready.write_text(first_answer(ours, bodies[0]), encoding="utf-8")
        running.enter_context(server(bare, empty, "/healthz"))
        load(ours, 3)
        load(empty, 3)
        before = load(empty, SECONDS // 2)
        mine = load(ours, SECONDS)
        after = load(empty, SECONDS // 2)
    rate = (before.rate + after.rate) / 2
    ratio = mine.rate / rate
    yield Figure(
        name=what,
        value=rounded(mine.rate),
        unit="requests/s",
        against=f"empty FastAPI route, same model and size of answer: {rounded(rate)} requests/s",
        ratio=rounded(ratio),
        goal="≥ 50 % of the empty route",
        met=ratio >= 0.5,
    )
    yield Figure(
        name="the same, p99",
        value=rounded(mine.p99_ms),
        unit="ms",
        against=f"empty route {rounded(max(before.p99_ms, after.p99_ms))} ms",
        ratio=None,
        goal="≤ 30 ms",
        met=mine.p99_ms <= 30,
    )
    yield Figure(
        name="the same, errors",
        value=mine.errors,
        unit=f"of {mine.requests} requests",
        against="goal",
        ratio=None,
        goal="none",
        met=mine.errors == 0,
    )


if __name__ == "__main__":
    for figure in figures():
        print(figure.line(), flush=True)
    sys.exit(0)

"""One coverage model through PySAL spopt, stopped after a stated time.

``python -m benchmarks.spopt_mclp MODEL.npz SITES SECONDS`` prints what it covers and how long that
took, as JSON. `stopped` runs it in a process of its own, so that it can be stopped wherever it is:
while it makes its rows one by one, or while HiGHS solves them.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.data import ROOT
from benchmarks.figures import Figure, rounded
from locator.siting import maximal_cover

#: How many times our time spopt is given at least, seconds at least, and gigabytes at most.
TIMES, LEAST_SECONDS, GIGABYTES = 10, 60, 16
_FIRST_SECONDS, _MOST_SECONDS = 0.05, 60


def solved(file, sites, seconds):
    """Return what spopt covers, None for nothing, and its seconds without loading the model."""
    import pulp  # noqa: PLC0415  an oracle of the test group
    from spopt.locate import MCLP  # noqa: PLC0415  as above

    model = np.load(file)
    options, points = model["indptr"].size - 1, model["weight"].size
    far = np.ones((points, options), np.uint8)  # dense is what spopt takes
    far[model["point"], np.repeat(np.arange(options), np.diff(model["indptr"]))] = 0
    begin = time.perf_counter()
    theirs = MCLP.from_cost_matrix(far, model["weight"], 0.5, sites)
    left = max(seconds - (time.perf_counter() - begin), 1.0)
    theirs = theirs.solve(pulp.HiGHS(msg=False, threads=1, timeLimit=left))
    value = pulp.value(theirs.problem.objective)
    return None if value is None else float(value), time.perf_counter() - begin


def stopped(model, sites, seconds):
    """Return what spopt covers (None: nothing) and after how long, stopped after ``seconds``."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.npz"
        np.savez(file, indptr=model.indptr, point=model.point, weight=model.weight)
        command = [
            sys.executable,
            "-m",
            "benchmarks.spopt_mclp",
            str(file),
            str(sites),
            str(seconds),
        ]
        load = 30 + file.stat().st_size / 1e6  # imports, and the dense table: not counted
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                timeout=seconds + load,
                capture_output=True,
                text=True,
                check=True,
            )
        except subprocess.TimeoutExpired:
            return None, seconds
        except subprocess.CalledProcessError as error:
            if "MemoryError" not in error.stderr:
                raise
            return None, seconds
    value, took = json.loads(done.stdout)
    return (value, took) if took <= seconds else (None, seconds)


def reaching(model, sites, objective):
    """Return the seconds in which ours covers so much, each try by itself with twice the time."""
    limit = _FIRST_SECONDS
    while limit <= _MOST_SECONDS:
        begin = time.perf_counter()
        plan = maximal_cover(model, sites=sites, time_limit_seconds=limit)
        took = time.perf_counter() - begin
        if plan.objective >= objective:
            return took
        limit *= 2
    raise RuntimeError(f"ours does not cover {objective} within {_MOST_SECONDS} s")


def compared(name, model, sites, objective):
    """Yield how much longer spopt takes to what ours covers; at least, where it was stopped."""
    ours = reaching(model, sites, objective)
    theirs, seconds = stopped(model, sites, max(TIMES * ours, LEAST_SECONDS))
    there = theirs is not None and theirs >= objective * (1 - 1e-9)
    said = (
        f"{rounded(seconds)} s"
        if there
        else (
            f"stopped after {rounded(seconds)} s at "
            + ("no choice at all" if theirs is None else f"{theirs:,.0f}")
        )
    )
    yield Figure(
        name=f"{name}: time to {objective:,.0f} workers",
        value=rounded(ours),
        unit="s",
        against=f"the same model through spopt (HiGHS): {said}",
        ratio=rounded(seconds / ours),
        goal=f"≥ {TIMES}× (a lower bound where spopt was stopped without as much)",
        met=not there or seconds >= TIMES * ours,
    )  # fmt: skip


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES * 10**9,) * 2)
    print(json.dumps(solved(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))

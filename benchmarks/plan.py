"""Plans: a budget on Nanjing's streets by e-bike, and 1,000 sites for a whole province."""

import resource
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.data import FOLDER, ROOT, City, prepared
from benchmarks.figures import Figure, rounded
from benchmarks.spopt_mclp import compared
from geodata import open_dataset
from geodata.regions import label
from locator import Index
from locator.plan_solve import model_of
from locator.snap import Snapper

CITY = City("nanjing", stations=50, homes=0, modes=("ebike",))
POINTS, SITES = 100_000, 5_000
PROVINCE_POINTS, PROVINCE_SITES, PROVINCE_CHOSEN = 500_000, 20_000, 1_000
_MEGABYTE = 1024


def places(net, count, rng):
    """Return places up to about 30 m beside streets, each street as likely as it is long."""
    share = np.cumsum(net.segment_m)
    segment = np.searchsorted(share, rng.uniform(0, share[-1], count))
    line, part = net.segment_line[segment], rng.uniform(0, 1, (count, 1))
    lonlat = line[:, :2] * (1 - part) + line[:, 2:] * part
    return lonlat + rng.normal(0, 2e-4, (count, 2))


def with_homes(dataset, mode, count, rng):
    """Return a dataset with homes drawn at random."""
    net = dataset.networks[mode]
    lonlat = places(net, count, rng)
    lon, lat = np.ascontiguousarray(lonlat[:, 0]), np.ascontiguousarray(lonlat[:, 1])
    homes = pd.DataFrame(
        {
            "lon": lon,
            "lat": lat,
            "workers": rng.integers(1, 4, count).astype(float),
            "group": "courier",
            "kind": "home",
            "region": label(lon, lat, dataset.regions) if len(dataset.regions) else -1,
        }
    )
    snapped = Snapper(net, dataset.barrier_lines).snap(lon, lat)
    return replace(dataset, homes=homes, home_positions={mode: snapped})


def candidates(net, count, rng):
    """Return sites drawn at random, with unequal prices."""
    lonlat = places(net, count, rng)
    return pd.DataFrame(
        {
            "id": [f"c{number}" for number in range(count)],
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
            "cost_yuan": [
                f"{yuan / 100:.2f}" for yuan in rng.integers(2_000_000, 8_000_000, count)
            ],
        }
    )


def measured(index, table, mode, **aim):
    """Return the answer, the seconds it took, and the seconds at the end of each stage."""
    begin, stages = time.perf_counter(), {}

    def note(_, stage):
        stages[stage] = time.perf_counter() - begin

    answer = index.plan(table, mode=mode, exact=True, progress=note, **aim)
    return answer, time.perf_counter() - begin, stages


def told(name, answer, seconds, stages, goals):
    """Yield the figures of one plan."""
    most_seconds, most_gap = goals
    result, entries = answer.result, answer.plan.choice.cover.indptr[-1]
    parts = ", ".join(f"{stage} until {at:.1f} s" for stage, at in stages.items())
    name = f"{name} ({entries:,} pairs in reach)"
    yield Figure(
        name=name, value=rounded(seconds), unit="s", against=f"goal; {parts}", ratio=None,
        goal=f"≤ {most_seconds} s", met=seconds <= most_seconds,
    )  # fmt: skip
    yield Figure(
        name=f"proven gap of the same: {result['method']}",
        value=rounded(100 * result["gap"]), unit="%", ratio=None,
        against=f"{result['objective']:,.0f} of at most {result['bound']:,.0f} workers",
        goal=f"≤ {100 * most_gap:g} %", met=result["gap"] <= most_gap,
    )  # fmt: skip


def city():
    """Yield the figures of the budget plan."""
    rng = np.random.default_rng(5)
    dataset = with_homes(open_dataset(prepared(CITY)), "ebike", POINTS, rng)
    index = Index(dataset)
    index.plan("auto", mode="ebike", minutes=1, sites=1, exact=True)  # compile
    table = candidates(dataset.networks["ebike"], SITES, rng)
    budget = 50 * 50_000  # about 50 sites at the mean price
    what = f"Nanjing by e-bike, {POINTS:,} homes, {SITES:,} candidates at 50 prices' budget"
    answer = measured(index, table, "ebike", budget_yuan=budget, time_limit_seconds=45)
    yield from told(f"budget plan: {what}", *answer, (60, 0.02))
    answer = measured(index, table, "ebike", sites=50, time_limit_seconds=45)
    yield from told("the same for 50 sites", *answer, (60, 0.02))
    plan, covered = answer[0].plan, answer[0].result["before"]["workers"]["covered"]
    model = model_of(plan.choice, plan.demand.points.total(plan.demand.place, plan.demand.workers))
    reached = answer[0].result["objective"] - covered
    yield from compared("Nanjing by e-bike for 50 sites", model, 50, reached)


def province():
    """Yield the figures of the province plan; runs in a process of its own for its memory."""
    folder = FOLDER / "province"
    if not (folder / "public").is_dir():
        demo = [sys.executable, "-m", "web", "demo", "--out", str(FOLDER / "province-in")]
        subprocess.run([*demo, "--size", "province"], cwd=ROOT, check=True, stdout=sys.stderr)
        parts = FOLDER / "province-in"
        files = ("streets.osm.pbf", "stations.csv", "homes.csv", "regions.geojson")
        named = zip(("--streets", "--stations", "--homes", "--regions"), files, strict=True)
        options = [part for option, name in named for part in (option, str(parts / name))]
        command = [sys.executable, "-m", "web", "prepare", *options, "--out", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    rng = np.random.default_rng(6)
    dataset = with_homes(open_dataset(folder), "walk", PROVINCE_POINTS, rng)
    index = Index(dataset)
    table = candidates(dataset.networks["walk"], PROVINCE_SITES, rng)
    what = (
        f"{len(dataset.stations):,} stations, {PROVINCE_SITES:,} candidates, "
        f"{PROVINCE_POINTS:,} homes, {PROVINCE_CHOSEN:,} sites, on foot"
    )
    answer = measured(index, table, "walk", sites=PROVINCE_CHOSEN, time_limit_seconds=480)
    yield from told(f"province plan: {what}", *answer, (600, 0.05))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE
    yield Figure(
        name="memory of the province plan, at its highest", value=rounded(peak), unit="MB",
        against="goal", ratio=None, goal="≤ 8,192 MB", met=peak <= 8192,
    )  # fmt: skip


if __name__ == "__main__":
    for figures in (city, province) if len(sys.argv) == 1 else (globals()[sys.argv[1]],):
        for figure in figures():
            print(figure.line(), flush=True)
    sys.exit(0)

"""OR-Library's p-median instances (Beasley, 1985): published optima, of p-center too."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.csgraph import shortest_path

from locator.siting import p_center, p_median

FOLDER = Path(os.environ.get("LOCATOR_TEST_DATA", Path(__file__).parents[2] / "shared/data"))
ORLIB = FOLDER / "orlib"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ORLIB / "pmedopt.txt").exists(), reason="no OR-Library files here"),
]


def instance(number):
    """Return all distances and the number of sites; a repeated edge overrides the earlier one."""
    text = np.array((ORLIB / f"pmed{number}.txt").read_text("ascii").split(), int)
    nodes, _, sites = text[:3]
    graph = np.full((nodes, nodes), np.inf)
    for a, b, length in text[3:].reshape(-1, 3):
        graph[a - 1, b - 1] = graph[b - 1, a - 1] = length
    return shortest_path(graph, directed=False), int(sites)


def optima(name):
    """Return published optima by instance."""
    rows = (line.split() for line in (ORLIB / name).read_text("ascii").splitlines())
    return {row[0]: float(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


@pytest.mark.parametrize("number", range(1, 21))
def test_p_median_has_the_published_optimum(number):
    distance, sites = instance(number)
    best = optima("pmedopt.txt")[f"pmed{number}"]
    plan = p_median(distance, np.ones(len(distance)), sites=sites, time_limit_seconds=120)
    assert plan.objective == best
    assert distance[plan.chosen].min(axis=0).sum() == best
    assert plan.bound <= best
    assert plan.chosen.size <= sites
    assert plan.proven
    assert (np.diff(plan.gains) <= 0).all()


@pytest.mark.parametrize("number", range(1, 21))
def test_p_center_has_the_published_optimum(number):
    distance, sites = instance(number)
    plan = p_center(distance, np.ones(len(distance)), sites=sites, time_limit_seconds=120)
    assert plan.objective == optima("kcenteropt.txt")[f"pmed{number}"]
    assert distance[plan.chosen].min(axis=0).max() == plan.objective
    assert plan.proven
    assert plan.chosen.size <= sites

"""Small siting models made at random, and the answers by trying everything."""

from itertools import combinations

import numpy as np

from locator.siting_model import CoverModel


def random_model(seed, *, options=9, points=14, bundles=True, whole=True, base=False):
    """Return a model small enough to try every choice."""
    draw = np.random.default_rng(seed)
    options = int(draw.integers(2, options + 1))
    points = int(draw.integers(1, points + 1))
    share = draw.uniform(0.1, 0.5)
    reach = [np.flatnonzero(draw.random(points) < share) for _ in range(options)]
    weight = draw.integers(0, 12, points) if whole else draw.random(points) * 10
    bundle = np.where(draw.random(options) < 0.5, draw.integers(0, 3, options), -1)
    return CoverModel.of_lists(
        reach,
        weight,
        draw.integers(0 if seed % 5 == 0 else 1, 40, options) * int(draw.choice([1, 12_345])),
        bundle=bundle if bundles else None,
        base=draw.integers(0, 3, points) if base else None,
    )


def all_choices(model):
    """Yield every choice that bundles allow."""
    bundle = model.bundles
    for size in range(model.options + 1):
        for chosen in combinations(range(model.options), size):
            taken = [bundle[j] for j in chosen if bundle[j] >= 0]
            if len(taken) == len(set(taken)):
                yield np.array(chosen, int)


def limits(seed, model):
    """Return a budget or a number of sites."""
    draw = np.random.default_rng(seed + 10_000)
    if seed % 2:
        return {"sites": int(draw.integers(0, model.options + 1))}
    return {"budget": int(draw.uniform(0, 0.9) * model.cost.sum())}


def affordable(model, chosen, limit):
    """Tell whether a choice keeps to the limit."""
    if "sites" in limit:
        return len(chosen) <= limit["sites"]
    return int(model.cost[chosen].sum()) <= limit["budget"]

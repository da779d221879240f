"""Swaps of maximal coverage: the kernels against plain twins, and what swaps must keep."""

import numpy as np
import pytest

from locator import _siting_swap_kernels as kernels
from locator.siting import maximal_cover
from locator.siting_bound import CoverDual
from locator.siting_search import Purse, Search
from locator.siting_swaps import Swaps
from tests.siting_small import affordable, limits, random_model


def plain_state(model, site):
    """Return gains, losses and common people by their definitions."""
    reach = [set(model.points_of(j).tolist()) for j in range(model.options)]
    count = model.counts(site)

    def people(points):
        return float(sum(model.weight[i] for i in points))

    alone = [{i for i in reach[k] if count[i] == 1} for k in site]
    gain = [people(i for i in row if count[i] == 0) for row in reach]
    return gain, [people(a) for a in alone], [[people(a & row) for row in reach] for a in alone]


def kernel_state(model, sites):
    """Return empty arrays of a state, in the order of the kernels."""
    return (
        np.zeros(model.points, np.int32),
        np.zeros(model.points, np.int64),
        model.option_weights,
        np.zeros(sites),
        np.zeros((sites, model.options)),
    )


def relation(model):
    """Return the arrays of a model in the order of the kernels."""
    return (model.indptr, model.point, *model.by_point, model.weight)


@pytest.mark.parametrize("seed", range(12))
def test_gains_losses_and_common_people_follow_each_swap(seed):
    model = random_model(seed, options=9, points=20, bundles=False)
    draw = np.random.default_rng(seed)
    sites = int(draw.integers(1, model.options))
    site = draw.permutation(model.options)[:sites]
    state = kernel_state(model, sites)
    for s, j in enumerate(site):
        kernels.enter(int(j), s, *relation(model), *state)
    for _ in range(6):
        s = int(draw.integers(sites))
        new = int(draw.choice(np.setdiff1d(np.arange(model.options), site)))
        kernels.leave(int(site[s]), s, *relation(model), *state)
        kernels.enter(new, s, *relation(model), *state)
        site[s] = new
        gain, loss, common = plain_state(model, site)
        assert state[2] == pytest.approx(gain)
        assert state[3] == pytest.approx(loss)
        assert state[4] == pytest.approx(np.array(common))


@pytest.mark.parametrize("seed", range(12))
def test_the_best_swap_is_the_best_of_all(seed):
    model = random_model(seed, options=9, points=20, bundles=False)
    draw = np.random.default_rng(seed)
    sites = int(draw.integers(1, model.options))
    site = draw.permutation(model.options)[:sites].astype(np.int64)
    state = kernel_state(model, sites)
    slot = np.full(model.options, -1)
    for s, j in enumerate(site):
        slot[j] = s
        kernels.enter(int(j), s, *relation(model), *state)
    room = int(draw.integers(0, model.cost.max() + 1))
    out, into = kernels.best_swap(
        1, 0.0, np.inf, room, 0.0, site, sites, np.zeros(model.options, np.int64), model.cost,
        model.bundles, np.zeros(1, bool), slot, np.ones(model.options, bool), *state[2:],
    )  # fmt: skip
    before = model.covered_weight(site)
    worth = {
        (s, j): model.covered_weight([*np.delete(site, s), j]) - before
        for s in range(sites)
        for j in np.setdiff1d(np.arange(model.options), site)
        if model.cost[j] - model.cost[site[s]] <= room
    }
    if worth:
        assert worth[out, into] == pytest.approx(max(worth.values()))
    else:
        assert (out, into) == (-1, -1)


@pytest.mark.parametrize("seed", range(40))
def test_swaps_keep_to_purse_and_bundles_and_lose_nothing(seed):
    model = random_model(seed)
    limit = limits(seed, model)
    purse = Purse.of(model, limit.get("budget"), limit.get("sites"))
    search = Search(model, purse)
    search.fill()
    greedy = model.covered_weight(search.options)
    swaps = Swaps(model, purse)
    chosen = swaps.swapped(search)
    assert model.covered_weight(chosen) >= greedy - 1e-9
    dual = CoverDual(model, purse, model.counts(chosen))
    for _ in range(4):
        assert affordable(model, chosen, limit)
        bundle = model.bundles[chosen][model.bundles[chosen] >= 0]
        assert np.unique(bundle).size == bundle.size
        assert np.array_equal(search.options, chosen)
        assert model.covered_weight(chosen) <= dual.bound + 1e-6
        chosen = swaps.turn(search, chosen, dual.best)


def test_swaps_find_what_greedy_filling_misses():
    # greedy takes the middle first, and then reaches no more than one end
    from locator.siting import CoverModel

    model = CoverModel.of_lists([[1, 2, 3, 4], [0, 1, 2], [3, 4, 5]], [3, 4, 4, 4, 4, 3])
    search = Search(model, Purse.of(model, None, 2))
    search.fill()
    assert model.covered_weight(search.options) == 19.0
    assert Swaps(model, search.purse).swapped(search).tolist() == [1, 2]
    assert maximal_cover(model, sites=2).objective == 22.0

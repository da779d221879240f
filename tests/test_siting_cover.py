"""Maximal coverage and cheapest cover: against trying everything, and as properties."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from locator.siting_bound import part_of, safe_floor
from locator.siting_cover import maximal_cover
from locator.siting_model import CoverModel, InfeasibleError
from locator.siting_set import set_cover
from tests.siting_small import affordable, all_choices, limits, random_model

SEEDS = range(200)


def target_met(model, target, covered):
    """Return what tells whether a choice meets a target."""
    reached = (np.diff(model.by_point[0]) > 0) & (model.weight > 0)
    total = model.weight.sum() + covered

    def met(chosen):
        if target is None:
            return bool((model.counts(chosen)[reached] > 0).all())
        return model.covered_weight(chosen) + covered >= target * total - 1e-9 * (1 + total)

    return met


@pytest.mark.parametrize("whole", [True, False])
def test_maximal_cover_is_the_best_of_all_choices(whole):
    for seed in SEEDS:
        model = random_model(seed, whole=whole)
        limit = limits(seed, model)
        best = max(
            model.covered_weight(c) for c in all_choices(model) if affordable(model, c, limit)
        )
        plan = maximal_cover(model, time_limit_seconds=120, **limit)
        assert plan.objective == pytest.approx(best, abs=1e-9), seed
        assert plan.objective == pytest.approx(model.covered_weight(plan.chosen), abs=1e-9)
        assert plan.proven, seed
        assert plan.gap == 0
        assert affordable(model, plan.chosen, limit)
        assert plan.gains.sum() == pytest.approx(plan.objective)
        taken = model.bundles[plan.chosen]
        assert np.unique(taken[taken >= 0]).size == (taken >= 0).sum()


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("whole", [True, False])
def test_set_cover_is_the_cheapest_of_all_choices(partial, whole):
    for seed in SEEDS:
        model = random_model(seed, whole=whole)
        draw = np.random.default_rng(seed + 77)
        target = float(draw.uniform(0.2, 1)) if partial else None
        covered = float(draw.integers(0, 10)) if partial else 0.0
        met = target_met(model, target, covered)
        costs = [int(model.cost[c].sum()) for c in all_choices(model) if met(c)]
        if not costs:
            with pytest.raises(InfeasibleError, match=r"\(add candidates"):
                set_cover(model, target=target, covered=covered, time_limit_seconds=120)
            continue
        plan = set_cover(model, target=target, covered=covered, time_limit_seconds=120)
        assert met(plan.chosen), seed
        assert plan.objective == plan.spent == min(costs), seed
        assert plan.proven, seed
        assert plan.feasible


@pytest.mark.parametrize("partial", [False, True])
def test_fewest_sites_are_the_fewest_of_all_choices(partial):
    other = 0
    for seed in SEEDS:
        model = random_model(seed, whole=seed % 3 > 0)
        target = float(np.random.default_rng(seed + 78).uniform(0.2, 1)) if partial else None
        met = target_met(model, target, 0.0)
        fitting = [c for c in all_choices(model) if met(c)]
        if not fitting:
            continue
        plan = set_cover(model, target=target, fewest=True, time_limit_seconds=120)
        assert met(plan.chosen), seed
        assert plan.objective == plan.bound == min(c.size for c in fitting), seed
        assert plan.proven, seed
        cheapest = min(fitting, key=lambda c, model=model: int(model.cost[c].sum()))
        other += cheapest.size > plan.objective
    assert other > 3, "the cheapest are not the fewest"


@pytest.mark.parametrize("fewest", [False, True])
def test_a_bound_without_time_is_never_above_the_best_and_is_what_costs_can_be(fewest):
    for seed in SEEDS:
        model = random_model(seed, whole=seed % 3 > 0)
        met = target_met(model, 0.6, 0.0)
        price = np.ones(model.options, int) if fewest else model.cost
        values = [int(price[c].sum()) for c in all_choices(model) if met(c)]
        if not values:
            continue
        plan = set_cover(model, target=0.6, fewest=fewest, time_limit_seconds=0.0)
        assert plan.bound <= min(values) <= plan.objective or not plan.feasible, seed
        assert plan.bound % part_of(price) == 0, seed


def test_a_bound_that_time_cut_off_is_a_multiple_of_what_all_costs_share():
    draw = np.random.default_rng(4)
    distance = np.hypot(*(draw.random((90, 2))[:, None] - draw.random((700, 2))[None]).T).T
    reach = [np.flatnonzero(row <= 0.14) for row in distance]
    cost = draw.integers(20, 90, 90) * 100_000  # thousands of yuan
    model = CoverModel.of_lists(reach, draw.integers(1, 20, 700), cost)
    for seconds in (0.0, 0.1, 0.5):
        plan = set_cover(model, target=0.8, time_limit_seconds=seconds)
        assert plan.bound % 100_000 == 0
        assert 0 < plan.bound <= plan.objective
        assert plan.proven == (plan.bound == plan.objective)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=6),
    st.integers(0, 2**6 - 1),
    st.floats(0, 1e-10),
    st.floats(0, 1),
)
def test_raising_a_bound_to_what_costs_can_be_never_passes_a_cost(prices, subset, wrong, less):
    price = np.array(prices, np.int64)
    cost = sum(each for row, each in enumerate(prices) if subset >> row & 1)
    part = part_of(price)
    raised = safe_floor(cost * (1 + wrong), part)  # as wrong as sums of floats are
    assert raised <= cost
    assert raised % part == 0
    below = cost - less * part
    assert below * (1 - 1e-8) - part <= safe_floor(below, part) <= cost

"""Maximal coverage and cheapest cover: against trying everything, and as properties."""

import numpy as np
import pytest

from locator.siting_cover import maximal_cover
from locator.siting_model import InfeasibleError
from locator.siting_set import set_cover
from tests.siting_small import affordable, all_choices, limits, random_model

SEEDS = range(200)


@pytest.mark.parametrize("whole", [True, False])
def test_maximal_cover_is_the_best_of_all_choices(whole):
    for seed in SEEDS:
        model = random_model(seed, whole=whole)
        limit = limits(seed, model)
        best = max(
            model.covered_weight(c) for c in all_choices(model) if affordable(model, c, limit)
        )
        plan = maximal_cover(model, time_limit_seconds=20, **limit)
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
        reached = np.diff(model.by_point[0]) > 0
        total = model.weight.sum() + covered

        def met(chosen, model=model, target=target, covered=covered, reached=reached, total=total):
            if target is None:
                return bool((model.counts(chosen)[reached & (model.weight > 0)] > 0).all())
            return model.covered_weight(chosen) + covered >= target * total - 1e-9 * (1 + total)

        costs = [int(model.cost[c].sum()) for c in all_choices(model) if met(c)]
        if not costs:
            with pytest.raises(InfeasibleError, match=r"\(add candidates"):
                set_cover(model, target=target, covered=covered, time_limit_seconds=60)
            continue
        plan = set_cover(model, target=target, covered=covered, time_limit_seconds=60)
        assert met(plan.chosen), seed
        assert plan.objective == plan.spent == min(costs), seed
        assert plan.proven, seed
        assert plan.feasible

"""Maximal coverage and cheapest cover: against trying everything, and as properties."""

import numpy as np
import pytest

from locator.siting_cover import maximal_cover
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

"""Backup, capacity and fairness against trying everything."""

import numpy as np
import pytest

from locator.siting_backup import backup_cover
from tests.siting_small import affordable, all_choices, limits, random_model

SEEDS = range(200)


def test_backup_cover_is_the_best_of_all_choices():
    for seed in SEEDS:
        model = random_model(seed, whole=seed % 3 > 0, base=seed % 4 > 0)
        limit = limits(seed, model)
        base = 0 if model.base is None else model.base

        def backed(chosen, model=model, base=base):
            return model.weight[model.counts(chosen) + base >= 2].sum()

        best = max(backed(c) for c in all_choices(model) if affordable(model, c, limit))
        plan = backup_cover(model, time_limit_seconds=20, **limit)
        assert plan.objective == pytest.approx(best, abs=1e-9), seed
        assert backed(plan.chosen) == pytest.approx(plan.objective)
        assert plan.proven, seed
        assert affordable(model, plan.chosen, limit)

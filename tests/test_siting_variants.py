"""Backup, capacity and fairness against trying everything."""

import networkx as nx
import numpy as np
import pytest

from locator.siting_backup import backup_cover
from locator.siting_capacity import allocate, capacitated_cover
from locator.siting_fair import Floors, fair_cover
from locator.siting_model import CoverModel, InfeasibleError
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
        plan = backup_cover(model, time_limit_seconds=120, **limit)
        assert plan.objective == pytest.approx(best, abs=1e-9), seed
        assert backed(plan.chosen) == pytest.approx(plan.objective)
        assert plan.proven, seed
        assert affordable(model, plan.chosen, limit)


def test_fair_cover_is_the_best_of_all_choices():
    impossible = 0
    for seed in SEEDS:
        model = random_model(seed, whole=seed % 3 > 0)
        limit = limits(seed, model)
        draw = np.random.default_rng(seed + 5)
        district = draw.integers(-1, 3, model.points)
        share = float(draw.uniform(0, 0.6))
        people = [model.weight[district == d].sum() for d in range(3)]

        def fair(chosen, model=model, district=district, share=share, people=people):
            served = model.counts(chosen) > 0
            return all(
                model.weight[served & (district == d)].sum() >= share * people[d] - 1e-9
                for d in range(3)
            )

        values = [
            model.covered_weight(c)
            for c in all_choices(model)
            if affordable(model, c, limit) and fair(c)
        ]
        floors = Floors.of(model, district, share)
        if not values:
            impossible += 1
            with pytest.raises(InfeasibleError, match="every district"):
                fair_cover(model, floors, time_limit_seconds=120, **limit)
            continue
        plan = fair_cover(model, floors, time_limit_seconds=120, **limit)
        assert plan.objective == pytest.approx(max(values), abs=1e-9), seed
        assert plan.feasible
        assert fair(plan.chosen)
        assert plan.proven, seed
    assert 20 < impossible < 180


def greatest_flow(model, capacity, chosen):
    """Serve people by networkx's flow: an oracle that is not ours."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for j in chosen:
        graph.add_edge("from", ("option", int(j)), capacity=float(capacity[j]))
        for i in model.points_of(int(j)):
            graph.add_edge(("option", int(j)), ("point", int(i)), capacity=float(model.weight[i]))
            graph.add_edge(("point", int(i)), "to", capacity=float(model.weight[i]))
    return nx.maximum_flow_value(graph, "from", "to")


def test_capacitated_cover_is_the_best_of_all_choices():
    for seed in SEEDS:
        whole = seed % 3 > 0
        model = random_model(seed, options=6, points=9, whole=whole)
        limit = limits(seed, model)
        draw = np.random.default_rng(seed + 9)
        capacity = draw.integers(0, 30, model.options) if whole else draw.random(model.options) * 20
        best = max(
            greatest_flow(model, capacity, c)
            for c in all_choices(model)
            if affordable(model, c, limit)
        )
        plan = capacitated_cover(model, capacity, time_limit_seconds=120, **limit)
        assert plan.objective == pytest.approx(best, abs=1e-6), seed
        assert plan.proven, seed
        assert affordable(model, plan.chosen, limit)
        sent = allocate(model, capacity, plan.chosen)
        assert sent.total == pytest.approx(plan.objective, abs=1e-6)
        served = np.bincount(model.point[sent.entry], sent.people, minlength=model.points)
        assert (served <= model.weight + 1e-6).all()
        option = np.searchsorted(model.indptr, sent.entry, "right") - 1
        assert (np.bincount(option, sent.people, minlength=model.options) <= capacity + 1e-6).all()
        if whole:
            assert (sent.people == np.rint(sent.people)).all()


def test_where_there_is_nothing_to_choose_floors_are_kept_or_refused():
    """Everybody a plan may ask for is covered already, or nobody can be: no options, no points."""
    for people in ([], [3.0, 4.0]):
        model = CoverModel.of_lists([], people)
        district = np.zeros(len(people), int)
        kept = Floors.of(model, district, 0.5, total=[20.0], covered=[12.0])
        plan = fair_cover(model, kept, sites=2, time_limit_seconds=120)
        assert (plan.chosen.size, plan.objective, plan.bound) == (0, 0.0, 0.0)
        assert plan.proven
        missed = Floors.of(model, district, 0.7, total=[20.0], covered=[12.0])
        with pytest.raises(InfeasibleError, match="every district"):
            fair_cover(model, missed, sites=2, time_limit_seconds=120)

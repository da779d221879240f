"""Siting as properties, against another's solver, and kernels against their plain twins."""

from itertools import pairwise

import numpy as np
import pulp
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse

from geodata.errors import ValidationError
from locator import _siting_kernels as kernels, _siting_median_kernels as median_kernels
from locator.siting import (
    CoverModel,
    backup_cover,
    capacitated_cover,
    maximal_cover,
    p_center,
    p_median,
    set_cover,
)
from locator.siting_clock import Clock
from locator.siting_exact import Programme, solve
from locator.siting_search import Purse, Search
from tests.siting_small import random_model


def linear_optimum(model, sites):
    """Return the optimum of the linear relaxation of maximal coverage."""
    back, option = model.by_point
    reach = sparse.csr_array((np.ones(option.size), option, back), (model.points, model.options))
    rows = sparse.vstack(
        [
            sparse.hstack([reach, -sparse.eye_array(model.points)]),
            sparse.csr_array(
                (np.arange(model.options + model.points) < model.options)[None, :] * 1.0
            ),
        ]
    )
    programme = Programme(
        np.concatenate([np.zeros(model.options), -model.weight]),
        sparse.csr_array(rows),
        np.append(np.zeros(model.points), -np.inf),
        np.append(np.full(model.points, np.inf), sites),
        np.zeros(model.options + model.points, bool),
    )
    return -solve(programme, Clock(20), relax=True).bound


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_linear_optimum_exact_and_greedy_stand_in_order(seed, sites):
    model = random_model(seed, options=12, points=20, bundles=False)
    plan = maximal_cover(model, sites=sites, time_limit_seconds=120)
    search = Search(model, Purse.of(model, None, sites))
    greedy = search.fill()[1].sum()
    linear = linear_optimum(model, sites)
    assert linear >= plan.objective - 1e-4
    assert plan.objective >= greedy - 1e-9
    assert greedy >= (1 - 1 / np.e) * (linear - 1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_gains_never_grow_where_costs_are_equal(seed, sites):
    model = random_model(seed, bundles=False)
    plan = maximal_cover(model, sites=sites, time_limit_seconds=120)
    assert (np.diff(plan.gains) <= 1e-9).all()
    cost = np.random.default_rng(seed).random((8, 12))
    plan = p_median(cost, np.ones(12), sites=sites, time_limit_seconds=120)
    assert (np.diff(plan.gains) <= 1e-9).all()


def test_gains_per_yuan_come_in_greedy_order():
    model = random_model(3, options=9, bundles=False)
    plan = maximal_cover(model, budget=int(model.cost.sum() // 2))
    rate = plan.gains / model.cost[plan.chosen]
    assert (np.diff(rate) <= 1e-12).all()


def test_p_median_and_p_center_are_the_best_of_all_choices():
    from itertools import combinations

    for seed in range(60):
        draw = np.random.default_rng(seed)
        options, points = draw.integers(2, 9), draw.integers(1, 12)
        cost = draw.integers(0, 30, (options, points)).astype(float)
        weight = draw.integers(0, 6, points)
        sites = int(draw.integers(1, options + 1))
        penalty = draw.integers(0, 30, points).astype(float) if seed % 2 else None
        most = np.inf if penalty is None else penalty
        nearest = [
            np.minimum(cost[list(c)].min(axis=0), most) for c in combinations(range(options), sites)
        ]
        median = p_median(cost, weight, sites=sites, penalty=penalty, time_limit_seconds=120)
        assert median.objective == min(near @ weight for near in nearest), seed
        assert median.proven
        center = p_center(cost, weight, sites=sites, penalty=penalty, time_limit_seconds=120)
        assert center.objective == min(near[weight > 0].max(initial=0) for near in nearest), seed
        assert center.proven


def test_p_median_takes_sparse_costs_with_a_penalty():
    cost = np.array([[1.0, 0, 9], [8, 2, 1]])
    table = sparse.coo_array(([1.0, 8, 2, 1], ([0, 1, 1, 1], [0, 0, 1, 2])), shape=(2, 3))
    dense = np.where([[True, False, False], [True, True, True]], cost, np.inf)
    for given_cost in (table, dense):
        plan = p_median(given_cost, [1, 1, 1], sites=1, penalty=5.0)
        assert plan.objective == 5 + 2 + 1
        assert plan.chosen.tolist() == [1]
    with pytest.raises(ValidationError, match="need a penalty"):
        p_median(dense, [1, 1, 1], sites=1)


def city(points, options, seed):
    """Return places and sites of a town with a dense middle, and who is within reach."""
    draw = np.random.default_rng(seed)
    place = draw.normal(size=(points, 2)) * np.where(draw.random(points) < 0.6, 0.3, 1.0)[:, None]
    site = place[draw.integers(0, points, options)] + draw.normal(size=(options, 2)) * 0.05
    return np.hypot(*(site[:, None] - place[None]).T).T, draw.integers(1, 20, points)


# spopt makes variables as pulp 3 does; pulp says that version 4 will not
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_worse_than_spopt_with_the_same_solver():
    from spopt.locate import LSCP, MCLP, PMedian

    distance, weight = city(160, 40, 2)
    model = CoverModel.of_lists([np.flatnonzero(row <= 0.3) for row in distance], weight)
    solver = pulp.HiGHS(msg=False, threads=1)
    theirs = MCLP.from_cost_matrix(distance.T, weight, 0.3, 8).solve(solver)
    ours = maximal_cover(model, sites=8)
    assert ours.proven
    assert ours.objective == pytest.approx(pulp.value(theirs.problem.objective))
    kept = np.diff(model.by_point[0]) > 0
    theirs = LSCP.from_cost_matrix(distance.T[kept], 0.3).solve(solver)
    assert set_cover(model).objective == pytest.approx(pulp.value(theirs.problem.objective))
    theirs = PMedian.from_cost_matrix(distance.T, weight, 6).solve(solver)
    ours = p_median(distance, weight, sites=6)
    assert ours.objective == pytest.approx(pulp.value(theirs.problem.objective))


def test_a_tiny_time_limit_still_returns_a_choice_and_a_bound():
    distance, weight = city(3000, 150, 5)
    model = CoverModel.of_lists([np.flatnonzero(row <= 0.25) for row in distance], weight)
    capacity = np.full(model.options, 300.0)
    best = maximal_cover(model, sites=12, time_limit_seconds=1).bound
    for plan in (
        maximal_cover(model, sites=12, time_limit_seconds=0.0),
        backup_cover(model, sites=12, time_limit_seconds=0.0),
        capacitated_cover(model, capacity, sites=12, time_limit_seconds=0.0),
    ):
        assert 0 < plan.objective <= plan.bound
        assert plan.chosen.size <= 12
        assert plan.objective <= best
    cover = set_cover(model, target=0.5, time_limit_seconds=0.0)
    assert cover.feasible
    assert cover.bound <= cover.objective
    near = p_median(distance, weight, sites=5, time_limit_seconds=0.0)
    assert near.bound <= near.objective
    far = p_center(distance, weight, sites=5, time_limit_seconds=0.0)
    assert far.bound <= far.objective


def test_kernels_agree_with_plain_twins():
    model = random_model(8, options=9, points=14)
    back, option = model.by_point
    for i in range(model.points):
        plain = [j for j in range(model.options) if i in model.points_of(j)]
        assert option[back[i] : back[i + 1]].tolist() == plain
    search = Search(model, Purse.of(model, None, 3))
    search.fill()
    for j in np.flatnonzero(~search.chosen):
        more = model.covered_weight([*search.options, j]) - model.covered_weight(search.options)
        assert search.gain[j] == pytest.approx(more)
    value = np.arange(model.points) * 1.5
    sums = kernels.reach_sums(model.indptr, model.point, value)
    assert sums == pytest.approx([value[model.points_of(j)].sum() for j in range(model.options)])
    worth = np.array([5.0, 4, 9, 1])
    price = np.array([1, 2, 3, 1])
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    rates = kernels.rate_of_money(worth, price, np.array([0, 0, 1, 2]), 3, 3, low, high)
    # one of the first two: 5 for 1; then 9 for 3, two thirds of which 2 buy
    value = 3 * rates[1] + sum(max(0, n) for n in (5 - rates[1], 9 - 3 * rates[1], 1 - rates[1]))
    assert value == pytest.approx(5 + 6)


def test_models_that_do_not_fit_are_refused():
    with pytest.raises(ValidationError, match="points from 0 to 1"):
        CoverModel.of_lists([[2]], [1, 1])
    with pytest.raises(ValidationError, match="at most once"):
        CoverModel.of_lists([[1, 1]], [1, 1])
    with pytest.raises(ValidationError, match="none negative"):
        CoverModel.of_lists([[1]], [1, -1])
    with pytest.raises(ValidationError, match="expected 1 values"):
        CoverModel.of_lists([[1]], [1, 1], [5, 5])
    with pytest.raises(ValidationError, match="row starts"):
        CoverModel(np.array([1, 0]), np.array([]), np.ones(1), np.ones(1))
    with pytest.raises(ValueError, match="either a budget"):
        maximal_cover(CoverModel.of_lists([[0]], [1]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_the_nearest_chosen_option_is_found_as_by_the_plain_twin(seed):
    draw = np.random.default_rng(seed)
    sizes, chosen = draw.integers(0, 5, 7), draw.random(6) < 0.4
    back = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    option = draw.integers(0, 6, int(sizes.sum())).astype(np.int32)
    plain = [
        next((k for k in range(first, last) if chosen[option[k]]), last)
        for first, last in pairwise(back)
    ]
    assert median_kernels.median_first(chosen, back, option).tolist() == plain

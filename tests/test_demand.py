"""Cells, street pieces, published people: known by hand, by brute force and as properties."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from geodata import demand
from geodata.anonymity import OTHER, PEOPLE_COLUMNS, empty_people, publish
from geodata.model import Cells, Network, Positions


def brute_cells(lines, reach, size):
    """Every lattice cell around the lines, tried one by one with a plain distance."""
    low = np.floor((lines.reshape(-1, 2).min(axis=0) - reach) / size).astype(int) - 1
    high = np.floor((lines.reshape(-1, 2).max(axis=0) + reach) / size).astype(int) + 1
    found = set()
    for column in range(low[0], high[0] + 1):
        for row in range(low[1], high[1] + 1):
            centre = (np.array([column, row]) + 0.5) * size
            start, along = lines[:, :2], lines[:, 2:] - lines[:, :2]
            square = np.maximum((along**2).sum(axis=1), 1e-300)
            t = np.clip(((centre - start) * along).sum(axis=1) / square, 0, 1)
            gap = np.hypot(*(centre - start - t[:, None] * along).T)
            if (gap <= reach).any():
                found.add((column, row))
    return found


def test_cells_of_one_point_street_are_the_disc_around_it():
    column, row = demand.grid_cells(np.array([[50.0, 50.0, 50.0, 50.0]]))
    expected = {(c, r) for c in range(-2, 3) for r in range(-2, 3) if c * c + r * r <= 4}
    assert set(zip(column.tolist(), row.tolist(), strict=True)) == expected
    assert column.dtype == row.dtype == np.int32


def test_a_cell_counts_at_200_m_and_not_beyond():
    street = np.array([[-1000.0, 0.0, 1000.0, 0.0]])
    _, row = demand.grid_cells(street + np.array([0, 50, 0, 50]))
    assert row.min() == -2  # centre at y = -150, exactly 200 m off
    _, row = demand.grid_cells(street + np.array([0, 50.001, 0, 50.001]))
    assert row.min() == -1


def test_no_street_no_cell():
    column, row = demand.grid_cells(np.empty((0, 4)))
    assert column.shape == row.shape == (0,)
    column, _ = demand.grid_cells(np.array([[np.nan, 0, 1, 1], [np.inf, 0, 1, 1]]))
    assert column.shape == (0,)


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.just(4)),
               elements=st.floats(-900, 900)),
    st.sampled_from([50.0, 200.0]),
)  # fmt: skip
def test_cells_equal_brute_force(lines, reach):
    column, row = demand.grid_cells(lines, reach_m=reach)
    found = list(zip(column.tolist(), row.tolist(), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == brute_cells(lines, reach, 100.0)


def test_cells_do_not_depend_on_how_the_lattice_is_cut_into_bands(monkeypatch):
    rng = np.random.default_rng(5)
    lines = rng.uniform(-20_000, 20_000, (300, 2)).repeat(2, axis=0).reshape(-1, 4)
    lines[:, 2:] += rng.uniform(-900, 900, (300, 2))
    whole = demand.grid_cells(lines)
    monkeypatch.setattr(demand, "_BAND_CELLS", 5_000)
    np.testing.assert_array_equal(whole, demand.grid_cells(lines))


def network_of(lengths, snappable=None):
    """A chain of segments with these lengths; only what ``pieces`` reads has meaning."""
    n = len(lengths)
    arrays = {field.name: np.zeros(0, np.int32) for field in fields(Network)}
    arrays |= {name: np.zeros(n, np.int32) for name in arrays if name.startswith("segment_")}
    arrays |= {name: np.zeros(n, np.int32) for name in arrays if name.endswith("_before_ms")}
    arrays["segment_m"] = np.asarray(lengths, np.float64)
    arrays["segment_snappable"] = np.array(snappable or [True] * n, np.bool_)
    return Network(**(arrays | {"mode": "walk"}))


def test_pieces_by_hand():
    segment, fraction, length = demand.pieces(
        network_of([50.0, 120.0, 0.0, 700.0, 50.001], [True, True, True, False, True])
    )
    assert segment.tolist() == [0, 1, 1, 1, 4, 4]
    np.testing.assert_allclose(fraction, [1 / 2, 1 / 6, 3 / 6, 5 / 6, 1 / 4, 3 / 4])
    np.testing.assert_allclose(length, [50, 40, 40, 40, 25.0005, 25.0005])


@given(hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats(0, 5_000)))
def test_pieces_keep_the_length_and_are_short(lengths):
    segment, fraction, length = demand.pieces(network_of(lengths))
    np.testing.assert_allclose(
        np.bincount(segment, length, minlength=len(lengths)), lengths, atol=1e-6
    )
    assert (length <= demand.PIECE_M).all()
    assert ((fraction > 0) & (fraction < 1)).all()


# ---------------------------------------------------------------------------- published people


def homes_at(*cells):
    """Homes in the middle of 500 m cells: ``(column, row, how many)``."""
    x = np.repeat([c * 500 + 250.0 for c, _, _ in cells], [n for *_, n in cells])
    y = np.repeat([r * 500 + 250.0 for _, r, _ in cells], [n for *_, n in cells])
    return x, y


def published(x, y, group=None, workers=None):
    group = np.full(len(x), "", object) if group is None else np.asarray(group, object)
    return publish(x, y, np.ones(len(x)) if workers is None else workers, group)


def outlines(people):
    """Published cells as ``{(layer, cell): (homes, {(column, row), …})}``."""
    return {
        key: (int(f["homes"].sum()), set(zip(f["column"], f["row"], strict=True)))
        for key, f in people.groupby(["layer", "cell"])
    }


def test_a_cell_with_ten_homes_stands_for_itself():
    people = published(*homes_at((0, 0, 10), (7, -3, 25)))
    assert sorted(outlines(people).values()) == [(10, {(0, 0)}), (25, {(7, -3)})]
    assert tuple(people.columns) == PEOPLE_COLUMNS


def test_small_neighbours_are_merged_with_each_other_first():
    people = published(*homes_at((0, 0, 40), (1, 0, 6), (2, 0, 5)))
    assert sorted(outlines(people).values()) == [(11, {(1, 0), (2, 0)}), (40, {(0, 0)})]


def test_a_lone_home_is_counted_with_the_nearest_cell_without_widening_it():
    people = published(*homes_at((0, 0, 40), (3, 0, 1), (9, 0, 20)))
    assert sorted(outlines(people).values()) == [(20, {(9, 0)}), (41, {(0, 0)})]


def test_small_cells_far_from_all_are_merged_with_each_other():
    people = published(*homes_at((0, 0, 9), (5, 5, 4), (100, 0, 50)))
    assert sorted(outlines(people).values()) == [(13, {(0, 0), (5, 5)}), (50, {(100, 0)})]


def test_nine_homes_in_all_publish_nothing():
    people = published(*homes_at((0, 0, 9)))
    assert people.empty
    pd.testing.assert_frame_equal(people, empty_people())


def test_a_group_of_one_is_pooled_and_its_name_does_not_appear():
    x, y = homes_at((0, 0, 31))
    people = published(x, y, ["canary"] + ["courier"] * 12 + ["driver"] * 18)
    # the pool of one is too small itself, so the smallest group joins it
    assert people["group"].tolist() == ["driver", OTHER]
    assert people["homes"].tolist() == [18, 13]
    assert people["layer"].tolist() == [0, 1]


def test_small_groups_together_make_a_pool():
    x, y = homes_at((0, 0, 27))
    people = published(x, y, ["a"] * 6 + ["b"] * 6 + ["c"] * 15)
    assert dict(zip(people["group"], people["homes"], strict=True)) == {OTHER: 12, "c": 15}


def test_a_group_called_other_takes_part_in_the_pool():
    x, y = homes_at((0, 0, 23))
    people = published(x, y, ["other"] * 12 + ["b"] * 11)
    assert dict(zip(people["group"], people["homes"], strict=True)) == {OTHER: 12, "b": 11}
    people = published(x, y, ["other"] * 12 + ["b"] * 10 + ["c"])
    assert dict(zip(people["group"], people["homes"], strict=True)) == {OTHER: 13, "b": 10}


home_arrays = st.integers(1, 200).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float64, n, elements=st.floats(-6_000, 6_000)),
        hnp.arrays(np.float64, n, elements=st.floats(-3_000, 9_000)),
        hnp.arrays(np.float64, n, elements=st.integers(0, 40).map(float)),
        hnp.arrays(np.int64, n, elements=st.integers(0, 3)),
    )
)
GROUPS = np.array(["", "courier", "driver", "sanitation"], object)


@given(home_arrays)
def test_totals_are_kept_and_no_cell_is_small(homes):
    x, y, workers, code = homes
    before = [a.copy() for a in homes]
    people = published(x, y, GROUPS[code], workers)
    for array, copy in zip(homes, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    if len(x) < 10:
        assert people.empty
        return
    assert people["homes"].sum() == len(x)
    assert people["workers"].sum() == workers.sum()
    sums = people.groupby("cell")["homes"].sum()
    assert sums.min() >= 10
    assert not ((people["homes"] > 0) & (people["homes"] < 10)).any()
    assert not people.duplicated(["layer", "column", "row"]).any()
    by_group = people.groupby("group")["homes"].sum()
    for number, name in enumerate(GROUPS):
        if name in by_group.index:
            assert by_group[name] == (code == number).sum()


@given(home_arrays, st.randoms(use_true_random=False))
def test_renumbering_homes_changes_nothing(homes, random):
    x, y, workers, code = homes
    order = list(range(len(x)))
    random.shuffle(order)
    first = published(x, y, GROUPS[code], workers * 0.1)
    again = published(x[order], y[order], GROUPS[code][order], (workers * 0.1)[order])
    pd.testing.assert_frame_equal(first, again, check_exact=True)


@given(home_arrays)
def test_merging_is_with_the_nearest(homes):
    x, y, _, _ = homes
    people = published(x, y)
    if people.empty:
        return
    places, count = np.unique(
        np.floor(np.column_stack((x, y)) / 500).astype(int), axis=0, return_counts=True
    )
    place_of = {tuple(p): int(n) for p, n in zip(places, count, strict=True)}
    cell_of = {(c, r): k for c, r, k in people[["column", "row", "cell"]].to_numpy().tolist()}
    for place, n in place_of.items():
        if n >= 10:
            # stands for itself: nobody else's place is in its outline
            mine = people[people["cell"] == cell_of[place]]
            assert len(mine) == 1
        elif place in cell_of:
            # merged: one of the nearest small places is in the same published cell, or it is so
            # near to the outline as it can be
            mine = {p for p, k in cell_of.items() if k == cell_of[place]} - {place}
            near = min(np.hypot(p[0] - place[0], p[1] - place[1]) for p in mine)
            small = [p for p, m in place_of.items() if m < 10 and p != place]
            assert near <= max(np.hypot(p[0] - place[0], p[1] - place[1]) for p in small)
    # a lattice cell is in an outline only if somebody lives there
    assert set(cell_of) <= set(place_of)


@given(home_arrays)
def test_first_merger_of_a_small_cell_is_a_nearest_one(homes):
    """Every small place ends in one cell with a nearest small place, unless it is absorbed."""
    x, y, _, _ = homes
    people = published(x, y)
    if people.empty:
        return
    places, count = np.unique(
        np.floor(np.column_stack((x, y)) / 500).astype(int), axis=0, return_counts=True
    )
    cell_of = {(c, r): k for c, r, k in people[["column", "row", "cell"]].to_numpy().tolist()}
    for place, n in zip(places, count, strict=True):
        if n >= 10:
            continue
        away = np.hypot(*(places - place).T)
        small = (count < 10) & (away > 0)
        nearest_small = away[small].min(initial=np.inf)
        nearest_big = away[count >= 10].min(initial=np.inf)
        if nearest_small <= max(nearest_big, 1.5) and tuple(place) in cell_of:
            mates = places[small & (away == nearest_small)]
            cells = {cell_of.get(tuple(mate)) for mate in mates}
            assert cell_of[tuple(place)] in cells


def cells_at(*places):
    column, row = (np.array(axis, np.int32) for axis in zip(*places, strict=True))
    n = len(places)
    positions = Positions(
        np.zeros(n, np.int32), np.zeros(n), np.zeros(n, np.float32), np.zeros(n, np.int32),
        np.zeros(n, np.uint8),
    )  # fmt: skip
    return Cells(column, row, np.full(n, -1, np.int32), positions)


def test_spread_by_hand():
    people = published(*homes_at((0, 0, 12), (-1, 0, 6), (-1, 1, 6), (40, 0, 10)))
    laid = demand.spread(people, cells_at((0, 0), (4, 4), (5, 0), (-1, 0), (-5, 4), (-1, 5)))
    homes = np.bincount(laid.cell, laid.homes, minlength=6)
    np.testing.assert_allclose(homes, [6, 6, 0, 4, 4, 4])
    assert laid.groups == ("",)
    assert laid.rest[["column", "row", "homes"]].to_numpy().tolist() == [[40, 0, 10]]
    assert laid.cell.dtype == laid.layer.dtype == np.int32


def test_spread_of_nobody():
    laid = demand.spread(empty_people(), cells_at((0, 0)))
    assert laid.groups == ()
    assert laid.cell.shape == laid.homes.shape == (0,)
    assert laid.rest.empty


@given(home_arrays, st.lists(st.tuples(st.integers(-70, 70), st.integers(-40, 95)),
                             min_size=1, max_size=300, unique=True))  # fmt: skip
def test_spread_keeps_the_totals_of_every_group(homes, places):
    x, y, workers, code = homes
    people = published(x, y, GROUPS[code], workers)
    cells = cells_at(*places)
    laid = demand.spread(people, cells)
    for layer, group in enumerate(laid.groups):
        mine = laid.layer == layer
        assert len(np.unique(laid.cell[mine])) == mine.sum()
        for column, values in (("homes", laid.homes), ("workers", laid.workers)):
            rest = laid.rest.loc[laid.rest["group"] == group, column].sum()
            total = people.loc[people["group"] == group, column].sum()
            assert values[mine].sum() + rest == pytest.approx(total)
        outline = people.loc[people["layer"] == layer, ["column", "row"]]
        inside = set(zip(outline["column"], outline["row"], strict=True))
        assert all((places[c][0] // 5, places[c][1] // 5) in inside for c in laid.cell[mine])

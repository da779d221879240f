"""Which uncovered cells are one gap, by hand, against a plain twin, and through the doors."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import locator
from locator import gap_groups
from locator.changes import Changes, NewStation
from locator.gap_groups import LEAST_BLOCK, block_cells, components, gap_groups as grouped
from locator.scenario_gaps import other_groups
from tests.random_towns import spots
from tests.test_scenario import assert_equal
from tests.towns import Station, Way, dataset, lonlat, town

BLOCK = 10


def cells_at(places):
    """A lattice of cells at ``(column, row)`` or ``(column, row, region)``, in that order."""
    column, row, region = np.array([(*place, 0)[:3] for place in places], np.int32).T
    return SimpleNamespace(column=column, row=row, region=region)


def gaps_of(places, block=BLOCK):
    """The gaps of places, as a set of sets."""
    places = list(places)
    count, label = grouped(cells_at(places), np.ones(len(places), np.bool_), block)
    assert sorted(set(label.tolist())) == list(range(count))
    found = [set() for _ in range(count)]
    for place, number in zip(places, label, strict=True):
        found[number].add(place)
    return {frozenset(one) for one in found}


def rectangle(west, south, east, north):
    """Cells of a rectangle, its borders too."""
    return {(x, y) for x in range(west, east + 1) for y in range(south, north + 1)}


def width(places):
    """Wider of width and height (cells)."""
    return max(max(part) - min(part) + 1 for part in zip(*places, strict=True))


# --- by hand ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kph", "minutes", "cells"),
    [(15, 15, 75), (15, 30, 150), (4, 45, 60), (4, 15, LEAST_BLOCK), (15, 1, LEAST_BLOCK)],
)
def test_a_block_is_as_wide_as_a_station_reaches_to_both_sides(kph, minutes, cells):
    assert block_cells(kph, minutes * 60_000) == cells


def test_a_mode_without_a_speed_has_blocks_too():
    assert block_cells(0, 15 * 60_000) == 150


@pytest.mark.parametrize("west", [0, 3, -7, -20])
def test_what_is_two_blocks_wide_stays_whole_and_one_cell_more_is_cut(west):
    whole = rectangle(west, 0, west + 2 * BLOCK - 1, 4)
    assert gaps_of(whole) == {frozenset(whole)}
    more = rectangle(west, 0, west + 2 * BLOCK, 4)
    assert len(gaps_of(more)) > 1
    turned = {(y, x) for x, y in more}
    assert gaps_of(turned) == {frozenset((y, x) for x, y in one) for one in gaps_of(more)}


def test_the_lattice_of_blocks_begins_where_that_of_the_cells_does():
    found = gaps_of(rectangle(-15, 0, 14, 9))
    assert found == {
        frozenset(rectangle(first, 0, last, 9))
        for first, last in ((-15, -11), (-10, -1), (0, 9), (10, 14))
    }


def test_a_sliver_joins_the_neighbour_with_the_longest_common_side():
    # 4 cells (less than 100 / 20) in the block in the north, beside that in the west by one of them
    # and beside that in the south by three
    ground = rectangle(0, 0, 9, 10) | rectangle(10, 0, 19, 9) | rectangle(20, 0, 24, 9)
    sliver = {(9, 11), (10, 10), (11, 10), (12, 10)}
    west = rectangle(0, 10, 9, 10) | {(9, 11)}
    found = gaps_of(ground | sliver)
    east = frozenset(rectangle(10, 0, 19, 9) | {(10, 10), (11, 10), (12, 10)})
    assert east in found
    assert frozenset(west) in found  # 11 cells are no sliver


def test_of_equal_sides_the_first_piece_wins():
    arm = rectangle(8, 10, 11, 10)  # two of it above either block
    found = gaps_of(rectangle(0, 0, 29, 9) | arm)
    assert frozenset(rectangle(0, 0, 9, 9) | rectangle(8, 10, 9, 10)) in found
    assert frozenset(rectangle(10, 0, 19, 9) | rectangle(10, 10, 11, 10)) in found
    one = (9, 10)  # alone in its block, touches the first only
    assert frozenset(rectangle(0, 0, 9, 9) | {one}) in gaps_of(rectangle(0, 0, 29, 9) | {one})
    bridge = rectangle(0, 0, 9, 9) | rectangle(11, 0, 19, 9) | {(10, 5)}
    low = frozenset(rectangle(0, 0, 9, 9))
    assert low in gaps_of(bridge | rectangle(20, 0, 24, 9))


def test_slivers_join_no_farther_than_two_blocks():
    # pieces of 30 cells, the last of 20, all of them slivers: that one first, then from the west
    found = gaps_of(rectangle(0, 0, 199, 0), block=30)
    ends = sorted((min(one)[0], max(one)[0]) for one in found)
    assert ends == [(0, 59), (60, 119), (120, 149), (150, 199)]


def test_a_sliver_without_a_neighbour_that_has_room_stays():
    full = rectangle(0, 0, 39, 19)
    assert gaps_of(full | {(40, 3)}, block=20) == {
        frozenset(rectangle(0, 0, 19, 19)),
        frozenset(rectangle(20, 0, 39, 19) | {(40, 3)}),
    }
    parts = gaps_of(rectangle(0, 0, 60, 0) | rectangle(0, 1, 60, 1), block=20)
    assert max(map(width, parts)) <= 40


def test_regions_do_not_mix_and_small_gaps_stay_as_they_are():
    long = (
        {(x, 0, 0) for x in range(50)}
        | {(x, 1, 1) for x in range(50)}
        | {(x, 5, 1) for x in range(3)}
    )
    places = sorted(long)
    cells, mark = cells_at(places), np.ones(len(places), np.bool_)
    found = gaps_of(places)
    assert all(len({place[2] for place in one}) == 1 for one in found)
    assert frozenset((x, 5, 1) for x in range(3)) in found
    assert components(cells, mark)[0] == 3
    few = [place for place in places if place[0] < 2 * BLOCK]
    cells, mark = cells_at(few), np.ones(len(few), np.bool_)
    np.testing.assert_array_equal(grouped(cells, mark, BLOCK)[1], components(cells, mark)[1])


def test_nothing_is_no_gap():
    assert grouped(cells_at([(0, 0)]), np.zeros(1, np.bool_), BLOCK)[0] == 0


def test_gaps_made_of_other_cells_are_marked_whole():
    before = np.array([0, 0, 1, 1, 2, -1, -1, 3])
    after = np.array([5, 5, 0, 0, 0, 1, -1, -1])
    same = [False, False, True, True, True, True, False, True]
    assert other_groups(before.astype(np.int32), after.astype(np.int32)).tolist() == same


# --- against a plain twin ---------------------------------------------------------------------


def twin(places, block):
    """The same in plain words: sets, and a scan of all pairs."""
    out = []
    for whole in hang_together(places, lambda a, b: a[2] == b[2]):
        if width([place[:2] for place in whole]) <= 2 * block:
            out.append(whole)
            continue
        parts = hang_together(whole, lambda a, b: block_of(a, block) == block_of(b, block))
        groups = [set(part) for part in sorted(parts, key=first_cell)]
        size = {first_cell(part): len(part) for part in parts}
        for part in sorted(
            groups.copy(), key=lambda part: (size[first_cell(part)], first_cell(part))
        ):
            spot = first_cell(part)
            own = next(group for group in groups if spot in group)
            if len(own) >= block * block / 20:
                continue
            room = [
                group
                for group in groups
                if group is not own
                and common(own, group)
                and width([place[:2] for place in own | group]) <= 2 * block
            ]
            if room:
                best = min(room, key=lambda group: (-common(own, group), first_of(group, parts)))
                groups.remove(own)
                best |= own
        out += groups
    return {frozenset(group) for group in out}


def first_cell(part):
    """The first cell from the south, row by row."""
    return min(part, key=lambda place: (place[1], place[0]))


def first_of(group, parts):
    """Where the first piece of a group begins."""
    return min((y, x) for x, y, _ in (first_cell(part) for part in parts if part <= group))


def block_of(place, block):
    return place[0] // block, place[1] // block


def beside(place):
    x, y, region = place
    return [(x + 1, y, region), (x - 1, y, region), (x, y + 1, region), (x, y - 1, region)]


def common(one, other):
    """How many sides two groups have in common."""
    return sum(near in other for place in one for near in beside(place))


def _always(_one, _other):
    return True


def hang_together(places, alike):
    left, out = set(places), []
    while left:
        part, rim = set(), [left.pop()]
        while rim:
            place = rim.pop()
            part.add(place)
            near = [one for one in beside(place) if one in left and alike(one, place)]
            left.difference_update(near)
            rim += near
        out.append(part)
    return out


@st.composite
def grounds(draw):
    """Noise and roads somewhere on the lattice, of one or two regions."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns = draw(st.integers(3, 40)), draw(st.integers(3, 40))
    picture = rng.random((rows, columns)) < draw(st.sampled_from((0.3, 0.55, 0.7, 0.95)))
    picture[:: draw(st.integers(2, 9))] |= draw(st.booleans())
    west, south, middle = (draw(st.integers(-30, 30)) for _ in range(3))
    return [
        (int(x) + west, int(y) + south, int(x > middle))
        for y, x in zip(*picture.nonzero(), strict=True)
    ], rng


@settings(max_examples=60, deadline=None)
@given(grounds(), st.integers(2, 9))
@example(([(x, 0, 0) for x in range(60)], np.random.default_rng(0)), 5)
def test_gaps_are_those_of_the_plain_twin_in_any_order(ground, block):
    places, rng = ground
    if not places:
        return
    found = gaps_of(places, block)
    assert found == twin(places, block)
    assert gaps_of([places[i] for i in rng.permutation(len(places))], block) == found
    assert sum(Counter(map(len, found)).elements()) == len(places)
    for one in found:
        assert len(hang_together(one, _always)) == 1
        assert width([place[:2] for place in one]) <= 2 * block


# --- through the doors ------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(spots(1, 3), spots(1, 2), st.integers(2, 6))
def test_a_scenario_in_a_giant_gap_equals_a_recompute(stations, fresh, block):
    """A station cuts a giant gap, and may leave what is small enough to be whole."""
    nodes = {f"{x}.{y}": (300.0 * x, 300.0 * y) for x in range(9) for y in range(5)}
    ways = [Way(" ".join(f"{x}.{y}" for x in range(9))) for y in range(5)]
    ways += [Way(" ".join(f"{x}.{y}" for y in range(5))) for x in range(9)]
    homes = [(300.0 * x + 40, 600.0) for x in range(9)]
    known = [Station(f"s{i}", *place) for i, place in enumerate(stations)]
    data = dataset(town(nodes, ways), known, homes)
    more = [NewStation(f"n{i}", *lonlat(*place)) for i, place in enumerate(fresh)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gap_groups, "LEAST_BLOCK", block)
        index = locator.Index(data)
        for changes in (Changes(more), Changes(more, remove=["s0"])):
            assert_equal(index, data, changes, mode="walk", minutes=2, exact=True)


def test_what_a_station_makes_small_enough_is_whole_again(monkeypatch):
    data = dataset(
        town({"a": (0, 0), "b": (2800, 0)}, [Way("a b")]),
        [Station("s", -900, 0)],
        [(100.0, 0.0), (1500.0, 0.0), (2700.0, 0.0)],
    )
    monkeypatch.setattr(gap_groups, "LEAST_BLOCK", 13)  # of 32 cells it leaves 26 or less
    east = Changes([NewStation("t", *lonlat(2800, 0))])
    found = assert_equal(locator.Index(data), data, east, mode="walk", minutes=9, exact=True)
    (entry,) = found.gaps["changed"]
    assert entry["change"] == "shrunk"
    assert len(entry["before"]) > 1
    assert len(entry["after"]) == 1

"""Gaps of two months: which are the same, and do the sums hold."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from geodata.errors import ValidationError
from locator.gap_matching import GapCells, match
from locator.ledger import Book, Seen, cut, events, flows
from locator.ledger_entries import (
    AGREED,
    BEING_BUILT,
    FILLED,
    FOUND,
    REFUSED,
    STATES,
    Entry,
    check_transition,
    tally,
    with_change,
)

ACTS = [None, *STATES]


def cells_of(picture, people=None):
    """Gaps as letters in a picture: one cell a sign, ``.`` is covered; people by cell."""
    rows = [line.strip() for line in picture.strip().splitlines()]
    names = sorted({sign for line in rows for sign in line} - {"."})
    spots = [
        (column, -row, names.index(sign))
        for row, line in enumerate(rows)
        for column, sign in enumerate(line)
        if sign != "."
    ]
    column, row, gap = (np.array(part, np.int32) for part in zip(*spots, strict=True))
    workers = np.array([(people or {}).get((c, -r), 0.0) for c, r, _ in spots])
    return GapCells(column, row, gap, workers, len(names)), names


def seen_of(picture, date, people=None, ids=None):
    cells, names = cells_of(picture, people)
    count = np.bincount(cells.gap, minlength=cells.count).astype(float)
    return Seen(
        date=date,
        id=ids or [f"d.{name}" for name in names],
        region=["d"] * len(names),
        area_km2=count / 100,
        workers=np.bincount(cells.gap, weights=cells.workers, minlength=cells.count),
        cells=cells,
    )


def told(book):
    """What a book says of each gap, in short."""
    return {
        entry.id: (entry.state, entry.opened, entry.filled, entry.came_from, entry.went_into)
        for entry in book.entries
    }


# --- by hand -------------------------------------------------------------------------------------


def test_an_id_stays_when_the_outline_shifts():
    one = cut(Book(), seen_of("AAA..BB", "2026-10-25"))
    two = cut(one, seen_of(".PPP..Q", "2026-11-25"))
    assert two.ids == ("d.A", "d.B")
    assert [entry.opened for entry in two.entries] == ["2026-10-25"] * 2
    assert two.entries[0].area_km2 == pytest.approx(0.03)


def test_the_heavier_part_of_a_split_keeps_the_id():
    one = cut(Book(), seen_of("AAAAA", "2026-10-25"))
    two = cut(one, seen_of("P.QQQ", "2026-11-25"))
    assert two.ids == ("d.P", "d.A")
    assert told(two)["d.P"] == (FOUND, "2026-11-25", "", ("d.A",), "")


def test_people_weigh_more_than_cells():
    people = {(0, 0): 9.0, (2, 0): 1.0, (3, 0): 1.0, (4, 0): 1.0}
    one = cut(Book(), seen_of("AAAAA", "2026-10-25", people))
    two = cut(one, seen_of("P.QQQ", "2026-11-25", people))
    assert two.ids == ("d.A", "d.Q")


def test_the_heaviest_id_goes_on_where_gaps_merge():
    one = cut(Book(), seen_of("A.BBB", "2026-10-25"))
    two = cut(one, seen_of("PPPPP", "2026-11-25"))
    assert two.ids == ("d.B",)
    assert told(two)["d.A"] == (FILLED, "2026-10-25", "2026-11-25", (), "d.B")


def test_what_is_covered_now_is_filled_and_went_nowhere():
    one = cut(Book(), seen_of("A.B", "2026-10-25"))
    two = cut(one, seen_of("..P", "2026-11-25"))
    assert told(two)["d.A"] == (FILLED, "2026-10-25", "2026-11-25", (), "")
    assert two.ids == ("d.B",)


def test_a_gap_that_comes_back_is_another_gap():
    one = cut(Book(), seen_of("A.B", "2026-10-25"))
    two = cut(one, seen_of("..B", "2026-11-25"))
    three = cut(two, seen_of("A.B", "2026-12-25"))
    assert three.ids == ("d.A-2", "d.B")
    assert told(three)["d.A"][0] == FILLED
    assert told(three)["d.A-2"] == (FOUND, "2026-12-25", "", (), "")


def test_an_id_that_is_taken_is_not_given_again():
    """The part without the id may have the old heaviest cell, and so the old name."""
    one = cut(Book(), seen_of("AAAAA", "2026-10-25"))
    two = cut(one, seen_of("A.BBB", "2026-11-25"))
    assert two.ids == ("d.A-2", "d.A")


def test_a_planners_word_holds_and_a_wrong_filled_does_not():
    one = cut(Book(), seen_of("A.B.C", "2026-10-25"))
    a, b, c = one.entries
    a = with_change(a, AGREED, "east union", "by March")
    b = with_change(with_change(b, BEING_BUILT, "", ""), FILLED, "", "done!")
    c = with_change(c, REFUSED, "", "")
    two = cut(Book((a, b, c), one.ids, one.cells), seen_of("A.B..", "2026-11-25"))
    found = {entry.id: entry for entry in two.entries}
    assert (found["d.A"].state, found["d.A"].responsible) == (AGREED, "east union")
    assert found["d.B"].state == BEING_BUILT, "the place is still uncovered"
    assert (found["d.B"].note, found["d.B"].changed) == ("done!", "2026-11-25")
    assert (found["d.C"].state, found["d.C"].filled) == (FILLED, "2026-11-25")
    assert sum(two.states().values()) == 3


def test_nothing_left_and_nothing_yet():
    empty = GapCells(*(np.empty(0, np.int32) for _ in range(3)), np.empty(0), 0)
    none = Seen("2026-11-25", [], [], np.empty(0), np.empty(0), empty)
    one = cut(Book(), seen_of("A.B", "2026-10-25"))
    assert set(cut(one, none).states().items()) >= {(FILLED, 2), (FOUND, 0)}
    again = cut(cut(one, none), seen_of("A.B", "2026-12-25"))
    assert again.ids == ("d.A-2", "d.B-2")
    assert cut(Book(), none) == Book((), (), empty)


def test_workers_are_none_where_nobody_gave_homes():
    seen = seen_of("A", "2026-10-25")
    unknown = Seen(seen.date, seen.id, seen.region, seen.area_km2, np.array([np.nan]), seen.cells)
    assert cut(Book(), unknown).entries[0].workers is None


def test_every_state_but_some_may_follow():
    allowed = {
        (a, b) for a in STATES for b in STATES if not isinstance(refused(a, b), ValidationError)
    }
    wrong = {(FILLED, AGREED), (FILLED, BEING_BUILT), (FILLED, REFUSED), (REFUSED, BEING_BUILT)}
    wrong |= {(REFUSED, FILLED), (BEING_BUILT, FOUND)}
    assert allowed == {(a, b) for a in STATES for b in STATES} - wrong
    with pytest.raises(ValidationError, match="a gap that is filled cannot become agreed"):
        check_transition(FILLED, AGREED)
    with pytest.raises(ValidationError, match="a state that does not exist"):
        check_transition(FOUND, "built")


def refused(state, wanted):
    try:
        check_transition(state, wanted)
    except ValidationError as error:
        return error
    return None


def test_the_sums_of_a_month():
    month = flows(["b", "a"], ["c", "b"])
    assert month.carried == ("a", "b")
    assert (month.opened, month.filled, month.open) == (("c",), ("a",), ("b", "c"))


def test_tally_names_every_state():
    assert tally([]) == dict.fromkeys(STATES, 0)
    assert tally([Entry("a", "", "2026-11-25", state=REFUSED)])[REFUSED] == 1


# --- as a property -------------------------------------------------------------------------------

SIDE = 6


@st.composite
def months(draw, most=4):
    """Some months of one lattice: each cell is covered or in one of a few gaps; and its people."""
    grid = st.lists(st.integers(-2, 4), min_size=SIDE**2, max_size=SIDE**2)
    people = st.lists(st.integers(0, 3), min_size=SIDE**2, max_size=SIDE**2)
    return [(draw(grid), draw(people)) for _ in range(draw(st.integers(2, most)))]


def gaps_of(month):
    """The gaps of a drawn month, numbered from 0."""
    grid, people = (np.array(part) for part in month)
    spots = np.flatnonzero(grid >= 0)
    names, gap = np.unique(grid[spots], return_inverse=True)
    column, row = (spots % SIDE).astype(np.int32), (spots // SIDE).astype(np.int32)
    return GapCells(column, row, gap.astype(np.int32), people[spots].astype(float), len(names))


def seen_in(cells, date):
    """What a cut sees of drawn gaps: each called by its first cell, as heaviest cells differ."""
    first = [np.flatnonzero(cells.gap == gap)[0] for gap in range(cells.count)]
    ids = [f"d.{cells.column[at]}.{cells.row[at]}" for at in first]
    size = np.bincount(cells.gap, minlength=cells.count).astype(float)
    people = np.bincount(cells.gap, weights=cells.workers, minlength=cells.count)
    return Seen(date, ids, ["d"] * cells.count, size, people, cells)


def matched_plainly(before, after):
    """The same matching, pair by pair."""
    old = {(c, r): k for k, (c, r) in enumerate(zip(before.column, before.row, strict=True))}
    pairs = {}
    for k, spot in enumerate(zip(after.column, after.row, strict=True)):
        if spot in old:
            pair = int(before.gap[old[spot]]), int(after.gap[k])
            workers, cells, least = pairs.get(pair, (0.0, 0, (99, 99)))
            weight = (before.workers[old[spot]] + after.workers[k]) / 2
            pairs[pair] = (workers + weight, cells + 1, min(least, spot))
    kept, used = [-1] * after.count, set()
    order = sorted(pairs, key=lambda pair: (-pairs[pair][0], -pairs[pair][1], pairs[pair][2]))
    for one, two in order:
        if one not in used and kept[two] < 0:
            kept[two] = one
            used.add(one)
    return kept


@given(months(most=2))
def test_matching_is_what_pair_by_pair_gives(drawn):
    before, after = map(gaps_of, drawn)
    assert match(before, after).kept.tolist() == matched_plainly(before, after)


@given(months(most=2), st.randoms(use_true_random=False))
def test_matching_does_not_depend_on_numbers_or_order(drawn, random):
    before, after = map(gaps_of, drawn)
    plain = match(before, after).kept
    names = [list(range(part.count)) for part in (before, after)]
    for part in names:
        random.shuffle(part)
    mixed = [
        shuffled(part, name, random) for part, name in zip((before, after), names, strict=True)
    ]
    found = match(*mixed).kept
    for gap, old in enumerate(plain):
        expected = -1 if old < 0 else names[0][old]
        assert found[names[1][gap]] == expected


def shuffled(cells, names, random):
    order = list(range(cells.gap.size))
    random.shuffle(order)
    order = np.array(order, int)
    renamed = np.array(names, np.int32)[cells.gap] if cells.count else cells.gap
    return GapCells(
        cells.column[order], cells.row[order], renamed[order], cells.workers[order], cells.count
    )


@given(months(most=2))
def test_matching_backwards_is_the_same(drawn):
    before, after = map(gaps_of, drawn)
    there, back = match(before, after).kept, match(after, before).kept
    pairs = {(int(old), new) for new, old in enumerate(there) if old >= 0}
    assert pairs == {(old, int(new)) for old, new in enumerate(back) if new >= 0}


@given(months())
def test_the_ledger_adds_up_in_every_month(drawn):
    book, carried, opened = Book(), [], {}
    for number, month in enumerate(drawn, start=1):
        date = f"2026-{number:02}-25"
        cells = gaps_of(month)
        after = cut(book, seen_in(cells, date))
        assert after == cut(book, seen_in(cells, date)), "the same twice"
        sums = flows(carried, after.ids)
        assert len(sums.opened) - len(sums.filled) + len(sums.carried) == len(sums.open)
        assert len(sums.open) == cells.count
        ids = [entry.id for entry in after.entries]
        assert len(ids) == len(set(ids))
        assert sum(after.states().values()) == len(ids)
        assert {entry.id for entry in after.entries if entry.is_open} == set(after.ids)
        for entry in after.entries:
            assert opened.setdefault(entry.id, entry.opened) == entry.opened
            assert (entry.state == FILLED) == bool(entry.filled)
            assert set(entry.came_from) <= set(ids)
            assert entry.went_into in {"", *ids}
            assert entry.id not in {entry.went_into, *entry.came_from}
        book, carried = after, after.ids
    assert [entry.opened for entry in book.entries] == sorted(
        entry.opened for entry in book.entries
    )


@given(months(most=2))
def test_gaps_that_meet_nobody_else_are_the_same(drawn):
    """However far the outline has shifted: what shares cells with one gap only, and it with none
    else, keeps its id; what shares none is new or filled."""
    before, after = map(gaps_of, drawn)
    one = cut(Book(), seen_in(before, "2026-01-25"))
    two = cut(one, seen_in(after, "2026-02-25"))
    found = match(before, after)
    for new in range(after.count):
        old = found.before[found.after == new]
        if old.size == 0:
            assert two.ids[new] not in one.ids
        elif old.size == 1 and (found.before == old[0]).sum() == 1:
            assert two.ids[new] == one.ids[old[0]]


def planned(entry, act):
    """An entry after a planner has tried to set a state, and whether that was allowed."""
    try:
        check_transition(entry.state, act, is_open=entry.is_open)
    except ValidationError:
        return entry, False
    return with_change(entry, act, f"union of {act}", ""), True


@given(
    months(), st.lists(st.sampled_from(["03", "14", "25", "28"]), min_size=4, max_size=4),
    st.lists(st.sampled_from(ACTS), min_size=1, max_size=30), st.booleans(),
)  # fmt: skip
def test_a_ledger_that_planners_write_in_adds_up_and_every_change_is_told(
    drawn, days, acts, twice_a_month
):
    """Early cuts and final ones, several in a month, planners' words in between: the sums hold
    against the last cut of an earlier month, and the changes alone give the states."""
    book, cuts, told = Book(), [], {}
    days = sorted(days)
    for number, month in enumerate(drawn):
        which = number // 2 if twice_a_month else number
        date = f"2026-{which + 1:02}-{days[number]}"
        entries = []
        for place, stood in enumerate(book.entries):
            act = acts[(place + number) % len(acts)]
            entry, allowed = (stood, False) if act is None else planned(stood, act)
            if allowed:
                told[entry.id] = entry.state, entry.responsible, entry.note
            entries.append(entry)
        cells = gaps_of(month)
        after = cut(Book(tuple(entries), book.ids, book.cells), seen_in(cells, date))
        for event, entry in events(entries, after.entries):
            told[entry.id] = entry.state, entry.responsible, entry.note
            assert entry.changed == date
            assert event in {"opened", "filled", "returned"}
        assert told == {e.id: (e.state, e.responsible, e.note) for e in after.entries}
        earlier = [ids for then, ids in cuts if then[:7] < date[:7]]
        sums = flows(earlier[-1] if earlier else [], after.ids)
        assert len(sums.opened) - len(sums.filled) + len(sums.carried) == len(sums.open)
        assert set(sums.filled) <= set(sums.carried)
        assert not set(sums.opened) & set(sums.carried)
        for entry in after.entries:
            assert entry.is_open == (entry.id in after.ids)
            assert (entry.state == FILLED) == (not entry.is_open), "what is there is not filled"
        cuts.append((date, after.ids))
        book = after


@given(months(most=2))
def test_a_month_in_which_nothing_changes_keeps_every_id(drawn):
    cells = gaps_of(drawn[0])
    book = cut(Book(), seen_in(cells, "2026-01-25"))
    again = cut(book, seen_in(cells, "2026-02-25"))
    assert again.ids == book.ids
    assert [entry.opened for entry in again.entries] == ["2026-01-25"] * cells.count

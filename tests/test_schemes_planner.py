"""Schemes of the unions that planners use; each test bears the number of its scheme."""

import contextlib
import itertools
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, strategies as st
from scipy.stats import binomtest

from geodata import anonymity
from geodata.bundle import open_dataset
from geodata.datum import project
from geodata.errors import InputError, ValidationError
from locator import Index
from locator.gap_matching import GapCells
from locator.ledger import Book, Seen, cut
from locator.ledger_entries import STATES, tally, with_change
from locator.plan import Mosts
from tests.ledger_months import months, moved, opened, with_stations, written
from tests.towns import Station, Way, dataset, lonlat, town
from web.bulletin_month import month_facts, rank_needs
from web.bulletin_month_docx import as_docx
from web.bulletin_month_page import month_page
from web.bulletin_month_text import month_written
from web.bulletin_render import as_markdown, as_text
from web.ledger import Ledger
from web.ledger_cut import make_cut
from web.ledger_listing import history, ordered
from web.plan_command import plan_report
from web.schemas import CoverageQuestion
from web.service import Service
from web.settings import Settings

# ------------------------------------------------------------- 21: a list on the 25th of each month


@pytest.fixture(scope="module")
def year(demo_dataset, tmp_path_factory):
    """Twelve months of a city in which homes move and stations open and close, each month cut."""
    root = tmp_path_factory.mktemp("year")
    folder, settings = root / "city", Settings(data=root / "city", ledger=root / "ledger")
    city, ledger = with_stations(opened(demo_dataset)), Ledger(settings.ledger)
    kept, closed, made = {}, [], []
    for number, date in enumerate(months(12)):
        city = moved(city, 0.03, seed=number)
        first, last = city.stations["id"].iloc[[0, -1]]
        gone = {1: [first], 4: [last], 8: [first]}.get(number, [])
        closed += gone
        if number % 3 == 2:  # where need is greatest
            seen = kept[made[-1].standing.cut.date][0]
            worst = max(seen.gaps.values(), key=lambda gap: (gap["workers"], gap["id"]))
            city = with_stations(city, add=[(f"new{number}", worst["lon"], worst["lat"])])
        city = with_stations(city, remove=gone)
        written(city, folder)
        service = Service(open_dataset(folder, private=False), settings)
        made.append(make_cut(service, ledger, date))
        kept[date] = (made[-1].standing, bulletins(ledger, date[:7]))
        for entry, state in zip(ordered(made[-1].standing.entries), STATES, strict=False):
            with contextlib.suppress(ValidationError):  # some may not follow
                ledger.set(entry.id, {"state": state, "responsible": f"union {number}"})
    return ledger, kept, folder, settings


def bulletins(ledger, month):
    """A month's bulletin in every shape, and in the other language."""
    facts = month_facts(ledger.at(ledger.of_month(month)))
    zh, en = (month_written(facts, lang) for lang in ("zh", "en"))
    return {
        ("zh", "md"): as_markdown(zh).encode(),
        ("zh", "txt"): as_text(zh).encode(),
        ("zh", "html"): month_page(facts, zh, "https://example.org").encode(),
        ("zh", "docx"): as_docx(zh, facts.date),
        ("en", "md"): as_markdown(en).encode(),
    }


def test_scheme_21_opened_less_filled_and_carried_is_open_in_every_month(year):
    ledger, kept, _, _ = year
    before, moves = set(), {"opened": 0, "filled": 0}
    for standing, _ in kept.values():
        flows = {name: set(ids) for name, ids in standing.facts["flows"].items()}
        assert flows["carried"] == before
        sums = {name: len(ids) for name, ids in flows.items()}
        assert sums["opened"] - sums["filled"] + sums["carried"] == standing.facts["open"]
        facts = month_facts(standing)
        assert dict(facts.sums) == {**sums, "open": standing.facts["open"]}
        for name in ("opened", "filled", "carried", "open"):
            by_district = sum(own[name] for own in facts.flows.values())
            assert by_district == facts.sums[name], "and so by district"
        before = (before | flows["opened"]) - flows["filled"]
        assert before == set(standing.facts["ids"]) == set(standing.gaps)
        moves = {name: moves[name] + sums[name] for name in moves}
    assert len(kept) == len(ledger.months()) == 12
    assert moves["filled"] > 0
    assert moves["opened"] > len(next(iter(kept.values()))[0].gaps), "the city did change"


def test_scheme_21_a_gap_keeps_its_id_when_its_outline_shifts(year):
    _, kept, _, _ = year
    shifted = 0
    standings = [standing for standing, _ in kept.values()]
    for one, two in itertools.pairwise(standings):
        for name in set(one.gaps) & set(two.gaps):
            before, after = one.gaps[name], two.gaps[name]
            shifted += before["bbox"] != after["bbox"] or before["area_km2"] != after["area_km2"]
            assert shapely.box(*before["bbox"]).intersects(shapely.box(*after["bbox"]))
    assert shifted >= 3
    first = {}
    for standing in standings:
        for entry in standing.entries:
            assert first.setdefault(entry.id, entry.opened) == entry.opened, "since when, for good"


def test_scheme_21_a_past_month_reruns_to_the_same_bytes(year):
    _, kept, folder, settings = year
    (folder / "public" / "people.arrow").unlink()  # a rerun reads the cut, nothing else
    for date, (_, bytes_then) in kept.items():
        assert bulletins(Ledger(settings.ledger), date[:7]) == bytes_then
    assert len({texts["zh", "md"] for _, texts in kept.values()}) == 12


# --------------------------------------------------------- 40: a ranking with honest denominators


def needs_of(rows, names=None):
    """Districts ranked: rows of homes covered and in all, by name."""
    names = names or [f"d{number}" for number in range(len(rows))]
    regions = [
        {
            "id": f"id-{name}", "name": name, "share_covered": covered / total if total else None,
            "homes": {"covered": covered, "total": total}, "workers": {"uncovered": 0},
        }
        for name, (covered, total) in zip(names, rows, strict=True)
    ]  # fmt: skip
    return rank_needs(regions, by_homes=True)


@given(
    st.lists(
        st.integers(0, 400).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))),
        min_size=1,
        max_size=9,
    ),
    st.randoms(use_true_random=False),
)
def test_scheme_40_ranks_do_not_depend_on_names_or_order(rows, random):
    plain = {need.district.name: need.district for need in needs_of(rows)}
    order = list(range(len(rows)))
    random.shuffle(order)
    names = [f"区{number * 7 % 11}-{number}" for number in order]
    mixed = needs_of([rows[number] for number in order], names)
    for need in mixed:
        old = plain[f"d{order[names.index(need.district.name)]}"]
        assert need.district.rank == old.rank
        assert need.district.share == old.share
        assert need.district.interval == old.interval
    ranks = [need.district.rank for need in mixed if need.district.rank is not None]
    assert ranks == sorted(ranks)
    assert all(rank == 1 + sum(other < rank for other in ranks) for rank in ranks)


@given(st.integers(1, 99).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_scheme_40_a_small_district_shows_an_interval(row):
    covered, total = row
    (need,) = needs_of([row])
    low, high = need.district.interval
    oracle = binomtest(total - covered, total).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((oracle.low, oracle.high), abs=1e-6)
    assert low <= need.district.share <= high
    assert high - low > 0.03, "with few homes little is known"


def test_scheme_40_a_large_district_is_ranked_without_one_and_the_bulletin_says_it(year):
    assert needs_of([(50, 100)])[0].district.interval is None
    _, kept, _, _ = year
    facts = month_facts(next(iter(kept.values()))[0])
    small = [need for need in facts.needs if need.district.interval is not None]
    text = as_text(month_written(facts, "en"))
    assert text.count("95% confidence interval") == len(small)
    for need in facts.needs:
        if need.district.share is not None:
            assert f"of {need.district.total:,.0f} homes)" in text, "the denominator is there"


# ------------------------------------------------- 41: states of each gap add up, every month


def test_scheme_41_787_and_134_and_83_are_1004_of_1166():
    """Shenzhen's ledger, replayed: 1,166 gaps found; 787 filled, 134 being built, 83 agreed."""
    cells = np.arange(1166, dtype=np.int32)
    seen = [cells, cells[787:]]
    book, dates = Book(), ["2026-10-25", "2026-11-25"]
    for date, those in zip(dates, seen, strict=True):
        count = those.size
        column, zero = those * 2, np.zeros(count, np.int32)
        gaps = GapCells(column, zero, np.arange(count, dtype=np.int32), np.ones(count), count)
        ids, size = [f"sz.{number}.0" for number in column], np.full(count, 0.01)
        book = cut(book, Seen(date, ids, ["sz"] * count, size, np.ones(count), gaps))
        assert sum(book.states().values()) == len(book.entries) == 1166
        told = [
            with_change(entry, "being_built", "", "")
            if 787 <= number < 787 + 134
            else with_change(entry, "agreed", "", "")
            if 787 + 134 <= number < 787 + 134 + 83
            else entry
            for number, entry in enumerate(book.entries)
        ]
        book = Book(tuple(told), book.ids, book.cells)
        assert sum(book.states().values()) == 1166
    states = book.states()
    assert states == {
        "found": 162, "agreed": 83, "being_built": 134, "filled": 787, "refused": 0,
    }  # fmt: skip
    assert states["filled"] + states["being_built"] + states["agreed"] == 1004


def test_scheme_41_the_states_add_up_in_every_month_of_the_year(year):
    ledger, kept, _, _ = year
    for standing, texts in kept.values():
        facts = month_facts(standing)
        assert sum(facts.states.values()) == facts.total == len(standing.entries)
        assert facts.states["filled"] == facts.total - facts.sums["open"]
        open_states = [sum(own.values()) for own in facts.open_states.values()]
        assert sum(open_states) == facts.sums["open"]
        assert f"| all | {facts.total:,} |" in texts["en", "md"].decode()
    now = ledger.now()
    assert sum(tally(now.entries).values()) == len(now.entries)


# ------------------------------------------------ 11, 13, 23, 25, 39, 44: the hours of the week


def short_street(*stations, homes=((100, 0),)):
    """A street of 500 m: whatever is open on it is in reach of all of it."""
    return dataset(town({"a": (0, 0), "b": (500, 0)}, [Way("a b")]), stations, homes)


def seasonal(valid_from, valid_to):
    """The street with a point that exists between two days, both included."""
    found = short_street(Station("summer", 0, 0))
    stations = found.stations.assign(valid_from=valid_from, valid_to=valid_to)
    return Index(replace(found, stations=stations))


def covered_hours(index, week, **asked):
    """The hours of a week in which the home is covered, by day."""
    share = index.clock(week=week, exact=True, **asked).hours.share_covered.to_numpy()
    return [np.flatnonzero(day == 1).tolist() for day in share.reshape(7, 24)]


def test_scheme_11_weights_of_groups_sum_to_the_total_and_both_shares_are_shown():
    found = short_street(
        Station("a", 0, 0, hours="08:00-20:00"), homes=[(50, 0), (100, 0), (400, 0)]
    )
    homes = found.homes.assign(group=["courier", "driver", "courier"], workers=[1.0, 2.0, 5.0])
    index = Index(replace(found, homes=homes))
    answer = index.clock(week="2026-11-25", exact=True, minutes=3)  # 200 m
    noon = answer.hours.iloc[12]
    assert noon.share_covered == 2 / 3  # homes count alike
    assert noon.share_workers == 3 / 8  # homes count by who lives there
    workers = {code: part.series["workers"] for code, part in answer.groups.items()}
    assert {code: series.total for code, series in workers.items()} == {"courier": 6, "driver": 2}
    assert sum(series.total for series in workers.values()) == answer.all.series["workers"].total
    for row in range(168):
        parts = sum(series.covered[row] for series in workers.values())
        assert parts == answer.all.series["workers"].covered[row]


def test_scheme_13_seasons_open_and_close_points_exactly_at_their_dates():
    index = seasonal("2026-11-26", "2026-11-28")
    day = list(range(24))
    assert covered_hours(index, "2026-11-23") == [[], [], [], day, day, day, []]
    for at, share in (
        ("2026-11-25T23:59", 0), ("2026-11-26T00:00", 1), ("2026-11-28T23:59", 1),
        ("2026-11-29T00:00", 0),
    ):  # fmt: skip
        assert index.coverage(at=at, exact=True).summary["share_covered"] == share


def test_scheme_23_summer_points_live_from_23_july_for_a_month_and_not_in_winter():
    index = seasonal("2026-07-23", "2026-08-22")
    day = list(range(24))
    assert covered_hours(index, "2026-07-20") == [[], [], [], day, day, day, day]
    assert covered_hours(index, "2026-08-05") == [day] * 7
    assert covered_hours(index, "2026-08-17") == [day] * 6 + [[]]
    assert covered_hours(index, "2026-12-15") == [[]] * 7
    winter = index.coverage(at="2026-12-15T12:00")
    assert winter.selection.stations.size == 0
    assert len(winter.covered) == 0


def test_scheme_25_a_mobile_point_covers_only_in_its_window():
    hours = "2026 Jul 27 14:00-17:00; 2026 Jul 29 09:00-11:00"
    index = Index(short_street(Station("van", 0, 0, hours=hours)))
    assert covered_hours(index, "2026-07-29") == [[14, 15, 16], [], [9, 10], [], [], [], []]
    assert covered_hours(index, "2026-08-05") == [[]] * 7


def test_scheme_39_what_couriers_lack_by_e_bike_or_on_foot_they_lack_on_foot(demo_dataset):
    index = Index(open_dataset(demo_dataset, private=True))
    couriers, walking = (
        index.clock(week="2026-11-25", exact=True, group="courier", mode=mode)
        for mode in (None, "walk")
    )
    assert (couriers.request.who.mode, couriers.request.who.on_foot) == ("ebike", True)
    assert index.vocabulary.modes["ebike"].speed_kph > index.vocabulary.modes["walk"].speed_kph
    nearer = 0
    for row in range(168):
        lacking, on_foot = (
            ~answer.places.covers.of(answer.sets.of_hour[row]) for answer in (couriers, walking)
        )
        assert not (lacking & ~on_foot).any()
        nearer += np.count_nonzero(on_foot & ~lacking)
    assert nearer  # and by e-bike they reach more
    assert couriers.all.person_hours["uncovered"] < walking.all.person_hours["uncovered"]
    # hours and gaps by group: the street cleaners' day begins before the couriers'
    cleaners = index.clock(week="2026-11-25", exact=True, group="sanitation")
    begins = [int(np.flatnonzero(answer.all.works)[0]) for answer in (cleaners, couriers)]
    assert begins == [4, 8]
    assert cleaners.gaps.person_hours.sum() != couriers.gaps.person_hours.sum()


def test_scheme_44_for_street_cleaners_five_in_the_morning_differs_from_noon(demo_dataset):
    index = Index(open_dataset(demo_dataset, private=True))
    answer = index.clock(week="2026-11-25", group="sanitation", exact=True)
    hours = answer.hours.set_index(["weekday", "hour"])
    early, noon = hours.loc[(2, 5)], hours.loc[(2, 12)]
    assert early.works
    assert noon.works
    assert early.workers_uncovered > noon.workers_uncovered
    for row, hour in ((early, "05:00"), (noon, "12:00")):
        told = index.coverage(at=f"2026-11-25T{hour}", exact=True).summary["groups"]["sanitation"]
        assert row.workers_uncovered == told["workers"]["uncovered"]


# --------------------------------------------------------------- 5, 19, 34, 35, 36: where to build


def _street(homes, stations, **more):
    """A straight street of 10 km on which 1,000 m are 15 minutes."""
    nodes = {f"n{x}": (float(x), 0.0) for x in range(0, 10_001, 500)}
    return dataset(town(nodes, [Way(" ".join(nodes))]), stations, [(x, 0.0) for x in homes], **more)


def _site(x, cost_yuan, action="build"):
    """A candidate at so many metres along the street."""
    lon, lat = lonlat(float(x), 0.0)
    return {"id": f"{action}-{x}", "action": action, "lon": lon, "lat": lat, "cost_yuan": cost_yuan}


_OLD = Station("old", 500.0, 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_scheme_05_a_budget_buys_the_best_and_is_kept_to_the_fen(seed):
    rng = np.random.default_rng(seed)
    homes = rng.integers(0, 10_000, 30).tolist()
    prices = [int(fen) for fen in rng.integers(1_000, 9_000, 6)]
    places = rng.integers(0, 10_000, 6).tolist()
    given = [_site(x, f"{fen / 100:.2f}") for x, fen in zip(places, prices, strict=True)]
    index = Index(_street(homes, [_OLD]))
    budget = int(rng.integers(5_000, 20_000))
    result = index.plan(given, budget_yuan=f"{budget / 100:.2f}", exact=True).result
    # by hand: a home is covered by what stands within 1,000 m; the old station stays
    at = np.array(homes)
    near = {x: np.abs(at - x) <= 1000 for x in [*places, 500]}
    best = max(
        int(np.logical_or.reduce([near[500], *(near[places[n]] for n in part)]).sum())
        for size in range(7)
        for part in itertools.combinations(range(6), size)
        if sum(prices[n] for n in part) <= budget
    )
    assert result["objective"] == result["bound"] == best
    spent = sum(prices[places.index(int(site["id"][6:]))] for site in result["chosen"])
    assert spent <= budget
    assert result["spent_yuan"] == spent / 100
    assert result["before"]["workers"]["covered"] == near[500].sum()


def test_scheme_05_a_plan_of_a_thousand_sites_prints_its_bound_and_gap():
    """The scheme's own size: ten million yuan for a thousand stations and more, unequal costs."""
    rng = np.random.default_rng(1000)
    length = 1_000_000  # one street of 1,000 km
    found = dataset(
        town({"a": (0, 0), "b": (length, 0)}, [Way("a b")]),
        [Station(f"old{n}", x, 0) for n, x in enumerate(rng.integers(0, length, 100).tolist())],
        [(x, 0) for x in rng.integers(0, length, 4000).tolist()],
    )
    prices = [int(fen) for fen in rng.integers(400_000, 1_600_000, 3000)]
    places = rng.integers(0, length, 3000).tolist()
    given = [
        _site(x, f"{fen / 100:.2f}") | {"id": f"site-{n}"}
        for n, (x, fen) in enumerate(zip(places, prices, strict=True))
    ]
    asked = {"budget_yuan": "10000000.00", "minutes": 6, "time_limit_seconds": 120}
    answer = Index(found).plan(given, exact=True, **asked)
    result = answer.result
    spent = sum(prices[int(site["id"].removeprefix("site-"))] for site in result["chosen"])
    assert spent <= 1_000_000_000
    assert result["spent_yuan"] == spent / 100
    assert len(result["chosen"]) >= 1000
    assert result["objective"] <= result["bound"]
    assert result["gap"] == 1 - result["objective"] / result["bound"] <= 0.02
    assert 100 <= result["before"]["workers"]["covered"] < result["objective"]
    text = plan_report({**result, "parameters": {}})
    assert f"{result['bound']:,.10g}, gap {result['gap']:.2%}" in text
    # by hand: 400 m each way, and the old stations stay
    at = found.homes["lon"].to_numpy()
    there = np.array([*found.stations["lon"], *(site["lon"] for site in result["chosen"])])
    step = lonlat(400.0, 0.0)[0] - lonlat(0.0, 0.0)[0]
    near = np.min(np.abs(at[:, None] - there[None, :]), axis=1)
    sure = [int((near <= step * part).sum()) for part in (0.999, 1.001)]
    assert sure[0] <= result["objective"] <= sure[1]


def test_scheme_19_a_cheaper_conversion_wins_when_cover_ties():
    index = Index(_street([5000, 5100], [_OLD]))
    given = [_site(5050, 60_000), _site(5050, 20_000, "convert")]
    result = index.plan(given, budget_yuan=100_000, exact=True).result
    assert [site["action"] for site in result["chosen"]] == ["convert"]
    assert result["spent_yuan"] == 20_000
    # beside it rather than at the same place: still the cheaper, and nothing spent for no gain
    beside = [_site(5050, 60_000), _site(5060, 20_000, "convert")]
    result = index.plan(beside, budget_yuan=100_000, exact=True).result
    assert [site["action"] for site in result["chosen"]] == ["convert"]


def test_scheme_34_leaving_a_term_out_changes_the_rank_only_as_it_says():
    rng = np.random.default_rng(34)
    bounds = {f"d{n}": (2000 * n, -500, 2000 * (n + 1), 500) for n in range(5)}
    homes = [x for n in range(5) for x in rng.integers(2000 * n + 100, 2000 * n + 1900, 10)]
    index = Index(_street([float(x) for x in homes], [Station("old", -5000.0, 0.0)], areas=bounds))
    given = [_site(2000 * n + 1000, 1) for n in range(5)]
    terms = ("firms", "migrants", "union")
    told = [
        {"region": name, **{term: float(rng.integers(1, 100)) for term in terms}} for name in bounds
    ]
    weights = {"firms": 1.0, "migrants": 0.5, "union": 2.0, "need": 1.0}

    def scores(given_weights):
        mosts = Mosts(given_weights, told)
        result = index.plan(given, sites=5, exact=True, mosts=mosts).result
        return [site["id"] for site in result["chosen"]], {
            site["id"]: site["terms"] for site in result["chosen"]
        }

    order, whole = scores(weights)
    total = {code: sum(parts.values()) for code, parts in whole.items()}
    assert order == sorted(order, key=lambda code: (-total[code], order.index(code)))
    for term in weights:
        rest, part = scores({**weights, term: 0.0})
        assert all(set(parts) == set(weights) - {term} for parts in part.values())
        predicted = {code: total[code] - whole[code][term] for code in total}
        assert {code: pytest.approx(sum(parts.values())) for code, parts in part.items()} == (
            predicted
        )
        assert rest == sorted(rest, key=lambda code: (-round(predicted[code], 6), rest.index(code)))


def test_scheme_35_every_worker_is_in_one_catchment(demo_dataset):
    index = Index(open_dataset(demo_dataset, private=True))
    answer = index.plan(sites=10, exact=True, time_limit_seconds=10)
    caught = answer.catchments
    covered = answer.result["after"]["workers"]["covered"]
    assert sum(caught.values()) == pytest.approx(covered)
    assert set(caught) >= {site["id"] for site in answer.result["chosen"]}
    # each covered home has exactly one station, and it is one that is there
    station = answer.check.station
    assert ((station >= 0) == answer.check.covered).all()
    workers = index.view("walk").exact_people.workers
    for site in answer.result["chosen"]:
        row = answer.check.stations["id"].tolist().index(site["id"])
        assert site["catchment_workers"] == workers[station == row].sum()


@pytest.mark.parametrize("aim", [{"sites": 8}, {"sites": 8, "objective": "median"}])
def test_scheme_36_each_further_site_gains_no_more_and_the_curve_is_printed(demo_dataset, aim):
    index = Index(open_dataset(demo_dataset, private=True))
    result = index.plan(exact=True, time_limit_seconds=10, **aim).result
    name = "gain_seconds" if "objective" in aim else "gain_workers"
    gains = [point[name] for point in result["curve"]]
    assert gains
    assert all(later <= earlier + 1e-6 for earlier, later in itertools.pairwise(gains))
    total = result["after"]["workers"]["covered"] - result["before"]["workers"]["covered"]
    assert result["curve"][-1]["cumulative_workers"] == pytest.approx(total)


def test_scheme_36_for_a_budget_gain_per_yuan_never_grows():
    index = Index(_street([100 * n for n in range(100)], [Station("old", -5000.0, 0.0)]))
    given = [_site(700 * n, 10 + 7 * (n % 4)) for n in range(14)]
    result = index.plan(given, budget_yuan=90, exact=True).result
    rates = [point["gain_workers_per_10000_yuan"] for point in result["curve"]]
    assert len(rates) > 2
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(rates))


# ------------------------------------------------ 6, 26, 30, 33, 43: who lacks what, and why


def test_scheme_06_cover_with_what_is_being_built_contains_cover_without():
    stations = [Station("s1", 0, 0), Station("s2", 2400, 0, status="building")]
    found = dataset(
        town({"a": (0, 0), "b": (4000, 0)}, [Way("a b")]),
        [*stations, Station("s3", 4000, 0, status="planned")],
        [(100, 0), (1300, 0), (1700, 0), (3600, 0)],
    )
    later = found.stations.assign(opened_on=["", "2030-01-01", "2031-01-01"])
    index = Index(replace(found, stations=later))
    now, soon, then = (
        index.coverage(include=include, exact=True)
        for include in ((), ("building",), ("building", "planned"))
    )
    for name in ("cells", "pieces", "people"):
        before, with_built, with_all = (a.outcomes[name].covered for a in (now, soon, then))
        assert (before <= with_built).all()
        assert (with_built <= with_all).all()
    assert [a.summary["homes"]["covered"] for a in (now, soon, then)] == [1, 2, 3]
    # what would be covered then is the cause now, whatever the day of opening
    assert now.summary["causes"]["planned"]["homes"] == 2
    assert soon.summary["causes"]["planned"]["homes"] == 1
    assert "planned" not in then.summary["causes"]


def test_scheme_06_every_change_of_status_has_its_date():
    """Planned, being built, open, closed: each counts from the day and to the day it is said to."""
    found = short_street(Station("s", 0, 0))
    dates = {"opened_on": "2026-03-10", "closed_on": "2026-09-20"}
    index = Index(replace(found, stations=found.stations.assign(**dates)))
    for at, share in (
        ("2026-03-09T23:00", 0), ("2026-03-10T00:00", 1), ("2026-09-19T23:00", 1),
        ("2026-09-20T00:00", 0),
    ):  # fmt: skip
        assert index.coverage(at=at, exact=True).summary["share_covered"] == share
    # what is being built does not count before it is open, unless asked for
    building = Index(replace(found, stations=found.stations.assign(status="building", **dates)))
    at = "2026-06-01T12:00"
    assert building.coverage(at=at, exact=True).summary["share_covered"] == 0
    soon = building.coverage(at=at, include=("building",), exact=True)
    assert soon.summary["share_covered"] == 1


def test_scheme_06_each_state_of_a_gap_is_dated(year):
    ledger, kept, _, _ = year
    events = set()
    for entry in ledger.now().entries:
        said = history(ledger.records.changes(gap=entry.id))
        assert all(datetime.fromisoformat(change["at"]) for change in said)
        dated = {change["event"]: change["at"] for change in said}
        assert dated.get("opened", entry.opened) == entry.opened
        assert not entry.filled or dated["filled"] == entry.filled
        assert not said or said[-1]["state"] == entry.state
        events |= set(dated)
    assert {"opened", "filled", "set"} <= events
    assert set(kept) >= {entry.opened for entry in ledger.now().entries}


def shown_people(answer):
    """Every figure about people in an answer of the web service."""
    summary = answer["summary"]
    for part in (summary, *summary["regions"], *summary["groups"].values()):
        for name in ("homes", "workers"):
            yield from (part[name] or {}).values()
            yield from (row[name] for row in part["causes"].values())
    for gap in answer["features"]:
        yield from (gap["properties"][name] for name in ("homes", "workers"))


def test_scheme_26_moving_60_homes_changes_gaps_and_no_output_shows_fewer_than_k(
    demo_dataset, tmp_path
):
    old = open_dataset(demo_dataset, private=True)
    people = Index(old).coverage(minutes=5, exact=True).outcomes["people"]
    homes = old.homes.copy()
    away = np.flatnonzero(people.covered)[:60]
    to = np.flatnonzero(~people.covered & people.in_total)[:60]
    assert away.size == to.size == 60
    for name in ("lon", "lat", "region"):
        values = homes[name].to_numpy(copy=True)
        values[away] = values[to]
        homes[name] = values
    crs = pyproj.CRS.from_user_input(old.manifest["metric_crs"])
    x, y = project(homes["lon"].to_numpy(), homes["lat"].to_numpy(), crs)
    groups = homes["group"].to_numpy(object)
    published = anonymity.publish(x, y, homes["workers"].to_numpy(), groups)
    assert published.groupby(["layer", "cell"])["homes"].sum().min() >= 10
    new = replace(old, homes=homes, people=published)
    answers = []
    for number, found in enumerate((old, new)):
        service = Service(open_dataset(written(found, tmp_path / str(number))), Settings())
        question = CoverageQuestion(minutes=5)
        answer = service.collection(question, service.cover(question, None))
        answers.append(answer)
        for figure in shown_people(answer):
            assert figure is None or figure % 5 == 0
        for gap in answer["features"]:
            told = gap["properties"]
            assert told["suppressed"] == (told["workers"] is None)
            assert (told["causes"] is None) == told["suppressed"]
            assert told["workers"] is None or told["workers"] >= 10
    before, after = answers
    lost = [a["summary"]["homes"]["uncovered"] for a in answers]
    assert lost[1] > lost[0]
    sizes = [{g["id"]: g["properties"]["workers"] for g in a["features"]} for a in (before, after)]
    assert sizes[0] != sizes[1]


def test_scheme_30_who_lacks_any_station_lacks_one_with_a_nursing_room(demo_dataset):
    index = Index(open_dataset(demo_dataset, private=True))
    any_, nursing = (index.coverage(needs=n, exact=True) for n in ((), ("nursing",)))
    for name in ("cells", "pieces", "people"):
        assert (any_.outcomes[name].covered >= nursing.outcomes[name].covered).all()
    lost = [a.summary["homes"]["uncovered"] for a in (any_, nursing)]
    assert lost[1] > lost[0]
    why = nursing.summary["causes"]
    assert why["no_such_need"]["homes"] == lost[1] - lost[0]
    outline, inner = (shapely.union_all(a.gaps.geometry) for a in (nursing, any_))
    assert inner.difference(outline.buffer(2e-6)).is_empty  # 0.2 m: sides of cells bend a little


def test_scheme_33_the_same_homes_summed_five_ways_agree(demo_dataset):
    data = open_dataset(demo_dataset, private=True)
    answer = Index(data).coverage(minutes=10, exact=True)
    rng, total = np.random.default_rng(33), answer.summary
    for way, count in (("firm", 40), ("street", 12), ("community", 9), ("market", 5), ("楼", 70)):
        words = np.array([f"{way}{n}" for n in range(count)])[
            rng.integers(0, count, len(data.homes))
        ]
        table = answer.by(words)
        assert set(table) == set(words)
        for name in ("homes", "workers"):
            for part in ("total", "covered", "uncovered"):
                found = sum(row[name][part] for row in table.values())
                # who is off the network is in the total as well
                assert found == total[name][part]
    with pytest.raises(InputError, match="one word"):
        answer.by(["firm"])
    with pytest.raises(InputError, match="exact=True"):
        Index(data).coverage().by(["firm"])


def test_scheme_43_a_dense_small_gap_outranks_a_large_empty_one():
    streets = town({"a": (0, 0), "b": (13400, 0)}, [Way("a b")])
    # covered: 5 to 8 km; to the west 1.5 km with 30 homes, to the east 5 km with one
    dense = [(4000 + n, 0) for n in range(30)]
    areas = {"small": (3500, -900, 5000, 900), "large": (8000, -900, 20100, 900)}
    found = dataset(streets, [Station("s", 6500, 0)], [*dense, (12000, 0)], areas=areas)
    gaps = Index(found).coverage(exact=True).gaps
    assert gaps.workers.tolist() == [30.0, 1.0]
    assert gaps.area_km2[0] < gaps.area_km2[1]
    assert [gaps.region_ids[row] for row in gaps.region] == ["small", "large"]

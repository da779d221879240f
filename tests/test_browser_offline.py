"""The worker's page without a network, in a real browser: what is kept, what it answers, releases.

Answers are checked against a record written by hand, where every number is known, and against the
server itself, which knows the way over the streets: what the phone calls certain must be so.
"""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from pyproj import Geod

from geodata.datum import from_wgs84
from tests.browsing import PHONE, opened, patient, served, until, wait_for
from web.app import create_app
from web.schemas import NearestQuestion

pytestmark = pytest.mark.browser

GEOD = Geod(ellps="WGS84")
HERE = (115.9, 28.7)
NOON = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
WEEK = 7 * 24 * 60
STORE = "union-stations-1"


@pytest.fixture(scope="module")
def app(demo_dataset):
    """The application that serves the demo city."""
    return create_app(patient(data=demo_dataset))


@pytest.fixture(scope="module")
def site(app):
    """Its address."""
    with served(app) as address:
        yield address


@pytest.fixture
def seen(browser, site):
    """The worker's page with an empty store, watched; no service worker."""
    with opened(browser, f"{site}/", PHONE, ready="", axe=False) as seen:  # judged elsewhere
        until(seen.page, "() => typeof unionOffline === 'object'")
        yield seen


@pytest.fixture
def phone(seen):
    """The page itself."""
    return seen.page


# ---- answers known by hand ----

#: Metres east of HERE, open spans in minutes after noon (None: unknown), other columns.
TOY = {
    "near": (300, [[0, 600]], {}),
    "closing": (600, [[0, 14]], {}),
    "perhaps": (610, [[0, 20]], {}),
    "opening": (700, [[12, 600]], {}),
    "late": (710, [[40, 600]], {}),
    "nobody knows": (900, None, {}),
    "festival": (910, [[600, 700]], {"unknown_spans": [[0, 600]]}),
    "locked": (320, [[0, WEEK]], {"access": "locked"}),
    "centre": (330, [[0, WEEK]], {"kind": "service_centre"}),
    "planned": (10, [[0, WEEK]], {"status": "planned"}),
    "warm": (1000, [[0, WEEK]], {"needs": ["warm", "drink"]}),
    "far": (5_000, [[0, WEEK]], {}),
}


def toy_station(name, row):
    """A station as the interface lists it."""
    _, spans, more = TOY[name] if row is None else row
    return {
        "id": name,
        "name": name,
        "kind": "care_station",
        "access": "scan",
        "status": "open",
        "needs": ["drink"],
        "facilities": ["water_dispenser"],
        "spans": spans,
        "unknown_spans": None if spans is None else [],
        "navigate": {},
        **more,
    }


def toy_positions(table):
    """Where the stations lie, in each datum."""
    found = {"wgs84": {}, "gcj02": {}, "bd09": {}}
    for name, (east_m, _, _) in table.items():
        lon, lat, _ = GEOD.fwd(*HERE, 90, east_m)
        for datum, places in found.items():
            x, y = from_wgs84([lon], [lat], datum)
            places[name] = [round(float(x[0]), 6), round(float(y[0]), 6)]
    return found


def toy_record(table=TOY, **more):
    """What `keep` puts into the store."""
    return {
        "region": "360102",
        "from": NOON.isoformat(),
        "kept": NOON.timestamp() * 1000,
        "used": NOON.timestamp() * 1000,
        "skew": 0,
        "dataset": {"name": "toy", "version": "1", "as_of": "2026-11-01"},
        "hotline": "12351",
        "speeds": {"walk": 4.4, "ebike": 18},
        "kinds": ["care_station"],
        "access": ["free", "scan"],
        "stations": [toy_station(name, row) for name, row in table.items()],
        "at": toy_positions(table),
        **more,
    }


def store(page, record):
    """Put a record where the script looks for it."""
    page.evaluate(
        """([cache, key, text]) => caches.open(cache).then(c => c.put(key, new Response(text)))""",
        [STORE, f"/offline/stations/{record['region']}", json.dumps(record)],
    )


def answer(page, now=NOON, **asked):
    """What the phone answers."""
    lon, lat = from_wgs84([HERE[0]], [HERE[1]], asked.get("datum", "wgs84"))
    query = {"lon": float(lon[0]), "lat": float(lat[0]), "mode": "walk", "minutes": 15, **asked}
    return page.evaluate(
        "([query, now]) => unionOffline.answer(query, new Date(now))",
        [{"datum": "wgs84", **query}, now.timestamp() * 1000],
    )


def by_id(rows):
    return {row["id"]: row for row in rows}


def test_an_answer_is_marked_and_has_the_shape_of_the_exact_one(phone):
    store(phone, toy_record())
    found = answer(phone)
    assert found["approximate"] is True
    assert found["as_of"] == found["at"] == "2026-11-22T12:00:00+08:00"
    assert (found["hotline"], found["mode"], found["limit_seconds"]) == ("12351", "walk", 900)
    assert found["origin"] == {
        "lon": HERE[0], "lat": HERE[1], "datum": "wgs84", "access_metres": None,
    }  # fmt: skip
    assert found["covered"] is None  # one may be in reach: the way is not known
    assert found["reason"] is None
    for row in found["stations"]:
        assert row["seconds"] is row["metres"] is row["route"] is None
        assert "spans" not in row
    straight = [row["straight_metres"] for row in found["stations"]]
    assert straight == sorted(straight)
    assert straight == pytest.approx([TOY[r["id"]][0] for r in found["stations"]], rel=1e-4)


def test_only_what_is_certain_is_called_closed(phone):
    store(phone, toy_record())
    found = answer(phone, k=50)
    fits = by_id(found["stations"])
    assert list(fits) == ["near", "perhaps", "opening", "warm"]
    assert fits["near"]["open"] == {
        "state": "open", "until": "2026-11-22T22:00:00+08:00", "on_arrival": True,
    }  # fmt: skip
    assert fits["perhaps"]["open"]["on_arrival"] is None  # open after 8 minutes, not after 15
    assert fits["opening"]["open"] == {
        "state": "closed", "until": "2026-11-22T12:12:00+08:00", "on_arrival": None,
    }  # fmt: skip
    assert fits["warm"]["open"] == {"state": "open", "until": None, "on_arrival": True}
    assert [(row["id"], row["fails"]) for row in found["alternatives"]] == [
        ("locked", ["access"]), ("closing", ["closed"]), ("late", ["closed"]),
    ]  # fmt: skip
    assert by_id(found["alternatives"])["closing"]["open"] == {
        "state": "open", "until": "2026-11-22T12:14:00+08:00", "on_arrival": False,
    }  # fmt: skip
    # closed for who is there in time; by a long way round one might come after it opens
    assert by_id(found["alternatives"])["late"]["open"]["on_arrival"] is None


def test_a_faster_mode_arrives_before_it_closes(phone):
    store(phone, toy_record())
    row = by_id(answer(phone, mode="ebike", k=50, minutes=3)["stations"])["closing"]
    assert row["open"]["on_arrival"] is True  # two minutes straight, at most three


def test_hours_that_nobody_knows_are_no_promise(phone):
    store(phone, toy_record({name: TOY[name] for name in ("nobody knows", "festival")}))
    found = answer(phone)
    assert found["stations"] == []
    assert (found["covered"], found["reason"]) == (False, "hours_unknown")
    for row in found["alternatives"]:
        assert row["fails"] == ["hours_unknown"]
        assert (row["open"]["state"], row["open"]["on_arrival"]) == ("unknown", None)
    assert found["alternatives"][1]["open"]["until"] == "2026-11-22T22:00:00+08:00"


def test_filters_by_need_kind_and_access(phone):
    store(phone, toy_record())
    warm = answer(phone, needs=["warm"])
    assert [row["id"] for row in warm["stations"]] == ["warm"]
    assert warm["alternatives"][0]["fails"] == ["no_such_need"]
    assert [r["id"] for r in answer(phone, kinds=["service_centre"])["stations"]] == ["centre"]
    assert answer(phone, access=["locked"])["stations"][0]["id"] == "locked"
    none = answer(phone, needs=["shower"])
    assert (none["stations"], none["covered"], none["reason"]) == ([], False, "no_such_need")
    assert answer(phone, kinds=["culture_palace"])["stations"] == []


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["late"], "closed"),
        (["far"], "too_far"),
        (["locked"], "access"),
        (["far", "late"], "closed"),
    ],
)
def test_the_reason_is_the_first_condition_that_stands_in_the_way(phone, names, reason):
    store(phone, toy_record({name: TOY[name] for name in names}))
    found = answer(phone)
    assert (found["covered"], found["reason"]) == (False, reason)


def test_the_nearest_is_shown_even_where_none_is_in_reach(phone):
    store(phone, toy_record({"away": (9_000, [[0, WEEK]], {})}))
    found = answer(phone)
    assert (found["stations"], found["reason"]) == ([], "too_far")
    assert [(row["id"], row["fails"]) for row in found["alternatives"]] == [("away", [])]
    store(phone, toy_record({"another place": (150_000, [[0, WEEK]], {})}))
    assert answer(phone)["alternatives"] == []


def test_after_a_week_no_hours_are_known(phone):
    store(phone, toy_record({"always": (100, [[0, WEEK]], {}), "near": TOY["near"]}))
    late = NOON + timedelta(days=6, hours=23)
    assert answer(phone, late)["stations"][0]["open"]["state"] == "open"
    over = answer(phone, NOON + timedelta(days=7))
    assert over["stations"] == []
    assert [row["fails"] for row in over["alternatives"]] == [["hours_unknown"]] * 2
    assert [row["open"]["until"] for row in over["alternatives"]] == [None, None]
    assert answer(phone, NOON + timedelta(days=7), open="any")["stations"][0]["id"] == "always"
    before = answer(phone, NOON - timedelta(hours=3))  # a clock that cannot be right
    assert before["stations"] == []


def test_a_phone_whose_clock_is_wrong_is_put_right_by_the_servers(phone):
    behind = timedelta(hours=3)
    store(phone, toy_record(skew=behind.total_seconds() * 1000))
    found = answer(phone, NOON - behind)
    assert found["at"] == "2026-11-22T12:00:00+08:00"
    assert found["stations"][0]["open"]["until"] == "2026-11-22T22:00:00+08:00"


@pytest.mark.parametrize(("datum", "stretch"), [("gcj02", 0.008), ("bd09", 0.025)])
def test_a_position_is_compared_in_its_own_datum(phone, datum, stretch):
    record = toy_record()
    store(phone, record)
    shifted, plain = answer(phone, datum=datum, k=50), answer(phone, k=50)
    assert [r["id"] for r in shifted["stations"]] == [r["id"] for r in plain["stations"]]
    for one, other in zip(shifted["stations"], plain["stations"], strict=True):
        assert [one["lon"], one["lat"]] == record["at"][datum][one["id"]]
        assert one["straight_metres"] == pytest.approx(other["straight_metres"], rel=stretch)
        assert one["open"] == other["open"]
    mixed = answer(phone, datum="cgcs2000", lon=HERE[0], lat=HERE[1])
    assert mixed["stations"][0]["straight_metres"] == pytest.approx(300, rel=1e-4)


def test_nothing_kept_is_said(phone):
    found = answer(phone)
    assert (found["stations"], found["alternatives"]) == ([], [])
    assert (found["covered"], found["reason"], found["as_of"]) == (False, "nothing_kept", None)


def test_districts_are_joined_and_a_station_is_listed_once(phone):
    store(phone, toy_record({"near": TOY["near"]}))
    store(phone, toy_record({"near": TOY["near"], "warm": TOY["warm"]}, region="360103"))
    assert [row["id"] for row in answer(phone)["stations"]] == ["near", "warm"]


# ---- answers beside the server's ----


def questions(service, count, seed=7):
    """Positions, modes, needs and times of the next days, at random."""
    draw = np.random.default_rng(seed)
    west, south, east, north = service.extent
    now = datetime.now(NOON.tzinfo).replace(second=0, microsecond=0)
    for _ in range(count):
        yield {
            "lon": float(draw.uniform(west, east)),
            "lat": float(draw.uniform(south, north)),
            "mode": str(draw.choice(service.index.modes)),
            "need": [str(draw.choice(list(service.vocabulary.needs)))] * int(draw.integers(0, 2)),
            "datum": str(draw.choice(["wgs84", "gcj02", "bd09"])),
            "minutes": int(draw.choice([5, 15, 30])),
            "at": now + timedelta(minutes=int(draw.integers(0, 5 * 24 * 60))),
        }


def on_the_phone(page, asked):
    """What the phone answers to all questions, with every station that it lists."""
    queries = [
        {**q, "needs": q["need"], "at": q["at"].timestamp() * 1000, "k": 10_000} for q in asked
    ]
    return page.evaluate(
        "all => Promise.all(all.map(q => unionOffline.answer(q, new Date(q.at))))", queries
    )


def on_the_server(service, query):
    """What the service answers."""
    return service.nearest(
        NearestQuestion.model_validate({**query, "k": 50, "at": query["at"].isoformat()})
    )


def test_what_the_phone_calls_certain_is_so_over_the_streets(phone, app):
    service = app.state.holder.service()
    assert phone.evaluate("() => unionOffline.keep('')") is True
    asked = list(questions(service, 120))
    seen = {"stations": 0, "certain": 0, "closed": 0}
    for query, found in zip(asked, on_the_phone(phone, asked), strict=True):
        exact = on_the_server(service, query)
        if found["covered"] is False:
            assert exact["covered"] is False
        listed = by_id(found["stations"])
        in_time = {r["id"] for r in exact["stations"] if r["seconds"] <= exact["limit_seconds"]}
        assert in_time <= set(listed)
        shown = {**listed, **by_id(found["alternatives"])}
        for row in exact["stations"]:
            if row["id"] in shown:  # but for a few that are open only for who comes late
                agrees(shown[row["id"]], row, query["mode"])
                seen["stations"] += 1
                seen["certain"] += shown[row["id"]]["open"]["on_arrival"] is True
        seen["closed"] += count_closed(exact, shown)
    assert min(seen.values()) > 20, seen


def agrees(one, row, mode):
    """Compare what the phone tells of a station that is open on arrival with the server."""
    assert one["straight_metres"] == pytest.approx(row["straight_metres"], rel=0.03, abs=1)
    assert one["open"]["state"] == row["open"]["state"]
    assert one["open"]["until"] in {row["open"]["until"], None}
    assert one["open"]["on_arrival"] is not False
    same = {"lon", "lat", "name", "facilities", "needs", "access", "navigate", "region"}
    if mode == "walk":
        assert {key: one[key] for key in same} == {key: row[key] for key in same}


def count_closed(exact, shown):
    """Count the stations that are closed on arrival; none in reach may be called open."""
    closed = [r for r in exact["alternatives"] if r["fails"] == ["closed"] and r["seconds"]]
    for row in closed:
        other = shown.get(row["id"])
        if other and row["seconds"] <= exact["limit_seconds"]:
            assert other["open"]["on_arrival"] is not True
    return len(closed)


def test_the_districts_used_last_are_kept_and_no_more(seen, phone, app):
    regions = [str(code) for code in app.state.holder.service().index.regions["id"]]
    assert len(regions) > 4
    for code in regions:
        assert phone.evaluate("code => unionOffline.keep(code)", code) is True
    kept = phone.evaluate(KEPT)
    assert set(kept) == set(regions[-4:])
    assert phone.evaluate("code => unionOffline.keep(code)", regions[-4]) is True
    phone.evaluate("code => unionOffline.keep(code)", regions[0])
    assert set(phone.evaluate(KEPT)) == {regions[0], regions[-4], *regions[-2:]}
    assert phone.evaluate("() => unionOffline.keep('999999')") is False
    assert wait_for(phone, lambda: len(seen.complaints) == 3)  # one a datum
    seen.forgive("404")


KEPT = """() => caches.open('union-stations-1').then(c => c.keys())
    .then(keys => keys.map(k => decodeURIComponent(k.url.split('/').pop())))"""


def test_a_district_is_fetched_again_after_six_hours(phone, app):
    region = str(app.state.holder.service().index.regions["id"].iloc[0])
    asked = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.evaluate("code => unionOffline.keep(code)", region)
    first = [url for url in asked if "/api/v1/stations" in url]
    assert len(first) == 3  # one a datum
    assert not any("lon" in url or "lat=" in url for url in asked)
    phone.evaluate("code => unionOffline.keep(code)", region)
    assert len([url for url in asked if "/api/v1/stations" in url]) == 3
    phone.evaluate(
        """region => caches.open('union-stations-1').then(async c => {
            const key = '/offline/stations/' + region, found = await (await c.match(key)).json();
            found.kept -= 7 * 36e5;
            await c.put(key, new Response(JSON.stringify(found)));
        })""",
        region,
    )
    phone.evaluate("code => unionOffline.keep(code)", region)
    assert len([url for url in asked if "/api/v1/stations" in url]) == 6

"""Towns as OSM XML and CSV through ``prepare`` and HTTP; answers worked out by hand.

At 4 km/h 100 m take 90 s. Coordinates have 7 decimals, so that lengths are good to 2 cm.
"""

import json
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from pyproj import Geod

from tests.osm_xml import STREET, ask, degrees, metres, seconds, town, write_osm, write_stations
from tests.webtools import COVERAGE
from web import cli
from web.prepare import PrepareRequest, prepare

CLOSE = {"abs": 0.06}
GEOD = Geod(ellps="WGS84")

BANKS = {
    "sw": (0, 0), "s": (400, 0), "se": (800, 0), "nw": (0, 100), "n": (400, 100),
    "ne": (800, 100), "r1": (-500, 45), "r2": (1500, 45), "r3": (1500, 55), "r4": (-500, 55),
}  # fmt: skip
BRIDGE = [("sw s se", STREET), ("nw n ne", STREET), ("se ne", STREET | {"bridge": "yes"})]


@pytest.mark.parametrize("river", ["line", "polygon", "multipolygon"])
def test_a_river_with_one_bridge(tmp_path, river):
    ways = {
        "line": [("r1 r2", {"waterway": "river"})],
        "polygon": [("r1 r2 r3 r4 r1", {"natural": "water"})],
        "multipolygon": [("r1 r2", {}), ("r2 r3 r4 r1", {})],
    }[river]
    water = {"type": "multipolygon", "natural": "water"}
    relations = [("4 5", water)] if river == "multipolygon" else []
    client = town(tmp_path, BANKS, [*BRIDGE, *ways], {"n": (0, 100)}, relations=relations)
    answer = ask(client, 0, 0)
    assert (answer["covered"], answer["reason"]) == (False, "too_far")
    assert seconds(answer) == {"n": pytest.approx(1700 * 0.9, **CLOSE)}
    assert answer["stations"][0]["straight_metres"] == pytest.approx(100, abs=0.1)
    # the northern street is nearer to the bank than the bridge, and the leg must not cross
    assert metres(ask(client, 200, 40)) == [pytest.approx(40 + 600 + 100 + 800, abs=0.11)]


DETOUR = {"a": (0, 0), "b": (300, 0), "c": (600, 0), "d": (0, 1000), "e": (600, 1000)}


@pytest.mark.parametrize(
    ("mode", "tags", "node", "way"),
    [
        ("walk", {"highway": "steps"}, {}, 600),
        ("bicycle", {"highway": "steps"}, {}, 2600),
        ("walk", {"highway": "service", "access": "private"}, {}, 2600),
        ("walk", {"highway": "service", "access": "private", "foot": "yes"}, {}, 600),
        ("walk", STREET, {"barrier": "gate"}, 600),
        ("walk", STREET, {"barrier": "gate", "locked": "yes"}, 2600),
        ("walk", STREET, {"barrier": "gate", "access": "private"}, 2600),
        ("drive", STREET, {"barrier": "bollard"}, 2600),
        ("ebike", STREET, {"barrier": "bollard"}, 600),
        ("walk", {"highway": "motorway"}, {}, 2600),
        ("walk", {"highway": "trunk"}, {}, 600),
        ("walk", {"highway": "trunk", "motorroad": "yes"}, {}, 2600),
        ("walk", {"highway": "construction", "construction": "residential"}, {}, 2600),
        ("drive", STREET | {"oneway": "-1"}, {}, 2600),
        ("walk", STREET | {"oneway": "-1"}, {}, 600),
        ("walk", STREET | {"oneway": "yes", "oneway:foot": "-1"}, {}, 2600),
        ("bicycle", STREET | {"oneway": "-1", "oneway:bicycle": "no"}, {}, 600),
        ("truck", STREET | {"maxheight": "2.5"}, {}, 2600),
        ("truck", STREET | {"maxheight": "7'6\""}, {}, 2600),
        ("truck", STREET | {"maxheight": "4.5"}, {}, 600),
        ("truck", STREET | {"maxweight": "3500 kg"}, {}, 2600),
        ("drive", STREET | {"motor_vehicle": "no"}, {}, 2600),
        ("ebike", STREET | {"motor_vehicle": "no"}, {}, 600),
    ],
)
def test_what_one_street_is_open_to(tmp_path, mode, tags, node, way):
    """From a to c by b, or round by d and e."""
    ways = [("a b", STREET), ("b c", tags), ("a d e c", STREET)]
    client = town(tmp_path, DETOUR, ways, {"s": (600, 0)}, modes=[mode], node_tags={"b": node})
    assert metres(ask(client, 0, 0, mode=mode)) == [pytest.approx(way, abs=0.2)]


@pytest.mark.parametrize("duration", ["00:10", "PT10M", "10", "0:10:00"])
def test_a_ferry_takes_the_time_it_says(tmp_path, duration):
    ferry = {"route": "ferry", "duration": duration}
    ways = [("a b", STREET), ("b c", ferry), ("c e", STREET)]
    client = town(tmp_path, DETOUR, ways, {"s": (600, 0)})
    assert seconds(ask(client, 0, 0)) == {"s": pytest.approx(270 + 600, **CLOSE)}


RING = {"a": (0, 0), "b": (300, 0), "c": (300, 300), "d": (0, 300), "e": (600, 0)}


@pytest.mark.parametrize("tags", [{"oneway": "yes"}, {"junction": "roundabout"}])
def test_a_one_way_ring_and_who_ignores_it(tmp_path, tags):
    modes = ("walk", "bicycle")
    client = town(tmp_path, RING, [("a b c d a", STREET | tags)], {"s": (300, 0)}, modes=modes)
    for x, y, once_round in ((0, 0, 300), (300, 300, 900), (300, 10, 1190)):
        by_bicycle = ask(client, x, y, mode="bicycle")
        assert metres(by_bicycle) == [pytest.approx(once_round, abs=0.2)]
        on_foot = metres(ask(client, x, y))
        assert on_foot == [pytest.approx(min(once_round, 1200 - once_round), abs=0.2)]


@pytest.mark.parametrize("direction", ["yes", "-1"])
def test_a_junction_is_reached_and_left_whichever_way_its_streets_run(tmp_path, direction):
    # at b one street is open both ways and one is one-way: places at b are on both
    ways = [("d b", STREET | {"oneway": direction}), ("b e", STREET)]
    stations = {"at_b": (300, 0), "at_e": (600, 0)}
    client = town(tmp_path, RING, ways, stations, modes=["drive"])
    assert metres(ask(client, 600, 0, mode="drive")) == [0, pytest.approx(300, abs=0.1)]
    assert metres(ask(client, 300, 0, mode="drive")) == [0, pytest.approx(300, abs=0.1)]
    # round the corner, where the foot of the leg is the junction itself
    answer = ask(client, 290, -20, mode="drive")
    assert seconds(answer)["at_b"] == pytest.approx(np.hypot(10, 20) * 0.9, abs=0.1)


def test_places_at_the_same_bend_of_a_one_way_street(tmp_path):
    nodes = {"a": (0, 0), "b": (300, 0), "c": (300, 300)}
    ways = [("a b c", STREET | {"oneway": "yes"})]
    client = town(tmp_path, nodes, ways, {"s": (310, -7)}, modes=["bicycle"])
    legs = np.hypot(10, 7) + np.hypot(13, 4)
    answer = ask(client, 313, -4, mode="bicycle")
    assert metres(answer) == [pytest.approx(legs, abs=0.2)]


def test_ways_that_cross_without_a_common_node_do_not_meet(tmp_path):
    nodes = {"w": (-500, 0), "e": (500, 0), "s": (0, -500), "n": (0, 500)}
    ways = [("w e", STREET), ("s n", STREET | {"bridge": "yes", "layer": "1"})]
    answer = ask(town(tmp_path, nodes, ways, {"s": (0, 500)}), -500, 0)
    assert answer["reason"] == "unreachable"
    assert answer["stations"] == []
    assert [(a["id"], a["seconds"], a["metres"]) for a in answer["alternatives"]] == [
        ("s", None, None)
    ]


def test_what_is_out_of_reach_still_says_what_it_fails(tmp_path):
    nodes = {"w": (-500, 0), "e": (500, 0), "s": (0, 300), "n": (0, 900)}
    stations = {"s": (0, 300, {"opening_hours": "", "facilities": "seats", "access": "locked"})}
    client = town(tmp_path, nodes, [("w e", STREET), ("s n", STREET)], stations)
    answer = ask(client, 0, 0, need=["drink"], open="arrival")
    assert [(a["id"], a["seconds"], a["fails"]) for a in answer["alternatives"]] == [
        ("s", None, ["hours_unknown", "no_such_need", "access"])
    ]


def test_a_station_of_another_country_is_no_alternative(tmp_path):
    stations = {"far": (0, 0, {"lon": "24.9384", "lat": "60.1699"})}
    client = town(tmp_path, {"w": (0, 0), "e": (500, 0)}, [("w e", STREET)], stations)
    answer = ask(client, 0, 0)
    assert (answer["stations"], answer["alternatives"]) == ([], [])
    assert answer["reason"] == "unreachable"


@pytest.mark.parametrize(
    ("nodes", "ways", "place", "expected"),
    [
        # a repeated node, a way of one node
        ({"a": (0, 0), "b": (500, 0), "c": (1000, 0)}, ["a b b c", "c c"], (0, 0), 1000),
        # a ring without a junction
        ({"a": (1000, 0), "b": (1200, 0), "c": (1200, 200), "d": (1000, 200)}, ["a b c d a"],
         (1100, 200), 300),
        # a loop at the end of a street
        ({"a": (1000, 0), "b": (900, 0), "c": (800, 100), "d": (800, -100)}, ["a b c d b"],
         (800, 100), 100 + 100 * 2**0.5),
        # two ways between the same junctions: the shorter one, and the place's own
        ({"a": (0, 0), "b": (1000, 0), "m": (500, 400)}, ["a m b", "a b"], (0, 0), 1000),
        ({"a": (0, 0), "b": (1000, 0), "m": (500, 400)}, ["a m b", "a b"], (500, 400), 640.31),
        # the same street twice
        ({"a": (0, 0), "b": (1000, 0)}, ["a b", "a b"], (250, 5), 755),
        # a dead end
        ({"a": (500, 300), "b": (500, 0), "c": (1000, 0)}, ["a b", "b c"], (500, 300), 800),
    ],
)  # fmt: skip
def test_odd_shapes(tmp_path, nodes, ways, place, expected):
    client = town(tmp_path, nodes, [(way, STREET) for way in ways], {"s": (1000, 0)})
    assert metres(ask(client, *place)) == [pytest.approx(expected, abs=0.2)]


@pytest.mark.parametrize("obstacle", [{"railway": "rail"}, {"highway": "motorway"}])
def test_an_access_leg_across_what_nobody_crosses(tmp_path, obstacle):
    nodes = {
        "a": (0, 0), "c": (1000, 0), "m": (-500, 20), "n": (1500, 20), "k": (0, 80), "l": (1000, 80)
    }  # fmt: skip
    ways = [("a c", STREET), ("m n", obstacle)]
    north = [("k l", STREET), ("c l", STREET)]
    (tmp_path / "alone").mkdir()
    client = town(tmp_path, nodes, [*ways, *north], {"s": (0, 0)})
    assert metres(ask(client, 500, 30)) == [pytest.approx(50 + 500 + 80 + 1000, abs=0.2)]
    # where there is no other street in reach, the leg is taken
    client = town(tmp_path / "alone", nodes, ways, {"s": (0, 0)})
    assert metres(ask(client, 500, 30)) == [pytest.approx(30 + 500, abs=0.2)]


LINE = {"a": (0, 0), "b": (500, 0), "c": (1500, 0)}
DAY = {"opening_hours": "08:00-20:00"}


@pytest.mark.parametrize(
    ("leave", "first"),
    [
        # 270 s away, open 08:00 to 20:00, and open for ten minutes more
        ("07:55:29", "far"), ("07:55:31", "near"), ("08:00", "near"), ("19:30", "near"),
        ("19:45:29", "near"), ("19:45:31", "far"), ("19:46", "far"), ("19:51", "far"),
    ],
)  # fmt: skip
def test_a_closing_station_does_not_hide_the_open_one_behind(tmp_path_factory, leave, first):
    client = _line(tmp_path_factory)
    answer = ask(client, 0, 0, at=f"2026-11-24T{leave}", open="arrival")
    assert next(iter(seconds(answer))) == first
    fails = {a["id"]: a["fails"] for a in answer["alternatives"]}
    assert fails.get("near") == (None if first == "near" else ["closed"])
    assert fails["unknown"] == ["hours_unknown"]
    assert fails["locked"] == ["access"]


@pytest.mark.parametrize(("leave", "covered"), [("19:50", True), ("19:50:01", False)])
def test_from_the_door_of_a_closing_station(tmp_path_factory, leave, covered):
    answer = ask(
        _line(tmp_path_factory), 300, 0, at=f"2026-11-24T{leave}", open="arrival", minutes=1
    )
    assert (answer["covered"], answer["reason"]) == (covered, None if covered else "closed")


_lines = {}


def _line(factory):
    """One street with four stations, prepared once."""
    if not _lines:
        stations = {
            "near": (300, 0, DAY), "far": (900, 0), "locked": (200, 0, {"access": "locked"}),
            "unknown": (1000, 0, {"opening_hours": ""}),
        }  # fmt: skip
        homes = [(0, 0), (100, 30), (500, 0), (1499, 0), (0, 600)]
        folder = factory.mktemp("line")
        _lines["client"] = town(folder, LINE, [("a b c", STREET)], stations, homes=homes)
        _lines["folder"] = folder / "town"
    return _lines["client"]


def test_the_command_line_says_the_same(tmp_path_factory, capsys):
    client = _line(tmp_path_factory)
    lon, lat = degrees(0, 0)
    asked = {"at": "2026-11-24T19:46", "k": "2", "minutes": "10"}
    options = [f"--{name}={value}" for name, value in asked.items()]
    with pytest.raises(SystemExit) as stop:
        cli.main(["nearest", lon, lat, "--data", str(_lines["folder"]), "--json", *options])
    assert stop.value.code == 1  # `near` closes, all else is farther than ten minutes
    got = json.loads(capsys.readouterr().out)
    want = client.get("/api/v1/nearest", params={"lon": lon, "lat": lat, **asked}).json()
    assert got == want
    assert (got["covered"], got["reason"]) == (False, "closed")


def test_coverage_on_the_command_line_adds_up(tmp_path_factory, capsys):
    client = _line(tmp_path_factory)
    with pytest.raises(SystemExit) as stop:
        cli.main(["coverage", "--data", str(_lines["folder"]), "--json", "--minutes", "10"])
    assert not stop.value.code
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert summary["people"] == "exact"
    # 10 minutes are 666.7 m: 0, 30 + 200 and 200 m to `near`, 499 m to `unknown`, one off
    assert summary["homes"] == {
        "total": 5, "covered": 4, "uncovered": 1, "unreachable": 0, "off_network": 1, "no_data": 0
    }  # fmt: skip
    assert summary["causes"]["off_network"]["homes"] == 1
    assert client.get(COVERAGE).json()["summary"]["people"] == "from cells"


def test_people_without_groups_are_not_listed_by_group(tmp_path_factory, capsys):
    _line(tmp_path_factory)
    with pytest.raises(SystemExit):
        cli.main(["coverage", "--data", str(_lines["folder"])])
    text = capsys.readouterr().out
    assert "homes    5" in text
    assert "by group" not in text


@pytest.mark.parametrize(
    ("other", "most"), [({"name": "新街口驿站"}, 2), ({"name": "户部街驿站"}, 3)]
)
def test_38_a_station_listed_twice_is_counted_once(tmp_path, other, most):
    same = {"name": "新街口驿站"}
    stations = {"a": (0, 0, same), "b": (20, 0, other), "c": (300, 0)}
    client = town(tmp_path, LINE, [("a b c", STREET)], stations)
    covered = [
        client.get(COVERAGE, params={"stations_at_least": least, "geometry": "none"}).json()
        for least in (1, 2, 3)
    ]
    reached = [answer["summary"]["street_km"]["covered"] > 0 for answer in covered]
    assert reached == [least <= most for least in (1, 2, 3)]
    assert len(ask(client, 0, 0)["stations"]) == 3  # both entries are shown to whoever asks


@pytest.mark.parametrize(
    ("other", "warned"),
    [
        ({"access": "locked"}, True),
        ({"kind": "merchant"}, True),
        ({"opening_hours": ""}, False),
        ({"access": "card"}, False),
    ],
)
def test_stations_of_which_none_counts_are_said_so(tmp_path, other, warned):
    streets = write_osm(tmp_path / "s.osm", LINE, [("a b c", STREET)])
    stations = write_stations(tmp_path / "s.csv", {"s": (0, 0, other)})
    out = tmp_path / "out"
    report = prepare(PrepareRequest(streets=[streets], stations=stations, out=out, modes=("walk",)))
    assert ("no station counts by default (kind care_station" in report.to_text()) == warned


def test_xml_as_other_programs_write_it(tmp_path):
    """Negative numbers, ways before nodes, no versions, a byte order mark."""
    write_osm(tmp_path / "s.osm", {"a": (0, 0), "b": (1000, 0)}, [("a b", STREET)])
    text = (tmp_path / "s.osm").read_text(encoding="utf-8")
    head, *nodes, way, end = [line for line in text.splitlines() if not line.startswith("<?xml")]
    turned = "\n".join([head, way, *reversed(nodes), end])
    turned = turned.replace('id="', 'visible="true" id="-').replace('ref="', 'ref="-')
    (tmp_path / "s.osm").write_text(turned, encoding="utf-8-sig")
    write_stations(tmp_path / "stations.csv", {"s": (0, 0)})
    with pytest.raises(SystemExit) as stop:
        cli.main(
            ["prepare", "--streets", str(tmp_path / "s.osm"), "--mode", "walk", "--stations",
             str(tmp_path / "stations.csv"), "--out", str(tmp_path / "out")]
        )  # fmt: skip
    assert not stop.value.code
    lon, lat = degrees(1000, 0)
    with pytest.raises(SystemExit) as stop:
        cli.main(["nearest", lon, lat, "--data", str(tmp_path / "out")])
    assert not stop.value.code


@pytest.mark.parametrize("mode", ["walk", "bicycle"])
@pytest.mark.parametrize("seed", range(3))
def test_random_towns_against_networkx(tmp_path, seed, mode):
    """Ways that meet, cross and repeat nodes, one-way streets, stairs, locked gates."""
    rng = np.random.default_rng(seed)
    names = [f"n{row}" for row in range(14)]
    nodes = {name: tuple(rng.uniform(0, 900, 2).round(1)) for name in names}
    ways = []
    for _ in range(11):
        stops = " ".join(rng.choice(names, rng.integers(2, 6)))
        kind = "steps" if rng.random() < 0.2 else "residential"
        oneway = str(rng.choice(["yes", "-1", "no"], p=[0.2, 0.2, 0.6]))
        ways.append((stops, {"highway": kind, "oneway": oneway}))
    gates = set(rng.choice(names, 2))
    graph = _plain_graph(nodes, ways, gates, mode)
    used = sorted({node for node in graph if isinstance(node, str)})
    at = {f"s{row}": str(name) for row, name in enumerate(rng.choice(used, 4, replace=False))}
    locked = {name: {"barrier": "gate", "locked": "yes"} for name in gates}
    stations = {code: nodes[name] for code, name in at.items()}
    client = town(tmp_path, nodes, ways, stations, modes=[mode], node_tags=locked)
    for name in used:
        times = nx.single_source_dijkstra_path_length(graph, name, weight="ms")
        want = {code: times[stop] / 1000 for code, stop in at.items() if stop in times}
        got = seconds(ask(client, *nodes[name], mode=mode, minutes=120))
        assert got == {code: pytest.approx(value, abs=0.004) for code, value in want.items()}


def _plain_graph(nodes, ways, gates, mode):
    """The directed graph of all segments; nobody passes a gate."""
    graph = nx.DiGraph()
    kph = {"walk": 4, "bicycle": 12}[mode]
    for number, (text, tags) in enumerate(ways):
        if mode == "bicycle" and tags["highway"] == "steps":
            continue
        for row, (a, b) in enumerate(pairwise(text.split())):
            if a == b:
                continue
            ends = [float(value) for name in (a, b) for value in degrees(*nodes[name])]
            ms = np.ceil(GEOD.inv(*ends)[2] * 3600 / kph - 1e-7)
            one = (a, number, row, 0) if a in gates else a
            other = (b, number, row, 1) if b in gates else b
            if mode == "walk" or tags["oneway"] != "-1":
                _shorter(graph, one, other, ms)
            if mode == "walk" or tags["oneway"] != "yes":
                _shorter(graph, other, one, ms)
    return graph


def _shorter(graph, one, other, ms):
    """Add an arc, or keep the one that is there if it is shorter."""
    if not graph.has_edge(one, other) or graph[one][other]["ms"] > ms:
        graph.add_edge(one, other, ms=ms)

"""Tags against the OSM wiki: who may use a way, in which direction, how fast, past what."""

import math

import pytest

from geodata import osm_barriers, osm_tags, osm_units
from geodata.osm import load_rules

RULES = load_rules()
MODES = osm_tags.MODES


def tags(text: str) -> dict[str, str]:
    """Read ``key=value`` pairs."""
    return dict(pair.split("=", 1) for pair in text.split())


def shape(text: str) -> str:
    """Return one sign a mode: ``=`` both ways, ``>`` along, ``<`` against, ``-`` closed."""
    signs = {(True, True): "=", (True, False): ">", (False, True): "<", (False, False): "-"}
    speeds = osm_tags.way_speeds(tags(text), RULES)
    return "".join(signs[speeds[mode][0] > 0, speeds[mode][1] > 0] for mode in MODES)


# Five signs: walk, e-bike, bicycle, drive, truck. The wiki page that says so stands beside.
WAYS = [
    # Access restrictions: the worldwide defaults of the classes
    ("highway=motorway", "--->>"),
    ("highway=motorway oneway=no", "---=="),
    ("highway=motorway_link", "---=="),
    ("highway=trunk", "====="),
    ("highway=primary", "====="),
    ("highway=secondary_link", "====="),
    ("highway=residential", "====="),
    ("highway=living_street", "====="),
    ("highway=service service=driveway", "====="),
    ("highway=service service=parking_aisle", "====="),
    ("highway=road", "====="),
    ("highway=track", "====="),
    ("highway=pedestrian", "=----"),
    ("highway=footway", "=----"),
    ("highway=footway footway=sidewalk", "=----"),
    ("highway=footway indoor=yes level=-1", "=----"),
    ("highway=corridor", "=----"),
    ("highway=platform", "=----"),
    ("railway=platform", "=----"),
    ("man_made=pier", "=----"),
    ("highway=path", "===--"),
    ("highway=cycleway", "===--"),
    ("highway=bridleway", "=----"),
    ("highway=busway", "-----"),
    ("highway=busway foot=yes", "=----"),
    ("highway=bus_guideway", "-----"),
    ("highway=raceway", "-----"),
    # steps and their ramps
    ("highway=steps", "=----"),
    ("highway=steps ramp:bicycle=yes", "===--"),
    ("highway=steps ramp=yes", "===--"),
    ("highway=steps bicycle=dismount", "===--"),
    ("highway=steps ramp:bicycle=no ramp=yes", "=----"),
    ("highway=steps motor_vehicle=yes", "=----"),
    # Key:conveying: escalators run one way
    ("highway=steps conveying=forward", ">----"),
    ("highway=steps conveying=backward", "<----"),
    ("highway=steps conveying=yes", "=----"),
    # Key:motorroad, and our rule that trunk is walked unless motorroad=yes or foot=no
    ("highway=trunk motorroad=yes", "---=="),
    ("highway=trunk foot=no", "-===="),
    ("highway=trunk motorroad=yes foot=designated", "=--=="),
    ("highway=motorway foot=yes", "--->>"),
    # Lifecycle: what is not built or no longer there
    ("highway=construction construction=primary", "-----"),
    ("highway=proposed", "-----"),
    ("highway=planned", "-----"),
    ("highway=abandoned", "-----"),
    ("highway=disused", "-----"),
    ("highway=razed", "-----"),
    ("highway=residential abandoned=yes", "-----"),
    ("highway=residential impassable=yes", "-----"),
    ("disused:highway=residential", "-----"),
    ("building=yes", "-----"),
    ("highway=nonsense", "-----"),
    ("highway=unclassified;tertiary", "====="),
    # Key:access: the most specific tag decides
    ("highway=residential access=no", "-----"),
    ("highway=residential access=private", "-----"),
    ("highway=residential access=destination", "====="),
    ("highway=residential access=customers", "====="),
    ("highway=residential access=delivery", "====="),
    ("highway=residential access=permissive", "====="),
    ("highway=residential access=permit", "-----"),
    ("highway=residential access=residents", "-----"),
    ("highway=track access=agricultural", "-----"),
    ("highway=track access=agricultural;forestry", "-----"),
    ("highway=residential access=nonsense", "====="),
    ("highway=residential access=nonsense;private", "-----"),
    ("highway=service access=private foot=yes", "=----"),
    ("highway=service access=no bicycle=yes", "-==--"),
    ("highway=service access=no vehicle=yes", "-===="),
    ("highway=service access=yes vehicle=no", "=----"),
    ("highway=residential vehicle=no", "=----"),
    ("highway=residential vehicle=no bicycle=yes", "===--"),
    ("highway=residential motor_vehicle=no", "===--"),
    ("highway=residential motor_vehicle=destination", "====="),
    ("highway=residential motor_vehicle=no motorcar=yes", "====-"),
    ("highway=residential motorcar=no", "===-="),
    ("highway=residential motorcycle=no moped=no mofa=no", "====="),
    ("highway=residential foot=no", "-===="),
    ("highway=residential foot=private", "-===="),
    ("highway=primary foot=use_sidepath bicycle=use_sidepath", "=--=="),
    ("highway=primary bicycle=no", "=--=="),
    ("highway=primary access=no psv=yes bus=yes", "-----"),
    ("highway=primary motor_vehicle=no bus=designated", "===--"),
    ("highway=primary lanes:psv=1 bus:lanes=yes|no", "====="),
    # classes closed by default, opened by a tag of the mode itself
    ("highway=footway bicycle=yes", "===--"),
    ("highway=footway bicycle=designated foot=no", "-==--"),
    ("highway=footway access=yes", "=----"),
    ("highway=footway motor_vehicle=yes", "=--=="),
    ("highway=pedestrian motor_vehicle=delivery", "=--=="),
    ("highway=pedestrian bicycle=dismount", "===--"),
    ("highway=path bicycle=no", "=----"),
    ("highway=path motorcar=yes", "====-"),
    ("highway=cycleway foot=no", "-==--"),
    # an e-bike is a bicycle in law (GB 17761); its own key decides first
    ("highway=cycleway electric_bicycle=no", "=-=--"),
    ("highway=footway electric_bicycle=yes", "==---"),
    ("highway=footway bicycle=yes electric_bicycle=no", "=-=--"),
    # Key:hgv, Key:goods
    ("highway=residential hgv=no", "====-"),
    ("highway=residential hgv=destination", "====="),
    ("highway=residential goods=no", "====-"),
    ("highway=residential motor_vehicle=no hgv=yes", "===-="),
    # Key:maxheight, maxweight, maxwidth, maxlength, maxaxleload for a lorry of 4 m and 18 t
    ("highway=primary maxheight=3.5", "====-"),
    ("highway=primary maxheight=4.5", "====="),
    ("highway=primary maxheight=11'6\"", "====-"),
    ("highway=primary maxheight=default", "====="),
    ("highway=primary maxheight:physical=3.9", "====-"),
    ("highway=primary maxweight=7.5", "====-"),
    ("highway=primary maxweight=20t", "====="),
    ("highway=primary maxweight=10000kg", "====-"),
    ("highway=primary maxweightrating=3.5", "====-"),
    ("highway=primary maxwidth=2", "====-"),
    ("highway=primary maxlength=10", "====-"),
    ("highway=primary maxaxleload=6", "====-"),
    # one-way streets (Key oneway)
    ("highway=residential oneway=yes", "=>>>>"),
    ("highway=residential oneway=true", "=>>>>"),
    ("highway=residential oneway=1", "=>>>>"),
    ("highway=residential oneway=no", "====="),
    ("highway=residential oneway=-1", "=<<<<"),
    ("highway=residential oneway=reverse", "=<<<<"),
    ("highway=residential oneway=reversible", "=----"),
    ("highway=residential oneway=alternating", "====="),
    ("highway=primary junction=roundabout", "=>>>>"),
    ("highway=primary junction=circular", "=>>>>"),
    ("highway=primary junction=roundabout oneway=-1", "=<<<<"),
    ("highway=primary junction=roundabout oneway=no", "====="),
    ("highway=residential oneway=yes oneway:bicycle=no", "===>>"),
    ("highway=residential oneway:bicycle=yes", "=>>=="),
    ("highway=residential oneway=yes cycleway=opposite", "===>>"),
    ("highway=residential oneway=yes cycleway=opposite_lane", "===>>"),
    ("highway=residential oneway=yes cycleway:left=opposite_track", "===>>"),
    ("highway=residential oneway=yes cycleway:left=lane cycleway:left:oneway=-1", "===>>"),
    ("highway=residential oneway=yes cycleway=lane", "=>>>>"),
    ("highway=residential oneway=yes oneway:foot=yes", ">>>>>"),
    ("highway=footway oneway=yes", "=----"),
    ("highway=footway oneway:foot=-1", "<----"),
    ("highway=footway foot:backward=no", ">----"),
    ("highway=footway foot:forward=no", "<----"),
    ("highway=residential bicycle:backward=no", "=>>=="),
    ("highway=residential motor_vehicle:backward=no", "===>>"),
    ("highway=residential oneway:motor_vehicle=yes", "===>>"),
    ("highway=residential oneway:hgv=yes", "====>"),
    ("highway=residential oneway=yes oneway:psv=no", "=>>>>"),
    ("highway=cycleway oneway=yes", "=>>--"),
    # Key:area: along the outline on foot only
    ("highway=pedestrian area=yes", "=----"),
    ("highway=service area=yes", "=----"),
    # ferries
    ("route=ferry", "===--"),
    ("route=ferry motor_vehicle=yes", "====="),
    ("route=ferry foot=no", "-==--"),
    ("route=ferry access=no", "-----"),
    ("route=bicycle", "-----"),
]


@pytest.mark.parametrize(("text", "expected"), WAYS)
def test_who_may_use_a_way_in_which_direction(text, expected):
    assert shape(text) == expected


def test_every_key_that_a_case_uses_is_kept_by_the_reader():
    silent = {"footway", "indoor", "level", "building", "construction", "disused:highway", "psv"}
    silent |= {"bus", "lanes:psv", "bus:lanes", "oneway:psv", "motorcycle", "moped", "mofa"}
    used = {key for text, _ in WAYS for key in tags(text)}
    assert used - silent <= osm_tags.WAY_KEYS


@pytest.mark.parametrize(
    ("text", "mode", "expected"),
    [
        ("highway=steps", "walk", (4.0, 4.0)),
        ("highway=trunk", "walk", (4.0, 4.0)),
        ("highway=footway maxspeed=3", "walk", (4.0, 4.0)),
        ("highway=residential", "ebike", (15.0, 15.0)),
        ("highway=residential", "bicycle", (12.0, 12.0)),
        ("highway=residential maxspeed=10", "ebike", (10.0, 10.0)),
        ("highway=pedestrian bicycle=dismount", "ebike", (4.0, 4.0)),
        ("highway=steps ramp:bicycle=yes", "bicycle", (4.0, 4.0)),
        ("highway=primary", "drive", (65.0, 65.0)),
        ("highway=primary maxspeed=60", "drive", (48.0, 48.0)),
        ("highway=primary maxspeed=60 maxspeed:backward=40", "drive", (48.0, 32.0)),
        ("highway=primary maxspeed:forward=50", "drive", (40.0, 65.0)),
        ("highway=residential maxspeed=CN:urban", "drive", (40.0, 40.0)),
        ("highway=residential source:maxspeed=CN:urban", "drive", (40.0, 40.0)),
        ("highway=primary maxspeed=signals", "drive", (65.0, 65.0)),
        ("highway=motorway maxspeed=none", "drive", (104.0, 0.0)),
        ("highway=motorway maxspeed=200", "drive", (120.0, 0.0)),
        ("highway=motorway maxspeed=120", "truck", (80.0, 0.0)),
        ("highway=primary maxspeed=80 maxspeed:hgv=50", "truck", (40.0, 40.0)),
        ("highway=primary maxspeed=80 maxspeed:hgv=50", "drive", (64.0, 64.0)),
        ("highway=service service=driveway maxspeed=30", "drive", (8.0, 8.0)),
        ("highway=service service=parking_aisle", "drive", (8.0, 8.0)),
        ("highway=footway motor_vehicle=yes", "drive", (10.0, 10.0)),
    ],
)
def test_speeds(text, mode, expected):
    assert osm_tags.way_speeds(tags(text), RULES)[mode] == pytest.approx(expected)


def test_walking_is_four_kilometres_an_hour_wherever_it_is_open():
    rows = RULES.highways.items()
    assert {row["walk"] for name, row in rows if name != "ferry"} == {0.0, 4.0}


def test_a_lorry_is_never_faster_than_a_car():
    assert all(row["truck"] <= row["drive"] for row in RULES.highways.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60", 60.0),
        ("６０", 60.0),
        ("60 km/h", 60.0),
        ("40 mph", 64.37376),
        ("40mph", 64.37376),
        ("10 knots", 18.52),
        ("CN:urban", 50.0),
        ("cn:urban", 50.0),
        ("XX:urban", 50.0),
        ("DE:zone:30", 30.0),
        ("DE:zone30", 30.0),
        ("FR:30", 30.0),
        ("walk", 6.0),
        ("none", 130.0),
        ("50;30", 30.0),
        ("50 | 70", 50.0),
        ("12.5", 12.5),
    ],
)
def test_speed_limits(text, expected):
    assert osm_units.kph(text, RULES.limits) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["", "0", "-5", "fast", "signals", "variable", "60 parsecs", "A:B"]
)
def test_no_speed_limit(text):
    assert math.isnan(osm_units.kph(text, RULES.limits))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.5", 3.5),
        ("3.5 m", 3.5),
        ("3,5m", 3.5),
        ("350 cm", 3.5),
        ("11'6\"", 3.5052),
        ("11′6″", 3.5052),
        ("12'", 3.6576),
        ("12 ft", 3.6576),
    ],
)
def test_lengths(text, expected):
    assert osm_units.metres(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7.5", 7.5), ("7.5 t", 7.5), ("8000 kg", 8.0), ("10 st", 9.0718474), ("6000 lbs", 2.7215542)],
)
def test_weights(text, expected):
    assert osm_units.tonnes(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "default", "none", "below_default", "3 blocks"])
def test_no_length_and_no_weight(text):
    assert math.isnan(osm_units.metres(text))
    assert math.isnan(osm_units.tonnes(text))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("00:20", 20),
        ("1:30", 90),
        ("00:08:30", 8.5),
        ("15", 15),
        ("PT20M", 20),
        ("PT1H30M", 90),
        ("P1DT0H", 1440),
        ("PT90S", 1.5),
    ],
)
def test_durations(text, minutes):
    assert osm_units.hours(text) * 60 == pytest.approx(minutes)


@pytest.mark.parametrize("text", ["", "00:00", "0", "P", "half an hour", "20 min"])
def test_no_duration(text):
    assert math.isnan(osm_units.hours(text))


# Key:barrier: the modes that cannot pass, by their first letters (w e b d t).
BARRIERS = [
    ("highway=crossing", ""),
    ("barrier=gate", ""),
    ("barrier=gate access=private", "webdt"),
    ("barrier=gate access=no", "webdt"),
    ("barrier=gate locked=yes", "webdt"),
    ("barrier=gate locked=yes access=yes", ""),
    ("barrier=gate access=private foot=yes", "ebdt"),
    ("barrier=gate access=destination", ""),
    ("barrier=gate motor_vehicle=no", "dt"),
    ("barrier=gate motor_vehicle=private foot=yes bicycle=yes", "dt"),
    ("barrier=lift_gate", ""),
    ("barrier=swing_gate", ""),
    ("barrier=toll_booth", ""),
    ("barrier=entrance", ""),
    ("barrier=cattle_grid", ""),
    ("barrier=border_control", ""),
    ("barrier=bollard", "dt"),
    ("barrier=bollard motor_vehicle=yes", ""),
    ("barrier=bollard bicycle=no", "ebdt"),
    ("barrier=block", "dt"),
    ("barrier=chain", "dt"),
    ("barrier=cycle_barrier", "dt"),
    ("barrier=cycle_barrier bicycle=no", "ebdt"),
    ("barrier=cycle_barrier bicycle=dismount", "dt"),
    ("barrier=stile", "ebdt"),
    ("barrier=kissing_gate", "ebdt"),
    ("barrier=turnstile", "ebdt"),
    ("barrier=fence", "webdt"),
    ("barrier=wall foot=yes", "ebdt"),
    ("barrier=kerb", "dt"),
    ("barrier=kerb kerb=lowered", ""),
    ("barrier=height_restrictor", "t"),
    ("barrier=height_restrictor maxheight=4.5", ""),
    ("barrier=height_restrictor maxheight=2.2", "t"),
    ("barrier=gate maxheight=3", "t"),
    ("barrier=something_new", "dt"),
    ("barrier=yes", "dt"),
    ("barrier=no", ""),
]


@pytest.mark.parametrize(("text", "expected"), BARRIERS)
def test_who_cannot_pass_a_barrier(text, expected):
    closed = osm_barriers.node_closed(tags(text), RULES)
    assert "".join(mode[0] for mode in MODES if mode in closed) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("waterway=river", True),
        ("waterway=canal", True),
        ("waterway=stream", False),
        ("waterway=river tunnel=culvert", False),
        ("waterway=canal bridge=aqueduct", False),
        ("natural=water", True),
        ("natural=coastline", True),
        ("natural=wood", False),
        ("waterway=riverbank", True),
        ("landuse=reservoir", True),
        ("railway=rail", True),
        ("railway=light_rail", True),
        ("railway=rail bridge=yes", False),
        ("railway=subway tunnel=yes", False),
        ("railway=subway location=underground", False),
        ("railway=tram", False),
        ("railway=abandoned", False),
        ("highway=motorway", True),
        ("highway=motorway_link", True),
        ("highway=motorway bridge=viaduct", False),
        ("highway=motorway tunnel=yes", False),
        ("highway=primary", False),
    ],
)
def test_what_an_access_leg_does_not_cross(text, expected):
    assert bool(osm_barriers.barrier_kind(tags(text))) is expected


def test_tags_are_left_as_they_were():
    given = tags("highway=residential oneway=yes access=private")
    osm_tags.way_speeds(given, RULES)
    assert given == tags("highway=residential oneway=yes access=private")


def test_every_row_of_the_tables_names_its_source(project_root):
    for name in ("highways", "access", "barriers", "driving"):
        lines = (project_root / "geodata" / "data" / f"{name}.csv").read_text("utf-8").splitlines()
        assert lines[0].endswith(",source")
        assert not [line for line in lines[1:] if line.endswith(",")]

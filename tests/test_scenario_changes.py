"""What would change about the stations, and the dataset as it would be then."""

import re

import numpy as np
import pandas as pd
import pytest

import locator
from geodata.errors import ValidationError
from geodata.model import NO_DATA, OFF_NETWORK
from locator.changes import Changes, NewStation, changed, rows_after
from tests.towns import Station, Way, dataset, lonlat, town

NODES = {"a": (0, 0), "b": (1000, 0), "c": (2000, 0), "d": (1000, 1000)}
STREETS = town(NODES, [Way("a b c"), Way("b d")])
STATIONS = [Station("s2", 0, 0, hours="Mo-Su 08:00-18:00"), Station("s5", 2000, 0)]
TOWN = dataset(STREETS, STATIONS, [(0, 0), (1000, 0), (2000, 0), (1000, 1000)])
INDEX = locator.Index(TOWN)


def snapper(mode):
    return INDEX.view(mode).snapper


def place(x, y):
    lon, lat = lonlat(x, y)
    return {"lon": lon, "lat": lat}


def after(**changes):
    return changed(TOWN, Changes(**changes), snapper)


def test_nothing_changed_is_the_same_table():
    found = after()
    pd.testing.assert_frame_equal(pd.DataFrame(found.stations), pd.DataFrame(TOWN.stations))
    before = TOWN.station_positions["walk"]
    for name, array in vars(found.station_positions["walk"]).items():
        np.testing.assert_array_equal(array, getattr(before, name))


def test_added_moved_and_removed_stations_stand_in_the_order_of_their_ids():
    found = after(
        add=[NewStation("s3", **place(1000, 1000)), NewStation("s1", **place(1000, 0))],
        remove=["s2"],
        move={"s5": (lonlat(1500, 0))},
    )
    assert found.stations["id"].tolist() == ["s1", "s3", "s5"]
    new = locator.Index(found)
    spots = [lonlat(1000, 0), lonlat(1000, 1000), lonlat(1500, 0)]
    answer = new.nearest(spots, k=1, at=None)
    assert answer.station[:, 0].tolist() == [0, 1, 2]
    assert np.round(answer.metres[:, 0]).tolist() == [0, 0, 0]


def test_all_columns_keep_their_types_and_fill_with_nothing():
    found = after(add=[NewStation("n", **place(0, 0), facilities=("water", "seats"), capacity=8)])
    assert found.stations.dtypes.to_dict() == TOWN.stations.dtypes.to_dict()
    row = found.stations.set_index("id").loc["n"]
    assert row["facilities"] == "water;seats"
    assert (row["opening_hours"], row["status"], row["closed_on"]) == ("24/7", "open", "")
    assert (row.geometry.x, row.geometry.y) == (row["lon"], row["lat"])


def test_hours_and_facilities_change_where_a_station_is():
    found = after(hours={"s2": "24/7"}, equip={"s2": ["microwave", "seats"]})
    row = found.stations.set_index("id").loc["s2"]
    assert row["opening_hours"] == "24/7"
    assert row["facilities"] == "seats;water;microwave"


def test_the_dataset_given_stays_as_it_is():
    before = pd.DataFrame(TOWN.stations).copy()
    after(
        hours={"s2": ""}, move={"s5": lonlat(0, 0)}, remove=["s2"][:0], equip={"s2": ["beds"][:0]}
    )
    pd.testing.assert_frame_equal(pd.DataFrame(TOWN.stations), before)


def test_every_station_may_go():
    found = after(remove=["s2", "s5"])
    assert len(found.stations) == 0
    summary = locator.Index(found).coverage(exact=True).summary
    assert summary["homes"]["covered"] == 0
    assert list(summary["causes"]) == ["unreachable"]


def test_a_station_far_from_every_street_is_taken_and_covers_nobody():
    found = after(add=[NewStation("n", **place(1000, -700))])
    assert found.station_positions["walk"].state.tolist() == [OFF_NETWORK, 0, 0]


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"remove": ["x"]}, "unknown_station", "there is no station 'x'"),
        ({"hours": {"x": "24/7"}}, "unknown_station", "there is no station 'x'"),
        ({"equip": {"x": ["water"]}}, "unknown_station", "there is no station 'x'"),
        ({"move": {"x": (118.8, 32.05)}}, "unknown_station", "there is no station 'x'"),
        ({"remove": ["s2", "s2"]}, "repeated", "comes twice"),
        ({"remove": ["s2"], "hours": {"s2": "24/7"}}, "contradiction", "is removed, too"),
        ({"add": [NewStation("s2", 118.8, 32.05)]}, "taken", "not taken"),
        ({"add": [NewStation("", 118.8, 32.05)]}, "taken", "not taken"),
        ({"add": [NewStation("n", 118.8, 32.05)] * 2}, "repeated", "comes twice"),
        ({"add": [NewStation("n", 118.8, 91.0)]}, "out_of_range", "not a place on earth"),
        ({"move": {"s2": (float("nan"), 32.0)}}, "out_of_range", "not a place on earth"),
        ({"add": [NewStation("n", 0.0, 0.0)]}, "outside_data", "outside of it"),
        ({"hours": {"s2": "whenever"}}, "bad_hours", "expected OSM opening_hours"),
        ({"hours": {"s2": "24/7;" * 300}}, "bad_hours", "at most 1024 bytes"),
        ({"equip": {"s2": ["sauna"]}}, "unknown_code", "'sauna' is not known"),
        ({"add": [NewStation("n", 118.8, 32.05, kind="x")]}, "unknown_code", "'x' is not known"),
        ({"add": [NewStation("n", 118.8, 32.05, access="x")]}, "unknown_code", "'x'"),
        ({"add": [NewStation("n", 118.8, 32.05, status="x")]}, "unknown_code", "'x'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(changes, code, said):
    with pytest.raises(ValidationError, match=re.escape(said)) as refused:
        after(**changes)
    assert refused.value.code == code


def test_all_faults_come_at_once():
    with pytest.raises(ValidationError) as refused:
        after(remove=["x", "y"], hours={"s2": "?"})
    assert len(refused.value.faults) == 3


def test_one_mode_may_be_enough():
    found = changed(TOWN, Changes(remove=["s2"]), snapper, mode="walk")
    assert list(found.networks) == ["walk"]
    assert found.stations["id"].tolist() == ["s5"]


def test_a_station_outside_the_data_has_no_position():
    assert snapper("walk").snap([0.0], [0.0]).state.tolist() == [NO_DATA]


def test_how_many_changes_there_are():
    both = Changes(remove=["s2"], hours={"s5": "24/7"}, move={"s5": (1.0, 2.0)})
    assert len(both) == 3
    assert rows_after(TOWN.stations["id"].to_numpy(str), Changes()).source.tolist() == [0, 1]

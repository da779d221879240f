"""From a prepared city to what its map draws, and the pages over HTTP."""

import json
import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from fastapi.testclient import TestClient

from geodata.bundle import open_dataset
from geodata.datum import metric_crs
from web.app import create_app
from web.dependencies import departure, read_values
from web.map_data import Page
from web.map_request import Answered, dataset_streets, map_request, state_time, without_persons
from web.map_severity import severity
from web.maps import coverage_map
from web.schemas import CoverageQuestion
from web.service import Service
from web.settings import Settings
from web.static_files import asset_url


@pytest.fixture(scope="module")
def service(demo_dataset):
    return Service(open_dataset(demo_dataset, private=False), Settings(data=demo_dataset))


def answered(service, **asked):
    question = read_values(asked, CoverageQuestion)
    moment = departure(question.at)
    answer = service.cover(question, moment)
    return Answered(
        dataset=service.dataset,
        index=service.index,
        found=answer.found,
        summary=answer.summary,
        vocabulary=service.vocabulary,
        discretion=service.discretion,
        departure=moment,
    )


@pytest.fixture(scope="module")
def client(demo_dataset):
    with TestClient(create_app(Settings(data=demo_dataset, access_log=False))) as made:
        yield made


def test_pieces_cover_the_gaps_without_overlap(service):
    request = map_request(answered(service), Page())
    crs = metric_crs(115.89, 28.68)
    pieces, gaps = request.pieces.to_crs(crs), request.gaps.to_crs(crs)
    assert (pieces["gap"] >= 0).all()
    size = pieces.area.groupby(pieces["gap"]).sum().reindex(range(len(gaps)), fill_value=0)
    assert size.to_numpy() == pytest.approx(gaps.area.to_numpy(), rel=1e-6)
    whole = shapely.union_all(pieces.geometry.to_numpy())
    assert whole.area == pytest.approx(pieces.area.sum(), rel=1e-6)


def test_a_piece_has_the_band_of_the_way_from_each_of_its_cells(service):
    asked = answered(service)
    request = map_request(asked, Page())
    cells = asked.found.cells
    left = cells[cells["state"] != "covered"].iloc[::40]
    corners = shapely.get_coordinates(left.geometry).reshape(-1, 5, 2)
    centres = corners[:, :4].mean(axis=1)
    found = service.index.nearest(centres, k=1, minutes=120, open="any")
    seconds = np.where(found.station[:, 0] >= 0, found.ms[:, 0] / 1000, np.nan)
    at = gpd.GeoSeries(gpd.points_from_xy(*centres.T), crs=4326)
    point, piece = request.pieces.sindex.query(at, predicate="within")
    assert sorted(point) == list(range(len(centres)))  # each centre in exactly one piece
    drawn = np.empty(len(centres), dtype=int)
    drawn[point] = request.pieces["band"].to_numpy()[piece]
    wanted = severity(seconds, 900)
    clear = np.abs(seconds - 1200) > 2  # a centre is rounded: not a second from a border
    clear &= np.abs(seconds - 1800) > 2
    clear |= np.isnan(seconds)
    assert clear.sum() > 20
    assert drawn[clear].tolist() == wanted[clear].tolist()


def test_small_gaps_show_no_number_and_others_a_rounded_one(service):
    gaps = map_request(answered(service), Page()).gaps
    shown = gaps["workers"].astype(float)
    assert shown[gaps["suppressed"].astype(bool)].isna().all()
    assert (shown.dropna() % 5 == 0).all()
    assert (shown.dropna() >= 10).all()


def test_telephone_numbers_of_persons_are_not_shown(service):
    table = pd.DataFrame({"kind": ["care_station", "agent", "merchant"], "phone": ["1", "2", "3"]})
    shown = without_persons(table, service.vocabulary)
    assert shown["phone"].tolist() == ["1", "", "3"]
    assert table["phone"].tolist() == ["1", "2", "3"]


def test_every_way_is_drawn_once_from_all_modes(service):
    drawn = dataset_streets(service.dataset)
    networks = service.dataset.networks
    walk, drive = (networks[m] for m in ("walk", "drive"))
    only_walked = np.setdiff1d(np.unique(walk.segment_way), np.unique(drive.segment_way))
    expected = len(drive.segment_way) + np.isin(walk.segment_way, only_walked).sum()
    assert len(drawn.segments) == len(drawn.level) == expected


def test_states_are_those_of_the_departure_or_of_the_present_to_five_minutes(service):
    request = map_request(answered(service, at="2026-11-24T03:00"), Page())
    assert request.states_at == "2026-11-24T03:00:00+08:00"
    states = service.index.timetable.states(state_time(departure("2026-11-24T03:00")))
    assert request.stations["state"].tolist() == states.tolist()
    now = state_time(None)
    assert (now.minute % 5, now.second) == (0, 0)


def test_map_is_kept_by_its_tag_and_changes_with_the_question(client):
    path = "/map?at=2026-11-24T12:00"  # without a time, states are those of now
    first = client.get(path)
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    tag = first.headers["etag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    tags = {tag} | {
        client.get(f"{path}&{query}").headers["etag"]
        for query in ("minutes=20", "lang=en", "base=none", "need=hot_meal")
    }
    assert len(tags) == 5
    assert client.get(path).text == first.text


def test_map_has_a_policy_that_lets_its_own_script_run_and_no_other(client):
    answer = client.get("/map")
    policy = answer.headers["content-security-policy"]
    script = re.search(r"script-src ([^;]*)", policy)[1]
    assert "sha256-" in script
    assert "unsafe" not in script
    assert "https:" not in policy
    assert (
        "tile.openstreetmap.org" in client.get("/map?base=osm").headers["content-security-policy"]
    )


def test_map_takes_what_coverage_takes_and_what_a_form_left_empty(client):
    def data(query):
        html = client.get(f"/map?{query}").text
        found = re.search(r'id="um-data">(.*?)</script>', html, re.DOTALL)[1]
        return json.loads(found)

    assert data("minutes=20&at=&need=&utm_source=wechat")["minutes"] == 20
    covered = client.get("/api/v1/coverage?minutes=10&need=hot_meal").json()
    assert data("minutes=10&need=hot_meal")["gaps"]["n"] == len(covered["features"])


@pytest.mark.parametrize(
    ("query", "where"),
    [("minutes=0", "minutes"), ("mode=fly", "mode"), ("lang=fr", "lang"), ("base=moon", "base"),
     ("base=tianditu", "base"), ("need=gold", "need"), ("at=teatime", "at")],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_name(client, query, where):
    answer = client.get(f"/map?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == where
    assert "gold" not in answer.text.replace("golden", "")


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", "附近的工会驿站"), ("en", "Union stations near you")]
)
def test_start_page_in_both_languages_is_kept_by_its_tag(client, lang, words):
    answer = client.get(f"/?lang={lang}")
    assert words in answer.text
    assert "12351" in answer.text
    again = client.get(f"/?lang={lang}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/?lang=xx").status_code == 200


def test_files_are_kept_for_ever_and_only_ours_are_served(client):
    html = client.get("/map").text
    for address in re.findall(r'"(/static/[^"]+)"', html):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].split(";")[0] in {
            "text/javascript", "text/css", "image/svg+xml",
        }  # fmt: skip
    for address in ("map.js", "..%2Fapp.py", "map.000000000000.js"):
        assert client.get(f"/static/{address}").status_code == 404


def data_of(html):
    return json.loads(re.search(r'id="um-data">(.*?)</script>', html, re.DOTALL)[1])


def test_map_draws_our_own_tiles_where_the_dataset_has_them(client, service):
    html = client.get("/map").text
    data = data_of(html)
    known = service.manifest["basemap"]
    version = service.manifest["version"]
    assert data["tiles"]["url"] == f"/tiles/basemap/{{z}}/{{x}}/{{y}}?v={version}"
    assert [data["tiles"][k] for k in ("minzoom", "maxzoom", "bounds")] == [
        known[k] for k in ("minzoom", "maxzoom", "bounds")
    ]
    assert data["streets"]["levels"] == []
    assert asset_url("basemap.js") in html
    plain = client.get("/map?base=none").text
    assert data_of(plain)["tiles"] is None
    assert asset_url("basemap.js") not in plain


def test_map_of_data_without_a_base_map_brings_its_streets_along(service):
    bare = replace(
        service.dataset, manifest={k: v for k, v in service.manifest.items() if k != "basemap"}
    )
    request = map_request(
        replace(answered(service), dataset=bare), Page(tiles_url="/x/{z}/{x}/{y}")
    )
    data = data_of(coverage_map(request))
    assert data["tiles"] is None
    assert data["streets"]["drawn"] > 0


def test_a_file_that_stands_alone_brings_its_streets_along(service):
    request = map_request(answered(service), Page(self_contained=True))
    html = coverage_map(request)
    assert data_of(html)["streets"]["drawn"] > 0
    assert "/tiles/" not in html


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_theme_is_part_of_the_page_and_of_its_tag(client, theme):
    answer = client.get(f"/map?theme={theme}")
    assert f'data-theme="{theme}"' in answer.text
    assert data_of(answer.text)["theme"] == theme
    others = {client.get(f"/map?theme={t}").headers["etag"] for t in ("auto", "light", "dark")}
    assert len(others) == 3
    assert client.get("/map?theme=pink").status_code == 422

"""The map in an article: its page, its headers, its code for other sites, data that stand still."""

import html
import json
import os
import re
import time
import zipfile
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import geopandas as gpd
import pytest
import shapely
from pydantic import ValidationError

from tests.test_api_privacy import hunt, places_of_the_canary, telling, traces_of
from tests.webtools import new_client, problem_of, service_of
from web.embed_question import FACTS, TAKEN, EmbedQuestion, address_of, query_of, read_shown
from web.freezing import FrozenFolder, frozen_key
from web.frozen_map import Frozen, pack, unpack
from web.oembed import own_query
from web.settings import Settings

SITE = "http://testserver"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    return tmp_path_factory.mktemp("frozen")


@pytest.fixture(scope="module")
def client(demo_dataset, frozen):
    return new_client(demo_dataset, access_log=False, frozen=frozen)


class Links(HTMLParser):
    """What the head of a page says: links by relation, metas by name, and the title."""

    def __init__(self, text):
        super().__init__()
        self.links, self.metas, self.title, self._inside = {}, {}, "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "link":
            self.links[(given["rel"], given.get("type", ""))] = given["href"]
        if tag == "meta" and "content" in given:
            self.metas[given.get("property") or given.get("name")] = given["content"]
        self._inside = tag == "title"

    def handle_data(self, data):
        if self._inside:
            self.title += data
            self._inside = False


def data_of(page):
    """The JSON block that the map's script reads."""
    return json.loads(re.search(r'id="um-data">(.*?)</script>', page, re.DOTALL)[1])


# ---- the question ----


def test_a_question_is_written_in_one_way_only():
    some = read_shown(
        "need=water&layers=gaps,stations&minutes=15&need=hot_meal&utm_source=x&at=", EmbedQuestion
    )
    same = read_shown("layers=stations&need=hot_meal&need=water&layers=gaps", EmbedQuestion)
    assert query_of(some, TAKEN["/embed/map"]) == query_of(same, TAKEN["/embed/map"])
    assert address_of(some, "/map") == "/map?need=hot_meal&need=water"
    assert address_of(read_shown("theme=dark", EmbedQuestion), "/map") == "/map?theme=dark"
    assert address_of(read_shown("", EmbedQuestion), "/embed/map") == "/embed/map"
    again = read_shown(query_of(some, TAKEN["/embed/map"]), EmbedQuestion)
    assert query_of(again, TAKEN["/embed/map"]) == query_of(some, TAKEN["/embed/map"])


@pytest.mark.parametrize(
    ("query", "where"),
    [("height=239", "height"), ("height=2001", "height"), ("theme=blue", "theme"),
     ("layers=moon", "layers"), ("layers=gaps,moon", "layers"), ("minutes=0", "minutes"),
     ("lang=fr", "lang"), ("need=gold", "need"), ("base=tianditu", "base"),
     ("title=" + "x" * 81, "title"), ("version=..%2F..%2Fetc", "version"),
     ("height=480&height=500", "height")],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_name(client, query, where):
    found = problem_of(client.get(f"/embed/map?{query}"), 422)
    assert found["errors"][0]["where"].startswith(where)


def test_limits_of_title_and_height_are_within(client):
    query = {"title": "题" * 80, "height": 2000}
    assert client.get("/embed/map", params=query).status_code == 200
    assert client.get("/embed/map?height=240").status_code == 200


def test_unknown_places_are_not_found(client):
    assert problem_of(client.get("/embed/map?district=nowhere"), 404)["code"] == "unknown_region"
    assert problem_of(client.get("/embed/map?region=nowhere"), 404)["code"] == "unknown_region"


# ---- the page ----


def test_the_page_takes_what_coverage_takes(client):
    page = client.get("/embed/map?minutes=10&need=hot_meal").text
    covered = client.get("/api/v1/coverage?minutes=10&need=hot_meal").json()
    assert data_of(page)["gaps"]["n"] == len(covered["features"])
    assert data_of(page)["minutes"] == 10
    assert data_of(page)["stations"]["n"] == len(service_of(client).index.stations)


def test_how_it_is_shown_reaches_the_page(client):
    region = str(service_of(client).index.regions["id"].iloc[1])
    page = client.get(
        f"/embed/map?lang=en&theme=dark&layers=gaps,stations&district={region}&title=Ours"
    ).text
    data = data_of(page)
    assert (data["embed"], data["theme"], set(data["show"])) == (True, "dark", {"gaps", "stations"})
    assert data["regions"]["chosen"] == 1
    assert '<html lang="en" data-theme="dark"' in page
    assert Links(page).title == "Ours"
    assert data["nearest_url"] == ""


def test_headers_let_it_be_framed_and_ask_nothing_of_the_reader(client):
    answer = client.get("/embed/map")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe" not in re.search(r"script-src ([^;]*)", policy)[1]
    assert "geolocation=()" in answer.headers["permissions-policy"]
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in answer.headers
    assert "x-frame-options" not in answer.headers
    for path in ("/", "/map", "/api/v1/dataset"):
        other = client.get(path).headers["content-security-policy"]
        assert "frame-ancestors *" not in other


def test_only_the_sites_of_the_setting_may_frame_it(demo_dataset, frozen):
    sites = "'self' https://*.news.example.cn https://paper.example.cn:8443"
    client = new_client(demo_dataset, access_log=False, frozen=frozen, frame_ancestors=sites)
    for path in ("/embed/map", "/embed/map?version=gone"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.endswith(f"frame-ancestors {sites}")


@pytest.mark.parametrize(
    "value",
    ["", " ", "https://a.cn; script-src *", "https://a.cn, b", "'none' https://a.cn", "javascript:",
     "https://a.cn\nX: y", "'unsafe-inline'", "https://*", "https://a.cn/path", "data:", "a b c;d"],
)  # fmt: skip
def test_a_setting_that_no_policy_can_hold_is_refused(value):
    with pytest.raises(ValidationError, match="frame_ancestors"):
        Settings(frame_ancestors=value)


@pytest.mark.parametrize(
    "value",
    ["*", "'none'", "'self'", "https:", "https://a.cn", "http://*.a.cn:8080", "a.cn 'self'",
     "https://a.cn:*", "http://[::1]:80", "http://127.0.0.1:8000"],
)  # fmt: skip
def test_a_setting_that_a_policy_can_hold_is_taken(value):
    assert Settings(frame_ancestors=value).frame_ancestors == value


@pytest.mark.parametrize(
    "value", ["map.example.org", "ftp://a.cn", "https://a.cn/circle", "https://a b"]
)
def test_a_public_address_is_one(value):
    with pytest.raises(ValidationError, match="public_url"):
        Settings(public_url=value)
    assert Settings(public_url="https://a.cn:8443/").public_url == "https://a.cn:8443"


def test_what_has_not_changed_is_not_sent_again(client):
    first = client.get("/embed/map?at=2026-11-22T20:00&height=500")
    assert first.status_code == 200
    again = client.get(
        "/embed/map?at=2026-11-22T20:00&height=500",
        headers={"If-None-Match": first.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")
    for name in ("content-security-policy", "permissions-policy", "cross-origin-resource-policy"):
        assert again.headers[name] == first.headers[name]
    for other in ("theme=dark", "lang=en", "minutes=20", "title=x", "height=600"):
        asked = client.get(f"/embed/map?at=2026-11-22T20:00&{other}")
        assert asked.headers["etag"] != first.headers["etag"]
    head = client.head("/embed/map?at=2026-11-22T20:00&height=500")
    assert head.status_code == 200
    assert head.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    "title",
    ["<script>window.hit=1</script>", "\"><img src=x onerror=hit=1>'`${hit}", "a\u202eb\0c"],
)
def test_a_hostile_title_is_text_everywhere(client, title):
    page = client.get("/embed/map", params={"title": title}).text
    assert "<script>window.hit" not in page
    assert "<img src=x" not in page
    assert "${" not in page.replace("${glon}", "")
    shown = title.replace("\u202e", " ").replace("\0", " ")
    assert Links(page).title == shown
    assert Links(page).metas["og:title"] == shown
    found = asked_code(client, f"{SITE}/embed/map?" + urlencode({"title": title})).json()
    assert found["html"].count("<") == 2
    assert found["title"] == shown


def test_the_source_and_the_review_number_cannot_be_configured_away(demo_dataset, frozen):
    client = new_client(
        demo_dataset, access_log=False, frozen=frozen, map_review_number="赣S(2026)001号"
    )
    everything = "layers=gaps&title=%20&height=240&theme=dark&attribution=&approval=x&base=none"
    for query in ("", everything):
        page = client.get(f"/embed/map?{query}").text
        foot = re.search(r'<footer class="um-foot">(.*?)</footer>', page, re.DOTALL)[1]
        assert "Fictional demo data" in foot
        assert "赣S(2026)001号" in html.unescape(foot)


# ---- what machines and readers without scripts find ----


@pytest.mark.parametrize("path", ["/map", "/embed/map"])
def test_links_for_machines(client, path):
    page = Links(client.get(f"{path}?minutes=20&lang=en").text)
    assert page.links[("canonical", "")] == f"{SITE}/map?minutes=20&lang=en"
    oembed = urlsplit(page.links[("alternate", "application/json+oembed")])
    assert oembed.path == "/oembed"
    assert parse_qs(oembed.query)["url"] == [f"{SITE}{path}?minutes=20&lang=en"]
    assert page.metas["og:image"].startswith(f"{SITE}/map.png?minutes=20&lang=en&width=")
    assert page.metas["og:title"] == page.title
    assert "20" in page.metas["og:description"]


def test_the_public_address_goes_before_the_callers(demo_dataset, frozen):
    client = new_client(
        demo_dataset, access_log=False, frozen=frozen, public_url="https://map.example.org"
    )
    page = Links(client.get("/embed/map", headers={"Host": "10.0.0.7:8000"}).text)
    named = [*page.links.values(), *page.metas.values()]
    assert page.links[("canonical", "")] == "https://map.example.org/map"
    assert not any("10.0.0.7" in text for text in named)
    asked = client.get("/oembed?url=https://map.example.org/map").json()
    assert 'src="https://map.example.org/embed/map"' in asked["html"]


def test_a_strange_host_header_reaches_no_page(client):
    page = client.get("/embed/map", headers={"Host": 'evil"><script>hit=1</script>'}).text
    assert "evil" not in page


def test_without_scripts_there_is_the_picture_and_the_way_to_the_words(client):
    page = client.get("/embed/map?minutes=20&lang=en&title=Ours").text
    parts = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
    assert len(parts) == 1
    picture = re.search(r'<img src="([^"]+)" alt="([^"]+)"', parts[0])
    asked = parse_qs(urlsplit(html.unescape(picture[1])).query)
    assert urlsplit(picture[1]).path == "/map.png"
    assert (asked["minutes"], asked["lang"], asked["title"]) == (["20"], ["en"], ["Ours"])
    assert "Ours" in picture[2]
    assert "20 minutes" in picture[2]
    assert 'href="/bulletin?minutes=20&amp;lang=en"' in parts[0]


# ---- oEmbed ----


def asked_code(client, url, **more):
    return client.get("/oembed", params={"url": url, **more})


def test_oembed_as_the_specification_has_it(client):
    answer = asked_code(client, f"{SITE}/map?minutes=20&lang=en&need=hot_meal")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert (found["type"], found["version"]) == ("rich", "1.0")
    assert (found["width"], found["height"]) == (800, 480)
    assert found["provider_url"] == f"{SITE}/"
    assert found["provider_name"]
    assert found["cache_age"] == 3600
    frame = re.fullmatch(r"<iframe ([^>]*)></iframe>", found["html"])[1]
    given = dict(re.findall(r'([\w-]+)="([^"]*)"', frame))
    assert html.unescape(given["src"]) == f"{SITE}/embed/map?minutes=20&need=hot_meal&lang=en"
    assert (given["width"], given["height"], given["loading"]) == ("800", "480", "lazy")
    assert html.unescape(given["title"]) == found["title"]
    assert urlsplit(found["thumbnail_url"]).path == "/map.png"
    sizes = parse_qs(urlsplit(found["thumbnail_url"]).query)
    assert int(sizes["width"][0]) == found["thumbnail_width"]
    assert int(sizes["height"][0]) == found["thumbnail_height"]
    assert client.get(html.unescape(given["src"])).status_code == 200


@pytest.mark.parametrize(("wide", "high"), [(320, 300), (640, 5000), (5000, 250), (100, 100)])
def test_oembed_keeps_within_the_sizes_asked_for(client, wide, high):
    found = asked_code(client, f"{SITE}/map?height=600", maxwidth=wide, maxheight=high).json()
    assert found["width"] == min(800, wide)
    assert found["height"] == min(600, high)
    assert f'width="{found["width"]}" height="{found["height"]}"' in found["html"]
    assert found.get("thumbnail_width", 0) <= wide
    assert found.get("thumbnail_height", 0) <= high
    assert ("thumbnail_url" in found) == ("thumbnail_width" in found)


def test_discovery_leads_to_code_that_shows_the_same_map(client):
    page = client.get("/map?minutes=20&at=2026-11-22T03:00")
    link = Links(page.text).links[("alternate", "application/json+oembed")]
    found = client.get(link).json()
    source = html.unescape(re.search(r'src="([^"]+)"', found["html"])[1])
    shown = client.get(source)
    assert shown.status_code == 200
    assert data_of(shown.text)["states_at"] == data_of(page.text)["states_at"]
    assert data_of(shown.text)["minutes"] == 20
    second = Links(shown.text).links[("alternate", "application/json+oembed")]
    again = client.get(second).json()["html"]
    assert html.unescape(re.search(r'src="([^"]+)"', again)[1]) == source


@pytest.mark.parametrize(
    "url",
    ["http://evil.cn/map", "http://testserver.evil.cn/map", "http://testserver@evil.cn/map",
     "http://evil.cn@testserver/map", "//testserver/map", "/map", "javascript:alert(1)",
     "ftp://testserver/map", "http://testserver:81/map", "http://testserver/", "http://testserver/map/",
     "http://testserver/api/v1/coverage", "http://testserver/map?minutes=0", "http://testserver:x/map",
     "http://testserver/map?region=nowhere", "http://testserver/embed/map?district=nowhere",
     "http://testserver/embed/map?version=gone", "http://[::1/map", "", "x", "http://"],
)  # fmt: skip
def test_other_addresses_are_no_maps_of_ours(client, url):
    answer = asked_code(client, url)
    if url == "":
        problem_of(answer, 422)
        return
    found = problem_of(answer, 404)
    assert found["code"] == "not_embeddable"
    assert "evil" not in answer.text


def test_oembed_speaks_json_only(client):
    assert problem_of(asked_code(client, f"{SITE}/map", format="xml"), 501)["status"] == 501
    assert asked_code(client, f"{SITE}/map", format="json").status_code == 200
    assert problem_of(client.get("/oembed"), 422)["errors"][0]["where"] == "url"
    for wrong in ("0", "-1", "wide", "1e3"):
        found = problem_of(asked_code(client, f"{SITE}/map", maxwidth=wrong), 422)
        assert found["errors"][0]["where"] == "maxwidth"


def test_the_host_may_be_written_with_its_port_and_in_capitals():
    sites = ("https://map.example.org", "http://10.0.0.7:8000")
    for url in ("https://MAP.example.org:443/map?a", "http://map.example.org/map?a",
                "http://10.0.0.7:8000/embed/map?a"):  # fmt: skip
        assert own_query(url, sites) == "a"
    for url in ("https://map.example.org:444/map", "http://10.0.0.7/map"):
        assert own_query(url, sites) is None


def test_oembed_stands_in_the_interface_for_machines(client):
    client.get("/readyz")
    described = client.get("/openapi.json").json()["paths"]["/oembed"]["get"]
    names = {entry["name"] for entry in described["parameters"]}
    assert names == {"url", "maxwidth", "maxheight", "format"}
    assert {"200", "404", "422", "501"} <= set(described["responses"])


# ---- the panel on /map ----


def test_the_panel_of_the_map_holds_its_question(client):
    page = client.get("/map?minutes=20&at=now&need=hot_meal&title=x").text
    panel = re.search(r'<div id="us-share" data-query="([^"]*)" data-at="([^"]*)" '
                      r'data-version="([^"]*)"', page)  # fmt: skip
    assert html.unescape(panel[1]) == "minutes=20&need=hot_meal&at=now"
    assert panel[3] == service_of(client).name["version"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:00\+08:00", panel[2])
    assert "us-share" not in client.get("/embed/map").text


def test_the_examples_of_the_docs_work(client, project_root):
    text = (project_root / "docs" / "embedding.md").read_text("utf-8")
    sources = re.findall(r'<iframe[^>]*? src="https://map\.example\.org([^"]*)"', text)
    sources += re.findall(r"`https://map\.example\.org([^`]*)`", text)[1:]
    assert len(sources) == 4
    for source in sources:
        assert client.get(html.unescape(source)).status_code == 200, source
    asked = re.search(r"'https://map\.example\.org(/oembed[^']*)'", text)[1]
    found = client.get(asked.replace("https%3A%2F%2Fmap.example.org", "http%3A%2F%2Ftestserver"))
    shown = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    assert set(shown) == set(found.json())
    sizes = ("width", "height", "thumbnail_width", "thumbnail_height")
    assert [shown[name] for name in sizes] == [found.json()[name] for name in sizes]
    parameters = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert parameters == set(TAKEN["/embed/map"]) - set(FACTS)


# ---- data that stand still ----


def question(text):
    return read_shown(text, EmbedQuestion)


def test_a_key_is_of_the_version_and_of_what_decides_the_facts():
    same = ["minutes=15", "mode=walk", "lang=en&theme=dark&title=x&height=300&layers=gaps",
            "geometry=none", "base=none&district=1", "version=abc"]  # fmt: skip
    keys = {frozen_key("v1", question(text)) for text in same}
    assert len(keys) == 1
    others = ["minutes=16", "at=now", "at=2026-11-22T20:00", "region=1", "need=water", "kind=a",
              "access=free", "stations_at_least=2", "include=planned"]  # fmt: skip
    keys |= {frozen_key("v1", question(text)) for text in others}
    keys.add(frozen_key("v2", question("")))
    assert len(keys) == 2 + len(others)
    assert frozen_key("v", question("need=a&need=b")) == frozen_key("v", question("need=b&need=a"))


def key(number):
    return f"{number:064x}"


def test_the_folder_is_bounded_and_lets_the_oldest_go_that_nobody_opened_again(tmp_path):
    folder = FrozenFolder(tmp_path / "frozen", most=3, most_bytes=1_000)
    yesterday = time.time() - 90_000
    for number in range(3):
        assert folder.put(key(number), b"x" * 100)
        os.utime(tmp_path / "frozen" / f"{key(number)}.fresh", (yesterday + number,) * 2)
    folder.used(key(0))  # it was opened on a later day: it stays
    assert folder.put(key(3), b"y" * 100)
    assert [folder.get(key(n)) is not None for n in range(4)] == [True, False, True, True]
    for number in (2,):
        folder.used(key(number))
    assert folder.put(key(4), b"z" * 100)
    assert folder.get(key(3)) is None
    os.utime(tmp_path / "frozen" / f"{key(4)}.fresh", (yesterday,) * 2)
    folder.used(key(4))
    assert not folder.put(key(5), b"x")  # full of what is in use
    assert folder.get(key(5)) is None
    assert folder.put(key(4), b"other")
    assert folder.get(key(4)) == b"z" * 100  # nothing is ever changed
    assert sorted(path.suffix for path in (tmp_path / "frozen").iterdir()) == [".frozen"] * 3


def test_the_folder_is_bounded_in_bytes_and_takes_no_other_names(tmp_path):
    folder = FrozenFolder(tmp_path, most=100, most_bytes=250)
    assert not folder.put(key(1), b"x" * 251)
    assert folder.put(key(1), b"x" * 200)
    assert folder.put(key(2), b"x" * 100)
    assert (folder.get(key(1)), folder.get(key(2))) == (None, b"x" * 100)
    for wrong in ("../x", "", key(1) + "0", "G" * 64):
        with pytest.raises(ValueError, match="hexadecimal"):
            folder.get(wrong)


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    folder = FrozenFolder(tmp_path / "file" / "frozen", most=3, most_bytes=1_000)
    assert not folder.put(key(1), b"x")
    assert folder.get(key(1)) is None


def prepared(inputs, out, changed=None):
    """Prepare the demo's files on foot, with a changed table of stations."""
    from web.prepare import PrepareRequest, prepare

    stations = inputs["stations"]
    if changed is not None:
        lines = stations.read_text("utf-8-sig").splitlines(keepends=True)
        stations = out.parent / "stations.csv"
        stations.write_text("".join(changed(lines)), "utf-8")
    prepare(
        PrepareRequest(
            streets=[inputs["streets"]],
            stations=stations,
            out=out,
            homes=inputs["homes"],
            regions=inputs["regions"],
            stations_datum="gcj02",
            modes=["walk"],
            name="云江市",
        )
    )


@pytest.fixture(scope="module")
def next_year(demo_inputs, tmp_path_factory):
    """A server after the stations have changed; the version before, and its frozen page then."""
    folder, kept = tmp_path_factory.mktemp("years") / "city", tmp_path_factory.mktemp("kept")
    prepared(demo_inputs, folder)
    client = new_client(folder, access_log=False, frozen=kept)
    version = service_of(client).name["version"]
    then = client.get(f"/embed/map?version={version}&minutes=10&lang=zh")
    assert then.status_code == 200
    live = data_of(client.get("/embed/map?minutes=10&lang=zh").text)
    for part in ("gaps", "covered", "regions", "view"):
        assert data_of(then.text)[part] == live[part], part
    assert data_of(then.text)["stations"]["name"] == live["stations"]["name"]
    prepared(demo_inputs, folder, lambda lines: lines[:6])
    later = new_client(folder, access_log=False, frozen=kept)
    assert service_of(later).name["version"] != version
    return later, version, then.text


def test_a_frozen_embed_shows_the_same_data_after_the_dataset_has_changed(next_year):
    client, version, then = next_year
    now = client.get(f"/embed/map?version={version}&minutes=10&lang=zh")
    assert now.status_code == 200
    old, new = data_of(then), data_of(now.text)
    for part in ("stations", "gaps", "covered", "regions", "states_at", "view"):
        assert new[part] == old[part], part
    assert new["details_url"] == ""  # no question to today's dataset
    day = re.search(r'class="um-frozen">[^<]*?(20\d\d-\d\d-\d\d)', then)[1]
    assert f"{day} 冻结" in now.text
    assert version in now.text  # the sources name the old version
    live = client.get("/embed/map?minutes=10&lang=zh")
    assert data_of(live.text)["stations"]["n"] == 5
    assert 'class="um-frozen"' not in live.text


def test_a_frozen_embed_may_still_be_shown_otherwise(next_year):
    client, version, then = next_year
    page = client.get(f"/embed/map?version={version}&minutes=10&lang=en&theme=dark&title=Then")
    assert data_of(page.text)["stations"]["name"] == data_of(then)["stations"]["name"]
    assert Links(page.text).title == "Then"
    assert "Frozen on 20" in page.text
    code = asked_code(client, f"{SITE}/embed/map?version={version}&minutes=10").json()["html"]
    assert f"version={version}" in code
    tag = {"If-None-Match": page.headers["etag"]}
    asked = client.get(page.request.url.raw_path.decode(), headers=tag)
    assert asked.status_code == 304


def test_the_picture_of_a_frozen_embed_is_of_that_day_too(next_year):
    client, version, _ = next_year
    page = client.get(f"/embed/map?version={version}&minutes=10&lang=en&title=Then").text
    part = re.search(r"<noscript>(.*?)</noscript>", page, re.DOTALL)[1]
    source = html.unescape(re.search(r'<img src="([^"]+)" alt="Then', part)[1])
    assert urlsplit(source).path == "/embed/map.png"
    assert Links(page).metas["og:image"] == SITE + source
    assert "Frozen on 20" in part
    assert "/bulletin" not in part  # it tells of today
    frozen = client.get(source)
    assert frozen.headers["content-type"] == "image/png"
    assert frozen.headers["cross-origin-resource-policy"] == "cross-origin"
    tag = {"If-None-Match": frozen.headers["etag"]}
    assert client.get(source, headers=tag).status_code == 304
    now = client.get("/map.png?minutes=10&lang=en")
    assert now.status_code == 200
    assert frozen.content != now.content
    assert frozen.content != client.get(source.replace("lang=en", "lang=zh")).content
    for gone in ("version=0123", f"version={version}&minutes=11", ""):
        problem_of(client.get(f"/embed/map.png?{gone}"), 404)


def test_what_was_not_frozen_then_is_gone_and_says_so(next_year):
    client, version, _ = next_year
    gone = client.get(f"/embed/map?version={version}&minutes=11&lang=en")
    assert gone.status_code == 404
    assert gone.headers["content-type"].startswith("text/html")
    assert "were not kept" in gone.text
    assert 'href="/map?minutes=11&amp;lang=en"' in gone.text
    assert "frame-ancestors *" in gone.headers["content-security-policy"]


@pytest.mark.parametrize(
    "shapes",
    [[], [shapely.Polygon()], [shapely.Polygon(), shapely.box(0, 0, 1, 1)], [None],
     [shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
      shapely.box(-180, -90, 180, 90).difference(shapely.box(115.1, 28.2, 115.12345678, 28.3))]],
)  # fmt: skip
@pytest.mark.parametrize("named", [True, False])
def test_shapes_come_back_as_they_went(shapes, named):
    columns = {"id": [str(n) for n in range(len(shapes))]}
    named_frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326)
    frame = named_frame if named else named_frame[["geometry"]]
    parts = {"regions": named_frame, "covered": frame, "summary": {"share": 0.5, "none": None}}
    found = unpack(pack(Frozen("2026-11-22", {"zh": {}}, parts, {"zh": b"png"})))
    assert (found.date, found.labels, found.pictures) == ("2026-11-22", {"zh": {}}, {"zh": b"png"})
    assert found.parts["summary"] == parts["summary"]
    back = found.parts["covered"]
    assert list(back.columns) == list(frame.columns)
    assert back.crs == frame.crs
    assert back.geometry.to_numpy().tolist() == frame.geometry.to_numpy().tolist()


def test_now_is_the_moment_of_freezing(demo_dataset, tmp_path):
    client = new_client(demo_dataset, access_log=False, frozen=tmp_path)
    version = service_of(client).name["version"]
    client.get(f"/embed/map?version={version}&at=now")
    (path,) = tmp_path.iterdir()
    again = new_client(demo_dataset, access_log=False, frozen=tmp_path)
    moment = data_of(again.get(f"/embed/map?version={version}&at=now").text)["states_at"]
    assert unpack(path.read_bytes()).parts["states_at"] == moment


def test_frozen_data_hold_no_home(canary_dataset, tmp_path):
    client = new_client(canary_dataset, access_log=False, frozen=tmp_path)
    version = service_of(client).name["version"]
    assert client.get(f"/embed/map?version={version}").status_code == 200
    (path,) = tmp_path.iterdir()
    traces = traces_of(places_of_the_canary(canary_dataset), telling(canary_dataset))
    with zipfile.ZipFile(path) as archive:
        hunt(traces, archive.read("facts.json"), "facts.json")
    tables = [part for part in unpack(path.read_bytes()).parts.values() if hasattr(part, "to_csv")]
    assert len(tables) == 5
    for table in tables:
        hunt(traces, table.to_csv().encode(), "table")
        if "geometry" in table:
            hunt(traces, b"".join(shapely.to_wkb(table["geometry"].to_numpy())), "shapes")


def test_a_damaged_answer_is_frozen_anew_while_it_can_be(demo_dataset, tmp_path):
    client = new_client(demo_dataset, access_log=False, frozen=tmp_path)
    version = service_of(client).name["version"]
    name = frozen_key(version, question(""))
    (tmp_path / f"{name}.fresh").write_bytes(b"PK nonsense")
    assert client.get(f"/embed/map?version={version}").status_code == 200
    old = frozen_key("0123", question(""))
    (tmp_path / f"{old}.frozen").write_bytes(b"PK nonsense")
    assert client.get("/embed/map?version=0123").status_code == 404


def test_where_there_is_no_room_the_editor_is_told(demo_dataset, tmp_path):
    client = new_client(demo_dataset, access_log=False, frozen=tmp_path, frozen_most=0)
    version = service_of(client).name["version"]
    answer = client.get(f"/embed/map?version={version}&lang=en")
    assert answer.status_code == 507
    assert "could not be frozen" in answer.text
    assert problem_of(asked_code(client, f"{SITE}/map?version={version}"), 404)

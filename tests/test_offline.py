"""What makes the worker's page an app: the service worker, the manifest and the icons."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from pyproj import Geod

from geodata.datum import from_wgs84, in_china
from tests.webtools import client_of, new_client
from web.icons import SAFE_SHARE, corners_of, icon_png, shape
from web.routes.offline import ICONS, shell_of
from web.security import page_policy
from web.settings import Settings
from web.static_files import PREFIX, find_static, static_files


@pytest.fixture(scope="module")
def client(demo_dataset):
    return client_of(demo_dataset)


def release_of(script):
    """What the first line of the service worker says."""
    return json.loads(re.match(r"var RELEASE = (\{.*\});\n", script)[1])


def test_the_worker_is_asked_for_again_at_every_visit(client):
    answer = client.get("/sw.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("/sw.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_worker_may_fetch_from_us_and_nothing_else(client):
    policy = client.get("/sw.js").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "script-src" not in policy


def test_pages_may_start_our_worker_and_read_our_manifest(client):
    for policy in (page_policy(), client.get("/").headers["content-security-policy"]):
        assert "worker-src 'self'; manifest-src 'self'" in policy


def test_the_shell_is_everything_that_the_page_loads(client):
    release = release_of(client.get("/sw.js").text)
    assert [page["address"] for page in release["pages"]] == ["/?lang=zh", "/?lang=en"]
    assert client.get(f"/?lang={release['lang']}").text == client.get("/").text
    for page in release["pages"]:
        answer = client.get(page["address"])
        assert answer.status_code == 200
        assert page["tag"] == answer.headers["etag"]
        named = set(re.findall(r"/static/[\w.-]+", answer.text))
        assert named <= set(release["files"])
        styles = [find_static(a.removeprefix(PREFIX)) for a in named if a.endswith(".css")]
        for style in styles:
            linked = {PREFIX + a for a in re.findall(r"url\(([\w.-]+)\)", style.text)}
            assert linked <= set(release["files"])
    for address in release["files"]:
        assert client.get(address).status_code == 200


def test_a_release_is_named_by_all_that_it_holds(client):
    first = release_of(client.get("/sw.js").text)["id"]
    assert release_of(client.get("/sw.js").text)["id"] == first
    other = new_client(client.app.state.settings.data, hotline="0791-12351")
    assert release_of(other.get("/sw.js").text)["id"] != first


def test_the_worker_names_no_position(client):
    script = client.get("/sw.js").text
    assert "lon" not in re.findall(r"[a-z]+", script.split("\n", maxsplit=1)[0])
    assert shell_of(client.app.state.settings)["id"] in script


@pytest.mark.parametrize(("lang", "tag"), [("zh", "zh-CN"), ("en", "en")])
def test_the_manifest_makes_the_page_installable(client, lang, tag):
    answer = client.get(f"/manifest.webmanifest?lang={lang}")
    assert answer.headers["content-type"] == "application/manifest+json"
    found = answer.json()
    assert (found["lang"], found["display"], found["scope"]) == (tag, "standalone", "/")
    assert found["start_url"] == f"/?lang={lang}&source=installed"
    assert not re.search("lon|lat|[0-9]", found["start_url"])
    assert found["name"]
    assert 0 < len(found["short_name"]) <= 12
    assert found["theme_color"] == shape().ground
    sizes = {(icon["sizes"], icon["purpose"]) for icon in found["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= sizes
    for icon in found["icons"]:
        picture = Image.open(io.BytesIO(client.get(icon["src"]).content))
        assert (picture.format, f"{picture.width}x{picture.height}") == ("PNG", icon["sizes"])


def test_the_manifest_speaks_the_operators_language_unless_asked(client):
    default = new_client(client.app.state.settings.data, map_language="en")
    assert default.get("/manifest.webmanifest").json()["lang"] == "en"
    assert client.get("/manifest.webmanifest?lang=xx").json()["lang"] == "zh-CN"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_links_what_makes_it_an_app(client, lang):
    html = client.get(f"/?lang={lang}").text
    assert f'rel="manifest" href="/manifest.webmanifest?lang={lang}"' in html
    assert 'rel="apple-touch-icon" href="/apple-touch-icon.png"' in html
    assert set(re.findall(r'theme-color" media="\(prefers-color-scheme: (\w+)\)', html)) == {
        "light", "dark",
    }  # fmt: skip
    assert "offline.js" in html


@pytest.mark.parametrize("address", ICONS)
def test_icons_have_their_size_and_their_ground(client, address):
    answer = client.get(address)
    assert answer.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(answer.content))
    picture.load()
    size, filled = ICONS[address]
    assert picture.size == (size, size)
    assert picture.mode == ("RGB" if filled else "RGBA")
    corner, middle = picture.convert("RGBA").getpixel((0, 0)), (size // 2, round(size * 0.45))
    ground = (*bytes.fromhex(shape().ground[1:]), 255)
    assert corner == (ground if filled else (0, 0, 0, 0))
    assert picture.convert("RGBA").getpixel(middle) == (255, 255, 255, 255)
    tag = answer.headers["etag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_the_figure_of_a_maskable_icon_lies_in_the_safe_zone():
    size = 512
    picture = Image.open(io.BytesIO(icon_png(size, filled=True)))
    ground = bytes.fromhex(shape().ground[1:])
    outside = [
        picture.getpixel((x, y))
        for x in range(0, size, 4)
        for y in range(0, size, 4)
        if (x - size / 2) ** 2 + (y - size / 2) ** 2 > (SAFE_SHARE * size / 2) ** 2
    ]
    assert set(outside) == {tuple(ground)}


def test_paths_are_read_as_svg_means_them():
    assert corners_of("M8 16 16 8l8 8v9h-5v-6h-6v6H8z") == (
        (8, 16), (16, 8), (24, 16), (24, 25), (19, 25), (19, 19), (13, 19), (13, 25), (8, 25),
    )  # fmt: skip
    assert corners_of("m1,1L-2-.5V3") == ((1, 1), (-2, -0.5), (-2, 3))
    with pytest.raises(ValueError, match="straight lines only"):
        corners_of("M0 0c1 1 2 2 3 3")


def test_shifted_datums_stretch_distances_no_more_than_the_phone_allows_for():
    """`STRETCH` in offline.js, which makes the earliest arrival early enough."""
    geod, draw = Geod(ellps="WGS84"), np.random.default_rng(3)
    count = 200_000
    lon, lat = draw.uniform(73.5, 135.1, count), draw.uniform(18.1, 53.6, count)
    length = 10 ** draw.uniform(1.5, 4.5, count)
    east, north, _ = geod.fwd(lon, lat, draw.uniform(0, 360, count), length)
    inside = in_china(lon, lat) & in_china(east, north)
    text = static_files()["offline.js"].text
    for datum in ("wgs84", "gcj02", "bd09"):
        a, b = from_wgs84(lon, lat, datum), from_wgs84(east, north, datum)
        share = float(re.search(rf"\b{datum}: (0\.\d+)", text)[1])
        measured = geod.inv(*a, *b)[2]
        assert (length / measured)[inside].min() > share, datum


def test_nothing_is_drawn_twice():
    assert icon_png(192) is icon_png(192)
    assert Settings().map_language == "zh"


@pytest.mark.parametrize("path", ["/", "/map?at=2026-11-24T12:00", "/sw.js"])
def test_a_page_that_has_not_changed_keeps_its_own_policy(client, path):
    """A browser takes over the headers of a 304: the wall's policy would forbid all files."""
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    policy = again.headers.get("content-security-policy")
    assert policy in {None, first.headers["content-security-policy"]}

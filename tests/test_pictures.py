"""Pictures of the map: what is where, in which colour and in which words; what is refused."""

import gzip
import io
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import mapbox_vector_tile
import matplotlib as mpl
import numpy as np
import pytest
import shapely
from defusedxml import ElementTree
from PIL import Image

from geodata.bundle import open_dataset
from geodata.model import Positions
from geodata.regions import no_regions
from tests.browsing import opened, served
from tests.conftest import absent
from tests.webtools import COVERAGE, NIGHT, client_of, new_client, problem_of, service_of
from web.app import create_app
from web.embed_question import read_shown
from web.font_files import REGULAR, find_font
from web.map_severity import severity_pieces
from web.picture_base import base_shapes, tiles_of
from web.picture_canvas import LINE, MOVE, PngCanvas, Shape, circles, rectangle
from web.picture_fonts import Face, Letters, letters
from web.picture_layout import layout_of
from web.picture_map import station_radius, street_shape, thinned
from web.picture_place import frame_around
from web.picture_question import PictureQuestion, picture_asked
from web.picture_style import THEMES, Picture, colour as colour_of
from web.picture_svg import SvgCanvas
from web.picture_text import Entry, Words
from web.pictures import picture_of
from web.schemas import CoverageQuestion
from web.service import Service
from web.settings import Settings
from web.static_files import static_files

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def client(demo_dataset):
    return client_of(demo_dataset)


def pixels_of(content):
    """A picture as an array of red, green, blue."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return np.asarray(image.convert("RGB")).astype(int)


def is_colour(pixel, colour):
    return np.abs(np.asarray(pixel) - np.round(np.multiply(colour[:3], 255))).max() <= 3


def expected_places(bounds, box, margin):
    """Where places lie, by hand: the bounds in the middle of the box, with the margin around.

    Returns a function from degrees to pixels, by the formula of Web Mercator (EPSG:3857).
    """

    def square(lon, lat):
        return np.radians(lon), -np.log(np.tan(np.pi / 4 + np.radians(lat) / 2))

    west, south, east, north = bounds
    left, top, right, bottom = box
    (x0, y0), (x1, y1) = square(west, north), square(east, south)
    scale = min((right - left - 2 * margin) / (x1 - x0), (bottom - top - 2 * margin) / (y1 - y0))

    def place(lon, lat):
        x, y = square(lon, lat)
        return (
            (left + right) / 2 + (x - (x0 + x1) / 2) * scale,
            (top + bottom) / 2 + (y - (y0 + y1) / 2) * scale,
        )

    return place


# --- the route ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("", (1200, 630)),
        ("width=400&height=300", (400, 300)),
        ("width=200&height=200", (200, 200)),
        ("width=600&height=400&scale=2", (1200, 800)),
        ("width=500&height=1400&theme=dark&lang=en", (500, 1400)),
    ],
)
def test_png_has_the_size_asked_for_and_is_not_blank(client, query, size):
    answer = client.get(f"/map.png?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    image = Image.open(io.BytesIO(answer.content))
    assert image.size == size
    assert len(np.unique(pixels_of(answer.content).reshape(-1, 3), axis=0)) > 20
    assert len(answer.content) <= 300_000
    assert set(image.info) <= {"transparency"}  # no date, no software


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_covered_place_and_a_gap_have_their_colours(client, theme):
    service = service_of(client)
    found = service.cover(CoverageQuestion(), None).found
    gaps = found.gaps.to_geodataframe()
    pieces = severity_pieces(found, gaps)
    query = f"/map.png?layers=covered,gaps&width=1400&height=900&theme={theme}"
    picture, colours = pixels_of(client.get(query).content), THEMES[theme]
    # the map begins right of the words and ends above the sources
    left = next(x for x in range(1400) if is_colour(picture[0, x], colours.ground))
    bottom = next(y for y in range(899, 0, -1) if is_colour(picture[y, 1390], colours.ground))
    margin = 20 * (1400 * 900 / (1200 * 630)) ** 0.5
    place = expected_places(service.index.regions.total_bounds, (left, 0, 1400, bottom), margin)
    checked = {"covered": 0, "gap": 0}
    shapes = [("covered", colours.covered, shape) for shape in found.covered.geometry]
    shapes += [
        ("gap", colours.bands[band], shape)
        for band, shape in zip(pieces["band"], pieces.geometry, strict=True)
    ]
    for name, colour, shape in shapes:
        inner = shape.buffer(-0.0012)  # more than a cell from the edge
        if inner.is_empty:
            continue
        point = shapely.point_on_surface(inner)
        x, y = place(point.x, point.y)
        assert is_colour(picture[round(y), round(x)], colour), (name, point)
        checked[name] += 1
    assert checked["covered"] >= 1
    assert checked["gap"] >= 2


def test_the_same_question_gives_the_same_bytes_in_another_process(client, demo_dataset, tmp_path):
    for ending in ("png", "svg"):
        out = tmp_path / f"map.{ending}"
        run = [sys.executable, "-m", "web", "map", "--data", demo_dataset, "--out", out]
        subprocess.run([*run, "--minutes", "20"], check=True, capture_output=True)
        assert out.read_bytes() == client.get(f"/map.{ending}?minutes=20").content


def test_a_picture_is_kept_by_its_tag_and_other_sites_may_show_it(client):
    answer = client.get("/map.png?minutes=10")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    again = client.get("/map.png?minutes=10", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    tags = {
        client.get(f"/map.{path}").headers["etag"]
        for path in (
            "png?minutes=10", "svg?minutes=10", "png?minutes=10&lang=en", "png?minutes=10&scale=2",
            "png?minutes=10&title=x", "png?minutes=11", "png?minutes=10&theme=dark",
            "png?minutes=10&layers=gaps", "png?minutes=10&width=1201",
        )
    }  # fmt: skip
    assert len(tags) == 9
    assert client.head("/map.png?minutes=10").headers["etag"] in tags


def test_hours_change_a_picture_only_where_a_time_is_asked(client):
    plain = client.get("/map.png").headers["etag"]
    night = client.get("/map.png", params={"at": NIGHT})
    assert night.status_code == 200
    assert night.headers["etag"] != plain
    assert client.get("/map.png").headers["etag"] == plain
    assert client.get("/map.png?at=now").status_code == 200


@pytest.mark.parametrize(
    ("query", "code", "where"),
    [
        ("width=199", "out_of_range", "width"),
        ("height=0", "out_of_range", "height"),
        ("width=4001", "over_limit", "width"),
        ("height=99999999", "over_limit", "height"),
        ("width=4000&height=4000&scale=2", "over_limit", "scale"),
        ("scale=4", "out_of_range", "scale"),
        ("scale=1.5", "wrong_type", "scale"),
        ("lang=fr", "not_in_list", "lang"),
        ("theme=pink", "not_in_list", "theme"),
        ("layers=roads", "not_in_list", "layers[0]"),
        (f"title={'a' * 81}", "over_limit", "title"),
        ("minutes=121", "over_limit", "minutes"),
    ],
)
def test_every_limit_is_refused_by_name(client, query, code, where):
    for path in ("/map.png", "/map.svg"):
        found = problem_of(client.get(f"{path}?{query}"), 422)
        assert (found["code"], found["errors"][0]["where"]) == (code, where)


def test_the_limits_are_settings(demo_dataset):
    client = new_client(demo_dataset, picture_most_side=500, picture_most_pixels=100_000)
    found = problem_of(client.get("/map.png?width=501&height=300"), 422)
    assert "limit picture_most_side" in found["errors"][0]["what"]
    found = problem_of(client.get("/map.png?width=400&height=300"), 422)
    assert "limit picture_most_pixels" in found["errors"][0]["what"]
    assert client.get("/map.png?width=300&height=300").status_code == 200


def test_an_unknown_district_is_404(client):
    assert problem_of(client.get("/map.png?district=nowhere"), 404)["code"] == "unknown_region"


def test_who_waits_too_long_is_told_when_to_come_again(demo_dataset):
    client = new_client(demo_dataset, picture_wait_seconds=0.01)
    assert client.get("/map.png?width=300&height=200").status_code == 200
    with client.app.state.easel.turn():
        busy = client.get("/map.png?width=300&height=201")
        assert problem_of(busy, 503)["code"] == "overloaded"
        assert int(busy.headers["retry-after"]) >= 1
        assert client.get("/map.png?width=300&height=200").status_code == 200  # kept
    assert client.get("/map.png?width=300&height=201").status_code == 200


def test_pictures_drawn_at_the_same_time_are_all_right(demo_dataset):
    client = new_client(demo_dataset)
    answers = {}

    def ask(width):
        answers[width] = client.get(f"/map.png?width={width}&height=250").content

    threads = [threading.Thread(target=ask, args=(width,)) for width in (300, 310, 320, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {w: Image.open(io.BytesIO(c)).width for w, c in answers.items()} == {
        300: 300, 310: 310, 320: 320,
    }  # fmt: skip


# --- what it says ------------------------------------------------------------------------------


def spoken(client, query=""):
    """Title and words of an SVG."""
    root = ElementTree.fromstring(client.get(f"/map.svg?{query}").content)
    return root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", "在 {} 到 {} 之间"), ("en", "From slow to fast walking or riding: {} to {}")],
)
def test_the_words_have_the_figures_of_the_coverage(client, lang, words):
    summary = client.get("/api/v1/coverage?geometry=none&minutes=20").json()["summary"]
    _, said = spoken(client, f"minutes=20&lang={lang}")
    assert f"{100 * summary['share_covered']:.1f}%" in said
    band = summary["share_band"]
    assert words.format(*(f"{100 * band[end]:.1f}%" for end in ("slow", "fast"))) in said
    assert f"{summary['workers']['uncovered']:,.0f}" in said


def test_attribution_date_and_approval_cannot_be_left_out(client, demo_dataset):
    for query in ("", "layers=gaps", "title=x", "width=200&height=200"):
        _, said = spoken(client, query)
        assert "审图号：待填" in said
        assert "数据日期" in said
        assert "虚构演示数据" in said
    approved = new_client(demo_dataset, map_review_number="GS(2026)1234号")
    assert "审图号：GS(2026)1234号" in spoken(approved)[1]
    assert approved.get("/map.png").headers["etag"] != client.get("/map.png").headers["etag"]


def test_the_share_of_a_district_stands_beside_that_of_the_whole(client):
    rows = client.get("/api/v1/coverage?geometry=none").json()["summary"]["regions"]
    name, share = rows[0]["name"], 100 * rows[0]["share_covered"]
    assert f"{name}：{share:.1f}%" in spoken(client, f"district={rows[0]['id']}")[1]
    whole, zoomed = client.get("/map.png"), client.get(f"/map.png?district={rows[0]['id']}")
    assert whole.content != zoomed.content
    title, said = spoken(client, f"region={rows[0]['id']}")
    assert name in title
    assert f"{share:.1f}%" in said


def test_conditions_are_said(client):
    _, said = spoken(client, "need=hot_meal&stations_at_least=2&lang=en")
    assert "at least 2 stations that meet the need “heat a meal”" in said


HOSTILE = [
    "<script>window.hit = 1</script>",
    "\"><img src=x onerror=alert(1)> ' & ]]> -->",
    "</title></svg><svg onload=alert(1)>",
    "\u202eevil\u0000\ufffe\ud83d",
    "${7*7} {{7*7}} %s {title}",
    "😀👩‍🚀 𠮷野家 ٱلْعَرَبِيَّة ไทย",
    "很长的名字" * 16,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_title_is_words_and_nothing_else(client, name):
    answer = client.get("/map.svg", params={"title": name.encode("utf-8", "ignore").decode()})
    assert answer.status_code == 200
    assert_plain(answer.content)
    assert client.get("/map.png", params={"title": name[:3]}).status_code == 200


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_svg_is_whole_and_holds_no_foreign_thing(client, lang):
    for query in ("", "&theme=dark&at=2026-11-22T03:00", "&width=2000&height=1500&scale=2"):
        assert_plain(client.get(f"/map.svg?lang={lang}{query}").content)


def assert_plain(content):
    """Valid XML of shapes only: no script, style, text, link, handler or reference outside."""
    root = ElementTree.fromstring(content)
    allowed = {f"{SVG}{name}" for name in ("svg", "title", "desc", "path", "g", "clipPath")}
    assert {node.tag for node in root.iter()} <= allowed
    names = {name for node in root.iter() for name in node.attrib}
    assert names <= {
        "version", "width", "height", "viewBox", "role", "aria-labelledby", "id", "d", "fill",
        "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-linecap",
        "stroke-linejoin", "stroke-dasharray", "clip-path",
    }  # fmt: skip
    values = [value for node in root.iter() for value in node.attrib.values()]
    assert all("url(" not in value or value.startswith("url(#clip") for value in values)
    assert content.count(b"http") == 1  # the name space


# --- letters -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chinese():
    found = find_font(REGULAR)
    if found is None:
        pytest.skip("needs a font with Chinese: install fonts-noto-cjk")
    return letters(None)


def test_the_fonts_have_every_letter_of_our_texts(chinese):
    from web.map_text import CAUSES, TEXTS

    texts = [*TEXTS["zh"].values(), *TEXTS["en"].values(), *CAUSES["zh"].values()]
    for font in chinese:
        lacking = {c for text in texts for c in text if not font.has(c)}
        assert lacking == set()


def test_a_collection_gives_its_face_for_simplified_chinese():
    path = find_font(("NotoSansCJK-Regular.ttc",))
    if path is None:
        absent("fonts", "needs a Chinese font collection: install fonts-noto-cjk.")
    assert Face(path).name == "Noto Sans CJK SC"


def test_nothing_is_written_as_an_empty_box(chinese):
    plain, _ = chinese
    for name in HOSTILE:
        written = plain.fitting(name.replace("\u0000", ""))
        assert all(plain.has(character) for character in written)
    assert plain.fitting("a\U000e0041\ufffeb") == "ab"


def latin_only():
    return Letters([Face(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")])


def test_without_a_font_english_is_written_and_chinese_says_what_to_install(
    demo_dataset, monkeypatch
):
    latin = latin_only()
    monkeypatch.setattr("web.pictures.letters", lambda _: (latin, latin))
    client = new_client(demo_dataset)
    answer = client.get("/map.svg?lang=en")
    assert answer.status_code == 200
    root = ElementTree.fromstring(answer.content)
    assert not [c for c in root.find(f"{SVG}desc").text if ord(c) > 0x2FFF]
    missing = problem_of(client.get("/map.svg?lang=zh"), 503)
    assert missing["code"] == "font_missing"
    assert "fonts-noto-cjk" in missing["detail"]
    assert "LOCATOR_FONT" in missing["detail"]
    assert problem_of(client.get("/map.png?lang=en&title=驿站"), 503)["code"] == "font_missing"


def test_the_font_can_be_named(demo_dataset, tmp_path, chinese):
    del chinese
    path = find_font(REGULAR)
    assert new_client(demo_dataset, font=path).get("/map.png").status_code == 200
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    for name in ("broken.ttf", "absent.ttf"):
        found = problem_of(new_client(demo_dataset, font=tmp_path / name).get("/map.png"), 503)
        assert found["code"] == "font_missing"
        assert name in found["detail"]
        assert str(tmp_path) not in found["detail"]


def test_lines_break_between_words_and_anywhere_in_chinese(chinese):
    plain, _ = chinese
    for text in ("a few short words and averyveryverylongone", "六十个字的名字，也要放得下。" * 5):
        rows = plain.lines(text, 16, 120)
        assert all(plain.width(row, 16) <= 120 for row in rows)
        assert "".join(rows).replace(" ", "") == text.replace(" ", "")
        assert not any(row[0] in "，。" for row in rows)
        assert plain.lines(text, 16, 120, 2)[-1].endswith("…")
        assert len(plain.balanced(text, 16, 120)) == len(rows)
    assert plain.lines("", 16, 120) == []


# --- other cities ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def city(demo_dataset):
    """The demo city as it lies in memory, to be changed."""
    return open_dataset(demo_dataset, private=False)


def drawn(made, **options):
    """A picture of a dataset that lies in memory."""
    service = Service(made, Settings())
    return picture_of(service, service.cover(CoverageQuestion(), None), Picture(**options))


def count_of(picture, colour):
    """How many pixels have a colour."""
    return (np.abs(picture - np.round(np.multiply(colour[:3], 255))).max(axis=2) == 0).sum()


def test_a_region_without_gaps_shows_none_and_names_none(client):
    regions = service_of(client).index.regions["id"]
    asked = "mode=drive&minutes=60&region="
    full = (r for r in regions if not client.get(f"{COVERAGE}?{asked}{r}").json()["features"])
    query = f"{asked}{next(full)}&layers=covered,gaps"
    picture = pixels_of(client.get(f"/map.png?{query}").content)
    assert not any(count_of(picture, colour) for colour in THEMES["light"].bands.values())
    assert count_of(picture, THEMES["light"].covered) > 10_000


def test_a_city_without_stations_is_all_gap(city):
    none = {mode: _no_positions(at) for mode, at in city.station_positions.items()}
    made = replace(city, stations=city.stations.iloc[:0], station_positions=none)
    picture = pixels_of(drawn(made))
    assert count_of(picture, THEMES["light"].bands[4]) > 10_000
    assert count_of(picture, THEMES["light"].covered) == 0
    assert drawn(made, kind="svg").startswith(b"<?xml")


def _no_positions(positions):
    return Positions(**{name: value[:0] for name, value in vars(positions).items()})


def test_a_city_without_regions_is_shown_around_its_stations(city):
    cells = {
        mode: replace(part, region=np.full_like(part.region, -1))
        for mode, part in city.cells.items()
    }
    pieces = {
        mode: replace(part, region=np.full_like(part.region, -1))
        for mode, part in city.pieces.items()
    }
    made = replace(city, regions=no_regions(), cells=cells, pieces=pieces, people=None)
    picture = pixels_of(drawn(made, layers=("covered", "gaps")))
    assert count_of(picture, THEMES["light"].covered) > 10_000


def test_names_of_regions_and_datasets_are_words(city):
    regions = city.regions.assign(name='<g onload="x">&\u202e')
    hostile = replace(city, regions=regions, manifest={**city.manifest, "name": "<b>&\"'"})
    assert_plain(drawn(hostile, kind="svg"))
    assert pixels_of(drawn(hostile)).shape == (630, 1200, 3)


# --- the parts ---------------------------------------------------------------------------------


def test_frame_shows_an_area_whole_and_in_the_middle():
    bounds = np.array([115.8, 28.6, 116.0, 28.75])
    frame = frame_around(bounds, (300.0, 0.0, 1200.0, 600.0), 20)
    corners = frame.pixels(bounds[[0, 2]], bounds[[3, 1]])
    assert np.allclose(corners.mean(axis=0), (750, 300))
    assert corners[0, 1] == pytest.approx(20)
    assert corners[0, 0] > 320
    # 0.15° of latitude are 16.7 km
    assert frame.metres == pytest.approx(0.15 * 111_195 / 560, rel=0.01)


def test_frame_of_one_place_is_not_endless():
    frame = frame_around(np.array([116.0, 28.0, 116.0, 28.0]), (0.0, 0.0, 400.0, 300.0), 10)
    assert 0.5 < frame.metres < 5
    assert np.allclose(frame.pixels(np.array([116.0]), np.array([28.0])), (200, 150))


def test_streets_are_joined_and_drawn_once():
    frame = frame_around(np.array([0.0, 0.0, 0.1, 0.1]), (0.0, 0.0, 100.0, 100.0), 0)
    lines = np.array(
        [
            [0.0, 0.0, 0.05, 0.05],
            [0.05, 0.05, 0.1, 0.1],
            [0.1, 0.1, 0.05, 0.05],  # the other direction
            [0.05, 0.05, 0.05001, 0.05],  # less than half a pixel
            [5.0, 5.0, 5.1, 5.1],  # elsewhere
        ]
    )
    shape = street_shape(lines, frame)
    assert shape.codes.tolist() == [MOVE, LINE, LINE]
    assert np.allclose(shape.xy, [(0, 100), (50, 50), (100, 0)], atol=0.5)


def test_dots_give_way_to_open_stations():
    xy = np.array([[1.0, 1.0], [2.0, 2.0], [50.0, 50.0], [3.0, 1.0]])
    kept = thinned(xy, np.array([0, 1, 3, 2]), 10.0)
    assert kept.tolist() == [2, 1]  # the one out of use first, so that the open one lies on top


def test_dots_are_smaller_where_there_are_many():
    frame = frame_around(np.array([115.8, 28.6, 116.0, 28.75]), (0.0, 0.0, 900.0, 600.0), 20)
    few, many = (station_radius(frame, count, 1.0, 1000.0) for count in (20, 4000))
    assert few > many >= 1.6


def test_both_canvases_draw_the_same():
    shape = rectangle(10, 10, 30, 20)
    png = PngCanvas(40, 30, 1, (1.0, 1.0, 1.0, 1.0))
    svg = SvgCanvas(40, 30, (1.0, 1.0, 1.0, 1.0), "a & b", "<c>")
    for canvas in (png, svg):
        canvas.clip((0, 0, 20, 30))
        canvas.fill(shape, (1.0, 0.0, 0.0, 1.0))
        canvas.clip(None)
        canvas.dots(np.array([[35.0, 5.0]]), 3, (0.0, 0.0, 1.0, 1.0))
    picture = pixels_of(png.finished())
    assert picture[15, 15].tolist() == [255, 0, 0]
    assert picture[15, 25].tolist() == [255, 255, 255]
    assert picture[5, 35].tolist() == [0, 0, 255]
    root = ElementTree.fromstring(svg.finished())
    assert root.find(f"{SVG}title").text == "a & b"
    assert root.find(f"{SVG}g/{SVG}path").attrib["d"] == "M100 100l200 0 0 100 -200 0z"


def test_circles_are_round():
    shape = circles(np.array([[5.0, 5.0]]), 2.0)
    on_it = shape.xy[:13:3]
    assert np.allclose(np.hypot(*(on_it - 5).T), 2)
    assert isinstance(shape, Shape)


WORDS = Words(
    title="一座城市：15 分钟工会驿站服务圈" * 2,
    headline="70.0% 的住户步行 15 分钟内走得到驿站",
    notes=("速度快慢之间：61.4%–73.0%", "4,970 名劳动者身边没有驿站", "很长的一句话" * 9),
    heading="服务空白：15 分钟内到不了驿站",
    legend=(
        Entry("covered", 0, "15 分钟内到得了驿站"),
        *(Entry("band", band, f"第 {band} 档") for band in (1, 2, 3, 4)),
        Entry("dot", 1, "驿站：营业中"),
    ),
    synthetic="虚构演示数据",
    sources=("街道数据 © OpenStreetMap 贡献者", "数据日期 2026-01-01", "审图号：待填" * 3),
)


@pytest.mark.parametrize("width", [200, 400, 620, 1200, 4000])
@pytest.mark.parametrize("height", [200, 300, 630, 4000])
def test_words_stay_on_the_picture_and_leave_room_for_a_map(chinese, width, height):
    plain, bold = chinese
    layout = layout_of(Picture(width=width, height=height), WORDS, plain, bold)
    left, top, right, bottom = layout.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert (right - left) * (bottom - top) >= 0.2 * width * height
    for line in layout.lines:
        font = bold if line.bold else plain
        assert line.x >= 0
        assert line.x + font.width(line.text, line.size) <= width + 1
        assert 0 <= line.y - line.size <= line.y <= height
    said = "".join(line.text for line in layout.lines).replace(" ", "")
    for source in WORDS.sources:
        assert source.replace(" ", "") in said
    assert "70.0%" in said


def test_questions_take_layers_in_both_ways():
    for query in ("layers=gaps,covered", "layers=gaps&layers=covered"):
        assert read_shown(query, PictureQuestion).layers == ["gaps", "covered"]
    assert read_shown("", PictureQuestion).layers == []
    assert read_shown("utm_source=x&width=", PictureQuestion).width == PictureQuestion().width


def test_auto_is_light(client):
    service = service_of(client)
    asked = picture_asked(PictureQuestion(theme="auto"), service, "png")
    assert asked.theme == "light"
    assert asked.shown == {"stations", "gaps", "covered", "regions", "streets"}


# --- water and green ---------------------------------------------------------------------------


class OneTile:
    """Tiles of a base map that has only one."""

    minzoom = maxzoom = 8

    def __init__(self, place, content):
        self.place, self.content = place, content

    def get(self, zoom, column, row):
        return gzip.compress(self.content) if (zoom, column, row) == self.place else None


def test_water_and_green_are_where_the_tiles_have_them():
    lake = {
        "type": "Polygon",  # a quarter of the tile with a hole, y upwards
        "coordinates": [
            [[0, 0], [2048, 0], [2048, 2048], [0, 2048], [0, 0]],
            [[512, 512], [512, 1024], [1024, 1024], [1024, 512], [512, 512]],
        ],
    }
    wood = {"type": "Polygon", "coordinates": [[[3000, 3000], [4000, 3000], [4000, 4000]]]}
    road = {"type": "LineString", "coordinates": [[0, 0], [4096, 4096]]}
    tile = mapbox_vector_tile.encode(
        [
            {"name": "water", "features": [{"geometry": lake, "properties": {}}]},
            {"name": "roads", "features": [{"geometry": road, "properties": {"level": 1}}]},
            {"name": "green", "features": [{"geometry": wood, "properties": {"class": "park"}}]},
        ]
    )
    place = (8, 210, 106)
    bounds = np.array(mercantile_bounds(*place))
    frame = frame_around(bounds, (0.0, 0.0, 400.0, 400.0), 0)
    found = base_shapes(OneTile(place, tile), frame)
    assert set(found) == {"water", "green"}
    png = PngCanvas(400, 400, 1, (1.0, 1.0, 1.0, 1.0))
    png.fill(found["water"], (0.0, 0.0, 1.0, 1.0))
    png.fill(found["green"], (0.0, 1.0, 0.0, 1.0))
    picture = pixels_of(png.finished())
    water, green = ((picture == colour).all(axis=2) for colour in ([0, 0, 255], [0, 255, 0]))
    # 1 unit of the tile is 400 / 4096 px; row 0 of the picture is the tile's upper edge
    assert water.sum() == pytest.approx((2048**2 - 512**2) * (400 / 4096) ** 2, rel=0.02)
    assert green.sum() == pytest.approx(1000**2 / 2 * (400 / 4096) ** 2, rel=0.04)
    assert water[390, 10]
    assert not water[400 - 75, 75]  # the hole
    assert not water[10, 10]
    assert green[400 - 310, 385]


def mercantile_bounds(zoom, column, row):
    """West, south, east, north of a tile (degrees)."""

    def lat(at):
        return np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * at / 2**zoom))))

    def lon(at):
        return at / 2**zoom * 360 - 180

    return lon(column), lat(row + 1), lon(column + 1), lat(row)


def test_a_city_without_a_base_map_has_none():
    frame = frame_around(np.array([115.8, 28.6, 116.0, 28.75]), (0.0, 0.0, 900.0, 600.0), 20)
    assert base_shapes(None, frame) == {}
    assert base_shapes(OneTile((8, 0, 0), b""), frame) == {}


def test_no_picture_takes_more_than_a_few_tiles():
    for bounds in (
        [115.8, 28.6, 116.0, 28.75],
        [70.0, 10.0, 140.0, 55.0],
        [116.0, 28, 116.001, 28],
    ):
        frame = frame_around(np.array(bounds), (0.0, 0.0, 4000.0, 4000.0), 20)
        places = tiles_of(frame, 8, 15)
        assert len(places) <= 64
        assert len({zoom for zoom, _, _ in places}) <= 1
    assert tiles_of(frame, 8, 15)[0][0] == 15


# --- in a browser ------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_browser_shows_the_svg_as_the_png_is(browser, demo_dataset, theme):
    app = create_app(Settings(data=demo_dataset))
    size = {"width": 1000, "height": 600}
    query = f"width=1000&height=600&theme={theme}"
    with (
        served(app) as site,
        opened(browser, f"{site}/map.svg?{query}", size, "svg", axe=False) as watched,
    ):
        shown = pixels_of(watched.page.screenshot())
    drawn = pixels_of(client_of(demo_dataset).get(f"/map.png?{query}").content)
    assert shown.shape == drawn.shape
    apart = np.abs(shown - drawn).max(axis=2)
    assert apart.mean() < 4
    assert (apart > 60).mean() < 0.01


# ---- one set of colours on page, legend and picture ----


def channels(text):
    """Red, green and blue of ``#rrggbb``, 0 to 255."""
    return np.array([int(text[at : at + 2], 16) for at in (1, 3, 5)])


@pytest.mark.parametrize(
    ("theme", "ground", "off"), [("light", "#efede8", 7), ("dark", "#14181c", 13)]
)
def test_legend_map_and_picture_have_one_set_of_colours(theme, ground, off):
    blocks = re.findall(r"--band-1:.*?--street: #\w{6}", static_files()["map.css"].text, re.DOTALL)
    assert len(blocks) == 3
    assert blocks[1] == blocks[2]  # dark by wish of the device, and by that of the page
    legend = dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[theme == "dark"]))
    script = static_files()["map.js"].text.partition(f"\n    {theme}: {{")[2]
    fills = re.findall(r"fillColor: '(#\w+)', fillOpacity: ([\d.]+)", script)[:5]
    rims = re.findall(r"(?<!\w)color: '(#\w+)'", script)[:4]
    assert [legend[f"rim-{band}"] for band in (1, 2, 3, 4)] == rims
    names = [*(f"band-{band}" for band in (1, 2, 3, 4)), "covered"]
    for name, (fill, opacity) in zip(names, fills, strict=True):
        over = channels(fill) * float(opacity) + channels(ground) * (1 - float(opacity))
        assert np.abs(over - channels(legend[name])).max() <= off, name
    streets = static_files()["streets.js"].text.partition(f"{theme}: [")[2]
    assert streets.startswith(f"'{legend['street']}'")
    if theme == "light":  # dark pictures stand on another ground than dark pages
        colours = THEMES[theme]
        shown = {
            **{f"band-{n}": each for n, each in colours.bands.items()},
            "covered": colours.covered,
        }
        assert {name: colour_of(legend[name]) for name in names} == shown

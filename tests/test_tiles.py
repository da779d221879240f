"""``/tiles``: tiles as they are stored, kept as long as their address says.

They are decoded by mapbox-vector-tile; which tile a place lies on is worked out by pyproj.
"""

import gzip
import shutil
from dataclasses import replace

import pytest
from pmtiles.reader import MemorySource, Reader

from geodata import bundle
from tests.tile_reading import decoded, shapes, tile_at
from tests.webtools import client_of, new_client, problem_of, service_of

MVT = "application/vnd.mapbox-vector-tile"
PRESSED = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def client(demo_dataset):
    return client_of(demo_dataset)


@pytest.fixture(scope="module")
def middle(client):
    """The tile at the city's heart at zoom 14."""
    west, south, east, north = service_of(client).extent
    return tile_at((west + east) / 2, (south + north) / 2, 14)


def address(tile, query=""):
    z, x, y = tile
    return f"/tiles/basemap/{z}/{x}/{y}{query}"


def test_a_tile_is_what_the_archive_holds(client, middle, demo_dataset):
    archive = (demo_dataset / "public" / "basemap.pmtiles").read_bytes()
    stored = Reader(MemorySource(archive)).get(*middle)
    assert stored is not None
    with client.stream("GET", address(middle), headers=PRESSED) as answer:
        raw = b"".join(answer.iter_raw())
    assert raw == stored
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == MVT
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["access-control-allow-origin"] == "*"
    plain = client.get(address(middle), headers=PLAIN)
    assert "content-encoding" not in plain.headers
    assert plain.content == gzip.decompress(stored)
    assert "roads" in decoded(plain.content)


def test_a_tile_with_the_version_may_be_kept_for_ever(client, middle):
    version = service_of(client).manifest["version"]
    for query in (f"?v={version}", f"?x=1&v={version}"):
        answer = client.get(address(middle, query))
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "etag" not in answer.headers


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000", "?v=a&w=%ff"])
def test_a_tile_without_the_version_has_to_be_asked_for_again(client, middle, query):
    answer = client.get(address(middle, query))
    assert answer.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": answer.headers["etag"]}
    again = client.get(address(middle, query), headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert client.get(address(middle), headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize("tile", [(14, 0, 0), (7, 100, 50), (0, 0, 0), (16, 53000, 27000)])
def test_where_nothing_is_drawn_nothing_is_sent(client, tile):
    answer = client.get(address(tile))
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    "tile",
    [
        (0, 1, 0), (3, 8, 0), (3, 0, 8), (31, 0, 0), (14, 2**14, 0), ("a", 1, 1), (1, "1.0", 1),
        (1, -1, 0), ("+1", 0, 0), ("٣", 0, 0), (1, 0, "9" * 5000), (1, "%00", 0), (1, 0, "0.mvt"),
    ],
)  # fmt: skip
def test_what_is_no_tile_of_the_world_does_not_exist(client, tile):
    assert problem_of(client.get(address(tile)), 404)["code"] == "not_found"


def test_heads(client, middle):
    for path in (address(middle), "/tiles/basemap.json"):
        got, head = client.get(path, headers=PLAIN), client.head(path, headers=PLAIN)
        assert head.status_code == 200
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.headers["content-length"] == got.headers["content-length"]


def test_the_tilejson_says_where_the_tiles_are(client, middle):
    answer = client.get("/tiles/basemap.json")
    found, service = answer.json(), service_of(client)
    assert found["tilejson"] == "3.0.0"
    assert (found["minzoom"], found["maxzoom"]) == (8, 15)
    assert found["attribution"] == "; ".join(service.manifest["attribution"])
    assert found["bounds"] == service.manifest["basemap"]["bounds"]
    layers = {layer["id"]: set(layer["fields"]) for layer in found["vector_layers"]}
    assert layers == {
        "water": set(),
        "waterway": {"class"},
        "green": {"class"},
        "railway": set(),
        "roads": {"level", "name"},
        "places": {"name", "class", "rank"},
    }
    (template,) = found["tiles"]
    assert template.startswith("http://testserver/tiles/basemap/")
    z, x, y = middle
    url = template.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
    tile = client.get(url)
    assert tile.status_code == 200
    assert "immutable" in tile.headers["cache-control"]
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/tiles/basemap.json", headers=known).status_code == 304


def test_the_operators_address_stands_in_the_tilejson(demo_dataset):
    client = new_client(demo_dataset, public_url="https://map.example.org")
    (template,) = client.get("/tiles/basemap.json").json()["tiles"]
    assert template.startswith("https://map.example.org/tiles/basemap/{z}/{x}/{y}?v=")


def test_a_dataset_without_a_base_map_serves_none(demo_dataset, tmp_path):
    opened = bundle.open_dataset(demo_dataset)
    about = {key: value for key, value in opened.manifest.items() if key != "basemap"}
    bundle.save(replace(opened, basemap=None, manifest=about), tmp_path / "bare")
    client = new_client(tmp_path / "bare")
    assert client.get("/tiles/basemap/14/13466/6830").status_code == 204
    problem_of(client.get("/tiles/basemap.json"), 404)
    assert "basemap" not in client.get("/api/v1/dataset").json()


def test_a_damaged_base_map_keeps_the_service_from_being_ready(demo_dataset, tmp_path):
    shutil.copytree(demo_dataset / "public", tmp_path / "city" / "public")
    path = tmp_path / "city" / "public" / "basemap.pmtiles"
    path.write_bytes(path.read_bytes()[:-5] + b"12345")
    client = new_client(tmp_path / "city")
    problem = problem_of(client.get("/tiles/basemap/14/13466/6830"), 503)
    assert problem["code"] == "dataset_damaged"


def test_the_demo_city_has_a_river_parks_and_names(client):
    reader = service_of(client).tiles
    tiles = {}
    west, south, east, north = service_of(client).extent
    _, left, top = tile_at(west, north, 12)
    _, right, bottom = tile_at(east, south, 12)
    for x in range(left, right + 1):
        for y in range(top, bottom + 1):
            found = reader.get(12, x, y)
            if found is not None:
                tiles[12, x, y] = found
    names = {tags["name"] for _, tags in shapes(tiles, "places", 12)}
    assert "云江市(虚构)" in names
    assert sum(area.area for area, _ in shapes(tiles, "water", 12)) > 0
    assert {tags["class"] for _, tags in shapes(tiles, "green", 12)} == {"park", "wood"}

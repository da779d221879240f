"""Row 46 of the faults: not a byte of a home leaves, and serving works with ``private/`` deleted.

The canary is the only home of its group and of its street. It is hunted in WGS-84, GCJ-02, BD-09,
projected metres, tile coordinates and as its point on the street, as text and as binary numbers, in
everything that is published, sent, drawn or logged.
"""

import contextlib
import io
import logging
import math
import re
import shutil
import sqlite3
import struct
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import prcoords
import pytest
from defusedxml import ElementTree
from pyproj import Transformer  # noqa: TID251  an oracle beside our own projection

from geodata.bundle import open_dataset
from geodata.datum import metric_crs, project
from geodata.sample import CANARY
from tests.conftest import prepare_demo
from tests.tile_reading import every_tile, metres_to_the_nearest_vertex, tile_at
from tests.webtools import (
    COVERAGE,
    NEAREST,
    NIGHT,
    NOON,
    beside_a_station,
    new_client,
    service_of,
)
from web.commands import open_service
from web.picture_place import frame_around
from web.picture_style import Picture
from web.schemas import CoverageQuestion
from web.settings import Settings
from web.summaries import Discretion, discreet_summary


def places_of_the_canary(dataset):
    """The canary's position in everything that may carry a position: name -> numbers."""
    lon, lat = CANARY.lon, CANARY.lat
    at = prcoords.Coords(lat, lon)
    gcj, bd = prcoords.wgs_gcj(at), prcoords.wgs_bd(at)
    service = open_service(Settings(data=dataset), private=False)
    position = service.index.view("walk").snapper.snap(np.array([lon]), np.array([lat]))
    network = service.dataset.networks["walk"]
    x1, y1, x2, y2 = network.segment_line[position.segment[0]]
    part = position.fraction[0]
    crs = metric_crs(lon, lat)
    x, y = project(np.array([lon]), np.array([lat]), crs)
    mercator = Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    # At the very end of its street the point is one of the street, which everybody may see.
    inside = {"street": (x1 + part * (x2 - x1), y1 + part * (y2 - y1))} if 0 < part < 1 else {}
    return {
        **inside,
        "wgs84": (lon, lat),
        "gcj02": (gcj.lon, gcj.lat),
        "bd09": (bd.lon, bd.lat),
        "metres": (float(x[0]), float(y[0])),
        "mercator": mercator,
    }


def written(value, digits):
    """A number as text, rounded or cut, as a pattern."""
    cut = math.trunc(value * 10**digits) / 10**digits
    texts = {re.escape(f"{number:.{digits}f}") for number in (value, cut)}
    return f"(?:{'|'.join(sorted(texts))})"


def telling(dataset):
    """The canary's coordinates that no point of a street shares when written with 6 digits."""
    network = open_service(Settings(data=dataset), private=False).dataset.networks["walk"]
    line = network.segment_line
    return [
        value
        for value, ends in ((CANARY.lon, line[:, [0, 2]]), (CANARY.lat, line[:, [1, 3]]))
        if (np.abs(ends - value) > 1e-6).all()
    ]


def traces_of(places, lonely):
    """Patterns of bytes that only the canary leaves.

    A street may pass at the same longitude: the digits alone tell when they end there, as in the
    table of homes, and no street has a point with them (``lonely``), or when the other coordinate
    stands beside them.
    """
    found = {"group": re.compile(CANARY.group.encode())}
    for name, (x, y) in places.items():
        digits = 1 if name in {"metres", "mercator"} else 5
        one, other = written(x, digits), written(y, digits)
        alone = "|".join(written(value, digits) for value in (x, y) if value in lonely)
        exact = f"(?<![0-9.])(?:{alone})0*(?![0-9])"
        beside = f"{one}[0-9]*[^0-9]{{1,40}}{other}|{other}[0-9]*[^0-9]{{1,40}}{one}"
        found[name] = re.compile((f"{exact}|{beside}" if alone else beside).encode())
        packed = [struct.pack(order, value) for order in ("<d", ">d") for value in (x, y)]
        found[f"{name} in binary"] = re.compile(b"|".join(map(re.escape, packed)), re.DOTALL)
    lon, lat = places["wgs84"]
    tiles = []
    for zoom in (17, 18, 19, 20):
        column = int((lon + 180) / 360 * 2**zoom)
        row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom)
        tiles.append(f"{zoom}/{column}/{row}")
    found["tiles"] = re.compile("|".join(tiles).encode())
    return found


@pytest.fixture(scope="module")
def traces(canary_dataset):
    lonely = telling(canary_dataset)
    assert lonely
    return traces_of(places_of_the_canary(canary_dataset), lonely)


def hunt(traces, content, where):
    """Fail if any trace of the canary is in the content."""
    caught = {name: pattern.search(content) for name, pattern in traces.items()}
    assert not any(caught.values()), f"{where}: {caught}"


@pytest.fixture(scope="module")
def public_only(canary_dataset, tmp_path_factory):
    """A copy of the dataset with ``private/`` deleted."""
    copy = tmp_path_factory.mktemp("public") / "city"
    shutil.copytree(canary_dataset, copy)
    assert (copy / "private").is_dir()
    shutil.rmtree(copy / "private")
    return copy


def questions(client):
    lon, lat = beside_a_station(client)
    region = service_of(client).index.regions["id"].iloc[0]
    station = service_of(client).index.stations["id"].iloc[0]
    yield from (f"/api/v1/stations{which}" for which in ("", f"/{station}", f"?region={region}"))
    yield "/api/v1/search?q=%E8%B7%AF&limit=50"
    for zoom in (8, 12, 15):
        yield "/tiles/basemap/" + "/".join(map(str, tile_at(CANARY.lon, CANARY.lat, zoom)))
    yield from (
        "/tiles/basemap.json",
        "/api/v1/dataset", "/openapi.json", "/healthz", "/readyz", "/", "/map", "/map?lang=en",
        "/map.png", "/map.svg", f"/map.svg?at={NIGHT[:19]}&width=2000&height=2000&layers=stations",
        f"{NEAREST}?lon={lon}&lat={lat}&route=true&k=50&minutes=120&at={NOON[:19]}",
        f"{NEAREST}?lon=115.90&lat=28.65&route=true&datum=gcj02&open=any&at={NIGHT[:19]}",
        f"{NEAREST}?lon=nan&lat=1",
    )  # fmt: skip
    for geometry in ("none", "gaps", "cells"):
        for more in ("", "&group=courier", f"&region={region}", "&minutes=1"):
            yield f"/api/v1/clock?week=2026-11-25&geometry={geometry}{more}"
    for geometry in ("gaps", "cells", "none"):
        for more in ("", "&at=" + NIGHT[:19], "&minutes=1", "&mode=drive", f"&region={region}"):
            yield f"{COVERAGE}?geometry={geometry}{more}"


CLOCKS = ("clock", "clock.png", "clock.svg", "clock.csv", "clock.xlsx")


def told(client):
    """Bulletins, the week and downloads."""
    region = service_of(client).index.regions["id"].iloc[0]
    for more in ("", "&at=" + NIGHT[:19], "&minutes=1", "&mode=drive", f"&region={region}"):
        for shape in ("html", "txt", "md"):
            yield from (f"/bulletin?format={shape}&lang={lang}{more}" for lang in ("zh", "en"))
        week = more if "at=" not in more else "&group=sanitation"
        yield from (f"/{name}?lang=en{week}" for name in CLOCKS)
        for table in ("stations", "gaps", "regions"):
            for ending in ("geojson", "csv", "xlsx", "gpkg"):
                yield f"/download/{table}.{ending}?lang=en{more}"


def unpacked(content, folder):
    """What is inside a workbook or a GeoPackage, with the file as it is before it."""
    yield content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if content.startswith(b"SQLite format 3"):
        path = folder / "unpacked.gpkg"
        path.write_bytes(content)
        with contextlib.closing(sqlite3.connect(path)) as base:
            names = base.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (name,) in names:
                for row in base.execute(f'select * from "{name}"'):  # noqa: S608  its own names
                    for cell in row:
                        yield cell if isinstance(cell, bytes) else str(cell).encode()


def test_the_hunt_would_find_a_home(traces, canary_dataset, canary_inputs):
    """The traces are in the input and in ``private/``, so the hunt can tell."""
    text = canary_inputs["homes"].read_bytes()
    assert traces["wgs84"].search(text)
    kept = b"".join(path.read_bytes() for path in (canary_dataset / "private").rglob("*.*"))
    assert traces["wgs84 in binary"].search(kept)


def test_fault_46_nothing_of_a_home_is_published(traces, canary_dataset):
    for path in (canary_dataset / "public").rglob("*"):
        if path.is_file():
            hunt(traces, path.read_bytes(), path.name)


def test_fault_46_no_byte_tells_where_in_its_square_a_home_is(
    canary_dataset, canary_inputs, tmp_path
):
    """A twin city, every home elsewhere in its square of 500 m, is published as the same bytes.

    So no difference of answers, whatever is asked, is finer than the published cells. Workers are
    dealt anew, too, among the homes of one group and square.
    """
    homes = open_dataset(canary_dataset).homes
    lonlat, random = homes[["lon", "lat"]].to_numpy().T, np.random.default_rng(1)
    crs = open_service(Settings(data=canary_dataset), private=False).manifest["metric_crs"]
    lattice = Transformer.from_crs(4326, crs, always_xy=True)
    square = np.floor(np.array(lattice.transform(*lonlat)) / 500)
    moved = (square + random.uniform(0.01, 0.99, square.shape)) * 500
    lon, lat = lattice.transform(*moved, direction="INVERSE")
    twin = pd.DataFrame({"id": np.arange(len(homes)), "lon": lon, "lat": lat, "datum": "wgs84"})
    twin["group"] = homes["group"].astype(str).to_numpy()
    workers = pd.Series(homes["workers"].to_numpy())
    twin["workers"] = workers.groupby([*square, twin["group"]]).transform(
        lambda those: random.permutation(those.to_numpy())
    )
    twin.to_csv(tmp_path / "homes.csv", index=False)
    made = prepare_demo({**canary_inputs, "homes": tmp_path / "homes.csv"}, tmp_path / "aviary")
    assert (np.hypot(*(moved - lattice.transform(*lonlat))) > 50).mean() > 0.9
    files = [path for path in (canary_dataset / "public").rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        same = made / path.relative_to(canary_dataset)
        assert same.read_bytes() == path.read_bytes(), path.name


def test_fault_46_no_tile_has_a_point_where_the_home_is(traces, canary_dataset):
    """Tiles hold streets only: the nearest point drawn is one of the canary's street."""
    archive = (canary_dataset / "public" / "basemap.pmtiles").read_bytes()
    for place, content in every_tile(archive).items():
        hunt(traces, content, f"tile {place}")
    assert 5 < metres_to_the_nearest_vertex(archive, CANARY.lon, CANARY.lat) < 30


PLAIN = {"Accept-Encoding": "identity"}


def test_fault_46_nothing_of_a_home_is_sent_or_logged_and_serving_works_without_homes(
    traces, public_only, canary_dataset, capfd, caplog
):
    caplog.set_level(logging.INFO)
    without, beside = (
        new_client(folder, max_features=10**6) for folder in (public_only, canary_dataset)
    )
    for path in questions(beside):
        answer = beside.get(path, headers=PLAIN)
        assert answer.status_code in {200, 422}, path
        hunt(traces, answer.content + str(answer.headers).encode(), path)
        other = without.get(path, headers=PLAIN)
        if "at=now" in path or path.startswith(("/map", "/readyz")):
            assert other.status_code == 200
        elif other.content != answer.content:  # an hour may have begun
            assert without.get(path).content == beside.get(path).content, path
    assert without.get(COVERAGE).json()["summary"]["people"] == "from cells"
    seen = "".join(capfd.readouterr()) + caplog.text
    hunt(traces, seen.encode(), "log")


def test_fault_46_no_bulletin_or_download_holds_a_home_or_changes_when_they_are_deleted(
    traces, public_only, canary_dataset, tmp_path, capfd, caplog
):
    caplog.set_level(logging.INFO)
    without, beside = (
        new_client(folder, max_features=10**6) for folder in (public_only, canary_dataset)
    )
    for path in told(beside):
        answer = beside.get(path, headers=PLAIN)
        assert answer.status_code == 200, path
        hunt(traces, str(answer.headers).encode(), path)
        hunt(traces, b"\n".join(unpacked(answer.content, tmp_path)), path)
        if ".xlsx" not in path and ".gpkg" not in path:  # they hold the time when they were made
            other = without.get(path, headers=PLAIN).content
            same = answer.content.replace(b'"aviary"', b"")
            assert other.replace(b'"city"', b"") == same, path
    hunt(traces, ("".join(capfd.readouterr()) + caplog.text).encode(), "log")


def test_the_hunt_looks_into_workbooks_and_geopackages(traces, canary_inputs, tmp_path):
    from geodata.exports import write_table

    table = pd.read_csv(canary_inputs["homes"], dtype=str)
    places = gpd.points_from_xy(table.iloc[:, 1].astype(float), table.iloc[:, 2].astype(float))
    frame = gpd.GeoDataFrame(table, geometry=places, crs=4326)
    for ending in (".xlsx", ".gpkg"):
        content = write_table(frame, tmp_path / f"homes{ending}").read_bytes()
        assert traces["wgs84"].search(b"\n".join(unpacked(content, tmp_path)))


def test_fault_46_serving_never_opens_private(canary_dataset, tmp_path):
    """Even where it is there: unreadable bytes in it change nothing."""
    copy = tmp_path / "city"
    shutil.copytree(canary_dataset, copy)
    for path in (copy / "private").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"damaged")
    client = new_client(copy)
    assert client.get(COVERAGE).status_code == 200
    assert service_of(client).dataset.homes is None


def test_fault_46_maps_and_exports_hold_no_home(traces, canary_dataset, tmp_path, run):
    made = tmp_path / "map.html"
    assert run("map", "--data", canary_dataset, "--out", made)[0] == 0
    hunt(traces, made.read_bytes(), "map")
    for ending in (".geojson", ".csv", ".gpkg", ".parquet"):
        out = tmp_path / f"gaps{ending}"
        status, *said = run("coverage", "--data", canary_dataset, "--minutes", "5", "--out", out)
        assert status == 0
        positions = {name: part for name, part in traces.items() if name != "group"}
        hunt(positions, out.read_bytes() + "".join(said).encode(), out.name)


def test_the_owner_gets_exact_figures_that_add_up(canary_dataset):
    service = open_service(Settings(data=canary_dataset))
    summary = service.cover(CoverageQuestion(minutes=10), None).summary
    assert (summary["people"], summary["rounded_to"]) == ("exact", None)
    for key in ("homes", "workers"):
        part = summary[key]
        assert part["covered"] + part["uncovered"] == pytest.approx(part["total"])
        causes = sum(cause[key] for cause in summary["causes"].values())
        assert causes == pytest.approx(part["uncovered"])
        regions = sum(row[key]["covered"] for row in summary["regions"])
        assert regions == pytest.approx(part["covered"])
        groups = sum(group[key]["covered"] for group in summary["groups"].values())
        assert groups == pytest.approx(part["covered"])


def test_shares_tell_no_more_than_the_rounded_homes():
    homes = {"total": 9_998.0, "covered": 6_983.0}
    summary = {
        "people": "from cells",
        "homes": homes,
        "share_covered": 6_983 / 9_998,
        "share_band": {"slow": 0.61342, "fast": None},
        "groups": {"courier": {"homes": {"total": 12.0, "covered": 4.0}, "share_covered": 1 / 3}},
        "regions": [{"homes": None, "share_covered": 0.123456}],
    }
    told = discreet_summary(summary, Discretion(5, 10))
    assert told["homes"] == {"total": 10_000, "covered": 6_985}
    assert told["share_covered"] == 0.6985
    assert told["share_band"] == {"slow": 0.6135, "fast": None}
    assert told["groups"]["courier"]["share_covered"] == 0.5
    assert told["regions"][0]["share_covered"] == 0.1235


def test_fault_46_a_picture_has_no_dot_at_a_home(canary_dataset, public_only, tmp_path, run):
    beside, without = new_client(canary_dataset), new_client(public_only)
    for path in ("/map.png", "/map.svg", "/map.svg?minutes=5&width=3000&height=3000"):
        assert beside.get(path).content == without.get(path).content, path
    out = tmp_path / "map.png"
    assert run("map", "--data", canary_dataset, "--out", out)[0] == 0
    assert out.read_bytes() == beside.get("/map.png").content
    # what is drawn as dots are the stations and nothing else, each at its own place
    answer = beside.get("/map.svg?layers=stations&width=3000&height=3000")
    drawn = ElementTree.fromstring(answer.content).findall(".//{*}g/{*}path")
    found = [spot for path in drawn for spot in re.findall(r"M(\d+) (\d+)h1", path.attrib["d"])]
    spots = np.array(found, dtype=float) / 10
    stations = service_of(beside).index.stations
    frame = frame_around(
        service_of(beside).index.regions.total_bounds, _map_box(answer.content), _margin(3000, 3000)
    )
    places = frame.pixels(stations["lon"].to_numpy(), stations["lat"].to_numpy())
    home = frame.pixels(np.array([CANARY.lon]), np.array([CANARY.lat]))
    far = np.linalg.norm(spots[:, None] - places[None], axis=2).min(axis=1)
    assert far.size
    assert far.max() < 0.3
    assert np.linalg.norm(spots - home, axis=1).min() > 1


def _map_box(svg):
    """Left, top, right, bottom of the map on a picture: what all of it is clipped to (px)."""
    frame = ElementTree.fromstring(svg).find("{*}clipPath/{*}path").attrib["d"]
    x, y, wide, _, _, tall = (int(number) / 10 for number in re.findall(r"-?\d+", frame)[:6])
    return (x, y, x + wide, y + tall)


def _margin(width, height):
    """What a picture keeps free around the districts (px)."""
    return 20 * Picture(width=width, height=height).unit

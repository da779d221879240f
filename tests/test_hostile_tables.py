"""Tables made to hang, to crash or to be misread: each is read right, or refused in a sentence."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import geodata
from geodata.errors import FileFormatError, LimitError
from geodata.exports import write_table

SHEET = "xl/worksheets/sheet1.xml"


def workbook(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """Write a workbook of two stations, its sheet's XML changed."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["名称", "经度", "纬度"], ["甲站", 118.78, 32.04], ["乙站", 118.79, 32.05]):
        sheet.append(row)
    book.save(path)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[SHEET] = change(parts[SHEET])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    return path


def far(row: int, column: str = "A") -> Callable[[bytes], bytes]:
    """Put one more cell far away."""
    cell = f'<row r="{row}"><c r="{column}{row}" t="inlineStr"><is><t>远</t></is></c></row>'
    return lambda xml: xml.replace(b"</sheetData>", f"{cell}</sheetData>".encode())


def merged(area: str) -> Callable[[bytes], bytes]:
    """Merge an area."""
    told = f'</sheetData><mergeCells count="1"><mergeCell ref="{area}"/></mergeCells>'.encode()
    return lambda xml: xml.replace(b"</sheetData>", told)


def test_a_cell_far_below_costs_no_million_rows(tmp_path: Path):
    path = workbook(tmp_path / "a.xlsx", far(900_000))
    stations, rejects = geodata.load_stations(path, datum="wgs84")
    assert stations["name"].to_list() == ["甲站", "乙站"]
    assert rejects["row"].to_list() == [900_000]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (far(1_048_576), "too_many_rows"),
        (far(9, "XFD"), "too_many_columns"),
        (merged("A2:XFD1048576"), "too_many_merged"),
        (merged("A1:J200000"), "too_many_merged"),
    ],
)
def test_sheets_that_would_not_end_are_refused(tmp_path: Path, change, code: str):
    with pytest.raises(LimitError) as caught:
        geodata.load_stations(workbook(tmp_path / "a.xlsx", change), datum="wgs84")
    assert caught.value.code == code


def test_a_workbook_damaged_inside_is_called_so(tmp_path: Path):
    path = workbook(tmp_path / "a.xlsx", lambda xml: xml)
    with zipfile.ZipFile(path) as packed:
        info = packed.getinfo(SHEET)
    data = bytearray(path.read_bytes())
    begin = info.header_offset + 30 + len(SHEET)
    data[begin : begin + 20] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(FileFormatError) as caught:
        geodata.load_stations(path, datum="wgs84")
    assert caught.value.code == "damaged_workbook"


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + bytes(range(256))])
def test_what_is_called_a_workbook_is_refused_as_one(tmp_path: Path, data: bytes):
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(FileFormatError) as caught:
        geodata.load_stations(path)
    assert caught.value.code == "damaged_workbook"


def test_half_a_character_in_geojson_is_named(tmp_path: Path):
    point = '{"type":"Point","coordinates":[118.78,32.04]}'
    text = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"%s"},'
    path = tmp_path / "a.geojson"
    path.write_text(text % "\\ud800" + f'"geometry":{point}}}]}}', "utf-8")
    with pytest.raises(FileFormatError, match="half a character"):
        geodata.load_stations(path)
    path.write_text(text % "\\ud83d\\ude00" + f'"geometry":{point}}}]}}', "utf-8")
    assert geodata.load_stations(path)[0]["name"].to_list() == ["😀"]


def test_what_no_workbook_can_hold_is_left_out_of_one(tmp_path: Path):
    strange = "".join(map(chr, [*range(1, 32), 0x202E, 0xFFFE, 0xFFFF, 0x1F600]))
    write_table(pd.DataFrame({"name": [f"站{strange}"]}), tmp_path / "a.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]["A2"].value
    assert "".join(str(cell).split()) == "站\u202e😀"

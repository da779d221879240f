import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import geodata
from geodata.errors import InputError, LimitError
from geodata.exports import write_table
from geodata.osm import read_streets
from geodata.regions import check_regions
from geodata.repair import repair
from tests.make_bad_files import SQUARE, BadFile, csv_text, make, rows, vrt


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[BadFile]]:
    folder = tmp_path_factory.mktemp("bad")
    return folder, make(folder)


def of(corpus: tuple[Path, list[BadFile]], *faults: int) -> Iterator[tuple[Path, BadFile]]:
    folder, files = corpus
    chosen = [file for file in files if file.fault in faults]
    assert chosen
    yield from ((folder / file.name, file) for file in chosen)


def check(path: Path, file: BadFile) -> None:
    if file.outcome == "refused":
        with pytest.raises((InputError, LimitError)) as caught:
            geodata.load_stations(path, datum="wgs84")
        assert not file.code or caught.value.code == file.code, (file, caught.value)
        assert file.sentence in caught.value.message, file
        assert path.name in caught.value.message
        return
    stations, rejects = geodata.load_stations(path, datum="wgs84")
    if file.loaded >= 0:
        assert len(stations) == file.loaded, (file, rejects.to_dict("records"))
    if file.outcome == "rejected":
        found = rejects[rejects["code"] == file.code]
        assert len(found), (file, rejects.to_dict("records"))
        assert file.sentence in found["reason"].iloc[0], file
        assert (found["file"] == path.name).all()
    elif file.outcome == "warned":
        assert file.sentence in stations["warnings"].iloc[-1], file
        assert len(rejects) == 0
    else:
        assert len(rejects) == 0, rejects.to_dict("records")


def test_fault_12_invalid_areas_are_repaired_or_rejected_and_the_rest_loaded(
    corpus: tuple[Path, list[BadFile]],
):
    for path, file in of(corpus, 12):
        raw = geodata.load_regions(path)
        regions, rejects = check_regions(raw, repair)
        assert regions.geometry.is_valid.all()
        assert regions["name"].iloc[0] == "玄武区"
        early = raw.attrs["report"]["rejects"]
        assert len(regions) + len(rejects) + len(early) == 2
        if file.loaded >= 0:
            assert len(regions) == file.loaded, file
        if file.code:
            assert early[0]["code"] == file.code
            assert file.sentence in early[0]["reason"]


def test_fault_27_damaged_street_files_are_refused(corpus: tuple[Path, list[BadFile]]):
    for path, _ in of(corpus, 27):
        with pytest.raises(InputError, match=path.name):
            read_streets([path])


@pytest.mark.parametrize("fault", [30, 31, 32, 34, 35, 37, 41, 42])
def test_bad_tables_are_refused_rejected_or_warned_of(
    fault: int, corpus: tuple[Path, list[BadFile]]
):
    for path, file in of(corpus, fault):
        check(path, file)


def test_fault_30_every_encoding_gives_the_same_text(corpus: tuple[Path, list[BadFile]]):
    for stem in ("stations", "one", "rare"):
        frames = [
            geodata.load_stations(path)[0]
            for path, file in of(corpus, 30, 40)
            if file.name.startswith(stem + "_")
        ]
        assert len(frames) >= 3
        for frame in frames[1:]:
            assert frame.drop(columns="geometry").equals(frames[0].drop(columns="geometry"))


def test_fault_32_a_thousand_rejects_are_listed_and_the_rest_counted(
    corpus: tuple[Path, list[BadFile]],
):
    path = corpus[0] / "ragged_many.csv"
    _, rejects = geodata.load_stations(path)
    assert len(rejects) == 1001
    assert list(rejects["row"].iloc[:2]) == [3, 4]
    assert rejects["reason"].iloc[-1] == "500 more rows were rejected"


def test_fault_32_files_over_the_limit_are_not_read(tmp_path: Path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    with pytest.raises(LimitError, match="at most 209715200 are read"):
        geodata.load_stations(path)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_fault_33_formulas_are_text_and_exports_disarm_them(
    suffix: str, corpus: tuple[Path, list[BadFile]], tmp_path: Path
):
    stations, rejects = geodata.load_stations(corpus[0] / "injection.csv")
    assert len(rejects) == 0
    assert stations["name"].iloc[0] == "=cmd|' /C calc'!A0"
    out = write_table(stations, tmp_path / f"out{suffix}")
    if suffix == ".csv":
        text = out.read_text("utf-8-sig")
        assert all(f"'{name[0]}" in text for name in stations["name"])
        assert not any(
            cell.startswith(("=", "+", "@")) for cell in text.replace('"', "").split(",")
        )
    again, rejects = geodata.load_stations(out)
    assert len(rejects) == 0
    assert list(again["name"]) == list(stations["name"])


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    seen: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)
    stop = threading.Event()

    def accept() -> None:
        while not stop.is_set():
            try:
                seen.append(server.accept())
            except TimeoutError:
                continue

    thread = threading.Thread(target=accept)
    thread.start()
    yield server.getsockname()[1], seen
    stop.set()
    thread.join()
    server.close()


@pytest.mark.parametrize("suffix", ["geojson", "csv", "gpkg", "shp", "xlsx", "parquet", "zip"])
def test_fault_36_and_g2_a_vrt_opens_no_socket_and_no_other_file(
    suffix: str, tmp_path: Path, listener: tuple[int, list[object]]
):
    port, seen = listener
    secret = tmp_path / "secret.csv"
    secret.write_text(csv_text(rows(1, 名称="机密")), encoding="utf-8")
    sources = (str(secret), f"/vsicurl/http://127.0.0.1:{port}/x.csv", f"http://127.0.0.1:{port}/x")
    for number, source in enumerate(sources):
        path = tmp_path / f"bad{number}.{suffix}"
        path.write_text(vrt(source), encoding="utf-8")
        for load in (geodata.load_stations, geodata.load_homes, geodata.load_regions):
            with pytest.raises(InputError) as caught:
                load(path)
            assert "机密" not in str(caught.value)
        with pytest.raises(InputError, match="does not exist"):
            geodata.load_stations(source if source.startswith(("/vsi", "http")) else path / "x")
    assert seen == []


def test_fault_36_the_corpus_of_disguised_files(corpus: tuple[Path, list[BadFile]]):
    for path, file in of(corpus, 36):
        check(path, file)


def test_fault_37_the_documented_cases_of_geojson(corpus: tuple[Path, list[BadFile]]):
    folder = corpus[0]
    for name in ("3d.geojson", "4d.geojson", "utm.geojson"):
        stations, _ = geodata.load_stations(folder / name)
        assert not stations.geometry.has_z.any()
        assert stations["lon"].iloc[0] == pytest.approx(118.78, abs=1e-7)
        assert stations["lat"].iloc[0] == pytest.approx(32.04, abs=1e-7)
    _, rejects = geodata.load_stations(folder / "null_geometry.geojson")
    assert rejects["row"].to_list() == [2]


def test_fault_38_the_duplicate_of_the_corpus_is_flagged(corpus: tuple[Path, list[BadFile]]):
    stations, _ = geodata.load_stations(corpus[0] / "duplicate_station.csv")
    assert stations["duplicate_of"].to_list() == ["", "", "", "3"]


def test_fault_40_rare_characters_are_kept_and_long_names_cut(
    corpus: tuple[Path, list[BadFile]],
):
    for path, file in of(corpus, 40):
        check(path, file)
    names = {
        word: geodata.load_stations(corpus[0] / f"{word}.csv")[0]["name"].iloc[-1]
        for word in ("rare_gb18030", "rare_utf-8", "name_rtl", "name_emoji", "name_long")
    }
    assert names["rare_gb18030"] == names["rare_utf-8"] == "㐂𠮷工会驿站😀"
    assert names["name_rtl"] == "\u202e驿站\u200f"
    assert names["name_emoji"] == "驿站👨‍👩‍👧‍👦"
    assert names["name_long"] == "长" * 200


def test_fault_41_bad_hours_are_unknown_never_open(corpus: tuple[Path, list[BadFile]]):
    for path, _ in of(corpus, 41):
        stations, _ = geodata.load_stations(path)
        hours = stations["opening_hours"].iloc[0]
        assert hours == "" or "unknown" in hours, (path, hours)
        assert "24/7" not in hours


def test_the_script_writes_an_index(corpus: tuple[Path, list[BadFile]]):
    folder, files = corpus
    assert (folder / "index.json").is_file()
    assert {file.fault for file in files} == {12, 27, *range(30, 39), 40, 41, 42}
    assert SQUARE[0] == SQUARE[-1]

"""The dataset folder: save then open is the identity; whatever is damaged is refused."""

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from geodata import bundle, halves, packing
from geodata.errors import DatasetError
from geodata.model import Cells, Positions
from tests.datasets import dataset


@pytest.fixture(scope="module")
def small():
    return dataset()


@pytest.fixture
def folder(small, tmp_path):
    bundle.save(small, tmp_path / "city")
    return tmp_path / "city"


def every_array(value):
    return packing.arrays_of(value)[0]


def assert_same(found, expected):
    """Both datasets hold the same values of the same types."""
    for name in ("networks", "cells", "pieces", "station_positions", "home_positions"):
        left, right = getattr(found, name), getattr(expected, name)
        assert list(left) == list(right)
        for mode in right:
            assert type(left[mode]) is type(right[mode])
            ours, theirs = every_array(left[mode]), every_array(right[mode])
            assert list(ours) == list(theirs)
            for key, array in theirs.items():
                assert ours[key].dtype == array.dtype
                np.testing.assert_array_equal(ours[key], array)
    for name in ("way_name", "way_class", "barrier_lines"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert_geodataframe_equal(found.stations, expected.stations)
    assert_geodataframe_equal(found.regions, expected.regions)
    for name in ("people", "homes"):
        left, right = getattr(found, name), getattr(expected, name)
        if right is None:
            assert left is None
        else:
            pd.testing.assert_frame_equal(left, right, check_exact=True)
    for field in fields(expected.vocabulary):
        words = getattr(found.vocabulary, field.name)
        assert list(words.items()) == list(getattr(expected.vocabulary, field.name).items())
    assert expected.manifest.items() <= found.manifest.items()


def test_save_then_open_is_the_identity(small, folder):
    assert_same(bundle.open_dataset(folder), small)


def test_without_homes_or_regions(tmp_path):
    bare = replace(dataset(regions=False), people=None, homes=None, home_positions={})
    bundle.save(bare, tmp_path)
    assert_same(bundle.open_dataset(tmp_path), bare)
    assert not (tmp_path / "private").exists()


def test_arrays_are_read_only_views_of_the_file(folder):
    opened = bundle.open_dataset(folder)
    arrays = every_array(opened.networks["walk"]) | every_array(opened.cells["walk"])
    assert len(arrays) > 20
    for array in arrays.values():
        assert not array.flags.writeable
        assert not array.flags.owndata
        assert array.flags.aligned


def test_the_same_input_gives_the_same_bytes_and_version(folder, tmp_path):
    manifest = bundle.save(dataset(), tmp_path / "again")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(folder)).read_bytes()
    assert manifest == json.loads((folder / "public" / "manifest.json").read_text("utf-8"))
    assert len(manifest["version"]) == 12
    other = bundle.save(dataset(stations=4), tmp_path / "other")
    assert other["version"] != manifest["version"]


def test_the_manifest_names_every_file(folder):
    manifest = json.loads((folder / "public" / "manifest.json").read_text("utf-8"))
    held = {path.name for path in (folder / "public").iterdir()} - {"manifest.json"}
    assert set(manifest["files"]) == held
    assert manifest["format"] == halves.FORMAT
    for name, about in manifest["files"].items():
        assert (folder / "public" / name).stat().st_size == about["bytes"]


def test_private_is_for_the_owner_alone(folder):
    assert stat.S_IMODE((folder / "private").stat().st_mode) == 0o700
    for path in (folder / "private").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_46_public_knows_nothing_of_single_homes(small, folder):
    homes = small.homes
    needles = [np.float64(value).tobytes() for value in (*homes["lon"], *homes["lat"])] + [
        f"{value:.5f}".encode() for value in (*homes["lon"], *homes["lat"])
    ]
    checksums = [packing.digest(path).encode() for path in (folder / "private").iterdir()]
    for path in (folder / "public").iterdir():
        data = path.read_bytes()
        assert not [needle for needle in needles + checksums if needle in data]


def test_homes_are_opened_only_where_asked(small, folder):
    closed = bundle.open_dataset(folder, private=False)
    assert closed.homes is None
    assert closed.home_positions == {}
    pd.testing.assert_frame_equal(closed.people, small.people)
    opened = bundle.open_dataset(folder, private=True)
    assert len(opened.homes) == len(small.homes)


def test_private_false_touches_nothing_in_private(folder):
    """An audit hook of the interpreter sees every file that is opened."""
    program = (
        "import sys; seen = []\n"
        "from geodata import open_dataset\n"
        "hook = lambda event, args: event in ('open','os.listdir') and seen.append(str(args[:1]))\n"
        "sys.addaudithook(hook)\n"
        "open_dataset(sys.argv[1], private=False)\n"
        "assert any('manifest' in s for s in seen), seen\n"
        "assert not any('/private' in s for s in seen), seen\n"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)


def test_private_absent(folder):
    shutil.rmtree(folder / "private")
    assert bundle.open_dataset(folder).homes is None
    with pytest.raises(DatasetError, match="expected the homes of this dataset, found none"):
        bundle.open_dataset(folder, private=True)


def test_homes_of_another_dataset_are_not_taken(folder, tmp_path):
    bundle.save(dataset(seed=1), tmp_path / "other")
    shutil.rmtree(folder / "private")
    shutil.copytree(tmp_path / "other" / "private", folder / "private")
    assert bundle.open_dataset(folder).homes is None


def test_only_the_modes_asked_for(folder):
    assert list(bundle.open_dataset(folder, modes=["walk"]).networks) == ["walk"]
    with pytest.raises(DatasetError, match="expected one of the modes walk, got drive") as caught:
        bundle.open_dataset(folder, modes=["walk", "drive"])
    assert caught.value.code == "mode_absent"


def test_modes_keep_the_order_of_the_manifest(small, tmp_path):
    modes = ["walk", "ebike", "drive"]
    wide = replace(
        small,
        manifest={"modes": {mode: {} for mode in modes}},
        **{
            field.name: {mode: getattr(small, field.name)["walk"] for mode in modes}
            for field in fields(small)
            if field.name in {"networks", "cells", "pieces", "station_positions", "home_positions"}
        },
    )
    bundle.save(wide, tmp_path)
    assert list(bundle.open_dataset(tmp_path).networks) == modes
    assert list(bundle.open_dataset(tmp_path, modes=["drive", "walk"]).networks) == [
        "walk",
        "drive",
    ]


# ------------------------------------------------------------------------------------- refusals


def test_no_folder_says_what_to_do(tmp_path):
    with pytest.raises(DatasetError, match="there is no dataset; build one with `locator prepare"):
        bundle.open_dataset(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="there is no dataset"):
        bundle.open_dataset(tmp_path)


def damaged_copies(path):
    data = path.read_bytes()
    yield "truncated", data[: len(data) // 2]
    yield "empty", b""
    for n in range(8):
        place = (2 * n + 1) * len(data) // 16
        yield (
            f"bit flipped at {place}",
            (data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]),
        )
    yield "longer", data + b"\0"


def test_26_every_damaged_file_is_refused(folder):
    for path in sorted((folder / "public").iterdir()) + sorted((folder / "private").iterdir()):
        whole = path.read_bytes()
        for what, data in damaged_copies(path):
            path.write_bytes(data)
            with pytest.raises(DatasetError) as caught:
                bundle.open_dataset(folder, private=True)
            if path.parent.name == "public" or path.name != "manifest.json":
                assert "`locator prepare`" in caught.value.message, (path.name, what)
        path.unlink()
        with pytest.raises(DatasetError):
            bundle.open_dataset(folder, private=True)
        path.write_bytes(whole)
    bundle.open_dataset(folder, private=True)


def test_files_exchanged_by_equally_long_ones_are_refused(folder):
    path = folder / "public" / "streets.arrow"
    path.write_bytes(bytes(reversed(path.read_bytes())))
    with pytest.raises(DatasetError, match="has changed since it was written"):
        bundle.open_dataset(folder)


@pytest.mark.parametrize(
    ("format_", "message"),
    [
        (0, "has an older format .* build it again with `locator prepare`"),
        (99, "has a newer or unknown format .* update the software or build it again"),
        ("x", "has a newer or unknown format"),
    ],
)
def test_another_format_is_refused(folder, format_, message):
    path = folder / "public" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"format": format_}))
    with pytest.raises(DatasetError, match=message) as caught:
        bundle.open_dataset(folder)
    assert caught.value.code == "dataset_format"


def test_24_a_folder_that_cannot_be_written_is_named(small, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatasetError, match="the dataset cannot be written there"):
        bundle.save(small, tmp_path / "file")
    with pytest.raises(DatasetError, match="cannot be written there"):
        bundle.save(small, tmp_path / "file" / "inside")


def test_24_what_cannot_be_written_is_found_before_the_work(folder, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for place in (tmp_path / "file", tmp_path / "file" / "inside" / "deep"):
        with pytest.raises(DatasetError, match=r"file: the dataset cannot be written there"):
            bundle.check_folder(place)
    bundle.check_folder(folder)
    bundle.check_folder(tmp_path / "not" / "yet")
    assert not (tmp_path / "not").exists()
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "mine").write_text("")
    with pytest.raises(DatasetError, match="holds something else"):
        bundle.check_folder(tmp_path)


def test_23_when_writing_fails_half_way_the_old_is_kept(small, folder):
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    broken = replace(small, cells={"walk": "no cells"})
    with pytest.raises(TypeError):
        bundle.save(broken, folder)
    program = (
        "import resource, sys; from geodata import bundle, DatasetError\n"
        "from tests.datasets import dataset\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "data = dataset(seed=9)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: bundle.save(data, sys.argv[1])\n"
        "except DatasetError as error: print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], check=True, capture_output=True, text=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert done.stdout.strip() == "dataset_not_written"
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_other_files_in_the_folder_are_left_alone(folder):
    (folder / "stations.csv").write_text("名称")
    (folder / "notes").mkdir()
    bundle.save(dataset(seed=3), folder)
    assert (folder / "stations.csv").read_text() == "名称"
    assert sorted(p.name for p in folder.iterdir()) == [
        "notes", "private", "public", "stations.csv",
    ]  # fmt: skip


@pytest.mark.parametrize("part", ["public", "private"])
def test_a_folder_of_somebody_else_is_not_replaced(small, tmp_path, part):
    (tmp_path / part).mkdir()
    (tmp_path / part / "index.html").write_text("mine")
    with pytest.raises(DatasetError, match="holds something else than a dataset"):
        bundle.save(small, tmp_path)
    assert (tmp_path / part / "index.html").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [part]


def test_a_dataset_with_a_table_of_no_homes(small, tmp_path):
    nobody = Positions(*(array[:0] for array in every_array(small.home_positions["walk"]).values()))
    empty = replace(small, people=None, homes=small.homes.iloc[:0], home_positions={"walk": nobody})
    bundle.save(empty, tmp_path)
    assert_same(bundle.open_dataset(tmp_path), empty)


def test_homes_do_not_outlive_a_dataset_without_homes(small, folder):
    bundle.save(replace(small, people=None, homes=None, home_positions={}), folder)
    assert not (folder / "private").exists()


def test_two_writers_do_not_meet(small, folder):
    busy = pytest.raises(DatasetError, match="another `locator prepare` is writing there")
    with bundle.replacing(folder) as staging, busy:
        (staging / "public").mkdir()
        bundle.save(small, folder)


def test_a_writer_that_brings_nothing_takes_nothing_away(small, folder):
    with pytest.raises(FileNotFoundError), bundle.replacing(folder):
        pass
    assert_same(bundle.open_dataset(folder), small)
    assert sorted(path.name for path in folder.iterdir()) == ["private", "public"]


# A process that writes dataset A or B over what is there and kills itself at the n-th file event.
CRASHER = """
import os, signal, sys
from pathlib import Path
from geodata import bundle
from tests.datasets import dataset
folder = sys.argv[1]
versions = [dataset(homes=30, stations=2, seed=5), dataset(homes=45, stations=5, seed=6)]
bundle.save(versions[0], folder)
count, limit = 0, 1 << 60
EVENTS = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.listdir", "os.scandir"}
def hook(event, args):
    global count
    if event in EVENTS:
        count += 1
        if count > limit:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
for line in sys.stdin:
    turn, limit_now = map(int, line.split())
    child = os.fork()
    if child == 0:
        count, limit = 0, limit_now
        bundle.save(versions[turn], folder)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.WIFSIGNALED(status), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_21_killed_at_any_moment_the_folder_is_old_or_new(tmp_path):
    folder = tmp_path / "city"
    process = subprocess.Popen(
        [sys.executable, "-c", CRASHER, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    versions = [dataset(homes=30, stations=2, seed=5), dataset(homes=45, stations=5, seed=6)]
    seen, kills, turn, finished = set(), 0, 1, False
    with process:
        for moment in range(1, 500):
            process.stdin.write(f"{turn} {moment}\n")
            process.stdin.flush()
            killed = process.stdout.readline().strip() == "True"
            opened = bundle.open_dataset(folder, private=True)
            now = 0 if len(opened.stations) == 2 else 1
            assert_same(opened, versions[now])
            kills += killed
            seen.add((killed, now == turn))
            finished = not killed
            if finished:
                break
            if now == turn:  # next time the other one is written over it
                turn = 1 - turn
        process.stdin.close()
    assert kills >= 20
    assert {(True, False), (True, True), (False, True)} <= seen


# --------------------------------------------------------------------------------------- packing


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c.d", "名"]),
        st.one_of(
            hnp.arrays(
                st.sampled_from([np.int8, np.int32, np.int64, np.uint8, np.float32, np.float64]),
                hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5),
            ),
            hnp.arrays(np.bool_, st.integers(0, 5)),
            hnp.arrays(object, st.integers(0, 5), elements=st.text(st.characters(codec="utf-8"))),
        ),
        max_size=4,
    )
)
def test_arrays_come_back_as_they_went(tmp_path_factory, arrays):
    path = tmp_path_factory.mktemp("pack") / "x.arrow"
    packing.write_file(path, lambda file: packing.write_arrays(file, arrays, {"n": [1, "二"]}))
    found, plain = packing.read_arrays(path)
    assert plain == {"n": [1, "二"]}
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_objects_come_apart_and_together():
    positions = Positions(
        np.array([1], np.int32), np.array([0.5]), np.array([2], np.float32),
        np.array([3], np.int32), np.array([0], np.uint8),
    )  # fmt: skip
    cells = Cells(
        np.array([1], np.int32), np.array([2], np.int32), np.array([-1], np.int32), positions
    )
    arrays, plain = packing.arrays_of(cells)
    assert "positions.fraction" in arrays
    again = packing.object_of(Cells, arrays | plain)
    assert isinstance(again.positions, Positions)
    assert again.positions.fraction is positions.fraction
    with pytest.raises(TypeError):
        packing.object_of(Positions, arrays)

"""A disk that is full: one sentence, what was there is kept, nothing is left beside it."""

import contextlib

import geopandas as gpd
import numpy as np
import pytest

from geodata.errors import InputError
from geodata.exports import write_table
from geodata.swap import replacing_file

resource = pytest.importorskip("resource", reason="limits on file sizes are POSIX")


@contextlib.contextmanager
def no_file_longer_than(size: int):
    """Let the system refuse to write more, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", ["csv", "geojson", "gpkg", "parquet", "xlsx"])
def test_a_table_that_does_not_fit(tmp_path, suffix, capfd):
    number = np.arange(3000)
    shapes = gpd.points_from_xy(118 + number / 1e5, 32 + number / 1e5)
    frame = gpd.GeoDataFrame({"id": number.astype(str)}, geometry=shapes, crs=4326)
    old = tmp_path / f"gaps.{suffix}"
    old.write_bytes(b"old")
    with no_file_longer_than(4096), pytest.raises(InputError, match="cannot be written"):
        write_table(frame, old)
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_map_that_does_not_fit(tmp_path):
    old = tmp_path / "map.html"
    old.write_bytes(b"old")
    with (
        no_file_longer_than(4096),
        pytest.raises(InputError, match="cannot be written"),
        replacing_file(old) as beside,
    ):
        beside.write_bytes(b"x" * 100_000)
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]
    with replacing_file(old) as beside:
        beside.write_bytes(b"new")
    assert old.read_bytes() == b"new"
    plain = tmp_path / "plain"
    plain.touch()
    assert old.stat().st_mode == plain.stat().st_mode

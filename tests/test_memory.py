"""What serving gives back to the system is there again when it is needed."""

import os
import sys

import numba
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from web import memory


def test_settings_for_the_library_reach_worker_processes(monkeypatch):
    for name in ("ARROW_DEFAULT_MEMORY_POOL", "MALLOC_ARENA_MAX"):
        monkeypatch.setenv(name, "")  # so that it is taken back afterwards
        monkeypatch.delenv(name)
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "7")
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "131072")
    memory.keep_little()
    assert os.environ["ARROW_DEFAULT_MEMORY_POOL"] == "system"
    if sys.platform.startswith("linux"):
        assert os.environ["MALLOC_ARENA_MAX"] == "1"
    assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "7"  # what the operator set stays


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pages are unmapped on Linux only")
def test_the_compiler_and_arrow_work_after_their_pages_were_given_back(tmp_path):
    total = numba.njit(lambda values: values.sum())
    assert total(np.arange(5)) == 10
    memory.give_back()
    assert total(np.arange(6.0)) == 15.0  # a new type is compiled anew
    memory.give_back()
    assert total(np.arange(4)) == 6
    table = pa.table({"id": ["a", "b"], "minutes": [3.5, 4.0]})
    parquet.write_table(table, tmp_path / "a.parquet")
    memory.give_back()
    assert parquet.read_table(tmp_path / "a.parquet") == table

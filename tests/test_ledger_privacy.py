"""No trace of a home in what a cut keeps, nor in what is told of it."""

import io
import zipfile

import geopandas as gpd
import pytest

from tests.test_api_privacy import hunt, places_of_the_canary, telling, traces_of
from tests.webtools import new_client
from web.ledger import Ledger

MONTH = "2025-10"


@pytest.fixture(scope="module")
def traces(canary_dataset):
    return traces_of(places_of_the_canary(canary_dataset), telling(canary_dataset))


@pytest.fixture
def cut(run, canary_dataset, tmp_path, monkeypatch):
    """A ledger cut by the owner of the data, who may read ``private/``."""
    monkeypatch.setenv("LOCATOR_LEDGER", str(tmp_path / "ledger"))
    assert (canary_dataset / "private").is_dir()
    status, out, _ = run("gaps", "cut", "--data", canary_dataset, "--date", f"{MONTH}-25")
    assert status == 0
    return tmp_path / "ledger", out


def test_no_trace_of_a_home_in_the_folder_of_a_cut(cut, traces):
    folder, out = cut
    hunt(traces, out.encode(), "stdout")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 8
    for path in files:
        hunt(traces, path.read_bytes(), path.name)
        if path.suffix == ".parquet":  # packed: its values
            hunt(traces, gpd.read_parquet(path).to_csv().encode(), path.name)
    ledger = Ledger(folder)
    people = ledger.opened(ledger.cuts()[0]).people()
    hunt(traces, people.to_csv().encode(), "people")
    assert people.groupby("cell")["homes"].sum().min() >= 5, "merged as everywhere"


def test_no_trace_of_a_home_in_what_is_told(cut, traces, canary_dataset):
    folder, _ = cut
    client = new_client(canary_dataset, ledger=folder, access_log=False)
    gaps = client.get("/api/v1/gaps")
    hunt(traces, gaps.content, "gaps")
    for gap in gaps.json()["gaps"]:
        one = client.get(f"/api/v1/gaps/{gap['id']}")
        hunt(traces, one.content, gap["id"])
        assert gap["workers"] is None or gap["workers"] >= 10, "few are not told"
    for shape in ("html", "txt", "md", "docx"):
        content = client.get(f"/bulletin?month={MONTH}&format={shape}").content
        hunt(traces, content, shape)
        if shape == "docx":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    hunt(traces, archive.read(name), name)

"""Cuts on disk: what they keep, what interrupts them, what is damaged, who comes at once."""

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geodata import halves
from geodata.bundle import open_dataset
from geodata.cut_folder import CUTS, tidy_cuts
from geodata.errors import LimitError, RecordsError, RecordsFullError, ValidationError
from geodata.ledger_records import LedgerRecords
from geodata.ledger_rows import LedgerMovedError
from locator import gap_groups
from tests.ledger_months import with_stations
from tests.test_full_disk import no_file_longer_than
from web.bulletin_month import month_facts
from web.bulletin_month_text import month_written
from web.bulletin_render import as_markdown
from web.errors import ChangedMeanwhileError, UnknownGapError, UnknownMonthError
from web.ledger import Ledger, checked_date, ledger_folder, today
from web.ledger_cut import make_cut, next_of
from web.service import Service
from web.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
OCTOBER, NOVEMBER = "2025-10-25", "2025-11-25"


@pytest.fixture(scope="module")
def service(demo_dataset):
    return Service(open_dataset(demo_dataset, private=False), Settings(data=demo_dataset))


@pytest.fixture(scope="module")
def october(service, tmp_path_factory):
    """A ledger with one cut; tests copy it."""
    ledger = Ledger(tmp_path_factory.mktemp("october") / "ledger")
    make_cut(service, ledger, OCTOBER)
    return ledger


@pytest.fixture
def ledger(october, tmp_path):
    shutil.copytree(october.folder, tmp_path / "ledger")
    return Ledger(tmp_path / "ledger")


def folder_of(ledger, row):
    return ledger.folder / CUTS / row.folder


# --- what a cut keeps ----------------------------------------------------------------------------


def test_the_first_cut_opens_what_coverage_finds_under_its_ids(service, october):
    found = service.index.coverage().gaps
    standing = october.now()
    assert [entry.id for entry in standing.entries] == found.id.tolist()
    assert {entry.state for entry in standing.entries} == {"found"}
    assert standing.facts["flows"]["opened"] == sorted(found.id)
    np.testing.assert_allclose([entry.workers for entry in standing.entries], found.workers)
    changes = october.records.changes()
    assert [(c.gap, c.at, c.event) for c in changes] == [(i, OCTOBER, "opened") for i in found.id]


def test_a_cut_keeps_its_gaps_cells_people_and_stations(service, october):
    opened = october.opened(october.cuts()[0])
    assert (shapely.area(opened.gaps().geometry.to_numpy()) > 0).all()
    assert len(opened.stations()) == len(service.index.stations)
    people = service.dataset.people
    assert opened.people()["workers"].sum() == pytest.approx(people["workers"].sum())
    cells = opened.cells()
    area = np.bincount(cells["gap"]) / 100
    np.testing.assert_allclose(area, [entry.area_km2 for entry in october.now().entries])


def test_nothing_in_a_cut_is_for_others_to_read(october):
    for path in [october.folder, *october.folder.rglob("*")]:
        allowed = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == allowed, path.name


def test_people_in_a_cut_are_those_published_even_for_the_owner(demo_dataset, october, tmp_path):
    owner = Service(open_dataset(demo_dataset, private=True), Settings(data=demo_dataset))
    made = make_cut(owner, Ledger(tmp_path / "own"), OCTOBER).standing
    assert [e.workers for e in made.entries] == [e.workers for e in october.now().entries]
    assert made.facts["coverage"]["summary"]["people"] == "from cells"


def test_a_month_is_cut_once_from_its_day_on(service, ledger):
    assert not make_cut(service, ledger, OCTOBER).fresh
    assert not make_cut(service, ledger, "2025-10-31").fresh
    assert make_cut(service, ledger, "2025-11-03").fresh, "early"
    assert make_cut(service, ledger, NOVEMBER).fresh, "and on its day"
    assert not make_cut(service, ledger, "2025-11-27").fresh
    assert ledger.of_month("2025-11").date == NOVEMBER
    assert ledger.months() == ["2025-10", "2025-11"]
    november = ledger.at(ledger.of_month("2025-11"))
    assert november.facts["flows"]["carried"] == sorted(november.facts["ids"])
    with pytest.raises(LimitError, match="expected a date after the last cut, 2025-11-25"):
        make_cut(service, ledger, "2025-09-25")


def test_a_giant_gap_of_last_month_goes_on_in_its_pieces(demo_dataset, tmp_path, monkeypatch):
    ledger, data = Ledger(tmp_path / "upgraded"), open_dataset(demo_dataset, private=False)
    settings = Settings(data=demo_dataset)
    monkeypatch.setattr(gap_groups, "LEAST_BLOCK", 10_000)  # gaps were not cut
    before = make_cut(Service(data, settings), ledger, OCTOBER).standing
    said = as_markdown(month_written(month_facts(before), "zh"))
    monkeypatch.setattr(gap_groups, "LEAST_BLOCK", 5)
    after = make_cut(Service(data, settings), ledger, NOVEMBER).standing
    old, flows = set(before.facts["ids"]), after.facts["flows"]
    assert set(flows["carried"]) == old <= set(after.facts["ids"]), "nothing is filled"
    assert flows["filled"] == []
    assert len(flows["opened"]) + len(old) == after.facts["open"] > len(old)
    pieces = {gap: [gap] for gap in old}
    for entry in after.entries:
        if entry.id not in old:
            pieces[entry.came_from[0]].append(entry.id)
    for gap in old:
        for name in ("area_km2", "workers"):
            parts = [getattr(after.entry(each), name) for each in pieces[gap]]
            assert sum(parts) == pytest.approx(getattr(before.entry(gap), name))
            if name == "workers":
                assert parts[0] == max(parts), "the heaviest piece keeps the id"
    october = ledger.at(ledger.of_month("2025-10"))
    assert as_markdown(month_written(month_facts(october), "zh")) == said


def test_other_parameters_than_the_last_cuts_are_refused(service, ledger):
    same = {"mode": "walk", "minutes": None, "need": []}
    assert make_cut(service, ledger, "2025-11-03", same).fresh
    with pytest.raises(LimitError, match="minutes: the ledger is cut with 15") as caught:
        make_cut(service, ledger, NOVEMBER, {"minutes": 10})
    assert caught.value.code == "other_parameters"


def test_a_cut_may_ask_for_a_time_of_day(service, tmp_path):
    ledger = Ledger(tmp_path / "night")
    standing = make_cut(service, ledger, OCTOBER, {"clock": "03:00"}).standing
    assert standing.facts["coverage"]["departure"].startswith("2025-10-25T03:00")
    again = make_cut(service, ledger, NOVEMBER).standing
    assert again.facts["coverage"]["departure"].startswith("2025-11-25T03:00")
    with pytest.raises(ValidationError):
        make_cut(service, Ledger(tmp_path / "no"), OCTOBER, {"clock": "late"})


def test_what_a_cut_would_be_is_not_written(service, tmp_path):
    ledger = Ledger(tmp_path / "none")
    standing = next_of(service, ledger, OCTOBER)
    assert standing.cut is None
    assert standing.entries
    assert not ledger.folder.exists()
    assert ledger.now() is None
    with pytest.raises(UnknownMonthError, match="no month was cut yet"):
        ledger.of_month("2025-10")


def test_dates():
    assert checked_date(None) == today()
    assert checked_date("2025-02-28") == "2025-02-28"
    for wrong in ("2025-02-30", "yesterday", "2999-01-01", "2025-2-1x"):
        with pytest.raises(LimitError, match="expected a date like"):
            checked_date(wrong)


def test_every_dataset_folder_has_a_ledger_of_its_own(tmp_path):
    one = Settings(data=tmp_path / "一城", records=tmp_path / "r" / "records.sqlite")
    two = replace_data(one, tmp_path / "other" / "一城")
    assert ledger_folder(one) != ledger_folder(two)
    assert ledger_folder(one).parent == tmp_path / "r" / "ledgers"
    assert ledger_folder(one).name.startswith("一城-")
    named = Settings(data=tmp_path, ledger=tmp_path / "here")
    assert ledger_folder(named) == tmp_path / "here"


def replace_data(settings, folder):
    return settings.model_copy(update={"data": folder})


# --- what planners set ---------------------------------------------------------------------------


def test_what_is_set_is_dated_and_nothing_is_overwritten(ledger):
    gap = ledger.now().entries[0].id
    ledger.set(gap, {"state": "agreed", "responsible": "东湖区总工会"})
    ledger.set(gap, {"note": "三月动工"})
    entry = ledger.now().entry(gap)
    assert (entry.state, entry.responsible, entry.note) == ("agreed", "东湖区总工会", "三月动工")
    events = [(c.event, c.state, c.note) for c in ledger.records.changes(gap=gap)]
    assert events == [
        ("opened", "found", ""), ("set", "agreed", ""), ("set", "agreed", "三月动工"),
    ]  # fmt: skip
    with closing(sqlite3.connect(ledger.records.path)) as connection:
        for sql in ("UPDATE changes SET note = ''", "DELETE FROM cuts", "DELETE FROM changes"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(sql)


def test_what_is_set_after_a_cut_is_no_part_of_it(service, ledger):
    before = ledger.at(ledger.cuts()[0])
    gap = before.entries[0].id
    ledger.set(gap, {"state": "refused"})
    assert ledger.at(ledger.cuts()[0]) == before
    november = make_cut(service, ledger, NOVEMBER).standing
    assert november.entry(gap).state == "refused"
    assert ledger.at(ledger.cuts()[0]).entry(gap).state == "found"


def test_a_wrong_filled_returns_at_the_cut_and_that_is_written_down(service, ledger):
    gap = ledger.now().entries[0].id
    ledger.set(gap, {"state": "being_built"})
    ledger.set(gap, {"state": "filled"})
    make_cut(service, ledger, NOVEMBER)
    assert ledger.now().entry(gap).state == "being_built"
    last = ledger.records.changes(gap=gap)[-1]
    assert (last.event, last.state, last.at) == ("returned", "being_built", NOVEMBER)


def test_wrong_words_are_refused(ledger):
    gap = ledger.now().entries[0].id
    with pytest.raises(UnknownGapError, match="no such gap"):
        ledger.set("nowhere.1.1", {"state": "agreed"})
    with pytest.raises(ValidationError, match="nothing to set"):
        ledger.set(gap, {})
    ledger.set(gap, {"state": "refused"})
    with pytest.raises(ValidationError, match="a gap that is refused cannot become filled"):
        ledger.set(gap, {"state": "filled"})
    assert len(ledger.records.changes(gap=gap)) == 2


def test_what_the_last_cut_saw_no_more_stays_filled(service, ledger):
    """Else a gap that is gone would be told as found for good."""
    first = ledger.now()
    gap = min(first.gaps.values(), key=lambda gap: gap["area_km2"])
    place = ("new", gap["lon"], gap["lat"])
    built = Service(with_stations(service.dataset, add=[place]), service.settings)
    make_cut(built, ledger, NOVEMBER)
    assert not ledger.now().entry(gap["id"]).is_open
    with pytest.raises(ValidationError, match="saw no more stays filled"):
        ledger.set(gap["id"], {"state": "found"})
    assert ledger.set(gap["id"], {"note": "thanks"}).state == "filled"


def test_a_change_in_between_is_not_lost(ledger):
    standing = ledger.now()
    entry = standing.entries[0]
    seen = standing.etag(entry)
    ledger.set(entry.id, {"note": "first"}, seen)
    with pytest.raises(ChangedMeanwhileError, match="read it again"):
        ledger.set(entry.id, {"note": "second"}, seen)
    assert ledger.now().entry(entry.id).note == "first"
    ledger.set(entry.id, {"note": "third"}, "*")


def test_many_set_the_same_gap_at_once_and_every_word_is_written(ledger):
    gap = ledger.now().entries[0].id
    barrier = threading.Barrier(4)
    failures = []

    def write(name):
        barrier.wait()
        try:
            ledger.set(gap, {"note": name})
        except LedgerMovedError as error:  # only after several tries
            failures.append((name, error))

    threads = [threading.Thread(target=write, args=(f"word {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notes = [change.note for change in ledger.records.changes(gap=gap)[1:]]
    written = {f"word {n}" for n in range(4)} - {name for name, _ in failures}
    assert set(notes) == written
    assert len(notes) == len(written)


# --- faults --------------------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
from geodata import cut_folder, halves, ledger_records
from geodata.bundle import open_dataset
from web import ledger_cut
from web.ledger import Ledger
from web.service import Service
from web.settings import Settings
from pathlib import Path
where, data, folder = sys.argv[1:]
def die(*args, **more):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "half the files":
    whole, count = halves.write_file, iter(range(99))
    halves.write_file = lambda *a, **k: die() if next(count) == 3 else whole(*a, **k)
elif where == "before it is moved":
    Path.rename = die
elif where == "before the ledger knows":
    ledger_records.LedgerRecords.add_cut = die
elif where == "before the ledger is sure":
    import sqlalchemy
    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "commit")
    def on_commit(connection):
        die()
service = Service(open_dataset(Path(data), private=False), Settings(data=Path(data)))
ledger_cut.make_cut(service, Ledger(Path(folder)), "2025-11-25")
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize(
    "where",
    [
        "half the files", "before it is moved", "before the ledger knows",
        "before the ledger is sure",
    ],
)  # fmt: skip
def test_a_cut_that_is_killed_leaves_the_last_one_whole(service, ledger, demo_dataset, where):
    before = ledger.now()
    asked = [sys.executable, "-c", _KILLED, where, str(demo_dataset), str(ledger.folder)]
    done = subprocess.run(asked, cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert ledger.now() == before
    assert [row.date for row in ledger.cuts()] == [OCTOBER]
    left = {path.name for path in (ledger.folder / CUTS).iterdir()}
    assert len(left) == 2, "what was begun lies there"
    assert make_cut(service, ledger, NOVEMBER).fresh
    for path in (ledger.folder / CUTS).iterdir():
        os.utime(path, (0, 0))
    known = [row.folder for row in ledger.cuts()]
    tidy_cuts(ledger.folder)
    left = {path.name for path in (ledger.folder / CUTS).iterdir()} - set(known)
    assert len(left) == where.startswith("before the ledger"), "what is whole is not thrown away"


def test_a_cut_stays_where_the_ledger_does_not_name_it(service, ledger):
    """The file of the ledger is lost, or an older copy was put back: the months are still there."""
    known = [row.folder for row in ledger.cuts()]
    for path in [ledger.records.path, *ledger.folder.glob("ledger.sqlite-*")]:
        path.unlink()
    for path in (ledger.folder / CUTS).iterdir():
        os.utime(path, (0, 0))
    left = Ledger(ledger.folder)
    for write in (
        lambda: make_cut(service, left, NOVEMBER),
        lambda: make_cut(service, left, OCTOBER),
        lambda: left.set("1.2.3", {"note": "x"}),
    ):
        with pytest.raises(RecordsError, match=r"does not know cuts .* \(2025-10\)") as caught:
            write()
        assert caught.value.code == "ledger_lost"
    assert (ledger.folder / CUTS / known[0]).is_dir()
    (ledger.folder / CUTS / known[0]).rename(ledger.folder / "aside")
    assert make_cut(service, left, NOVEMBER).fresh


def test_a_file_that_is_just_being_made_holds_nothing_yet(service, tmp_path):
    ledger = Ledger(tmp_path / "new")
    ledger.folder.mkdir()
    ledger.records.path.touch()
    assert (ledger.cuts(), ledger.now(), ledger.records.changes()) == ([], None, [])
    assert make_cut(service, ledger, OCTOBER).fresh


def test_a_cut_is_on_the_disk_before_the_ledger_names_it(service, ledger, monkeypatch):
    """A folder that was moved into place is lost with the power unless its parent is synced."""
    root, synced, seen = ledger.folder / CUTS, [], []
    plain, add = os.fsync, LedgerRecords.add_cut

    def sync(descriptor):
        about = os.fstat(descriptor)
        if about.st_ino == root.stat().st_ino:
            synced.append({path.name for path in root.iterdir()})
        plain(descriptor)

    def look(self, cut, *arguments, **more):
        seen.append(any(cut.folder in names for names in synced))
        return add(self, cut, *arguments, **more)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(LedgerRecords, "add_cut", look)
    make_cut(service, ledger, NOVEMBER)
    assert seen == [True]


def test_a_cut_that_came_to_be_keeps_its_folder_whatever_is_said_of_it(
    service, ledger, monkeypatch
):
    """Interrupted when the row is written already: the ledger names the folder for good."""
    plain = LedgerRecords.add_cut

    def late(self, *arguments, **more):
        plain(self, *arguments, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(LedgerRecords, "add_cut", late)
    with pytest.raises(KeyboardInterrupt):
        make_cut(service, ledger, NOVEMBER)
    assert ledger.now().cut.date == NOVEMBER
    assert not make_cut(service, ledger, NOVEMBER).fresh


def test_what_is_written_while_the_ledger_is_read_is_in_all_of_it_or_in_none(
    service, october, tmp_path
):
    """A cut that another process makes between reading the cuts and reading the changes."""
    ledger, other, begun = Ledger(tmp_path / "l"), Ledger(tmp_path / "l"), []
    gap = min(october.now().gaps.values(), key=lambda gap: gap["area_km2"])
    city = with_stations(service.dataset, add=[("new", gap["lon"], gap["lat"])])
    make_cut(Service(city, service.settings), ledger, OCTOBER)

    @sa.event.listens_for(sa.Engine, "after_cursor_execute")
    def meanwhile(_connection, _cursor, statement, *_):
        if "FROM cuts" in statement and not begun:
            begun.append(True)
            made = make_cut(service, other, NOVEMBER).standing
            assert made.facts["flows"]["opened"], "gaps that the reader does not know"

    try:
        found = ledger.now()
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", meanwhile)
    assert found.cut.date == OCTOBER
    assert ledger.now().cut.date == NOVEMBER


def test_a_month_is_read_by_a_release_whose_datasets_have_another_format(
    service, ledger, monkeypatch
):
    monkeypatch.setattr(halves, "FORMAT", 2)
    assert ledger.now().entries
    assert make_cut(service, ledger, NOVEMBER).fresh


def test_a_cut_made_later_sees_the_stations_of_its_day(service, ledger, tmp_path):
    """Made for a day that is past: what closed for good since then was there on that day."""
    stations = service.dataset.stations.copy()
    stations["closed_on"] = "2025-11-01"
    closed = Service(replace(service.dataset, stations=stations), service.settings)
    first = make_cut(closed, Ledger(tmp_path / "late"), OCTOBER).standing
    assert len(first.entries) == len(ledger.now().entries)
    then = make_cut(closed, Ledger(tmp_path / "late"), NOVEMBER).standing
    assert then.facts["coverage"]["summary"]["share_covered"] == 0


def test_two_cuts_at_once_are_one(service, ledger):
    barrier, made = threading.Barrier(2), []

    def write():
        barrier.wait()
        made.append(make_cut(service, ledger, NOVEMBER))

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.fresh for one in made) == [False, True]
    assert made[0].standing == made[1].standing
    assert [row.date for row in ledger.cuts()] == [OCTOBER, NOVEMBER]
    assert len(list((ledger.folder / CUTS).iterdir())) == 2


def test_a_change_while_a_cut_is_made_is_in_the_cut(service, ledger, monkeypatch):
    gap = ledger.now().entries[0].id
    plain = LedgerRecords.add_cut

    def late(self, *arguments, **more):
        monkeypatch.setattr(LedgerRecords, "add_cut", plain)
        ledger.set(gap, {"state": "agreed"})
        return plain(self, *arguments, **more)

    monkeypatch.setattr(LedgerRecords, "add_cut", late)
    standing = make_cut(service, ledger, NOVEMBER).standing
    assert standing.entry(gap).state == "agreed"
    assert len(list((ledger.folder / CUTS).iterdir())) == 2, "the first try is taken away"


def all_files(ledger):
    return sorted(path.name for path in folder_of(ledger, ledger.cuts()[0]).iterdir())


@pytest.mark.parametrize("how", ["changed", "missing", "short"])
def test_a_damaged_cut_is_said_and_the_others_are_read(service, ledger, how):
    make_cut(service, ledger, NOVEMBER)
    october, november = ledger.cuts()
    names = all_files(ledger)
    assert len(names) == 7
    for name in names:
        path = folder_of(ledger, october) / name
        whole = path.read_bytes()
        if how == "missing":
            path.unlink()
        else:
            middle = len(whole) // 2
            other = bytes([whole[middle] ^ 1])
            path.write_bytes(
                whole[:middle] + other + whole[middle + 1 :] if how == "changed" else whole[:-1]
            )
        with pytest.raises(RecordsError, match=f"the cut of {OCTOBER} is damaged") as caught:
            ledger.at(october)
        assert caught.value.code == "cut_damaged"
        assert name in str(caught.value)
        assert str(ledger.folder) not in str(caught.value)
        assert ledger.at(november).entries
        path.write_bytes(whole)
        assert ledger.at(october).entries, "a backup in its place is read again"


def test_a_cut_that_was_swapped_for_another_is_damaged(service, ledger):
    make_cut(service, ledger, NOVEMBER)
    october, november = ledger.cuts()
    shutil.rmtree(folder_of(ledger, october))
    shutil.copytree(folder_of(ledger, november), folder_of(ledger, october))
    with pytest.raises(RecordsError, match="is damaged"):
        ledger.at(october)


def test_a_damaged_file_of_changes_is_said(ledger):
    path = ledger.records.path
    path.write_bytes(b"no such file" * 1000)
    with pytest.raises(RecordsError, match=r"the file of the ledger: .* backup"):
        ledger.cuts()


def test_a_full_disk_keeps_the_last_cut(service, ledger):
    before = ledger.now()
    names = all_files(ledger)
    with no_file_longer_than(8192), pytest.raises(RecordsFullError, match="no room"):
        make_cut(service, ledger, NOVEMBER)
    assert ledger.now() == before
    assert [path.name for path in (ledger.folder / CUTS).iterdir()] == [ledger.cuts()[0].folder]
    assert all_files(ledger) == names
    assert make_cut(service, ledger, NOVEMBER).fresh, "there is room again"


def test_to_write_takes_no_lock_from_others_of_the_same_process(ledger):
    """To close a file takes back its process's locks (POSIX), and two would then write at once."""
    pytest.importorskip("fcntl")
    shared = "import fcntl, sys; file = open(sys.argv[1], 'r+b'); "  # what SQLite's readers hold
    shared += "fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)"
    ask = [sys.executable, "-c", shared, ledger.records.path]
    assert subprocess.run(ask, check=False).returncode == 0
    with closing(sqlite3.connect(ledger.records.path)) as reader:
        reader.execute("SELECT count(*) FROM cuts").fetchone()
        ledger.set(ledger.now().entries[0].id, {"note": "x"})
        found = subprocess.run(ask, check=False, capture_output=True, text=True)
    assert "BlockingIOError" in found.stderr
    assert [path.name for path in ledger.folder.glob(".*")] == [], "nothing is left beside it"


def _set_often(ledger, gap, times):
    for number in range(times):
        ledger.set(gap, {"note": f"{number}" * 100})


def test_a_full_disk_keeps_what_was_set(ledger):
    gap = ledger.now().entries[0].id
    ledger.set(gap, {"note": "before"})
    size = ledger.records.path.stat().st_size
    said = "there is no room to write the ledger down"
    with no_file_longer_than(size), pytest.raises(RecordsFullError, match=said):
        _set_often(ledger, gap, 500)
    notes = [change.note for change in ledger.records.changes(gap=gap)]
    assert notes[1] == "before"
    ledger.set(gap, {"note": "after"})
    assert ledger.now().entry(gap).note == "after"


def test_a_cut_that_cannot_be_written(service, tmp_path):
    """Root may write anywhere, but not where a file stands in the way."""
    ledger = Ledger(tmp_path / "taken")
    ledger.folder.mkdir()
    (ledger.folder / CUTS).write_text("")
    with pytest.raises(RecordsError, match="mend the permissions"):
        make_cut(service, ledger, OCTOBER)
    (ledger.folder / CUTS).unlink()
    assert make_cut(service, ledger, OCTOBER).fresh


def test_another_lattice_cannot_be_matched(service, ledger, demo_dataset):
    data = open_dataset(demo_dataset, private=False)
    other = Service(
        replace(data, manifest={**data.manifest, "metric_crs": "EPSG:32650"}), service.settings
    )
    with pytest.raises(LimitError, match="another lattice"):
        make_cut(other, ledger, NOVEMBER)

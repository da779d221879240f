"""``POST /api/v1/reports``: what is kept, what is not, limits, and disks that fail."""

import contextlib
import csv
import gc
import json
import random
import re
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import httpx
import openpyxl
import pytest

from geodata.errors import RecordsError, RecordsFullError
from geodata.records import COLUMNS, Records, Report, new_id
from tests.test_api_serving import served
from tests.test_full_disk import no_file_longer_than
from tests.webtools import NEAREST, beside_a_station, new_client, problem_of, service_of
from web.masking import masked
from web.report_box import network_of
from web.station_schemas import ReportAnswer

REPORTS = "/api/v1/reports"
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kept" / "records.sqlite"


@pytest.fixture
def client(demo_dataset, file):
    return new_client(demo_dataset, records=file, reports_per_client=1000)


def a_station(client):
    return service_of(client).index.stations["id"].iloc[0]


def send(client, headers=None, **changes):
    body = {"station": a_station(client), "problem": "locked", **changes}
    return client.post(REPORTS, json=body, headers=headers)


def rows_of(file):
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM reports ORDER BY rowid")]


# --- what is kept -------------------------------------------------------------------------------


def test_a_report_is_written_down(client, file):
    before = datetime.now(UTC)
    answer = send(client, note="门锁着", lang="en")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    ReportAnswer.model_validate(answer.json())
    (row,) = rows_of(file)
    assert list(row) == list(COLUMNS)
    received = datetime.strptime(row.pop("received_at"), "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    assert -60 <= (received - before).total_seconds() <= 60
    assert row == {
        "id": answer.json()["id"], "station_id": a_station(client), "problem": "locked",
        "dataset_version": service_of(client).name["version"], "note": "门锁着", "lang": "en",
        "state": "new",
    }  # fmt: skip


@pytest.mark.parametrize(
    "problem", ["closed", "locked", "wrong_hours", "no_water", "gone", "other"]
)
def test_every_problem_can_be_said(client, problem, file):
    assert send(client, problem=problem).status_code == 201
    assert rows_of(file)[0]["problem"] == problem


def test_nobody_else_may_look_into_the_file(client, file):
    send(client)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    kept = file.parent.stat().st_mode
    file.parent.chmod(0o755)
    send(client)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755, "a folder of others is left alone"
    assert kept != file.parent.stat().st_mode


def test_no_file_before_the_first_report(client, file):
    service_of(client)
    assert client.get("/readyz").status_code == 200
    assert not file.parent.exists()


def test_no_address_of_the_sender_is_kept(demo_dataset, file):
    client = new_client(demo_dataset, records=file, trusted_proxies="0.0.0.0/0")
    send(client, headers={"X-Forwarded-For": "203.0.113.77", "User-Agent": "canary-agent"})
    bytes_kept = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"203.0" not in bytes_kept
    assert b"canary" not in bytes_kept


def test_ids_sort_by_time_and_differ():
    early = [new_id(datetime(2026, 11, 22, 13, 5, second, tzinfo=UTC)) for second in range(60)]
    late = new_id(datetime(2026, 11, 22, 13, 6, tzinfo=UTC))
    assert len(set(early)) == 60
    assert max(early) < late
    assert len({code[:8] for code in early}) == 1, "nothing finer than the minute"


REPLACED = "INSERT OR REPLACE INTO reports SELECT * FROM reports"
MOVED = (
    f"INSERT OR REPLACE INTO reports (rowid, {', '.join(COLUMNS)}) "  # noqa: S608  ours
    "SELECT rowid, 'x', '', 'y', '', '', '', '', '' FROM reports"
)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE reports SET state = 'done'", "DELETE FROM reports", REPLACED, MOVED],
)
def test_the_table_is_append_only(client, file, statement):
    send(client)
    with closing(sqlite3.connect(file)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    assert rows_of(file)[0]["station_id"] == a_station(client)


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("门锁着", "门锁着"),
        ("打 13800138000", "打 ***"),
        ("打 138-0013-8000 或 (0791) 8630 1234", "打 *** 或 (***"),
        ("+86 138 0013 8000", "***"),
        ("１３８００１３８０００", "***"),
        ("幺三八零零幺三八零零零", "***"),
        ("身份证 36010219900101123X", "身份证 ***"),
        ("卡 6222 0000 1111 2222 333", "卡 ***"),
        ("写的 09:00-18:00, 实际 10:30 开", "写的 09:00-18:00, 实际 10:30 开"),
        ("0900-1800", "0900-1800"),
        ("0900 - 1800, 2026.11.22 09:30", "0900 - 1800, 2026.11.22 09:30"),
        ("1230-1345 678", "***"),
        ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", "***"),
        ("138，0013，8000、微信同号", "***、微信同号"),
        ("电话1_3_8_0_0_1_3_8_0_0_0", "电话***"),
        ("2026-11-22 起关了", "2026-11-22 起关了"),
        ("3 楼 201 室, 约 100 米", "3 楼 201 室, 约 100 米"),
        ("我在 115.892399, 28.67632", "我在 ***, ***"),
        ("北纬 28°40'34\"", "北纬 ***"),
        ("a\x00b\x1b[2J\u202ec\nd\te", "ab[2Jc d e"),
        ("①③⑧⓪⓪①③⑧⓪⓪⓪", "***"),
        ("邮箱zhang.san+1@mail.qq.com，二楼⑧号", "邮箱***，二楼8号"),
        ("  ", ""),
    ],
)
def test_notes_lose_what_tells_who_wrote_them(client, file, note, kept):
    assert masked(note) == kept
    send(client, note=note)
    assert rows_of(file)[0]["note"] == kept


# --- what is refused ----------------------------------------------------------------------------


def test_faults(client, file):
    found = problem_of(send(client, station="nobody"), 422)
    assert (found["code"], found["errors"][0]["where"]) == ("unknown_station", "station")
    for changes in (
        {"problem": "ugly"}, {"problem": 1}, {"note": "x" * 201}, {"note": 5}, {"lang": "fr"},
        {"station": 1}, {"station": ""}, {"lon": 115.9}, {"photo": "x"},
    ):  # fmt: skip
        problem_of(send(client, **changes), 422)
    assert problem_of(client.post(REPORTS, content=b"{"), 400)["code"] == "body_not_json"
    assert problem_of(client.get(REPORTS), 405)["code"] == "method_not_allowed"
    assert send(client, note="x" * 200).status_code == 201
    assert len(rows_of(file)) == 1


def test_pages_of_other_sites_cannot_make_their_readers_report(client, file):
    found = problem_of(send(client, headers={"Sec-Fetch-Site": "cross-site"}), 403)
    assert found["code"] == "cross_site"
    assert not file.exists()
    for ours in ("same-origin", "same-site", "none"):
        assert send(client, headers={"Sec-Fetch-Site": ours}).status_code == 201


def test_fault_45_browsers_that_do_not_say_so_are_known_by_their_origin(client, file):
    for foreign in ("https://news.example.cn", "null", "http://testserver.example.cn"):
        found = problem_of(send(client, headers={"Origin": foreign}), 403)
        assert found["code"] == "cross_site"
    assert not file.exists()
    assert send(client, headers={"Origin": "https://testserver"}).status_code == 201
    asked = {"Origin": "https://testserver", "Sec-Fetch-Site": "same-origin"}
    assert send(client, headers=asked).status_code == 201


# --- limits: row 18 of the faults ----------------------------------------------------------------


def from_address(client, address):
    """Send as a client that a trusted proxy names."""
    return send(client, headers={"X-Forwarded-For": address})


def test_fault_18_a_client_that_sends_too_many_has_to_wait(demo_dataset, file):
    client = new_client(demo_dataset, records=file)
    assert [send(client).status_code for _ in range(5)] == [201] * 5
    refused = send(client)
    found = problem_of(refused, 429)
    assert found["code"] == "too_many_requests"
    assert "reports_per_client" in found["detail"]
    assert 1 <= int(refused.headers["retry-after"]) <= 600
    assert len(rows_of(file)) == 5
    lon, lat = beside_a_station(client)
    assert client.post(NEAREST, json={"lon": lon, "lat": lat}).status_code == 200


def test_fault_18_what_is_wrong_does_not_count(demo_dataset, file):
    client = new_client(demo_dataset, records=file, reports_per_client=1)
    for _ in range(3):
        problem_of(send(client, problem="ugly"), 422)
        problem_of(send(client, station="nobody"), 422)
    assert send(client).status_code == 201


def test_fault_18_a_spoofed_header_changes_nothing(demo_dataset, file):
    client = new_client(demo_dataset, records=file, reports_per_client=2)
    answers = [from_address(client, f"203.0.113.{n}").status_code for n in range(4)]
    assert answers == [201, 201, 429, 429]


@pytest.mark.slow
def test_fault_18_the_real_server_believes_nobody_by_default(demo_dataset, file):
    """Not even the loopback, from which these questions come."""
    client = new_client(demo_dataset)
    body = {"station": a_station(client), "problem": "locked"}
    setting = {"LOCATOR_RECORDS": str(file), "LOCATOR_REPORTS_PER_CLIENT": "2"}
    with served(demo_dataset, **setting) as (address, log):
        answers = [
            httpx.post(
                f"{address}{REPORTS}", json=body, headers={"X-Forwarded-For": f"203.0.113.{n}"}
            ).status_code
            for n in range(4)
        ]
    assert answers == [201, 201, 429, 429]
    assert '"client":"127.0.0.0"' in "".join(log)
    assert "203.0" not in "".join(log)


def test_fault_18_behind_a_trusted_proxy_each_client_counts_for_itself(demo_dataset, file):
    from fastapi.testclient import TestClient

    app = new_client(
        demo_dataset, records=file, reports_per_client=2, trusted_proxies="127.0.0.1, 10.0.0.0/8"
    ).app
    client = TestClient(app, client=("127.0.0.1", 5))
    assert [from_address(client, "203.0.113.1").status_code for _ in range(3)] == [201, 201, 429]
    assert from_address(client, "203.0.113.2").status_code == 201
    # the proxy appends what it saw; what the client itself wrote stands before that
    assert from_address(client, "198.51.100.9, 203.0.113.1").status_code == 429
    assert from_address(client, "203.0.113.1, 10.1.2.3").status_code == 429
    stranger = TestClient(app, client=("192.0.2.7", 5))
    answers = [from_address(stranger, f"203.0.113.{n}").status_code for n in range(10, 13)]
    assert answers == [201, 201, 429], "nobody trusts this one"


def test_fault_18_an_ipv6_network_is_one_client(demo_dataset, file):
    from fastapi.testclient import TestClient

    app = new_client(
        demo_dataset, records=file, reports_per_client=2, trusted_proxies="127.0.0.1"
    ).app
    client = TestClient(app, client=("127.0.0.1", 5))
    answers = [from_address(client, f"2001:db8:1:2::{n:x}").status_code for n in range(1, 4)]
    assert answers == [201, 201, 429]
    assert from_address(client, "2001:db8:1:3::1").status_code == 201


def test_addresses_as_clients():
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::") == "2001:db8:1:2::"
    assert network_of("fe80::1%eth0") == "fe80::"
    assert network_of("unix:") == network_of("") == network_of("x" * 500) == ""


def test_all_together_may_send_so_many_a_day(demo_dataset, file):
    client = new_client(demo_dataset, records=file, reports_per_client=100, reports_per_day=3)
    assert [send(client).status_code for _ in range(4)] == [201, 201, 201, 429]
    refused = send(client)
    assert "reports_per_day" in refused.json()["detail"]
    assert 80_000 < int(refused.headers["retry-after"]) <= 86_400


def test_fault_18_many_networks_are_not_remembered_for_ever(file):
    from web.errors import TooManyError
    from web.report_box import ReportBox
    from web.settings import Settings

    box = ReportBox(Settings(records=file, reports_per_day=3))
    for number in range(40):
        with contextlib.suppress(TooManyError):
            box.admit(f"2001:db8:0:{number:x}::1")
    assert len(box._storage.events) == 4  # three clients and the day
    for number in range(2_000):  # as they stand when the window is over
        box._storage.events[f"client {number}"] = []
    with contextlib.suppress(TooManyError):
        box.admit("2001:db8::1")
    assert len(box._storage.events) == 4


def test_counts_hold_no_address(demo_dataset, file):
    client = new_client(demo_dataset, records=file)
    send(client)
    box = client.app.state.holder.reports()
    keys = repr(vars(box._limiter.storage))
    assert "testclient" not in keys
    assert not re.search(r"\d+\.\d+\.\d+\.\d+", keys)


@pytest.mark.parametrize(
    "value", ["*", "localhost", "127.0.0.1 10.0.0.1", "10.0.0.0/40", "10.0.0.1/8"]
)
def test_what_is_no_address_is_no_trusted_proxy(value):
    from web.settings import Settings

    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(trusted_proxies=value)


# --- disks that fail: rows 20, 23, 24, 25 --------------------------------------------------------


def reads_go_on(client):
    lon, lat = beside_a_station(client)
    assert client.post(NEAREST, json={"lon": lon, "lat": lat}).status_code == 200
    assert client.get("/api/v1/stations").status_code == 200


@pytest.mark.parametrize("already", [0, 3])
def test_fault_23_a_full_disk(client, file, already):
    for _ in range(already):
        assert send(client).status_code == 201
    with no_file_longer_than(file.stat().st_size if already else 4096):
        found = problem_of(send(client, note="x" * 200), 507)
        assert found["code"] == "records_full"
        reads_go_on(client)
    assert send(client, note="again").status_code == 201
    assert [row["note"] for row in rows_of(file)] == [""] * already + ["again"]


def add_many(records):
    for _ in range(200):
        records.add(Report("s", "v", "closed", "x" * 200, "zh"))


def test_fault_23_a_full_database(file):
    """SQLite's own word for it, by its own limit."""
    records = Records(file)
    records.add(Report("s", "v", "closed", "", "zh"))
    connect = records._connect

    def small():
        connection = connect()
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    records._engine.pool._creator = small
    with pytest.raises(RecordsFullError, match="no room"):
        add_many(records)


def test_fault_24_a_place_that_may_not_be_written(demo_dataset, tmp_path):
    """A file stands where the folder should be: refused even for root."""
    (tmp_path / "taken").write_text("not a folder")
    client = new_client(demo_dataset, records=tmp_path / "taken" / "records.sqlite")
    found = problem_of(send(client), 503)
    assert found["code"] == "records_read_only"
    assert str(tmp_path) not in json.dumps(found)
    reads_go_on(client)
    (tmp_path / "taken").unlink()
    assert send(client).status_code == 201


def test_fault_24_a_file_that_may_only_be_read(file):
    """Opened as a file system without writing would have it; root may write anything."""
    records = Records(file)
    records.add(Report("s", "v", "closed", "", "zh"))
    records._engine.pool._creator = lambda: sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    with pytest.raises(RecordsError, match="may not be written") as refused:
        records.add(Report("s", "v", "closed", "", "zh"))
    assert refused.value.code == "records_read_only"
    assert len(records.latest()) == 1


def put_in_place(file, content):
    """Put a file in the place of another one, as the docs say: what is left of its journal goes."""
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.write_bytes(content)


@pytest.fixture
def _nothing_collected():
    """What is left to the collector of garbage stays open, as it does for a while on any server."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_nothing_collected")
def test_fault_25_a_damaged_file_is_refused_and_a_backup_helps(demo_dataset, file, tmp_path, run):
    records = Records(file)
    for number in range(100):
        records.add(Report("s", "v", "closed", f"{number} " + "x" * 150, "zh"))
    status, _, err = run("reports", "--records", file, "--backup", tmp_path / "copy.sqlite")
    assert (status, "copied" in err) == (0, True)
    whole, expected = file.read_bytes(), rows_of(file)
    rng, refused = random.Random(25), 0  # noqa: S311  damage, not secrets
    for turn in range(50):
        damaged = bytearray(whole)
        start = 0 if turn % 3 == 0 else rng.randrange(len(whole))
        for _ in range(20):
            at = min(start + rng.randrange(100 if turn % 3 == 0 else 4096), len(whole) - 1)
            damaged[at] ^= rng.randrange(1, 256)
        put_in_place(file, damaged[: len(whole) // 2] if turn % 7 == 0 else damaged)
        try:
            Records(file).add(Report("s", "v", "closed", "new", "zh"))
            kept = Records(file).latest()
        except RecordsError as error:
            assert error.code in {"records_damaged", "records_failed", "records_full"}  # noqa: PT017
            refused += 1
            continue
        assert kept[0]["note"] == "new", "where the damage is outside what SQLite can see"
    assert refused >= 35
    put_in_place(file, whole[: len(whole) // 2])
    client = new_client(demo_dataset, records=file)
    assert problem_of(send(client), 503)["code"] == "records_damaged"
    reads_go_on(client)
    put_in_place(file, (tmp_path / "copy.sqlite").read_bytes())
    assert send(client).status_code == 201
    assert rows_of(file)[:-1] == expected


def test_a_file_that_was_removed_is_made_anew_though_it_gets_the_same_number(file):
    """Many file systems give the number of a file that has gone to the next one (``st_ino``)."""
    records = Records(file)
    records.add(Report("s", "v", "closed", "old", "zh"))
    put_in_place(file, b"")
    records.add(Report("s", "v", "closed", "new", "zh"))
    assert [row["note"] for row in rows_of(file)] == ["new"]


def test_fault_25_what_is_no_database_is_refused(client, file):
    file.parent.mkdir(mode=0o700)
    file.write_text("a shopping list\n" * 300)
    assert problem_of(send(client), 503)["code"] == "records_damaged"
    assert file.read_text().startswith("a shopping list")


def writer(file, label, count):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.report_writer", str(file), label, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_two_processes_write_at_once(file):
    both = [writer(file, label, 60) for label in ("one", "two")]
    said = [process.communicate(timeout=300)[0].splitlines()[1:] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    kept = [f"{row['id']} {row['note']}" for row in rows_of(file)]
    assert sorted(kept) == sorted(said[0] + said[1])
    assert len(kept) == 120


def test_the_file_is_made_once_by_many_at_once(tmp_path):
    def first(path, gate):
        gate.wait()
        return Records(path).add(Report("s1", "v1", "closed", "", "zh"))

    for turn in range(20):
        path, gate = tmp_path / str(turn) / "reports.sqlite", Barrier(6)
        with ThreadPoolExecutor(6) as pool:
            ids = list(pool.map(first, [path] * 6, [gate] * 6))
        assert sorted(ids) == sorted(row["id"] for row in rows_of(path))


@pytest.mark.slow
def test_fault_20_a_kill_loses_nothing_that_was_acknowledged(file):
    """The writer is killed in the middle of its work, again and again, at varying points."""
    acknowledged = []
    for turn in range(12):
        process = writer(file, f"turn{turn}", 100_000)
        assert process.stdout.readline() == "ready\n"
        lines = range(1 + 7 * turn % 23)
        acknowledged += [process.stdout.readline().strip() for _ in lines]
        process.kill()
        rest = process.communicate(timeout=300)[0]
        acknowledged += [line for line in rest.split("\n")[:-1] if line]
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    kept = {f"{row['id']} {row['note']}" for row in rows_of(file)}
    assert set(acknowledged) <= kept
    assert len(kept) - len(set(acknowledged)) <= 12, "at most the one being written at each kill"


# --- the queue ----------------------------------------------------------------------------------


def test_the_queue_is_listed_newest_first(client, file, demo_dataset, tmp_path, run):
    send(client, note="=1+1")
    send(client, problem="gone", note="没了")
    name = service_of(client).index.stations["name"].iloc[0]
    status, out, _ = run("reports", "--records", file, "--data", demo_dataset)
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 3)
    assert "2 reports" in lines[0]
    assert all(words in lines[1] for words in ("gone", "没了", name))
    assert "locked" in lines[2]
    status, out, _ = run("reports", "--records", file, "--json")
    found = json.loads(out)
    assert (found["count"], found["reports"][0]["note"]) == (2, "没了")
    assert found["reports"][0]["station_name"] == ""
    run("reports", "--records", file, "--data", demo_dataset, "--out", tmp_path / "q.csv")
    rows = list(csv.DictReader((tmp_path / "q.csv").read_text("utf-8-sig").splitlines()))
    assert [row["note"] for row in rows] == ["没了", "'=1+1"]
    assert {row["station_name"] for row in rows} == {name}
    run("reports", "--records", file, "--out", tmp_path / "q.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "q.xlsx").active
    assert [cell.value for cell in sheet[1]][:2] == ["id", "received_at"]
    assert sheet.max_row == 3


def test_an_empty_queue_and_wrong_files(file, run, tmp_path):
    status, out, _ = run("reports", "--records", file)
    assert (status, "no reports" in out) == (0, True)
    status, _, err = run("reports", "--records", file, "--backup", tmp_path / "x")
    assert (status, "no reports yet" in err) == (1, True)
    (tmp_path / "list").write_text("a shopping list\n" * 300)
    status, _, err = run("reports", "--records", tmp_path / "list")
    assert (status, "damaged" in err or "no file of records" in err) == (1, True)
    Records(file).add(Report("s", "v", "closed", "", "zh"))
    (tmp_path / "x").write_text("")
    status, _, err = run("reports", "--records", file, "--backup", tmp_path / "x")
    assert (status, "is there already" in err) == (1, True)

"""Jobs: a real runner process, killed, doubled, cancelled; FAULTS row 49."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from geodata import bundle
from tests.test_api_privacy import hunt, places_of_the_canary, telling, traces_of
from tests.test_full_disk import no_file_longer_than
from tests.webtools import new_client, problem_of
from web import jobs_runner
from web.errors import UnknownJobError
from web.job_files import is_locked, locked
from web.jobs import Desk, Job, all_jobs, job_of, put, run_all, start_runner
from web.jobs_runner import work
from web.settings import Settings

PLAN = "/api/v1/plan"
#: An honest plan of the demo city that takes a second or two.
QUESTION = {"sites": 2, "mode": "walk", "minutes": 5, "time_limit_seconds": 20.0}

#: Works on the jobs of a folder as the runner does, but tells the test when it has begun one, and
#: then waits for a line: so the test kills it in the middle, without sleeping.
HELD = """
import sys
from pathlib import Path
from web.jobs import run_all

def work(job):
    job.begin()
    print(job.id, flush=True)
    if not sys.stdin.readline():
        return
    job.finish(b'{"by": "%d"}' % len(job.attempts))

run_all(Path(sys.argv[1]), work)
print("left", flush=True)
"""


@pytest.fixture
def held_runner(tmp_path):
    """Start runners that wait for a line in the middle of their work."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", HELD, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def settings_of(folder: Path, data: Path | None = None, **more) -> Settings:
    return Settings(data=data, jobs=folder, **more)


def waiting(folder: Path, count: int = 1, **more) -> list[Job]:
    return [put(folder, "plan", QUESTION, settings_of(folder, **more)) for _ in range(count)]


def finished(desk: Desk, code: str) -> dict:
    """The answer of a job once its runner has ended."""
    desk.find(code)
    while not desk.find(code).final:
        desk._runner.wait(600)
    return desk.find(code).answer()


def test_fault_49_a_killed_runner_loses_nothing_and_the_job_is_done_once(tmp_path, held_runner):
    (job,) = waiting(tmp_path)
    for number in range(20):
        runner = held_runner()
        assert runner.stdout.readline().strip() == job.id
        assert job.state == "running"
        assert len(job.attempts) == number + 1
        os.kill(runner.pid, signal.SIGKILL)
        runner.wait()
        assert job.state == "queued"  # neither lost nor running for ever
        assert not is_locked(job.lock)
    runner = held_runner()
    runner.stdout.readline()
    runner.stdin.write("go\n")
    runner.stdin.flush()
    assert runner.stdout.readline().strip() == "left"
    assert job.state == "done"
    assert job.answer()["result"] == {"by": "21"}


def test_fault_49_two_schedulers_start_one_job_once(tmp_path, held_runner):
    (job,) = waiting(tmp_path)
    first = held_runner()
    assert first.stdout.readline().strip() == job.id
    others = [held_runner() for _ in range(3)]
    for other in others:  # they see that somebody works, and leave
        assert other.stdout.readline().strip() == "left"
    assert len(job.attempts) == 1
    first.stdin.write("go\n")
    first.stdin.flush()
    assert first.stdout.readline().strip() == "left"
    assert job.state == "done"
    assert len(job.attempts) == 1


def test_fault_49_many_threads_at_once_do_every_job_once(tmp_path):
    jobs = waiting(tmp_path, 12)
    done, lock = [], threading.Lock()

    def note(job):
        with lock:
            done.append(job.id)
        job.finish(b"{}")

    threads = [threading.Thread(target=run_all, args=(tmp_path, note)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(job.id for job in jobs)
    assert done == [job.id for job in all_jobs(tmp_path)]  # the oldest first


def test_jobs_stand_in_the_order_in_which_they_were_put(tmp_path):
    """However coarse the clock of the file system is."""
    jobs = waiting(tmp_path, 12)
    assert [job.id for job in all_jobs(tmp_path)] == [job.id for job in jobs]


def test_who_only_looks_takes_no_turn_from_a_runner(tmp_path):
    slot, over = tmp_path / "runner.sqlite", threading.Event()

    def look():
        while not over.is_set():
            is_locked(slot)

    looking = threading.Thread(target=look)
    looking.start()
    begun = []
    try:
        for _ in range(30):
            (job,) = waiting(tmp_path)
            run_all(tmp_path, lambda job: (begun.append(job.id), job.finish(b"{}")))
            assert job.id in begun
            shutil.rmtree(job.folder)
    finally:
        over.set()
        looking.join()


def test_a_job_that_breaks_its_process_again_and_again_is_failed(tmp_path):
    (job,) = waiting(tmp_path, jobs_attempts=2)
    job.begin()
    job.begin()
    with locked(job.lock) as mine:
        assert mine
        work(job)
    answer = job.answer()
    assert answer["state"] == "failed"
    assert answer["error"]["code"] == "job_broken"
    assert "2 times" in answer["error"]["detail"]


def test_a_lock_is_held_by_one(tmp_path):
    file = tmp_path / "lock.sqlite"
    assert not is_locked(file)
    with locked(file) as mine, locked(file) as theirs:
        assert mine
        assert not theirs
        assert is_locked(file)
    assert not is_locked(file)


def test_a_job_is_there_whole_or_not_at_all(tmp_path):
    (job,) = waiting(tmp_path)
    (tmp_path / ".0123456789abcdef").mkdir()  # what is left of a process that died while putting
    (tmp_path / "0123456789abcdef").mkdir()
    assert [each.id for each in all_jobs(tmp_path)] == [job.id]
    assert "planner_token" not in json.loads((job.folder / "job.json").read_text())["settings"]
    assert oct(job.folder.stat().st_mode)[-3:] == "700" or os.name == "nt"


def test_a_folder_of_jobs_that_cannot_be_read_keeps_no_server_from_starting(demo_dataset, tmp_path):
    with new_client(demo_dataset, jobs=tmp_path / ("x" * 300), access_log=False) as client:
        assert client.get("/readyz").status_code == 200
        assert problem_of(client.post(PLAN, json=QUESTION), 503)["code"] == "jobs_unusable"


def test_a_cancelled_job_is_never_begun(tmp_path):
    one, two = waiting(tmp_path, 2)
    one.cancel()
    seen = []
    run_all(tmp_path, lambda job: (seen.append(job.id), job.finish(b"{}")))
    assert seen == [two.id]
    assert one.state == "cancelled"
    two.cancel()
    assert two.state == "done"  # what has ended stays as it is


@pytest.fixture
def client(demo_dataset, tmp_path):
    made = new_client(demo_dataset, jobs=tmp_path / "jobs", jobs_waiting=2, plan_candidates=3)
    yield made
    desk = getattr(made.app.state, "desk", None)
    if desk is not None:
        desk.close()


def test_a_plan_over_http_from_question_to_files(client):
    answer = client.post(PLAN, json=QUESTION)
    assert answer.status_code == 202
    where = answer.headers["location"]
    assert where == f"/api/v1/jobs/{answer.json()['id']}"
    done = finished(client.app.state.desk, answer.json()["id"])
    assert done["state"] == "done", done["error"]
    shown = client.get(where)
    assert shown.headers["cache-control"] == "no-store"
    assert shown.json() == done
    result = done["result"]
    assert result["objective_name"] == "coverage"
    assert 0 < len(result["chosen"]) <= 2
    assert [site["order"] for site in result["chosen"]] == list(range(1, len(result["chosen"]) + 1))
    assert result["gap"] == pytest.approx(
        abs(result["bound"] - result["objective"]) / abs(result["bound"])
    )
    assert result["people"] == "from cells"
    people = [result["objective"], result["bound"]]
    people += [site[name] for site in result["chosen"] for name in ("gain_homes", "gain_workers")]
    assert all(value % 5 == 0 for value in people)
    assert client.get(f"{where}/plan.geojson").json()["type"] == "FeatureCollection"
    assert client.get(f"{where}/plan.xlsx").content.startswith(b"PK")
    assert b"<html" in client.get(f"{where}/plan.html").content
    problem_of(client.get(f"{where}/plan.exe"), 422)
    # it stays: another server finds it
    assert job_of(client.app.state.settings.jobs, done["id"]).answer() == done


def test_the_queue_is_bounded_and_a_delete_cancels(client):
    with locked_slot(client):
        first = client.post(PLAN, json=QUESTION).headers["location"]
        client.post(PLAN, json=QUESTION)
        refused = client.post(PLAN, json=QUESTION)
        assert problem_of(refused, 503)["code"] == "overloaded"
        assert int(refused.headers["retry-after"]) > 0
        assert client.delete(first).json()["state"] == "cancelled"
        assert client.get(first).json()["state"] == "cancelled"
        assert client.post(PLAN, json=QUESTION).status_code == 202


def locked_slot(client):
    """Keep runners away, as another server's would."""
    folder = client.app.state.settings.jobs
    folder.mkdir(parents=True, exist_ok=True)
    return locked(folder / "runner.sqlite")


def test_a_running_job_is_stopped_by_a_delete(client, tmp_path):
    folder = tmp_path / "jobs"
    (job,) = waiting(folder, data=client.app.state.settings.data)
    desk = Desk(settings_of(folder))
    desk._runner = start_runner(folder)
    try:
        while not job.attempts and desk._runner.poll() is None:
            pass
        desk.cancel(job.id)
        assert desk._runner is None or desk._runner.poll() is not None or not is_locked(job.lock)
        assert job.state == "cancelled"
        assert not (job.folder / "result.json").exists()
    finally:
        desk.close()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "body_not_json"),
        ('{"sites": 0}', 422, "out_of_range"),
        ('{"sites": 1, "budget_yuan": 1}', 422, "contradiction"),
        ('{"objective_name": "best", "sites": 1}', 422, "not_in_list"),
        ('{"sites": 1, "region": "nowhere"}', 404, "unknown_region"),
        ('{"sites": 1, "need": ["sauna"]}', 422, "not_in_list"),
        ('{"sites": 1, "candidates": []}', 422, "invalid_value"),
        ('{"sites": 1, "candidates": [{"lon": 115.9}]}', 422, "out_of_range"),
        ('{"sites": 1, "candidates": [{"action": "extend", "station": "x"}]}', 422,
         "unknown_station"),
        ('{"sites": 1, "candidates": [{"lon": 115.9, "lat": 28.7, "opening_hours": "soon"}]}', 422,
         "bad_hours"),
        ('{"sites": 1, "candidates": [{"lon": 115.9, "lat": 28.7, "cost_yuan": 0.001}]}', 422,
         "invalid_value"),
        ('{"sites": 1, "candidates": [{"lon": 115.9, "lat": 28.7, "facilities": ["sauna"]}]}', 422,
         "unknown_code"),
        ('{"sites": 1, "candidates": [{"lon": 2.3, "lat": 48.9}]}', 422, "outside_data"),
        ('{"sites": 1, "candidates": [{"lon": 28.7, "lat": 75.9}]}', 422, "out_of_range"),
        ('{"sites": 1, "mosts": {"weights": {"union": 1}}}', 422, "bad_mosts"),
        ('{"sites": 1, "count": "person_hours", "at": "now"}', 422, "contradiction"),
        ('{"sites": 1, "count": "person_hours", "week": "2026-13-1"}', 422, "invalid_value"),
        ('{"sites": 1, "group": "pilots"}', 422, "unknown_word"),
        (json.dumps({"sites": 1, "candidates": [{"lon": 1.0, "lat": 1.0}] * 4}), 422,
         "over_limit"),
        ('{"sites": 1, "time_limit_seconds": 1e9}', 422, "out_of_range"),
        ('{"sites": 1, "at": null, "budget_yuan": null, "candidates": "auto", "colour": 1}', 422,
         "unknown_parameter"),
    ],
)  # fmt: skip
def test_questions_that_are_wrong_are_refused_before_they_become_jobs(client, body, status, code):
    found = problem_of(client.post(PLAN, content=body), status)
    assert found["code"] == code
    assert all(error["where"] and error["what"] for error in found["errors"])
    assert all_jobs(client.app.state.settings.jobs) == []


def test_jobs_that_do_not_exist(client):
    for code in ("0123456789abcdef", "..%2f..", "x", "0" * 64):
        assert problem_of(client.get(f"/api/v1/jobs/{code}"), 404)["status"] == 404
        assert client.delete(f"/api/v1/jobs/{code}").status_code == 404


def ended(tmp_path, result=b"{}"):
    """A job that is done."""
    (job,) = waiting(tmp_path)
    job.begin()
    job.finish(result)
    return job


@pytest.mark.parametrize("content", [b"", b"\x00garbage{", b"[1]", b"{"])
@pytest.mark.parametrize("name", ["job.json", "result.json"])
def test_a_damaged_job_is_told_as_such(client, name, content):
    job = ended(client.app.state.settings.jobs)
    (job.folder / name).write_bytes(content)
    for address in (f"/api/v1/jobs/{job.id}", f"/api/v1/jobs/{job.id}/plan.csv"):
        found = problem_of(client.get(address), 503)
        assert found["code"] == "job_damaged"
        assert name in found["detail"]
    assert problem_of(client.delete(f"/api/v1/jobs/{job.id}"), 503)["code"] == "job_damaged"
    assert client.post(PLAN, json=QUESTION).status_code == 202, "others go on"


@pytest.mark.parametrize("content", [b"{}", b'{"kind": "plan"}', b'{"kind": 1, "created": []}'])
def test_a_job_without_what_every_job_has_is_damaged(client, content):
    job = ended(client.app.state.settings.jobs)
    address = f"/api/v1/jobs/{job.id}"
    assert client.get(address).json()["result"] == {}
    for ending in ("csv", "xlsx", "geojson", "html"):
        found = problem_of(client.get(f"{address}/plan.{ending}"), 503)
        assert (found["code"], "result.json" in found["detail"]) == ("job_damaged", True)
    (job.folder / "job.json").write_bytes(content)
    for found in (client.get(address), client.delete(address)):
        told = problem_of(found, 503)
        assert (told["code"], "job.json" in told["detail"]) == ("job_damaged", True)
    assert client.post(PLAN, json=QUESTION).status_code == 202, "others go on"


@pytest.mark.parametrize("name", ["progress.json", "attempts", "lock.sqlite"])
def test_damage_that_loses_nothing_is_passed_over(client, name):
    job = ended(client.app.state.settings.jobs)
    (job.folder / name).write_bytes(b"\xff\x00garbage{" * 100)
    found = client.get(f"/api/v1/jobs/{job.id}")
    assert found.status_code == 200
    assert found.json()["state"] == "done"


def test_a_damaged_lock_keeps_nobody_from_working(tmp_path):
    (job,) = waiting(tmp_path)
    for lock in (job.lock, tmp_path / "runner.sqlite"):
        lock.write_bytes(b"garbage" * 1000)
    assert not is_locked(job.lock)
    run_all(tmp_path, lambda job: job.finish(b"{}"))
    assert job.state == "done"
    with locked(job.lock) as mine, locked(job.lock) as again:
        assert (mine, again) == (True, False)


def test_a_job_that_cannot_be_read_stands_in_nobodys_way(tmp_path):
    bad, good = waiting(tmp_path, 2, jobs_attempts=1)
    (bad.folder / "job.json").write_bytes(b"{")
    good.begin()  # so its work is to fail it
    run_all(tmp_path, work)
    assert (bad.state, good.state) == ("failed", "failed")


def test_a_folder_of_jobs_that_cannot_be_used_is_said(demo_dataset, tmp_path):
    file = tmp_path / "jobs"
    file.write_text("no folder", encoding="utf-8")
    client = new_client(demo_dataset, jobs=file, access_log=False)
    found = problem_of(client.post(PLAN, json=QUESTION), 503)
    assert found["code"] == "jobs_unusable"
    assert "LOCATOR_JOBS" in found["detail"]
    file.unlink()
    assert client.post(PLAN, json=QUESTION).status_code == 202, "as soon as it can be"
    client.app.state.desk.close()


def test_a_disk_without_room(client, tmp_path):
    folder = client.app.state.settings.jobs
    with no_file_longer_than(64):
        assert problem_of(client.post(PLAN, json=QUESTION), 507)["code"] == "records_full"
    assert not [path for path in folder.iterdir() if path.is_dir()], "nothing is left behind"
    (job,) = waiting(tmp_path / "other")
    with no_file_longer_than(64):
        job.tell(0.5, "solve")
        with pytest.raises(OSError, match="File too large"):
            job.finish(b"x" * 1000)
    assert job.state == "queued"
    job.finish(b"{}")
    assert job.state == "done"


def test_old_results_make_room(tmp_path):
    desk = Desk(settings_of(tmp_path, jobs_kept=2))
    for job in waiting(tmp_path, 4):
        job.finish(b"{}")
    with locked(tmp_path / "runner.sqlite"):
        new = desk.submit("plan", QUESTION)
        desk.close()
    assert new.id in {job.id for job in all_jobs(tmp_path)}
    assert sum(bool(job.final) for job in all_jobs(tmp_path)) == 1


def test_planners_only_beyond_loopback(demo_dataset, tmp_path):
    bound = {"host": "0.0.0.0", "planner_token": "secret"}  # noqa: S104  nothing is bound here
    open_to_the_world = new_client(demo_dataset, jobs=tmp_path, **bound)
    problem_of(open_to_the_world.post(PLAN, json=QUESTION), 401)
    problem_of(open_to_the_world.get("/api/v1/jobs/0123456789abcdef"), 401)
    problem_of(open_to_the_world.delete("/api/v1/jobs/0123456789abcdef"), 401)
    known = {"Authorization": "Bearer secret"}
    found = open_to_the_world.get("/api/v1/jobs/0123456789abcdef", headers=known)
    problem_of(found, 404)


def test_fault_46_no_trace_of_a_home_in_a_job_its_folder_and_its_files(canary_dataset, tmp_path):
    traces = traces_of(places_of_the_canary(canary_dataset), telling(canary_dataset))
    client = new_client(canary_dataset, jobs=tmp_path / "jobs", access_log=False)
    asked = {**QUESTION, "sites": 5, "mosts": {"weights": {"need": 1.0}}}
    taken = client.post(PLAN, json=asked)
    done = finished(client.app.state.desk, taken.json()["id"])
    client.app.state.desk.close()
    assert done["state"] == "done", done["error"]
    assert done["result"]["people"] == "from cells"
    where = taken.headers["location"]
    hunt(traces, client.get(where).content, "job")
    for ending in ("geojson", "csv", "html"):
        hunt(traces, client.get(f"{where}/plan.{ending}").content, ending)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(done["id"] in str(path) for path in files)
    for path in files:
        hunt(traces, path.read_bytes(), path.name)


def test_a_job_is_answered_from_the_dataset_as_it_is_when_it_begins(demo_dataset, tmp_path):
    """`prepare` may replace the folder while the process works on the job before."""
    data = bundle.open_dataset(demo_dataset, private=False, modes=["walk"])
    bundle.save(data, tmp_path / "town")
    settings = Settings(data=tmp_path / "town").model_dump_json()
    first = jobs_runner._service(settings)
    assert jobs_runner._service(settings) is first
    bundle.save(replace(data, manifest={**data.manifest, "name": "new"}), tmp_path / "town")
    assert jobs_runner._service(settings).name["name"] == "new"


def test_a_job_that_has_made_room_meanwhile_is_unknown_and_not_wanted(tmp_path):
    (job,) = waiting(tmp_path)
    found = job_of(tmp_path, job.id)
    assert not found.is_cancelled
    shutil.rmtree(found.folder)
    assert found.is_cancelled
    with pytest.raises(UnknownJobError, match="kept for a while"):
        found.answer()

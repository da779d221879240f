"""Long work with progress, cancel and a result that stays: one folder a job, one process at a time.

A job is a folder below the setting ``jobs``; its state is what lies in it. Work is done by
`web.jobs_runner` in a process of its own, so that workers' questions stay quick. Who works on a job
holds a lock that the operating system takes back when the process dies, however it dies: a job that
lies there without a result and without a lock is begun again, at most ``jobs_attempts`` times, and
two runners never do the same job at once (`web.job_files`). No state or result needs a clock.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.job_files import is_locked, locked, said, write_whole

if TYPE_CHECKING:
    from geodata.errors import RecordsError
    from web.settings import Settings

#: States of a job; those after ``running`` are final.
STATES = ("queued", "running", "done", "cancelled", "failed")

_JOB, _RESULT, _FAILED, _CANCELLED = "job.json", "result.json", "failed.json", "cancelled"
_PROGRESS, _ATTEMPTS, _LOCK, _SLOT = "progress.json", "attempts", "lock.sqlite", "runner.sqlite"
_ID = re.compile("[0-9a-f]{16}")
_CLAIM_SECONDS = 1.0
#: Who only looks whether a lock is held (`is_locked`) is in the way for less than this.
_LOOK_SECONDS = 0.25
_STOP_SECONDS = 10.0
_NO_JOB = "there is no such job; results are kept for a while only"
_SECRETS = ("LOCATOR_PLANNER_TOKEN",)


@dataclass(frozen=True)
class Job:
    """One job: its folder, and what lies in it.

    Attributes
    ----------
    folder : Path
        Below the setting ``jobs``.
    """

    folder: Path

    @property
    def id(self) -> str:
        """Return the job's id."""
        return self.folder.name

    @property
    def lock(self) -> Path:
        """Return the file whose lock is held by who works on the job."""
        return self.folder / _LOCK

    @property
    def about(self) -> dict[str, Any]:
        """Return what was asked: ``kind``, ``question``, ``settings``, ``created``."""
        return self._read(_JOB) or {}

    @property
    def attempts(self) -> list[int]:
        """Return the processes that began the job, one an attempt."""
        try:
            lines = (self.folder / _ATTEMPTS).read_text("ascii", "replace").split()
        except FileNotFoundError:
            return []
        return [int(line) if line.isdigit() else 0 for line in lines]

    @property
    def is_cancelled(self) -> bool:
        """Return whether nobody wants the job any more; one whose folder has gone is not wanted."""
        return (self.folder / _CANCELLED).exists() or not self.folder.exists()

    @property
    def final(self) -> str:
        """Return the final state, ``""`` where there is none yet."""
        for name, state in ((_CANCELLED, "cancelled"), (_RESULT, "done"), (_FAILED, "failed")):
            if (self.folder / name).exists():
                return state
        return ""

    @property
    def state(self) -> str:
        """Return the state, one of `STATES`."""
        ended = self.final
        if ended:
            return ended
        busy = is_locked(self.lock)  # before the next look at what is there: it may end meanwhile
        return self.final or ("running" if busy else "queued")

    def begin(self) -> int:
        """Note that this process begins the job; its lock must be held.

        Returns
        -------
        int
            Which attempt this is, from 1.
        """
        with (self.folder / _ATTEMPTS).open("ab") as stream:
            stream.write(f"{os.getpid()}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
        return len(self.attempts)

    def tell(self, share: float, stage: str) -> None:
        """Note how far the work is.

        Parameters
        ----------
        share : float
            Share done.
        stage : str
            What is being done.
        """
        file = self.folder / _PROGRESS
        beside = file.with_name(f"{_PROGRESS}.{os.getpid()}.part")
        with suppress(OSError):  # no room to say so is no reason to end the work
            beside.write_bytes(json.dumps({"progress": round(share, 4), "stage": stage}).encode())
            beside.replace(file)

    def finish(self, result: bytes) -> None:
        """Keep the result; the job's lock must be held.

        Parameters
        ----------
        result : bytes
            JSON.
        """
        write_whole(self.folder / _RESULT, result)

    def fail(self, problem: Mapping[str, Any]) -> None:
        """Mark the job as failed; its lock must be held.

        Parameters
        ----------
        problem : mapping
            Problem details.
        """
        write_whole(self.folder / _FAILED, json.dumps(problem).encode())

    def cancel(self) -> None:
        """Mark the job as not wanted; nothing happens to one that has ended."""
        if not self.final:
            (self.folder / _CANCELLED).touch()

    def _read(self, name: str) -> dict[str, Any] | None:
        """Return a JSON file of the job, None where there is none; refuse a damaged one."""
        try:
            found = json.loads((self.folder / name).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self.damaged(name)
        return found

    def damaged(self, name: str = _RESULT) -> "RecordsError":
        """Return the refusal of a job of which a file is damaged.

        Parameters
        ----------
        name : str, optional
            The file; that of the result by default.

        Returns
        -------
        RecordsError
            ``job_damaged``.
        """
        from geodata.errors import RecordsError  # noqa: PLC0415  a runner starts without it

        return RecordsError(
            f"the job is damaged ({name}); ask again, and delete its folder {self.id}",
            code="job_damaged",
        )

    def _told(self) -> dict[str, Any]:
        """Return how far the work is, as far as that can be read."""
        from geodata.errors import RecordsError  # noqa: PLC0415  a runner starts without it

        try:
            return self._read(_PROGRESS) or {}
        except RecordsError:
            return {}

    def answer(self) -> dict[str, Any]:
        """Return how the job stands, as the interface has it.

        Returns
        -------
        dict
            ``result`` when done, ``error`` when failed.

        Raises
        ------
        RecordsError
            If a file of it is damaged, or cannot be read.
        UnknownJobError
            If it has made room for later ones meanwhile.
        """
        with said():
            return self._answer()

    def _answer(self) -> dict[str, Any]:
        """Return how the job stands."""
        from web.errors import UnknownJobError  # noqa: PLC0415  a runner starts without it

        about, told = self.about, self._told()
        if not about and not (self.folder / _JOB).exists():
            raise UnknownJobError(_NO_JOB)
        if not all(isinstance(about.get(name), str) for name in ("kind", "created")):
            raise self.damaged(_JOB)
        state = self.state
        done = state == "done"
        return {
            "id": self.id,
            "kind": about["kind"],
            "state": state,
            "progress": 1.0 if done else told.get("progress", 0.0),
            "stage": "done" if done else told.get("stage", ""),
            "created": about["created"],
            "attempts": len(self.attempts),
            "result": self._read(_RESULT) if done else None,
            "error": self._read(_FAILED) if state == "failed" else None,
        }


def job_of(folder: Path, code: str) -> Job:
    """Return a job by its id.

    Parameters
    ----------
    folder : path
        The setting ``jobs``.
    code : str
        What somebody sent.

    Returns
    -------
    Job
        It exists.

    Raises
    ------
    UnknownJobError
        If there is none.
    """
    from web.errors import UnknownJobError  # noqa: PLC0415  a runner starts without it

    if not _ID.fullmatch(code) or not (folder / code / _JOB).is_file():
        raise UnknownJobError(_NO_JOB)
    return Job(folder / code)


def all_jobs(folder: Path) -> list[Job]:
    """Return all jobs, the oldest first.

    Parameters
    ----------
    folder : path
        The setting ``jobs``; may not exist.

    Returns
    -------
    list of Job
        By the time at which they were made.
    """
    found = []
    for each in folder.glob("*/" + _JOB):
        with suppress(FileNotFoundError):
            if _ID.fullmatch(each.parent.name):
                found.append((each.stat().st_mtime_ns, each.parent.name))
    return [Job(folder / name) for _, name in sorted(found)]


def put(folder: Path, kind: str, question: Mapping[str, Any], settings: "Settings") -> Job:
    """Put a job into the queue.

    Parameters
    ----------
    folder : path
        Of all jobs; made if need be.
    kind : str
        What is to be done.
    question : mapping
        JSON values.
    settings : Settings
        What the runner works with; the planners' token is left out.

    Returns
    -------
    Job
        Queued; there whole, or not at all.
    """
    code = secrets.token_hex(8)
    beside = folder / f".{code}"
    about = {
        "kind": kind,
        "question": dict(question),
        "settings": settings.model_dump(mode="json", exclude={"planner_token"}),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    beside.mkdir(parents=True, mode=0o700)
    try:
        write_whole(beside / _JOB, json.dumps(about).encode())
        now = time.time_ns()  # the clock of a file system is coarse: some would have one time
        os.utime(beside / _JOB, ns=(now, now))
        beside.replace(folder / code)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return Job(folder / code)


class Desk:
    """Takes jobs in and sees to it that a runner works on them.

    Parameters
    ----------
    settings : Settings
        ``jobs`` and its limits.
    """

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._runner: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Return the folder of all jobs."""
        return self._settings.jobs

    def submit(self, kind: str, question: Mapping[str, Any]) -> Job:
        """Put a job into the queue.

        Parameters
        ----------
        kind : str
            What is to be done.
        question : mapping
            JSON values.

        Returns
        -------
        Job
            Queued.

        Raises
        ------
        BusyError
            If too many wait already.
        RecordsError
            If it cannot be kept.
        """
        from web.errors import BusyError  # noqa: PLC0415  a runner starts without it

        with self._lock, said():
            jobs = all_jobs(self.folder)
            waiting = [job for job in jobs if not job.final]
            if len(waiting) >= self._settings.jobs_waiting:
                raise BusyError(
                    f"{len(waiting)} jobs wait already, at most {self._settings.jobs_waiting} may"
                )
            finished = [job for job in jobs if job.final]
            for old in finished[: max(len(finished) + 1 - self._settings.jobs_kept, 0)]:
                shutil.rmtree(old.folder, ignore_errors=True)
            job = put(self.folder, kind, question, self._settings)
        self.see_to_it()
        return job

    def see_to_it(self) -> None:
        """Start a runner if jobs wait and none of ours is at work; cheap, and asked often."""
        with self._lock, said():
            if self._runner is not None and self._runner.poll() is None:
                return
            if is_locked(self.folder / _SLOT):  # another server's is at work
                return
            if any(not job.final for job in all_jobs(self.folder)):
                self._runner = start_runner(self.folder)

    def find(self, code: str) -> Job:
        """Return a job; one that nobody works on is seen to.

        Parameters
        ----------
        code : str
            Its id.

        Returns
        -------
        Job
            It exists.
        """
        job = job_of(self.folder, code)
        if not job.final:
            self.see_to_it()
        return job

    def cancel(self, code: str) -> Job:
        """Cancel a job: one that waits is never begun, one that runs is stopped.

        Parameters
        ----------
        code : str
            Its id.

        Returns
        -------
        Job
            It exists; one that has ended stays as it is.

        Raises
        ------
        RecordsError
            If that cannot be written down.
        """
        job = job_of(self.folder, code)
        with said():
            job.cancel()
        with self._lock, said():
            runner = self._runner
            ours = runner is not None and job.attempts[-1:] == [runner.pid]
            if runner is not None and ours and is_locked(job.lock):
                _stop(runner)
        self.see_to_it()
        return job

    def close(self) -> None:
        """Stop our runner; what it was doing is begun again by the next."""
        with self._lock:
            if self._runner is not None:
                _stop(self._runner)


def _stop(runner: "subprocess.Popen[bytes]") -> None:
    """Stop a runner that we started."""
    runner.terminate()
    try:
        runner.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        runner.kill()
        runner.wait()


def start_runner(folder: Path) -> "subprocess.Popen[bytes]":
    """Start a process that works on the jobs of a folder until none waits.

    Parameters
    ----------
    folder : path
        Of all jobs.

    Returns
    -------
    Popen
        It ends by itself.
    """
    env = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    return subprocess.Popen(  # noqa: S603  our own module, no shell
        [sys.executable, "-m", "web.jobs_runner", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=env,
    )


def run_all(folder: Path, work: Any) -> None:
    """Work on the jobs of a folder until none waits, unless somebody else does.

    Parameters
    ----------
    folder : path
        Of all jobs.
    work : callable
        Called with a `Job` whose lock is held; finishes or fails it.
    """
    while True:
        with locked(folder / _SLOT, _LOOK_SECONDS) as mine:
            if not mine:
                return
            while _one(folder, work):
                pass
        # a job may have come between the last look and the end of the lock
        if not any(not job.final and not is_locked(job.lock) for job in all_jobs(folder)):
            return


def _one(folder: Path, work: Any) -> bool:
    """Work on the oldest job that waits; return whether there was one."""
    for job in all_jobs(folder):
        if job.final:
            continue
        with locked(job.lock, _CLAIM_SECONDS) as mine:
            if mine and not job.final:
                work(job)
                return True
    return False

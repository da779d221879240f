"""The process that works on jobs: ``python -m web.jobs_runner FOLDER``; the server starts it."""

import os
import sqlite3
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.job_files import NO_ROOM
from web.jobs import Job, run_all

if TYPE_CHECKING:
    from web.service import Service
    from web.settings import Settings

_NICE = 10
#: Progress is written so often at most (s).
_EVERY_SECONDS = 0.2


@lru_cache(maxsize=1)
def _opened(settings: "Settings", identity: tuple[object, ...]) -> "Service":
    """Open the dataset of a folder, without ``private/``; the last one is kept while it stands."""
    from geodata.bundle import open_dataset  # noqa: PLC0415  heavy: only with a job
    from web.service import Service  # noqa: PLC0415  heavy: only with a job
    from web.state import dataset_folder  # noqa: PLC0415  heavy: only with a job

    del identity  # tells the folder that `prepare` has replaced from the one that was opened
    return Service(open_dataset(dataset_folder(settings), private=False), settings)


def _service(settings: str) -> "Service":
    """Return what answers from the dataset that settings (as JSON) name, as it is now."""
    from geodata.bundle import identity_of  # noqa: PLC0415  heavy: only with a job
    from web.settings import Settings  # noqa: PLC0415  heavy: only with a job
    from web.state import dataset_folder  # noqa: PLC0415  heavy: only with a job

    chosen = Settings.model_validate_json(settings, strict=False)
    return _opened(chosen, identity_of(dataset_folder(chosen)))


class _Teller:
    """Writes progress down now and then; ends the work when the job is cancelled."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._next = 0.0
        self._stage = ""

    def __call__(self, share: float, stage: str) -> None:
        """Tell; raises `CancelledError`."""
        from locator.plan import CancelledError  # noqa: PLC0415  heavy: only with a job

        if self._job.is_cancelled:
            raise CancelledError
        now = time.monotonic()
        if now >= self._next or stage != self._stage:
            self._job.tell(share, stage)
            self._next, self._stage = now + _EVERY_SECONDS, stage


def _plan(job: Job, about: dict[str, Any]) -> bytes:
    """Make a plan."""
    import orjson  # noqa: PLC0415  heavy: only with a job

    from web.plan_answers import make, result_of  # noqa: PLC0415  heavy: only with a job
    from web.plan_schemas import PlanQuestion  # noqa: PLC0415  heavy: only with a job

    question = PlanQuestion.model_validate(about["question"])
    service = _service(orjson.dumps(about["settings"]).decode())
    answer = make(service, question, _Teller(job))
    return orjson.dumps(result_of(service, question, answer))


_KINDS = {"plan": _plan}


def work(job: Job) -> None:
    """Work on one job whose lock is held; finish it, fail it, or leave it where it was cancelled.

    Parameters
    ----------
    job : Job
        Not ended yet.
    """
    attempt = job.begin()
    try:
        about = job.about
        most = about["settings"]["jobs_attempts"]
        if attempt > most:
            job.fail(_problem(500, "job_broken", f"the work ended {most} times before it was done"))
            return
        result = _KINDS[about["kind"]](job, about)
    except Exception as error:  # noqa: BLE001  the last wall: a job fails, the runner goes on
        _fail(job, error)
        return
    if job.is_cancelled:
        return
    try:
        job.finish(result)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        what = "there is no room to keep the result; free some space and ask again"
        job.fail(_problem(507, "records_full", what))


def _fail(job: Job, error: Exception) -> None:
    """Mark a job as failed, with the sentence of an error of ours."""
    from geodata.errors import LocatorError  # noqa: PLC0415  heavy: only with a job
    from locator.plan import CancelledError  # noqa: PLC0415  heavy: only with a job
    from web.errors import new_error_id, status_of  # noqa: PLC0415  heavy: only with a job

    if isinstance(error, CancelledError):
        return
    if isinstance(error, LocatorError):
        faults = [{"where": f.where, "what": f.what, "fix": f.fix} for f in error.faults[:20]]
        job.fail({**_problem(status_of(error), error.code, error.message), "errors": faults})
        return
    code = new_error_id()
    trace, place = error.__traceback__, ""
    while trace is not None:
        place, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
    sys.stderr.write(f"job {job.id} failed, id {code}: {type(error).__name__} at {place}\n")
    found = _problem(500, "internal", "an error that is ours; please report the id")
    job.fail({**found, "id": code})


def _problem(status: int, code: str, detail: str) -> dict[str, Any]:
    """Return problem details as a plain object."""
    from web.errors import title_of  # noqa: PLC0415  heavy: only with a job

    return {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [],
    }


def main() -> None:
    """Work on the jobs of the folder named on the command line."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    try:
        run_all(Path(sys.argv[1]), work)
    except (OSError, sqlite3.Error) as error:
        # what was being done is begun again when somebody asks how it stands
        sys.stderr.write(f"jobs: the folder cannot be written ({error}); mend that\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

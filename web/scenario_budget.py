"""How many what-if questions a planner may ask, and the log of what was asked.

Counts are kept in this process's memory only. The log holds a line of JSON for each question: when,
how the planner was let in, what was asked, and where to about a kilometre; no ids of new stations,
no names, no addresses.
"""

import hashlib
import math
import os
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from web.errors import TooManyError
from web.report_box import network_of
from web.scenario_question import ScenarioQuestion, places_of
from web.settings import Settings

#: Degrees of a position in the log have so many decimals: 0.01 degrees are about a kilometre.
LOG_DIGITS = 2

_NAME = "planner-questions.jsonl"
_MOST_PLACES = 20
_PRIVATE = 0o600


def log_file(settings: Settings) -> Path:
    """Return the file of the log.

    Parameters
    ----------
    settings : Settings
        Names it, or the file of reports beside which it lies.

    Returns
    -------
    Path
        It may not exist yet.
    """
    return settings.scenario_log or settings.records.with_name(_NAME)


class Budget:
    """Counts the questions of planners and writes them down.

    Parameters
    ----------
    settings : Settings
        The limits and the file.
    """

    def __init__(self, settings: Settings) -> None:
        self._file = log_file(settings)
        self._salt = secrets.token_bytes(16)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerSecond(
            settings.scenarios_per_planner, settings.scenarios_window_seconds
        )
        self._lock = threading.Lock()

    def admit(self, how: str, address: str) -> None:
        """Count one more question of a planner, or refuse it.

        Parameters
        ----------
        how : str
            How the planner was let in, as `web.planner_access.planner` says.
        address : str
            Of the caller.

        Raises
        ------
        TooManyError
            If this planner has asked too many.
        """
        who = f"{how} {network_of(address)}".encode()
        key = hashlib.blake2b(who, key=self._salt, digest_size=16).hexdigest()
        if self._limiter.hit(self._limit, key):
            return
        reset, _ = self._limiter.get_window_stats(self._limit, key)
        wait = max(1, math.ceil(reset - time.time()))
        raise TooManyError(
            f"at most {self._limit.amount} what-if questions in a while "
            "(limit scenarios_per_planner)",
            wait,
        )

    def write(self, how: str, question: ScenarioQuestion) -> None:
        """Write a question into the log.

        Parameters
        ----------
        how : str
            How the planner was let in.
        question : ScenarioQuestion
            What was asked.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        line = orjson.dumps(entry_of(how, question), option=orjson.OPT_APPEND_NEWLINE)
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            number = os.open(self._file, flags, _PRIVATE)
            try:
                os.write(number, line)
            finally:
                os.close(number)


def entry_of(how: str, question: ScenarioQuestion) -> dict[str, Any]:
    """Return the line of a question.

    Parameters
    ----------
    how : str
        How the planner was let in.
    question : ScenarioQuestion
        What was asked.

    Returns
    -------
    dict
        Positions to ``LOG_DIGITS`` decimals of a degree.
    """
    places = [(place.lon, place.lat) for place in places_of(question)]
    asked = question.model_dump(include={"mode", "minutes", "at", "need", "region"})
    counts = {
        name: len(getattr(question, name)) for name in ("add", "remove", "hours", "equip", "move")
    }
    return {
        "asked_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "planner": how,
        **asked,
        "changes": {name: count for name, count in counts.items() if count},
        "near": _coarse(places),
    }


def _coarse(places: Sequence[tuple[float, float]]) -> list[list[float]]:
    """Return the first places to about a kilometre, each once."""
    rounded = ((round(lon, LOG_DIGITS), round(lat, LOG_DIGITS)) for lon, lat in places)
    return [list(place) for place in dict.fromkeys(rounded)][:_MOST_PLACES]

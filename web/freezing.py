"""Answers that stand still: a folder of them, bounded in number and bytes.

Several processes may use one folder: a file is written beside its place and moved there, and no
file is ever changed. What was opened again on a later day has proved to stand in an article and is
never let go; of what has not, the oldest goes when the folder is full.
"""

import contextlib
import hashlib
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from web.embed_question import FACTS, query_of
from web.schemas import CoverageQuestion

_KEPT, _FRESH = ".frozen", ".fresh"
_KEY = re.compile("[0-9a-f]{64}")
_PROOF_SECONDS = 86_400.0
_LEFT_OVER_SECONDS = 3_600.0


def frozen_key(version: str, question: CoverageQuestion) -> str:
    """Return the name under which an answer stands still.

    Parameters
    ----------
    version : str
        Of the dataset: a hash of its contents, so that its name need not count.
    question : CoverageQuestion
        Any; how it is shown does not count, nor the order of its lists, nor what is at its default.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(f"{version}?{query_of(question, FACTS)}".encode()).hexdigest()


@dataclass(frozen=True)
class FrozenFolder:
    """A folder of answers that stand still.

    Attributes
    ----------
    folder : Path
        Made when something is put there.
    most : int
        Most answers.
    most_bytes : int
        Most bytes together.
    """

    folder: Path
    most: int
    most_bytes: int

    def get(self, key: str) -> bytes | None:
        """Return an answer, None where it was never frozen.

        Parameters
        ----------
        key : str
            From `frozen_key`.

        Returns
        -------
        bytes or None
            As it was put.
        """
        for ending in (_KEPT, _FRESH, _KEPT):  # it may be moved between two looks
            with contextlib.suppress(OSError):
                return self._path(key, ending).read_bytes()
        return None

    def used(self, key: str) -> None:
        """Keep for good what is opened on a later day than it was frozen on.

        Parameters
        ----------
        key : str
            From `frozen_key`.
        """
        path = self._path(key, _FRESH)
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _PROOF_SECONDS:
                path.replace(path.with_suffix(_KEPT))

    def drop(self, key: str) -> None:
        """Let an answer go.

        Parameters
        ----------
        key : str
            From `frozen_key`.
        """
        for ending in (_KEPT, _FRESH):
            with contextlib.suppress(OSError):
                self._path(key, ending).unlink()

    def put(self, key: str, content: bytes) -> bool:
        """Keep an answer, unless there is one already.

        Parameters
        ----------
        key : str
            From `frozen_key`.
        content : bytes
            The answer.

        Returns
        -------
        bool
            False where the folder is full of answers in use, or cannot be written.
        """
        if any(self._path(key, ending).exists() for ending in (_KEPT, _FRESH)):
            return True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._make_room(len(content)):
                return False
            beside = self.folder / f".{key}.{os.getpid()}.{time.monotonic_ns()}.tmp"
            try:
                beside.write_bytes(content)
                beside.replace(self._path(key, _FRESH))
            finally:
                beside.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _path(self, key: str, ending: str) -> Path:
        """Return where an answer lies."""
        if not _KEY.fullmatch(key):
            raise ValueError("expected 64 hexadecimal digits")
        return self.folder / f"{key}{ending}"

    def _make_room(self, size: int) -> bool:
        """Let the oldest unproved answers go until one more fits; whether it does."""
        found: list[tuple[float, int, Path]] = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                state = path.stat()
                if path.suffix == ".tmp" and time.time() - state.st_mtime > _LEFT_OVER_SECONDS:
                    path.unlink()
                elif path.suffix in {_KEPT, _FRESH}:
                    found.append((state.st_mtime, state.st_size, path))
        count, total = len(found), sum(entry[1] for entry in found)
        unproved = sorted(entry for entry in found if entry[2].suffix == _FRESH)
        for _, length, path in unproved:
            if self._fits(count + 1, total + size):
                break
            path.unlink(missing_ok=True)
            count, total = count - 1, total - length
        return self._fits(count + 1, total + size)

    def _fits(self, count: int, total: int) -> bool:
        """Return whether so many answers of so many bytes may lie there."""
        return count <= self.most and total <= self.most_bytes

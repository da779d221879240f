"""Repair of invalid polygons in a process that can be stopped (a door: it starts processes).

``shapely.make_valid`` may take minutes on a shape that looks harmless and cannot be interrupted, so
it never runs in the process that has other things to do.
"""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

#: Longest time for one shape (s).
SECONDS = 5.0


def repair(shapes: Sequence[bytes], *, seconds: float = SECONDS) -> list[bytes | None]:
    """Return valid shapes for invalid ones, each repaired by the structure method in time.

    Parameters
    ----------
    shapes : sequence of bytes
        WKB.
    seconds : float
        Longest time for one shape, start of its process included.

    Returns
    -------
    list of bytes or None
        WKB in the order of the input; None where repairing failed or took longer.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda shape: _repair_one(shape, seconds), shapes))


def _repair_one(shape: bytes, seconds: float) -> bytes | None:
    """Repair one shape in a process of its own."""
    command = [sys.executable, "-I", "-c", _PROGRAM]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and program, no shell
            command, input=shape, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


_PROGRAM = """
import sys
import shapely
shape = shapely.from_wkb(sys.stdin.buffer.read())
mended = shapely.make_valid(shape, method="structure", keep_collapsed=False)
sys.stdout.buffer.write(shapely.to_wkb(mended))
"""

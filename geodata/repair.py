"""Repair of invalid polygons in a process that can be stopped (a door: it starts processes).

``shapely.make_valid`` may take minutes on a shape that looks harmless and cannot be interrupted, so
it never runs in the process that has other things to do. Its time is that of the processor where
the system can count it, so that what is repaired does not depend on what else runs.
"""

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

#: Longest time for one shape (s).
SECONDS = 5.0

#: How long a process may wait for the processor, where its own time is counted (s).
_PATIENCE_SECONDS = 60.0


def repair(shapes: Sequence[bytes], *, seconds: float = SECONDS) -> list[bytes | None]:
    """Return valid shapes for invalid ones, each repaired by the structure method in time.

    Parameters
    ----------
    shapes : sequence of bytes
        WKB.
    seconds : float
        Longest time for one shape, start of its process included: of the processor, rounded up to
        whole seconds, or by the clock where the system does not count that (Windows).

    Returns
    -------
    list of bytes or None
        WKB in the order of the input; None where repairing failed or took longer.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda shape: _repair_one(shape, seconds), shapes))


def _repair_one(shape: bytes, seconds: float) -> bytes | None:
    """Repair one shape in a process of its own."""
    command = [sys.executable, "-I", "-c", _PROGRAM, str(math.ceil(seconds))]
    longest = seconds + _PATIENCE_SECONDS if os.name == "posix" else seconds
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and program, no shell
            command, input=shape, capture_output=True, timeout=longest, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


_PROGRAM = """
import os
import sys
if os.name == "posix":
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
import shapely
shape = shapely.from_wkb(sys.stdin.buffer.read())
mended = shapely.make_valid(shape, method="structure", keep_collapsed=False)
sys.stdout.buffer.write(shapely.to_wkb(mended))
"""

"""Memory that serving need not hold: heaps, freed pages, libraries that only its start needs.

Everything here is for the GNU C library on Linux; elsewhere nothing is changed.
"""

import ctypes
import os
import re
import sys
from functools import cache
from pathlib import Path

# parameters of mallopt(3) and their values: one heap, freed arrays of 128 KiB and more given back
_MALLOC = {
    "MALLOC_ARENA_MAX": (-8, 1),
    "MALLOC_MMAP_THRESHOLD_": (-3, 131_072),
    "MALLOC_TRIM_THRESHOLD_": (-1, 131_072),
}

# mappings of LLVM's and Arrow's libraries without a page of our own
_SELDOM = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) r-[-x]p .*/(?:pyarrow/|lib(?:llvmlite|arrow|parquet)).*\n"
    r"(?:[A-Z].*\n)*?Anonymous: +0 kB",
    re.MULTILINE,
)
_DONTNEED = 4  # MADV_DONTNEED of madvise(2)


def _library() -> ctypes.CDLL | None:
    """Return the C library, if it is one of those meant here."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def keep_little() -> None:
    """Let freed arrays go back to the system: fewer heaps, no pool of Arrow's own.

    The GNU C library otherwise keeps what large arrays leave behind (mallopt(3)). Worker processes
    take the settings over from the environment.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    library = _library()
    if library is None:
        return
    for name, (parameter, value) in _MALLOC.items():
        os.environ.setdefault(name, str(value))
        library.mallopt(parameter, value)


@cache
def _seldom_used() -> tuple[tuple[int, int], ...]:
    """Return address and length of what is mapped of these libraries and never written to."""
    maps = Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace")
    found = ((int(first, 16), int(last, 16)) for first, last in _SELDOM.findall(maps))
    return tuple((first, last - first) for first, last in found)


def give_back() -> None:
    """Give what a large answer left behind back to the system: about a millisecond.

    The pages of LLVM go too, 70 MB once the kernels are loaded from numba's cache, and those of
    Arrow, 30 MB once a dataset is opened: serving hardly needs them again. They are the files' own,
    so that one that is needed is read from there again.
    """
    library = _library()
    if library is None:
        return
    library.malloc_trim(0)
    library.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for first, length in _seldom_used():
        library.madvise(first, length, _DONTNEED)

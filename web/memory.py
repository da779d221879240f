"""Memory that serving need not hold: fewer heaps, freed pages, the compiler once it has run.

Everything here is for the GNU C library on Linux; elsewhere nothing is changed.
"""

import ctypes
import gc
import os
import sys
from pathlib import Path

# parameters of mallopt(3) and their values: one heap, freed arrays of 128 KiB and more given back
_MALLOC = {
    "MALLOC_ARENA_MAX": (-8, 1),
    "MALLOC_MMAP_THRESHOLD_": (-3, 131_072),
    "MALLOC_TRIM_THRESHOLD_": (-1, 131_072),
}

_COMPILER = "libllvmlite"
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


def give_back() -> None:
    """Give what a large answer left behind back to the system: a few milliseconds."""
    gc.collect()
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def let_compiler_go() -> None:
    """Unmap the pages of LLVM's code that loading the kernels read: about 50 MB.

    Kernels come compiled from numba's cache, so that serving hardly needs LLVM again. Its code is
    never written to: a page that is needed after all is read from the file again.
    """
    library = _library()
    if library is None:
        return
    library.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        if _COMPILER in line and line.split()[1] == "r-xp":
            first, last = (int(address, 16) for address in line.split()[0].split("-"))
            library.madvise(first, last - first, _DONTNEED)

"""Run the benchmarks: one JSON line a figure on stdout, and the table in docs/benchmarks.md.

Usage: ``make bench``, or ``python -m benchmarks.run [GROUP …] [--no-docs]``. Each group runs in a
process of its own, so that neither its memory nor its compiled code touches another's figures.
"""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Figure, table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
GROUPS = (
    "search",
    "nearest",
    "coverage",
    "scenario",
    "clock",
    "prepare",
    "http",
    "tiles",
    "memory",
    "pages",
    "pictures",
    "plan",
    "siting",
)
LIBRARIES = ("numpy", "scipy", "numba", "pandas", "geopandas", "osmium", "fastapi", "uvicorn")


def processor() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def measure(group: str) -> tuple[list[Figure], int]:
    """Run one group; pass its lines on and return its figures and exit status."""
    command = [sys.executable, "-m", f"benchmarks.{group}"]
    figures = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("{"):
                figures.append(Figure(**json.loads(line)))
    return figures, process.returncode


def page(figures: list[Figure]) -> str:
    """Return the page of the docs."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return f"""# Benchmarks

Written by `make bench`; do not edit. Ratios compare two things measured in the same run, taking
turns; values are medians. The streets are real cities (OpenStreetMap, © its contributors, ODbL);
stations and homes are drawn at random with a fixed seed, see `benchmarks/data.py`.

{table(figures)}
Measured on {today}: {processor()}, {os.cpu_count()} cores, {platform.system()},
Python {platform.python_version()}; {libraries}.
"""


def main() -> int:
    """Run the groups named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="default: all")
    parser.add_argument("--no-docs", action="store_true", help="leave docs/benchmarks.md alone")
    chosen = parser.parse_args()
    groups = chosen.groups or GROUPS
    figures, failed = [], []
    for group in groups:
        print(f"== {group}", file=sys.stderr, flush=True)
        measured, status = measure(group)
        figures += measured
        if status:
            failed.append(group)
    if not chosen.no_docs and tuple(groups) == GROUPS and not failed:
        PAGE.write_text(page(figures), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}", file=sys.stderr)
    missed = [figure.name for figure in figures if figure.met is False]
    for name in missed:
        print(f"goal missed: {name}", file=sys.stderr)
    for group in failed:
        print(f"group failed: {group}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

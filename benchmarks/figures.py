"""A measured figure, and how to measure two things fairly in one run."""

import gc
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the benchmark: a value, what it is held against, and whether the goal is met.

    Attributes
    ----------
    name : str
        What was measured, with data and parameters.
    value : float
        The measured value.
    unit : str
        Its unit.
    against : str
        The rival measured in the same run, or what the goal refers to.
    ratio : float or None
        Value against rival, as the goal states it; None where the goal is absolute.
    goal : str
        The goal as a sentence.
    met : bool or None
        Whether it is met; None when it could not be measured (``against`` says why).
    """

    name: str
    value: float | None
    unit: str
    against: str
    ratio: float | None
    goal: str
    met: bool | None

    def line(self) -> str:
        """Return the figure as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def rounded(value: float) -> float:
    """Return the value with four significant digits."""
    return float(f"{value:.4g}")


def interleaved(
    tasks: Mapping[str, Callable[[], object]], *, repeats: int, warm: int = 1
) -> dict[str, float]:
    """Return the median seconds of each task; the tasks take turns, so that they share the weather.

    Parameters
    ----------
    tasks : mapping of str to callable
        What to time, by name.
    repeats : int
        Timed rounds.
    warm : int, optional
        Rounds before the clock runs (compilation, caches).

    Returns
    -------
    dict of str to float
        Median seconds by name.
    """
    for _ in range(warm):
        for task in tasks.values():
            task()
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeats):
            for name, task in tasks.items():
                begin = time.perf_counter()
                task()
                seconds[name].append(time.perf_counter() - begin)
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in seconds.items()}


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    head = "| what | measured | against | ratio | goal | met |\n|---|---|---|---|---|---|\n"
    marks = {True: "yes", False: "**no**", None: "–"}
    rows = []
    for figure in figures:
        value = "–" if figure.value is None else f"{figure.value:,.4g} {figure.unit}"
        ratio = "–" if figure.ratio is None else f"{figure.ratio:.3g}"
        cells = (figure.name, value, figure.against, ratio, figure.goal, marks[figure.met])
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return head + "".join(rows)

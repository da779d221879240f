"""What ``locator clock`` does: ask about a week, write it, return what to print."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from geodata.swap import replacing_file
from web.clock_answer import Clock, check_clock, clock_of
from web.clock_cells import cells_frame, clock_object
from web.clock_question import ClockCommandQuestion
from web.clock_text import Telling
from web.clock_words import percent
from web.commands import open_service, usage
from web.console import say
from web.dependencies import read_values
from web.reports import json_text, table
from web.service import Service
from web.settings import Settings

_PICTURES = frozenset({".png", ".svg"})
_TABLES = frozenset({".csv", ".xlsx", ".geojson", ".gpkg", ".parquet"})
#: What can hold the cells.
_CELLS = _TABLES - {".xlsx"}


def ask_clock(
    settings: Settings, asked: Mapping[str, Any], *, out: Path | None, as_json: bool
) -> str:
    """Answer ``locator clock``, and write the week.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    asked : mapping
        By parameter.
    out : path or None
        A picture, a table, or the gaps or cells of the week with their shapes; the ending decides.
    as_json : bool
        The HTTP object instead of a report.

    Returns
    -------
    str
        What to print.
    """
    cells = asked.get("geometry") == "cells"
    endings = _CELLS if cells else _PICTURES | _TABLES
    if out is not None and out.suffix.lower() not in endings:
        known, what = ", ".join(sorted(endings)), "--out of cells" if cells else "--out"
        raise typer.BadParameter(f"{what} must end in one of {known}, got {out.name!r}")
    with usage():
        question = read_values(asked, ClockCommandQuestion)
    service = open_service(settings)
    with usage():
        question = check_clock(service, question)
        clock = clock_of(service, question)
    lang = question.lang or settings.map_language
    if out is not None:
        _write_cells(service, clock, out) if cells else _write(service, clock, lang, out)
    if as_json:
        return json_text(clock_object(service, clock, question.geometry))
    return clock_report(Telling("en", clock.shown, service.vocabulary, service.manifest))


def _write(service: Service, clock: Clock, lang: str, out: Path) -> None:
    """Write a week in the form that the ending of the name tells."""
    telling = Telling(lang, clock.shown, service.vocabulary, service.manifest)
    ending = out.suffix.lower()
    if ending in _PICTURES:
        from web.clock_picture import clock_picture  # noqa: PLC0415  draws: heavy

        kind: Any = ending[1:]
        drawn = clock_picture(telling, service.settings.font, kind)
        with replacing_file(out) as beside:
            beside.write_bytes(drawn)
    else:
        from web.clock_tables import write_clock  # noqa: PLC0415  brings GDAL and openpyxl

        write_clock(clock, telling, out)
    say(f"the week written to {out}")


def _write_cells(service: Service, clock: Clock, out: Path) -> None:
    """Write the cells of a week: a table, or squares; the ending decides."""
    from geodata.exports import write_table  # noqa: PLC0415  brings GDAL

    frame = cells_frame(service, clock)
    write_table(frame.drop(columns="geometry") if out.suffix.lower() == ".csv" else frame, out)
    say(f"{len(frame)} cells of the week written to {out}")


def clock_report(telling: Telling) -> str:
    """Return a week as text.

    Parameters
    ----------
    telling : Telling
        In English, as all reports are.

    Returns
    -------
    str
        What matters most, the 168 shares, groups, regions and notes.
    """
    shown = telling.shown
    lines = [telling.title, *telling.headline(), "", telling.words["table"], *_grid(telling)]
    groups = [(telling.group_name(code), part) for code, part in shown["groups"].items()]
    named = any(shown["groups"])
    regions = [(part["name"] or telling.words["outside"], part) for part in shown["regions"]]
    lines += _parts("by group", groups if named else [], telling)
    lines += _parts("by region", regions, telling)
    return "\n".join([*lines, "", *telling.conditions(), *telling.notes()])


def _grid(telling: Telling) -> list[str]:
    """Return the shares with hours down and weekdays across; in brackets what does not count."""
    grid, works = telling.grid(), telling.grid("works")
    rows = [["", *telling.words["weekdays"].split()]]
    for hour in range(len(grid[0])):
        row = [f"{hour:02}:00"]
        for day, shares in enumerate(grid):
            text = "–" if shares[hour] is None else f"{shares[hour] * 100:.1f}"
            row.append(text if works[day][hour] else f"({text})")
        rows.append(row)
    return [f"  {line}" for line in table(rows)]


def _parts(
    title: str, parts: Sequence[tuple[str, Mapping[str, Any]]], telling: Telling
) -> list[str]:
    """Return the lines about groups or regions: the worst hour of each and its person-hours."""
    if not parts:
        return []
    rows = [["", "workers", "worst hour", "covered then", "uncovered person-hours"]]
    for name, part in parts:
        worst, hours = part["worst"], part["person_hours"]
        at = None if worst is None else worst["weekday"] * 24 + worst["hour"]
        rows.append(
            [
                name,
                "–" if part["workers"] is None else f"{part['workers']:,.0f}",
                telling.when(worst),
                percent(None if at is None else part["share_covered"][at]),
                "–" if hours is None else f"{hours['uncovered']:,.0f}",
            ]
        )
    return ["", title, *(f"  {line}" for line in table(rows))]

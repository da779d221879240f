"""The week as tables: one long one (CSV), a workbook with a coloured heat map, gaps with shapes."""

import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from geodata.exports import fill_sheet, workbook_bytes, write_table
from geodata.swap import replacing_file
from web.clock_answer import Clock
from web.clock_cells import gaps_frame
from web.clock_scale import STEPS, Scale, ink
from web.clock_text import Telling
from web.clock_words import COLUMNS, weekdays
from web.errors import room_needed

_DAY_HOURS = 24
#: What the sheet of gaps tells under other names.
_TOLD_APART = frozenset({"id", "region", "person_hours"})
_COLUMNS = (
    "share_covered", "share_workers", "homes_uncovered", "workers_uncovered", "street_km_uncovered",
)  # fmt: skip

#: Endings of files that hold the gaps of the week with their shapes.
SHAPES = frozenset({".geojson", ".gpkg", ".parquet"})


def hours_frame(shown: Mapping[str, Any]) -> pd.DataFrame:
    """Return all series of an answer as one table.

    Parameters
    ----------
    shown : mapping
        The object of the interface.

    Returns
    -------
    DataFrame
        168 rows for all, then for every group and region: ``of`` (``all``, ``group``, ``region``),
        ``id``, ``name``, ``weekday``, ``hour``, ``at``, ``works`` and the figures.
    """
    hours = pd.DataFrame(shown["hours"])
    parts = [("all", "", "", hours)]
    parts += [("group", code, "", pd.DataFrame(_series(part))) for code, part in _items(shown)]
    parts += [
        ("region", part["id"], part["name"], pd.DataFrame(_series(part)))
        for part in shown["regions"]
    ]
    tables = []
    for of, code, name, table in parts:
        named = hours[["weekday", "hour", "at"]].copy()
        named.insert(0, "name", name)
        named.insert(0, "id", code)
        named.insert(0, "of", of)
        figures = table.reindex(columns=["works", *_COLUMNS])
        tables.append(pd.concat([named, figures], axis=1))
    whole = pd.concat([part.astype(object) for part in tables], ignore_index=True)
    return whole.drop(columns=[name for name in _COLUMNS if whole[name].isna().all()])


def _items(shown: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Return the groups, none where nobody belongs to any."""
    groups: Mapping[str, Mapping[str, Any]] = shown["groups"]
    return groups.items() if any(groups) else ()


def _series(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the series of a group or region."""
    return {name: part[name] for name in ("works", *_COLUMNS) if name in part}


def write_clock(clock: Clock, telling: Telling, out: Path) -> None:
    """Write a week as a table; the ending decides the format.

    Parameters
    ----------
    clock : Clock
        The answer.
    telling : Telling
        The same in one language, for the workbook.
    out : Path
        ``.csv``: all series; ``.xlsx``: a workbook; ``.geojson``, ``.gpkg``, ``.parquet``: the gaps
        of the week.

    Raises
    ------
    ValidationError
        If the ending is none of these.
    """
    ending = out.suffix.lower()
    if ending == ".xlsx":
        with replacing_file(out) as beside:
            beside.write_bytes(workbook(telling))
    elif ending in SHAPES:
        write_table(gaps_frame(clock), out)
    else:
        write_table(hours_frame(clock.shown), out)


def csv_bytes(shown: Mapping[str, Any]) -> bytes:
    """Return all series of an answer as CSV.

    Parameters
    ----------
    shown : mapping
        The object of the interface.

    Returns
    -------
    bytes
        UTF-8 with a mark, as Excel wants it.

    Raises
    ------
    NoRoomError
        If there is no room for a temporary file.
    """
    with room_needed(), tempfile.TemporaryDirectory(prefix="locator-clock-") as place:
        return write_table(hours_frame(shown), Path(place) / "clock.csv").read_bytes()


def workbook(telling: Telling) -> bytes:
    """Return a week as a workbook for Excel and WPS.

    Parameters
    ----------
    telling : Telling
        The answer in one language.

    Returns
    -------
    bytes
        XLSX: the heat map of shares and that of workers, the hours, groups and regions, the gaps,
        and what to know.

    Raises
    ------
    NoRoomError
        If there is no room for a temporary file.
    """
    with room_needed():
        return workbook_bytes(partial(_fill, telling))


def _fill(telling: Telling, book: Any) -> None:
    """Fill a workbook sheet by sheet."""
    words = telling.words
    _heat(book.create_sheet(words["sheet_share"]), telling, "share_covered", "0.0%")
    if telling.has_people:
        sheet = book.create_sheet(words["sheet_uncovered"])
        _heat(sheet, telling, "workers_uncovered", "#,##0")
    _rows(book.create_sheet(words["sheet_hours"]), _hour_rows(telling), telling.lang)
    _rows(book.create_sheet(words["sheet_parts"]), _part_rows(telling), telling.lang)
    _rows(book.create_sheet(words["sheet_gaps"]), _gap_rows(telling), telling.lang)
    lines = [telling.title, *telling.headline(), *telling.conditions(), *telling.notes()]
    fill_sheet(book.create_sheet(words["sheet_about"]), [[line] for line in lines])


def _heat(sheet: Any, telling: Telling, column: str, form: str) -> None:
    """Fill a sheet with hours across and weekdays down, coloured as the picture is."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  heavy
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415  heavy

    shares = telling.grid()
    scale = Scale.of([share for row in shares for share in row])
    names = weekdays(telling.lang)
    works = telling.grid("works")
    sheet.freeze_panes = "B2"
    sheet.append([telling.words["hour"], *(f"{hour:02}:00" for hour in range(_DAY_HOURS))])
    for day, row in enumerate(telling.grid(column)):
        cells = [WriteOnlyCell(sheet, value) for value in row]
        for hour, cell in enumerate(cells):
            cell.number_format, cell.alignment = form, Alignment(horizontal="center")
            step = scale.step(shares[day][hour])
            if step is not None:
                cell.fill = PatternFill("solid", fgColor=STEPS[step][1:])
                cell.font = Font(color=ink(step)[1:], italic=not works[day][hour])
        sheet.append([names[day], *cells])
    if not all(all(row) for row in works):
        sheet.append([])
        sheet.append([f"{telling.words['italic']}{telling.words['off']}"])


def _rows(sheet: Any, rows: list[dict[str, Any]], lang: str) -> None:
    """Fill a sheet with rows of one shape, under headers in words."""
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)] if rows else []
    titles = COLUMNS[lang]
    body = [[row[name] for name in names] for row in rows]
    if names:
        fill_sheet(sheet, [[titles.get(name, name) for name in names], *body], headed=True)


def _hour_rows(telling: Telling) -> list[dict[str, Any]]:
    """Return the hours with the names of their days."""
    names = weekdays(telling.lang)
    return [{**row, "weekday": names[row["weekday"]]} for row in telling.shown["hours"]]


def _gap_rows(telling: Telling) -> list[dict[str, Any]]:
    """Return the gaps with the names of their districts and of the day of their worst hour."""
    names, days = {}, weekdays(telling.lang)
    for part in telling.shown["regions"]:
        names[part["id"]] = part["name"]
    return [
        {
            "id": gap["id"],
            "region": gap["region"],
            "region_name": names.get(gap["region"], ""),
            **{key: value for key, value in gap.items() if key not in _TOLD_APART},
            "person_hours_uncovered": gap["person_hours"],
            "worst_weekday": None if gap["worst_weekday"] is None else days[gap["worst_weekday"]],
        }
        for gap in telling.shown["gaps"]
    ]


def _part_rows(telling: Telling) -> list[dict[str, Any]]:
    """Return a row for each group and region: totals, the worst hour, person-hours."""
    shown, words = telling.shown, telling.words
    parts = [
        (words["by_group"], code, telling.group_name(code), part) for code, part in _items(shown)
    ]
    parts += [
        (words["by_region"], part["id"], part["name"] or words["outside"], part)
        for part in shown["regions"]
    ]
    rows = []
    for of, code, name, part in parts:
        hours = part["person_hours"] or {"total": None, "uncovered": None}
        rows.append(
            {
                "of": of,
                "id": code,
                "name": name,
                **{key: part[key] for key in ("homes", "workers", "street_km")},
                "worst_hour": telling.when(part["worst"]),
                "person_hours": hours["total"],
                "person_hours_uncovered": hours["uncovered"],
            }
        )
    return rows

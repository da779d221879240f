"""The queue of reports for a planner: as text, JSON, CSV or a workbook."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from geodata.records import COLUMNS, Records
from web.console import say
from web.reports import json_text, shown, width
from web.settings import Settings

_LISTED = 200


def list_reports(
    settings: Settings, *, out: Path | None, backup: Path | None, as_json: bool
) -> str:
    """Return the reports, newest first, and write them as a table.

    Parameters
    ----------
    settings : Settings
        ``records``, and ``data`` for the names of the stations.
    out : path or None
        A table; the ending decides the format.
    backup : path or None
        Where a copy of the file goes, whole even while others write.
    as_json : bool
        JSON instead of text.

    Returns
    -------
    str
        To be printed.

    Raises
    ------
    RecordsError
        If the file is damaged or cannot be read or copied.
    DatasetError
        If the dataset is damaged.
    InputError
        If the table cannot be written.
    """
    records = Records(settings.records)
    if backup is not None:
        records.copy_to(backup)
        say(f"copied to {backup}")
    reports = records.latest()
    names = _names(settings)
    if out is not None:
        _write(reports, names, out)
    listed = [{**row, "station_name": names.get(row["station_id"], "")} for row in reports]
    if as_json:
        return json_text(
            {"records": str(settings.records), "count": len(reports), "reports": listed}
        )
    return _text(listed, settings.records)


def _write(reports: Sequence[Mapping[str, Any]], names: Mapping[str, str], out: Path) -> None:
    """Write the reports as a table, with the names of the stations."""
    import pandas as pd  # noqa: PLC0415  heavy: where a table is wanted

    from geodata.exports import write_table  # noqa: PLC0415  brings GDAL and openpyxl

    frame = pd.DataFrame(list(reports), columns=list(COLUMNS), dtype="str")
    frame.insert(3, "station_name", [names.get(code, "") for code in frame["station_id"]])
    write_table(frame, out)
    say(f"{_count(reports)} written to {out}")


def _names(settings: Settings) -> dict[str, str]:
    """Return the names of the stations by id; none where no dataset was named."""
    if settings.data is None:
        return {}
    from geodata.bundle import open_dataset  # noqa: PLC0415  heavy: where names are wanted

    stations = open_dataset(settings.data, private=False, modes=()).stations
    return dict(zip(stations["id"].tolist(), stations["name"].tolist(), strict=True))


def _count(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return how many reports there are, in words."""
    return f"{len(reports)} report{'' if len(reports) == 1 else 's'}"


def _text(reports: Sequence[Mapping[str, Any]], path: Path) -> str:
    """Return the reports as lines."""
    if not reports:
        return f"{path}: no reports"
    widest = max(width(_station(row)) for row in reports[:_LISTED])
    lines = [f"{path}: {_count(reports)}, newest first"]
    for row in reports[:_LISTED]:
        station = _station(row)
        blank = " " * (widest - width(station))
        note = f"  {row['note']}" if row["note"] else ""
        lines.append(shown(f"{row['received_at']}  {row['problem']:<11}  {station}{blank}{note}"))
    more = len(reports) - _LISTED
    return "\n".join([*lines, *([f"and {more} more: --out or --json has all"] if more > 0 else [])])


def _station(row: Mapping[str, Any]) -> str:
    """Return how a station is called in the list."""
    return f"{row['station_id']} {row['station_name']}".strip()

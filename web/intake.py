"""What comes in: building a dataset, checking a table, fetching streets; for the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from geodata import tables
from geodata.errors import DatumError, FileFormatError
from web.console import say, stage_line
from web.geojson import plain
from web.reports import check_report, json_text
from web.settings import Settings

_MEGABYTE = 1_000_000
_STEPS_SHOWN = 20

#: What a table may be said to hold.
Table = Literal["auto", "stations", "homes"]


def build(files: Mapping[str, Any], options: Mapping[str, Any], out: Path, *, as_json: bool) -> str:
    """Build a dataset folder for ``locator prepare``.

    Parameters
    ----------
    files : mapping
        ``streets`` (paths), ``stations``, ``homes`` and ``regions`` (path or None).
    options : mapping
        ``stations_datum``, ``homes_datum``, ``modes``, ``name``; None where not given.
    out : path
        The dataset folder.
    as_json : bool
        The report as JSON.

    Returns
    -------
    str
        The report.

    Raises
    ------
    InputError
        If a file cannot be read or nothing can be built.
    DatasetError
        If the folder cannot be written.
    """
    from web.prepare import PrepareRequest, prepare  # noqa: PLC0415  heavy: reads streets

    report = prepare(PrepareRequest(**files, **options, out=out), progress=stage_line)
    return report.to_json() if as_json else report.to_text()


def check_table(
    path: Path, what: Table, *, datum: str | None, streets: Sequence[Path]
) -> dict[str, Any]:
    """Check a table of stations or homes without building anything.

    Parameters
    ----------
    path : path
        The table.
    what : {"auto", "stations", "homes"}
        ``stations``, ``homes``, or ``auto``: homes if there is no column of names.
    datum : str or None
        As declared by the caller.
    streets : sequence of path
        Streets that tell which datum fits.

    Returns
    -------
    dict
        The loader's report with ``table``, ``clean``, ``rejects``, ``duplicates`` and
        ``hours_not_understood``.

    Raises
    ------
    DatumError
        If ``datum`` is no such thing.
    FileFormatError
        If the file cannot be read as a table.
    """
    if what == "homes":
        return _checked_homes(path, datum)
    try:
        return _checked_stations(path, datum, streets)
    except FileFormatError as error:
        if what == "stations" or error.code != "missing_column":
            raise
        try:
            return _checked_homes(path, datum)
        except FileFormatError:
            raise error from None


def _checked_homes(path: Path, datum: str | None) -> dict[str, Any]:
    """Check a table of homes; nothing of a single home is in the report."""
    frame, rejects = tables.load_homes(path, datum=datum)
    return _findings("homes", frame, rejects)


def _checked_stations(path: Path, datum: str | None, streets: Sequence[Path]) -> dict[str, Any]:
    """Check a table of stations; an undeclared datum is a finding, not the end."""
    known = _read_streets(streets)
    try:
        frame, rejects = tables.load_stations(path, datum=datum, streets=known)
        undeclared = ""
    except DatumError as error:
        if error.code != "datum_undeclared":
            raise
        frame, rejects = tables.load_stations(path, datum="wgs84")
        undeclared = error.message
    found = _findings("stations", frame, rejects)
    if undeclared:
        found |= {"clean": False, "datum": {"declared": None}}
        found["warnings"] = [undeclared, *found.get("warnings", [])]
    not_understood = (frame["opening_hours"] == "") & (frame["opening_hours_text"] != "")
    found["duplicates"] = [
        {"id": row["id"], "name": row["name"], "duplicate_of": row["duplicate_of"]}
        for row in frame[frame["duplicate_of"] != ""].to_dict("records")
    ]
    found["hours_not_understood"] = [
        {"id": row["id"], "name": row["name"], "text": row["opening_hours_text"]}
        for row in frame[not_understood].to_dict("records")
    ]
    return found


def _read_streets(paths: Sequence[Path]) -> Any:
    """Read the streets that tell which datum fits, if any were given."""
    if not paths:
        return None
    from geodata import osm  # noqa: PLC0415  heavy, and seldom asked for

    return osm.read_streets(list(paths))


def _findings(table: str, frame: Any, rejects: Any) -> dict[str, Any]:
    """Return the loader's report with the rejected rows."""
    rows = [{key: plain(value) for key, value in row.items()} for row in rejects.to_dict("records")]
    known = {key: plain(value) for key, value in frame.attrs.get("report", {}).items()}
    return {"table": table, "clean": not rows, **known, "accepted": len(frame), "rejects": rows}


def checked_text(found: Mapping[str, Any], *, as_json: bool) -> str:
    """Return what a check found, as text or JSON.

    Parameters
    ----------
    found : mapping
        From `check_table`.
    as_json : bool
        JSON instead of text.

    Returns
    -------
    str
        To be printed.
    """
    if as_json:
        return json_text(found)
    return check_report(found)


def fetch_streets(settings: Settings, where: str, out: Path, *, as_json: bool) -> str:
    """Fetch streets from an Overpass server.

    Parameters
    ----------
    settings : Settings
        The server and the limits.
    where : str
        ``west,south,east,north`` or the name of a place.
    out : path
        PBF to write.
    as_json : bool
        The report as JSON.

    Returns
    -------
    str
        The report.

    Raises
    ------
    LocatorError
        If the server cannot be reached, refuses, or the area is too large.
    """
    from geodata import overpass  # noqa: PLC0415  brings an HTTP client
    from geodata.overpass_server import FetchSettings  # noqa: PLC0415

    limits = FetchSettings(
        timeout_seconds=settings.fetch_timeout_seconds,
        most_km2=settings.fetch_most_km2,
        most_megabytes=settings.fetch_most_megabytes,
    )
    show = _Steps()
    report = overpass.fetch_streets(
        where, out, server=settings.overpass_url, settings=limits, progress=show
    )
    values = {**asdict(report), "path": str(report.path)}
    if as_json:
        return json_text(values)
    as_of = f", data of {report.as_of}" if report.as_of else ""
    return (
        f"{report.path}: {report.streets:,} streets, {report.nodes:,} nodes, "
        f"{report.file_bytes / _MEGABYTE:.1f} MB{as_of}\n"
        "© OpenStreetMap contributors, ODbL 1.0"
    )


class _Steps:
    """Prints the progress of a download, a line every twentieth part."""

    def __init__(self) -> None:
        self._last = ("", -1)

    def __call__(self, progress: Any) -> None:
        """Print a line if there is something new to say."""
        part = 0
        if progress.expected:
            part = progress.done * _STEPS_SHOWN // progress.expected
        if (progress.stage, part) == self._last:
            return
        self._last = (progress.stage, part)
        say(_step(progress))


def _step(progress: Any) -> str:
    """Return one line of progress."""
    if progress.stage == "waiting":
        return f"the server is busy: waiting {progress.done} s"
    if progress.stage != "downloading":
        return str(progress.stage)
    expected = f" of about {progress.expected / _MEGABYTE:.1f} MB" if progress.expected else ""
    return f"downloading: {progress.done / _MEGABYTE:.1f}{expected}"

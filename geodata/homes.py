"""Raw tables to homes: position, number of workers, group, and words by which homes are added up.

Nothing else of a home is kept, and what is kept stays in ``private/``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.cells import amount, whole_number_text
from geodata.declared import DatumChoice
from geodata.places import place_rows
from geodata.raw import A_POSITION, Columns, RawTable, Reject, match_columns

#: The columns of a home table.
HOME_COLUMNS = ("id", "lon", "lat", "workers", "group", "kind")

#: Columns that a home table may have besides: what the home belongs to, to add homes up by.
WAYS = ("firm", "street", "community", "market", "building")

_COLUMNS_READ = (
    *("id", "lon", "lat", "lonlat", "datum", "workers", "group", "kind", "home_kind"),
    *WAYS,
)
_KINDS = {
    "home": ("home", "家", "住", "居住", "住址", "住处", "宿舍", "家庭住址", "居住地", "residence"),
    "work": ("work", "工作", "单位", "工地", "上班", "工作地", "工作地点", "workplace", "站点"),
    "stop": ("stop", "停留", "停靠", "休息", "途经", "等单", "停留点", "等单点", "聚集", "聚集点"),
}
_KIND_OF = {word: code for code, words in _KINDS.items() for word in words}
_MAX_GROUP = 40
_MAX_WORD = 80


@dataclass(frozen=True)
class CleanHomes:
    """What one raw table became.

    Attributes
    ----------
    frame : DataFrame
        `HOME_COLUMNS`, and those of `WAYS` that the table has, in the order of the file.
    rejects : tuple of Reject
        Every row that is not in ``frame``.
    report : dict
        Counts, datum, warnings, and the columns that were not read.
    """

    frame: pd.DataFrame
    rejects: tuple[Reject, ...]
    report: Mapping[str, Any]


def home_columns(words: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the header words of the columns that a home table has.

    Parameters
    ----------
    words : mapping of str to sequence of str
        All header words.

    Returns
    -------
    dict
        Those of homes only.
    """
    return {column: words.get(column, ()) for column in _COLUMNS_READ}


def clean_homes(
    table: RawTable,
    groups: Mapping[str, str],
    words: Mapping[str, Sequence[str]],
    choice: DatumChoice,
) -> CleanHomes:
    """Return the homes of one raw table.

    Parameters
    ----------
    table : RawTable
        The table as found.
    groups : mapping of str to str
        Words for worker groups and their codes.
    words : mapping of str to sequence of str
        Header words, from `home_columns`.
    choice : DatumChoice
        What the caller knows of the datum.

    Returns
    -------
    CleanHomes
        Every row is a home or a reject. Texts of rejects are left out: homes are personal data.

    Raises
    ------
    FileFormatError
        If there is no column for the position.
    DatumError
        If the datum is not declared and no fallback is allowed.
    """
    columns = match_columns(table.header, words)
    if not columns.has_place:
        raise table.lacks([A_POSITION])
    placed = place_rows(table, columns, choice)
    workers, bad = _workers(table, columns)
    rejects = tuple(_discreet(r) for r in (*table.rejects, *placed.rejects, *bad))
    lost = {reject.row for reject in rejects}
    keep = np.array([int(line) not in lost for line in table.line], np.bool_)
    frame = pd.DataFrame(
        {
            "id": [whole_number_text(text) for text in table.texts(columns.position.get("id"))],
            "lon": placed.lon,
            "lat": placed.lat,
            "workers": workers,
            "group": _groups(table, columns, groups),
            "kind": _kinds(table, columns),
        },
        columns=list(HOME_COLUMNS),
    ).assign(
        **{
            way: [text[:_MAX_WORD] for text in table.texts(columns.position[way])]
            for way in WAYS
            if way in columns.position
        }
    )
    left = [table.header[at] for at in columns.extra if table.header[at].strip()]
    report = {
        **table.notes,
        "sheet": table.sheet,
        "rows": len(keep) + len(table.rejects),
        "datum": placed.report["datum"],
        "columns": {c: table.header[at] for c, at in columns.position.items()},
        "columns_not_read": left,
        "warnings": list(placed.report["warnings"]),
    }
    return CleanHomes(frame.loc[keep], rejects, report)


def join_homes(tables: Sequence[CleanHomes]) -> gpd.GeoDataFrame:
    """Return the homes of all tables as one frame, with ids where they were missing.

    Parameters
    ----------
    tables : sequence of CleanHomes
        Sheets of one file, in order.

    Returns
    -------
    GeoDataFrame
        EPSG:4326; ``workers``, ``lon`` and ``lat`` float64, others str. Those of `WAYS` that any
        table has, ``""`` where a table or row has none.
    """
    found = pd.concat([table.frame for table in tables], ignore_index=True)
    ways = [way for way in WAYS if way in found.columns]
    frame = found[[*HOME_COLUMNS, *ways]].fillna(dict.fromkeys(ways, ""))
    made = pd.Series([f"h{number:06d}" for number in range(1, len(frame) + 1)], dtype="str")
    types = {c: "float64" if c in {"lon", "lat", "workers"} else "str" for c in frame.columns}
    typed = frame.astype(types)
    typed["id"] = typed["id"].where((typed["id"] != "") & ~typed["id"].duplicated(), made)
    points = gpd.points_from_xy(typed["lon"], typed["lat"], crs="EPSG:4326")
    return gpd.GeoDataFrame(typed, geometry=points, crs="EPSG:4326")


def _workers(table: RawTable, columns: Columns) -> tuple[npt.NDArray[np.float64], list[Reject]]:
    """Return the number of workers of each row, 1 where nothing is said."""
    texts = table.texts(columns.position.get("workers"))
    known = {text: amount(text) if text else 1.0 for text in set(texts)}
    values = np.array([known[text] for text in texts], np.float64)
    name = table.header[columns.position["workers"]] if "workers" in columns.position else ""
    rejects = [
        Reject(
            int(table.line[row]),
            name,
            "bad_number",
            f"expected a number of workers of at least 0, got {texts[row][:30]!r}",
            "give a number, or leave it empty for 1",
        )
        for row in np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    ]
    return values, rejects


def _groups(table: RawTable, columns: Columns, groups: Mapping[str, str]) -> list[str]:
    """Return the code of each row's group; a group that is not known keeps its own name."""
    texts = table.texts(columns.position.get("group"))
    codes = {text: groups.get(text.lower(), text.lower()[:_MAX_GROUP]) for text in set(texts)}
    return [codes[text] for text in texts]


def _kinds(table: RawTable, columns: Columns) -> list[str]:
    """Return what each position is: home, work or stop."""
    at = columns.position.get("home_kind", columns.position.get("kind"))
    return [_KIND_OF.get(text.lower(), "home") for text in table.texts(at)]


def _discreet(reject: Reject) -> Reject:
    """Return a reject that quotes no coordinates: a home's position must not leave in a report."""
    plain = {
        "looks_swapped": "longitude and latitude look swapped",
        "out_of_range": "expected -180 to 180 and -90 to 90 degrees",
        "coordinate_not_a_number": "expected degrees, got text",
        "coordinate_not_finite": "expected finite degrees",
    }
    reason = plain.get(reject.code, reject.reason)
    return Reject(reject.row, reject.column, reject.code, reason, reject.fix)

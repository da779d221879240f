"""What is on the screen as files: stations, gaps and regions in four formats."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from geodata.errors import Fault, LimitError
from web.bulletin import Facts, facts_of
from web.bulletin_notes import note_lines, parameter_lines
from web.bulletin_pen import Pen
from web.dependencies import read_values
from web.download_tables import TABLES, TITLES, Box, within
from web.errors import Refusal, refuse, room_needed
from web.schemas import Asked, CoverageQuestion, Language
from web.service import Coverage, Service

#: Formats, by the ending of the name.
FORMATS = ("geojson", "csv", "xlsx", "gpkg")

_SIDES = ("west", "south", "east", "north")
_NOT_IN_NAMES = re.compile(r"[^\w.+-]+")
_NAME_LIMIT = 120
_ABOUT = {
    "zh": {
        "sheet": "数据",
        "about": "说明",
        "table": "本表",
        "stations": "驿站",
        "gaps": "服务空白",
        "regions": "区划覆盖率",
        "datum": "坐标系",
        "datum_text": "WGS-84（EPSG:4326），单位为度；放到高德、腾讯、百度地图上之前须先换算",
        "box": "只含此范围",
        "question": "统计口径",
        "notes": "说明",
        "hotline": "工会热线",
        "mark": "注意",
        "synthetic": "虚构演示数据，不指任何真实地点",
        "column": "列",
        "name": "{table}_{place}_{minutes}分钟_{date}",
    },
    "en": {
        "sheet": "data",
        "about": "About",
        "table": "This table",
        "stations": "Stations",
        "gaps": "Gaps",
        "regions": "Shares by district",
        "datum": "Datum",
        "datum_text": "WGS-84 (EPSG:4326), degrees; convert before use on Amap, Tencent or Baidu",
        "box": "Only within",
        "question": "How it was counted",
        "notes": "Notes",
        "hotline": "Union hotline",
        "mark": "Mark",
        "synthetic": "Fictional demo data, no real places",
        "column": "Column",
        "name": "{table}_{place}_{minutes}min_{date}",
    },
}


class DownloadQuestion(CoverageQuestion):
    """The question of a coverage, in which language, and what is on the screen."""

    lang: Language = None
    bbox: Annotated[
        str | SkipJsonSchema[None],
        Field(
            description="Only what touches this box: west,south,east,north in WGS-84 degrees; "
            "west of more than east crosses the antimeridian.",
            examples=["115.85,28.64,115.93,28.71"],
            max_length=200,
        ),
    ] = None


class Corners(Asked):
    """A box: west, south, east, north (degrees)."""

    west: Annotated[float, Field(ge=-180, le=180)]
    south: Annotated[float, Field(ge=-90, le=90)]
    east: Annotated[float, Field(ge=-180, le=180)]
    north: Annotated[float, Field(ge=-90, le=90)]


@dataclass(frozen=True)
class Download:
    """A file to send.

    Attributes
    ----------
    content : bytes
        The file.
    name : str
        To be saved under.
    plain_name : str
        The same in ASCII, for programs that know no better.
    """

    content: bytes
    name: str
    plain_name: str

    @property
    def disposition(self) -> str:
        """``Content-Disposition`` as RFC 6266 has it, with the name as RFC 8187 has it."""
        return (
            f'attachment; filename="{self.plain_name}"; '
            f"filename*=UTF-8''{quote(self.name, safe='')}"
        )


def read_box(text: str | None) -> Box | None:
    """Return the box that a text names.

    Parameters
    ----------
    text : str or None
        ``west,south,east,north`` in degrees.

    Returns
    -------
    tuple of float or None
        None where no box was asked for.

    Raises
    ------
    ValidationError
        If there are not four numbers, one is out of range or not finite, or south is more than
        north; all faults at once.

    Examples
    --------
    >>> read_box("179,-10,-179,10")
    (179.0, -10.0, -179.0, 10.0)
    """
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != len(_SIDES):
        fix = "west,south,east,north in degrees, such as 115.85,28.64,115.93,28.71"
        what = f"expected 4 numbers, got {len(parts)}"
        refuse([Refusal("invalid_value", Fault("bbox", what, fix))])
    given = {side: part.strip(" ") for side, part in zip(_SIDES, parts, strict=True)}
    corners = read_values(given, Corners)
    west, south, east, north = corners.west, corners.south, corners.east, corners.north
    if south > north:
        fault = Fault("bbox", "south is more than north", "west,south,east,north")
        refuse([Refusal("out_of_range", fault)])
    return west, south, east, north


def download(
    service: Service, answer: Coverage, question: DownloadQuestion, table: str, ending: str
) -> Download:
    """Make a file of an answer.

    Parameters
    ----------
    service : Service
        Its dataset, and how much may be sent.
    answer : Coverage
        From `Service.cover`.
    question : DownloadQuestion
        Language and box.
    table : str
        ``stations``, ``gaps`` or ``regions``.
    ending : str
        One of ``FORMATS``.

    Returns
    -------
    Download
        Nothing is left on the disk.

    Raises
    ------
    LimitError
        If there are more rows than may be sent.
    NoRoomError
        If there is no room for a temporary file.
    """
    from geodata.exports import Notes, write_table  # noqa: PLC0415  brings GDAL and openpyxl

    lang = question.lang or service.settings.map_language
    box = read_box(question.bbox)
    frame = within(TABLES[table](service, answer, lang), box)
    most = service.settings.max_features
    if len(frame) > most:
        fault = Fault("bbox", f"more than {most} rows (limit max_features)", "ask region= or bbox=")
        raise LimitError(str(fault), faults=[fault])
    facts = facts_of(service, answer)
    words = _ABOUT[lang]
    notes = Notes(
        titles=TITLES[lang][table],
        about=_about(Pen(facts, lang), table, box, list(frame.columns)),
        layer=words["sheet"] if ending == "xlsx" else table,
        about_layer=words["about"],
    )
    with room_needed(), tempfile.TemporaryDirectory(prefix="locator-") as folder:
        path = write_table(frame, Path(folder) / f"{table}.{ending}", notes)
        content = path.read_bytes()
    return Download(content, _file_name(facts, table, ending, lang), f"{table}.{ending}")


def _about(pen: Pen, table: str, box: Box | None, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return what to know about a table: question, data, datum, headers and their codes."""
    words, titles = _ABOUT[pen.lang], TITLES[pen.lang][table]
    facts = pen.facts
    rows = [(words["table"], words[table])]
    rows += [(words["mark"], words["synthetic"])] if facts.manifest.get("synthetic") else []
    rows.append((words["datum"], words["datum_text"]))
    rows += [(words["box"], ", ".join(f"{value:g}" for value in box))] if box else []
    rows += _numbered(words["question"], parameter_lines(pen))
    rows += _numbered(words["notes"], note_lines(pen))
    rows.append((words["hotline"], facts.hotline))
    named = [(titles[name], name) for name in columns if name in titles]
    return [*rows, *((f"{words['column']} {title}", name) for title, name in named)]


def _numbered(name: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return lines with names that differ."""
    return [(f"{name} {place}", line) for place, line in enumerate(lines, start=1)]


def _file_name(facts: Facts, table: str, ending: str, lang: str) -> str:
    """Return a name that says what is inside, and fits every file system."""
    words, data = _ABOUT[lang], facts.summary["dataset"]
    name = words["name"].format(
        table=words[table] if lang == "zh" else table,
        place=facts.region or facts.manifest.get("title") or data["name"],
        minutes=facts.parameters["minutes"],
        date=data["as_of"] or data["version"],
    )
    return f"{_NOT_IN_NAMES.sub('_', name)[:_NAME_LIMIT].strip('._')}.{ending}"

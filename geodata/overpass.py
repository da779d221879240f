"""Streets of a city from an Overpass server: a door to the network, and a polite one.

The size is asked for first; too large a question is refused before it burdens the server; a busy
server is asked again only when it says so, and seldom. The file appears whole or not at all.
"""

import html
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import osmium

from geodata.errors import Fault, FileFormatError, InputError, LimitError, ValidationError
from geodata.overpass_area import Box, check_name, parse_box
from geodata.overpass_query import (
    Count,
    areas_query,
    page_text,
    read_areas,
    read_count,
    remark_sentence,
    streets_query,
)
from geodata.overpass_server import MEGABYTE, FetchSettings, Progress, Server, too_large
from geodata.swap import replacing_file

_TAIL_BYTES = 4096
_SUFFIX = ".pbf"


@dataclass(frozen=True)
class FetchReport:
    """What was fetched.

    Attributes
    ----------
    path : Path
        The file.
    nodes, ways, streets : int
        Numbers in the file; streets are ways with a ``highway`` tag.
    downloaded_bytes, file_bytes : int
        Size of the answer and of the file.
    as_of : str
        Date of the data as the server states it (ISO 8601), ``""`` if it does not.
    """

    path: Path
    nodes: int
    ways: int
    streets: int
    downloaded_bytes: int
    file_bytes: int
    as_of: str


def _silent(_: Progress) -> None:
    """Show nothing."""


def fetch_streets(
    where: str | Box,
    out: str | Path,
    *,
    server: str,
    settings: FetchSettings | None = None,
    progress: Callable[[Progress], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> FetchReport:
    """Fetch the streets of a rectangle or a named place and write them as an OSM PBF file.

    Parameters
    ----------
    where : Box or str
        A rectangle, as `Box` or as text ``west,south,east,north``; or the name of an
        administrative area; or the number of an Overpass area.
    out : path
        File ending in ``.pbf``; written beside and replaced when it is whole.
    server : str
        Address of the Overpass interpreter.
    settings : FetchSettings, optional
        Limits and manners.
    progress : callable, optional
        Called with a `Progress` at every step.
    pause : callable, optional
        How to wait (seconds).

    Returns
    -------
    FetchReport
        What was fetched.

    Raises
    ------
    ValidationError
        If the rectangle, the name, the server's address or the file's name is wrong.
    InputError
        If the place is unknown or ambiguous, or has no street.
    LimitError
        If the area or the answer is larger than the settings allow.
    FileFormatError
        If the server's answer is no OSM data, or not all of it.
    LocatorError
        If the server cannot be reached, refuses, or stays busy.
    """
    settings, show = settings or FetchSettings(), progress or _silent
    path = Path(out)
    area = _checked(where, path, server, settings)
    headers = {"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"}
    timeout = httpx.Timeout(30.0, read=settings.timeout_seconds + 30.0)
    with (
        httpx.Client(headers=headers, timeout=timeout) as client,
        replacing_file(path) as made,
    ):
        asked = Server(client, server, settings, show, pause)
        seconds = settings.timeout_seconds
        if isinstance(area, str):
            show(Progress("looking"))
            area = read_areas(asked.ask(areas_query(area, seconds)), area)
        show(Progress("counting"))
        count = read_count(asked.ask(streets_query(area, seconds, count=True)))
        _check_count(count, settings)
        show(Progress("downloading", 0, count.estimated_bytes))
        raw = made.with_name("answer.osm")
        size = asked.download(streets_query(area, seconds, count=False), raw, count.estimated_bytes)
        show(Progress("writing"))
        return _convert(raw, made, path, size)


def _checked(where: str | Box, path: Path, server: str, settings: FetchSettings) -> Box | str | int:
    """Return the rectangle, the name or the number of the area; every fault at once."""
    faults: list[Fault] = []
    area: Box | str | int = where
    try:
        area = _area(where)
    except ValidationError as error:
        faults += error.faults
    if path.suffix.lower() != _SUFFIX:
        faults.append(Fault("out", f"expected a name ending in .osm.pbf, got {path.name!r}"))
    if not path.parent.is_dir():
        faults.append(Fault("out", f"the folder {path.parent} does not exist", "make it first"))
    if not re.match(r"https?://[^/\s]+", server):
        fix = "set LOCATOR_OVERPASS_URL to the address of an Overpass interpreter"
        faults.append(Fault("server", f"expected an http or https address, got {server!r}", fix))
    if faults:
        raise ValidationError.of(faults)
    if isinstance(area, Box) and area.area_km2 > settings.most_km2:
        raise LimitError(
            f"the rectangle covers {area.area_km2:,.0f} km², more than the limit of "
            f"{settings.most_km2:,.0f} km² for one question to a shared server: ask for a smaller "
            "one, or take a Geofabrik or BBBike file",
            code="area_too_large",
        )
    return area


def _area(where: str | Box) -> Box | str | int:
    """Return what a text means: four numbers a rectangle, one a number of an area, else a name."""
    if isinstance(where, Box):
        return where
    if re.fullmatch(r"\s*\d{6,12}\s*", where):
        return int(where)
    if re.fullmatch(r"[\d.,，\s+\-eE]+", where) and any(mark in where for mark in ",，"):
        return parse_box(where)
    return check_name(where)


def _check_count(count: Count, settings: FetchSettings) -> None:
    """Refuse what holds no street or is too large."""
    if not count.ways:
        raise InputError(
            "OpenStreetMap has no street there: check the order west,south,east,north, or choose "
            "a larger area",
            code="no_streets",
        )
    if count.estimated_bytes > settings.most_megabytes * MEGABYTE:
        raise too_large(count.estimated_bytes, settings)


def _ends(path: Path) -> tuple[bytes, bytes]:
    """Return the first and the last bytes of a file."""
    with path.open("rb") as file:
        head = file.read(_TAIL_BYTES)
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return head, file.read()


def _check_whole(path: Path) -> str:
    """Return the date of an answer after making sure that it is all of an OSM XML file."""
    head, tail = _ends(path)
    if b"<osm" not in head:
        raise FileFormatError(
            f"the Overpass server sent no OSM data but: {page_text(head)!r}", code="bad_answer"
        )
    remark = re.search(rb"<remark>(.*?)</remark>", tail, re.DOTALL)
    if remark and b"error" in remark[1]:
        said = html.unescape(remark[1].decode("utf-8", "replace"))
        raise FileFormatError(remark_sentence(said), code="bad_answer")
    if not tail.rstrip().endswith(b"</osm>"):
        raise FileFormatError(
            "the Overpass server's answer broke off before its end: try again", code="bad_answer"
        )
    stamp = re.search(rb'osm_base="([0-9T:.Z-]+)"', head)
    return stamp[1].decode("ascii") if stamp else ""


class _Counter(osmium.SimpleHandler):
    """Counts what goes into the file."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes = self.ways = self.streets = 0

    def node(self, _: osmium.osm.Node) -> None:
        """Count a node."""
        self.nodes += 1

    def way(self, way: osmium.osm.Way) -> None:
        """Count a way."""
        self.ways += 1
        self.streets += "highway" in way.tags


def _convert(raw: Path, made: Path, path: Path, size: int) -> FetchReport:
    """Write the answer as PBF, sorted and without repetitions, and return what it holds."""
    as_of = _check_whole(raw)
    header = osmium.io.Header()
    header.set("generator", "locator fetch (data: OpenStreetMap contributors, ODbL 1.0)")
    if as_of:
        header.set("osmosis_replication_timestamp", as_of)
    counter, merged = _Counter(), osmium.MergeInputReader()
    try:
        merged.add_file(str(raw))
        with osmium.SimpleWriter(str(made), header=header, overwrite=True) as writer:
            merged.apply(writer, counter)
    except (RuntimeError, ValueError) as error:
        raise FileFormatError(
            f"the Overpass server's answer is no readable OSM data ({error}): try again",
            code="bad_answer",
        ) from error
    if not counter.streets:
        raise InputError("the Overpass server's answer holds no street", code="no_streets")
    return FetchReport(
        path, counter.nodes, counter.ways, counter.streets, size, made.stat().st_size, as_of
    )

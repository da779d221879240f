"""OSM files as columns of text: the door that osmium and Arrow share.

osmium copies what its filters let pass as OPL text (one object a line, written by its C++ side) to
a temporary folder, and Arrow reads that text block by block, so that no Python object is made per
node or per way.
"""

import bz2
import gzip
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
import osmium
import pyarrow as pa
import pyarrow.compute as pc
from osmium.osm import NOTHING, osm_entity_bits
from pyarrow import csv

from geodata.errors import FileFormatError
from geodata.model import FloatArray, Int64Array

#: Columns of a line of OPL with time stamps.
WAY_COLUMNS = ("id", "visible", "time", "tags", "refs")
RELATION_COLUMNS = ("id", "visible", "time", "tags", "members")
NODE_COLUMNS = ("id", "visible", "time", "tags", "lon", "lat")

_BLOCK_BYTES = 1 << 23
_COORDINATE = re.compile(rb"""\s(?:min|max)?(?:lon|lat)=["']([^"']*)["']""")
_MEMBER_WAY = re.compile(r"(?:^|,)M?w(\d+)@")
_ANY_WAY = r"[M,]w\d+@"
_ESCAPE = re.compile(r"%([0-9a-f]+)%")
_EXPECTED = "OpenStreetMap data (.osm.pbf, .osm, .osm.gz, .osm.bz2)"


@dataclass(frozen=True)
class Source:
    """One OSM file, and the folder for its text copies.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        osmium's name of its format.
    folder : Path
        Where text copies go.
    """

    path: Path
    format: str
    folder: Path

    @property
    def file(self) -> osmium.io.File:
        """Return the file as osmium wants it."""
        return osmium.io.File(str(self.path), self.format)


def open_source(path: Path, folder: Path) -> Source:
    """Return a file as a source, its format judged by its first bytes.

    Parameters
    ----------
    path : Path
        OSM PBF or XML (plain, gzip, bzip2).
    folder : Path
        Where text copies go.

    Returns
    -------
    Source
        Ready to be copied.

    Raises
    ------
    FileFormatError
        If the file is missing, empty or of another format.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileFormatError(f"{path.name}: cannot be opened ({reason})") from error
    return Source(path, _format(path.name, head), folder)


def _format(name: str, head: bytes) -> str:
    """Return osmium's name of a format from the first bytes of a file."""
    if not head:
        raise FileFormatError(f"{name}: the file is empty; download it again")
    magic = {b"\x1f\x8b": "osm.gz", b"BZ": "osm.bz2"}.get(head[:2], "")
    if magic or b"OSMHeader" in head[:64]:
        return magic or "pbf"
    text = head.decode("utf-8", "replace").lstrip("\ufeff \r\n\t").lower()
    if text.startswith(("<!doctype html", "<html")):
        raise FileFormatError(
            f"{name}: expected {_EXPECTED}, got a web page; the server may have answered with an "
            "error: download it again"
        )
    if "<osmchange" in text:
        raise FileFormatError(f"{name}: expected {_EXPECTED}, got a file of changes (.osc)")
    if "<osm" not in text:
        raise FileFormatError(f"{name}: expected {_EXPECTED}, got something else")
    return "osm"


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what the readers raise on a damaged file into one sentence.

    Parameters
    ----------
    path : Path
        The file being read.

    Raises
    ------
    FileFormatError
        In place of what was raised inside.
    """
    try:
        yield
    except (
        *(RuntimeError, ValueError, OSError, OverflowError, MemoryError, KeyError),
        osmium.InvalidLocationError,
    ) as error:
        raise FileFormatError(
            f"{path.name}: the file is damaged or cut off ({error}); download it again"
        ) from error


def dump(source: Source, entities: osm_entity_bits, *filters: object) -> Path:
    """Copy the objects that pass the filters as OPL text.

    Parameters
    ----------
    source : Source
        The file.
    entities : osm_entity_bits
        Nodes, ways or relations.
    *filters : object
        Filters of osmium; all must let an object pass.

    Returns
    -------
    Path
        The text; a former copy is replaced.

    Raises
    ------
    FileFormatError
        If the file is damaged.
    """
    target = source.folder / "copy.opl"
    target.unlink(missing_ok=True)
    into = osmium.io.File(str(target), "opl,add_metadata=timestamp")
    with sentences(source.path):
        try:
            _copy(source.file, entities, filters, into)
        except osmium.InvalidLocationError:
            target.unlink(missing_ok=True)
            _copy(_mended(source).file, entities, filters, into)
    return target


def _copy(
    file: osmium.io.File,
    entities: osm_entity_bits,
    filters: Sequence[object],
    into: osmium.io.File,
) -> None:
    """Copy the objects of a file that pass the filters."""
    with osmium.io.Reader(file, entities) as reader, osmium.SimpleWriter(into) as writer:
        osmium.apply(reader, *filters, writer)


def _mended(source: Source) -> Source:
    """Return a copy of an XML file without the coordinates that osmium refuses to read."""
    target = source.folder / "mended.osm"
    with _unpacked(source) as file, target.open("wb") as copy:
        copy.writelines(_COORDINATE.sub(_if_degrees, line) for line in file)
    return replace(source, path=target, format="osm")


def _unpacked(source: Source) -> IO[bytes]:
    """Return the open XML text of a file."""
    if source.format == "osm.gz":
        return gzip.open(source.path, "rb")  # type: ignore[return-value]  # reads as IO[bytes]
    return bz2.open(source.path) if source.format == "osm.bz2" else source.path.open("rb")


def _if_degrees(match: re.Match[bytes]) -> bytes:
    """Return an attribute ``lon`` or ``lat`` as it is, or nothing if it is no number of degrees."""
    try:
        return match[0] if abs(float(match[1])) <= 180 else b""  # noqa: PLR2004 (degrees)
    except ValueError:
        return b""


def header_facts(source: Source) -> tuple[str, str]:
    """Return the date up to which the file's header says it is complete, and what wrote it.

    Parameters
    ----------
    source : Source
        The file.

    Returns
    -------
    tuple of str
        ISO date and generator, each ``""`` if the header does not say.

    Raises
    ------
    FileFormatError
        If the file is damaged.
    """
    stamp = generator = ""
    with sentences(source.path), suppress(osmium.InvalidLocationError):
        with osmium.io.Reader(source.file, NOTHING) as reader:
            header = reader.header()
        stamp = header.get("osmosis_replication_timestamp") or header.get("timestamp")
        generator = header.get("generator")
    match = re.match(r"\d{4}-\d\d-\d\d", stamp)
    return match[0] if match else "", generator


def batches(opl: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the columns of OPL text block by block, without deleted objects.

    Parameters
    ----------
    opl : Path
        Text that `dump` wrote.
    columns : sequence of str
        `WAY_COLUMNS`, `RELATION_COLUMNS` or `NODE_COLUMNS`.

    Yields
    ------
    RecordBatch
        Strings, each but ``visible`` with its one-letter prefix.
    """
    if opl.stat().st_size == 0:
        return
    reader = csv.open_csv(
        opl,
        read_options=csv.ReadOptions(column_names=list(columns), block_size=_BLOCK_BYTES),
        parse_options=csv.ParseOptions(delimiter=" ", quote_char=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        ),
    )
    with reader:
        for batch in reader:
            yield batch.filter(pc.equal(batch["visible"], "dV"))


def ids(column: pa.Array) -> Int64Array:
    """Return the ids of a column.

    Parameters
    ----------
    column : Array
        Strings ``n123`` or ``w123``.

    Returns
    -------
    array of int64
        Ids.
    """
    return np.asarray(pc.cast(pc.utf8_slice_codeunits(column, 1), pa.int64()))


def degrees(column: pa.Array) -> FloatArray:
    """Return the coordinates of a column.

    Parameters
    ----------
    column : Array
        Strings ``x8.1`` or ``y41.2``.

    Returns
    -------
    array of float64
        Degrees; NaN where the node has none.
    """
    text = pc.utf8_slice_codeunits(column, 1)
    return np.asarray(pc.cast(pc.if_else(pc.equal(text, ""), "nan", text), pa.float64()))


def references(column: pa.Array) -> tuple[Int64Array, Int64Array]:
    """Return the node references of ways.

    Parameters
    ----------
    column : Array
        Strings ``Nn1,n2,n3``; a way without nodes is ``N``.

    Returns
    -------
    (array (w,) of int64, array (r,) of int64)
        Number of references of each way, and all references in order.
    """
    count = np.where(
        np.asarray(pc.equal(column, "N")), 0, np.asarray(pc.count_substring(column, ",")) + 1
    ).astype(np.int64)
    text = "".join(column.to_pylist()).replace("N", ",").replace("n", "")
    text = re.sub(",+", ",", text).strip(",")
    return count, np.fromstring(text, dtype=np.int64, sep=",") if text else np.zeros(0, np.int64)


def member_ways(column: pa.Array) -> Int64Array:
    """Return the ids of the ways that relations hold.

    Parameters
    ----------
    column : Array
        Strings ``Mw1@outer,n2@,w3@inner``.

    Returns
    -------
    array of int64
        Positive ids, in order, of whatever role.
    """
    found = _MEMBER_WAY.findall(",".join(column.to_pylist()))
    return np.array(found, np.int64)


def count_member_ways(column: pa.Array) -> Int64Array:
    """Return how many ways each relation holds.

    Parameters
    ----------
    column : Array
        Strings ``Mw1@outer,n2@,w3@inner``.

    Returns
    -------
    array (r,) of int64
        As many as `member_ways` returns for each alone.
    """
    return np.asarray(pc.count_substring_regex(column, _ANY_WAY)).astype(np.int64)


def tags(text: str) -> dict[str, str]:
    """Return the tags of one object.

    Parameters
    ----------
    text : str
        Field ``Tkey=value,key=value``; other than plain characters as ``%hex%``.

    Returns
    -------
    dict of str to str
        The tags; empty for ``T``.

    Examples
    --------
    >>> tags("Thighway=steps,name=%6ee8%%6c5f%")
    {'highway': 'steps', 'name': '滨江'}
    """
    pairs = (pair.partition("=") for pair in text[1:].split(",") if pair)
    return {_plain(key): _plain(value) for key, _, value in pairs}


def _plain(text: str) -> str:
    """Return OPL text with its escapes resolved."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "%" in text else text

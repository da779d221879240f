"""What a map draws, as one file that another release can draw again.

The facts are kept, not the page: stations, shapes, figures and words as Parquet tables and JSON in
a zip archive. So a page that stands still in an article gets today's scripts, their mended faults,
another theme or language, and the data of its day.
"""

import dataclasses
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from pandas.api.types import is_object_dtype

from geodata.datum import from_wgs84
from geodata.errors import DatasetError
from geodata.model import FloatArray
from web.map_data import MapRequest, Page
from web.map_streets import StreetLines

_FORMAT = 1
_PER_DEGREE = 1e8
_FACTS = "facts.json"

#: Ends the names of columns whose cells are written as JSON.
_AS_JSON = ":json"
#: Not kept: they belong to today's page, or follow from what is kept.
_OF_TODAY = frozenset({"labels", "page", "shapes", "shift", "streets"})


@dataclass(frozen=True)
class Frozen:
    """An answer that stands still.

    Attributes
    ----------
    date : str
        ISO date of the day on which it was frozen.
    labels : mapping of str to mapping
        By language, as `MapRequest.labels`.
    parts : mapping of str to Any
        Fields of a `MapRequest`, from `parts_of`.
    pictures : mapping of str to bytes
        PNG files by language; empty where none could be drawn.
    """

    date: str
    labels: Mapping[str, Mapping[str, Mapping[str, str]]]
    parts: Mapping[str, Any]
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def regions(self) -> frozenset[str]:
        """Ids of its regions."""
        return frozenset(self.parts["regions"]["id"].astype(str))

    def request(
        self, page: Page, streets: StreetLines, basemap: Mapping[str, Any] | None = None
    ) -> MapRequest:
        """Return what a map of the answer draws.

        Parameters
        ----------
        page : Page
            How it is shown.
        streets : StreetLines
            What lies below.
        basemap : mapping, optional
            What today's dataset says of its vector tiles.

        Returns
        -------
        MapRequest
            For `web.maps.coverage_map`.
        """
        known = {field.name for field in dataclasses.fields(MapRequest)}
        parts = {name: part for name, part in self.parts.items() if name in known}
        parts["manifest"] = {**parts["manifest"], "basemap": basemap}
        return MapRequest(
            **parts,
            labels=self.labels[page.lang],
            streets=streets,
            shift=_to_gcj02,
            page=dataclasses.replace(page, frozen=self.date),
        )


def _to_gcj02(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift positions for Chinese map apps and tiles."""
    return from_wgs84(lon, lat, "gcj02")


def parts_of(request: MapRequest) -> dict[str, Any]:
    """Return what is kept of what a map draws.

    Parameters
    ----------
    request : MapRequest
        Holds no position of a home, and nor does what is kept.

    Returns
    -------
    dict
        By the names of its fields; without what belongs to today's page or follows from the rest.
        Where gaps are drawn as pieces, of the gaps themselves the bounds are enough.
    """
    names = [entry.name for entry in dataclasses.fields(request)]
    parts = {name: getattr(request, name) for name in names if name not in _OF_TODAY}
    if request.pieces is not None and len(request.gaps):
        bounds = shapely.envelope(request.gaps.geometry.to_numpy())
        parts["gaps"] = request.gaps.set_geometry(gpd.GeoSeries(bounds, request.gaps.index, 4326))
    return parts


def pack(frozen: Frozen) -> bytes:
    """Write an answer.

    Parameters
    ----------
    frozen : Frozen
        The answer.

    Returns
    -------
    bytes
        A zip archive of Parquet tables, pictures and ``facts.json``.
    """
    plain: dict[str, Any] = {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in frozen.parts.items():
            if isinstance(part, pd.DataFrame):
                for member, table in _tables(_with_texts(part)):
                    archive.writestr(f"{name}.{member}.parquet", _parquet(table))
            else:
                plain[name] = part
        for lang, picture in frozen.pictures.items():
            archive.writestr(f"{lang}.png", picture)
        facts = {"format": _FORMAT, "date": frozen.date, "labels": frozen.labels, "parts": plain}
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        written = orjson.dumps(facts, default=_plain, option=options)
        archive.writestr(_FACTS, written, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with JSON for mappings, of which Parquet would keep neither order nor gaps."""
    for name in [name for name in frame.columns if is_object_dtype(frame[name])]:
        if frame[name].map(lambda value: isinstance(value, Mapping)).any():
            told = [orjson.dumps(value).decode() for value in frame[name]]
            frame = frame.assign(**{name: told}).rename(columns={name: name + _AS_JSON})
    return frame


def _without_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what `_with_texts` was given."""
    for name in [name for name in frame.columns if name.endswith(_AS_JSON)]:
        read = pd.Series([orjson.loads(text) for text in frame[name]], frame.index, object)
        frame = frame.assign(**{name: read}).rename(columns={name: name.removesuffix(_AS_JSON)})
    return frame


def _tables(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield a frame as plain tables: its columns, and its shapes as steps of whole numbers.

    ``xy`` holds the steps from corner to corner in 1e-8 degrees, which take a quarter of the room
    of coordinates; ``ends`` where rings, polygons and shapes end, level by level (as GeoArrow).
    Frames without shapes, or with empty ones, are written as GeoParquet.
    """
    if not isinstance(frame, gpd.GeoDataFrame):
        yield "columns", frame
        return
    if not len(frame) or bool((frame.geometry.is_empty | frame.geometry.isna()).any()):
        yield "geo", frame
        return
    yield "columns", pd.DataFrame(frame.drop(columns=frame.geometry.name))
    polygons = np.full(len(frame), shapely.MultiPolygon(), dtype=object)
    parts, owners = shapely.get_parts(frame.geometry.to_numpy(), return_index=True)
    shapely.multipolygons(parts, indices=owners, out=polygons)
    _, corners, ends = shapely.to_ragged_array(polygons.tolist())
    steps = np.diff(np.rint(corners * _PER_DEGREE).astype(np.int64), axis=0, prepend=0)
    yield "xy", pd.DataFrame(steps.reshape(-1, 2), columns=["x", "y"])
    level = np.repeat(np.arange(len(ends)), [len(part) for part in ends])
    yield "ends", pd.DataFrame({"level": level, "end": np.concatenate(ends).astype(np.int64)})


def _frame(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the frame that `_tables` took apart."""
    if "xy" not in tables:
        return next(iter(tables.values()))
    corners = np.ascontiguousarray(np.cumsum(tables["xy"].to_numpy(), axis=0) / _PER_DEGREE)
    ends = [part["end"].to_numpy(copy=True) for _, part in tables["ends"].groupby("level")]
    shapes = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, corners, ends)
    single = shapely.get_num_geometries(shapes) == 1
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    columns = tables["columns"]
    if columns.columns.empty:
        columns = pd.DataFrame(index=range(len(shapes)))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _parquet(frame: pd.DataFrame) -> bytes:
    """Return a table as Parquet."""
    out = io.BytesIO()
    steps = list(frame.columns) == ["x", "y"]  # each byte of a whole number by itself
    more: dict[str, Any] = {"use_byte_stream_split": steps, "use_dictionary": not steps}
    frame.to_parquet(out, index=False, compression="zstd", compression_level=9, **more)
    return out.getvalue()


def _plain(value: Any) -> Any:
    """Return what JSON can hold for a value that it cannot."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


def unpack(content: bytes) -> Frozen:
    """Read what `pack` wrote.

    Parameters
    ----------
    content : bytes
        The archive.

    Returns
    -------
    Frozen
        The answer.

    Raises
    ------
    DatasetError
        If it is damaged or of a format that this release does not know.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            facts = orjson.loads(archive.read(_FACTS))
            parts = dict(facts["parts"])
            tables: dict[str, dict[str, pd.DataFrame]] = {}
            pictures = {}
            for name in archive.namelist():
                stem, _, ending = name.partition(".")
                if ending == "png":
                    pictures[stem] = archive.read(name)
                elif ending != "json":
                    kind = ending.removesuffix(".parquet")
                    read: Any = gpd.read_parquet if kind == "geo" else pd.read_parquet
                    tables.setdefault(stem, {})[kind] = read(io.BytesIO(archive.read(name)))
        _check_format(facts["format"])
        parts |= {name: _without_texts(_frame(members)) for name, members in tables.items()}
        found = Frozen(facts["date"], facts["labels"], parts, pictures)
        len(found.regions)
    except Exception as error:  # damaged bytes raise what zlib, Arrow and GEOS have
        raise _damaged() from error
    return found


def _check_format(number: int) -> None:
    """Refuse what another release may have written."""
    if number != _FORMAT:
        raise _damaged()


def _damaged() -> DatasetError:
    """Return the error of an archive that cannot be read."""
    return DatasetError(
        "a frozen answer cannot be read: delete the damaged file from LOCATOR_FROZEN"
    )

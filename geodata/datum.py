"""Datums of Chinese coordinates and the metric projection: the one place that moves a position.

China's maps use three references: WGS-84 (GPS, OpenStreetMap), GCJ-02 (Amap, Tencent, WeChat) and
BD-09 (Baidu). GCJ-02 shifts a position by 18-692 m, so mixing them up moves a station by up to half
a 15-minute walk. CGCS2000 (Tianditu) equals WGS-84 within decimetres and is treated as equal.

The shift applies inside a coarse outline of mainland China only (``data/outline.csv``: about 5 km
along empty borders, a few hundred metres beside border towns; written for this decision alone and
never drawn). Hong Kong, Macao and Taiwan are left alone unless the caller says that his source
shifts them too (``also``).

Source of the formulas: the public approximation of GCJ-02 and BD-09 as in PRCoords (CC0),
https://github.com/Artoria2e5/PRCoords. It agrees with map apps to 1-5 m, not to millimetres.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geodata.errors import DatumError, Fault, ValidationError
from geodata.package_data import data_rows

#: The centre of a system of `metric_crs`.
_CENTRE = re.compile(r"\+proj=laea \+lat_0=(-?\d+) \+lon_0=(-?\d+) ")

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Pair = tuple[FloatArray, FloatArray]
Datum = Literal["wgs84", "gcj02", "bd09", "cgcs2000"]
Place = Literal["hong_kong", "macao", "taiwan"]

#: The codes of the datums understood.
DATUMS: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09", "cgcs2000")

#: Krasovsky 1940, on which the GCJ-02 shift is computed: semi-major axis (m), squared eccentricity.
_AXIS_M, _ECCENTRICITY2 = 6378245.0, 0.00669342162296594323

#: The fixed point stops at this change (degrees; 0.01 mm), or fails after this many rounds.
_SETTLED_DEG, _ROUNDS = 1e-10, 30

#: How far a shift can carry a position (degrees), BD-09 included.
_REACH_DEG = 0.03

#: Words that name a datum, on normalised text (NFKC, upper case, no blanks, dashes or underscores).
_WORDS: tuple[tuple[str, Datum], ...] = (
    (r"WGS84|WGS1984|EPSG:?4326|GPS|国际坐标|地球坐标|真实坐标|北斗", "wgs84"),
    (r"GCJ0?2|火星|高德|腾讯|国测局|国测|微信|AMAP|GAODE|TENCENT|WECHAT|QQ地图|MARS", "gcj02"),
    (r"BD0?9|百度|BAIDU", "bd09"),
    (r"CGCS2000|EPSG:?4490|天地图|TIANDITU|国家2000|2000国家|大地2000", "cgcs2000"),
)
_BARE: dict[str, Datum] = {"WGS": "wgs84", "GCJ": "gcj02", "BD": "bd09", "CGCS": "cgcs2000"}
_BARE |= {"4326": "wgs84", "4490": "cgcs2000", "2000": "cgcs2000", "02": "gcj02", "09": "bd09"}


def to_wgs84(
    lon: npt.ArrayLike, lat: npt.ArrayLike, datum: str, *, also: Sequence[Place] = ()
) -> Pair:
    """Return WGS-84 positions from positions in any datum.

    The inverse is the fixed point ``p <- p - (f(p) - g)``, exact to less than 1 cm inside mainland
    China; outside it is the identity. Within 700 m outside the outline, where two places share one
    shifted position, the place inside wins.

    Parameters
    ----------
    lon, lat : array_like (n,)
        Degrees in ``datum``.
    datum : str
        ``wgs84``, ``gcj02``, ``bd09`` or ``cgcs2000``.
    also : sequence of str, optional
        ``hong_kong``, ``macao``, ``taiwan``: places that the data's source shifts as well.

    Returns
    -------
    lon, lat : array (n,) of float64
        Degrees in WGS-84; empty for empty input.

    Raises
    ------
    DatumError
        If ``datum`` is none of the four codes.
    ValidationError
        If a coordinate is not finite (``coordinate_not_finite``) or out of range
        (``out_of_range``).

    Examples
    --------
    >>> lon, lat = to_wgs84([113.305132], [34.803352], "gcj02")
    >>> print(lon.round(5), lat.round(5))
    [113.29876] [34.80427]
    """
    x, y, inverse = *_checked(lon, lat), _inverses().get(_known(datum))
    if inverse is None:
        return x, y
    near = np.flatnonzero(_near(x, y, also))
    wx, wy = inverse(x[near], y[near])
    good = _inside(wx, wy, also)
    x[near[good]], y[near[good]] = wx[good], wy[good]
    return x, y


def from_wgs84(
    lon: npt.ArrayLike, lat: npt.ArrayLike, datum: str, *, also: Sequence[Place] = ()
) -> Pair:
    """Return positions in any datum from WGS-84 positions.

    Parameters
    ----------
    lon, lat : array_like (n,)
        Degrees in WGS-84.
    datum : str
        ``wgs84``, ``gcj02``, ``bd09`` or ``cgcs2000``.
    also : sequence of str, optional
        ``hong_kong``, ``macao``, ``taiwan``: places that the data's reader shifts as well.

    Returns
    -------
    lon, lat : array (n,) of float64
        Degrees in ``datum``; the input itself outside mainland China; empty for empty input.

    Raises
    ------
    DatumError
        If ``datum`` is none of the four codes.
    ValidationError
        If a coordinate is not finite or out of range.
    """
    x, y, code = *_checked(lon, lat), _known(datum)
    if code in {"wgs84", "cgcs2000"}:
        return x, y
    shifted = np.flatnonzero(_inside(x, y, also))
    gx, gy = _gcj_of(x[shifted], y[shifted])
    if code == "bd09":
        gx, gy = _bd_of(gx, gy)
    x[shifted], y[shifted] = gx, gy
    return x, y


def in_china(lon: npt.ArrayLike, lat: npt.ArrayLike) -> BoolArray:
    """Tell which positions lie in mainland China, where the GCJ-02 shift applies.

    Parameters
    ----------
    lon, lat : array_like (n,)
        Degrees; any datum will do but for a strip of 700 m along the outline.

    Returns
    -------
    array (n,) of bool
        False where a coordinate is not finite.
    """
    return _inside(
        np.asarray(lon, np.float64).reshape(-1), np.asarray(lat, np.float64).reshape(-1), ()
    )


def find_datum(text: str) -> str:
    """Return the code of the datum that a text names, or ``""``.

    Parameters
    ----------
    text : str
        A header, a cell, a parameter: ``GCJ-02经度``, ``高德``, ``lng_wgs84``.

    Returns
    -------
    str
        ``wgs84``, ``gcj02``, ``bd09``, ``cgcs2000``; ``""`` if it names none or more than one.

    Examples
    --------
    >>> find_datum("GCJ-02经度"), find_datum("百度坐标系"), find_datum("经度")
    ('gcj02', 'bd09', '')
    """
    plain = re.sub(r"[\s\-_－—]+", "", unicodedata.normalize("NFKC", text)).upper()
    if "MC" in plain and "BD" in plain:
        return ""
    found = {code for words, code in _WORDS if re.search(words, plain)}
    if not found and plain in _BARE:
        return _BARE[plain]
    return found.pop() if len(found) == 1 else ""


def parse_datum(text: str) -> str:
    """Return the code of the datum that a text names.

    Parameters
    ----------
    text : str
        For example ``WGS-84``, ``火星坐标``, ``高德``, ``BD-09``, ``天地图``.

    Returns
    -------
    str
        ``wgs84``, ``gcj02``, ``bd09`` or ``cgcs2000``.

    Raises
    ------
    DatumError
        If the text names none, or more than one.

    Examples
    --------
    >>> parse_datum("高德")
    'gcj02'
    """
    code = find_datum(text)
    if not code:
        raise DatumError(
            f"datum: expected WGS-84, GCJ-02 (高德, 腾讯), BD-09 (百度) or CGCS2000 (天地图), "
            f"got {text[:60]!r}"
        )
    return code


def metric_crs(lon: float, lat: float, *, earlier: str = "") -> pyproj.CRS:
    """Return the metric, equal-area system of the neighbourhood of a position.

    Lambert azimuthal equal-area on WGS-84, centred on the position rounded to whole degrees, so
    that datasets of one town share one system.

    Parameters
    ----------
    lon, lat : float
        Degrees in WGS-84.
    earlier : str
        Such a system that was used here before; it stays while its centre is within a degree in
        both directions, so that a middle which moves over half a degree moves no cell.

    Returns
    -------
    pyproj.CRS
        Units are metres.

    Raises
    ------
    ValidationError
        If the position is not finite or out of range.

    Examples
    --------
    >>> metric_crs(118.8, 32.06).axis_info[0].unit_name
    'metre'
    """
    x, y = _checked(lon, lat)
    found = _CENTRE.match(earlier)
    if found is not None:
        old_lat, old_lon = int(found[1]), int(found[2])
        if abs(old_lon - x[0]) <= 1 and abs(old_lat - y[0]) <= 1:
            return _laea(old_lon, old_lat)
    return _laea(round(float(x[0])), round(float(y[0])))


def project(lon: npt.ArrayLike, lat: npt.ArrayLike, crs: pyproj.CRS) -> Pair:
    """Return metric coordinates of WGS-84 positions.

    Parameters
    ----------
    lon, lat : array_like (n,)
        Degrees.
    crs : pyproj.CRS
        For example from `metric_crs`.

    Returns
    -------
    x, y : array (n,) of float64
        Metres.

    Raises
    ------
    ValidationError
        If a coordinate is not finite or out of range.
    """
    return _transformed(_transformer(crs.to_wkt(), forward=True), *_checked(lon, lat))


def unproject(x: npt.ArrayLike, y: npt.ArrayLike, crs: pyproj.CRS) -> Pair:
    """Return WGS-84 positions of metric coordinates.

    Parameters
    ----------
    x, y : array_like (n,)
        Metres.
    crs : pyproj.CRS
        The system that they are in.

    Returns
    -------
    lon, lat : array (n,) of float64
        Degrees.

    Raises
    ------
    ValidationError
        If a coordinate is not finite or has no place on Earth.
    """
    flat = [np.array(values, np.float64).reshape(-1) for values in (x, y)]
    _refuse(~(np.isfinite(flat[0]) & np.isfinite(flat[1])), "x, y", "finite metres", flat)
    lon, lat = _transformed(_transformer(crs.to_wkt(), forward=False), *flat)
    _refuse(~(np.isfinite(lon) & np.isfinite(lat)), "x, y", "a place on Earth", flat)
    return lon, lat


def _known(datum: str) -> Datum:
    """Return the datum's code as a literal, or refuse."""
    for code in DATUMS:
        if code == datum:
            return code
    raise DatumError(f"datum: expected one of {', '.join(DATUMS)}, got {datum!r}")


def _checked(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Return copies as flat float64 arrays, or refuse what is no position."""
    x, y = (np.array(values, np.float64).reshape(-1) for values in (lon, lat))
    if len(x) != len(y):
        raise ValidationError.of([Fault("lat", f"expected {len(x)} values, as lon, got {len(y)}")])
    finite = np.isfinite(x) & np.isfinite(y)
    _refuse(~finite, "lon, lat", "finite degrees", (x, y), code="coordinate_not_finite")
    _refuse(
        (np.abs(x) > 180) | (np.abs(y) > 90),  # noqa: PLR2004  degrees on Earth
        "lon, lat",
        "-180 to 180 and -90 to 90 degrees",
        (x, y),
        code="out_of_range",
    )
    return x, y


def _refuse(
    bad: BoolArray, where: str, expected: str, values: Sequence[FloatArray], code: str = ""
) -> None:
    """Raise one error that lists the first bad positions and counts the rest."""
    rows = np.flatnonzero(bad)
    if len(rows) == 0:
        return
    shown = ", ".join(f"[{row}] {values[0][row]:g}, {values[1][row]:g}" for row in rows[:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""  # noqa: PLR2004  as shown
    raise ValidationError.of([Fault(where, f"expected {expected}, got {shown}{more}")], code=code)


@lru_cache(maxsize=8)
def _outline(also: tuple[str, ...]) -> shapely.Geometry:
    """Return the area where the shift applies, prepared."""
    rings: dict[str, list[tuple[float, float]]] = {}
    for row in data_rows("outline"):
        rings.setdefault(row["ring"], []).append((float(row["lon"]), float(row["lat"])))
    shifted = {"mainland", *also}
    parts: dict[bool, list[shapely.Polygon]] = {True: [], False: []}
    for name, ring in rings.items():
        parts[name.split("/")[0] in shifted].append(shapely.Polygon(ring))
    area = shapely.union_all(parts[True]).difference(shapely.union_all(parts[False]))
    shapely.prepare(area)
    return area


def _inside(lon: FloatArray, lat: FloatArray, also: Sequence[str]) -> BoolArray:
    """Tell which positions lie where the shift applies."""
    return np.asarray(shapely.contains_xy(_outline(tuple(sorted(also))), lon, lat), np.bool_)


def _near(lon: FloatArray, lat: FloatArray, also: Sequence[str]) -> BoolArray:
    """Tell which positions lie in the outline's box, with room for a shift."""
    bounds = shapely.bounds(_outline(tuple(sorted(also))))
    west, south, east, north = bounds + np.array([-1, -1, 1, 1]) * _REACH_DEG
    return np.asarray((lon > west) & (lon < east) & (lat > south) & (lat < north), np.bool_)


def _gcj_of(lon: FloatArray, lat: FloatArray) -> Pair:
    """Return GCJ-02 of WGS-84, wherever it lies (PRCoords ``wgs_gcj``)."""
    x, y = lon - 105, lat - 35
    pi, sin = math.pi, np.sin
    common = 2 * sin(x * 6 * pi) + 2 * sin(x * 2 * pi)
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north_m += (common + 2 * sin(y * pi) + 4 * sin(y / 3 * pi)) * 20 / 3
    north_m += (16 * sin(y / 12 * pi) + 32 * sin(y / 30 * pi)) * 20 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east_m += (common + 2 * sin(x * pi) + 4 * sin(x / 3 * pi)) * 20 / 3
    east_m += (15 * sin(x / 12 * pi) + 30 * sin(x / 30 * pi)) * 20 / 3
    latitude = np.radians(lat)
    magic = 1 - _ECCENTRICITY2 * sin(latitude) ** 2
    degree_north_m = np.radians(_AXIS_M * (1 - _ECCENTRICITY2) / magic**1.5)
    degree_east_m = np.radians(_AXIS_M * np.cos(latitude) / np.sqrt(magic))
    return lon + east_m / degree_east_m, lat + north_m / degree_north_m


def _bd_of(lon: FloatArray, lat: FloatArray) -> Pair:
    """Return BD-09 of GCJ-02 (PRCoords ``gcj_bd``)."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(np.radians(lat) * 3000)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(np.radians(lon) * 3000)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.0060


def _settle(
    forward: Callable[[FloatArray, FloatArray], Pair], x: FloatArray, y: FloatArray
) -> Pair:
    """Return what ``forward`` maps to (x, y), by fixed point."""
    px, py = x.copy(), y.copy()
    for _ in range(_ROUNDS):
        fx, fy = forward(px, py)
        dx, dy = fx - x, fy - y
        px, py = px - dx, py - dy
        if max(np.abs(dx).max(initial=0), np.abs(dy).max(initial=0)) < _SETTLED_DEG:
            return px, py
    raise DatumError(
        f"datum: the inverse did not settle in {_ROUNDS} rounds; check that the coordinates are "
        "in the datum that was declared"
    )


def _inverses() -> dict[str, Callable[[FloatArray, FloatArray], Pair]]:
    """Return the inverse shift of every datum that has one."""
    return {
        "gcj02": lambda x, y: _settle(_gcj_of, x, y),
        "bd09": lambda x, y: _settle(_gcj_of, *_settle(_bd_of, x, y)),
    }


@lru_cache(maxsize=64)
def _laea(lon: int, lat: int) -> pyproj.CRS:
    """Return the Lambert azimuthal equal-area system centred there."""
    return pyproj.CRS.from_proj4(
        f"+proj=laea +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m +no_defs"
    )


@lru_cache(maxsize=64)
def _transformer(wkt: str, *, forward: bool) -> pyproj.Transformer:
    """Return the transformer from WGS-84 longitude, latitude, or to it."""
    ends = ("EPSG:4326", wkt) if forward else (wkt, "EPSG:4326")
    return pyproj.Transformer.from_crs(*ends, always_xy=True)


def _transformed(transformer: pyproj.Transformer, x: FloatArray, y: FloatArray) -> Pair:
    """Return both coordinates, transformed."""
    first, second = transformer.transform(x, y)
    return np.asarray(first, np.float64), np.asarray(second, np.float64)

"""What a map draws, and the same as a small JSON object for the page's script."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from shapely.geometry.base import BaseGeometry

from web.links import Place, navigation_links
from web.map_geometry import (
    FloatArray,
    StreetLines,
    encode,
    encode_points,
    encode_polygons,
    encode_streets,
    label_points,
    simplify_together,
)
from web.map_severity import severity
from web.map_text import CAUSES, SIGNS, TEXTS, clip, number, percent

#: Characters of text that the streets, and all polygons together, may take in the page.
STREET_BUDGET = 450_000
POLYGON_BUDGET = 450_000

#: First tolerance of the polygons (m): under the 71 m at which a single 100 m cell loses corners.
POLYGON_TOLERANCE_M = 60.0

#: Longest name and longest other text that a popup shows.
NAME_LIMIT, TEXT_LIMIT = 80, 160

#: Stations' coordinates are written on a lattice of this many degrees (about 0.1 m).
POINT_GRID = 1e-6

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Page:
    """How the map is shown.

    Attributes
    ----------
    lang : str
        ``zh`` or ``en``.
    base : str
        ``streets`` (ours), ``none``, ``osm``, ``tianditu`` or ``amap``.
    tianditu_key : str
        Key of the operator, for ``tianditu``.
    approval : str
        审图号, ``""`` while there is none.
    self_contained : bool
        True for one file with scripts, styles and pictures inside.
    nearest_url : str
        Where the script asks for minutes, ``""`` to estimate from the straight line.
    other_language_url, home_url : str
        Links, ``""`` for none.
    form : mapping of str to sequence of (value, label)
        Choices of a form that asks for another map; empty for none.
    """

    lang: str = "zh"
    base: str = "streets"
    tianditu_key: str = ""
    approval: str = ""
    self_contained: bool = False
    nearest_url: str = ""
    other_language_url: str = ""
    home_url: str = ""
    form: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True)
class MapRequest:
    """Everything that a map draws. Positions are WGS-84 degrees, EPSG:4326.

    Attributes
    ----------
    stations : DataFrame
        ``id, name, kind, status, lon, lat`` and where known ``address, phone,
        opening_hours_text, opening_hours, facilities`` (codes joined by ``;``)``, access``;
        ``state`` (0 closed, 1 open, 2 unknown) and ``until`` (ISO text or ``""``).
    gaps : GeoDataFrame
        ``id, region, area_km2, workers, nearest_seconds, nearest_station, cause, also,
        detour_ratio, geometry``.
    covered : GeoDataFrame
        Polygons of what is covered.
    pieces : GeoDataFrame or None
        The gaps cut by travel time: ``gap`` (row of ``gaps``), ``band``; None: each gap is one
        piece, coloured by its ``nearest_seconds``.
    regions : GeoDataFrame
        ``id, name, geometry``; shares come from ``summary["regions"]``.
    streets : StreetLines
        The base map.
    summary : mapping
        The coverage summary.
    manifest : mapping
        ``name, version, as_of, attribution, sources`` of the dataset.
    labels : mapping of str to mapping of str to str
        ``kind, facility, access, status, need, mode``: code to name in the page's language.
    states_at : str
        ISO time for which ``state`` holds.
    speed_kph : float
        Top speed that bounds a walk from below, for estimates without the server.
    shift : callable or None
        ``(lon, lat) -> (lon, lat)`` from WGS-84 to GCJ-02, for navigation links and Amap's tiles.
    page : Page
        How it is shown.
    """

    stations: pd.DataFrame
    gaps: gpd.GeoDataFrame
    covered: gpd.GeoDataFrame
    regions: gpd.GeoDataFrame
    streets: StreetLines
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, str]]
    pieces: gpd.GeoDataFrame | None = None
    states_at: str = ""
    speed_kph: float = 4.4
    shift: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]] | None = None
    page: Page = field(default_factory=Page)

    @property
    def text(self) -> Mapping[str, str]:
        """Texts in the page's language."""
        return TEXTS[self.page.lang]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the coverage question."""
        found = self.summary.get("parameters")
        return found if isinstance(found, Mapping) else _EMPTY

    @property
    def minutes(self) -> float:
        """The limit in minutes."""
        return float(self.parameters.get("minutes", 15))

    @property
    def in_gcj02(self) -> bool:
        """Whether everything is drawn in GCJ-02, because the tiles are."""
        return self.page.base == "amap" and self.shift is not None

    def label(self, table: str, code: Any) -> str:
        """Return the name of a code, or the code itself where there is no name.

        Parameters
        ----------
        table : str
            Such as ``kind``.
        code : object
            The code.

        Returns
        -------
        str
            A name to show.
        """
        return clip(self.labels.get(table, _EMPTY).get(str(code), code), TEXT_LIMIT)


def payload(request: MapRequest) -> dict[str, Any]:
    """Return the map as one JSON-ready object.

    Parameters
    ----------
    request : MapRequest
        What to draw.

    Returns
    -------
    dict
        ``text, view, stations, gaps, covered, regions, streets, panel, minutes, mode, nearest``.
    """
    shapes = _shapes(request)
    drawn = request.page.base == "streets"
    empty = {"levels": [], "drawn": 0, "present": 0}
    return {
        "lang": request.page.lang,
        "text": dict(request.text),
        "view": _view(request),
        "minutes": request.minutes,
        "mode": request.label("mode", request.parameters.get("mode", "walk")),
        "mode_code": str(request.parameters.get("mode", "walk")),
        "nearest_url": request.page.nearest_url,
        "links": _links(request),
        "speed_kph": request.speed_kph,
        "states_at": request.states_at,
        "stations": _stations(request),
        "gaps": {"shapes": shapes["gaps"], **_gaps(request)},
        "covered": {"shapes": shapes["covered"]},
        "regions": {"shapes": shapes["regions"], **_regions(request)},
        "streets": encode_streets(request.streets, budget=STREET_BUDGET) if drawn else empty,
    }


def _links(request: MapRequest) -> dict[str, str]:
    """Return the patterns of the links that start a map app, as the API makes them."""
    place = Place("~~name~~", 11.111111, 22.222222, 33.333333, 44.444444)
    marks = {"~~name~~": "{name}", "11.111111": "{lon}", "22.222222": "{lat}"}
    marks |= {"33.333333": "{glon}", "44.444444": "{glat}"}
    patterns = navigation_links(place, str(request.parameters.get("mode", "walk")))
    for known, mark in marks.items():
        patterns = {app: link.replace(known, mark) for app, link in patterns.items()}
    return patterns


def shares(request: MapRequest) -> dict[str, float]:
    """Return the share covered of every region that has one.

    Parameters
    ----------
    request : MapRequest
        With ``summary["regions"]``: rows with ``id`` and ``share_covered``, or a mapping by id.

    Returns
    -------
    dict of str to float
        By region id.
    """
    rows = request.summary.get("regions") or ()
    if isinstance(rows, Mapping):
        rows = [{"id": key, **value} for key, value in rows.items() if isinstance(value, Mapping)]
    found = {}
    for row in rows:
        share = row.get("share_covered")
        if share is not None and share == share:  # noqa: PLR0124  (not a number)
            found[str(row.get("id", row.get("region", "")))] = float(share)
    return found


def _positions(request: MapRequest, lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Return positions as they are drawn: (n, 2)."""
    if request.in_gcj02 and request.shift is not None and len(lon):
        lon, lat = request.shift(lon, lat)
    return np.column_stack([lon, lat]).reshape(-1, 2)


def _drawn(request: MapRequest, shapes: Sequence[BaseGeometry]) -> Sequence[BaseGeometry]:
    """Return shapes as they are drawn."""
    if not request.in_gcj02 or not len(shapes):
        return shapes
    import shapely  # noqa: PLC0415  (keeps the one user of it in sight)

    moved = shapely.transform(
        np.asarray(list(shapes), dtype=object),
        lambda xy: _positions(request, xy[:, 0].copy(), xy[:, 1].copy()),
    )
    return list(moved)


def _shapes(request: MapRequest) -> dict[str, dict[str, str]]:
    """Write gaps, covered areas and regions; coarser until they fit."""
    gaps, covered = list(_pieces(request).geometry), list(request.covered.geometry)
    regions = list(request.regions.geometry)
    tolerance = POLYGON_TOLERANCE_M
    while True:
        together = simplify_together([*gaps, *covered], tolerance)
        written = {
            "gaps": encode_polygons(_drawn(request, list(together[: len(gaps)]))),
            "covered": encode_polygons(_drawn(request, list(together[len(gaps) :]))),
            "regions": encode_polygons(
                _drawn(request, list(simplify_together(regions, tolerance / 2)))
            ),
        }
        size = sum(len(text) for shape in written.values() for text in shape.values())
        if size <= POLYGON_BUDGET or tolerance > 5000:  # noqa: PLR2004  (5 km: nothing is left)
            return written
        tolerance *= 1.6


def _pieces(request: MapRequest) -> gpd.GeoDataFrame:
    """Return the gaps cut by travel time, or the gaps themselves."""
    if request.pieces is not None:
        return request.pieces
    seconds = _numbers(request.gaps, "nearest_seconds")
    own = {"gap": np.arange(len(request.gaps)), "band": severity(seconds, request.minutes * 60)}
    return gpd.GeoDataFrame(own, geometry=request.gaps.geometry.to_numpy(), crs=request.gaps.crs)


def _view(request: MapRequest) -> dict[str, Any]:
    """Return what to show first and how far the map may be moved."""
    boxes = [
        frame.total_bounds
        for frame in (request.gaps, request.covered, request.regions)
        if len(frame) and not frame.geometry.is_empty.all()
    ]
    lon = request.stations["lon"].to_numpy(dtype=float)
    lat = request.stations["lat"].to_numpy(dtype=float)
    if len(lon):
        boxes.append(np.array([lon.min(), lat.min(), lon.max(), lat.max()]))
    if not boxes:
        boxes = [_street_box(request.streets)]
    box = np.array(boxes)
    corners = np.concatenate([box[:, :2].min(axis=0), box[:, 2:].max(axis=0)])
    moved = _positions(request, corners[[0, 2]], corners[[1, 3]]).ravel()
    return {"bounds": [round(float(v), 5) for v in moved], "gcj02": request.in_gcj02}


def _street_box(streets: StreetLines) -> FloatArray:
    """Return the bounds of the streets, or of Nanchang where there is nothing at all."""
    if not len(streets.segments):
        return np.array([115.7, 28.5, 116.1, 28.8])
    xy = streets.segments.reshape(-1, 2)
    return np.concatenate([xy.min(axis=0), xy.max(axis=0)])


def _column(values: Sequence[str]) -> dict[str, Any]:
    """Write repeated texts once each."""
    of, at = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
    return {"of": of.tolist(), "at": encode(at)}


def _texts(frame: pd.DataFrame, column: str, limit: int = TEXT_LIMIT) -> list[str]:
    """Return a text column, ``""`` where it is missing."""
    if column not in frame:
        return [""] * len(frame)
    return [clip(value, limit) for value in frame[column]]


def _stations(request: MapRequest) -> dict[str, Any]:
    """Write the stations by columns."""
    frame = request.stations
    lon, lat = frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)
    codes = _texts(frame, "kind")
    kinds = sorted(set(codes))
    received, clean = _texts(frame, "opening_hours_text"), _texts(frame, "opening_hours")
    hours = [text or rule for text, rule in zip(received, clean, strict=True)]
    state = frame["state"].to_numpy(dtype=np.int64) if "state" in frame else np.full(len(lon), 2)
    shifted = np.column_stack(request.shift(lon, lat) if request.shift else (lon, lat))
    offset = np.rint((shifted - np.column_stack([lon, lat])) / POINT_GRID).astype(np.int64)
    return {
        "n": len(frame),
        "xy": encode_points(np.column_stack([lon, lat]), POINT_GRID),
        "shift": encode(offset) if offset.any() else "",
        "id": _texts(frame, "id"),
        "name": _texts(frame, "name", NAME_LIMIT),
        "kinds": [{"name": request.label("kind", k), "sign": sign_of(request, k)} for k in kinds],
        "kind": encode([kinds.index(code) for code in codes]),
        "state": "".join(map(str, state.tolist())),
        "until": _column(_texts(frame, "until")),
        "status": _column(
            [request.label("status", s) if s not in {"open", ""} else "" for s in
             _texts(frame, "status")]
        ),
        "hours": _column(hours),
        "facilities": _column([_names(request, "facility", t) for t in _texts(frame, "facilities")]),
        "access": _column([request.label("access", c) if c else "" for c in
                           _texts(frame, "access")]),
        "address": _texts(frame, "address"),
        "phone": _texts(frame, "phone", 40),
    }


def sign_of(request: MapRequest, kind: str) -> str:
    """Return the sign that marks a kind of station.

    Parameters
    ----------
    request : MapRequest
        For the language and names.
    kind : str
        Code.

    Returns
    -------
    str
        One character.
    """
    if kind in SIGNS:
        return SIGNS[kind][0 if request.page.lang == "zh" else 1]
    return request.label("kind", kind)[:1].upper() or "•"


def _names(request: MapRequest, table: str, joined: str) -> str:
    """Return the names of codes joined by ``;``."""
    codes = [code.strip() for code in joined.split(";") if code.strip()]
    return request.text["and"].join(request.label(table, code) for code in codes)


def _numbers(frame: pd.DataFrame, column: str) -> FloatArray:
    """Return a column of numbers, NaN where missing."""
    if column not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[column], errors="coerce"), dtype=np.float64)


def _rounded(values: FloatArray, digits: int) -> list[float | None]:
    """Return numbers for JSON, None for NaN."""
    return [round(v, digits) if np.isfinite(v) else None for v in values.tolist()]


def _gaps(request: MapRequest) -> dict[str, Any]:
    """Write the gaps by columns."""
    frame = request.gaps
    causes = CAUSES[request.page.lang]
    names = dict(zip(_texts(request.regions, "id"), _texts(request.regions, "name"), strict=True))
    stations = dict(
        zip(_texts(request.stations, "id"), _texts(request.stations, "name", NAME_LIMIT),
            strict=True)
    )
    seconds, pieces = _numbers(frame, "nearest_seconds"), _pieces(request)
    suppressed = (
        frame["suppressed"].fillna(value=False).astype(bool)
        if "suppressed" in frame
        else pd.Series(data=False, index=frame.index)
    )
    return {
        "n": len(frame),
        "id": _texts(frame, "id"),
        "severity": "".join(map(str, severity(seconds, request.minutes * 60).tolist())),
        "owner": encode(pieces["gap"].to_numpy(dtype=np.int64)),
        "band": "".join(map(str, pieces["band"].tolist())),
        "seconds": _rounded(seconds, 0),
        "workers": _rounded(_numbers(frame, "workers"), 0),
        "suppressed": "".join("1" if s else "0" for s in suppressed),
        "area": _rounded(_numbers(frame, "area_km2"), 2),
        "detour": _rounded(_numbers(frame, "detour_ratio"), 1),
        "region": _column([names.get(r, r) for r in _texts(frame, "region")]),
        "station": _column([stations.get(s, s) for s in _texts(frame, "nearest_station")]),
        "cause": _column([causes.get(c, c) for c in _texts(frame, "cause")]),
        "also": _column([_also(request, value) for value in _raw(frame, "also")]),
    }


def _raw(frame: pd.DataFrame, column: str) -> list[Any]:
    """Return a column's values as they are."""
    return list(frame[column]) if column in frame else [""] * len(frame)


def _also(request: MapRequest, value: Any) -> str:
    """Return further causes in words; codes come as a sequence or joined by ``;``."""
    causes = CAUSES[request.page.lang]
    codes = clip(value, TEXT_LIMIT).split(";") if isinstance(value, str) else value
    if not isinstance(codes, Sequence | np.ndarray):
        return ""
    return request.text["and"].join(
        clip(causes.get(str(c).strip(), c), TEXT_LIMIT) for c in codes if str(c).strip()
    )


def _regions(request: MapRequest) -> dict[str, Any]:
    """Write the regions by columns, with a place for each label."""
    by_id = shares(request)
    ids = _texts(request.regions, "id")
    taken = request.stations[["lon", "lat"]].to_numpy(dtype=float)
    points = label_points(list(request.regions.geometry), taken)
    place = _positions(request, points[:, 0].copy(), points[:, 1].copy())
    return {
        "n": len(ids),
        "name": _texts(request.regions, "name", NAME_LIMIT),
        "share": [percent(by_id[i]) if i in by_id else "" for i in ids],
        "xy": encode_points(place, POINT_GRID),
    }


__all__ = ["MapRequest", "Page", "number", "payload", "shares", "sign_of"]

"""What a map draws as one small JSON object for the page's script."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.model import Int64Array
from web.links import Place, navigation_links
from web.map_code import encode, encode_points
from web.map_columns import column, numbers, raw, rounded, texts
from web.map_data import MapRequest
from web.map_geometry import SHAPE_GRID, Coarser, Geometries, encode_polygons, label_points
from web.map_severity import severity
from web.map_streets import encode_streets
from web.map_text import CAUSES, SIGNS, told_causes
from web.map_view import view_of
from web.map_words import NAME_LIMIT, TEXT_LIMIT, clip, percent

#: Characters of text that the streets, and all polygons together, may take in the page.
STREET_BUDGET = 450_000
POLYGON_BUDGET = 450_000

#: The same for polygons of an embed, whose first view is to be light.
EMBED_POLYGON_BUDGET = 260_000

#: Corners of an embed's polygons are written on a lattice of this many degrees (about 10 m).
EMBED_GRID = 1e-4

#: Polygons are not made coarser than this many points in all.
_FEWEST_POINTS = 2_000

#: Polygons that do not fit are made coarser so often: each keeps a few corners, however coarse.
_ROUNDS = 3

#: Where so many times the corners that were asked for are left, no more will go.
_HARDLY = 1.15

#: Aimed at so much of what would fit: fewer corners are further apart and take more characters.
_CLOSE = 0.97

#: First tolerance of polygons that do not fit (m): over the 71 m at which a step of one 100 m cell
#: loses its corner.
POLYGON_TOLERANCE_M = 75.0

#: Stations' coordinates are written on a lattice of this many degrees (about 0.1 m).
POINT_GRID = 1e-6


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
    shapes = request.shapes or written_shapes(request)
    drawn = request.page.base == "streets" and not request.tiles
    empty = {"levels": [], "drawn": 0, "present": 0}
    return {
        "lang": request.page.lang,
        "theme": request.page.theme,
        "embed": request.page.embed,
        "show": list(request.page.layers),
        "tiles": _tiles(request),
        "details_url": request.page.details_url,
        "text": dict(request.text),
        "view": view_of(request),
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


def _tiles(request: MapRequest) -> dict[str, Any] | None:
    """Return where our vector tiles are and how far they go."""
    known = request.tiles
    if not known:
        return None
    return {
        "url": request.page.tiles_url,
        "minzoom": known.get("minzoom", 8),
        "maxzoom": known.get("maxzoom", 15),
        "bounds": known.get("bounds"),
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


def _drawn(request: MapRequest, shapes: Geometries) -> Geometries:
    """Return shapes as they are drawn."""
    if not request.in_gcj02 or not len(shapes):
        return shapes
    moved = shapely.transform(shapes, lambda xy: request.place(xy[:, 0].copy(), xy[:, 1].copy()))
    return np.asarray(moved, dtype=object)


def written_shapes(request: MapRequest) -> dict[str, dict[str, Any]]:
    """Write gaps, covered areas and regions; coarser until they fit.

    Parameters
    ----------
    request : MapRequest
        What to draw.

    Returns
    -------
    dict
        By layer; the same for all pages that are embedded or not, in one datum.
    """
    embed, crs = request.page.embed, str(request.manifest.get("metric_crs") or "")
    budget = EMBED_POLYGON_BUDGET if embed else POLYGON_BUDGET
    grid = EMBED_GRID if embed else SHAPE_GRID
    gaps = list(_pieces(request).geometry)
    areas = Coarser([*gaps, *request.covered.geometry], POLYGON_TOLERANCE_M, crs)
    districts = Coarser(list(request.regions.geometry), POLYGON_TOLERANCE_M / 2)
    most_points = budget // 4
    outlines = encode_polygons(_drawn(request, districts.at_most(most_points // 5)), grid)
    room = budget - _length(outlines)
    written: dict[str, dict[str, str]] = {}
    for _ in range(_ROUNDS):
        blocks = areas.at_most(most_points)
        written = {
            "gaps": encode_polygons(_drawn(request, blocks[: len(gaps)]), grid),
            "covered": encode_polygons(_drawn(request, blocks[len(gaps) :]), grid),
        }
        size = sum(map(_length, written.values()))
        corners = int(shapely.get_num_coordinates(blocks).sum())
        if size <= room or most_points < _FEWEST_POINTS or corners > _HARDLY * most_points:
            break
        most_points = min(int(corners * min(0.95, _CLOSE * room / size)), most_points * 19 // 20)
    return {
        name: {**shape, "grid": grid} for name, shape in (written | {"regions": outlines}).items()
    }


def _length(shapes: Mapping[str, str]) -> int:
    """Return how many characters written shapes take."""
    return sum(map(len, shapes.values()))


def _pieces(request: MapRequest) -> gpd.GeoDataFrame:
    """Return the gaps cut by travel time, or the gaps themselves; pieces of a gap together."""
    if request.pieces is not None:
        return request.pieces.sort_values("gap", kind="stable")
    seconds = numbers(request.gaps, "nearest_seconds")
    own = {"gap": np.arange(len(request.gaps)), "band": severity(seconds, request.minutes * 60)}
    return gpd.GeoDataFrame(own, geometry=request.gaps.geometry.to_numpy(), crs=request.gaps.crs)


def _stations(request: MapRequest) -> dict[str, Any]:
    """Write the stations by columns."""
    frame = request.stations
    lon, lat = frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)
    codes = texts(frame, "kind")
    kinds = sorted(set(codes))
    received, clean = texts(frame, "opening_hours_text"), texts(frame, "opening_hours")
    hours = [text or rule for text, rule in zip(received, clean, strict=True)]
    state = frame["state"].to_numpy(dtype=np.int64) if "state" in frame else np.full(len(lon), 2)
    shifted = np.column_stack(request.shift(lon, lat) if request.shift else (lon, lat))
    offset = np.rint((shifted - np.column_stack([lon, lat])) / POINT_GRID).astype(np.int64)
    return (_later(frame) if not request.page.details_url else {}) | {
        "n": len(frame),
        "xy": encode_points(np.column_stack([lon, lat]), POINT_GRID),
        "shift": _shift(request, offset),
        "id": texts(frame, "id"),
        "name": texts(frame, "name", NAME_LIMIT),
        "kinds": [{"name": request.label("kind", k), "sign": sign_of(request, k)} for k in kinds],
        "kind": encode([kinds.index(code) for code in codes]),
        "state": "".join(map(str, state.tolist())),
        "until": column(texts(frame, "until")),
        "status": column(
            [
                request.label("status", s) if s not in {"open", ""} else ""
                for s in texts(frame, "status")
            ]
        ),
        "hours": column(hours),
        "facilities": column([_names(request, "facility", t) for t in texts(frame, "facilities")]),
        "access": column([request.label("access", c) if c else "" for c in texts(frame, "access")]),
    }


def _later(frame: pd.DataFrame) -> dict[str, Any]:
    """Write what is only seen in a popup, differs from station to station and is long."""
    return {"address": texts(frame, "address"), "phone": texts(frame, "phone", 40)}


def _shift(request: MapRequest, offset: Int64Array) -> str:
    """Write how far GCJ-02 lies from WGS-84: by name where the page's script may compute it."""
    if not offset.any():
        return ""
    everywhere = bool(offset.any(axis=1).all())
    return "gcj02" if request.page.embed and everywhere else encode(offset)


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


def _gaps(request: MapRequest) -> dict[str, Any]:
    """Write the gaps by columns."""
    frame = request.gaps
    names = dict(zip(texts(request.regions, "id"), texts(request.regions, "name"), strict=True))
    stations = dict(
        zip(
            texts(request.stations, "id"),
            texts(request.stations, "name", NAME_LIMIT),
            strict=True,
        )
    )
    seconds, pieces = numbers(frame, "nearest_seconds"), _pieces(request)
    near = "near_en" if request.page.lang == "en" else "near"
    suppressed = (
        frame["suppressed"].fillna(value=False).astype(bool)
        if "suppressed" in frame
        else pd.Series(data=False, index=frame.index)
    )
    return {
        "n": len(frame),
        "severity": "".join(map(str, severity(seconds, request.minutes * 60).tolist())),
        "owner": encode(np.diff(pieces["gap"].to_numpy(dtype=np.int64), prepend=0)),
        "band": "".join(map(str, pieces["band"].tolist())),
        "seconds": rounded(seconds, 0),
        "workers": rounded(numbers(frame, "workers"), 0),
        "suppressed": "".join("1" if s else "0" for s in suppressed),
        "area": rounded(numbers(frame, "area_km2"), 2),
        "detour": rounded(numbers(frame, "detour_ratio"), 1),
        "region": column([names.get(r, r) for r in texts(frame, "region")]),
        **({"near": column(texts(frame, near, NAME_LIMIT))} if near in frame else {}),
        "station": column([stations.get(s, s) for s in texts(frame, "nearest_station")]),
        "cause": column(
            [
                told_causes(shares if isinstance(shares, dict) else None, cause, request.page.lang)
                for shares, cause in zip(raw(frame, "causes"), texts(frame, "cause"), strict=True)
            ]
        ),
        "barrier": column(texts(frame, "barrier", NAME_LIMIT)),
        "also": column([_also(request, value) for value in raw(frame, "also")]),
    }


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
    ids = texts(request.regions, "id")
    taken = request.stations[["lon", "lat"]].to_numpy(dtype=float)
    points = label_points(list(request.regions.geometry), taken)
    place = request.place(points[:, 0].copy(), points[:, 1].copy())
    return {
        "n": len(ids),
        "name": texts(request.regions, "name", NAME_LIMIT),
        "chosen": ids.index(request.page.district) if request.page.district in ids else None,
        "share": [percent(by_id[i]) if i in by_id else "" for i in ids],
        "xy": encode_points(place, POINT_GRID),
    }

"""``/tiles``: the base map of the dataset as vector tiles."""

import gzip
import re
from typing import Any

import orjson
from fastapi import FastAPI, HTTPException, Request, Response

from geodata.basemap import vector_layers
from web.keeping import tag_of
from web.openapi import problems
from web.routes.caching import cached, unchanged
from web.routes.framing import site_of
from web.schemas import TileJson
from web.security import takes_gzip
from web.service import Service
from web.state import service_of

#: Media type of a tile (Mapbox Vector Tile Specification).
MVT = "application/vnd.mapbox-vector-tile"

_FOREVER = "public, max-age=31536000, immutable"
_TILES = "/tiles/basemap/{z}/{x}/{y}"
_VERSION = re.compile(r"(?:^|&)v=([^&]*)")
_NUMBER = re.compile(r"[0-9]{1,10}")
_MOST_ZOOM = 30


def _place(request: Request) -> tuple[int, int, int]:
    """Return zoom, column and row; what is no tile of the world does not exist."""
    texts = [request.path_params[name] for name in "zxy"]
    if not all(_NUMBER.fullmatch(text) for text in texts):
        raise HTTPException(404)
    z, x, y = map(int, texts)
    if z > _MOST_ZOOM or x >> z or y >> z:
        raise HTTPException(404)
    return z, x, y


def _headers(request: Request, service: Service) -> dict[str, str]:
    """Return how long a tile may be kept: for ever where its address names the dataset."""
    version = str(service.manifest.get("version", ""))
    asked = _VERSION.search(request.scope["query_string"].decode("ascii", "replace"))
    if version and asked and asked[1] == version:
        return {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    return {"Cache-Control": "no-cache", "ETag": f'W/"{version}"', "Vary": "Accept-Encoding"}


async def show_tile(request: Request) -> Response:
    """Return a tile as it is stored, or nothing where there is nothing to draw."""
    place, service = _place(request), service_of(request)
    headers = _headers(request, service)
    if "ETag" in headers and unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    found = service.tiles.get(*place) if service.tiles else None
    if found is None:
        return Response(status_code=204, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        found = gzip.decompress(found)
    return Response(found, media_type=MVT, headers=headers)


async def describe_tiles(request: Request) -> Response:
    """Return the TileJSON, or say that there is no base map or nothing has changed."""
    service = service_of(request)
    about = service.manifest.get("basemap")
    if not about:
        raise HTTPException(404)
    west, south, east, north = about["bounds"]
    content = orjson.dumps(
        {
            "tilejson": "3.0.0",
            "name": service.name["name"],
            "attribution": "; ".join(service.manifest.get("attribution", ())),
            "scheme": "xyz",
            "tiles": [f"{site_of(request)}{_TILES}?v={service.manifest.get('version', '')}"],
            "minzoom": about["minzoom"],
            "maxzoom": about["maxzoom"],
            "bounds": about["bounds"],
            "center": [(west + east) / 2, (south + north) / 2, (about["minzoom"] + 12) // 2],
            "vector_layers": vector_layers(about),
        }
    )
    etag = tag_of(content)
    if unchanged(request, etag):
        return cached(b"", etag, status=304)
    return cached(content, etag)


def _path_parameter(name: str, what: str, most: int, example: int) -> dict[str, Any]:
    """Return what OpenAPI says of a part of a tile's address."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": what,
        "schema": {"type": "integer", "minimum": 0, "maximum": most, "x-unit": "none"},
        "example": example,
    }


_PARAMETERS = [
    _path_parameter("z", "Zoom.", _MOST_ZOOM, 12),
    _path_parameter("x", "Column, counted from the west.", 2**_MOST_ZOOM - 1, 3365),
    _path_parameter("y", "Row, counted from the north.", 2**_MOST_ZOOM - 1, 1709),
    {
        "name": "v",
        "in": "query",
        "required": False,
        "description": "Version of the dataset; where it is the one served, the tile may be kept.",
        "schema": {"type": "string", "x-unit": "none"},
        "example": "0123456789ab",
    },
]


def add_routes(app: FastAPI) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    """
    same: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing has changed."}}
    tile = {"content": {MVT: {"schema": {"type": "string", "format": "binary"}}}}
    app.add_api_route(
        _TILES,
        show_tile,
        methods=["GET"],
        tags=["tiles"],
        operation_id="tile",
        summary="A vector tile of the base map",
        response_class=Response,
        responses={
            200: {"description": "Layers of a tile.", **tile},
            204: {"description": "Nothing to draw there."},
            **same,
            **problems(404, 414, 503),
        },
        openapi_extra={"parameters": _PARAMETERS},
    )
    app.add_api_route(
        "/tiles/basemap.json",
        describe_tiles,
        methods=["GET"],
        tags=["tiles"],
        operation_id="tilejson",
        summary="TileJSON of the base map",
        response_model=TileJson,
        responses={**same, **problems(404, 503)},
    )
    for path, route in ((_TILES, show_tile), ("/tiles/basemap.json", describe_tiles)):
        app.add_api_route(path, route, methods=["HEAD"], include_in_schema=False)

"""Towns written as files, as a stranger would: OSM XML and CSV, places given in metres."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from fastapi.testclient import TestClient

from tests.towns import lonlat
from tests.webtools import NEAREST, new_client
from web.prepare import PrepareRequest, prepare

STREET = {"highway": "residential"}
_HEADER = ("id", "name", "lon", "lat", "datum", "opening_hours", "facilities", "kind", "access")
_USUAL = {
    "datum": "wgs84",
    "opening_hours": "24/7",
    "facilities": "seats;water",
    "kind": "care_station",
    "access": "free",
}

Place = tuple[float, float]
Tags = Mapping[str, str]


def degrees(x: float, y: float) -> tuple[str, str]:
    """Longitude and latitude with 7 decimals."""
    lon, lat = lonlat(x, y)
    return f"{lon:.7f}", f"{lat:.7f}"


def _tags(tags: Tags) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())


def write_osm(
    path: Path,
    nodes: Mapping[str, Place],
    ways: Sequence[tuple[str, Tags]],
    *,
    node_tags: Mapping[str, Tags] | None = None,
    relations: Sequence[tuple[str, Tags]] = (),
) -> Path:
    """Write nodes, ways ("a b c", tags) and relations of ways ("1 2", tags; ways from 1)."""
    number = {name: row + 1 for row, name in enumerate(nodes)}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="hand">']
    for name, place in nodes.items():
        lon, lat = degrees(*place)
        tags = _tags((node_tags or {}).get(name, {}))
        lines.append(f'<node id="{number[name]}" lat="{lat}" lon="{lon}">{tags}</node>')
    for row, (stops, tags) in enumerate(ways):
        refs = "".join(f'<nd ref="{number[stop]}"/>' for stop in stops.split())
        lines.append(f'<way id="{row + 1}">{refs}{_tags(tags)}</way>')
    for row, (members, tags) in enumerate(relations):
        outer = "".join(f'<member type="way" ref="{w}" role="outer"/>' for w in members.split())
        lines.append(f'<relation id="{row + 1}">{outer}{_tags(tags)}</relation>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """Write a CSV table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_stations(path: Path, stations: Mapping[str, Any]) -> Path:
    """Write stations: id → (x, y), or (x, y, other columns)."""
    rows = []
    for code, (x, y, *more) in stations.items():
        lon, lat = degrees(x, y)
        row = {"id": code, "name": f"驿站{code}", "lon": lon, "lat": lat, **_USUAL}
        row |= more[0] if more else {}
        rows.append([row[name] for name in _HEADER])
    return write_rows(path, _HEADER, rows)


def write_homes(path: Path, homes: Sequence[Place]) -> Path:
    """Write homes of one worker each."""
    rows = [[f"h{row}", *degrees(*place), "wgs84"] for row, place in enumerate(homes)]
    return write_rows(path, ("id", "lon", "lat", "datum"), rows)


def town(
    folder: Path,
    nodes: Mapping[str, Place],
    ways: Sequence[tuple[str, Tags]],
    stations: Mapping[str, Any],
    *,
    modes: Sequence[str] = ("walk",),
    homes: Sequence[Place] = (),
    **osm: Any,
) -> TestClient:
    """Write a town, prepare it and return the application that serves it."""
    streets = write_osm(folder / "streets.osm", nodes, ways, **osm)
    prepare(
        PrepareRequest(
            streets=[streets],
            stations=write_stations(folder / "stations.csv", stations),
            homes=write_homes(folder / "homes.csv", homes) if homes else None,
            out=folder / "town",
            modes=tuple(modes),
        )
    )
    return new_client(folder / "town")


def ask(client: TestClient, x: float, y: float, **question: Any) -> dict[str, Any]:
    """Ask from a place, regardless of hours unless said otherwise."""
    lon, lat = degrees(x, y)
    asked = {"lon": float(lon), "lat": float(lat), "open": "any", **question}
    answer = client.post(NEAREST, json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def seconds(answer: Mapping[str, Any]) -> dict[str, float]:
    """Travel times by station."""
    return {station["id"]: station["seconds"] for station in answer["stations"]}


def metres(answer: Mapping[str, Any]) -> list[float]:
    """Lengths of the ways."""
    return [station["metres"] for station in answer["stations"]]

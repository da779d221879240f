"""Files of the demo data: streets as OSM PBF, stations and homes as CSV, regions as GeoJSON.

The same values give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import osmium
import osmium.osm.mutable
import pandas as pd
import shapely

from geodata import datum
from geodata.model import FloatArray, Int32Array
from geodata.package_data import data_rows, data_text
from geodata.sample_draw import Sketch
from geodata.sample_stations import Words

#: What the files say about their age.
AS_OF = "2026-01-01T00:00:00Z"

#: Outlines lie on a grid as fine as this (degrees).
GRID_DEGREES = 1e-6

#: WGS-84 (NIMA TR8350.2): semi-major axis (m) and first eccentricity squared.
_AXIS_M, _ECCENTRICITY2 = 6378137.0, 6.69437999014e-3


def to_degrees(xy: FloatArray, origin: tuple[float, float]) -> FloatArray:
    """Return WGS-84 degrees of local metres around an origin.

    Parameters
    ----------
    xy : array (n, 2) of float64
        Metres east and north of the origin, at most some tens of kilometres.
    origin : (float, float)
        Longitude and latitude (degrees).

    Returns
    -------
    array (n, 2) of float64
        Longitude and latitude rounded to 1e-7 degrees, by the ellipsoid's two radii of curvature
        at the origin (lengths right to about 0.1 % at 15 km).
    """
    degrees: FloatArray = np.round(xy / metres_a_degree(origin[1]) + np.array(origin), 7)
    return degrees


def to_metres(degrees: FloatArray, origin: tuple[float, float]) -> FloatArray:
    """Return local metres of WGS-84 degrees: the inverse of `to_degrees`.

    Parameters
    ----------
    degrees : array (n, 2) of float64
        Longitude and latitude.
    origin : (float, float)
        Longitude and latitude (degrees).

    Returns
    -------
    array (n, 2) of float64
        Metres east and north of the origin.
    """
    metres: FloatArray = (degrees - np.array(origin)) * metres_a_degree(origin[1])
    return metres


def metres_a_degree(lat: float) -> FloatArray:
    """Return the metres of one degree of longitude and of latitude.

    Parameters
    ----------
    lat : float
        Latitude (degrees).

    Returns
    -------
    array (2,) of float64
        Metres east and north, by the radii of curvature of WGS-84.
    """
    sine = np.sin(np.radians(lat))
    root = 1 - _ECCENTRICITY2 * sine**2
    east = _AXIS_M / np.sqrt(root) * np.cos(np.radians(lat))
    north = _AXIS_M * (1 - _ECCENTRICITY2) / root**1.5
    metres: FloatArray = np.radians(np.array([east, north]))
    return metres


def write_pbf(sketch: Sketch, path: Path, origin: tuple[float, float]) -> None:
    """Write a sketch as an OSM PBF file, the same bytes for the same sketch.

    Parameters
    ----------
    sketch : Sketch
        What to write; node and way ids count from 1.
    path : Path
        File to be written or replaced.
    origin : (float, float)
        Longitude and latitude of the local zero (degrees).
    """
    degrees = to_degrees(sketch.xy, origin)
    write_osm(path, degrees, sketch.node_tags, sketch.ways)


def write_osm(
    path: Path,
    degrees: FloatArray,
    node_tags: Mapping[int, Mapping[str, str]],
    ways: Sequence[tuple[Int32Array, Mapping[str, str]]],
) -> None:
    """Write nodes and ways as an OSM file whose format follows from the name.

    Parameters
    ----------
    path : Path
        File to be written or replaced.
    degrees : array (n, 2) of float64
        Longitude and latitude of the nodes.
    node_tags : mapping of int to mapping
        Tags by node index.
    ways : sequence of (array of int32, mapping)
        Node indices and tags.
    """
    header = osmium.io.Header()
    header.set("generator", "fictional demo data, not OpenStreetMap")
    header.set("osmosis_replication_timestamp", AS_OF)
    header.add_box(osmium.osm.Box(*degrees.min(axis=0).tolist(), *degrees.max(axis=0).tolist()))
    mutable = osmium.osm.mutable
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for index, place in enumerate(degrees.tolist()):
            tags = node_tags.get(index, {})
            writer.add_node(mutable.Node(id=index + 1, version=1, location=place, tags=tags))
        for index, (chain, tags) in enumerate(ways):
            nodes = (chain + 1).tolist()
            writer.add_way(mutable.Way(id=index + 1, version=1, nodes=nodes, tags=tags))


def demo_paths(folder: Path) -> dict[str, Path]:
    """Return the files of a demo folder by what they hold.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    dict of str to Path
        ``streets``, ``stations``, ``homes``, ``regions`` and ``readme``.
    """
    names = {
        "streets": "streets.osm.pbf",
        "stations": "stations.csv",
        "homes": "homes.csv",
        "regions": "regions.geojson",
        "readme": "README.txt",
    }
    return {what: folder / name for what, name in names.items()}


def load_words() -> Words:
    """Return the word lists of the demo data.

    Returns
    -------
    Words
        From ``geodata/data/demo_words.csv``.
    """
    lists: dict[str, list[tuple[str, float, str]]] = {}
    for row in data_rows("demo_words"):
        lists.setdefault(row["list"], []).append((row["text"], float(row["weight"]), row["extra"]))
    return Words(lists)


def write_stations(table: pd.DataFrame, degrees: FloatArray, path: Path) -> None:
    """Write the station table in GCJ-02 with Chinese headers.

    Parameters
    ----------
    table : DataFrame
        Text columns with the column 状态.
    degrees : array (n, 2) of float64
        Longitude and latitude, WGS-84.
    path : Path
        File to be written or replaced.
    """
    lon, lat = datum.from_wgs84(degrees[:, 0], degrees[:, 1], "gcj02")
    at = table.columns.tolist().index("状态") + 1
    place = pd.DataFrame(
        {
            "经度": [f"{value:.6f}" for value in lon],
            "纬度": [f"{value:.6f}" for value in lat],
            "坐标系": "GCJ-02",
        }
    )
    whole = pd.concat([table.iloc[:, :at], place, table.iloc[:, at:]], axis=1)
    whole.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def write_homes(
    homes: pd.DataFrame, degrees: FloatArray, path: Path, last: Sequence[object] = ()
) -> None:
    """Write the homes in WGS-84, numbered.

    Parameters
    ----------
    homes : DataFrame
        ``workers, group, kind``.
    degrees : array (n, 2) of float64
        Longitude and latitude, WGS-84.
    path : Path
        File to be written or replaced.
    last : sequence, optional
        ``lon, lat, datum, workers, group, kind`` of one row more.
    """
    columns = ["id", "lon", "lat", "datum", "workers", "group", "kind"]
    numbers = [f"h{number:05d}" for number in range(1, len(homes) + 2)]
    places = [(f"{lon:.6f}", f"{lat:.6f}", "WGS-84") for lon, lat in degrees.tolist()]
    facts = homes[["workers", "group", "kind"]].itertuples(index=False, name=None)
    rows = [(*place, *fact) for place, fact in zip(places, facts, strict=True)]
    rows += [tuple(last)] if last else []
    table = [(number, *row) for number, row in zip(numbers, rows, strict=False)]
    pd.DataFrame(table, columns=columns).to_csv(
        path, index=False, lineterminator="\n", encoding="utf-8"
    )


def write_regions(
    areas: Sequence[tuple[Mapping[str, str], shapely.Geometry]], name: str, path: Path
) -> None:
    """Write regions as GeoJSON in WGS-84.

    Parameters
    ----------
    areas : sequence of (mapping, Geometry)
        Properties and outline in degrees.
    name : str
        Name of the collection.
    path : Path
        File to be written or replaced.
    """
    features = [
        {
            "type": "Feature",
            "properties": dict(properties),
            "geometry": json.loads(shapely.to_geojson(shapely.set_precision(area, GRID_DEGREES))),
        }
        for properties, area in areas
    ]
    collection = {"type": "FeatureCollection", "name": name, "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False) + "\n", "utf-8")


def write_readme(path: Path, template: str, facts: Mapping[str, object]) -> None:
    """Write what the folder holds, and that nothing of it is real.

    Parameters
    ----------
    path : Path
        File to be written or replaced.
    template : str
        File name in ``geodata/data`` of a text with places for the facts.
    facts : mapping of str to object
        The facts.
    """
    path.write_text(data_text(template).format(date=AS_OF[:10], **facts), "utf-8")

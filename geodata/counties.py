"""Which positions lie inside the county that their row names."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

_ENDINGS = ("区", "县", "市", "旗")


def named_areas(named: ObjectArray, regions: gpd.GeoDataFrame) -> ObjectArray:
    """Return the area that each row names.

    Parameters
    ----------
    named : array (n,) of str
        A county's name or adcode, as the row has it; ``""`` for none.
    regions : GeoDataFrame
        ``id, name, geometry``; WGS-84.

    Returns
    -------
    array (n,) of object
        A polygon, or None where no region, or more than one, has that name or code.
    """
    areas: dict[str, list[shapely.Geometry]] = {}
    columns = (regions["id"], regions["name"], regions.geometry)
    for code, name, shape in zip(*columns, strict=True):
        for word in {str(code), str(name), _short(str(name))} - {""}:
            areas.setdefault(word, []).append(shape)
    single = {word: shapes[0] for word, shapes in areas.items() if len(shapes) == 1}
    found = np.full(len(named), None, dtype=object)
    for row, text in enumerate(named):
        found[row] = single.get(text) or single.get(_short(str(text)))
    return found


def count_inside(areas: ObjectArray, lon: FloatArray, lat: FloatArray) -> int:
    """Return how many positions lie in their areas.

    Parameters
    ----------
    areas : array (n,) of object
        From `named_areas`.
    lon, lat : array (n,) of float64
        WGS-84.

    Returns
    -------
    int
        Rows without an area do not count.
    """
    inside = 0
    for area in {id(shape): shape for shape in areas if shape is not None}.values():
        rows = np.array([shape is area for shape in areas], np.bool_)
        inside += int(shapely.contains_xy(area, lon[rows], lat[rows]).sum())
    return inside


def _short(name: str) -> str:
    """Return a county's name without its last character where that says what it is."""
    return name[:-1] if len(name) > 2 and name.endswith(_ENDINGS) else name  # noqa: PLR2004  江 is not 江县

"""Links that start a map app at a station. They hold the station's position, never the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Place:
    """A station as map apps want it.

    Attributes
    ----------
    name : str
        As written by whoever runs the station.
    lon, lat : float
        WGS-84 (degrees).
    gcj02_lon, gcj02_lat : float
        GCJ-02 (degrees).
    """

    name: str
    lon: float
    lat: float
    gcj02_lon: float
    gcj02_lat: float


#: How each app calls a mode: Amap, Baidu, Tencent, Apple.
_WAYS: Mapping[str, tuple[str, str, str, str]] = {
    "walk": ("walk", "walking", "walk", "w"),
    "ebike": ("ride", "riding", "bike", "w"),
    "bicycle": ("ride", "riding", "bike", "w"),
    "drive": ("car", "driving", "drive", "d"),
    "truck": ("car", "driving", "drive", "d"),
}


def navigation_links(place: Place, mode: str) -> dict[str, str]:
    """Return one link a map app; names are URL-encoded.

    Amap, Tencent, Baidu (``coord_type=gcj02``) and Apple's maps of China take GCJ-02; ``geo:``
    takes WGS-84 (RFC 5870). Amap and ``geo:`` differ in the order of longitude and latitude.

    Parameters
    ----------
    place : Place
        The station.
    mode : str
        Code of the mode.

    Returns
    -------
    dict of str to str
        ``amap``, ``baidu``, ``tencent``, ``apple``, ``geo``.

    Examples
    --------
    >>> links = navigation_links(Place("驿站 1", 121.47, 31.23, 121.4745, 31.228), "walk")
    >>> links["geo"]
    'geo:31.230000,121.470000?q=31.230000,121.470000(%E9%A9%BF%E7%AB%99%201)'
    """
    amap, baidu, tencent, apple = _WAYS.get(mode, _WAYS["walk"])
    name = quote(place.name, safe="")
    lon, lat = f"{place.gcj02_lon:.6f}", f"{place.gcj02_lat:.6f}"
    geo = f"{place.lat:.6f},{place.lon:.6f}"
    return {
        "amap": f"https://uri.amap.com/navigation?to={lon},{lat},{name}&mode={amap}"
        "&coordinate=gaode&callnative=1",
        "baidu": f"https://api.map.baidu.com/direction?destination=latlng:{lat},{lon}|name:{name}"
        f"&mode={baidu}&coord_type=gcj02&output=html",
        "tencent": f"https://apis.map.qq.com/uri/v1/routeplan?type={tencent}&to={name}"
        f"&tocoord={lat},{lon}",
        "apple": f"https://maps.apple.com/?daddr={lat},{lon}&dirflg={apple}",
        "geo": f"geo:{geo}?q={geo}({name})",
    }

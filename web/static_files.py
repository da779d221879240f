"""Scripts, styles and pictures that we serve ourselves, named by their content.

Leaflet and its cluster plugin come from the PyPI packages ``xstatic-leaflet`` and
``xstatic-leaflet-markercluster``; our own files lie in ``web/static``. A file's address holds a
hash of its content, so that it may be kept for ever.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

#: Address under which the files are served.
PREFIX = "/static/"

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"} | {
    ".png": "image/png",
    ".svg": "image/svg+xml",
}

#: Hosts of the optional web tiles, for the page's policy.
TILE_HOSTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "streets": (),
        "none": (),
        "osm": ("https://tile.openstreetmap.org",),
        "tianditu": tuple(f"https://t{n}.tianditu.gov.cn" for n in range(8)),
        "amap": tuple(f"https://webrd0{n}.is.autonavi.com" for n in range(1, 5)),
    }
)


@dataclass(frozen=True)
class StaticFile:
    """A file to serve.

    Attributes
    ----------
    name : str
        Plain name, such as ``leaflet.js``.
    address : str
        Name with the hash of the content, such as ``leaflet.0123456789ab.js``.
    content : bytes
        The file.
    media_type : str
        Its type.
    """

    name: str
    address: str
    content: bytes
    media_type: str

    @property
    def text(self) -> str:
        """The content of a script or style."""
        return self.content.decode("utf-8")

    @property
    def data_uri(self) -> str:
        """The content as an address that needs no server."""
        encoded = base64.b64encode(self.content).decode("ascii")
        return f"data:{self.media_type.split(';', maxsplit=1)[0]};base64,{encoded}"


def _made(name: str, content: bytes) -> StaticFile:
    """Name a file by its content."""
    digest = hashlib.sha256(content).hexdigest()[:12]
    stem, dot, ending = name.rpartition(".")
    return StaticFile(name, f"{stem}.{digest}{dot}{ending}", content, _TYPES[dot + ending])


def _sources() -> dict[str, Path | Traversable]:
    """Return where each file lies."""
    leaflet = resources.files("xstatic.pkg.leaflet") / "data"
    cluster = resources.files("xstatic.pkg.leaflet_markercluster") / "data"
    own = Path(__file__).parent / "static"
    return {
        "leaflet.js": leaflet / "leaflet.js",
        "leaflet.css": leaflet / "leaflet.css",
        "layers.png": leaflet / "images" / "layers.png",
        "layers-2x.png": leaflet / "images" / "layers-2x.png",
        "marker-icon.png": leaflet / "images" / "marker-icon.png",
        "markercluster.js": cluster / "leaflet.markercluster.js",
        "markercluster.css": cluster / "MarkerCluster.css",
    } | {path.name: path for path in sorted(own.iterdir()) if path.suffix in _TYPES}


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return every file by its plain name.

    Returns
    -------
    mapping of str to StaticFile
        Styles point to the hashed addresses of their pictures.
    """
    files: dict[str, StaticFile] = {}
    sources = _sources()
    for name in sorted(sources, key=lambda n: (n.endswith(".css"), n)):
        content = sources[name].read_bytes()
        if name.endswith((".js", ".css")):
            text = content.decode("utf-8").replace("\r\n", "\n")
            text = re.sub(r"\n//# sourceMappingURL=.*\s*$", "\n", text)
            content = _relinked(text, files).encode("utf-8")
        files[name] = _made(name, content)
    return MappingProxyType(files)


def _relinked(style: str, files: Mapping[str, StaticFile]) -> str:
    """Point a style to the pictures' new addresses."""
    return re.sub(
        r"url\((?:images/)?([\w.-]+)\)",
        lambda m: f"url({files[m[1]].address})" if m[1] in files else m[0],
        style,
    )


def asset_url(name: str) -> str:
    """Return the address of a file of ours.

    Parameters
    ----------
    name : str
        Plain name, such as ``map.js``.

    Returns
    -------
    str
        Such as ``/static/map.0123456789ab.js``.
    """
    return PREFIX + static_files()[name].address


def inline_text(name: str) -> str:
    """Return a script or style with its pictures inside.

    Parameters
    ----------
    name : str
        Plain name.

    Returns
    -------
    str
        Text to stand between ``<script>`` or ``<style>`` tags.
    """
    files = static_files()
    if not name.endswith(".css"):
        return files[name].text
    by_address = {f.address: f for f in files.values()}
    return re.sub(
        r"url\(([\w.-]+)\)",
        lambda m: f"url({by_address[m[1]].data_uri})" if m[1] in by_address else m[0],
        files[name].text,
    )


def find_static(address: str) -> StaticFile | None:
    """Return the file of an address.

    Parameters
    ----------
    address : str
        What follows ``/static/``.

    Returns
    -------
    StaticFile or None
        None where there is no such file, or its content has changed.
    """
    return next((f for f in static_files().values() if f.address == address), None)


class _Inline(HTMLParser):
    """Gathers the inline scripts and styles of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: dict[str, list[str]] = {"script": [], "style": []}
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        data = given.get("type") not in {None, "", "text/javascript", "module"}
        if tag in self.found and "src" not in given and not data:
            self._within = tag
            self.found[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self.found[self._within][-1] += data


def script_hashes(html: str) -> list[str]:
    """Return the hashes of a page's inline scripts, for its Content-Security-Policy.

    Hashes, not a nonce: a page that a browser has kept and that is answered with 304 would not fit
    the nonce of the new answer.

    Parameters
    ----------
    html : str
        The page.

    Returns
    -------
    list of str
        ``sha256-…``, in order (CSP level 2).
    """
    return _hashes(html, "script")


def sealed_policy(html: str, base: str = "streets") -> str:
    """Return the policy of a file that stands alone: it fetches nothing but tiles asked for.

    Parameters
    ----------
    html : str
        The page.
    base : str, optional
        Its base layer.

    Returns
    -------
    str
        For a ``meta`` element.
    """
    rules = {
        "default-src": ["'none'"],
        "script-src": [f"'{digest}'" for digest in _hashes(html, "script")],
        "style-src": [f"'{digest}'" for digest in _hashes(html, "style")],
        "img-src": ["data:", *TILE_HOSTS.get(base, ())],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


def _hashes(html: str, kind: str) -> list[str]:
    """Return the hashes of a page's inline scripts or styles."""
    parser = _Inline()
    parser.feed(html)
    digests = [hashlib.sha256(t.encode("utf-8")).digest() for t in parser.found[kind]]
    return [f"sha256-{base64.b64encode(digest).decode('ascii')}" for digest in digests]

"""The app's icons as PNG, drawn at run time from the one shape in ``web/static/icon.svg``.

A phone that installs the page wants pixels of fixed sizes; browsers take the SVG itself. The SVG
holds a round ground (``circle``) and shapes on it (``path`` of straight lines); nothing else is
understood, so that a picture never differs from it in silence.
"""

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from xml.etree.ElementTree import Element, fromstring

from web.static_files import static_files

#: A maskable icon may be cut to a circle of this share of its width (W3C App Manifest).
SAFE_SHARE = 0.8

_SHARPER = 4
_SPACE = "{http://www.w3.org/2000/svg}"
_STEP = re.compile(r"([MmLlHhVvZz])([^A-Za-z]*)")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")

Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """What the SVG holds, in its own units.

    Attributes
    ----------
    size : float
        Width and height.
    ground : str
        Colour of the disc.
    centre : tuple of float
        Of the disc.
    radius : float
        Of the disc.
    outlines : tuple
        Colour and corners of each figure on it.
    """

    size: float
    ground: str
    centre: Point
    radius: float
    outlines: tuple[tuple[str, tuple[Point, ...]], ...]


def corners_of(path: str) -> tuple[Point, ...]:
    """Return the corners of an SVG path of straight lines.

    Parameters
    ----------
    path : str
        The attribute ``d`` with the commands M, L, H, V and Z alone.

    Returns
    -------
    tuple of (float, float)
        In its units; not closed.

    Raises
    ------
    ValueError
        If it holds curves.

    Examples
    --------
    >>> corners_of("M1 1 3 1v2h-2z")
    ((1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0))
    """
    if re.search(r"[AaCcQqSsTt]", path):
        msg = "an icon's path has straight lines only (M, L, H, V, Z)"
        raise ValueError(msg)
    at, found = (0.0, 0.0), []
    for step in _steps(path):
        at = _moved(at, *step)
        found.append(at)
    return tuple(found)


def _steps(path: str) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield each command with the numbers of one step."""
    for command, rest in _STEP.findall(path):
        numbers = [float(text) for text in _NUMBER.findall(rest)]
        width = 1 if command in "HhVv" else 2
        for start in range(0, len(numbers), width):
            yield command, tuple(numbers[start : start + width])


def _moved(at: Point, command: str, numbers: tuple[float, ...]) -> Point:
    """Return where a step leads."""
    x, y = at if command.islower() else (0.0, 0.0)
    if command in "Hh":
        return (x + numbers[0], at[1])
    if command in "Vv":
        return (at[0], y + numbers[0])
    return (x + numbers[0], y + numbers[1])


@cache
def shape() -> Shape:
    """Return the shape in ``icon.svg``.

    Returns
    -------
    Shape
        Read once.
    """
    root = fromstring(static_files()["icon.svg"].text)  # noqa: S314  our own file
    disc = root.find(f"{_SPACE}circle")
    if disc is None:
        msg = "icon.svg has no circle"
        raise ValueError(msg)
    return Shape(
        size=float(root.attrib["viewBox"].split()[2]),
        ground=disc.attrib["fill"],
        centre=(float(disc.attrib["cx"]), float(disc.attrib["cy"])),
        radius=float(disc.attrib["r"]),
        outlines=tuple(_outline(path) for path in root.findall(f"{_SPACE}path")),
    )


def _outline(path: Element) -> tuple[str, tuple[Point, ...]]:
    """Return the colour and corners of a path."""
    return path.attrib["fill"], corners_of(path.attrib["d"])


def _share(drawn: Shape) -> float:
    """Return how far the figure has to shrink to lie in the safe zone, at most 1."""
    middle = drawn.size / 2
    corners = [corner for _, outline in drawn.outlines for corner in outline]
    reach = max(math.dist(corner, (middle, middle)) for corner in corners)
    return min(1.0, SAFE_SHARE * middle / reach)


@cache
def icon_png(size: int, *, filled: bool = False) -> bytes:
    """Return the icon.

    Parameters
    ----------
    size : int
        Width and height (pixels).
    filled : bool, optional
        Fill the square and keep the figure inside the safe zone, for systems that cut icons to
        their own form (maskable icons; Apple's, which must not be transparent).

    Returns
    -------
    bytes
        A PNG, drawn once.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415  heavy: only when asked

    drawn, wide = shape(), size * _SHARPER
    scale = wide / drawn.size * (_share(drawn) if filled else 1.0)
    shift = (wide - drawn.size * scale) / 2
    image = Image.new("RGBA", (wide, wide), drawn.ground if filled else (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    if not filled:
        (x, y), r = drawn.centre, drawn.radius
        pen.ellipse([v * scale for v in (x - r, y - r, x + r, y + r)], fill=drawn.ground)
    for colour, corners in drawn.outlines:
        pen.polygon([(x * scale + shift, y * scale + shift) for x, y in corners], fill=colour)
    small = image.resize((size, size), Image.Resampling.BOX)
    out = io.BytesIO()
    (small.convert("RGB") if filled else small).save(out, "PNG", optimize=True)
    return out.getvalue()

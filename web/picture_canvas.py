"""Shapes on a sheet, and the sheet as a PNG, through matplotlib's Agg renderer.

Shapes are in pixels from the upper left corner. No date goes into a file, so the same shapes give
the same bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from geodata.model import FloatArray
from web.picture_style import Colour

#: What to do with a point of a shape; matplotlib's numbers.
MOVE, LINE, CURVE3, CURVE4, CLOSE = 1, 2, 3, 4, 79

_MOST_COLOURS = 256

#: Rows of pixels that are looked at together.
_ROWS = 256


@dataclass(frozen=True)
class Shape:
    """An outline of lines and curves, of any number of parts.

    Attributes
    ----------
    xy : array (n, 2) of float64
        Points (px), y downwards.
    codes : array (n,) of uint8
        What each does: `MOVE`, `LINE`, `CURVE3` (two points), `CURVE4` (three), `CLOSE`.
    """

    xy: FloatArray
    codes: npt.NDArray[np.uint8]


NOTHING = Shape(np.empty((0, 2)), np.empty(0, np.uint8))


@dataclass(frozen=True)
class Pen:
    """How a line is drawn.

    Attributes
    ----------
    colour : tuple of float
        Red, green, blue, opacity.
    width : float
        Pixels.
    dash : tuple of float
        Lengths of strokes and gaps (px), ``()`` for a line without gaps.
    """

    colour: Colour
    width: float
    dash: tuple[float, ...] = ()


class Canvas(Protocol):
    """What a picture is drawn on."""

    def fill(self, shape: Shape, colour: Colour) -> None:
        """Fill a shape; holes run the other way round."""

    def stroke(self, shape: Shape, pen: Pen) -> None:
        """Draw the lines of a shape, where it crosses itself no darker."""

    def dots(self, centres: FloatArray, radius: float, colour: Colour) -> None:
        """Draw a dot at each place."""

    def clip(self, box: tuple[float, float, float, float] | None) -> None:
        """Draw from now on only within left, top, right, bottom; None: everywhere."""

    def finished(self) -> bytes:
        """Return the file."""


def joined(shapes: Sequence[Shape]) -> Shape:
    """Put shapes together.

    Parameters
    ----------
    shapes : sequence of Shape
        At least one.

    Returns
    -------
    Shape
        All parts of all.
    """
    return Shape(
        np.concatenate([shape.xy for shape in shapes]),
        np.concatenate([shape.codes for shape in shapes]),
    )


def rectangle(left: float, top: float, right: float, bottom: float) -> Shape:
    """Return a rectangle.

    Parameters
    ----------
    left, top, right, bottom : float
        Its sides (px).

    Returns
    -------
    Shape
        Closed.
    """
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return Shape(np.array(corners, dtype=float), np.array([1, 2, 2, 2, 79], np.uint8))


def circles(centres: FloatArray, radius: float) -> Shape:
    """Return circles.

    Parameters
    ----------
    centres : array (n, 2) of float64
        Their centres (px).
    radius : float
        Of all (px).

    Returns
    -------
    Shape
        Each of four curves.
    """
    k = 0.5522847498  # of a cubic curve that follows a quarter of a circle
    ring = np.array(
        [
            (1, 0), (1, k), (k, 1), (0, 1), (-k, 1), (-1, k), (-1, 0),
            (-1, -k), (-k, -1), (0, -1), (k, -1), (1, -k), (1, 0), (1, 0),
        ]
    )  # fmt: skip
    xy = (centres[:, None, :] + radius * ring[None]).reshape(-1, 2)
    return Shape(xy, np.tile(np.array([1, *[4] * 12, 79], np.uint8), len(centres)))


def rings(points: FloatArray, lengths: npt.NDArray[np.integer[Any]], *, closed: bool) -> Shape:
    """Return rings or lines from their points.

    Parameters
    ----------
    points : array (n, 2) of float64
        Of all of them, one after the other (px); those of a ring end where they began.
    lengths : array (r,) of int
        Points of each, at least two.
    closed : bool
        Rings, or else lines.

    Returns
    -------
    Shape
        One part for each.
    """
    codes = np.full(len(points), LINE, np.uint8)
    ends = np.cumsum(lengths)
    codes[ends - lengths] = MOVE
    if closed:
        codes[ends - 1] = CLOSE
    return Shape(points, codes)


class PngCanvas:
    """Draws pixels.

    Parameters
    ----------
    width, height, scale : int
        Size, and pixels for each pixel of it.
    paper : tuple of float
        The colour of the sheet.
    """

    def __init__(self, width: int, height: int, scale: int, paper: Colour) -> None:
        from matplotlib.backends.backend_agg import RendererAgg  # noqa: PLC0415  pictures alone
        from matplotlib.transforms import Affine2D  # noqa: PLC0415  pictures alone

        self._renderer: Any = RendererAgg(  # type: ignore[no-untyped-call]  # it has no types
            width * scale, height * scale, 72 * scale
        )
        self._place = Affine2D().scale(scale, -scale).translate(0, height * scale)
        self._box: Any = None
        self.fill(rectangle(0, 0, width, height), paper)

    def clip(self, box: tuple[float, float, float, float] | None) -> None:
        """Draw from now on only within a box.

        Parameters
        ----------
        box : tuple of float or None
            Left, top, right, bottom (px); None for everywhere.
        """
        from matplotlib.transforms import Bbox  # noqa: PLC0415  pictures alone

        if box is None:
            self._box = None
            return
        self._box = Bbox(self._place.transform([(box[0], box[3]), (box[2], box[1])]))

    def _draw(self, shape: Shape, pen: Pen | None, face: Colour | None) -> None:
        """Draw a shape with matplotlib's renderer."""
        from matplotlib.path import Path  # noqa: PLC0415  pictures alone

        if not len(shape.xy):
            return
        context = self._renderer.new_gc()
        context.set_linewidth(pen.width if pen else 0.0)
        context.set_foreground(pen.colour if pen else (0.0, 0.0, 0.0, 0.0), isRGBA=True)
        context.set_joinstyle("round")
        context.set_capstyle("butt" if pen and pen.dash else "round")
        context.set_snap(False)
        if pen and pen.dash:
            context.set_dashes(0, list(pen.dash))
        if self._box is not None:
            context.set_clip_rectangle(self._box)
        path = Path(shape.xy, shape.codes)
        self._renderer.draw_path(context, path, self._place, face)
        context.restore()

    def fill(self, shape: Shape, colour: Colour) -> None:
        """Fill a shape.

        Parameters
        ----------
        shape : Shape
            Holes run the other way round.
        colour : tuple of float
            Of the inside.
        """
        self._draw(shape, None, colour)

    def stroke(self, shape: Shape, pen: Pen) -> None:
        """Draw the lines of a shape.

        Parameters
        ----------
        shape : Shape
            Open or closed.
        pen : Pen
            How.
        """
        self._draw(shape, pen, None)

    def dots(self, centres: FloatArray, radius: float, colour: Colour) -> None:
        """Draw a dot at each place.

        Parameters
        ----------
        centres : array (n, 2) of float64
            Where (px).
        radius : float
            Of all (px).
        colour : tuple of float
            Of all.
        """
        self._draw(circles(centres, radius), None, colour)

    def finished(self) -> bytes:
        """Return the picture.

        Returns
        -------
        bytes
            A PNG of at most 256 colours: those that cover most, and for the rest the nearest.
        """
        pixels = np.asarray(self._renderer.buffer_rgba())[..., :3]
        out = io.BytesIO()
        _with_few_colours(pixels).save(out, format="PNG", compress_level=9)
        return out.getvalue()


def _with_few_colours(pixels: npt.NDArray[np.uint8]) -> Any:
    """Return a picture with a palette: the commonest colours, the rest by the nearest of them."""
    from PIL import Image  # noqa: PLC0415  pictures alone

    parts = [slice(first, first + _ROWS) for first in range(0, len(pixels), _ROWS)]
    counted = [np.unique(_packed(pixels[part]), return_counts=True) for part in parts]
    colours, which = np.unique(np.concatenate([part[0] for part in counted]), return_inverse=True)
    counts = np.bincount(which, np.concatenate([part[1] for part in counted]))
    kept = np.argsort(-counts, kind="stable")[:_MOST_COLOURS]
    table = np.stack([colours >> 16, (colours >> 8) & 255, colours & 255], axis=1)
    nearest = np.asarray(cKDTree(table[kept]).query(table)[1], dtype=np.uint8)
    indexed = np.empty(pixels.shape[:2], np.uint8)
    for part in parts:
        indexed[part] = nearest[np.searchsorted(colours, _packed(pixels[part]))]
    picture = Image.fromarray(indexed)
    picture.putpalette(table[kept].astype(np.uint8).tobytes())
    return picture


def _packed(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return one number a colour."""
    wide = np.asarray(pixels).astype(np.uint32)
    red, green, blue = wide[..., 0], wide[..., 1], wide[..., 2]
    return np.asarray((red << 16) | (green << 8) | blue, dtype=np.uint32)

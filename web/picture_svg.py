"""Shapes on a sheet as a small, plain SVG: no style sheet, script, font, date or random id."""

from collections.abc import Iterable
from html import escape

import numpy as np
import numpy.typing as npt

from geodata.model import FloatArray
from web.picture_canvas import CLOSE, CURVE3, CURVE4, LINE, MOVE, Pen, Shape, rectangle
from web.picture_style import Colour


class SvgCanvas:
    """Writes paths.

    Parameters
    ----------
    width, height : int
        Size (px).
    paper : tuple of float
        The colour of the sheet.
    title, description : str
        For readers who hear the picture.
    """

    #: Units of the paths in a pixel: they are whole numbers.
    _FINE = 10

    def __init__(
        self, width: int, height: int, paper: Colour, title: str, description: str
    ) -> None:
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{width}" '
            f'height="{height}" viewBox="0 0 {width * self._FINE} {height * self._FINE}" '
            'role="img" aria-labelledby="title description">\n'
            f'<title id="title">{escape(title)}</title>\n'
            f'<desc id="description">{escape(description)}</desc>\n'
        )
        self._parts = [head]
        self._clips = 0
        self._clipped = False
        self.fill(rectangle(0, 0, width, height), paper)

    def clip(self, box: tuple[float, float, float, float] | None) -> None:
        """Draw from now on only within a box.

        Parameters
        ----------
        box : tuple of float or None
            Left, top, right, bottom (px); None for everywhere.
        """
        if self._clipped:
            self._parts.append("</g>\n")
        self._clipped = box is not None
        if box is not None:
            self._clips += 1
            frame = _path_text(rectangle(*box), self._FINE)
            self._parts.append(
                f'<clipPath id="clip{self._clips}"><path d="{frame}"/></clipPath>\n'
                f'<g clip-path="url(#clip{self._clips})">\n'
            )

    def fill(self, shape: Shape, colour: Colour) -> None:
        """Fill a shape.

        Parameters
        ----------
        shape : Shape
            Holes run the other way round.
        colour : tuple of float
            Of the inside.
        """
        text = _path_text(shape, self._FINE)
        if text:
            self._parts.append(f'<path{_paint("fill", colour)} d="{text}"/>\n')

    def stroke(self, shape: Shape, pen: Pen) -> None:
        """Draw the lines of a shape.

        Parameters
        ----------
        shape : Shape
            Open or closed.
        pen : Pen
            How.
        """
        text = _path_text(shape, self._FINE)
        if not text:
            return
        lengths = " ".join(f"{part * self._FINE:g}" for part in pen.dash)
        dash = f' stroke-dasharray="{lengths}"' if lengths else ' stroke-linecap="round"'
        self._parts.append(
            f'<path fill="none"{_paint("stroke", pen.colour)} '
            f'stroke-width="{pen.width * self._FINE:.4g}"{dash} stroke-linejoin="round" '
            f'd="{text}"/>\n'
        )

    def dots(self, centres: FloatArray, radius: float, colour: Colour) -> None:
        """Draw a dot at each place: a line of next to no length, with a round end.

        Parameters
        ----------
        centres : array (n, 2) of float64
            Where (px).
        radius : float
            Of all (px).
        colour : tuple of float
            Of all.
        """
        if len(centres):
            at = np.rint(centres * self._FINE).astype(np.int64).tolist()
            text = "".join(f"M{x} {y}h1" for x, y in at)
            self._parts.append(
                f'<path fill="none"{_paint("stroke", colour)} stroke-linecap="round" '
                f'stroke-width="{2 * radius * self._FINE:.4g}" d="{text}"/>\n'
            )

    def finished(self) -> bytes:
        """Return the picture.

        Returns
        -------
        bytes
            SVG in UTF-8.
        """
        self.clip(None)
        return "".join([*self._parts, "</svg>\n"]).encode()


def _paint(what: str, colour: Colour) -> str:
    """Return the attributes of a colour."""
    red, green, blue = (round(part * 255) for part in colour[:3])
    opacity = f' {what}-opacity="{colour[3]:.3g}"' if colour[3] < 1 else ""
    return f' {what}="#{red:02x}{green:02x}{blue:02x}"{opacity}'


def _path_text(shape: Shape, fine: int) -> str:
    """Write a shape: whole numbers, lines by their steps and curves by their places."""
    at = np.rint(shape.xy * fine).astype(np.int64)
    steps = np.diff(at, axis=0, prepend=at[:1])
    still = (shape.codes == LINE) & (steps == 0).all(axis=1)
    return "".join(_commands(shape.codes[~still], at[~still], steps[~still]))


_LETTERS = {MOVE: "M", LINE: "l", CURVE3: "Q", CURVE4: "C"}
_POINTS = {CURVE3: 2, CURVE4: 3}


def _commands(
    codes: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], steps: npt.NDArray[np.int64]
) -> Iterable[str]:
    """Yield the commands of a path; a letter only where it changes."""
    before, left = 0, 0
    for code, (x, y), (dx, dy) in zip(codes.tolist(), at.tolist(), steps.tolist(), strict=True):
        if code == CLOSE:
            yield "z"
            before = 0
            continue
        if left == 0 and (code != before or code == MOVE):
            yield _LETTERS[code]
        else:
            yield " "
        left = (left or _POINTS.get(code, 1)) - 1
        before = code
        yield f"{dx} {dy}" if code == LINE else f"{x} {y}"

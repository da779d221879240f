"""The week as a picture: hours across, weekdays down, in each field the share covered."""

from pathlib import Path
from typing import Literal

import numpy as np

from web.clock_scale import STEPS, Scale, ink
from web.clock_text import Telling
from web.clock_words import weekdays
from web.picture_canvas import Canvas, Pen, PngCanvas, rectangle, rings
from web.picture_fonts import Letters, letters
from web.picture_style import colour
from web.picture_svg import SvgCanvas

_WIDTH, _MARGIN = 1160, 32
_LEFT, _FIELD_W, _FIELD_H = 96, 43, 44
_TITLE, _TEXT, _SMALL = 26.0, 15.0, 13.0
_LEADING = 1.45
_HOURS, _DAYS = 24, 7
_INK, _SOFT, _PAPER = colour("#1d2329"), colour("#56616b"), colour("#ffffff")


class _Sheet:
    """A sheet on which lines of words and fields are set from the top.

    Parameters
    ----------
    telling : Telling
        What is told.
    plain, bold : Letters
        Fonts.
    """

    def __init__(self, telling: Telling, plain: Letters, bold: Letters) -> None:
        self._telling = telling
        self._plain, self._bold = plain, bold
        wide = _WIDTH - 2 * _MARGIN
        self._title = bold.lines(bold.fitting(telling.title), _TITLE, wide)
        self._above = [
            *self._broken(telling.headline(), _TEXT),
            *self._broken(telling.conditions(), _TEXT),
        ]
        self._below = self._broken(telling.notes(), _SMALL)

    def _broken(self, texts: list[str], size: float) -> list[str]:
        """Return sentences as lines."""
        wide = _WIDTH - 2 * _MARGIN
        return [
            line
            for text in texts
            for line in self._plain.lines(self._plain.fitting(text), size, wide)
        ]

    @property
    def _grid_top(self) -> float:
        """Upper edge of the fields."""
        words = len(self._title) * _TITLE + len(self._above) * _TEXT
        return _MARGIN + words * _LEADING + 40

    @property
    def height(self) -> int:
        """Height of the sheet (px)."""
        grid = self._grid_top + _DAYS * _FIELD_H
        return int(grid + 72 + len(self._below) * _SMALL * _LEADING + _MARGIN)

    def draw(self, canvas: Canvas) -> None:
        """Draw everything.

        Parameters
        ----------
        canvas : Canvas
            As high as ``height``.
        """
        y = float(_MARGIN)
        for line in self._title:
            y += _TITLE * _LEADING
            canvas.fill(self._bold.shape(line, _TITLE, _MARGIN, y - _TITLE * 0.4), _INK)
        for line in self._above:
            y += _TEXT * _LEADING
            canvas.fill(self._plain.shape(line, _TEXT, _MARGIN, y - _TEXT * 0.4), _INK)
        scale = Scale.of([value for row in self._telling.grid() for value in row])
        self._fields(canvas, scale)
        y = self._grid_top + _DAYS * _FIELD_H
        self._legend(canvas, scale, y + 18)
        y += 64
        for line in self._below:
            y += _SMALL * _LEADING
            canvas.fill(self._plain.shape(line, _SMALL, _MARGIN, y - _SMALL * 0.4), _SOFT)

    def _centred(
        self, canvas: Canvas, text: str, x: float, y: float, size: float, tint: str
    ) -> None:
        """Write a word around a place."""
        left = x - self._plain.width(text, size) / 2
        canvas.fill(self._plain.shape(text, size, left, y + size * 0.36), colour(tint))

    def _fields(self, canvas: Canvas, scale: Scale) -> None:
        """Draw the 168 fields with their figures, and the names of rows and columns."""
        top = self._grid_top
        for hour in range(_HOURS):
            x = _LEFT + (hour + 0.5) * _FIELD_W
            self._centred(canvas, f"{hour:02}", x, top - 14, _TEXT, "#1d2329")
        works = self._telling.grid("works")
        names = weekdays(self._telling.lang)
        for day, row in enumerate(self._telling.grid()):
            y = top + day * _FIELD_H
            self._centred(
                canvas, names[day], (_MARGIN + _LEFT) / 2, y + _FIELD_H / 2, _TEXT, "#1d2329"
            )
            for hour, share in enumerate(row):
                box = (_LEFT + hour * _FIELD_W, y, _LEFT + (hour + 1) * _FIELD_W, y + _FIELD_H)
                self._field(canvas, scale.step(share), share, box)
                if not works[day][hour]:
                    self._strike(canvas, scale.step(share), box)

    def _field(
        self,
        canvas: Canvas,
        step: int | None,
        share: float | None,
        box: tuple[float, float, float, float],
    ) -> None:
        """Draw one field."""
        left, top, right, bottom = box
        if step is None or share is None:
            return
        canvas.fill(
            rectangle(left + 0.5, top + 0.5, right - 0.5, bottom - 0.5), colour(STEPS[step])
        )
        middle = ((left + right) / 2, (top + bottom) / 2)
        self._centred(canvas, f"{share * 100:.0f}", *middle, _TEXT, ink(step))

    def _strike(
        self, canvas: Canvas, step: int | None, box: tuple[float, float, float, float]
    ) -> None:
        """Draw a stroke through the foot of a field that does not count."""
        tint = "#56616b" if step is None else ink(step)
        y = box[3] - 7
        line = rings(np.array([(box[0] + 8, y), (box[2] - 8, y)]), np.array([2]), closed=False)
        canvas.stroke(line, Pen(colour(tint), 1.6, (3.0, 3.0)))

    def _legend(self, canvas: Canvas, scale: Scale, y: float) -> None:
        """Draw what the colours and the strokes mean."""
        words = self._telling.words
        label = words["share"]
        canvas.fill(self._plain.shape(label, _SMALL, _MARGIN, y + 14), _INK)
        x = _MARGIN + self._plain.width(label, _SMALL) + 16
        low, high = f"{scale.low * 100:.0f}", f"{scale.high * 100:.0f}"
        canvas.fill(self._plain.shape(low, _SMALL, x, y + 14), _INK)
        x += self._plain.width(low, _SMALL) + 8
        for number, tint in enumerate(STEPS):
            canvas.fill(rectangle(x + number * 24, y, x + (number + 1) * 24, y + 18), colour(tint))
        x += len(STEPS) * 24 + 8
        canvas.fill(self._plain.shape(high, _SMALL, x, y + 14), _INK)
        if all(all(row) for row in self._telling.grid("works")):
            return
        x += self._plain.width(high, _SMALL) + 40
        line = rings(np.array([(x, y + 10), (x + 28, y + 10)]), np.array([2]), closed=False)
        canvas.stroke(line, Pen(_INK, 1.6, (3.0, 3.0)))
        canvas.fill(self._plain.shape(words["off"], _SMALL, x + 36, y + 14), _INK)


def clock_picture(
    telling: Telling, font: Path | None, kind: Literal["png", "svg"] = "png", scale: int = 2
) -> bytes:
    """Draw a week.

    Parameters
    ----------
    telling : Telling
        What is told.
    font : Path or None
        The font file that the settings name.
    kind : str
        ``png`` or ``svg``.
    scale : int
        Pixels for each of the sheet's 1,160.

    Returns
    -------
    bytes
        The same answer gives the same bytes; words are drawn as shapes.

    Raises
    ------
    FontMissingError
        If no font on this machine has the characters that must be shown.
    """
    plain, bold = letters(font)
    sheet = _Sheet(telling, plain, bold)
    canvas: Canvas
    if kind == "svg":
        spoken = " ".join([telling.words["alt"], *telling.headline()])
        canvas = SvgCanvas(_WIDTH, sheet.height, _PAPER, telling.title, spoken)
    else:
        canvas = PngCanvas(_WIDTH, sheet.height, scale, _PAPER)
    sheet.draw(canvas)
    return canvas.finished()

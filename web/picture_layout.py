"""Where the words of a picture stand, and what is left for the map."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from web.picture_fonts import Letters
from web.picture_style import Colour, Picture
from web.picture_text import Entry, Words

#: From this width and proportion on the words stand beside the map.
_BESIDE_WIDTH, _BESIDE_RATIO = 620, 1.2

#: Words may be made this much smaller before something is left out, and never smaller than this
#: (px).
_SMALLEST, _LEAST_PX = 0.74, 9.0


@dataclass(frozen=True)
class Line:
    """A line of words, or of the legend.

    Attributes
    ----------
    text : str
        The words.
    x, y : float
        Where they begin, on the baseline (px).
    size : float
        Of the font (px).
    colour : tuple of float
        Of the words.
    bold : bool
        In the bold font.
    entry : Entry or None
        A sign of the legend stands to their left.
    """

    text: str
    x: float
    y: float
    size: float
    colour: Colour
    bold: bool = False
    entry: Entry | None = None


@dataclass(frozen=True)
class Layout:
    """A picture's parts.

    Attributes
    ----------
    lines : tuple of Line
        All words outside the map.
    box : tuple of float
        Left, top, right, bottom of the map (px).
    """

    lines: tuple[Line, ...]
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class _Block:
    """Words that stand together: what, how large, how far below the block before."""

    text: str
    size: float
    colour: Colour
    gap: float
    most: int = 2
    bold: bool = False
    entry: Entry | None = None
    legend: bool = False


def layout_of(picture: Picture, words: Words, plain: Letters, bold: Letters) -> Layout:
    """Arrange a picture.

    Parameters
    ----------
    picture : Picture
        Its size.
    words : Words
        What it says.
    plain, bold : Letters
        The fonts.

    Returns
    -------
    Layout
        Title, sentence and sources are always there; in a small picture the notes and then the
        legend give way to the map.
    """
    setter = _Setter(picture, words, plain, bold)
    beside = picture.width >= _BESIDE_WIDTH and picture.width >= _BESIDE_RATIO * picture.height
    return setter.beside() if beside else setter.above()


class _Setter:
    """Sets the words of one picture."""

    def __init__(self, picture: Picture, words: Words, plain: Letters, bold: Letters) -> None:
        self._picture, self._words = picture, words
        self._plain, self._bold = plain, bold
        self._margin = 18 * picture.unit

    def _foot(self) -> tuple[list[Line], float]:
        """Return the lines of the sources and where they begin (px from the top)."""
        size = max(10.5 * self._picture.unit, _LEAST_PX - 1)
        margin = min(self._margin, 14 * self._picture.unit)
        wide = self._picture.width - 2 * margin
        rows = self._gathered(size, wide)
        top = self._picture.height - len(rows) * size * 1.35 - 0.7 * margin
        return [
            Line(row, margin, top + (at + 1) * size * 1.35, size, self._picture.colours.soft)
            for at, row in enumerate(rows)
        ], top - 0.35 * margin

    def _gathered(self, size: float, wide: float) -> list[str]:
        """Return the sources in lines, broken between them where possible."""
        out: list[str] = []
        for part in self._words.sources:
            more = f"{out[-1]} · {part}" if out else part
            if out and self._plain.width(more, size) <= wide:
                out[-1] = more
            else:
                out += self._plain.lines(part, size, wide)
        return out

    def beside(self) -> Layout:
        """Return a layout with the words to the left of the map."""
        foot, bottom = self._foot()
        unit, width = self._picture.unit, self._picture.width
        column = min(max(0.3 * width, 230 * unit), 370 * unit, 0.45 * width)
        inner = column - 2 * self._margin
        rows: list[Line] = []
        for factor, blocks in self._attempts():
            rows, end = self._set(blocks, factor, self._margin, inner)
            if end <= bottom - 0.3 * self._margin:
                break
        return Layout((*rows, *foot), (column, 0.0, float(width), bottom))

    def above(self) -> Layout:
        """Return a layout with the words above the map and the legend below it."""
        foot, bottom = self._foot()
        width, height = self._picture.width, self._picture.height
        margin = min(self._margin, 14 * self._picture.unit)
        inner = width - 2 * margin
        box = (0.0, 0.0, float(width), bottom)
        rows: list[Line] = []
        for factor, blocks in self._attempts():
            head = [block for block in blocks if not block.legend]
            signs = [block for block in blocks if block.legend]
            rows, top = self._set(head, factor, margin, inner, 0.6 * margin)
            legend, tall = self._flow(signs, factor, margin, inner)
            start = bottom - tall - (0.5 * margin if signs else 0)
            rows = [*rows, *(replace(line, y=line.y + start) for line in legend)]
            box = (0.0, top + 0.6 * margin, float(width), start - 0.2 * margin)
            if box[3] - box[1] >= 0.5 * height:
                break
        return Layout((*rows, *foot), box)

    def _attempts(self) -> list[tuple[float, Sequence[_Block]]]:
        """Return what to try, best first: all of it, smaller, and then less."""
        blocks = self._blocks()
        must = [block for block in blocks if block.bold]  # title and sentence
        legend = [block for block in blocks if block.legend]
        notes = [block for block in blocks if not block.bold and not block.legend]
        kept, bare = [*must, *notes[:1], *legend], [*must, *legend]
        sizes = (1.16, 1.08, 1.0, 0.92, 0.85, 0.79, _SMALLEST)
        return [
            *((factor, blocks) for factor in sizes),
            *((factor, part) for part in (kept, bare) for factor in (1.0, 0.85, _SMALLEST)),
            *((factor, must) for factor in (1.0, 0.85, _SMALLEST)),
        ]

    def _blocks(self) -> list[_Block]:
        """Return all words in their order."""
        words, colours = self._words, self._picture.colours
        blocks = [
            _Block(words.title, 26, colours.ink, gap=0, most=3, bold=True),
            _Block(words.headline, 19, colours.accent, gap=10, most=4, bold=True),
        ]
        for at, note in enumerate(words.notes):
            blocks.append(_Block(note, 14.5, colours.ink, gap=4 if at else 9, most=3))
        covered = [entry for entry in words.legend if entry.kind == "covered"]
        bands = [entry for entry in words.legend if entry.kind == "band"]
        others = [entry for entry in words.legend if entry.kind == "dot"]
        blocks += self._signs(covered, 18)
        if bands and words.heading:
            blocks.append(_Block(words.heading, 13.5, colours.soft, gap=9, legend=True))
        blocks += self._signs(bands, 4)
        return [*blocks, *self._signs(others, 9)]

    def _signs(self, entries: Sequence[Entry], gap: float) -> list[_Block]:
        """Return rows of the legend."""
        ink = self._picture.colours.ink
        return [
            _Block(entry.text, 14, ink, gap=gap if at == 0 else 4, entry=entry, legend=True)
            for at, entry in enumerate(entries)
        ]

    def _size(self, block: _Block, factor: float) -> float:
        """Return the size of a block's font (px)."""
        return max(block.size * self._picture.unit * factor, _LEAST_PX)

    def _font(self, block: _Block) -> Letters:
        """Return the font of a block."""
        return self._bold if block.bold else self._plain

    def _set(
        self,
        blocks: Sequence[_Block],
        factor: float,
        left: float,
        wide: float,
        top: float | None = None,
    ) -> tuple[list[Line], float]:
        """Set blocks below one another; return their lines and where they end."""
        y = self._margin * 0.8 if top is None else top
        out = []
        for block in blocks:
            size = self._size(block, factor)
            indent = _indent(block, size)
            y += block.gap * self._picture.unit * factor
            font = self._font(block)
            breaking = font.balanced if block.bold else font.lines
            for at, row in enumerate(breaking(block.text, size, wide - indent, block.most)):
                sign = block.entry if at == 0 else None
                base = y + size * 1.02
                out.append(Line(row, left + indent, base, size, block.colour, block.bold, sign))
                y += size * 1.3
        return out, y

    def _flow(
        self, blocks: Sequence[_Block], factor: float, left: float, wide: float
    ) -> tuple[list[Line], float]:
        """Set rows of the legend side by side; return their lines and how tall they are."""
        out, x, y, size = [], left, 0.0, 0.0
        for block in blocks:
            size = self._size(block, factor)
            indent = _indent(block, size)
            text = self._plain.lines(block.text, size, wide - indent, 1)[0]
            run = indent + self._plain.width(text, size)
            if x > left and x + run > left + wide:
                x, y = left, y + size * 1.45
            line = Line(text, x + indent, y + size, size, block.colour, entry=block.entry)
            out.append(line)
            x += run + size * 1.2
        return out, y + size * 1.3 if blocks else 0.0


def _indent(block: _Block, size: float) -> float:
    """Return how far words stand from their sign."""
    return size * 1.9 if block.entry is not None else 0.0

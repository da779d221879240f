"""Letters as outlines: which font file has them, how wide they run, where lines break.

Words are drawn as shapes, so that a picture looks the same on every machine that shows it. The
fonts that may hold Chinese are looked for, in this order: the file that the settings name, the
Python package ``pylopdf-fonts-zh-cn``, the system's font folders. Latin letters are there in any
case: matplotlib brings DejaVu Sans.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from web.errors import FontMissingError
from web.font_files import BOLD, REGULAR, find_font
from web.picture_canvas import NOTHING, Shape, joined

#: Size at which outlines are read; they are scaled from it (px).
_SIZE = 100.0

#: Stands for a letter that no font has, as printers do; drawn where the font has it.
_GETA = "〓"

#: Characters that may not begin a line: closing marks, and what ends 分钟.
_NOT_FIRST = frozenset("，。、；：？！）》」』”’％%,.;:?!)]}·…钟")


def font_missing() -> FontMissingError:
    """Return the error that says how to get a font.

    Returns
    -------
    FontMissingError
        To be raised.
    """
    return FontMissingError(
        "this machine has no font with the Chinese characters of the picture: install Debian's "
        "fonts-noto-cjk or the Python package pylopdf-fonts-zh-cn, or name a font file in "
        "LOCATOR_FONT"
    )


class Face:
    """One font file, read as outlines.

    Parameters
    ----------
    path : Path
        A TrueType or OpenType font, or a collection, of which the face for simplified Chinese is
        taken.
    """

    def __init__(self, path: Path) -> None:
        from matplotlib import ft2font  # noqa: PLC0415  for pictures alone

        self.path = path
        first = ft2font.FT2Font(str(path))
        faces = (ft2font.FT2Font(str(path), face_index=i) for i in range(1, first.num_faces))
        names = (" SC", " GB", "Microsoft YaHei", "Micro Hei")
        chinese = (face for face in faces if face.family_name.endswith(names))
        self._font = first if first.num_faces == 1 else next(chinese, first)
        self._font.set_size(_SIZE, 72)
        self._flags = ft2font.LoadFlags.NO_HINTING
        self.name = str(self._font.family_name)

    def has(self, character: str) -> bool:
        """Return whether the font has a character.

        Parameters
        ----------
        character : str
            One character.

        Returns
        -------
        bool
            False where it would show an empty box.
        """
        return bool(self._font.get_char_index(ord(character)) != 0)

    def glyph(self, character: str) -> tuple[float, Shape]:
        """Return how far a character runs, and its outline.

        Parameters
        ----------
        character : str
            One character that the font has.

        Returns
        -------
        float, Shape
            For a size of 1, the baseline at 0, y downwards.
        """
        loaded = self._font.load_char(ord(character), flags=self._flags)
        points, codes = self._font.get_path()
        xy = np.asarray(points, dtype=np.float64).reshape(-1, 2) * (1 / _SIZE, -1 / _SIZE)
        return loaded.linearHoriAdvance / 65536 / _SIZE, Shape(xy, np.asarray(codes, np.uint8))


class Letters:
    """The fonts of a picture: each character comes from the first that has it.

    Parameters
    ----------
    faces : sequence of Face
        At least one.
    """

    def __init__(self, faces: Sequence[Face]) -> None:
        self._faces = tuple(faces)
        self._glyph = lru_cache(maxsize=4096)(self._found)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fonts."""
        return tuple(face.name for face in self._faces)

    def has(self, character: str) -> bool:
        """Return whether some font has a character.

        Parameters
        ----------
        character : str
            One character.

        Returns
        -------
        bool
            True for white space.
        """
        return character == " " or any(face.has(character) for face in self._faces)

    def _found(self, character: str) -> tuple[float, Shape]:
        """Return advance and outline of a character that some font has."""
        face = next((face for face in self._faces if face.has(character)), self._faces[0])
        return face.glyph(character)

    def fitting(self, text: str) -> str:
        """Return what can be written of a text that others wrote.

        Parameters
        ----------
        text : str
            One line.

        Returns
        -------
        str
            Without marks and pictographs that no font has; a letter that none has becomes ``〓``.

        Raises
        ------
        FontMissingError
            If there is no font for Chinese, and the text has some.
        """
        chinese = self.has(_GETA)
        out = []
        for character in unicodedata.normalize("NFC", text):
            if self.has(character):
                out.append(character)
            elif unicodedata.category(character)[0] in "LN":
                if not chinese:
                    raise font_missing()
                out.append(_GETA)
        return " ".join("".join(out).split())

    def width(self, text: str, size: float) -> float:
        """Return how far a text runs.

        Parameters
        ----------
        text : str
            From `fitting`.
        size : float
            Of the font (px).

        Returns
        -------
        float
            Pixels.
        """
        return size * sum(self._glyph(character)[0] for character in text)

    def shape(self, text: str, size: float, x: float, y: float) -> Shape:
        """Return the outlines of a text.

        Parameters
        ----------
        text : str
            From `fitting`.
        size : float
            Of the font (px).
        x, y : float
            Where it begins, on its baseline (px).

        Returns
        -------
        Shape
            To be filled.
        """
        parts = []
        for character in text:
            advance, glyph = self._glyph(character)
            if len(glyph.xy):
                parts.append(Shape(glyph.xy * size + (x, y), glyph.codes))
            x += advance * size
        return joined(parts) if parts else NOTHING

    def lines(self, text: str, size: float, width: float, most: int = 99) -> list[str]:
        """Break a text into lines.

        Parameters
        ----------
        text : str
            From `fitting`.
        size, width : float
            Of the font and of a line (px).
        most : int, optional
            No more lines than this; the last then ends with an ellipsis.

        Returns
        -------
        list of str
            Broken between words, and between any two Chinese characters.
        """
        out, line = [], ""
        for piece in _pieces(text):
            if line and self.width((line + piece).rstrip(), size) > width:
                out.append(line.rstrip())
                line = ""
            line += piece if line else piece.lstrip()
            while self.width(line.rstrip(), size) > width and len(line) > 1:  # one endless word
                cut = self._fits(line, size, width)
                out.append(line[:cut])
                line = line[cut:]
        out = [*out, line.rstrip()] if line.strip() else out
        if len(out) > most:
            last = out[most - 1]
            while last and self.width(last + "…", size) > width:
                last = last[:-1]
            out = [*out[: most - 1], last.rstrip() + "…"]
        return out

    def balanced(self, text: str, size: float, width: float, most: int = 99) -> list[str]:
        """Break a text into lines of about one length, as a heading wants it.

        Parameters
        ----------
        text : str
            From `fitting`.
        size, width : float
            Of the font and of a line at most (px).
        most : int, optional
            No more lines than this.

        Returns
        -------
        list of str
            As many as `lines` gives.
        """
        rows = self.lines(text, size, width, most)
        narrow = width * 0.96
        while len(rows) > 1 and narrow > width / 2:
            closer = self.lines(text, size, narrow, most)
            if len(closer) > len(rows) or closer[-1].endswith("…") != rows[-1].endswith("…"):
                break
            rows, narrow = closer, narrow - width * 0.04
        return rows

    def _fits(self, line: str, size: float, width: float) -> int:
        """Return how many characters fit, at least one."""
        count = len(line)
        while count > 1 and self.width(line[:count], size) > width:
            count -= 1
        return count


def _pieces(text: str) -> Iterator[str]:
    """Cut a text where a line may break: after spaces, around Chinese characters."""
    piece = ""
    for character in text:
        unit = piece[-1:] == " " and piece[-2:-1].isdigit() and _breaks(character)  # 15 分钟
        free = _breaks(character) or (piece and (_breaks(piece[-1]) or piece[-1] == " "))
        free = free and not unit
        if piece and free and character not in _NOT_FIRST and character != " ":
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _breaks(character: str) -> bool:
    """Return whether a line may break beside a character: Chinese, and full-width marks."""
    return unicodedata.east_asian_width(character) in "WF" and character not in "（《「『“"


@cache
def letters(named: Path | None) -> tuple[Letters, Letters]:
    """Return the fonts for plain and for bold words.

    Parameters
    ----------
    named : Path or None
        The font file that the settings name.

    Returns
    -------
    Letters, Letters
        The same plain one twice where there is no bold one.

    Raises
    ------
    FontMissingError
        If the file named cannot be read as a font.
    """
    import matplotlib as mpl  # noqa: PLC0415  for pictures alone

    latin = Path(mpl.get_data_path()) / "fonts" / "ttf"
    if named is not None:
        plain = _named(named)
        return Letters([plain, Face(latin / "DejaVuSans.ttf")]), Letters(
            [plain, Face(latin / "DejaVuSans-Bold.ttf")]
        )
    regular, bold = find_font(REGULAR), find_font(BOLD)
    faces = [Face(regular)] if regular else []
    heavy = [Face(bold)] if bold else faces
    return (
        Letters([*faces, Face(latin / "DejaVuSans.ttf")]),
        Letters([*heavy, *faces, Face(latin / "DejaVuSans-Bold.ttf")]),
    )


def _named(path: Path) -> Face:
    """Return the font that the settings name."""
    try:
        return Face(path)
    except (OSError, RuntimeError, ValueError):
        raise FontMissingError(
            f"LOCATOR_FONT names {path.name}, which cannot be read as a font: name a .ttf, .otf or "
            ".ttc file"
        ) from None

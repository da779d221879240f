"""Bytes of a text table to text: which encoding, and the line that cannot be read.

The order is: byte-order mark, strict UTF-8, strict GB18030 (which holds GBK), refusal. Big5 bytes
pass for GB18030 most of the time, so the characters that come out are weighed as well.
"""

import codecs
from dataclasses import dataclass

from geodata.errors import FileFormatError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

#: Below this share of common characters a GB18030 reading is doubted; above the other, Big5 is it.
_DOUBT, _SURE = 0.7, 0.95

#: Characters weighed.
_SAMPLE = 100_000


@dataclass(frozen=True)
class DecodedText:
    """The text of a file.

    Attributes
    ----------
    text : str
        Without a byte-order mark.
    encoding : str
        The name for people.
    """

    text: str
    encoding: str


def decode(data: bytes, where: str) -> DecodedText:
    """Return the text of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        Its name, for messages.

    Returns
    -------
    DecodedText
        The text and the encoding found.

    Raises
    ------
    FileFormatError
        With the first line that cannot be read: code ``not_text``, ``nul_in_text``,
        ``mixed_encoding`` or ``unknown_encoding``.
    """
    found = _marked(data, where) or _unmarked(data, where)
    at = found.text.find("\0")
    if at >= 0:
        raise FileFormatError(
            f"{where}, line {found.text.count(chr(10), 0, at) + 1}: found a NUL character, which "
            "no text table holds; save it again as CSV in UTF-8",
            code="nul_in_text",
        )
    return found


def _marked(data: bytes, where: str) -> DecodedText | None:
    """Return the text of a file that begins with a byte-order mark."""
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            try:
                return DecodedText(data.decode(codec).removeprefix("\ufeff"), name)
            except UnicodeDecodeError as error:
                raise _unreadable(
                    data, error.start, where, f"is not {name}, as it claims"
                ) from error
    return None


def _unmarked(data: bytes, where: str) -> DecodedText:
    """Return the text of a file without a mark: strict UTF-8, else strict GB18030."""
    if b"\0" in data:
        raise FileFormatError(
            f"{where}, line {data.count(bytes([10]), 0, data.index(0)) + 1}: found a NUL byte; "
            "expected a text table; save it again as CSV in UTF-8",
            code="nul_in_text",
        )
    try:
        return DecodedText(data.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError as error:
        bad = error.start
    _refuse_mixture(data, where)
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise _unreadable(
            data, max(bad, error.start), where, "is neither UTF-8 nor GB18030"
        ) from error
    _refuse_big5(data, text, where)
    return DecodedText(text, "GB18030")


def _unreadable(data: bytes, at: int, where: str, what: str) -> FileFormatError:
    """Return the error for bytes that no encoding explains."""
    return FileFormatError(
        f"{where}, line {data.count(bytes([10]), 0, at) + 1}: the text {what}; "
        "save it again as CSV in UTF-8",
        code="unknown_encoding",
    )


def _refuse_mixture(data: bytes, where: str) -> None:
    """Refuse a file whose lines are partly UTF-8 and partly something else."""
    first: dict[bool, int] = {}
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.isascii():
            first.setdefault(_is_utf8(line), number)
    if len(first) == 2:  # noqa: PLR2004  both kinds
        raise FileFormatError(
            f"{where}, line {max(first.values())}: the lines are in different encodings (line "
            f"{first[True]} is UTF-8, line {first[False]} is not); save the whole file as UTF-8",
            code="mixed_encoding",
        )


def _is_utf8(line: bytes) -> bool:
    """Tell whether a line is UTF-8 beyond chance: at least two characters of three bytes."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return sum(char >= "\u0800" for char in text) > 1


def _refuse_big5(data: bytes, text: str, where: str) -> None:
    """Refuse Big5, which decodes as GB18030 into rare characters."""
    if _common(text[:_SAMPLE], "gb2312", 0xB0, 0xF7) >= _DOUBT:
        return
    try:
        other = data.decode("big5")
    except UnicodeDecodeError:
        return
    if _common(other[:_SAMPLE], "big5", 0xA4, 0xC6) >= _SURE:
        line = next(n for n, part in enumerate(data.split(b"\n"), 1) if not part.isascii())
        raise FileFormatError(
            f"{where}, line {line}: the text looks like Big5, not GB18030; save it as UTF-8",
            code="unknown_encoding",
        )


def _common(text: str, codec: str, low: int, high: int) -> float:
    """Return the share of Chinese characters that lie in the codec's rows of common ones."""
    wide = [char for char in text if ord(char) >= 0x2E80 and not 0xFF00 <= ord(char) <= 0xFFEF]  # noqa: PLR2004  the CJK blocks, without full-width forms
    wide = [char for char in wide if not 0x3000 <= ord(char) <= 0x303F]  # noqa: PLR2004  punctuation
    if not wide:
        return 1.0
    rows = [char.encode(codec, "ignore")[:1] for char in wide]
    return sum(bool(row) and low <= row[0] <= high for row in rows) / len(wide)

"""Tables in dBASE whose texts were cut in the middle of a character.

A Shapefile's field names hold ten bytes and its texts 254: writers cut there, whatever the
character. Readers that decode strictly then refuse the whole file, so the broken halves go first.
"""

import struct

_HEAD, _FIELD, _NAME = 32, 32, 11
_LAST_FIELD = 0x0D


def whole_characters(data: bytes, encoding: str) -> bytes:
    """Return a dBASE table without half characters at the ends of names and texts.

    A name that was cut ends in ``~`` then.

    Parameters
    ----------
    data : bytes
        The ``.dbf``.
    encoding : str
        Of its texts; an unknown one changes nothing.

    Returns
    -------
    bytes
        Of the same length; the same bytes where nothing was cut, or where it is no dBASE table.
    """
    try:
        return _mended(bytearray(data), encoding)
    except (LookupError, struct.error, IndexError):
        return data


def _mended(table: bytearray, encoding: str) -> bytes:
    """Return the table with every name and text decodable."""
    count, head, size = struct.unpack_from("<IHH", table, 4)
    texts: list[tuple[int, int]] = []
    offset = 1
    for at in range(_HEAD, min(head, len(table)) - 1, _FIELD):
        if table[at] == _LAST_FIELD:
            break
        _mend(table, at, at + _NAME - 1, encoding, b"~")
        if table[at + _NAME : at + _NAME + 1] == b"C":
            texts.append((offset, offset + table[at + 16]))
        offset += table[at + 16]
    for record in range(head, min(head + count * size, len(table)), max(size, 1)):
        for first, last in texts:
            _mend(table, record + first, record + last, encoding, b" ")
    return bytes(table)


def _mend(table: bytearray, start: int, end: int, encoding: str, blank: bytes) -> None:
    """Blank a half character at the end of a stretch of bytes, in place."""
    text = bytes(table[start:end])
    if text.isascii():
        return
    try:
        text.rstrip(b"\0 ").decode(encoding)
    except UnicodeDecodeError as error:
        if error.reason in ("unexpected end of data", "incomplete multibyte sequence"):
            left = end - start - error.start
            table[start + error.start : end] = (blank + (b"\0" if blank == b"~" else b" ") * left)[
                :left
            ]

"""Columns that say yes or no, and opening and closing times in columns of their own.

Union exports ask ``是否24小时``, list ``空调`` and ``饮水机`` as columns of ticks, and
put ``开门时间`` and ``关门时间`` side by side. The words are rows of ``facility_words.csv``.
"""

import re
import unicodedata

from geodata.phrases import parse_facilities
from geodata.raw import RawTable, header_key
from geodata.vocabulary import Vocabulary

_COUNT = re.compile(r"(\d+)(?:个|台|把|张|套|组|间|处|部|只)?")
_ASKING = re.compile(r"^(?:是否)?(?:有|配备|提供)?|\(.*?\)|数量$")
_CLOCK = re.compile(r"\d{1,2}(?:[:点时]\d{0,2}分?)?|\d{1,2}[点时]半")


def said_yes(text: str, vocabulary: Vocabulary) -> bool | None:
    """Return whether a cell says yes or no.

    Parameters
    ----------
    text : str
        ``是``, ``√``, ``2台``, ``无``, ``0``, empty.
    vocabulary : Vocabulary
        Its small words ``yes`` and ``no``.

    Returns
    -------
    bool or None
        Empty is no; None where the cell says something else.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if not plain or plain in vocabulary.words.get("no", ()):
        return False
    if plain in vocabulary.words.get("yes", ()):
        return True
    count = _COUNT.fullmatch(plain)
    return int(count[1]) > 0 if count else None


def ticked_facilities(
    table: RawTable, columns: tuple[int, ...], vocabulary: Vocabulary
) -> list[list[str]]:
    """Return what each row ticks in columns that are named like facilities.

    Parameters
    ----------
    table : RawTable
        The table.
    columns : tuple of int
        Columns that mean nothing else.
    vocabulary : Vocabulary
        The words.

    Returns
    -------
    list of list of str
        Codes by row. A column counts only if all its cells say yes or no.
    """
    found: list[list[str]] = [[] for _ in table.line]
    for at in columns:
        name = unicodedata.normalize("NFKC", table.header[at])
        reading = parse_facilities(_ASKING.sub("", name), vocabulary)
        answers = [said_yes(text, vocabulary) for text in table.cells[:, at]]
        if not reading.codes or reading.unknown or None in answers:
            continue
        for row, yes in enumerate(answers):
            found[row] += [code for code in reading.codes if yes and code not in found[row]]
    return found


def hours_beside(table: RawTable, columns: tuple[int, ...], vocabulary: Vocabulary) -> list[str]:
    """Return what columns beside the opening hours say of them.

    Parameters
    ----------
    table : RawTable
        The table.
    columns : tuple of int
        Columns that mean nothing else.
    vocabulary : Vocabulary
        Its small words ``all_day`` and ``closes`` name such columns.

    Returns
    -------
    list of str
        By row: ``24小时``, a closing time such as ``18:00``, or ``""``.
    """
    said = [""] * len(table.line)
    for at in columns:
        key = header_key(table.header[at])
        cells = [unicodedata.normalize("NFKC", text).strip() for text in table.cells[:, at]]
        if key in vocabulary.words.get("all_day", ()):
            yes = [said_yes(text, vocabulary) for text in cells]
            said = ["24小时" if each else old for each, old in zip(yes, said, strict=True)]
        elif key in vocabulary.words.get("closes", ()):
            times = [text if is_clock(text) else "" for text in cells]
            said = [old or each for each, old in zip(times, said, strict=True)]
    return said


def is_clock(text: str) -> bool:
    """Tell whether a text is one time of day and nothing else.

    Parameters
    ----------
    text : str
        ``8:00``, ``18点``.

    Returns
    -------
    bool
        True if so.
    """
    return _CLOCK.fullmatch(unicodedata.normalize("NFKC", text).strip()) is not None

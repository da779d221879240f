"""Words of strangers without what tells who they are: numbers, positions, mail addresses."""

import re
import unicodedata

_MASK = "***"

# A run of digits as people write telephone, bank and identity numbers: figures or Chinese numerals,
# with blanks and marks between. A colon is none of these marks: it stands in hours.
_DIGIT = r"[\d零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]"
_BETWEEN = r"(?:[^\w:：]|_){0,3}"
_ENDS = r"(?!\W?\d)"
# Dates and hours are what a note about wrong hours is about; they are left alone.
_DATE = r"(?<!\d)20\d{2}[-.]\d{1,2}[-.]\d{1,2}(?!\d)"
_HOURS = rf"(?<!\d)(?:[01]\d|2[0-4])[0-5]\d\s?-\s?(?:[01]\d|2[0-4])[0-5]\d{_ENDS}"
_NUMBER = re.compile(
    rf"(?P<kept>{_DATE}|{_HOURS})|\+?{_DIGIT}(?:{_BETWEEN}{_DIGIT}){{6,}}(?:{_BETWEEN}[xX])?[\ufe0f\u20e3]*"
)
_DECIMAL = re.compile(r"\d{1,3}[.．]\d{3,}")
_DEGREES = re.compile(r"\d{1,3}\s*[°度]\s*\d{1,2}(?:[.．]\d+)?\s*['′分](?:\s*[\d.]+\s*[\"″秒]?)?")

_MAIL = re.compile(r"[0-9A-Za-z_.+-]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+")

#: Control and format characters, halves of characters, private and unassigned ones.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def _shown(letter: str) -> str:
    """Return a letter: a circled figure as the figure, nothing for what cannot be seen."""
    category = unicodedata.category(letter)
    if category == "No":
        return str(unicodedata.digit(letter, letter))
    return "" if category in _HIDDEN else letter


def masked(note: str) -> str:
    """Return a note without control characters, and with numbers of persons and positions masked.

    Parameters
    ----------
    note : str
        As somebody wrote it.

    Returns
    -------
    str
        In NFC, trimmed; blanks and line ends become one blank.

    Examples
    --------
    >>> masked("门锁了,找 138-0013-8000 也没人, 写的 0900-1800")
    '门锁了,找 *** 也没人, 写的 0900-1800'
    """
    joined = re.sub(r"\s+", " ", unicodedata.normalize("NFC", note))
    kept = "".join(map(_shown, joined))
    for pattern in (_MAIL, _DEGREES, _DECIMAL):
        kept = pattern.sub(_MASK, kept)
    return _NUMBER.sub(lambda found: found["kept"] or _MASK, kept).strip()

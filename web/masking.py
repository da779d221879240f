"""Words of strangers without what tells who they are: telephone and paper numbers, positions."""

import re
import unicodedata

_MASK = "***"

# A run of digits as people write telephone, bank and identity numbers: with blanks, hyphens, dots
# or brackets between, in figures or in Chinese numerals.
_DIGIT = r"[\d零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]"
_RUN = re.compile(rf"\+?{_DIGIT}(?:[\s().\-]{{0,2}}{_DIGIT}){{6,}}[xX]?")
_DECIMAL = re.compile(r"\d{1,3}[.．]\d{3,}")
_DEGREES = re.compile(r"\d{1,3}\s*[°度]\s*\d{1,2}(?:[.．]\d+)?\s*['′分](?:\s*[\d.]+\s*[\"″秒]?)?")

# Dates and hours are what a note about wrong hours is about.
_DATE = re.compile(r"20\d{2}[-.]\d{1,2}[-.]\d{1,2}")
_HOURS = re.compile(r"[0-2]?\d[0-5]\d\s?-\s?[0-2]?\d[0-5]\d")
_SPARED = (_DATE, _HOURS)


def _masked(found: re.Match[str]) -> str:
    """Return the mask, or the run itself where it is a date or a span of hours."""
    run = found.group()
    return run if any(pattern.fullmatch(run) for pattern in _SPARED) else _MASK


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
    kept = "".join(letter for letter in joined if unicodedata.category(letter) not in _HIDDEN)
    for pattern in (_DEGREES, _DECIMAL):
        kept = pattern.sub(_MASK, kept)
    return _RUN.sub(_masked, kept).strip()


#: Control and format characters, halves of characters, private and unassigned ones.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

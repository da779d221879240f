"""Single cells of a table read into what they mean: dates, numbers, codes, phones."""

import re
import unicodedata

_DATE = re.compile(
    r"^(?P<y>(?:19|20)\d{2})(?:[-/.年](?P<m>\d{1,2})(?:[-/.月](?P<d>\d{1,2})日?|月)?|年)?"
    r"(?:[t ].*)?$"
)
_COMPACT = re.compile(r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})$")
_SCIENTIFIC = re.compile(r"^\d(?:\.\d+)?e\+?\d+$", re.IGNORECASE)
_AMOUNT = re.compile(
    r"^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?)\s*(万)?(?:元|人|名|个|户|座)?$"
)
_GUARDED = ("'=", "'+", "'-", "'@")
_MONTHS, _LONGEST = 12, 31


def clean(text: str) -> str:
    """Return a cell without blanks at its ends.

    Parameters
    ----------
    text : str
        As found.

    Returns
    -------
    str
        Other characters, directional marks and emoji among them, are kept. The apostrophe that
        our exports put before ``= + - @`` is taken off.
    """
    bare = text.strip(" \t\r\n\u3000\ufeff\u00a0")
    return bare[1:] if bare.startswith(_GUARDED) else bare


def iso_date(text: str) -> str:
    """Return a date in ISO form.

    Parameters
    ----------
    text : str
        ``2024年5月1日``, ``2024/5/1``, ``20240501``, ``2024-05``, ``2024``.

    Returns
    -------
    str
        ``2024-05-01``, ``2024-05`` or ``2024``; ``""`` if it is no date.

    Examples
    --------
    >>> iso_date("2024年5月1日"), iso_date("2024.5"), iso_date("去年")
    ('2024-05-01', '2024-05', '')
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    match = _COMPACT.match(plain) or _DATE.match(plain)
    if not match:
        return ""
    parts = [match["y"]]
    for name, limit in (("m", _MONTHS), ("d", _LONGEST)):
        if match[name] is None:
            break
        if not 1 <= int(match[name]) <= limit:
            return ""
        parts.append(f"{int(match[name]):02d}")
    return "-".join(parts)


def whole_number_text(text: str) -> str:
    """Return a code or phone without the ``.0`` that spreadsheets add.

    Parameters
    ----------
    text : str
        As found.

    Returns
    -------
    str
        ``410106.0`` becomes ``410106``; anything else is returned as it is.
    """
    bare = clean(text)
    return re.sub(r"^(\d+)\.0+$", r"\1", bare) if "." in bare else bare


def is_scientific(text: str) -> bool:
    """Tell whether a number was damaged into scientific notation.

    Parameters
    ----------
    text : str
        Such as a phone.

    Returns
    -------
    bool
        True for ``1.2E+11``.
    """
    return _SCIENTIFIC.match(clean(text)) is not None


def amount(text: str) -> float:
    """Return a number that counts or costs something.

    Parameters
    ----------
    text : str
        ``12``, ``1,200``, ``３人``, ``1.5万``.

    Returns
    -------
    float
        NaN if it is no finite number.

    Examples
    --------
    >>> amount("1,200"), amount("1.5万元"), amount("many")
    (1200.0, 15000.0, nan)
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    match = _AMOUNT.match(plain)
    if not match:
        return float("nan")
    return float(match[1]) * (10_000 if match[2] else 1)

"""How the map writes shares, counts and what strangers wrote."""

import unicodedata
from typing import Any

#: Longest name and longest other text that the map shows.
NAME_LIMIT, TEXT_LIMIT = 80, 160

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def percent(share: Any) -> str:
    """Write a share with one decimal, never rounding something short of all to 100 %.

    Parameters
    ----------
    share : float or None
        Between 0 and 1.

    Returns
    -------
    str
        Such as ``82.4%``; ``–`` when there is no share.

    Examples
    --------
    >>> percent(0.8244), percent(0.99996), percent(1.0), percent(0.0001), percent(None)
    ('82.4%', '99.9%', '100%', '<0.1%', '–')
    """
    if share is None or share != share:  # noqa: PLR0124  (not a number)
        return "–"
    value = float(share) * 100
    if value in {0.0, 100.0}:
        return f"{value:.0f}%"
    if value < 0.1:  # noqa: PLR2004
        return "<0.1%"
    return f"{min(value, 99.9):.1f}%"


def number(value: Any) -> str:
    """Write a count with thousands separated, ``–`` where there is none.

    Parameters
    ----------
    value : float or None
        A count.

    Returns
    -------
    str
        Such as ``12,340``.
    """
    return "–" if value is None or value != value else f"{float(value):,.0f}"  # noqa: PLR0124


def clip(text: Any, limit: int) -> str:
    """Shorten a text to be shown, with an ellipsis.

    Parameters
    ----------
    text : object
        What a stranger wrote; None and NaN become ``""``.
    limit : int
        Characters at most.

    Returns
    -------
    str
        One line without control characters.
    """
    if text is None or text != text:  # noqa: PLR0124
        return ""
    if isinstance(text, str) and len(text) <= limit and text.isprintable():
        return " ".join(text.split())
    line = "".join(c if _shown(c) else " " for c in str(text)[: 4 * limit])
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _shown(character: str) -> bool:
    """Tell whether a character may be shown: no control, no direction override, no half pair."""
    return character in "\u200d\u200c" or unicodedata.category(character) not in _HIDDEN

"""Angles as people write them."""

import re
import unicodedata

_DEGREES = re.compile(
    r"^(-?)\s*(\d{1,3})\s*[°度]\s*(?:(\d{1,2}(?:\.\d+)?)\s*['′分]\s*)?"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*(?:\"|″|''|′′|秒)\s*)?$"
)
_NUMBER = re.compile(r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$")
_USUAL = re.compile(r"[+-]?\d{1,3}(?:\.\d+)?", re.ASCII)
_HEMISPHERE = re.compile(r"^([nsew]|北纬|南纬|东经|西经)?\s*(.*?)\s*([nsew])?$")
_INFINITE = {"inf", "+inf", "infinity", "+infinity", "-inf", "-infinity"}


def parse_degrees(text: str) -> float:
    """Return decimal degrees of a cell.

    Parameters
    ----------
    text : str
        ``113.305132``, ``113°18′18.5″``, ``东经113.3``, ``34.8N``; full-width digits too.

    Returns
    -------
    float
        NaN where the cell is empty or no angle; infinite where it says so.
    """
    if _USUAL.fullmatch(text):
        return float(text)
    plain = unicodedata.normalize("NFKC", text).strip().lower().replace("\u2212", "-")
    if plain in _INFINITE:
        return float(plain)
    hemisphere = _HEMISPHERE.match(plain)
    if hemisphere is None:
        return float("nan")
    before, body, behind = hemisphere.groups()
    sign = -1.0 if (before or behind or "") in {"s", "w", "南纬", "西经"} else 1.0
    body = body.removesuffix("°").removesuffix("度").replace(",", ".") if "'" not in body else body
    return sign * (float(body) if _NUMBER.match(body) else _sexagesimal(body))


def split_pair(text: str) -> tuple[str, str]:
    """Return both halves of a cell that holds a pair; longitude first where that can be told.

    Parameters
    ----------
    text : str
        ``113.3, 34.8``, ``POINT(113.3 34.8)``; full-width marks too.

    Returns
    -------
    first, second : str
        The second is empty where the text is no pair.
    """
    plain = unicodedata.normalize("NFKC", text).strip().strip("()[]")
    plain = re.sub(r"^(?:point|srid=\d+;point)\s*\(", "", plain.lower()).strip("()")
    parts = [part for part in re.split(r"[,;、|/\s]+", plain) if part]
    if len(parts) != 2:  # noqa: PLR2004  a pair
        return text, ""
    first, second = parse_degrees(parts[0]), parse_degrees(parts[1])
    if abs(first) <= 90 < abs(second) <= 180:  # noqa: PLR2004  degrees
        return parts[1], parts[0]
    return parts[0], parts[1]


def _sexagesimal(body: str) -> float:
    """Return degrees, minutes and seconds as degrees, NaN where the text is none."""
    parts = _DEGREES.match(body)
    if not parts:
        return float("nan")
    minus, degrees, minutes, seconds = parts.groups()
    value = float(degrees) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -value if minus else value

"""Numbers in OSM tags: speeds, lengths, weights, durations (OSM wiki, Map features/Units).

A text that states no number reads as NaN, never as a guess.
"""

import math
import re
import unicodedata
from collections.abc import Mapping

_KPH = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_METRES = {"": 1.0, "m": 1.0, "cm": 0.01, "km": 1000.0, "ft": 0.3048, "'": 0.3048}
_TONNES = {
    "": 1.0,
    "t": 1.0,
    "kg": 0.001,
    "st": 0.90718474,
    "lt": 1.0160469088,
    "lb": 0.00045359237,
    "lbs": 0.00045359237,
}


def _plain(text: str) -> str:
    """Return text in small letters without spaces, full-width signs made plain."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = text.replace("\N{PRIME}", "'").replace("\N{DOUBLE PRIME}", '"').replace("''", '"')
    return re.sub(r"\s+", "", text)


def _quantity(text: str, units: Mapping[str, float]) -> float:
    """Return a number with a unit in the base unit; NaN if it is none."""
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?)([a-z/']*)", text)
    if not match:
        return math.nan
    return float(match[1].replace(",", ".")) * units.get(match[2], math.nan)


def kph(text: str, limits: Mapping[str, float]) -> float:
    """Return a speed limit in km/h.

    Parameters
    ----------
    text : str
        Value of ``maxspeed``: ``60``, ``40 mph``, ``10 knots``, ``none``, ``walk``, ``CN:urban``,
        ``DE:zone:30``, ``50;30`` (the lowest counts).
    limits : mapping of str to float
        Limits of the words: ``none``, ``walk``, ``CN:urban``, and ``urban`` for countries without
        an entry of their own.

    Returns
    -------
    float
        Limit in km/h, or NaN.

    Examples
    --------
    >>> kph("50;30", {}), round(kph("25 mph", {}), 1), kph("signals", {})
    (30.0, 40.2, nan)
    """
    read = [_one_kph(part, limits) for part in re.split(r"[;|]", _plain(text))]
    return min((one for one in read if one > 0), default=math.nan)


def _one_kph(text: str, limits: Mapping[str, float]) -> float:
    """Return one limit in km/h; NaN if it is none."""
    number = _quantity(text, _KPH)
    if not math.isnan(number):
        return number
    country, _, zone = text.rpartition(":")
    if zone.removeprefix("zone").isdigit():
        return float(zone.removeprefix("zone"))
    full = f"{country.upper()}:{zone}" if country else zone
    word = zone if country else ""
    return limits.get(full, limits.get(word, math.nan))


def metres(text: str) -> float:
    """Return a length in metres.

    Parameters
    ----------
    text : str
        ``3.5``, ``3.5 m``, ``12 ft``, ``11'6"``.

    Returns
    -------
    float
        Metres, or NaN (``default``, ``none``, ``below_default`` …).

    Examples
    --------
    >>> metres("3,5 m"), round(metres('11 ft'), 4), metres("default")
    (3.5, 3.3528, nan)
    """
    plain = _plain(text)
    feet = re.fullmatch(r"(\d+)'(\d+(?:\.\d+)?)\"?", plain)
    if feet:
        return (int(feet[1]) + float(feet[2]) / 12) * 0.3048
    return _quantity(plain, _METRES)


def tonnes(text: str) -> float:
    """Return a weight in metric tonnes.

    Parameters
    ----------
    text : str
        ``7.5``, ``7.5 t``, ``8000 kg``, ``10 st``, ``6000 lbs``.

    Returns
    -------
    float
        Tonnes, or NaN.

    Examples
    --------
    >>> tonnes("7.5 t"), tonnes("8000 kg"), tonnes("unsigned")
    (7.5, 8.0, nan)
    """
    return _quantity(_plain(text), _TONNES)


def hours(text: str) -> float:
    """Return a duration in hours.

    Parameters
    ----------
    text : str
        ``HH:MM``, ``HH:MM:SS``, whole minutes, or ISO 8601 such as ``PT1H20M`` (OSM wiki
        Key:duration).

    Returns
    -------
    float
        Hours, or NaN; nothing takes no time.

    Examples
    --------
    >>> hours("00:15"), hours("90"), hours("PT1H30M"), hours("a while")
    (0.25, 1.5, 1.5, nan)
    """
    plain = _plain(text)
    number = r"(?:(\d+){})?"
    iso = "p" + number.format("d") + "(?:t" + "".join(number.format(u) for u in "hms") + ")?"
    clock = r"()(?:(\d+):)?(\d+)(?::(\d+))?"
    match = re.fullmatch(clock, plain) or re.fullmatch(iso, plain)
    if not match:
        return math.nan
    days, whole, minutes, seconds = (int(part or 0) for part in match.groups())
    return days * 24 + whole + minutes / 60 + seconds / 3600 or math.nan

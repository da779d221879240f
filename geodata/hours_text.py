"""What people write about opening hours, read into OSM ``opening_hours`` syntax."""

from dataclasses import dataclass
from typing import Literal

from opening_hours import validate

#: Longest text that is read (bytes of UTF-8).
MAX_BYTES = 1024


@dataclass(frozen=True)
class HoursReading:
    """What a text about opening hours says.

    Attributes
    ----------
    osm : str
        OSM ``opening_hours``; ``""`` when nothing is known.
    understood : str
        ``ok``; ``partial`` when something was left aside or is unknown; ``unknown``.
    warnings : tuple of str
        What was not understood or left aside.
    """

    osm: str
    understood: Literal["ok", "partial", "unknown"]
    warnings: tuple[str, ...] = ()


def read_hours(text: str) -> HoursReading:
    """Read opening hours."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return HoursReading("", "unknown", ("longer than 1 kB",))
    if text.strip() and validate(text):
        return HoursReading(text.strip(), "ok")
    return HoursReading("", "unknown", ("not understood",))

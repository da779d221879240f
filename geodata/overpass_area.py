"""Where to fetch streets: a rectangle in degrees, or the name of a place."""

import math
import re
from dataclasses import dataclass

from geodata.errors import Fault, ValidationError

#: Longest name of a place.
_NAME_LENGTH = 100

_SIDES = ("west", "south", "east", "north")


@dataclass(frozen=True)
class Box:
    """A rectangle in WGS-84 degrees.

    Attributes
    ----------
    west, south, east, north : float
        Its sides.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        """Check the sides and report every fault at once."""
        faults = [
            Fault(side, f"expected degrees within ±{limit:g}, got {value!r}")
            for side, limit in zip(_SIDES, (180, 90, 180, 90), strict=True)
            for value in (getattr(self, side),)
            if not (math.isfinite(value) and abs(value) <= limit)
        ]
        if not faults and self.west >= self.east:
            faults.append(Fault("bbox", f"expected west < east, got {self.west}, {self.east}"))
        if not faults and self.south >= self.north:
            faults.append(
                Fault(
                    "bbox",
                    f"expected south < north, got {self.south}, {self.north}",
                    "the order is west,south,east,north: longitudes come first",
                )
            )
        if faults:
            raise ValidationError.of(faults)

    @property
    def area_km2(self) -> float:
        """Return the area on the sphere.

        Returns
        -------
        float
            Square kilometres.
        """
        band = math.sin(math.radians(self.north)) - math.sin(math.radians(self.south))
        return 6371.0**2 * math.radians(self.east - self.west) * band


def parse_box(text: str) -> Box:
    """Return the rectangle of a text ``west,south,east,north``.

    Parameters
    ----------
    text : str
        Four numbers, separated by commas (also full-width ones) or blanks.

    Returns
    -------
    Box
        Checked.

    Raises
    ------
    ValidationError
        If there are not four numbers, or a side is wrong.

    Examples
    --------
    >>> parse_box("115.8,28.6,115.9,28.7").north
    28.7
    """
    parts = re.split(r"[,\s，]+", text.strip())
    try:
        sides = [float(part) for part in parts]
    except ValueError:
        sides = []
    if len(sides) != len(_SIDES):
        fault = Fault(
            "bbox",
            f"expected west,south,east,north in degrees, got {text!r}",
            "for instance 115.8,28.6,115.98,28.76",
        )
        raise ValidationError.of([fault])
    return Box(*sides)


def check_name(name: str) -> str:
    """Return the name of a place without blanks around it.

    Parameters
    ----------
    name : str
        Official name, or the number of an Overpass area.

    Returns
    -------
    str
        The name.

    Raises
    ------
    ValidationError
        If it is empty, too long or holds control characters.
    """
    clean = name.strip()
    if not clean or len(clean) > _NAME_LENGTH or not clean.isprintable():
        fault = Fault("place", f"expected a name of 1 to {_NAME_LENGTH} letters, got {name!r}")
        raise ValidationError.of([fault])
    return clean

"""How the streets of the demo city are laid out, and where which pattern reigns."""

from dataclasses import dataclass

import numpy as np
import shapely

from geodata.sample_city import Plan


@dataclass(frozen=True)
class Pattern:
    """How the streets inside a face are laid out.

    Attributes
    ----------
    name : str
        Code of the pattern.
    spacing_m : tuple of (float, float)
        Distance of the streets along and across the face (m).
    jitter : float
        Displacement of crossings as a share of the spacing.
    keep : float
        Share of the block edges that exist.
    major, minor : str
        ``highway`` classes: every ``major_every``-th street is major.
    major_every : int
        See ``major``.
    oneway : float
        Share of streets that are one-way.
    gated : float
        Share of blocks that become a gated compound.
    """

    name: str
    spacing_m: tuple[float, float]
    jitter: float
    keep: float
    major: str
    minor: str
    major_every: int = 3
    oneway: float = 0.0
    gated: float = 0.0


PATTERNS = {
    pattern.name: pattern
    for pattern in (
        Pattern("old_town", (92, 78), 0.2, 0.8, "living_street", "footway", 4, 0.1),
        Pattern("centre", (235, 190), 0.07, 0.93, "tertiary", "residential", 3, 0.25),
        Pattern("quarter", (330, 270), 0.1, 0.9, "tertiary", "residential", 3, 0.1),
        Pattern("superblock", (520, 470), 0.05, 1.0, "tertiary", "tertiary", 2, 0.0, 0.8),
        Pattern("industrial", (560, 400), 0.03, 0.96, "tertiary", "unclassified", 3, 0.0, 0.3),
        Pattern("fringe", (520, 430), 0.12, 0.75, "unclassified", "residential", 2),
    )
}


def pattern_of(face: shapely.Polygon, plan: Plan) -> Pattern:
    """Return the pattern of a face by where it lies in the city.

    Parameters
    ----------
    face : Polygon
        Building land.
    plan : Plan
        The big features.

    Returns
    -------
    Pattern
        One of ``PATTERNS``.
    """
    x, y = (value / plan.radius_m for value in (face.centroid.x, face.centroid.y))
    outside = np.hypot(x + 0.06, y) > 0.66  # noqa: PLR2004 -- the second ring road
    rules = (
        ("industrial", x > 0.5 and y < 0.02),  # noqa: PLR2004 -- beyond the railway
        ("fringe", outside and abs(y) > 0.6),  # noqa: PLR2004
        ("superblock", x < -0.4 or (x > 0.5 and not outside)),  # noqa: PLR2004 -- west bank
        ("fringe", outside),
        ("old_town", -0.3 < x < 0.07 and -0.32 < y < 0.3),  # noqa: PLR2004
        ("centre", np.hypot(x - 0.06, y) < 0.4),  # noqa: PLR2004
    )
    return PATTERNS[next((name for name, holds in rules if holds), "quarter")]

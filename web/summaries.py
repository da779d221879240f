"""What leaves of a coverage answer: figures about people rounded, small gaps without a number.

Over HTTP every figure about homes and workers is rounded by itself, so totals need not add up; an
answer from exact homes (the data's owner on the command line) is left as it is.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from web.geojson import plain

_PEOPLE = frozenset({"homes", "workers", "groups"})
_SHARES = frozenset({"share_covered", "share_covered_if_unknown_open", "share_band"})
_SHARE_DIGITS = 4
_LENGTH_DIGITS = 3


@dataclass(frozen=True)
class Discretion:
    """How much may leave.

    Attributes
    ----------
    rounded_to : int
        Figures about people are multiples of this.
    smallest_count : int
        A gap with fewer workers shows no number.
    """

    rounded_to: int
    smallest_count: int

    def figure(self, value: float) -> int:
        """Return a figure about people, rounded half up.

        Parameters
        ----------
        value : float
            Homes or workers.

        Returns
        -------
        int
            A multiple of ``rounded_to``.

        Examples
        --------
        >>> Discretion(5, 10).figure(12.5)
        15
        """
        return math.floor(value / self.rounded_to + 0.5) * self.rounded_to


def _discreet(value: Any, key: str, discretion: Discretion, *, people: bool) -> Any:
    """Return a part of a summary with the figures about people rounded."""
    if isinstance(value, dict):
        return {
            name: _discreet(inner, name, discretion, people=people or name in _PEOPLE)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_discreet(inner, key, discretion, people=people) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return _figure(value, key, discretion, people=people)


def _figure(value: float, key: str, discretion: Discretion, *, people: bool) -> float:
    """Return one number: a share, a length or area, or a figure about people."""
    if key.startswith(("share", "slow", "fast")):
        return round(value, _SHARE_DIGITS)
    return discretion.figure(value) if people else round(value, _LENGTH_DIGITS)


def discreet_summary(summary: Mapping[str, Any], discretion: Discretion) -> dict[str, Any]:
    """Return a summary as it may leave.

    Parameters
    ----------
    summary : mapping
        From the locator, not rounded.
    discretion : Discretion
        How much may leave.

    Returns
    -------
    dict
        Unrounded with ``rounded_to`` null if ``people`` is ``exact``.
    """
    values = plain(summary)
    if values.get("people") == "exact":
        return {**values, "rounded_to": None}
    values = _coarse(values, discretion)
    for level in (*values.get("groups", {}).values(), *values.get("regions", [])):
        level.update(_coarse(level, discretion))
    rounded: dict[str, Any] = _discreet(values, "", discretion, people=False)
    return {
        **rounded,
        "rounded_to": discretion.rounded_to,
    }


def _coarse(level: Mapping[str, Any], discretion: Discretion) -> dict[str, Any]:
    """Return figures whose shares of homes tell no more than the rounded homes do."""
    homes = level.get("homes")
    if not homes or not discretion.figure(homes["total"]):
        return dict(level)
    total = discretion.figure(homes["total"])

    def coarse(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: coarse(inner) for name, inner in value.items()}
        return value if value is None else discretion.figure(value * homes["total"]) / total

    return {**level, **{key: coarse(level[key]) for key in level if key in _SHARES}}


def discreet_gap(gap: Mapping[str, Any], discretion: Discretion, *, exact: bool) -> dict[str, Any]:
    """Return a gap's properties as they may leave.

    Parameters
    ----------
    gap : mapping
        Plain values.
    discretion : Discretion
        How much may leave.
    exact : bool
        True for the data's owner.

    Returns
    -------
    dict
        ``homes``, ``workers`` and the shares of its ``causes`` null and ``suppressed`` true for a
        gap with too few workers. Other shares tell no more than the rounded workers do.
    """
    workers = gap.get("workers")
    suppressed = not exact and workers is not None and workers < discretion.smallest_count
    shown = dict(gap)
    for name in ("homes", "workers"):
        if suppressed and name in shown:
            shown[name] = None
        elif shown.get(name) is not None and not exact:
            shown[name] = discretion.figure(shown[name])
    if "causes" in shown:
        known = None if exact or workers is None else discretion
        shown["causes"] = None if suppressed else _cause_shares(shown["causes"], workers, known)
    shown["suppressed"] = suppressed
    return shown


def _cause_shares(
    told: str | Mapping[str, float] | None, workers: float | None, discretion: Discretion | None
) -> dict[str, float]:
    """Return the shares of causes, each as coarse as the figures; those of nobody fall out."""
    shares = json.loads(told) if isinstance(told, str) else dict(told or {})
    total = discretion.figure(workers) if discretion is not None and workers else 0
    if discretion is not None and workers and total:
        shares = {
            cause: min(discretion.figure(share * workers) / total, 1.0)
            for cause, share in shares.items()
        }
    return {cause: round(share, _SHARE_DIGITS) for cause, share in shares.items() if share > 0}

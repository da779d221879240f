"""The colours of the heat map: ten steps that people who see few colours can tell apart.

The steps are those of *cividis* (Nuñez, Anderton and Renslow 2018, PLOS ONE 13(7) e0199239), dark
where few are covered. Every cell says its figure, so that no colour has to be read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: From dark to light.
STEPS = (
    "#00224e", "#123570", "#3b496c", "#575d6d", "#707173",
    "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838",
)  # fmt: skip

#: From this step on letters are dark.
FIRST_LIGHT = 5
DARK_INK, LIGHT_INK = "#000000", "#ffffff"

_GRAIN = 20


@dataclass(frozen=True)
class Scale:
    """Where the steps begin and end.

    Attributes
    ----------
    low, high : float
        Shares, multiples of 5 %.
    """

    low: float
    high: float

    @classmethod
    def of(cls, shares: Sequence[float | None]) -> "Scale":
        """Return the scale that holds some shares.

        Parameters
        ----------
        shares : sequence of float or None
            From 0 to 1.

        Returns
        -------
        Scale
            At least 5 % wide.

        Examples
        --------
        >>> Scale.of([0.12, 0.48, None])
        Scale(low=0.1, high=0.5)
        """
        known = [share for share in shares if share is not None] or [0.0]
        low = min(math.floor(min(known) * _GRAIN + 1e-9), _GRAIN - 1)
        high = max(math.ceil(max(known) * _GRAIN - 1e-9), low + 1)
        return cls(low / _GRAIN, high / _GRAIN)

    def step(self, share: float | None) -> int | None:
        """Return the step of a share.

        Parameters
        ----------
        share : float or None
            From ``low`` to ``high``.

        Returns
        -------
        int or None
            Into ``STEPS``; None where there is no share.

        Examples
        --------
        >>> [Scale(0.0, 1.0).step(share) for share in (0.0, 0.55, 1.0, None)]
        [0, 5, 9, None]
        """
        if share is None:
            return None
        part = (share - self.low) / (self.high - self.low)
        return min(max(int(part * len(STEPS) + 1e-9), 0), len(STEPS) - 1)


def ink(step: int) -> str:
    """Return the colour of letters on a step.

    Parameters
    ----------
    step : int
        Into ``STEPS``.

    Returns
    -------
    str
        At least 4.5 : 1 against it.
    """
    return DARK_INK if step >= FIRST_LIGHT else LIGHT_INK

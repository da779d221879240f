"""Time that is left for a computation."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Clock:
    """A stated time limit that has begun to run.

    Attributes
    ----------
    seconds : float
        The limit.
    begin : float
        When it began (monotonic seconds).
    """

    seconds: float
    begin: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        return max(self.begin + self.seconds - time.monotonic(), 0.0)

    @property
    def over(self) -> bool:
        """Whether the limit has passed."""
        return self.left <= 0

    @property
    def late(self) -> bool:
        """Whether a third of the time has passed."""
        return self.left < 2 / 3 * self.seconds

    def part(self, share: float) -> "Clock":
        """Return a clock for a share of what is left.

        Parameters
        ----------
        share : float
            Share of the time left.

        Returns
        -------
        Clock
            A limit within this one.
        """
        return Clock(self.left * share)

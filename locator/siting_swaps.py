"""Best swaps from many beginnings: how maximal coverage leaves the nearest best choice.

Each beginning is what the bound prices highest, stirred a little (a Lagrangian heuristic; Beasley,
1993), or what is left of the best choice when some of it is given up; then swaps follow.
"""

import numpy as np

from locator import _siting_swap_kernels as kernels
from locator.siting_bound import Priced, groups_of
from locator.siting_model import CoverModel, Float64Array, Int64Array
from locator.siting_search import Purse, Search

#: Cells of the table of common people beyond which swaps are left alone.
_MOST_CELLS = 8_000_000

#: Numbers a call may change (a second, about), and the swaps it takes at most.
_CALL, _ROUNDS, _FEWEST = 3e8, 150, 10

#: Share by which prices are stirred, and share of a choice that is given up, in turn.
_STIR = (0.0, 0.01, 0.03, 0.1, 0.3)
_GIVEN_UP = (0.1, 0.2, 0.4)


class Swaps:
    """Swaps over one model; only its random numbers change.

    Parameters
    ----------
    model : CoverModel
        Options and points; each point needs one option.
    purse : Purse
        What may be spent.
    """

    def __init__(self, model: CoverModel, purse: Purse) -> None:
        self.model, self.purse = model, purse
        self.group, _ = groups_of(model)
        self._draw = np.random.default_rng(7)
        self._turn = 0

    def from_prices(self, priced: Priced) -> Int64Array:
        """Return options that the bound prices highest, stirred, as far as the purse goes.

        Parameters
        ----------
        priced : Priced
            Worth of options and the price of money.

        Returns
        -------
        array of int64
            Options, one a bundle at most.
        """
        purse = self.purse
        stir = _STIR[self._turn % len(_STIR)]
        worth = priced.worth * (1.0 + stir * self._draw.random(self.model.options))
        order = np.argsort(priced.rate * purse.price - worth, kind="stable")
        order = order[worth[order] > priced.rate * purse.price[order] * (1.0 - stir)]
        _, first = np.unique(self.group[order], return_index=True)
        order = order[np.sort(first)]
        return order[np.cumsum(purse.price[order]) <= purse.limit].astype(np.int64)

    def from_part(self, best: Int64Array) -> Int64Array:
        """Return a random part of a choice.

        Parameters
        ----------
        best : array of int64
            Options.

        Returns
        -------
        array of int64
            Some of them.
        """
        share = _GIVEN_UP[self._turn % len(_GIVEN_UP)]
        return best[self._draw.random(best.size) >= share]

    def turn(self, search: Search, best: Int64Array, priced: Priced) -> Int64Array:
        """Begin anew, fill up and swap.

        Parameters
        ----------
        search : Search
            State to use; it holds the choice afterwards.
        best : array of int64
            The best choice known.
        priced : Priced
            What the bound says of options.

        Returns
        -------
        array of int64
            The best choice met, ascending.
        """
        self._turn += 1
        start = self.from_part(best) if self._turn % 3 == 0 else self.from_prices(priced)
        search.restart(start)
        search.fill(float(self.purse.money))
        return self.swapped(search, priced.rate if self._turn % 2 else 0.0)

    def swapped(self, search: Search, rate: float = 0.0) -> Int64Array:
        """Swap from where a search stands.

        Parameters
        ----------
        search : Search
            State to begin with; it holds the choice afterwards.
        rate : float, optional
            People a unit of price is worth; for a budget only.

        Returns
        -------
        array of int64
            The best choice met, ascending.
        """
        model, purse = self.model, self.purse
        size = int(search.chosen.sum())
        most = self._most_sites(size)
        rounds = self._rounds(most)
        if not rounds or not most:
            return search.options
        _, kept, _ = kernels.swaps(
            rounds, max(rounds // 3, _FEWEST), int(self._draw.integers(2**31)), search.room,
            rate if purse.money else 0.0, purse.price, model.bundles, search.taken,
            search.chosen, search.allowed, model.indptr, model.point, *model.by_point,
            model.weight, max(most, size),
        )  # fmt: skip
        search.restart(np.flatnonzero(kept))
        return search.options

    def worth_it(self, size: int) -> bool:
        """Tell whether a model is small enough for swaps over all pairs.

        Parameters
        ----------
        size : int
            Number of options chosen.

        Returns
        -------
        bool
            Whether :meth:`swapped` does anything.
        """
        return self._rounds(self._most_sites(size)) > 0

    def _most_sites(self, size: int) -> int:
        """Return how many options may come to be chosen."""
        if self.purse.money:
            return min(2 * size + 8, self.model.options)
        return min(self.purse.limit, self.model.options)

    def _rounds(self, sites: int) -> int:
        """Return how many swaps to take in one call; 0: the table would be too large."""
        model = self.model
        if sites * model.options > _MOST_CELLS or not model.point.size:
            return 0
        reach: Float64Array = np.diff(model.by_point[0]).astype(np.float64)
        change = 2.0 * float((reach**2).sum()) / model.options  # of all gains, by one swap
        return int(min(max(_CALL / (change + sites * model.options), _FEWEST), _ROUNDS))

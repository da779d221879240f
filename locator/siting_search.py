"""A choice of options under change: greedy filling and the search of its neighbourhood."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from locator import _siting_kernels as kernels
from locator.siting_clock import Clock
from locator.siting_model import BoolArray, CoverModel, Float64Array, Int64Array

#: Rounds of improvement between two looks at the clock.
ROUNDS = 50


@dataclass(frozen=True)
class Purse:
    """What may be spent: money, or a number of sites at a price of one each.

    Attributes
    ----------
    price : array of int64, shape (options,)
        Price of each option: fen, or 1 where sites are counted.
    limit : int
        The most that may be spent.
    money : bool
        Whether prices are money, so that gain per price counts.
    """

    price: Int64Array
    limit: int
    money: bool

    @classmethod
    def of(cls, model: CoverModel, budget: int | None, sites: int | None) -> "Purse":
        """Return the purse of a budget in fen or of a number of sites.

        Parameters
        ----------
        model : CoverModel
            Prices.
        budget : int or None
            Fen.
        sites : int or None
            Number of sites.

        Returns
        -------
        Purse
            What may be spent.

        Raises
        ------
        ValueError
            If not exactly one of the two is given, or it is negative.
        """
        limit = budget if sites is None else sites
        if (budget is None) == (sites is None) or limit is None or limit < 0:
            raise ValueError("give either a budget in fen or a number of sites, not negative")
        if budget is None:
            return cls(np.ones(model.options, np.int64), int(limit), money=False)
        return cls(model.cost, int(limit), bool(np.ptp(model.cost) > 0) if model.options else True)


class Search:
    """A state of counts and gains over a model; the only object here that changes.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    purse : Purse
        What may be spent.
    need : array_like of int, shape (points,), optional
        How many chosen options serve a point; 1 if left out.
    credit : array_like of float, optional
        Share of its weight that each step towards its need earns, the last step first, after a
        leading 0. ``[0, 1]`` if left out.
    """

    def __init__(
        self,
        model: CoverModel,
        purse: Purse,
        *,
        need: npt.ArrayLike | None = None,
        credit: npt.ArrayLike = (0.0, 1.0),
    ) -> None:
        self.model = model
        self.purse = purse
        self.allowed = np.ones(model.options, bool)
        self._need = (
            np.ones(model.points, np.int32) if need is None else np.asarray(need, np.int32).copy()
        )
        self._credit = np.asarray(credit, np.float64)
        self._csr = (model.indptr, model.point, *model.by_point, model.weight)
        self._seed = 0
        self.restart()

    def restart(self, chosen: npt.ArrayLike = ()) -> None:
        """Begin with these options, and with gains free of rounding.

        Parameters
        ----------
        chosen : array_like of int, optional
            Options; none if left out.
        """
        model = self.model
        options = np.asarray(chosen, np.int64)
        self.chosen = np.zeros(model.options, bool)
        self.chosen[options] = True
        self._taken = np.zeros(int(model.bundles.max(initial=-1)) + 1, bool)
        self._taken[model.bundles[options][model.bundles[options] >= 0]] = True
        self._count = model.counts(options).astype(np.int32)
        self.room = self.purse.limit - int(self.purse.price[options].sum())
        self.gain = kernels.first_gains(
            model.indptr, model.point, model.weight, self._need, self._credit, self._count
        )

    def _state(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Return what the kernels share, in their order."""
        return (
            self.purse.price,
            self.model.bundles,
            self._taken,
            self.chosen,
            self.allowed,
            *self._csr,
            self._need,
            self._credit,
            self._count,
            self.gain,
        )

    def fill(self, power: float = 0.0) -> tuple[Int64Array, Float64Array]:
        """Choose greedily, by gain per price to a power, while something gains and is affordable.

        Parameters
        ----------
        power : float, optional
            0: by gain; 1: by gain per price.

        Returns
        -------
        order : array of int64
            Options, as chosen.
        gains : array of float64
            What each added.
        """
        order, gains, room = kernels.fill(self.room, power, 0.0, *self._state())
        self.room = int(room)
        return order, gains

    def improve(self, rounds: int = ROUNDS, *, most_out: int = 4, noise: float = 0.3) -> float:
        """Search the neighbourhood: give up some options, fill up, keep what is not worse.

        Parameters
        ----------
        rounds : int, optional
            Tries.
        most_out : int, optional
            The most options given up in one try.
        noise : float, optional
            How much scores are stirred in most tries.

        Returns
        -------
        float
            What was gained in credit.
        """
        self._seed += 1
        room, gained = kernels.improve(
            rounds,
            most_out,
            noise,
            self._seed,
            self.room,
            self.purse.money,
            *self._state(),
        )
        self.room = int(room)
        return float(gained)

    def rounds_within(self, seconds: float, *, least: int = ROUNDS, most: int = 20 * ROUNDS) -> int:
        """Search the neighbourhood for some time and return the rounds taken.

        Parameters
        ----------
        seconds : float
            Time to take.
        least, most : int, optional
            Rounds to take at least and at most.

        Returns
        -------
        int
            Rounds.
        """
        if not self.model.options:
            return most  # there is no neighbour to draw
        clock = Clock(seconds)
        rounds = 0
        while rounds < least or (rounds < most and not clock.over):
            self.improve()
            rounds += ROUNDS
        return rounds

    @property
    def taken(self) -> BoolArray:
        """Which bundles have an option chosen now."""
        return self._taken

    @property
    def options(self) -> Int64Array:
        """Options chosen now, ascending."""
        return np.flatnonzero(self.chosen).astype(np.int64)

    @property
    def served(self) -> BoolArray:
        """Which points are served now, shape (points,)."""
        return np.asarray(self._count >= self._need)


class TargetSearch(Search):
    """A choice that covers a target, made cheaper.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    purse : Purse
        Prices; its limit is not asked.
    target : float
        People to cover.
    """

    def __init__(self, model: CoverModel, purse: Purse, target: float) -> None:
        self.target = target
        super().__init__(model, purse)

    def restart(self, chosen: npt.ArrayLike = ()) -> None:
        """Begin with these options.

        Parameters
        ----------
        chosen : array_like of int, optional
            Options; none if left out.
        """
        super().restart(chosen)
        self.want = self.target - float(self.model.weight[self.served].sum())

    def _open_state(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Return what the kernels share, without the options allowed."""
        state = self._state()
        return (*state[:4], *state[5:])

    def meet(self, power: float = 1.0) -> bool:
        """Choose greedily by gain per price until the target is met, then drop what is not needed.

        Parameters
        ----------
        power : float, optional
            0: by gain; 1: by gain per price.

        Returns
        -------
        bool
            Whether the target is met.
        """
        _, self.want = kernels.fill_target(self.want, power, 0.0, *self._open_state())
        if self.want <= 0:
            _, self.want = kernels.prune_target(self.want, *self._open_state())
        return bool(self.want <= 0)

    def improve(self, rounds: int = ROUNDS, *, most_out: int = 4, noise: float = 0.3) -> float:
        """Give up some options, meet the target again, keep what is not dearer.

        Parameters
        ----------
        rounds : int, optional
            Tries.
        most_out : int, optional
            The most options given up in one try.
        noise : float, optional
            How much scores are stirred in half of the tries.

        Returns
        -------
        float
            What is saved.
        """
        self._seed += 1
        before = int(self.purse.price[self.chosen].sum())
        self.want = kernels.improve_target(
            rounds, most_out, noise, self._seed, self.want, *self._open_state()
        )
        return float(before - int(self.purse.price[self.chosen].sum()))


def building_order(
    model: CoverModel, chosen: npt.ArrayLike, purse: Purse
) -> tuple[Int64Array, Float64Array]:
    """Return chosen options in the order in which to build them, and what each adds to coverage.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    chosen : array_like of int
        Options.
    purse : Purse
        Whether gain or gain per yuan decides.

    Returns
    -------
    order : array of int64
        The same options: each is the one that gains most after those before it; those that gain
        nothing come last.
    gains : array of float64
        What each adds.

    Examples
    --------
    >>> model = CoverModel.of_lists([[0], [1, 2]], [1, 1, 1])
    >>> order, gains = building_order(model, [0, 1], Purse.of(model, None, 2))
    >>> order.tolist(), gains.tolist()
    ([1, 0], [2.0, 1.0])
    """
    options = np.asarray(chosen, np.int64)
    search = Search(model, purse)
    search.allowed[:] = False
    search.allowed[options] = True
    search.room = int(purse.price[options].sum())
    order, gains = search.fill(1.0 if purse.money else 0.0)
    rest = np.setdiff1d(options, order)
    return np.concatenate([order, rest]), np.concatenate([gains, np.zeros(rest.size)])

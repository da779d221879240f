"""Where to build, extend or equip: the siting solvers by one name.

All take plain arrays and a time limit, and return a :class:`Solution` with a bound that holds.
"""

from locator.siting_backup import backup_cover
from locator.siting_capacity import Allocation, allocate, capacitated_cover
from locator.siting_center import p_center
from locator.siting_cover import maximal_cover
from locator.siting_fair import Floors, fair_cover
from locator.siting_median import p_median
from locator.siting_model import CoverModel, InfeasibleError, Solution
from locator.siting_set import set_cover

__all__ = [
    "Allocation",
    "CoverModel",
    "Floors",
    "InfeasibleError",
    "Solution",
    "allocate",
    "backup_cover",
    "capacitated_cover",
    "fair_cover",
    "maximal_cover",
    "p_center",
    "p_median",
    "set_cover",
]

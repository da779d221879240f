"""What a plan can do, and what it costs where nobody says: rows of ``plan_actions.csv``."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from geodata.package_data import data_rows


@dataclass(frozen=True)
class PlanAction:
    """One thing that a plan can do.

    Attributes
    ----------
    code : str
        ``build``, ``convert``, ``extend`` or ``equip``.
    zh, en : str
        Names for people.
    cost_yuan : str
        Price where a candidate states none, as a decimal number; of one facility for ``equip``.
    opening_hours : str
        OSM ``opening_hours`` where a candidate states none; ``""``: they stay as they are.
    facilities : tuple of str
        Codes where a candidate states none.
    source : str
        Where the price comes from.
    """

    code: str
    zh: str
    en: str
    cost_yuan: str
    opening_hours: str
    facilities: tuple[str, ...]
    source: str


def load_actions() -> Mapping[str, PlanAction]:
    """Return what a plan can do, by code.

    Returns
    -------
    mapping of str to PlanAction
        In the order of the file.

    Examples
    --------
    >>> list(load_actions())
    ['build', 'convert', 'extend', 'equip']
    """
    return MappingProxyType(
        {
            row["action"]: PlanAction(
                code=row["action"],
                zh=row["zh"],
                en=row["en"],
                cost_yuan=row["cost_yuan"],
                opening_hours=row["opening_hours"],
                facilities=tuple(filter(None, row["facilities"].split(";"))),
                source=row["source"],
            )
            for row in data_rows("plan_actions")
        }
    )

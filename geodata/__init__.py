"""Facts about streets, stations, homes and regions: read, checked, kept as arrays and frames.

The public names are loaded on first use, so that ``import geodata`` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geodata.bundle import open_dataset
    from geodata.errors import (
        DatasetError,
        DatumError,
        Fault,
        FileFormatError,
        HolidayDataMissingError,
        InputError,
        LimitError,
        LocatorError,
        ValidationError,
    )
    from geodata.tables import load_homes, load_regions, load_stations, load_vocabulary

_HOMES = {
    "load_stations": "geodata.tables",
    "load_homes": "geodata.tables",
    "load_regions": "geodata.tables",
    "load_vocabulary": "geodata.tables",
    "open_dataset": "geodata.bundle",
    "DatasetError": "geodata.errors",
    "DatumError": "geodata.errors",
    "Fault": "geodata.errors",
    "FileFormatError": "geodata.errors",
    "HolidayDataMissingError": "geodata.errors",
    "InputError": "geodata.errors",
    "LimitError": "geodata.errors",
    "LocatorError": "geodata.errors",
    "ValidationError": "geodata.errors",
}

__all__ = [
    "DatasetError",
    "DatumError",
    "Fault",
    "FileFormatError",
    "HolidayDataMissingError",
    "InputError",
    "LimitError",
    "LocatorError",
    "ValidationError",
    "load_homes",
    "load_regions",
    "load_stations",
    "load_vocabulary",
    "open_dataset",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)

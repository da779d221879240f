"""The one tree of errors. A message is a sentence: what was expected, what came, how to mend it.

::

    LocatorError                 anything the software refuses, with a stable machine code
    ├── InputError               a file, row or value that a person can mend
    │   ├── FileFormatError      the file as a whole cannot be read
    │   ├── DatumError           the coordinate reference is missing or wrong
    │   └── ValidationError      one or more values are wrong; carries every fault
    ├── DatasetError             a dataset folder is absent, damaged or of another format version
    ├── RecordsError             what people report cannot be written down or read
    │   └── RecordsFullError     there is no room left for it
    ├── LimitError               a stated limit was passed; names the limit
    └── HolidayDataMissingError  a public holiday was asked for a year without holiday data
"""

from collections.abc import Sequence
from dataclasses import dataclass

#: Numbers of the errors of a system without room.
NO_ROOM = frozenset({28, 122, 27})  # ENOSPC, EDQUOT, EFBIG


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where it is, what it is and how to mend it.

    Attributes
    ----------
    where : str
        File, row, column or parameter.
    what : str
        What was expected and what came.
    fix : str
        How to mend it; empty when there is nothing to add.
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        """Return the fault as one line of text."""
        tail = f" ({self.fix})" if self.fix else ""
        return f"{self.where}: {self.what}{tail}"


class LocatorError(Exception):
    """Anything the software refuses.

    Parameters
    ----------
    message : str
        A sentence for people.
    code : str, optional
        A stable code for machines; the class has a default.
    faults : sequence of Fault, optional
        All faults found, not only the first.
    """

    code = "error"

    def __init__(self, message: str, *, code: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.faults = tuple(faults)


class InputError(LocatorError):
    """A file, row or value that a person can mend."""

    code = "bad_input"


class FileFormatError(InputError):
    """The file as a whole cannot be read."""

    code = "bad_file"


class DatumError(InputError):
    """The coordinate reference is missing or wrong."""

    code = "bad_datum"


class ValidationError(InputError):
    """One or more values are wrong; ``faults`` holds every one."""

    code = "invalid_value"

    @classmethod
    def of(cls, faults: Sequence[Fault], *, code: str = "") -> "ValidationError":
        """Return one error that states all faults.

        Parameters
        ----------
        faults : sequence of Fault
            At least one.
        code : str, optional
            A machine code other than the class's own.

        Returns
        -------
        ValidationError
            To be raised.
        """
        return cls("; ".join(str(fault) for fault in faults), code=code, faults=faults)


class DatasetError(LocatorError):
    """A dataset folder is absent, damaged or of another format version."""

    code = "bad_dataset"


class RecordsError(LocatorError):
    """What people report cannot be written down or read."""

    code = "records_failed"


class RecordsFullError(RecordsError):
    """There is no room left for what people report."""

    code = "records_full"


class LimitError(LocatorError):
    """A stated limit was passed; the message names the limit."""

    code = "over_limit"


class HolidayDataMissingError(LocatorError):
    """A public holiday was asked for a year without holiday data."""

    code = "holiday_data_missing"

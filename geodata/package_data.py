"""The data files that come with the package (``geodata/data``)."""

import csv
from importlib import resources


def data_text(name: str) -> str:
    """Return the text of a data file.

    Parameters
    ----------
    name : str
        File name in ``geodata/data``.

    Returns
    -------
    str
        Its text.
    """
    return (resources.files("geodata") / "data" / name).read_text("utf-8-sig")


def data_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a data table.

    Parameters
    ----------
    name : str
        Name of a CSV file in ``geodata/data``, without its ending.

    Returns
    -------
    list of dict of str to str
        By column.

    Examples
    --------
    >>> data_rows("modes")[0]["code"]
    'walk'
    """
    return list(csv.DictReader(data_text(f"{name}.csv").splitlines()))

"""The demo city on first run: drawn as input files, prepared as anybody's own data."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from geodata.sample import write_demo
from web.prepare import PrepareRequest, prepare

#: Names of the datasets, as maps show them.
NAMES = {"small": "云江市（虚构）", "city": "云江市（虚构）", "province": "江西（合成数据）"}


def prepare_demo(size: str, folder: Path, progress: Callable[[str, int, int], object]) -> None:
    """Draw the demo city and build its dataset.

    Parameters
    ----------
    size : str
        ``small``, ``city`` or ``province``.
    folder : path
        The dataset folder; made where it does not exist.
    progress : callable
        Called with the stage's name, how many stages are done, and of how many.

    Raises
    ------
    DatasetError
        If the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="locator-demo-") as place:
        files = write_demo(place, size)
        prepare(
            PrepareRequest(
                streets=[files["streets"]],
                stations=files["stations"],
                homes=files["homes"],
                regions=files["regions"],
                out=folder,
                stations_datum="gcj02",
                name=NAMES[size],
            ),
            progress=progress,
        )

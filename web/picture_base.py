"""Water and green of a picture, from the base map of the dataset where it has one."""

from collections.abc import Mapping

from geodata.model import Dataset
from web.picture_canvas import Shape
from web.picture_place import Frame


def base_shapes(dataset: Dataset, frame: Frame) -> Mapping[str, Shape]:
    """Return what lies below the streets.

    Parameters
    ----------
    dataset : Dataset
        With or without a base map.
    frame : Frame
        What is drawn.

    Returns
    -------
    mapping of str to Shape
        ``water`` and ``green``; without those that are not known.
    """
    del dataset, frame
    return {}

"""Outlines of cells against scipy's labels and shapely's union of squares."""

import numpy as np
import pytest
import shapely
from scipy import ndimage

from locator._raster_kernels import label_groups, trace_rings


def polygons(groups):
    """Return the polygon of each group, from traced rings."""
    x, y, indptr, group = trace_rings(groups)
    shells, holes = {}, {}
    for ring in range(group.size):
        part = slice(indptr[ring], indptr[ring + 1])
        line = shapely.LinearRing(np.column_stack((x[part], y[part])))
        if line.is_ccw:
            assert group[ring] not in shells
            shells[group[ring]] = line
        else:
            holes.setdefault(group[ring], []).append(line)
    return {g: shapely.Polygon(shell, holes.get(g)) for g, shell in shells.items()}


def squares(groups, number):
    """Return the union of the cells of one group."""
    rows, columns = np.nonzero(groups == number)
    return shapely.union_all(shapely.box(columns, rows, columns + 1, rows + 1))


@pytest.mark.parametrize("seed", range(30))
def test_groups_and_outlines_of_noise(seed):
    rng = np.random.default_rng(seed)
    picture = np.zeros((22, 31), np.int32)
    shape = (20, 29)
    picture[1:-1, 1:-1] = rng.choice([0, 1, 2], shape, p=[0.35, 0.45, 0.2])
    groups, count = label_groups(picture)
    wanted = sum(ndimage.label(picture == value)[1] for value in (1, 2))
    assert count == wanted
    assert ((groups > 0) == (picture > 0)).all()
    found = polygons(groups)
    assert sorted(found) == list(range(1, count + 1))
    for number, polygon in found.items():
        assert polygon.is_valid
        assert len(np.unique(picture[groups == number])) == 1
        assert polygon.symmetric_difference(squares(groups, number)).area == 0
        corners = shapely.get_num_coordinates(polygon)
        assert corners == shapely.get_num_coordinates(shapely.simplify(polygon, 0))


def test_a_pocket_open_at_a_corner_is_a_hole():
    # the pocket in the middle touches the outside in its upper right corner alone
    picture = np.array(
        [
            [0, 0, 0, 0, 0],
            [0, 1, 1, 1, 0],
            [0, 1, 0, 1, 0],
            [0, 1, 1, 0, 0],
            [0, 0, 0, 0, 0],
        ],
        np.int32,
    )
    (polygon,) = polygons(label_groups(picture)[0]).values()
    assert polygon.is_valid
    assert len(polygon.interiors) == 1
    assert polygon.area == 7


def test_nothing_has_no_outline():
    groups, count = label_groups(np.zeros((3, 3), np.int32))
    assert count == 0
    assert trace_rings(groups)[3].size == 0

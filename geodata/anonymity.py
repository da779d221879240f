"""People as a public page may know them: cells of which none holds fewer than ten homes.

The rule is k-anonymity by merging (``CHINA.md``): a cell with too few homes is merged with a
neighbour, never blanked, so that no difference of totals gives it away.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geodata.demand import PUBLISHED_M
from geodata.model import BoolArray, FloatArray, Int64Array

#: The fewest homes that a published cell may hold.
PUBLISHED_LEAST = 10

#: Group of the homes whose own group is too small to be published.
OTHER = "other"

#: Columns of the published people.
PEOPLE_COLUMNS = ("layer", "group", "column", "row", "cell", "homes", "workers")

# Small cells that touch, also by a corner, are merged before anything else (lattice units).
_TOUCHING = 1.5


def publish(
    x: FloatArray,
    y: FloatArray,
    workers: FloatArray,
    group: npt.NDArray[np.object_],
    *,
    size_m: float = PUBLISHED_M,
    least: int = PUBLISHED_LEAST,
) -> pd.DataFrame:
    """Turn homes into cells of which none holds fewer than ``least`` homes.

    Every group is a layer with a merging of its own. Groups with fewer than ``least`` homes are
    pooled as ``other``, with the smallest remaining group if need be. Within a layer a lattice cell
    with enough homes stands for itself. A smaller one is merged with the nearest small one, or with
    the nearest published cell if that is nearer and does not touch a small one, until nothing is
    small. A cell that stands for itself keeps its outline: what joins it is counted in it without
    widening it, so that the many are not smeared over the place of the few.

    Parameters
    ----------
    x, y : array (h,) of float64
        Homes (m). Homes that are not finite are an error of the caller.
    workers : array (h,) of float64
        People of each home, at least 0.
    group : array (h,) of object
        Code of the worker group, ``""`` where there is none.
    size_m : float
        Edge of the lattice (m).
    least : int
        Fewest homes of a published cell.

    Returns
    -------
    DataFrame
        ``layer`` (int32), ``group`` (str), ``column``, ``row`` (int32, lattice), ``cell`` (int32,
        unique in the frame), ``homes`` (int64), ``workers`` (float64). One row for each lattice
        cell in the outline of a published cell; the numbers of the published cell stand on its
        first row and are 0 on the others, so that sums over rows are right. Empty if there are
        fewer than ``least`` homes in all.
    """
    names, layer = _layers(group, least)
    columns, rows = (np.floor(axis / size_m).astype(np.int64) for axis in (x, y))
    found = []
    first_cell = 0
    for number, name in enumerate(names):
        mine = layer == number
        frame = _published_layer(columns[mine], rows[mine], workers[mine], least)
        frame.insert(0, "layer", np.int32(number))
        frame.insert(1, "group", name)
        frame["cell"] = (frame["cell"].to_numpy() + first_cell).astype(np.int32)
        first_cell += frame["cell"].nunique()
        found.append(frame)
    return pd.concat(found, ignore_index=True) if found else empty_people()


def empty_people() -> pd.DataFrame:
    """Return published people without a row.

    Returns
    -------
    DataFrame
        The columns and types of :func:`publish`.
    """
    types = ("int32", "str", "int32", "int32", "int32", "int64", "float64")
    return pd.DataFrame(
        {name: pd.Series([], dtype=t) for name, t in zip(PEOPLE_COLUMNS, types, strict=True)}
    )


def _layers(group: npt.NDArray[np.object_], least: int) -> tuple[list[str], Int64Array]:
    """Return the names of the layers and the layer of every home; none if homes are too few."""
    codes, home_code, count = np.unique(group.astype(str), return_inverse=True, return_counts=True)
    if count.sum() < least:
        return [], np.full(len(group), -1)
    pooled = count < least
    if pooled.any():
        pooled |= codes == OTHER
    while 0 < count[pooled].sum() < least:
        pooled[np.argmin(np.where(pooled, count.max() + 1, count))] = True
    label = np.where(pooled, OTHER, codes)
    names, layer = np.unique(label, return_inverse=True)
    return [str(name) for name in names], layer[home_code]


def _published_layer(
    column: Int64Array, row: Int64Array, workers: FloatArray, least: int
) -> pd.DataFrame:
    """Publish one layer, which has at least ``least`` homes."""
    order = np.lexsort((workers, row, column))  # sums do not depend on the order of the homes
    cells, inverse, homes = np.unique(
        np.column_stack((column, row))[order], axis=0, return_inverse=True, return_counts=True
    )
    cluster, outlined = _merge(cells, homes, least)
    frame = pd.DataFrame(
        {
            "column": cells[:, 0].astype(np.int32),
            "row": cells[:, 1].astype(np.int32),
            "cell": cluster,
            "homes": np.bincount(cluster, homes)[cluster].astype(np.int64),
            "workers": np.bincount(cluster[inverse.ravel()], workers[order])[cluster],
        }
    )[outlined]
    again = frame["cell"].duplicated().to_numpy()
    frame.loc[again, ["homes", "workers"]] = 0
    frame["cell"] = pd.factorize(frame["cell"])[0].astype(np.int32)
    return frame.sort_values(["cell", "column", "row"], kind="stable").reset_index(drop=True)


def _merge(cells: Int64Array, homes: Int64Array, least: int) -> tuple[Int64Array, BoolArray]:
    """Merge small lattice cells; return each cell's cluster and whether it is in the outline."""
    cluster = np.arange(len(cells))
    outlined = np.ones(len(cells), np.bool_)
    standing = homes >= least
    while True:
        total = np.bincount(cluster, homes, minlength=len(cells))
        small = np.flatnonzero(total[cluster] < least)
        if not len(small):
            return cluster, outlined
        sound = np.flatnonzero((total[cluster] >= least) & outlined)
        mate, mate_at = _nearest_mate(cells, cluster, small, least)
        host, host_at = _nearest_host(cells, small, sound)
        # one choice for each small cluster: that of its cell with the shortest way
        joins = mate_at <= np.maximum(host_at, _TOUCHING)
        way = np.where(joins, mate_at, host_at)
        best = small[np.lexsort((small, way, ~joins, cluster[small]))]
        best = best[np.unique(cluster[best], return_index=True)[1]]
        at = np.searchsorted(small, best)
        cluster, alone = _join(cluster, best[joins[at]], mate[at[joins[at]]])
        # whom nobody joined and who has no small neighbour is counted with a published cell
        leaving = ~joins[at] & alone[best]
        goer, target = cluster[best[leaving]], host[at[leaving]]
        widens = np.ones(len(cells), np.bool_)
        widens[goer] = ~standing[target]
        outlined &= widens[cluster]
        whither = np.arange(len(cells))
        whither[goer] = cluster[target]
        cluster = whither[cluster]


def _nearest_mate(
    cells: Int64Array, cluster: Int64Array, small: Int64Array, least: int
) -> tuple[Int64Array, FloatArray]:
    """Return for each small cell the nearest cell of another small cluster and the distance."""
    # a small cluster has fewer than `least` cells, so one of `least` neighbours is a stranger
    count = min(least, len(small))
    distance, near = cKDTree(cells[small]).query(cells[small], k=list(range(1, count + 1)))
    stranger = cluster[small][near] != cluster[small][:, None]
    distance = np.where(stranger, distance, np.inf)
    pick = distance.argmin(axis=1)[:, None]
    return (
        small[np.take_along_axis(near, pick, axis=1)[:, 0]],
        np.take_along_axis(distance, pick, axis=1)[:, 0],
    )


def _nearest_host(
    cells: Int64Array, small: Int64Array, sound: Int64Array
) -> tuple[Int64Array, FloatArray]:
    """Return for each small cell the nearest cell that is published already, and the distance."""
    if not len(sound):
        return np.full(len(small), -1), np.full(len(small), np.inf)
    distance, near = cKDTree(cells[sound]).query(cells[small])
    return sound[near], np.asarray(distance)


def _join(cluster: Int64Array, cell: Int64Array, mate: Int64Array) -> tuple[Int64Array, BoolArray]:
    """Unite the clusters of cells and their mates; tell which cells were left alone."""
    size = len(cluster)
    link = coo_array((np.ones(len(cell)), (cluster[cell], cluster[mate])), shape=(size, size))
    _, component = connected_components(link, directed=False)
    joined = np.zeros(size, np.bool_)
    joined[component[cluster[cell]]] = True
    return component[cluster].astype(np.int64), ~joined[component[cluster]]

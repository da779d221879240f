"""The way of an answer, as a line along the streets."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from geodata.model import CLOSED_MS, FloatArray, Int32Array, Network
from locator.snap import Exits
from locator.travel_time import TravelTimes


class _Step(NamedTuple):
    """An edge walked along or against its direction."""

    edge: int
    forward: bool


def route(travel: TravelTimes, places: Exits, place: int, station: int) -> FloatArray:
    """Return the fastest way from a place to a station.

    Parameters
    ----------
    travel : TravelTimes
        Times of the mode.
    places : Exits
        Places on its network.
    place : int
        Row of the place.
    station : int
        Row of the station.

    Returns
    -------
    array (m, 2) of float64
        ``lon, lat`` from the place's street point to the station's (access legs are not drawn);
        empty where there is no way.
    """
    network, entries = travel.network, travel.entries
    if places.edge[place] < 0 or entries.edge[station] < 0:
        return np.empty((0, 2))
    here = (int(places.segment[place]), float(places.fraction[place]))
    there = (int(entries.segment[station]), float(entries.fraction[station]))
    direct_ms = travel.along_edge(places, place, station)
    times = travel.to_station(station)
    sides = [
        (int(places.u_ms[place]) + int(times[places.u[place]]), 0),
        (int(places.v_ms[place]) + int(times[places.v[place]]), 1),
    ]
    through_ms, side = min(sides)
    if min(direct_ms, through_ms) >= CLOSED_MS:
        return np.empty((0, 2))
    if direct_ms <= through_ms:
        return _between(network, here, there)
    nodes, last_forward = _descend(travel, places, place, side, station, times)
    parts = [_to_end(network, here, towards_v=side == 1)]
    parts += [_edge_line(network, _edge(network, a, b, times)) for a, b in pairwise(nodes)]
    parts.append(_to_end(network, there, towards_v=not last_forward)[::-1])
    line = np.concatenate(parts)
    keep = np.ones(len(line), np.bool_)
    keep[1:] = (line[1:] != line[:-1]).any(axis=1)
    return line[keep]


def _descend(
    travel: TravelTimes, places: Exits, place: int, side: int, station: int, times: Int32Array
) -> tuple[list[int], bool]:
    """Return the junctions from a place's edge end to the station's edge, and how it is entered."""
    network, entries = travel.network, travel.entries
    node = int(places.v[place] if side else places.u[place])
    nodes = [node]
    while True:
        if entries.u[station] == node and entries.u_ms[station] == times[node]:
            return nodes, True
        if entries.v[station] == node and entries.v_ms[station] == times[node]:
            return nodes, False
        arcs = slice(network.out_indptr[node], network.out_indptr[node + 1])
        onward = network.out_ms[arcs].astype(np.int64) + times[network.out_node[arcs]]
        node = int(network.out_node[arcs][np.flatnonzero(onward == times[node])[0]])
        nodes.append(node)


def _edge(network: Network, a: int, b: int, times: Int32Array) -> _Step:
    """Return the edge that leads from one junction to the next in the time between them."""
    wanted = int(times[a]) - int(times[b])
    edges = np.flatnonzero(
        ((network.edge_u == a) & (network.edge_v == b))
        | ((network.edge_u == b) & (network.edge_v == a))
    )
    for edge in edges:
        last = network.edge_indptr[edge + 1] - 1
        ahead = int(network.forward_before_ms[last]) + int(network.segment_forward_ms[last])
        back = int(network.backward_before_ms[last]) + int(network.segment_backward_ms[last])
        if network.edge_u[edge] == a and ahead == wanted:
            return _Step(int(edge), forward=True)
        if network.edge_v[edge] == a and back == wanted:
            return _Step(int(edge), forward=False)
    raise AssertionError(f"no edge leads from junction {a} to {b} in {wanted} ms")


def _edge_line(network: Network, step: _Step) -> FloatArray:
    """Return the line of a whole edge in the direction it is walked."""
    rows = slice(network.edge_indptr[step.edge], network.edge_indptr[step.edge + 1])
    lines = network.segment_line[rows]
    line = np.concatenate((lines[:1, :2], lines[:, 2:]))
    return line if step.forward else line[::-1]


def _point(network: Network, at: tuple[int, float]) -> FloatArray:
    """Return the place at a fraction of a segment."""
    segment, fraction = at
    line = network.segment_line[segment]
    return np.asarray(line[:2] + fraction * (line[2:] - line[:2]))


def _to_end(network: Network, at: tuple[int, float], *, towards_v: bool) -> FloatArray:
    """Return the line from a place on an edge to one of the edge's ends."""
    edge = network.segment_edge[at[0]]
    if towards_v:
        rest = network.segment_line[at[0] : network.edge_indptr[edge + 1], 2:]
    else:
        rest = network.segment_line[network.edge_indptr[edge] : at[0] + 1, :2][::-1]
    return np.concatenate((_point(network, at)[None], rest))


def _between(network: Network, here: tuple[int, float], there: tuple[int, float]) -> FloatArray:
    """Return the line between two places on one edge."""
    if there < here:
        return _between(network, there, here)[::-1]
    inner = network.segment_line[here[0] : there[0], 2:]
    return np.concatenate((_point(network, here)[None], inner, _point(network, there)[None]))

"""Every compiled kernel against a plain twin: heaps, brute force, shapely."""

import heapq
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import shapely

from geodata.model import CLOSED_MS, NO_DATA, OFF_NETWORK, ON_NETWORK, Positions
from locator import _kernels, _place_kernels, _snap_kernels, travel_time
from locator._kernels import NO_KEY, STATION_BITS, STATION_MASK
from locator.network import build
from locator.selection import Selection, _selection
from locator.snap import Snapper, _grid, west_first
from locator.travel_time import TravelTimes
from tests.plain_search import PlainTown, on_segments
from tests.random_towns import random_arcs
from tests.towns import LAT, LON, Way, lonlat, town

SEEDS = range(12)
SMALL = bool(os.environ.get("NUMBA_DISABLE_JIT"))
LONG = 10**6


# --------------------------------------------------------------------------- labels of nodes


def heap_search(indptr, arc, mm, seeds):
    """Dijkstra from seeds ``(node, ms, mm)`` by (time, length): two dicts by node."""
    best: dict[int, tuple[int, int]] = {}
    heap = [(int(ms), int(length), int(node)) for node, ms, length in seeds]
    heapq.heapify(heap)
    while heap:
        ms, length, x = heapq.heappop(heap)
        if x in best:
            continue
        best[x] = (ms, length)
        for a in range(indptr[x], indptr[x + 1]):
            there = int(arc[a] & 0xFFFFFFFF)
            heapq.heappush(heap, (ms + int(arc[a] >> 32), length + int(mm[a]), there))
    return best


def random_seeds(rng, nodes: int, stations: int):
    """Up to two seeds a station; several stations may share a node."""
    station = np.sort(rng.integers(0, stations, 2 * stations)).astype(np.int32)
    node = rng.integers(0, nodes, station.size).astype(np.int32)
    return node, station, rng.integers(0, 30, station.size).astype(np.int32)


def all_labels(indptr, arc, seeds, limit):
    """Label every node with every station within the limit, sorted by (time, station)."""
    node, station, ms = seeds
    labels: list[list[tuple[int, int]]] = [[] for _ in range(indptr.size - 1)]
    zero = np.zeros(arc.size, np.int64)
    for s in np.unique(station):
        mine = station == s
        found = heap_search(
            indptr, arc, zero, [(n, t, 0) for n, t in zip(node[mine], ms[mine], strict=True)]
        )
        for x, (time, _) in found.items():
            if time <= limit:
                labels[x].append((time, int(s)))
    return [sorted(row) for row in labels]


def keys_of(station, ms):
    """Return labels as the kernels write them."""
    return (ms.astype(np.int64) << STATION_BITS) | station


def pairs_of(keys) -> list[tuple[int, int]]:
    """Labels as (time, station), without the padding."""
    return [(int(k >> STATION_BITS), int(k & STATION_MASK)) for k in keys if k != NO_KEY]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shift", [0, 3, 12])
def test_nearest_labels(seed, shift):
    rng = np.random.default_rng(seed)
    indptr, arc, _ = random_arcs(rng, 40, 40 + 20 * seed, longest=8)
    seeds = random_seeds(rng, 40, 4)
    limit = int(rng.integers(5, 60))
    want = all_labels(indptr, arc, seeds, limit)
    keys = _kernels.nearest_labels(indptr, arc, seeds[0], keys_of(seeds[1], seeds[2]), limit, shift)
    assert [pairs_of([key]) for key in keys] == [row[:1] for row in want]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_k_nearest_labels(seed, k):
    rng = np.random.default_rng(100 + seed)
    indptr, arc, _ = random_arcs(rng, 30, 30 + 15 * seed, longest=6)
    seeds = random_seeds(rng, 30, 5)  # fewer than nine: the rest is padding
    limit = int(rng.integers(5, 80))
    want = all_labels(indptr, arc, seeds, limit)
    keys = _kernels.k_nearest_labels(
        indptr, arc, seeds[0], keys_of(seeds[1], seeds[2]), k, limit, 2
    )
    assert [pairs_of(row) for row in keys] == [row[:k] for row in want]
    assert all(a <= b for row in keys for a, b in pairwise(row.tolist()))


def test_labels_without_stations():
    indptr, arc, _ = random_arcs(np.random.default_rng(0), 10, 20, longest=5)
    none = np.empty(0, np.int32), np.empty(0, np.int64)
    assert (_kernels.nearest_labels(indptr, arc, *none, 100, 2) == NO_KEY).all()
    assert (_kernels.k_nearest_labels(indptr, arc, *none, 3, 100, 2) == NO_KEY).all()


def test_labels_of_a_graph_without_arcs():
    indptr, arc = np.zeros(4, np.int32), np.empty(0, np.int64)
    node = np.array([1], np.int32)
    keys = _kernels.nearest_labels(indptr, arc, node, keys_of(node, node * 0), 10, 2)
    assert [pairs_of([key]) for key in keys] == [[], [(0, 1)], []]


def test_labels_with_crowded_buckets_begin_again_with_more_room():
    # a label is corrected many times inside one wide bucket: long arcs first, short ones later
    n = 200
    tail = np.repeat(np.arange(n), n)
    head = np.tile(np.arange(n), n)
    forward = head > tail
    tail, head = tail[forward], head[forward]
    ms = (head - tail) ** 2
    indptr = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=n)))).astype(np.int32)
    arc = (ms.astype(np.int64) << 32) | head
    seeds = np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32)
    keys = _kernels.nearest_labels(indptr, arc, seeds[0], keys_of(seeds[1], seeds[2]), 10**6, 20)
    assert (keys >> STATION_BITS).tolist() == list(range(n))


@pytest.mark.parametrize("seed", SEEDS)
def test_station_reach(seed):
    rng = np.random.default_rng(200 + seed)
    nodes = 40
    indptr, arc, mm = random_arcs(rng, nodes, 30 + 20 * seed, longest=3)
    count = int(rng.integers(0, 6))
    per = rng.integers(0, 3, count)
    seed_indptr = np.concatenate(([0], np.cumsum(per))).astype(np.int32)
    node = rng.integers(0, nodes, per.sum()).astype(np.int32)
    ms = rng.integers(0, 5, per.sum()).astype(np.int32)
    length = rng.integers(0, 50, per.sum()).astype(np.int32)
    limits = rng.integers(0, 25, count).astype(np.int32)
    want = []
    for which in range(count):
        mine = slice(seed_indptr[which], seed_indptr[which + 1])
        found = heap_search(
            indptr, arc, mm, list(zip(node[mine], ms[mine], length[mine], strict=True))
        )
        want += [(which, x, *pair) for x, pair in found.items() if pair[0] <= limits[which]]
    arguments = (indptr, arc, mm, seed_indptr, node, ms, length, limits)
    done, *rows = _kernels.station_reach(*arguments, 10**6)
    at, which, time, far = (column.tolist() for column in rows)
    assert done
    assert sorted(zip(which, at, time, far, strict=True)) == sorted(want)
    if len(want) > 1:
        assert not _kernels.station_reach(*arguments, len(want) - 1)[0]


# ------------------------------------------------------------------- places on random towns


def random_town(seed: int, mode: str = "bicycle"):
    """Return a crooked lattice with missing and one-way streets, and a chain of short segments."""
    rng = np.random.default_rng(seed)
    size = 3 if SMALL else 5
    nodes = {
        f"n{x}x{y}": (100.0 * x + 10 * rng.integers(0, 4), 100.0 * y)
        for x in range(size)
        for y in range(size)
    }
    ways = []
    for x in range(size):
        for y in range(size):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx < size and y + dy < size and rng.random() < 0.8:
                    ways.append(
                        Way(
                            f"n{x}x{y} n{x + dx}x{y + dy}",
                            oneway=bool(rng.random() < 0.4),
                            kph=float(rng.choice((12.0, 25.0))),
                        )
                    )
    nodes |= {f"c{i}": (-40.0 - 35.0 * i, 20.0 * (i % 2)) for i in range(5)}
    ways.append(Way("n0x0 c0 c1 c2 c3 c4 n0x1"))
    streets = town(nodes, ways, mode=mode, closed=[name for name in nodes if rng.random() < 0.04])
    return streets, build(streets, mode)


def positions_on(network, rng, count: int) -> Positions:
    """Places on random segments, some at their very ends, with a walked leg."""
    segment = rng.integers(0, network.segment_m.size, count).astype(np.int32)
    fraction = rng.random(count)
    fraction[::4] = np.round(fraction[::4])
    leg = np.where(rng.random(count) < 0.5, 0, rng.integers(0, 90, count))
    return Positions(
        segment,
        fraction,
        (leg / 1000).astype(np.float32),
        leg.astype(np.int32),
        np.zeros(count, np.uint8),
    )


def town_with_places(seed: int, places: int = 25, stations: int = 12):
    """Return the plain times and lengths of a random town, its places and its travel times."""
    streets, network = random_town(seed)
    rng = np.random.default_rng(1000 + seed)
    here, there = positions_on(network, rng, places), positions_on(network, rng, stations)
    plain = PlainTown(streets, "bicycle").all_within(
        on_segments(streets, network, here), on_segments(streets, network, there), LONG
    )
    travel = TravelTimes(network, there)
    return plain, here, travel, rng


@pytest.mark.parametrize("seed", SEEDS)
def test_best_time(seed):
    (time, _), here, travel, rng = town_with_places(seed)
    for limit in (20_000, LONG):
        chosen = np.flatnonzero(rng.random(time.shape[1]) < 0.6).astype(np.int32)
        want = np.min(time[:, chosen], axis=1, initial=np.inf)
        want = np.where(want <= limit, want, CLOSED_MS)
        best = travel.best(travel.exits(here), chosen, limit)
        np.testing.assert_array_equal(best, want)
        every = np.arange(len(here))
        many = np.tile(every, travel.network.segment_edge.size + 1)
        for rows in (every, many, many[:0]):  # few places look for themselves, many at a table
            at = travel.best_search(chosen, limit).at(here, rows)
            np.testing.assert_array_equal(at, want[rows])


@pytest.mark.parametrize("seed", SEEDS)
def test_tally(seed):
    rng = np.random.default_rng(seed)
    part, fate = rng.integers(-1, 3, 20), rng.integers(0, 5, 20).astype(np.int8)
    place, weight = rng.integers(0, 20, 50), rng.integers(0, 9, 50).astype(float)
    for rows, weights in ((place, weight), (place[:0], weight[:20])):
        want = np.zeros((4, 5))
        for row, quantity in enumerate(weights):
            at = rows[row] if rows.size else row
            want[part[at], fate[at]] += quantity  # a part of -1 is the last one
        got = _place_kernels.tally(rows, part, fate, weights, 4, 5)
        np.testing.assert_array_equal(got, want)


def random_windows(rng, size: int, horizon: int) -> Selection:
    """Zero, one or two windows a station; some are the whole time."""
    who, first, last = [], [], []
    for s in range(size):
        cuts = np.sort(rng.integers(0, horizon, 2 * int(rng.integers(0, 3))))
        spans = (
            [(0, horizon)] if rng.random() < 0.3 else list(zip(cuts[::2], cuts[1::2], strict=True))
        )
        for begin, end in spans:
            who.append(s)
            first.append(begin)
            last.append(end)
    return _selection(size, who, first, last, horizon_ms=horizon)


def brute_k_best(time, selection: Selection, k: int, limit: int, scale: float):
    """Return the k best stations of every place that are open when one arrives, by definition."""
    indptr, first, last = selection.windows
    rows = []
    for row in time:
        fits = []
        for s in np.flatnonzero(np.isfinite(row)):
            real = int(np.ceil(row[s] / scale - 1e-9))
            open_then = any(first[i] <= real <= last[i] for i in range(indptr[s], indptr[s + 1]))
            if real <= limit and open_then:
                fits.append((real, int(s)))
        rows.append(sorted(fits)[:k])
    return rows


def rows_of(found) -> list[list[tuple[int, int]]]:
    """Return what was found as (time, station), without the padding."""
    return [
        [(ms, s) for ms, s in zip(times, stations, strict=True) if s >= 0]
        for times, stations in zip(found.ms.tolist(), found.station.tolist(), strict=True)
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("how", ["labels", "search"])
def test_k_best_and_k_search(seed, how, monkeypatch):
    if how == "search":
        monkeypatch.setattr(travel_time, "MOST_LABELS", 0)
    (time, mm), here, travel, rng = town_with_places(seed)
    for k, limit, scale in ((1, 40_000, 1.0), (3, 30_000, 0.8), (20, 60_000, 1.1)):
        selection = random_windows(rng, time.shape[1], limit)
        found = travel.k_best(travel.exits(here), selection, k, limit, scale=scale)
        assert rows_of(found) == brute_k_best(time, selection, k, limit, scale)
        place, rank = np.nonzero(found.station >= 0)
        more = found.mm[place, rank] - mm[place, found.station[place, rank]]
        # the plain length is the shortest of the fastest ways; edges are whole millimetres
        assert more.size == 0 or more.min() >= -20


@pytest.mark.parametrize("seed", SEEDS)
def test_lengths_are_those_of_a_fastest_way(seed):
    (time, mm), here, travel, _ = town_with_places(seed)
    everything = Selection.always(np.arange(12, dtype=np.int32), 12, LONG)
    found = travel.k_best(travel.exits(here), everything, 12, LONG)
    place, rank = np.nonzero(found.station >= 0)
    far = np.abs(found.mm[place, rank] - mm[place, found.station[place, rank]])
    assert np.isfinite(time).sum() == place.size
    assert (far <= 20).mean() > 0.95  # the rest: another way, just as fast


def test_k_best_without_stations():
    _, here, travel, _ = town_with_places(3)
    nothing = _selection(12, [], [], [], horizon_ms=1000)
    for k in (1, 5, 12):
        found = travel.k_best(travel.exits(here), nothing, k, 1000)
        assert (found.station == -1).all()
        assert (found.ms == CLOSED_MS).all()


def test_may_arrive():
    windows = (
        np.array([0, 2, 2, 3], np.int32),
        np.array([0, 50, 10], np.int32),
        np.array([20, 60, 10], np.int32),
    )
    asked = [(0, 0), (0, 20), (0, 21), (0, 49), (0, 50), (0, 61), (1, 5), (2, 10), (2, 9), (-1, 10)]
    station, ms = (np.array(column, np.int32) for column in zip(*asked, strict=True))
    assert _kernels.may_arrive(station, ms, windows).tolist() == [
        True, True, False, False, True, False, False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("towards", [True, False])
def test_edge_exits(seed, towards):
    _, network = random_town(seed)
    rng = np.random.default_rng(seed)
    here = positions_on(network, rng, 40)
    off = Positions(
        *(a[:1] for a in (here.segment, here.fraction, here.access_m, here.access_ms)),
        np.ones(1, np.uint8),
    )
    here = Positions(**{n: np.concatenate((a, getattr(off, n))) for n, a in vars(here).items()})
    travel = TravelTimes(network, here)
    got = travel.exits(here) if towards else travel.entries
    open_, shut = network.segment_forward_ms, network.segment_backward_ms
    for p in range(40):
        s, f, leg = int(here.segment[p]), float(here.fraction[p]), int(here.access_ms[p])
        e = int(network.segment_edge[s])
        before = range(network.edge_indptr[e], s)
        after = range(s + 1, network.edge_indptr[e + 1])
        to_u, to_v = (shut, open_) if towards else (open_, shut)
        want_u = _walk(to_u, before, s, f, leg)
        want_v = _walk(to_v, after, s, 1 - f, leg)
        mm = 1000 * network.segment_m[s]
        if not before and f * mm < 1 and want_u == CLOSED_MS:
            want_u = leg  # at the junction itself
        if not after and (1 - f) * mm < 1 and want_v == CLOSED_MS:
            want_v = leg
        assert (got.edge[p], got.u[p], got.v[p]) == (e, network.edge_u[e], network.edge_v[e])
        assert (got.u_ms[p], got.v_ms[p]) == (want_u, want_v)
        metres = network.segment_m
        along = [
            metres[list(before)].sum() + f * metres[s],
            metres[list(after)].sum() + (1 - f) * metres[s],
        ]
        assert got.u_mm[p] == pytest.approx(1000 * (along[0] + here.access_m[p]), abs=5)
        assert got.v_mm[p] == pytest.approx(1000 * (along[1] + here.access_m[p]), abs=5)
    assert (got.edge[40], got.u_ms[40], got.v_ms[40]) == (-1, CLOSED_MS, CLOSED_MS)


def _walk(times, whole, segment: int, share: float, leg: int) -> int:
    """Time over whole segments and a part of one, ``CLOSED_MS`` where the direction is closed."""
    if times[segment] >= CLOSED_MS:
        return CLOSED_MS
    part = int(np.ceil(share * int(times[segment]) - 1e-3))
    return sum(int(times[i]) for i in whole) + part + leg


# ------------------------------------------------------------------------------ chains, grids


@pytest.mark.parametrize("seed", range(30))
def test_walk_chains(seed):
    rng = np.random.default_rng(seed)
    nodes, segments = 15, int(rng.integers(1, 20))
    start = rng.integers(0, nodes, segments).astype(np.int32)
    end = ((start + rng.integers(1, nodes, segments)) % nodes).astype(np.int32)
    degree = np.bincount(np.concatenate((start, end)), minlength=nodes)
    incident = [[s for s in range(segments) if node in (start[s], end[s])] for node in range(nodes)]
    indptr = np.concatenate(([0], np.cumsum(degree))).astype(np.int32)
    inner = (degree == 2) & (rng.random(nodes) < 0.8)
    order, reverse, chain_indptr = _snap_kernels.walk_chains(
        indptr, np.array([s for row in incident for s in row], np.int32), start, end, inner
    )
    assert sorted(order.tolist()) == list(range(segments))
    tail = np.where(reverse, end[order], start[order])
    head = np.where(reverse, start[order], end[order])
    assert chain_indptr[0] == 0
    assert chain_indptr[-1] == segments
    for first, stop in pairwise(chain_indptr.tolist()):
        assert (head[first : stop - 1] == tail[first + 1 : stop]).all()
        assert inner[head[first : stop - 1]].all()  # nobody could have turned off inside
        ring = tail[first] == head[stop - 1] and inner[tail[first]]
        assert ring or not (inner[tail[first]] or inner[head[stop - 1]])


def random_lines(rng, count: int, spread: float = 0.02):
    """Return lines around the toy corner, some very long, some mere points, some twice."""
    at = np.column_stack((LON + spread * rng.random(count), LAT + spread * rng.random(count)))
    to = at + rng.normal(0, spread / 10, (count, 2))
    to[:: max(count // 3, 1)] = at[:: max(count // 3, 1)] + spread / 2
    to[1::17] = at[1::17]
    lines = np.column_stack((at, to))
    lines[-1] = lines[0]
    return lines


@pytest.mark.parametrize("seed", SEEDS)
def test_line_grid(seed):
    rng = np.random.default_rng(seed)
    lines = random_lines(rng, 60)
    west, south, width, height, columns, rows = LON, LAT, 0.0021, 0.0017, 11, 13
    indptr, item = _snap_kernels.line_grid(lines, west, south, width, height, columns, rows)
    assert indptr.size == columns * rows + 1
    shapes = shapely.linestrings(lines.reshape(-1, 2, 2))
    for cell in range(columns * rows):
        row, column = divmod(cell, columns)
        x, y = west + column * width, south + row * height
        box = shapely.box(x + 1e-9, y + 1e-9, x + width - 1e-9, y + height - 1e-9)
        touching = set(np.flatnonzero(shapely.intersects(shapes, box)).tolist())
        assert touching <= set(item[indptr[cell] : indptr[cell + 1]].tolist())


def test_line_grid_holds_a_line_through_more_cells_than_its_buffer():
    lines = np.array([(0.0, 0.0, 1.0, 1.0), (0.5, 0.5, 0.5, 0.5)])
    _, item = _snap_kernels.line_grid(lines, 0.0, 0.0, 1e-3 / 6, 1e-3 / 6, 6001, 6001)
    assert (item == 0).sum() > 4096
    assert (item == 1).sum() >= 1


def metric(lonlat_rows, lon: float, lat: float):
    """Metres in the tangent plane of a place."""
    east, north = _snap_kernels.metres_per_degree(lat)
    return (np.asarray(lonlat_rows).reshape(-1, 2, 2) - (lon, lat)) * (east, north)


def brute_nearest(lon, lat, lines, handicap, barriers, limit):
    """Nearest street point of one place by shapely: (distance or None, crossing or not)."""
    place = shapely.Point(0, 0)
    shapes = shapely.linestrings(metric(lines, lon, lat))
    metres = shapely.distance(place, shapes)
    key = np.where(metres <= limit, metres + handicap, np.inf)
    walls = shapely.linestrings(metric(barriers, lon, lat)) if len(barriers) else []
    crossed = np.zeros(len(lines), bool)
    for s in np.flatnonzero(np.isfinite(key)):
        foot = shapely.line_interpolate_point(
            shapes[s], shapely.line_locate_point(shapes[s], place)
        )
        if metres[s] <= 0.5:
            continue
        share = 1 - 0.5 / metres[s]
        leg = shapely.LineString([(0, 0), (foot.x * share, foot.y * share)])
        crossed[s] = any(shapely.crosses(leg, wall) for wall in walls)
    free = np.where(crossed, np.inf, key)
    best = free if np.isfinite(free).any() else key
    if not np.isfinite(best).any():
        return None
    return metres[best.argmin()], best.min(), best


@pytest.mark.parametrize("seed", SEEDS)
def test_nearest_street(seed):
    rng = np.random.default_rng(seed)
    lines = random_lines(rng, 8 if SMALL else 40)
    handicap = np.where(rng.random(len(lines)) < 0.3, 30.0, 0.0)
    barriers = random_lines(rng, 12)[:-1] if seed % 2 else np.empty((0, 4))
    bounds = (
        lines[:, [0, 2]].min(),
        lines[:, [1, 3]].min(),
        lines[:, [0, 2]].max(),
        lines[:, [1, 3]].max(),
    )
    lon = LON + 0.03 * rng.random(60) - 0.005
    lat = LAT + 0.03 * rng.random(60) - 0.005
    segment = np.arange(len(lines), dtype=np.int32)[::-1].copy()  # lines have numbers of their own
    west, flipped = west_first(lines)
    out, fraction, metres, _, state = _snap_kernels.nearest_street(
        lon,
        lat,
        (west, segment, flipped, handicap, _grid(lines, bounds)),
        (barriers, _grid(barriers, bounds)),
        bounds,
        (500.0, 1000.0, 4.0),
    )
    line = np.where(out >= 0, len(lines) - 1 - out, -1)
    np.testing.assert_array_equal(state == ON_NETWORK, line >= 0)
    found = 0
    for p in range(lon.size):
        want = brute_nearest(lon[p], lat[p], lines, handicap, barriers, 500.0)
        if want is None:
            assert line[p] == -1
            assert np.isnan(metres[p])
            continue
        found += 1
        distance, key, keys = want
        assert keys[line[p]] == pytest.approx(key, abs=0.002)  # of equally near ones either
        if keys[line[p]] == key:
            assert metres[p] == pytest.approx(distance, abs=0.02)
        foot = lines[line[p], :2] + fraction[p] * (lines[line[p], 2:] - lines[line[p], :2])
        gap = np.hypot(*metric([*foot, *foot], lon[p], lat[p])[0, 0])
        assert gap == pytest.approx(metres[p], abs=0.02)
    assert found > 20


def test_nearest_street_of_no_place():
    streets = town({"a": (0.0, 0.0), "b": (400.0, 0.0)}, [Way("a b")])
    snapper = Snapper(build(streets, "walk"))
    lon, lat = np.array([np.nan, np.inf, LON + 50, LON, LON]), np.full(5, LAT)
    lat[3:] += 600 / 110_900, 1600 / 110_900
    found = snapper.snap(lon, lat)
    assert found.state.tolist() == [NO_DATA, NO_DATA, NO_DATA, OFF_NETWORK, NO_DATA]
    assert (found.segment == -1).all()
    assert np.isnan(found.access_m).all()
    assert (found.access_ms == 0).all()


def test_ties_between_streets_go_to_the_lower_one():
    streets = town(
        {"a": (0.0, 0.0), "b": (400.0, 0.0), "c": (0.0, 100.0), "d": (400.0, 100.0)},
        [Way("a b"), Way("c d")],
    )
    network = build(streets, "walk")
    snapper = Snapper(network)
    found = snapper.snap(*(np.array([value]) for value in lonlat(200.0, 50.0)))
    assert found.state[0] == ON_NETWORK
    assert found.access_m[0] == pytest.approx(50.0, abs=1e-3)


# ----------------------------------------------------------------------------- plain Python


@pytest.mark.slow
@pytest.mark.skipif(SMALL, reason="this is the run without the compiler")
def test_kernels_without_the_compiler():
    names = ("nearest_labels", "k_best_and_k_search", "station_reach", "edge_exits", "walk_chains")
    chosen = " or ".join(names) + " or nearest_street or best_time or tally"
    command = [sys.executable, "-m", "pytest", __file__, "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-k", f"({chosen}) and not without_the_compiler and (0 or 1 or 2)"],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout

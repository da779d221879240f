"""Districts: labels known by hand and by brute force; broken shapes repaired or rejected."""

from functools import partial

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from geodata.errors import ValidationError
from geodata.regions import REPAIR_VERTICES, check_regions, label, no_regions
from geodata.repair import repair


def regions_of(*shapes, ids=None, names=None):
    n = len(shapes)
    return gpd.GeoDataFrame(
        {
            "id": [f"{360100 + i}" for i in range(n)] if ids is None else ids,
            "name": [f"区{i}" for i in range(n)] if names is None else names,
        },
        geometry=list(shapes),
        crs="EPSG:4326",
    )


def never(shapes):
    raise AssertionError(f"nothing to repair, yet asked for {len(shapes)}")


def star(points):
    """A star that crosses itself many times: every point is joined with the one far across."""
    angle = np.arange(points) * (2 * np.pi * (points // 2 - 1) / points)
    return shapely.Polygon(np.column_stack((115.9 + np.cos(angle) / 9, 28.7 + np.sin(angle) / 9)))


BOWTIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def test_labels_by_hand():
    ring = shapely.Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1, 1), (1, 2), (2, 2), (2, 1)]])
    two = shapely.MultiPolygon([shapely.box(1.2, 1.2, 1.8, 1.8), shapely.box(5, 5, 6, 6)])
    lon = np.array([0.5, 1.5, 1.1, 5.5, 9.0, 0.0, np.nan, 3.0])
    lat = np.array([0.5, 1.5, 1.5, 5.5, 9.0, 0.0, 1.5, 1.5])
    found = label(lon, lat, regions_of(ring, two))
    assert found.tolist() == [0, 1, -1, 1, -1, 0, -1, 0]
    assert found.dtype == np.int32


def test_where_regions_overlap_the_first_has_it():
    a, b = shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)
    lon, lat = np.array([0.5, 1.5, 2.5, 2.0]), np.ones(4)
    assert label(lon, lat, regions_of(a, b)).tolist() == [0, 0, 1, 0]
    assert label(lon, lat, regions_of(b, a)).tolist() == [1, 0, 0, 0]


def test_no_regions_no_label():
    assert label(np.array([1.0]), np.array([2.0]), no_regions()).tolist() == [-1]
    assert label(np.empty(0), np.empty(0), regions_of(BOWTIE)).tolist() == []


@given(
    hnp.arrays(np.float64, (40, 2), elements=st.floats(-5, 5)),
    hnp.arrays(np.float64, (6, 3, 2), elements=st.integers(-5, 5).map(float)),
)
def test_labels_equal_one_by_one(points, corners):
    shapes = [shapely.Polygon(c).convex_hull for c in corners]
    shapes = [s for s in shapes if s.geom_type == "Polygon"]
    found = label(points[:, 0], points[:, 1], regions_of(*shapes))
    for point, number in zip(points, found, strict=True):
        hits = [i for i, s in enumerate(shapes) if s.intersects(shapely.Point(point))]
        assert number == (hits[0] if hits else -1)


def test_good_regions_pass_unchanged():
    frame = regions_of(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1))
    before = frame.copy()
    regions, rejects = check_regions(frame, never)
    assert rejects.empty
    assert list(regions.columns) == ["id", "name", "geometry"]
    assert regions["id"].tolist() == ["360100", "360101"]
    assert (regions.geometry == frame.geometry).all()
    assert_geodataframe_equal(frame, before)


def test_missing_ids_and_names_are_made_up():
    boxes = [shapely.box(i, 0, i + 1, 1) for i in range(3)]
    regions, _ = check_regions(regions_of(*boxes, ids=["", "a", None], names=["", "", "x"]), never)
    assert regions["id"].tolist() == ["r001", "a", "r003"]
    assert regions["name"].tolist() == ["r001", "a", "x"]


def test_an_id_that_comes_twice_is_refused_with_its_row():
    boxes = [shapely.box(i, 0, i + 1, 1) for i in range(4)]
    with pytest.raises(ValidationError, match="row 2: expected an id of its own, got 'b' 2 times"):
        check_regions(regions_of(*boxes, ids=["a", "b", "c", "b"]), never)


def test_all_missing_columns_are_named_at_once():
    frame = regions_of(BOWTIE)[["geometry"]]
    with pytest.raises(ValidationError, match=r"column 'id'.*column 'name'"):
        check_regions(frame, never)
    with pytest.raises(ValidationError, match="expected EPSG:4326, got None"):
        check_regions(regions_of(BOWTIE).set_crs(None, allow_override=True), never)


def test_what_is_no_area_is_rejected_with_row_reason_and_fix():
    good = shapely.box(0, 0, 1, 1)
    with np.errstate(invalid="ignore"):
        with_nan = shapely.from_wkt("POLYGON ((0 0, 1 NaN, 1 1, 0 0))")
    frame = regions_of(
        shapely.Point(0, 0), good, None, shapely.Polygon(), shapely.box(170, 0, 200, 1),
        with_nan, shapely.GeometryCollection([good]),
    )  # fmt: skip
    regions, rejects = check_regions(frame, never)
    assert regions["id"].tolist() == ["360101"]
    assert rejects["row"].tolist() == [1, 3, 4, 5, 6, 7]
    assert rejects["reason"].tolist()[0] == "区0: expected a polygon with an area, got Point"
    assert "got nothing" in rejects["reason"].tolist()[1]
    assert "within ±180" in rejects["reason"].tolist()[3]
    assert (rejects["fix"] != "").all()


def test_12_a_bowtie_is_repaired_and_the_rest_is_loaded():
    regions, rejects = check_regions(regions_of(BOWTIE, shapely.box(2, 0, 3, 1)), repair)
    assert rejects.empty
    assert regions.geometry.is_valid.all()
    assert regions.geometry[0].area == pytest.approx(0.5)
    assert label(np.array([0.5, 0.9]), np.array([0.2, 0.5]), regions).tolist() == [-1, 0]


def test_12_a_star_of_800_vertices_is_repaired_or_rejected_and_the_rest_is_loaded():
    quickly = partial(repair, seconds=1)
    regions, rejects = check_regions(regions_of(star(800), shapely.box(2, 0, 3, 1)), quickly)
    assert "360101" in regions["id"].tolist()
    assert len(regions) + len(rejects) == 2
    if len(rejects):
        assert rejects["reason"].tolist() == ["区0: the outline is not valid: self-intersection"]
        assert "took too long" in rejects["fix"][0]


def test_12_repair_that_takes_too_long_is_given_up():
    shapes = [shapely.to_wkb(star(1_900))]
    assert repair(shapes, seconds=0.2) == [None]
    assert repair([b"no shape at all"]) == [None]


def test_12_too_many_vertices_are_rejected_without_a_try():
    frame = regions_of(star(REPAIR_VERTICES + 1), shapely.box(2, 0, 3, 1))
    regions, rejects = check_regions(frame, never)
    assert regions["id"].tolist() == ["360101"]
    assert "up to 2,000 vertices" in rejects["fix"][0]

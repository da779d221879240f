"""What the map says in its sentence: a share is never said without what it is a share of."""

import html as html_module
from dataclasses import replace

import pytest

from tests.mapdata import city, summary
from web.map_data import Page
from web.map_legend import conditions
from web.map_panel import headline
from web.maps import coverage_map


@pytest.mark.parametrize(
    ("asked", "zh", "en"),
    [
        ({}, "内走得到驿站", "reach a station within"),
        ({"need": ["water"]}, "能满足“", "that meets the need “"),
        ({"kind": ["driver_home"]}, "走得到“", "a station of the kind “"),
        ({"stations_at_least": 2}, "至少2个驿站", "at least 2 stations within"),
        (
            {"at": "2026-11-22T20:00:00+08:00", "need": ["water", "rest"], "stations_at_least": 2},
            "至少2个届时开放、能满足“",
            "at least 2 stations open on arrival that meet the needs “",
        ),
    ],
)
def test_no_share_is_said_without_what_it_is_a_share_of(asked, zh, en):
    summary_of = summary() | {"parameters": {"mode": "walk", "minutes": 15, **asked}}
    for lang, words in (("zh", zh), ("en", en)):
        request = replace(city(page=Page(lang=lang)), summary=summary_of)
        assert words in headline(request)
        when = conditions(request)[0]
        assert ("2026" in when) == ("at" in asked)  # when, or that hours do not count
        page = coverage_map(replace(request, page=Page(lang=lang, embed=True)))
        assert html_module.escape(when) in page  # in sight, without opening the legend


def test_changing_hour_and_need_keeps_the_rest_of_the_question():
    kept = {"region": "360102", "kind": ["driver_home"], "include": ["planned"]}
    form = {"mode": [("walk", "步行")], "need": [("water", "喝水"), ("rest", "歇脚")]}
    asked = {"parameters": {"mode": "walk", "minutes": 15, "need": ["water"], **kept}}
    request = city(page=Page(form=form))
    html = coverage_map(replace(request, summary=request.summary | asked))
    for name, value in (("region", "360102"), ("kind", "driver_home"), ("include", "planned")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in html
    assert 'name="need" value="water" checked>' in html
    assert 'name="need" value="rest">' in html

"""The week as a page: a form, a coloured table of 168 figures, groups, regions and gaps."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from web.clock_scale import FIRST_LIGHT, STEPS, Scale
from web.clock_text import Telling
from web.clock_words import percent, weekdays
from web.map_panel import environment
from web.map_request import labels_of
from web.static_files import asset_url

_GAPS_SHOWN = 20
_HOURS = 24
_FILES = ("png", "svg", "csv", "xlsx")


def clock_page(telling: Telling, asked: Mapping[str, Any], choices: Mapping[str, Any]) -> str:
    """Return the page of a week.

    Parameters
    ----------
    telling : Telling
        The answer in one language.
    asked : mapping
        Fields of the question as they were given, for links and the form.
    choices : mapping
        ``modes`` and ``regions`` (id to name) of the dataset.

    Returns
    -------
    str
        HTML without a script; every figure stands in a table.
    """
    lang, words, shown = telling.lang, telling.words, telling.shown
    other = "en" if lang == "zh" else "zh"
    return (
        environment()
        .get_template("clock.html")
        .render(
            t=words,
            lang=lang,
            hreflang="zh-CN" if lang == "zh" else "en",
            other_hreflang="en" if lang == "zh" else "zh-CN",
            asset=asset_url,
            has_people=telling.has_people,
            title=telling.title,
            headline=telling.headline(),
            conditions=telling.conditions(),
            notes=telling.notes(),
            days=weekdays(lang),
            hours=_table(telling),
            scale=_legend(telling),
            off=not all(hour["works"] for hour in shown["hours"]),
            groups=_parts(telling, shown["groups"].items() if any(shown["groups"]) else ()),
            regions=_parts(telling, ((row["id"], row) for row in shown["regions"])),
            gaps=_gaps(telling),
            form=_form(telling, asked, choices),
            urls={
                "other": address("/clock", asked, lang=other),
                "home": f"/?lang={lang}",
                "map": f"/map?lang={lang}",
                "planner": f"/planner?lang={lang}",
                **{kind: address(f"/clock.{kind}", asked, lang=lang) for kind in _FILES},
            },
        )
    )


def address(path: str, asked: Mapping[str, Any], **more: str) -> str:
    """Return an address with the fields of a question.

    Parameters
    ----------
    path : str
        Where.
    asked : mapping
        Fields; those that say nothing are left out.
    **more : str
        More fields, which win.

    Returns
    -------
    str
        Relative to the server.
    """
    fields = {**asked, **more}
    pairs = [
        (name, item)
        for name, value in fields.items()
        if value not in (None, "", [])
        for item in (value if isinstance(value, list) else [value])
    ]
    return f"{path}?{urlencode(pairs)}"


def _table(telling: Telling) -> list[dict[str, Any]]:
    """Return the rows of the heat map: hours down, weekdays across, so that phones hold it."""
    grid, works = telling.grid(), telling.grid("works")
    scale = Scale.of([share for row in grid for share in row])
    rows = []
    for hour in range(_HOURS):
        cells = []
        for day, row in enumerate(grid):
            step = scale.step(row[hour])
            cells.append(
                {
                    "text": "–" if row[hour] is None else f"{row[hour] * 100:.0f}",
                    "step": "none" if step is None else step,
                    "off": not works[day][hour],
                }
            )
        rows.append({"name": f"{hour:02}:00", "cells": cells})
    return rows


def _legend(telling: Telling) -> dict[str, Any]:
    """Return what the colours mean."""
    scale = Scale.of([share for row in telling.grid() for share in row])
    return {
        "low": f"{scale.low * 100:.0f} %",
        "high": f"{scale.high * 100:.0f} %",
        "steps": [{"step": number, "light": number >= FIRST_LIGHT} for number in range(len(STEPS))],
    }


def _parts(telling: Telling, items: Any) -> list[dict[str, Any]]:
    """Return groups or regions as rows."""
    words = telling.words
    rows = []
    for code, part in items:
        name = part.get("name", telling.group_name(code)) or words["outside"]
        hours, worst = part["person_hours"], part["worst"]
        at = None if worst is None else worst["weekday"] * _HOURS + worst["hour"]
        rows.append(
            {
                "name": name,
                "total": _number(part["workers"] if telling.has_people else part["street_km"]),
                "worst": telling.when(worst),
                "share": percent(None if at is None else part["share_covered"][at]),
                "uncovered": _number(
                    None if at is None or not telling.has_people else part["workers_uncovered"][at]
                ),
                "hours": _number(None if hours is None else hours["uncovered"]),
            }
        )
    return rows


def _gaps(telling: Telling) -> list[dict[str, Any]]:
    """Return the gaps that weigh most as rows."""
    words = telling.words
    return [
        {
            "id": gap["id"],
            "near": gap["near_en" if telling.lang == "en" else "near"] or "–",
            "area": f"{gap['area_km2']:,.2f}",
            "hours": gap["hours"],
            "worst": telling.when({"weekday": gap["worst_weekday"], "hour": gap["worst_hour"]}),
            "uncovered": words["suppressed"] if gap["suppressed"] else _number(gap["workers"]),
            "person_hours": "–" if gap["suppressed"] else _number(gap["person_hours"]),
        }
        for gap in telling.shown["gaps"][:_GAPS_SHOWN]
    ]


def _number(value: float | None) -> str:
    """Return a figure with separators, a dash where there is none."""
    return "–" if value is None else f"{value:,.0f}"


def _form(telling: Telling, asked: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the form with what was asked."""
    words, labels = telling.words, labels_of(telling.vocabulary, telling.lang)
    modes = [(mode, labels["mode"].get(mode, mode)) for mode in choices["modes"]]
    groups = [(code, telling.group_name(code)) for code in telling.vocabulary.groups]
    need = asked.get("need") or [""]
    fields = [
        ("mode", words["mode"], [("", words["own_mode"]), *modes], asked.get("mode")),
        ("need", words["need"], [("", words["any_need"]), *labels["need"].items()], need[0]),
        ("group", words["group"], [("", words["everybody"]), *groups], asked.get("group")),
    ]
    if choices["regions"]:
        regions = [("", words["everywhere"]), *choices["regions"].items()]
        fields.append(("region", words["region"], regions, asked.get("region")))
    return {
        "minutes": asked.get("minutes", 15),
        "most_minutes": choices["max_minutes"],
        "week": asked.get("week") or telling.shown["week"],
        "lang": telling.lang,
        "kept": [
            (name, value) for name in ("kind", "access", "include") for value in asked.get(name, [])
        ],
        "selects": [
            {"name": name, "label": label, "options": options, "chosen": chosen or ""}
            for name, label, options, chosen in fields
        ],
    }

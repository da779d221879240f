"""The title and the first sentences of a bulletin."""

from web.bulletin import Facts
from web.bulletin_pen import Pen, capital
from web.map_words import NAME_LIMIT, clip, number

_SINGULAR_AN = (8, 11, 18)


def title(pen: Pen) -> str:
    """Return the title of a bulletin.

    Parameters
    ----------
    pen : Pen
        With its facts.

    Returns
    -------
    str
        One line.
    """
    place = _place(pen.facts)
    what = pen.words["what"]
    if pen.facts.parameters["kind"]:
        kinds = _quoted(pen, "kind", "or")
        what = kinds if pen.lang == "zh" else what + pen.say("station_kind", kinds=kinds)
    if not place:
        return pen.say("title", what=capital(what), minutes=pen.minutes)
    return pen.say("title_place", place=place, what=what, minutes=pen.minutes)


def _place(facts: Facts) -> str:
    """Return the name of the place, ``""`` where the data only has the name of a folder."""
    return clip(facts.region or facts.manifest.get("title"), NAME_LIMIT)


def in_place(pen: Pen) -> str:
    """Return where, as it stands in a sentence.

    Parameters
    ----------
    pen : Pen
        With its facts.

    Returns
    -------
    str
        Such as ``In Nanchang``.
    """
    place = _place(pen.facts)
    return pen.say("place_in", place=place) if place else pen.words["place_all"]


def _travel(pen: Pen) -> str:
    """Return the limit as it stands in a sentence."""
    minutes, mode = int(pen.facts.parameters["minutes"]), str(pen.facts.parameters["mode"])
    an = minutes in _SINGULAR_AN or minutes // 10 == 8  # noqa: PLR2004  eighty and on
    key = f"travel_{mode}" if f"travel_{mode}" in pen.words else "travel"
    return pen.say(key, a="an" if an else "a", minutes=minutes, by=pen.by)


def _station_zh(pen: Pen) -> str:
    """Return what is looked for, in Chinese: what qualifies it goes before it."""
    asked = pen.facts.parameters
    name = pen.words["station"]
    if asked["kind"]:
        name = _quoted(pen, "kind", "or")
    marks = [pen.words["station_open"]] if asked["at"] else []
    if asked["need"]:
        marks.append(pen.say("station_needs", needs=pen.listed("need", asked["need"])))
    if marks:
        name = pen.say("station_that", marks=pen.words["and"].join(marks), station=name)
    if asked["stations_at_least"] > 1:
        name = pen.say("station_more", count=asked["stations_at_least"], station=name)
    return name


def _station_en(pen: Pen) -> str:
    """Return what is looked for, in English: what qualifies it goes behind it."""
    asked = pen.facts.parameters
    many = asked["stations_at_least"] > 1
    name = pen.words["stations_plural" if many else "station"]
    if asked["at"]:
        name += pen.words["station_open"]
    if asked["kind"]:
        name += pen.say("station_kind", kinds=_quoted(pen, "kind", "or"))
    if asked["need"]:
        key = "station_need" if len(asked["need"]) == 1 else "station_needs"
        name += pen.say(f"{key}_plural" if many else key, needs=_quoted(pen, "need", "and"))
    return pen.say("station_more", count=asked["stations_at_least"], station=name) if many else name


def _quoted(pen: Pen, table: str, between: str) -> str:
    """Return the codes asked for in quotation marks."""
    names = [
        pen.say("quoted", name=pen.listed(table, [code])) for code in pen.facts.parameters[table]
    ]
    return pen.words[between].join(names)


def lead(pen: Pen) -> list[str]:
    """Return the headline and what belongs to it.

    Parameters
    ----------
    pen : Pen
        With its facts.

    Returns
    -------
    list of str
        Sentences that can stand alone.
    """
    facts, summary = pen.facts, pen.facts.summary
    place = in_place(pen)
    if summary["share_covered"] is None or not facts.base["total"]:
        return [pen.say("lead_none", place=place)]
    walks = facts.parameters["mode"] == "walk"
    when = "" if facts.departure is None else pen.moment(facts.departure)
    first = pen.say(
        "lead_homes" if facts.by_homes else "lead_street",
        place=place,
        share=pen.share(summary["share_covered"]),
        covered=pen.figure(facts.base["covered"]),
        total=pen.figure(facts.base["total"]),
        travel=_travel(pen),
        verb="能走到" if walks else "能到达",
        station=_station_zh(pen) if pen.lang == "zh" else _station_en(pen),
        when=pen.say("lead_at", time=when) if when and pen.lang == "en" else "",
    )
    if when and pen.lang == "zh":
        first = pen.say("lead_at", time=when, lead=first)
    return [first, *_band(pen), *_workers(pen)]


def _band(pen: Pen) -> list[str]:
    """Return the sentences about what is not certain."""
    facts, band = pen.facts, pen.facts.summary["share_band"]
    lines = []
    if band["slow"] is not None and band["fast"] is not None:
        values = {"low": pen.share(band["slow"]), "high": pen.share(band["fast"])}
        same = "_same" if values["low"] == values["high"] else ""
        slow, fast = facts.band_kph
        if slow > 0:
            speeds, key = {"slow": f"{slow:.1f}", "fast": f"{fast:.1f}"}, "band_kph"
        else:
            slow, fast = facts.band
            speeds, key = {"slow": f"{slow:.0%}", "fast": f"{fast:.0%}"}, "band_part"
        lines.append(pen.say(f"{key}{same}", **speeds, **values))
    unknown = facts.summary["share_covered_if_unknown_open"]
    if unknown is not None and unknown > facts.summary["share_covered"]:
        lines.append(pen.say("if_unknown", share=pen.share(unknown)))
    return lines


def _workers(pen: Pen) -> list[str]:
    """Return the sentence about workers, if their number is known."""
    workers = pen.facts.summary.get("workers")
    if not workers:
        return []
    figures = {name: number(workers[name]) for name in ("total", "covered", "uncovered")}
    return [pen.say("uncovered", **figures)]

"""The part of a bulletin about the largest gaps."""

from collections.abc import Mapping

from web.bulletin import Gap
from web.bulletin_document import Section, Table
from web.bulletin_pen import Pen, capital
from web.map_text import told_causes
from web.map_words import number

#: Causes that say already that there is no way to any station.
_NO_WAY = frozenset({"unreachable", "off_network"})


def gaps_section(pen: Pen) -> Section:
    """Return the section about the largest gaps.

    Parameters
    ----------
    pen : Pen
        With its facts.

    Returns
    -------
    Section
        A sentence alone where there are no gaps.
    """
    facts = pen.facts
    if not facts.gaps:
        return Section("gaps", pen.words["gaps"], (pen.words["gaps_none"],))
    suffix = "" if facts.summary.get("workers") else "_area"
    key = "gaps_all" if facts.gap_count <= len(facts.gaps) else "gaps_count"
    key = "gaps_one" if facts.gap_count == 1 else f"{key}{suffix}"
    counts = {"count": number(facts.gap_count), "listed": len(facts.gaps)}
    lines = [
        _first_gap(pen, facts.gaps[0], suffix),
        pen.say(key, **counts),
    ]
    if facts.hidden_gaps:
        hidden = number(facts.hidden_gaps)
        lines.append(pen.say("gaps_hidden", hidden=hidden, least=facts.smallest_count))
    return Section("gaps", pen.words["gaps"], tuple(lines), _gap_table(pen, suffix))


def _gap_table(pen: Pen, suffix: str) -> Table:
    """Return the table of gaps; districts and workers only where there are any."""
    facts = pen.facts
    shown = {"number", "area", "cause", "nearest", "minutes"}
    shown |= set() if suffix else {"workers"}
    shown |= {"district"} if facts.has_districts else set()
    shown |= {"near"} if any(gap.near for gap in facts.gaps) else set()
    names = {
        "number": pen.words["number"],
        "district": pen.words["district"],
        "near": pen.words["near"],
        "workers": pen.words["workers"],
        "area": pen.words["area"],
        "cause": pen.words["cause"],
        "nearest": capital(pen.nearest),
        "minutes": pen.say("minutes_there", by=pen.by),
    }
    columns = [key for key in names if key in shown]
    rows = [_gap_cells(pen, place, gap) for place, gap in enumerate(facts.gaps, start=1)]
    return Table(
        pen.words[f"gaps_caption{suffix}"],
        tuple(names[key] for key in columns),
        tuple(tuple(row[key] for key in columns) for row in rows),
        tuple(_gap_line(pen, row, gap) for row, gap in zip(rows, facts.gaps, strict=True)),
    )


def _gap_cells(pen: Pen, place: int, gap: Gap) -> dict[str, str]:
    """Return a gap as cells."""
    cause = told_causes(gap.causes, gap.cause, pen.lang)
    if gap.barrier:
        cause = pen.say("barrier", cause=cause, barrier=pen.name(gap.barrier))
    if gap.also:
        cause = pen.say("also", cause=cause, also=pen.causes(gap.also))
    return {
        "number": str(place),
        "district": pen.name(gap.district) or pen.words["outside"],
        "near": pen.near(gap) or pen.words["near_none"],
        "workers": _few(pen, gap, "fewer") or number(gap.workers),
        "area": f"{gap.area_km2:,.2f}",
        "cause": cause,
        "nearest": pen.name(gap.station) or pen.words["no_station"],
        "minutes": pen.words["no_path"] if gap.minutes is None else number(gap.minutes),
    }


def _where(pen: Pen, gap: Gap) -> str:
    """Return where a gap lies, as it stands in a sentence; ``""`` where nothing tells."""
    near = pen.near(gap)
    if gap.district:
        key = "gap_where_near" if near else "gap_where"
        return pen.say(key, district=pen.name(gap.district), near=near)
    if near:
        return pen.say("gap_where_only_near", near=near)
    return pen.words["gap_where_none"] if pen.facts.has_districts else ""


def _gap_line(pen: Pen, row: Mapping[str, str], gap: Gap) -> str:
    """Return a gap as a sentence."""
    nearest = "" if gap.cause in _NO_WAY else pen.words["say_gap_none"]
    if gap.minutes is not None:
        values = {"station": row["nearest"], "minutes": row["minutes"], "by": pen.by}
        nearest = pen.say("say_gap_nearest", nearest=pen.nearest, **values)
    near, place, workers = pen.near(gap), "", ""
    if pen.facts.has_districts:
        key = "say_gap_place_near" if near else "say_gap_place"
        place = pen.say(key, district=capital(row["district"]), near=near)
    elif near:
        place = pen.say("say_gap_near", near=near)
    if pen.facts.summary.get("workers"):
        workers = pen.say("say_gap_workers", workers=_workers_of(pen, gap))
    return pen.say(
        "say_gap",
        number=row["number"],
        place=place,
        area=row["area"],
        workers=workers,
        cause=row["cause"],
        nearest=nearest,
    ).rstrip()


def _workers_of(pen: Pen, gap: Gap) -> str:
    """Return the workers of a gap as they stand in a sentence."""
    few = _few(pen, gap, "fewer_workers" if pen.lang == "en" else "fewer")
    return few or pen.say("people", count=number(gap.workers))


def _few(pen: Pen, gap: Gap, key: str) -> str:
    """Return that a gap has too few workers to say, ``""`` where it may be said."""
    return pen.say(key, least=pen.facts.smallest_count) if gap.suppressed else ""


def _first_gap(pen: Pen, gap: Gap, suffix: str) -> str:
    """Return the sentences about the largest gap."""
    text = pen.say(
        f"gap_first{suffix}",
        where=_where(pen, gap),
        area=f"{gap.area_km2:,.2f}",
        workers=_workers_of(pen, gap),
        cause=pen.causes([gap.cause]),
    )
    if gap.minutes is None or not gap.station:
        return text
    between = "" if pen.lang == "zh" else " "
    values = {"station": pen.name(gap.station), "minutes": number(gap.minutes), "by": pen.by}
    return text + between + pen.say(f"gap_nearest{suffix}", nearest=pen.nearest, **values)

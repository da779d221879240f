"""From the facts of a month to sentences and tables in one language."""

from collections.abc import Mapping, Sequence

from locator.ledger_entries import FILLED, STATES
from web.bulletin import SMALL_HOMES, SMALL_STREET_KM
from web.bulletin_document import Document, Section, Table
from web.bulletin_lead import in_place, lead
from web.bulletin_month import FLOWS, MonthFacts, MonthGap, Need
from web.bulletin_month_pen import MonthPen
from web.bulletin_notes import note_lines, parameter_lines
from web.bulletin_pen import capital
from web.map_words import NAME_LIMIT, clip, number

_TWO = 2


def month_written(facts: MonthFacts, lang: str) -> Document:
    """Write the bulletin of a month.

    Parameters
    ----------
    facts : MonthFacts
        From `web.bulletin_month.month_facts`.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Document
        The same facts in either language.
    """
    pen = MonthPen(facts, lang)
    districts = facts.base.has_districts
    parts = (
        _flows(pen) if districts else None,
        _states(pen),
        _open_states(pen) if districts and facts.sums["open"] else None,
        _needs(pen),
        _gaps(pen, "open", facts.standing),
        _gaps(pen, "opened", () if facts.first else facts.opened),
        _gaps(pen, "filled", facts.filled),
        Section("how", pen.words["how"], tuple(_how(pen))),
        _notes(pen),
    )
    return Document(
        lang=lang,
        title=month_title(pen),
        mark=pen.words["mark"] if facts.base.manifest.get("synthetic") else "",
        lead=tuple(_lead(pen)),
        sections=tuple(part for part in parts if part is not None),
    )


def month_title(pen: MonthPen) -> str:
    """Return the title of a month's bulletin.

    Parameters
    ----------
    pen : MonthPen
        With its facts.

    Returns
    -------
    str
        One line.
    """
    year, month = int(pen.month.date[:4]), int(pen.month.date[5:7])
    names = pen.words.get("months", "").split()
    place = clip(pen.facts.region or pen.facts.manifest.get("title"), NAME_LIMIT)
    values = {
        "year": year,
        "month": month,
        "month_name": names[month - 1] if names else "",
        "minutes": pen.minutes,
        "what": pen.words["what"],
    }
    key = "month_title_place" if place else "month_title"
    return capital(pen.say(key, place=place, **values))


def _lead(pen: MonthPen) -> list[str]:
    """Return what stands first: the flows, what they hide, and who is covered."""
    facts, place = pen.month, in_place(pen)
    by = pen.say("travel", by=pen.by, minutes=pen.minutes)
    values = {
        "date": pen.date(facts.date),
        "place": place,
        "place_in": place[:1].lower() + place[1:],
        "travel": by,
        **{name: number(facts.sums[name]) for name in FLOWS},
    }
    lines = [pen.say("month_lead_first" if facts.first else "month_lead", **values)]
    lines += [pen.words["preview"]] if facts.preview else []
    lines += [pen.say("early", date=pen.date(facts.date))] if facts.early else []
    lines += [pen.say("split", count=number(facts.split))] if facts.split else []
    lines += [pen.say("merged", count=number(facts.merged))] if facts.merged else []
    return [*lines, *lead(pen)]


def _flows(pen: MonthPen) -> Section:
    """Return the section about what came and went, by district."""
    rows = [
        {"district": pen.district(code), **{name: number(own[name]) for name in FLOWS}}
        for code, own in pen.month.flows.items()
    ]
    total = {name: number(pen.month.sums[name]) for name in FLOWS}
    rows.append({"district": pen.words["all"], **total})
    head = ("district", "carried", "opened", "filled_now", "open_now")
    table = Table(
        pen.words["flows_caption"],
        tuple(pen.words[key] for key in head),
        tuple((row["district"], *(row[name] for name in FLOWS)) for row in rows),
        tuple(capital(pen.say("say_flows", **row)) for row in rows),
    )
    return Section("flows", pen.words["month_flows"], (), table)


def _states(pen: MonthPen) -> Section:
    """Return the section about states; they add up to the total."""
    facts = pen.month
    rows = [(pen.state(code), number(facts.states[code])) for code in STATES]
    rows.append((pen.words["all"], number(facts.total)))
    table = Table(
        pen.words["states_caption"],
        (pen.words["state"], pen.words["gaps_number"]),
        tuple(rows),
        tuple(capital(pen.say("say_state", state=name, count=count)) for name, count in rows),
    )
    first = pen.say("states_lead", total=number(facts.total))
    return Section("states", pen.words["month_states"], (first,), table)


def _open_states(pen: MonthPen) -> Section:
    """Return the section about the states of open gaps, by district."""
    codes = [code for code in STATES if code != FILLED]
    rows = [
        (pen.district(code), *(number(own[state]) for state in codes))
        for code, own in pen.month.open_states.items()
    ]
    names = [pen.state(code) for code in codes]
    between = pen.words["and"]
    spoken = [
        f"{row[0]}{'：' if pen.lang == 'zh' else ': '}"
        + between.join(f"{name} {count}" for name, count in zip(names, row[1:], strict=True))
        for row in rows
    ]
    table = Table(
        pen.words["states_district_caption"],
        (pen.words["district"], *names),
        tuple(rows),
        tuple(spoken),
    )
    return Section("open_states", pen.words["month_open_states"], (), table)


def _needs(pen: MonthPen) -> Section | None:
    """Return the ranking of the districts, None where there are none."""
    facts, kind = pen.month, "homes" if pen.facts.by_homes else "street"
    if not facts.needs:
        return None
    head = ["rank", "district", "need_share", f"need_{kind}", f"total_{kind}"]
    peopled = any(row.workers is not None for row in facts.needs)
    head += ["need_workers"] if peopled else []
    small = any(row.district.small for row in facts.needs)
    head += ["remark"] if small else []
    rows = [_need_cells(pen, row) for row in facts.needs]
    table = Table(
        pen.words[f"need_caption_{kind}"],
        tuple(pen.words[key] for key in head),
        tuple(tuple(row[key.replace(f"_{kind}", "")] for key in head) for row in rows),
        tuple(_need_line(pen, row, kind) for row in rows),
        head=1,
    )
    after = [pen.words["need_ties" if kind == "homes" else "need_ties_street"]]
    if small:
        least = SMALL_HOMES if kind == "homes" else SMALL_STREET_KM
        after.append(pen.say(f"small_{kind}", least=f"{least:g}"))
    return Section(
        "needs", pen.words["month_districts"], tuple(_needs_lead(pen)), table, tuple(after)
    )


def _needs_lead(pen: MonthPen) -> list[str]:
    """Return the sentence about the first and the last; without it where all are the same."""
    known = [row.district for row in pen.month.needs if row.district.share is not None]
    if len(known) < _TWO or known[0].share == known[-1].share:
        return []
    worst = [pen.name(row.name) for row in known if row.rank == known[0].rank]
    best = [pen.name(row.name) for row in known if row.rank == known[-1].rank]
    values = {
        "count": len(known),
        "high": pen.share(known[0].share),
        "low": pen.share(known[-1].share),
        "worst": pen.words["and"].join(worst),
        "best": pen.words["and"].join(best),
    }
    return [pen.say("need_lead", **values)]


def _need_cells(pen: MonthPen, need: Need) -> dict[str, str]:
    """Return a district as cells."""
    row, none = need.district, pen.words["none"]
    known = row.share is not None
    remark = ""
    if row.interval is not None:
        low, high = (pen.share(share) for share in row.interval)
        remark = pen.say("small_interval", low=low, high=high)
    elif row.small:
        remark = pen.words["small"]
    return {
        "rank": pen.words["no_rank"] if row.rank is None else str(row.rank),
        "district": pen.name(row.name),
        "need_share": pen.share(row.share) if known else pen.words["no_data"],
        "need": pen.figure(row.covered) if known else none,
        "total": pen.figure(row.total) if known else none,
        "need_workers": number(need.workers) if known else none,
        "remark": remark,
    }


def _need_line(pen: MonthPen, row: Mapping[str, str], kind: str) -> str:
    """Return a district as a sentence."""
    if row["total"] == pen.words["none"]:
        return pen.say("say_district_none", name=row["district"])
    remark = pen.say("say_remark", remark=row["remark"]) if row["remark"] else ""
    values = {
        "name": row["district"],
        "share": row["need_share"],
        **{name: row[name] for name in ("rank", "need", "total")},
        "remark": remark,
    }
    return pen.say(f"say_need_{kind}", **values)


def _gaps(pen: MonthPen, name: str, gaps: Sequence[MonthGap]) -> Section | None:
    """Return a list of gaps; None for the repetition that a first month would be."""
    if name == "opened" and pen.month.first:
        return None
    heading = pen.words[f"month_{name}"]
    if not gaps:
        return Section(name, heading, (pen.words["no_gaps_here"],))
    head = ["gap_id", "district", "workers", "area", "state", "since", "responsible"]
    head = [key for key in head if key != "district" or pen.facts.has_districts]
    head[1:1] = ["near"] if any(gap.near for gap in gaps) else []
    related = {"opened": "from", "filled": "into"}.get(name, "")
    rows = [_gap_cells(pen, gap) for gap in gaps]
    head += [related] if related and any(row[related] for row in rows) else []
    table = Table(
        pen.say(f"{name}_caption", listed=len(gaps)),
        tuple(pen.words[key] for key in head),
        tuple(tuple(row[key] for key in head) for row in rows),
        tuple(
            _gap_line(pen, row, related, pen.near(gap)) for row, gap in zip(rows, gaps, strict=True)
        ),
    )
    return Section(name, heading, (), table)


def _gap_cells(pen: MonthPen, gap: MonthGap) -> dict[str, str]:
    """Return a gap as cells."""
    few = pen.say("fewer", least=pen.facts.smallest_count)
    return {
        "gap_id": gap.id,
        "district": pen.name(gap.district) or pen.words["outside"],
        "near": pen.near(gap) or pen.words["near_none"],
        "workers": few if gap.suppressed else number(gap.workers),
        "area": f"{gap.area_km2:,.2f}",
        "state": pen.state(gap.state),
        "since": gap.since,
        "responsible": pen.name(gap.responsible) or pen.words["nobody"],
        "from": pen.words["and"].join(gap.came_from),
        "into": gap.went_into,
    }


def _gap_line(pen: MonthPen, row: Mapping[str, str], related: str, near: str) -> str:
    """Return a gap as a sentence."""
    if near:
        row = {**row, "district": pen.say("district_near", district=row["district"], near=near)}
    more = pen.say(f"say_{related}", ids=row[related]) if related and row[related] else ""
    values = {name: value for name, value in row.items() if name not in {"gap_id", "from", "into"}}
    return pen.say("say_month_gap", id=row["gap_id"], more=more, **values)


def _how(pen: MonthPen) -> list[str]:
    """Return how it was counted and matched."""
    lines = [*parameter_lines(pen), pen.words["ledger_how"]]
    if not pen.month.preview:
        key = "ledger_how_early" if pen.month.early else "ledger_how_cut"
        lines.append(pen.say(key, date=pen.date(pen.month.date)))
    if pen.month.late:
        lines.append(pen.say("ledger_how_late", date=pen.date(pen.month.late)))
    return [*lines, *([pen.words["ledger_people"]] if pen.facts.by_homes else [])]


def _notes(pen: MonthPen) -> Section:
    """Return the section about the data and how to cite."""
    data = pen.facts.summary["dataset"]
    cite = pen.say(
        "month_cite",
        title=month_title(pen),
        name=clip(data["name"], NAME_LIMIT),
        version=clip(data["version"], 32),
    )
    hotline = pen.say("hotline", hotline=pen.facts.hotline)
    return Section("notes", pen.words["notes"], (*note_lines(pen), hotline, cite))

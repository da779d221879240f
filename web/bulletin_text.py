"""From facts to sentences: a bulletin as a title, paragraphs and tables in one language."""

from collections.abc import Sequence

from web.bulletin import SMALL_HOMES, SMALL_STREET_KM, District, Facts
from web.bulletin_document import Document, Section, Table
from web.bulletin_gaps import gaps_section
from web.bulletin_lead import in_place, lead, title
from web.bulletin_notes import note_lines, parameter_lines
from web.bulletin_pen import Pen, capital, kilometres
from web.map_words import NAME_LIMIT, clip, number

#: How many districts with the same share a sentence names.
_NAMES = 4


def written(facts: Facts, lang: str) -> Document:
    """Write a bulletin.

    Parameters
    ----------
    facts : Facts
        From `web.bulletin.facts_of`.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Document
        The same facts in either language.
    """
    pen = Pen(facts, lang)
    parts = (
        _districts(pen),
        gaps_section(pen),
        _causes(pen),
        _stations(pen),
        _how(pen),
        _notes(pen),
    )
    return Document(
        lang=lang,
        title=title(pen),
        mark=pen.words["mark"] if facts.manifest.get("synthetic") else "",
        lead=tuple(lead(pen)),
        sections=tuple(part for part in parts if part is not None),
    )


def _how(pen: Pen) -> Section:
    """Return the section about parameters."""
    return Section("how", pen.words["how"], tuple(parameter_lines(pen)))


def _stations(pen: Pen) -> Section:
    """Return the section about stations."""
    counts = pen.facts.stations
    figures = {"listed": number(counts.listed), "counted": number(counts.counted)}
    figures["place"] = in_place(pen)
    if counts.counted:
        lines = [pen.say("stations_counted", kinds=pen.counts("kind", counts.kinds), **figures)]
    else:
        lines = [pen.say("stations_none", **figures)]
    if counts.not_in_use:
        statuses = pen.counts("status", counts.not_in_use)
        lines.append(pen.say("stations_status", statuses=statuses))
    if counts.states and pen.facts.departure is not None:
        time = pen.moment(pen.facts.departure)
        states = pen.counts("state", counts.states)
        lines.append(pen.say("stations_states", time=time, states=states))
    return Section("stations", pen.words["stations"], tuple(lines))


def _districts(pen: Pen) -> Section | None:
    """Return the section about districts, None where there is nothing to compare."""
    facts, kind = pen.facts, "homes" if pen.facts.by_homes else "street"
    if not facts.districts:
        return None
    head = ("rank", "district", "share", f"covered_{kind}", f"total_{kind}", "remark")
    width = len(head) if any(row.small for row in facts.districts) else len(head) - 1
    table = Table(
        pen.words[f"districts_caption_{kind}"],
        tuple(pen.words[key] for key in head)[:width],
        tuple(_district_row(pen, row)[:width] for row in facts.districts),
        tuple(_district_line(pen, row, kind) for row in facts.districts),
        head=1,
    )
    after = [pen.words["ties"]] if len(facts.districts) > 1 else []
    if any(row.small for row in facts.districts):
        least = SMALL_HOMES if facts.by_homes else SMALL_STREET_KM
        after.append(pen.say(f"small_{kind}", least=f"{least:g}"))
    if facts.outside is not None and facts.outside.total:
        row = facts.outside
        figures = {"total": pen.figure(row.total), "covered": pen.figure(row.covered)}
        after.append(pen.say(f"outside_{kind}", **figures))
    lead = tuple(_districts_lead(pen))
    return Section("districts", pen.words["districts"], lead, table, tuple(after))


def _districts_lead(pen: Pen) -> list[str]:
    """Return the sentence about the first and the last."""
    known = [row for row in pen.facts.districts if row.share is not None]
    if len(known) < 2:  # noqa: PLR2004  one alone is neither
        return []
    first, last = known[0], known[-1]
    figures = {"count": len(known), "high": pen.share(first.share), "low": pen.share(last.share)}
    if first.share == last.share:
        return [pen.say("districts_equal", **figures)]
    best = [pen.name(row.name) for row in known if row.share == first.share]
    worst = [pen.name(row.name) for row in known if row.share == last.share]
    joined = {"best": _some(pen, best), "worst": _some(pen, worst)}
    return [pen.say("districts_lead", **joined, **figures)]


def _some(pen: Pen, names: Sequence[str]) -> str:
    """Return names as one text, the first of many."""
    joined = pen.words["and"].join(names[:_NAMES])
    if len(names) <= _NAMES:
        return joined
    return pen.say("names_more", names=joined, count=len(names))


def _district_row(pen: Pen, row: District) -> tuple[str, ...]:
    """Return a district as cells."""
    if row.share is None:
        covered = total = pen.words["none"]
        share, remark = pen.words["no_data"], ""
    else:
        covered, total = pen.figure(row.covered), pen.figure(row.total)
        share, remark = pen.share(row.share), _remark(pen, row)
    rank = pen.words["no_rank"] if row.rank is None else str(row.rank)
    return rank, pen.name(row.name), share, covered, total, remark


def _district_line(pen: Pen, row: District, kind: str) -> str:
    """Return a district as a sentence."""
    if row.share is None:
        return pen.say("say_district_none", name=pen.name(row.name))
    remark = _remark(pen, row)
    return pen.say(
        f"say_district_{kind}",
        rank=row.rank,
        name=pen.name(row.name),
        share=pen.share(row.share),
        covered=pen.figure(row.covered),
        total=pen.figure(row.total),
        remark=pen.say("say_remark", remark=remark) if remark else "",
    )


def _remark(pen: Pen, row: District) -> str:
    """Return what is said of a small district."""
    if not row.small:
        return ""
    if row.interval is None:
        return pen.words["small"]
    low, high = (pen.share(share) for share in row.interval)
    return pen.say("small_interval", low=low, high=high)


def _causes(pen: Pen) -> Section:
    """Return the section about causes."""
    causes = pen.facts.summary["causes"]
    if not causes:
        return Section("causes", pen.words["causes"], (pen.words["causes_none"],))
    peopled = pen.facts.summary.get("homes") is not None
    keys = ("homes", "workers", "street_km") if peopled else ("street_km",)
    suffix = "" if peopled else "_street"
    made = [
        {
            "cause": pen.causes([code]),
            **{key: number(row[key]) for key in keys if key != "street_km"},
            "street_km": kilometres(row["street_km"]),
        }
        for code, row in causes.items()
    ]
    table = Table(
        pen.words[f"causes_caption{suffix}"],
        tuple(pen.words[key] for key in ("cause", *keys)),
        tuple(tuple(row[key] for key in ("cause", *keys)) for row in made),
        tuple(capital(pen.say(f"say_cause{suffix}", **row)) for row in made),
    )
    return Section("causes", pen.words["causes"], (), table)


def _notes(pen: Pen) -> Section:
    """Return the section about the data, the hotline and how to cite."""
    facts = pen.facts
    approval = clip(facts.approval, 60)
    data = facts.summary["dataset"]
    lines = [
        *note_lines(pen),
        pen.say("approval", number=approval) if approval else pen.words["approval_none"],
        pen.say("hotline", hotline=facts.hotline),
        pen.say(
            "cite",
            title=title(pen),
            name=clip(data["name"], NAME_LIMIT),
            version=clip(data["version"], 32),
        ),
    ]
    return Section("notes", pen.words["notes"], tuple(lines))

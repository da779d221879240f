"""What people write about opening hours, read into OSM ``opening_hours`` syntax.

The way of a text: one spelling and tokens (`geodata.hours_words`), phrases that say nothing about
the hours set aside (`geodata.hours_phrases`), times, days and dates (`geodata.hours_items`), what
belongs to what (`geodata.hours_build`), resolved day by day (`geodata.hours_plan`) and written
(`geodata.hours_write`). Valid OSM syntax
passes through. A word that is not understood makes the whole reading unknown: never open.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from opening_hours import validate

from geodata.hours_build import Builder
from geodata.hours_groups import Closed, Group
from geodata.hours_items import items
from geodata.hours_phrases import Phrases, set_aside
from geodata.hours_plan import Closure, Plan, Rule
from geodata.hours_values import DAY, HALF, HOUR, WEEK, DateSel, DaySel, Span, circle, day_of_year
from geodata.hours_words import normalise, tokens
from geodata.hours_write import write

#: Longest text that is read (bytes of UTF-8).
MAX_BYTES = 1024

#: Hours told for so few days of the year are not the hours of the place.
_FEW_DAYS = 3
#: Days on which schools may have holidays, with a margin.
_SCHOOL_HOLIDAYS = circle(day_of_year(1, 5), day_of_year(3, 5)) | circle(
    day_of_year(6, 20), day_of_year(9, 5)
)
_SUMMER, _WINTER = day_of_year(7, 15), day_of_year(1, 15)
_SEASON_DAY = {"夏": _SUMMER, "旺": _SUMMER, "冬": _WINTER, "淡": _WINTER}
_SHOWS = re.compile(
    r"演出|表演|弥撒|讲解|放映|课|秀|喷泉|仪式|礼拜|祷告|漂流|灯光|电影|开演|每场|一场|散场"
)
_PLACES = re.compile(
    r"(?:馆|站|点|园|区|店|厅|室|所|中心|处|院|堂|寺|宫|塔|厕|门|街道|广场|窗口|大厅|驿站|之家|服务)$"
)
_DOUBTFUL = re.compile(r"(?<!\d)(\d):\d\d-(?!\1)[0-9]:(?<=[0-5]:)")
_SOME_UNKNOWN = "hours are unknown at some times"
_OSM_NOTES = (
    (r"sunrise|sunset|dawn|dusk", "the sun is taken to rise at 07:00 and to set at 19:00"),
    (r"\bSH\b", "school holidays are not known"),
    (r"unknown", _SOME_UNKNOWN),
)
_OSM_STATES = re.compile(r"\d:\d|24/7|\b(?:off|closed|unknown|sunrise|sunset|dawn|dusk|PH|SH)\b")


@dataclass(frozen=True)
class HoursReading:
    """What a text about opening hours says.

    Attributes
    ----------
    osm : str
        OSM ``opening_hours``; ``""`` when nothing is known.
    understood : str
        ``ok``; ``partial`` when something was left aside or is unknown at some hours; ``unknown``.
    warnings : tuple of str
        What was not understood or left aside.
    """

    osm: str
    understood: Literal["ok", "partial", "unknown"]
    warnings: tuple[str, ...] = ()


def _by_season(builder: Builder) -> None:
    """Give seasons without months the dates of the only range that can be theirs."""
    dated = dict.fromkeys(group.dates for group in builder.groups if group.dates)

    def find(season: frozenset[str]) -> DateSel | None:
        day = next((_SEASON_DAY[each] for each in season if each in _SEASON_DAY), None)
        fitting = [dates for dates in dated if day is not None and day in dates.sure]
        return builder.season_dates.get(season) or (
            fitting[0] if len(dated) > 1 and len(fitting) == 1 else None
        )

    for group in builder.groups:
        dates = find(group.season) if group.season else None
        if dates is not None:
            group.dates, group.season = dates, frozenset()
    for place, said in enumerate(builder.closures):
        dates = find(said.closure.season) if said.closure.season else None
        if dates is not None:
            closure = replace(said.closure, dates=dates, season=frozenset())
            builder.closures[place] = Closed(closure)


def _main(groups: list[Group]) -> tuple[list[Group], str]:
    """Return the groups of the place itself, and what its parts were called; none if unclear."""
    subjects = list(dict.fromkeys(group.subject for group in groups))
    if len(subjects) == 1:
        name = subjects[0]
        fits = not name or (_PLACES.search(name) is not None and not _SHOWS.search(name))
        return (groups, "") if fits else ([], name)
    if not groups or groups[0].subject:
        return [], "、".join(subjects)
    return [group for group in groups if not group.subject], "、".join(filter(None, subjects))


def _rule(group: Group, groups: Sequence[Group]) -> Rule | None:
    """Return a group as a rule; None where 全天 only means without a break."""
    spans = _afternoons(group.spans)
    if spans and group.whole == "h24":
        spans.append(Span(0, DAY, sure=False))
    elif not spans and group.whole == "h24":
        spans = [Span(0, DAY)]
    elif not spans and group.whole == "untold":
        spans = [Span(0, DAY, sure=False)]
    elif not spans:
        others = [each for each in groups if each.spans]
        if any(each.days is None and each.dates == group.dates for each in others) and group.days:
            return None
        spans = [Span(0, DAY, sure=not others)]
    return Rule(tuple(spans), group.dates, group.days, group.season)


def _untold(groups: Sequence[Group], kept: Sequence[Group]) -> list[Rule]:
    """Return unknown hours for days of which only parts of the place were told."""
    if any(group.days is None or group.days.every for group in kept):
        return []
    told = frozenset[int]().union(*(group.days.days for group in kept if group.days))
    left = [group for group in groups if group not in kept and group.days]
    days = frozenset[int]().union(*(group.days.days for group in left if group.days)) - told
    holiday = any(group.days and group.days.holiday for group in left)
    untold = Rule((Span(0, DAY, sure=False),), None, DaySel(days, holiday=holiday))
    return [untold] if days or holiday else []


def _afternoons(spans: Sequence[Span]) -> list[Span]:
    """Read ``8:00-11:30,2:00-5:00`` with the second span in the afternoon."""
    mended: list[Span] = []
    for span in spans:
        before = mended[-1] if mended else None
        early = (
            before and span.start < 6 * HOUR and span.end <= 8 * HOUR and span.start < before.start
        )
        fits = before and before.end <= span.start + HALF and 10 * HOUR <= before.end <= 15 * HOUR
        mended.append(
            replace(span, start=span.start + HALF, end=span.end + HALF) if early and fits else span
        )
    return mended


def _closures(builder: Builder) -> tuple[Closure, ...]:
    """Return the closures; each in its own season where the seasons have different ones."""
    plain = [said for said in builder.closures if said.closure.dates is None and said.context]
    differing = {(said.context, said.closure.days) for said in plain}
    scoped = (
        len({context for context, _ in differing}) > 1 and len({days for _, days in differing}) > 1
    )
    return tuple(
        part
        for said in builder.closures
        for part in _school_closures(
            replace(said.closure, dates=said.context) if scoped and said in plain else said.closure
        )
    )


def _school_closures(closure: Closure) -> list[Closure]:
    """Return a closure with school holidays as dates on which it is doubtful."""
    days = closure.days
    if days is None or not days.school:
        return [closure]
    doubtful = Closure(DateSel(fuzzy=_SCHOOL_HOLIDAYS), part=closure.part, sure=False)
    rest = replace(closure, days=replace(days, school=False))
    return [rest, doubtful] if days.days or days.holiday else [doubtful]


def _ordinary(rules: Sequence[Rule], closures: Sequence[Closure]) -> list[Rule]:
    """Add that weekends are unknown where only ordinary days and holidays were told."""
    told = frozenset[int]().union(*(rule.days.days if rule.days else WEEK for rule in rules))
    holiday = any(rule.days and (rule.days.holiday or rule.days.school) for rule in rules)
    only_ordinary = any(rule.days and rule.days.ordinary for rule in rules)
    working = any(rule.days and rule.days.work for rule in rules)
    added = list(rules)
    seasonal = any(rule.dates for rule in rules) or any(each.dates for each in closures)
    if only_ordinary and seasonal:
        return [replace(r, days=None) if r.days and r.days.ordinary else r for r in rules]
    if not told & {5, 6} and (only_ordinary or (working and holiday)):
        untold = Span(0, DAY, sure=False)
        added.append(Rule((untold,), None, DaySel(frozenset({5, 6}))))
    if any(rule.days and rule.days.school for rule in rules):
        added = _with_school(added)
    return added


def _with_school(rules: Sequence[Rule]) -> list[Rule]:
    """School holidays have no dates here: their hours are unknown wherever they differ."""
    doubtful = tuple(
        replace(span, sure=False)
        for rule in rules
        if rule.days and rule.days.school
        for span in rule.spans
    )
    plain = []
    for rule in rules:
        if rule.days and rule.days.school:
            if not rule.days.holiday and not rule.days.days:
                continue
            rule = replace(rule, days=replace(rule.days, school=False))  # noqa: PLW2901
        plain.append(replace(rule, spans=rule.spans + doubtful))
    told = frozenset[int]().union(*(rule.days.days if rule.days else WEEK for rule in plain))
    if plain and told < WEEK:
        dates = DateSel(fuzzy=_SCHOOL_HOLIDAYS)
        plain.append(Rule(doubtful, dates, DaySel(WEEK - told)))
    return plain


def _plan(builder: Builder, phrases: Phrases) -> tuple[Plan | None, list[str]]:
    """Return the plan and the reasons for doubt; None where nothing can be said."""
    _by_season(builder)
    groups, parts = _main(builder.groups)
    warnings = [f"hours of parts of the place left out: {parts}"] if parts else []
    if builder.groups and not groups:
        return None, [f"hours of different things: {parts}"]
    unread = [text for text in builder.unread if text.strip()]
    if unread:
        return None, ["not understood: " + "、".join(unread)]
    rules = [rule for group in groups if (rule := _rule(group, groups))]
    rules += _untold(builder.groups, groups)
    closures = _closures(builder)
    reason = _refusal(rules, closures)
    if reason:
        return None, [reason]
    if not rules and closures:
        rules = [Rule((Span(0, DAY, sure=False),))]
        warnings.append("only closures are told")
    if builder.approximate:
        rules = [_doubted(rule) for rule in rules]
        warnings.append("approximate times")
    if _tangled(rules, closures):
        rules, closures = [replace(_doubted(rule), dates=None) for rule in rules], ()
        warnings.append("approximate seasons overlap")
    told = builder.open_holidays, phrases.holidays_unknown, phrases.rest_unknown
    return Plan(tuple(_ordinary(rules, closures)), closures, *told), warnings


def _refusal(rules: Sequence[Rule], closures: Sequence[Closure]) -> str:
    """Return why rules and closures are no opening hours, ``""`` if they are."""
    dates = [rule.dates for rule in rules if rule.dates]
    if rules and len(dates) == len(rules):
        if all(each.festival for each in dates):
            return "only festivals without fixed dates are told"
        days = frozenset[int]().union(*(each.all for each in dates))
        if len(days) <= _FEW_DAYS and not any(each.years for each in dates):
            return "hours of single days only"
    passing = all((each.dates and each.dates.years) or each.part for each in closures)
    return "only closures are told" if closures and not rules and passing else ""


def _doubted(rule: Rule) -> Rule:
    """Return a rule whose spans are all uncertain."""
    return replace(rule, spans=tuple(replace(span, sure=False) for span in rule.spans))


def _tangled(rules: Sequence[Rule], closures: Sequence[Closure]) -> bool:
    """Tell whether approximate dates of opening and closing run into each other."""
    told = [rule.dates for rule in rules] + [closure.dates for closure in closures]
    fuzzy = {dates.fuzzy: None for dates in told if dates and not dates.festival and dates.fuzzy}
    return len(frozenset[int]().union(*fuzzy)) < sum(map(len, fuzzy))


@lru_cache(maxsize=8192)
def read_hours(text: str) -> HoursReading:
    """Read what somebody wrote about opening hours.

    Parameters
    ----------
    text : str
        Chinese or English, or OSM ``opening_hours``, which passes through.

    Returns
    -------
    HoursReading
        What is not understood is unknown, with a warning. Never raises.

    Examples
    --------
    >>> read_hours("周一至周五 上午9点－下午5点，节假日休息").osm
    'Mo-Fr 09:00-17:00; PH off'
    >>> read_hours("9:00-16:00（周一闭馆）").osm
    'Tu-Su 09:00-16:00'
    >>> read_hours("25:00").understood
    'unknown'
    """
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return HoursReading("", "unknown", (f"longer than {MAX_BYTES} bytes: {size}",))
    text = text.encode("utf-8", "replace").decode().strip()
    return _osm(text) or _free(text)


def _free(text: str) -> HoursReading:
    """Read free text."""
    phrases = set_aside(normalise(text))
    if not text or phrases.refusal:
        return HoursReading("", "unknown", (phrases.refusal or "no hours given",))
    builder = Builder(items(tokens(phrases.text)))
    builder.build()
    plan, warnings = _plan(builder, phrases)
    osm = write(plan) if plan is not None and plan.rules else ""
    notes = [*phrases.notes, *warnings]
    if osm in ("", "off") or not validate(osm):
        reason = notes or [f"no opening hours understood: {text[:40]!r}"]
        return HoursReading("", "unknown", tuple(reason))
    if "unknown" in osm:
        notes.append(_SOME_UNKNOWN)
    if phrases.leaves_early(_ends(builder)):
        notes.append("last entry is before closing")
    return HoursReading(osm, "partial" if notes else "ok", tuple(notes))


def _ends(builder: Builder) -> frozenset[int]:
    """Return the closing times that were read, in minutes."""
    return frozenset(span.end for group in builder.groups for span in group.spans)


def _osm(text: str) -> HoursReading | None:
    """Return valid OSM syntax as it is, if it says when: a comment or bare days do not."""
    bare = re.sub(r'"[^"]*"', "", text)
    clock_only = re.fullmatch(r"[\s\d:,;-]*", bare) is not None
    spans = [part for part in bare.split(";") if re.fullmatch(r"[\s\d:,+-]*", part)]
    doubtful = (
        clock_only
        or re.search(r"\d/\d(?!\b$)", bare.replace("24/7", ""))
        or len(spans) > 1
        or _DOUBTFUL.search(bare)
        or "\n" in text
    )
    if doubtful or not _OSM_STATES.search(bare) or not validate(text):
        return None
    notes = [note for pattern, note in _OSM_NOTES if re.search(pattern, bare)]
    return HoursReading(text, "partial" if notes else "ok", tuple(notes))

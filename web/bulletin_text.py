"""From facts to sentences: a bulletin as a title, paragraphs and tables in one language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from web.bulletin import SMALL_HOMES, SMALL_STREET_KM, District, Facts, Gap
from web.bulletin_words import WORDS
from web.map_text import CAUSES
from web.map_words import NAME_LIMIT, TEXT_LIMIT, clip, number, percent

_SINGULAR_AN = (8, 11, 18)

#: How many districts with the same share a sentence names.
_NAMES = 4

#: Causes that say already that there is no way to any station.
_NO_WAY = frozenset({"unreachable", "off_network"})


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    caption : str
        What it shows.
    header : tuple of str
        Names of the columns.
    rows : tuple of tuple of str
        Cells; figures and texts ready to be read.
    spoken : tuple of str
        The rows as sentences, for plain text.
    head : int
        The column that names the row.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spoken: tuple[str, ...]
    head: int = 0

    @property
    def figures(self) -> tuple[bool, ...]:
        """Whether each column holds figures, to be set flush right."""
        columns = zip(*self.rows, strict=True)
        return tuple(any(map(_is_figure, column)) for column in columns)


def _is_figure(text: str) -> bool:
    """Tell whether a cell is a figure."""
    return text.rstrip("%").replace(",", "").replace(".", "", 1).isdecimal()


@dataclass(frozen=True)
class Section:
    """A part of a bulletin with its heading.

    Attributes
    ----------
    name : str
        Stable, in no language.
    heading : str
        Of the second level.
    paragraphs : tuple of str
        Sentences before the table.
    table : Table or None
        At most one.
    after : tuple of str
        Sentences after the table.
    """

    name: str
    heading: str
    paragraphs: tuple[str, ...]
    table: Table | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A bulletin in one language.

    Attributes
    ----------
    lang : str
        ``zh`` or ``en``.
    title : str
        Of the first level.
    mark : str
        That the data is fictional, ``""`` where it is not.
    lead : tuple of str
        The finding, in sentences that can stand alone.
    sections : tuple of Section
        The rest.
    """

    lang: str
    title: str
    mark: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]


class Pen:
    """Writes figures, times and codes of one set of facts in one language.

    Parameters
    ----------
    facts : Facts
        What is told.
    lang : str
        ``zh`` or ``en``.
    """

    def __init__(self, facts: Facts, lang: str) -> None:
        self.facts, self.lang = facts, lang
        self.words = WORDS[lang]
        self.labels = facts.labels[lang]

    def say(self, key: str, **values: Any) -> str:
        """Fill a text.

        Parameters
        ----------
        key : str
            Which.
        **values : Any
            What goes into its places.

        Returns
        -------
        str
            Plain text.
        """
        unit = "minute" if self.minutes == "1" else "minutes"
        return self.words[key].format(**{"unit": unit, **values})

    def share(self, value: float | None) -> str:
        """Write a share as the map does, in words where it is tiny.

        Parameters
        ----------
        value : float or None
            Between 0 and 1.

        Returns
        -------
        str
            Such as ``70.0%``.
        """
        text = percent(value)
        return self.words["less"] if text.startswith("<") else text

    def figure(self, value: float | None) -> str:
        """Write homes, workers, or kilometres where there are no homes.

        Parameters
        ----------
        value : float or None
            A figure.

        Returns
        -------
        str
            Kilometres have one decimal.
        """
        return number(value) if self.facts.by_homes else kilometres(value)

    def name(self, text: str) -> str:
        """Return what a stranger called something.

        Parameters
        ----------
        text : str
            A name.

        Returns
        -------
        str
            One line, no longer than a map shows it.
        """
        return clip(text, NAME_LIMIT)

    def listed(self, table: str, codes: Iterable[str], between: str = "and") -> str:
        """Return the names of codes as one text.

        Parameters
        ----------
        table : str
            Such as ``kind``.
        codes : iterable of str
            Codes.
        between : str, optional
            Key of what stands between them.

        Returns
        -------
        str
            In the order given.
        """
        names = (self.labels.get(table, {}).get(code, code) for code in codes)
        return self.words[between].join(clip(name, NAME_LIMIT) for name in names)

    def counts(self, table: str, tally: Mapping[str, int]) -> str:
        """Return counts by code as one text.

        Parameters
        ----------
        table : str
            Of the codes; ``state`` for open, closed, unknown.
        tally : mapping of str to int
            Counts.

        Returns
        -------
        str
            Such as ``care station 89, drivers' home 2``.
        """
        parts = []
        for code, count in tally.items():
            label = (
                self.words[f"state_{code}"]
                if table == "state"
                else clip(self.labels.get(table, {}).get(code, code), NAME_LIMIT)
            )
            parts.append(self.say("count_of", name=label, count=number(count)))
        return self.words["and"].join(parts)

    def moment(self, time: datetime) -> str:
        """Write a day and a time of day.

        Parameters
        ----------
        time : datetime
            In the time zone of the place.

        Returns
        -------
        str
            Such as ``03:00 on Sunday, 22 November 2026``.
        """
        weekday = self.words["weekdays"].split()[time.weekday()]
        return self.say("moment", clock=f"{time:%H:%M}", weekday=weekday, **self._day(time))

    def date(self, iso: str) -> str:
        """Write a day.

        Parameters
        ----------
        iso : str
            ISO 8601.

        Returns
        -------
        str
            What came, where it is no day.
        """
        try:
            day = datetime.fromisoformat(iso)
        except ValueError:
            return clip(iso, 40)
        return self.say("date", **self._day(day))

    def _day(self, time: datetime) -> dict[str, Any]:
        """Return the parts of a day."""
        months = self.words.get("months", "").split()
        return {
            "year": time.year,
            "month": time.month,
            "day": time.day,
            "month_name": months[time.month - 1] if months else "",
        }

    @property
    def mode(self) -> str:
        """The mode in words."""
        return self.listed("mode", [str(self.facts.parameters["mode"])])

    @property
    def by(self) -> str:
        """How one travels, as it stands in a sentence."""
        key = f"by_{self.facts.parameters['mode']}"
        return self.say(key if key in self.words else "by", mode=self.mode)

    @property
    def nearest(self) -> str:
        """What the nearest station is called: the one that meets all that was asked for."""
        asked = self.facts.parameters
        fits = asked["at"] or asked["need"] or asked["kind"] or asked["access"]
        return self.words["nearest_fit" if fits else "nearest"]

    @property
    def minutes(self) -> str:
        """The limit."""
        return f"{self.facts.parameters['minutes']:g}"

    def causes(self, codes: Sequence[str]) -> str:
        """Return causes in words.

        Parameters
        ----------
        codes : sequence of str
            Codes.

        Returns
        -------
        str
            As the map calls them.
        """
        return self.words["semicolon"].join(CAUSES[self.lang].get(code, code) for code in codes)


def kilometres(value: float | None) -> str:
    """Write a length or an area.

    Parameters
    ----------
    value : float or None
        Kilometres.

    Returns
    -------
    str
        With one decimal and thousands set apart.

    Examples
    --------
    >>> kilometres(12979.317), kilometres(None)
    ('12,979.3', '–')
    """
    return number(None) if value is None else f"{value:,.1f}"


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
    parts = (_districts(pen), _gaps(pen), _causes(pen), _stations(pen), _how(pen), _notes(pen))
    return Document(
        lang=lang,
        title=title(pen),
        mark=pen.words["mark"] if facts.manifest.get("synthetic") else "",
        lead=tuple(_lead(pen)),
        sections=tuple(part for part in parts if part is not None),
    )


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
        return pen.say("title", what=_capital(what), minutes=pen.minutes)
    return pen.say("title_place", place=place, what=what, minutes=pen.minutes)


def _place(facts: Facts) -> str:
    """Return the name of the place, ``""`` where the data only has the name of a folder."""
    return clip(facts.region or facts.manifest.get("title"), NAME_LIMIT)


def _in_place(pen: Pen) -> str:
    """Return where, as it stands in a sentence."""
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


def _lead(pen: Pen) -> list[str]:
    """Return the headline and what belongs to it."""
    facts, summary = pen.facts, pen.facts.summary
    place = _in_place(pen)
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


def parameter_lines(pen: Pen) -> list[str]:
    """Return the parameters in sentences.

    Parameters
    ----------
    pen : Pen
        With its facts.

    Returns
    -------
    list of str
        One sentence each.
    """
    facts, asked = pen.facts, pen.facts.parameters
    key = "how_mode_kph" if asked["speed_kph"] else "how_mode_road"
    lines = [pen.say(key, mode=pen.mode, speed=f"{asked['speed_kph']:.1f}", minutes=pen.minutes)]
    if facts.departure is None:
        lines.append(pen.words["how_any"])
    else:
        linger = f"{asked['linger_minutes']:g}"
        lines.append(pen.say("how_at", time=pen.moment(facts.departure), linger=linger))
    counted = asked["counted"]
    lines.append(
        pen.say(
            "how_kinds",
            kinds=pen.listed("kind", counted["kinds"]),
            statuses=pen.listed("status", counted["statuses"]),
            access=pen.listed("access", counted["access"]),
        )
    )
    if asked["need"]:
        lines.append(pen.say("how_needs", needs=pen.listed("need", asked["need"])))
    if asked["stations_at_least"] > 1:
        lines.append(pen.say("how_at_least", count=asked["stations_at_least"]))
    here = pen.say("how_region", region=pen.name(facts.region)) if facts.region else ""
    return [*lines, here or pen.words["how_all"]]


def _how(pen: Pen) -> Section:
    """Return the section about parameters."""
    return Section("how", pen.words["how"], tuple(parameter_lines(pen)))


def _stations(pen: Pen) -> Section:
    """Return the section about stations."""
    counts = pen.facts.stations
    figures = {"listed": number(counts.listed), "counted": number(counts.counted)}
    figures["place"] = _in_place(pen)
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
        tuple(_capital(pen.say(f"say_cause{suffix}", **row)) for row in made),
    )
    return Section("causes", pen.words["causes"], (), table)


def _capital(text: str) -> str:
    """Return a sentence that begins with a capital, where the script has them."""
    return text[:1].upper() + text[1:]


def _gaps(pen: Pen) -> Section:
    """Return the section about the largest gaps."""
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
    names = {
        "number": pen.words["number"],
        "district": pen.words["district"],
        "workers": pen.words["workers"],
        "area": pen.words["area"],
        "cause": pen.words["cause"],
        "nearest": _capital(pen.nearest),
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
    cause = pen.causes([gap.cause])
    if gap.also:
        cause = pen.say("also", cause=cause, also=pen.causes(gap.also))
    return {
        "number": str(place),
        "district": pen.name(gap.district) or pen.words["outside"],
        "workers": _few(pen, gap, "fewer") or number(gap.workers),
        "area": f"{gap.area_km2:,.2f}",
        "cause": cause,
        "nearest": pen.name(gap.station) or pen.words["no_station"],
        "minutes": pen.words["no_path"] if gap.minutes is None else number(gap.minutes),
    }


def _where(pen: Pen, gap: Gap) -> str:
    """Return where a gap lies, as it stands in a sentence; ``""`` where there are no districts."""
    if gap.district:
        return pen.say("gap_where", district=pen.name(gap.district))
    return pen.words["gap_where_none"] if pen.facts.has_districts else ""


def _gap_line(pen: Pen, row: Mapping[str, str], gap: Gap) -> str:
    """Return a gap as a sentence."""
    nearest = "" if gap.cause in _NO_WAY else pen.words["say_gap_none"]
    if gap.minutes is not None:
        values = {"station": row["nearest"], "minutes": row["minutes"], "by": pen.by}
        nearest = pen.say("say_gap_nearest", nearest=pen.nearest, **values)
    place = workers = ""
    if pen.facts.has_districts:
        place = pen.say("say_gap_place", district=_capital(row["district"]))
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


def note_lines(pen: Pen) -> list[str]:
    """Return what to know about the data.

    Parameters
    ----------
    pen : Pen
        With its facts.

    Returns
    -------
    list of str
        Sentences: data, date, sources, attribution, rounding, privacy.
    """
    facts, summary = pen.facts, pen.facts.summary
    data = {"name": clip(summary["dataset"]["name"], NAME_LIMIT)}
    data["version"] = clip(summary["dataset"]["version"], 32)
    date = summary["dataset"]["as_of"]
    lines = [
        pen.say("data", **data),
        pen.say("data_date", date=pen.date(date)) if date else pen.words["data_date_none"],
    ]
    sources = _sources(pen)
    lines += [pen.say("sources", sources=sources)] if sources else []
    attribution = _attribution(pen)
    lines += [pen.say("attribution", attribution=attribution)] if attribution else []
    if summary.get("homes") is not None:
        exact = summary["rounded_to"] is None
        lines.append(
            pen.words["exact"] if exact else pen.say("rounding", rounded=summary["rounded_to"])
        )
        lines.append(pen.say("privacy", least=facts.smallest_count))
    if summary["warnings"]:
        lines.append(pen.words["holiday"])
    return lines


def _sources(pen: Pen) -> str:
    """Return where the parts of the data come from."""
    parts = []
    for source in pen.facts.manifest.get("sources") or ():
        kind = str(source.get("kind", ""))
        label = pen.words.get(f"source_{kind}", clip(kind, 40))
        if kind == "homes":
            parts.append(pen.words["source_homes_note"])
            continue
        named = [clip(name, TEXT_LIMIT) for name in source.get("named") or () if name]
        file = clip(source.get("file"), TEXT_LIMIT)
        licence = clip(source.get("licence"), 60)
        text = pen.words["and"].join([*named] or [file])
        more = f"（{licence}）" if pen.lang == "zh" else f" ({licence})"
        between = "：" if pen.lang == "zh" else ": "
        parts.append(f"{label}{between}{text}{more if licence else ''}")
    return pen.words["semicolon"].join(parts)


def _attribution(pen: Pen) -> str:
    """Return who must be named."""
    given = pen.facts.manifest.get("attribution")
    parts = [given] if isinstance(given, str) else list(given or ())
    lines = [pen.words["osm"]] if any("OpenStreetMap" in str(part) for part in parts) else []
    others = [clip(part, TEXT_LIMIT) for part in parts if "OpenStreetMap" not in str(part)]
    lines += [_in_language(part, pen.lang) for part in others]
    return pen.words["semicolon"].join(line for line in lines if line)


def _in_language(text: str, lang: str) -> str:
    """Return the half of a text that says the same in Chinese and, after a middle dot, English."""
    halves = text.split(" · ")
    if len(halves) != 2 or halves[0].isascii() or not halves[1].isascii():  # noqa: PLR2004  two
        return text
    return halves[0 if lang == "zh" else 1]


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

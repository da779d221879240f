"""What to know about the figures of a bulletin and of a download: question, data, sources."""

from web.bulletin_pen import Pen
from web.map_words import NAME_LIMIT, TEXT_LIMIT, clip


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

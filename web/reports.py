"""Answers as plain text for a terminal. Widths count Chinese characters as two columns."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson

_MINUTE = 60

#: How many rows of one sort a report lists.
_LISTED = 50
_MODES = {
    "walk": "on foot",
    "ebike": "by e-bike",
    "bicycle": "by bicycle",
    "drive": "by car",
    "truck": "by truck",
}
_REASONS = {
    "too_far": "the nearest station is too far",
    "closed": "what is near will be closed",
    "hours_unknown": "nobody knows the hours of what is near",
    "no_such_need": "what is near does not serve this need",
    "access": "what is near cannot be entered this way",
    "off_network": "no street within 500 m",
    "unreachable": "no way leads to any station",
    "no_data": "outside the data",
}


def json_text(found: Mapping[str, Any]) -> str:
    """Return a report or an answer as JSON for a terminal.

    Parameters
    ----------
    found : mapping
        JSON values, arrays and scalars of numpy, mappings; anything else becomes its text, and a
        number that is not finite null.

    Returns
    -------
    str
        Indented by two.

    Examples
    --------
    >>> print(json_text({"share": 0.5}))
    {
      "share": 0.5
    }
    """
    option = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(found, default=_json_value, option=option).decode()


def _json_value(value: Any) -> object:
    """Return a JSON value for what orjson does not know, numpy's arrays and scalars among it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return dict(value) if isinstance(value, Mapping) else str(value)


def width(text: str) -> int:
    """Return how many columns a text takes on a terminal.

    Parameters
    ----------
    text : str
        One line.

    Returns
    -------
    int
        Wide characters count as two.

    Examples
    --------
    >>> width("驿站 1")
    6
    """
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def shown(text: str) -> str:
    r"""Return a stranger's text without what could move a terminal's cursor.

    Parameters
    ----------
    text : str
        Such as a station's name.

    Returns
    -------
    str
        Control and direction marks replaced by spaces.

    Examples
    --------
    >>> shown("a\x1b[2Jb")
    'a [2Jb'
    """
    return "".join(" " if unicodedata.category(sign) in {"Cc", "Cf"} else sign for sign in text)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of texts as aligned lines.

    Parameters
    ----------
    rows : sequence of sequence of str
        All of one length.

    Returns
    -------
    list of str
        Columns two blanks apart.
    """
    if not rows:
        return []
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            text + " " * (room - width(text)) for text, room in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _clock(text: str) -> str:
    """Return an ISO time as ``2026-11-22 20:00``."""
    return text[:16].replace("T", " ")


def _hours(state: Mapping[str, Any]) -> str:
    """Return whether a station is open, in words."""
    words = str(state["state"])
    if words == "unknown":
        return "hours unknown"
    return f"{words} until {_clock(state['until'])}" if state["until"] else words


def _station_row(station: Mapping[str, Any]) -> list[str]:
    """Return a station as a row of texts."""
    seconds, metres = station["seconds"], station["metres"]
    time = "-" if seconds is None else f"{seconds / _MINUTE:.1f} min"
    length = station["straight_metres"] if metres is None else metres
    return [
        time,
        f"{length:.0f} m" if length is not None else "",
        shown(station["name"]),
        _hours(station["open"]),
        shown(station["id"]),
        ", ".join(station.get("fails", [])),
    ]


def nearest_report(answer: Mapping[str, Any]) -> str:
    """Return a nearest answer as text.

    Parameters
    ----------
    answer : mapping
        The HTTP object.

    Returns
    -------
    str
        The verdict first, then the stations, then what fails.
    """
    limit = f"{answer['limit_seconds'] / _MINUTE:.0f} min {_MODES[answer['mode']]}"
    verdict = "covered" if answer["covered"] else "not covered"
    why = f": {_REASONS[answer['reason']]}" if answer["reason"] else ""
    lines = [f"{verdict}{why} ({limit}, leaving {_clock(answer['at'])})"]
    lines += [f"  {line}" for line in table([_station_row(s) for s in answer["stations"]])]
    if answer["alternatives"]:
        lines.append("what fails a condition:")
        rows = [_station_row(station) for station in answer["alternatives"]]
        lines += [f"  {line}" for line in table(rows)]
    lines += [f"note: {warning}" for warning in answer["warnings"]]
    lines.append(f"hotline {answer['hotline']}")
    return "\n".join(lines)


def _share(value: float | None) -> str:
    """Return a share in percent."""
    return "-" if value is None else f"{value:.1%}"


def _figure(value: float | None) -> str:
    """Return a figure with thousands set apart."""
    return "-" if value is None else f"{value:,.0f}"


def _people_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return the lines about homes and workers."""
    names = ("total", "covered", "uncovered", "unreachable", "off_network")
    rows = [["", *names]]
    rows += [
        [key, *(_figure(summary[key].get(name)) for name in names)]
        for key in ("homes", "workers")
        if summary.get(key)
    ]
    return table(rows) if len(rows) > 1 else []


def _part_lines(title: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return the lines of groups or regions."""
    if not rows:
        return []
    cells = [
        [
            shown(name),
            _share(part.get("share_covered")),
            *(
                f"{key} {_figure(part[key].get('covered'))} of {_figure(part[key].get('total'))}"
                for key in ("homes", "workers")
                if part.get(key)
            ),
        ]
        for name, part in rows
    ]
    longest = max(len(row) for row in cells)
    padded = [[*row, *[""] * (longest - len(row))] for row in cells]
    return ["", title, *(f"  {line}" for line in table(padded))]


def _cause_lines(causes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the lines about causes, with the share of each in what is not covered."""
    if not causes:
        return []
    of = "workers" if any(row.get("workers") for row in causes.values()) else "street_km"
    total = sum(row.get(of) or 0 for row in causes.values())
    rows = [["", "share", "homes", "workers", "street km"]]
    rows += [
        [
            cause,
            _share((row.get(of) or 0) / total if total else None),
            _figure(row.get("homes")),
            _figure(row.get("workers")),
            f"{row['street_km']:,.1f}",
        ]
        for cause, row in causes.items()
    ]
    return ["", "why not covered", *(f"  {line}" for line in table(rows))]


def _part_cause_lines(title: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return the lines about causes of groups or regions: workers, or kilometres of street."""
    found = [part["causes"] for _, part in rows if part.get("causes")]
    if not found:
        return []
    of = "workers" if any("workers" in row for part in found for row in part.values()) else ""
    of = of or "street_km"
    causes = list(dict.fromkeys(cause for part in found for cause in part))
    cells = [["", *causes]]
    cells += [
        [
            shown(name),
            *(_figure((part["causes"].get(cause) or {}).get(of) or 0) for cause in causes),
        ]
        for name, part in rows
    ]
    unit = "workers" if of == "workers" else "km of street"
    return ["", f"why not covered, {title} ({unit})", *(f"  {line}" for line in table(cells))]


def coverage_report(summary: Mapping[str, Any]) -> str:
    """Return a coverage summary as text.

    Parameters
    ----------
    summary : mapping
        The ``summary`` of the HTTP object.

    Returns
    -------
    str
        The share first, then people, streets, groups, regions, causes.
    """
    asked, band = summary["parameters"], summary["share_band"]
    at = f"leaving {_clock(asked['at'])}" if asked["at"] else "regardless of hours"
    question = f"{asked['minutes']:g} min {_MODES[asked['mode']]}, {at}"
    of = {"street_km": "street length"}.get(summary["share_of"], summary["share_of"])
    lines = [
        f"{_share(summary['share_covered'])} of {of} within {question}",
        f"  slow and fast: {_share(band['slow'])} to {_share(band['fast'])}",
    ]
    if summary["share_covered_if_unknown_open"] != summary["share_covered"]:
        upper = _share(summary["share_covered_if_unknown_open"])
        lines.append(f"  if stations with unknown hours were open: {upper}")
    lines += ["", *_people_lines(summary)]
    for key, unit in (("street_km", "km of street"), ("area_km2", "km² near streets")):
        part = summary[key]
        lines.append(f"{part['covered']:,.1f} of {part['total']:,.1f} {unit}")
    named = any(summary["groups"])  # else nobody belongs to any
    groups = [(code or "(none)", row) for code, row in summary["groups"].items() if named]
    regions = [(row["name"] or row["id"] or "(outside)", row) for row in summary["regions"]]
    lines += _part_lines("by group", groups) + _part_lines("by region", regions)
    if "by" in summary:
        column, words = summary["by"]["column"], summary["by"]["words"]
        worst = sorted(words.items(), key=lambda row: (-row[1]["workers"]["uncovered"], row[0]))
        lines += _part_lines(f"by {column}", [(word or "(none)", part) for word, part in worst])
    lines += _cause_lines(summary["causes"])
    lines += _part_cause_lines("by group", groups) + _part_cause_lines("by region", regions)
    lines += [f"note: {warning}" for warning in summary["warnings"]]
    rounded = f", rounded to {summary['rounded_to']}" if summary["rounded_to"] else ""
    data = summary["dataset"]
    lines += ["", f"people: {summary['people']}{rounded}; data: {data['name']} {data['version']}"]
    return "\n".join(lines)


def _reject_line(row: Mapping[str, Any]) -> str:
    """Return a rejected row as one line."""
    place = " ".join(
        f"{word} {row[key]}" for key, word in (("sheet", "sheet"), ("row", "row")) if row.get(key)
    )
    column = f", {row['column']}" if row.get("column") else ""
    fix = f" ({row['fix']})" if row.get("fix") else ""
    return shown(f"{row.get('file', '')} {place}{column}: {row['reason']}{fix}").strip()


def check_report(found: Mapping[str, Any]) -> str:
    """Return what a check found as text.

    Parameters
    ----------
    found : mapping
        From `web.intake.check_table`.

    Returns
    -------
    str
        Counts first, then the datum, the rejects, duplicates and hours not understood.
    """
    rejects = found["rejects"]
    counts = (
        f"{found.get('rows', 0)} rows, {found['accepted']} accepted, "
        f"{found.get('rejected', len(rejects))} rejected"
    )
    lines = [f"{shown(str(found.get('file', '')))}: {found['table']}, {counts}"]
    how = [f"{key} {found[key]}" for key in ("format", "encoding") if found.get(key)]
    lines += [", ".join(how)] if how else []
    lines += _datum_lines(found.get("datum"))
    hours = found.get("hours")
    if hours:
        lines.append("hours: " + ", ".join(f"{count} {state}" for state, count in hours.items()))
    lines += [shown(f"note: {warning}") for warning in found.get("warnings", [])]
    lines += (
        ["rejected:", *_first_lines(map(_reject_line, rejects), len(rejects))] if rejects else []
    )
    lines += _pair_lines("same place twice:", found.get("duplicates", []), "duplicate_of")
    lines += _pair_lines("hours not understood:", found.get("hours_not_understood", []), "text")
    return "\n".join(lines)


def _datum_lines(datum: Any) -> list[str]:
    """Return the lines about the datum."""
    if not isinstance(datum, Mapping):
        return [f"datum: {datum}"] if datum else []
    parts = [
        f"{key} {value}" for key, value in datum.items() if value and not isinstance(value, Mapping)
    ]
    return [shown(f"datum: {', '.join(parts) if parts else 'not declared'}")]


def _pair_lines(title: str, rows: Sequence[Mapping[str, Any]], column: str) -> list[str]:
    """Return the lines that list stations with one more column."""
    if not rows:
        return []
    pairs = (shown(f"{row['id']} {row['name']}: {row[column]}") for row in rows)
    return [title, *_first_lines(pairs, len(rows))]


def _first_lines(lines: Iterable[str], count: int) -> list[str]:
    """Return the first of so many lines, and how many more there are."""
    more = [f"  … and {count - _LISTED} more"] if count > _LISTED else []
    return [*(f"  {line}" for line in islice(lines, _LISTED)), *more]

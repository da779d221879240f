"""What ``locator gaps`` and ``locator bulletin`` do."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from geodata.errors import Fault
from geodata.swap import replacing_file
from web.bulletin import facts_of
from web.bulletin_document import Document
from web.bulletin_month import month_facts
from web.bulletin_month_docx import as_docx
from web.bulletin_month_page import standing_page
from web.bulletin_month_text import month_written
from web.bulletin_render import as_markdown, as_text
from web.bulletin_text import written
from web.commands import ensured, open_service, usage
from web.console import say
from web.dependencies import departure, read_values
from web.ledger import CUT_DAY, Ledger, checked_date, ledger_folder, today
from web.ledger_cut import begin, make_cut, next_of
from web.ledger_listing import gap_list, gap_object, history, list_text, month_of, sums_text
from web.ledger_schemas import GapChange, GapsQuestion
from web.ledger_standing import Standing
from web.reports import json_text
from web.schemas import CoverageQuestion
from web.settings import Settings

#: What writes a bulletin, by the ending of the file.
_WRITERS: Mapping[str, Callable[[Document, str], bytes]] = {
    ".md": lambda document, _: as_markdown(document).encode(),
    ".txt": lambda document, _: as_text(document).encode(),
    ".html": lambda document, date: standing_page(document, date).encode(),
    ".docx": as_docx,
}


def list_gaps(settings: Settings, asked: Mapping[str, Any], *, as_json: bool) -> str:
    """Answer ``locator gaps list``.

    Parameters
    ----------
    settings : Settings
        Names the dataset and the ledger.
    asked : mapping
        ``state``, ``region``, ``month``.
    as_json : bool
        The HTTP object instead of a report.

    Returns
    -------
    str
        To be printed.

    Raises
    ------
    UnknownMonthError
        If the month was not cut.
    RecordsError
        If the ledger is damaged.
    """
    with usage():
        question = read_values(asked, GapsQuestion)
    ledger = _ledger(settings)
    standing = _standing(settings, ledger, question.month)
    names = standing.facts["region_names"]
    if question.region is not None and question.region not in names:
        raise typer.BadParameter(f"region: the ledger has none such; it has: {', '.join(names)}")
    found = gap_list(standing, ledger.months(), state=question.state, region=question.region)
    return json_text(found) if as_json else list_text(found)


def _ledger(settings: Settings) -> Ledger:
    """Return the ledger of a dataset that exists."""
    ensured(settings)
    return Ledger(ledger_folder(settings))


def _standing(settings: Settings, ledger: Ledger, month: str | None) -> Standing:
    """Return the ledger as it stands, or stood in a month; a preview before the first cut."""
    if month is not None:
        return ledger.at(ledger.of_month(month))
    standing = ledger.now()
    if standing is not None:
        return standing
    say("nothing was cut yet: these are the gaps of today; `locator gaps cut` begins the ledger")
    return next_of(open_service(settings, private=False), ledger, today())


def set_gap(settings: Settings, gap: str, asked: Mapping[str, Any], *, as_json: bool) -> str:
    """Answer ``locator gaps set``.

    Parameters
    ----------
    settings : Settings
        Names the dataset and the ledger.
    gap : str
        Id of the gap.
    asked : mapping
        ``state``, ``responsible``, ``note``; None stays as it is.
    as_json : bool
        The HTTP object instead of a line.

    Returns
    -------
    str
        To be printed.

    Raises
    ------
    UnknownGapError
        If there is no such gap.
    RecordsError
        If it cannot be written.
    """
    with usage():
        change = read_values(asked, GapChange)
    if not change.given():
        raise typer.BadParameter("nothing to set: give --state, --responsible or --note")
    ledger = _ledger(settings)
    if not ledger.cuts():
        service = open_service(settings, private=False)
        preview = next_of(service, ledger, today())
        with usage():
            begin(service, ledger, preview, (gap, change.given()))
        say(f"the ledger begins with a cut of {today()}")
    with usage():
        ledger.set(gap, change.given())
    standing = ledger.now()
    if standing is None:
        raise AssertionError  # pragma: no cover  it was cut
    entry = standing.entry(gap)
    if as_json:
        changes = history(ledger.records.changes(gap=gap))
        return json_text({**gap_object(standing, entry), "history": changes})
    parts = [entry.id, entry.state, entry.responsible, entry.note]
    return "  ".join(part for part in parts if part)


def cut_month(
    settings: Settings, date: str | None, asked: Mapping[str, Any], *, as_json: bool
) -> str:
    """Answer ``locator gaps cut``.

    Parameters
    ----------
    settings : Settings
        Names the dataset and the ledger.
    date : str or None
        ISO date; None is today.
    asked : mapping
        As `web.ledger_cut.make_cut` takes it; None is as in the last cut.
    as_json : bool
        An object instead of a report.

    Returns
    -------
    str
        To be printed.

    Raises
    ------
    RecordsError
        If it cannot be written; the last cut stands.
    """
    with usage():
        day = checked_date(date)
    service = open_service(settings, private=False)
    ledger = Ledger(ledger_folder(settings))
    with usage():
        made = make_cut(service, ledger, day, asked)
    if not made.fresh:
        say(f"{day[:7]} was cut already; nothing was changed")
    found = month_of(made.standing)
    return json_text(found) if as_json else sums_text(found)


def write_bulletin(
    settings: Settings, month: str | None, out: Path | None, asked: Mapping[str, Any]
) -> str:
    """Answer ``locator bulletin``.

    Parameters
    ----------
    settings : Settings
        Names the dataset, the ledger and the language.
    month : str or None
        Such as ``2026-11``; None: who is covered today, regardless of the ledger.
    out : path or None
        File to write; the ending decides the format. None: Markdown is printed.
    asked : mapping
        By parameter of the coverage; for a bulletin without a month.

    Returns
    -------
    str
        To be printed.

    Raises
    ------
    UnknownMonthError
        If the month was not cut; names those that were.
    RecordsError
        If the cut is damaged.
    """
    suffix = ".md" if out is None else out.suffix.lower()
    if suffix not in _WRITERS:
        fault = Fault("out", f"expected a name ending in {', '.join(_WRITERS)}")
        raise typer.BadParameter(str(fault))
    if month is None:
        document, date = _of_today(settings, asked), today()
    else:
        document, date = _of_month(settings, month)
    content = _WRITERS[suffix](document, date)
    if out is None:
        return content.decode().rstrip("\n")
    with replacing_file(out) as beside:
        beside.write_bytes(content)
    return str(out)


def _of_month(settings: Settings, month: str) -> tuple[Document, str]:
    """Return the bulletin of a month and its date."""
    with usage():
        read_values({"month": month}, GapsQuestion)
    ledger = _ledger(settings)
    facts = month_facts(_month(settings, ledger, month))
    return month_written(facts, settings.map_language), facts.date


def _month(settings: Settings, ledger: Ledger, month: str) -> Standing:
    """Return the ledger of a month; the month that runs is cut, or shown before its day."""
    day = today()
    if month != day[:7] or any(cut.month == month for cut in ledger.cuts()):
        return ledger.at(ledger.of_month(month))
    service = open_service(settings, private=False)
    if int(day[8:]) < CUT_DAY:
        say(f"{month} is cut on the {CUT_DAY}th: this is a preview; `locator gaps cut` cuts it now")
        return next_of(service, ledger, day)
    say(f"cutting {month} on {day}")
    return make_cut(service, ledger, day).standing


def _of_today(settings: Settings, asked: Mapping[str, Any]) -> Document:
    """Return the bulletin of a question of today."""
    with usage():
        question = read_values(asked, CoverageQuestion)
    service = open_service(settings, private=False)
    with usage():
        service.check(question)
    answer = service.cover(question, departure(question.at))
    return written(facts_of(service, answer), settings.map_language)

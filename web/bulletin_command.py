"""What ``locator bulletin`` does."""

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
from web.ledger import CUT_DAY, Ledger, ledger_folder, today
from web.ledger_cut import make_cut, next_of
from web.ledger_schemas import GapsQuestion
from web.ledger_standing import Standing
from web.schemas import CoverageQuestion
from web.settings import Settings

#: What writes a bulletin, by the ending of the file.
_WRITERS: Mapping[str, Callable[[Document, str], bytes]] = {
    ".md": lambda document, _: as_markdown(document).encode(),
    ".txt": lambda document, _: as_text(document).encode(),
    ".html": lambda document, date: standing_page(document, date).encode(),
    ".docx": as_docx,
}


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
        By parameter of the coverage, those given only; for a bulletin without a month.

    Returns
    -------
    str
        To be printed.

    Raises
    ------
    BadParameter
        If a month is named and something of a coverage as well.
    UnknownMonthError
        If the month was not cut; names those that were.
    RecordsError
        If the cut is damaged.
    """
    suffix = ".md" if out is None else out.suffix.lower()
    if suffix not in _WRITERS:
        fault = Fault("out", f"expected a name ending in {', '.join(_WRITERS)}")
        raise typer.BadParameter(str(fault))
    if month is not None and asked:
        raise typer.BadParameter(
            f"--month tells what its cut has counted: leave out --{', --'.join(asked)}, or --month"
        )
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
    ensured(settings)
    ledger = Ledger(ledger_folder(settings))
    facts = month_facts(_month(settings, ledger, month))
    return month_written(facts, settings.map_language), facts.date


def _month(settings: Settings, ledger: Ledger, month: str) -> Standing:
    """Return the ledger of a month; the month that runs is cut, or shown before its day."""
    day = today()
    cuts = [cut for cut in ledger.cuts() if cut.month == month]
    final = any(int(cut.date[8:]) >= CUT_DAY for cut in cuts)
    come = int(day[8:]) >= CUT_DAY
    if month != day[:7] or final or (cuts and not come):
        standing = ledger.at(ledger.of_month(month))
        if not final:
            date = standing.facts["date"]
            say(f"an early cut of {date}; the month's cut is taken on the {CUT_DAY}th")
        return standing
    service = open_service(settings, private=False)
    if not come:
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

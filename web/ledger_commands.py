"""What ``locator gaps`` does."""

from collections.abc import Mapping
from typing import Any

import typer

from geodata.bundle import earlier_crs
from web.commands import ensured, open_service, usage
from web.console import say
from web.dependencies import read_values
from web.ledger import Ledger, checked_date, ledger_folder, today
from web.ledger_cut import begin, make_cut, next_of
from web.ledger_listing import gap_list, gap_object, history, list_text, month_of, sums_text
from web.ledger_schemas import GapChange, GapsQuestion
from web.ledger_standing import OTHER_LATTICE, Standing
from web.reports import json_text
from web.settings import Settings
from web.state import dataset_folder

#: What each of ``locator gaps`` takes.
_TAKES: Mapping[str, tuple[str, ...]] = {
    "list": ("state", "region", "month"),
    "set": ("state", "responsible", "note"),
    "cut": ("date", "mode", "minutes", "clock", "need", "kind", "access"),
}


def ask_gaps(
    settings: Settings,
    words: tuple[str, str | None],
    given: Mapping[str, Any],
    *,
    as_json: bool,
) -> str:
    """Answer ``locator gaps``.

    Parameters
    ----------
    settings : Settings
        Names the dataset and the ledger.
    words : str and str or None
        ``list``, ``set`` or ``cut``, and the id of a gap for ``set``.
    given : mapping
        By option; None where it was not given.
    as_json : bool
        An object instead of a report.

    Returns
    -------
    str
        To be printed.

    Raises
    ------
    BadParameter
        If an option is given that has no meaning here.
    LocatorError
        As `list_gaps`, `set_gap` and `cut_month` raise it.
    """
    what, gap = words
    if (what == "set") != (gap is not None):
        raise typer.BadParameter("`set` takes the id of a gap, `list` and `cut` take none")
    takes = _TAKES[what]
    stray = [name for name, value in given.items() if value is not None and name not in takes]
    if stray:
        raise typer.BadParameter(f"`{what}` does not take --{', --'.join(stray)}")
    asked = {name: given[name] for name in takes}
    if gap is not None:
        return set_gap(settings, gap, asked, as_json=as_json)
    if what == "list":
        return list_gaps(settings, asked, as_json=as_json)
    return cut_month(settings, asked.pop("date"), asked, as_json=as_json)


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
    ledger, lattice = _ledger(settings), _lattice(settings)
    standing = _standing(settings, ledger, question.month)
    if standing.is_of_other(lattice):
        say(OTHER_LATTICE)
    names = standing.facts["region_names"]
    if question.region is not None and question.region not in names:
        raise typer.BadParameter(f"region: the ledger has none such; it has: {', '.join(names)}")
    found = gap_list(standing, ledger, lattice, state=question.state, region=question.region)
    return json_text(found) if as_json else list_text(found)


def _ledger(settings: Settings) -> Ledger:
    """Return the ledger of a dataset that exists."""
    ensured(settings)
    return _looked(Ledger(ledger_folder(settings)))


def _lattice(settings: Settings) -> str:
    """Return the lattice of cells of the dataset, ``""`` where it cannot be read."""
    return earlier_crs(dataset_folder(settings))


def _now(ledger: Ledger) -> Standing:
    """Return a ledger that was cut."""
    standing = ledger.now()
    if standing is None:
        raise AssertionError  # pragma: no cover  it was cut
    return standing


def _looked(ledger: Ledger) -> Ledger:
    """Say which months lie beside a ledger that does not know them; it is used as it is."""
    lost = ledger.lost()
    if lost:
        say(
            f"the ledger does not know cuts that lie beside it ({', '.join(lost)}): its file "
            f"{ledger.records.path.name} was lost, or is an older copy; put a backup of it in its "
            f"place"
        )
    return ledger


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
    standing = _now(ledger)
    with usage():
        standing.refuse_other(_lattice(settings))
        ledger.set(gap, change.given())
    standing = _now(ledger)
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
    ledger = _looked(Ledger(ledger_folder(settings)))
    with usage():
        made = make_cut(service, ledger, day, asked)
    if not made.fresh:
        say(f"{day[:7]} was cut already; nothing was changed")
    found = month_of(made.standing)
    return json_text(found) if as_json else sums_text(found)

"""``locator plan``: a plan at a terminal, and its files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geodata.datum import parse_datum
from web.commands import open_service, usage
from web.console import compiling_said, say
from web.dependencies import departure, read_body, read_values
from web.plan_answers import aim_fields, check_plan, make, result_of
from web.plan_candidates import read_candidates
from web.plan_files import FORMATS, STAGES, write_plan
from web.plan_schemas import MostsAsked, PlanQuestion
from web.plan_words import gain_fields
from web.reports import json_text
from web.settings import Settings

_STEP = 0.1
_GAINED = {"workers": "workers", "street_km": "km of street"}
_ACTIONS = {"build": "build", "convert": "convert", "extend": "extend hours", "equip": "equip"}


class _Line:
    """Says how far a plan is, a line for each stage and tenth."""

    def __init__(self) -> None:
        self._stage, self._next = "", 0.0

    def __call__(self, share: float, stage: str) -> None:
        if stage != self._stage or share >= self._next:
            say(f"[{share:4.0%}] {STAGES.get(stage, stage)}")
            self._stage, self._next = stage, share + _STEP


def ask_plan(
    settings: Settings,
    asked: Mapping[str, Any],
    candidates: str,
    *,
    out: Path | None,
    as_json: bool,
) -> str:
    """Answer ``locator plan``.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    asked : mapping
        By parameter; ``datum`` is that of the file of candidates.
    candidates : str
        ``auto``, or a file.
    out : path or None
        Where the sites go; the ending decides the format.
    as_json : bool
        The result of the HTTP interface instead of a report.

    Returns
    -------
    str
        What to print.
    """
    values = {name: value for name, value in asked.items() if name not in {"datum", "budget_yuan"}}
    budget = asked["budget_yuan"]
    with usage():
        datum = parse_datum(asked["datum"]) if asked["datum"] else ""
        if values["mosts"] is not None:
            values["mosts"] = _mosts(values["mosts"])
        if budget is not None:
            values["budget_yuan"] = _yuan(budget)
        question = _at_a_moment(read_values(values, PlanQuestion))
        aim_fields(question)
        if out is not None and out.suffix.lower().removeprefix(".") not in FORMATS:
            write_plan({}, out, settings.map_language)  # says which endings there are
    if out is not None:
        _check_folder(out)
    service = open_service(settings)
    table = None
    if candidates != "auto":
        table, notes = read_candidates(Path(candidates), service.vocabulary, datum=datum)
        for note in notes:
            say(note)
    with usage(), compiling_said():
        check_plan(service, question)
        answer = make(service, question, _Line(), candidates=table)
    result = result_of(service, question, answer)
    result["parameters"]["candidates"] = "auto" if table is None else len(table)
    if out is not None:
        write_plan(result, out, settings.map_language, service.dataset)
        say(f"plan written to {out}")
    return json_text(result) if as_json else plan_report(result)


def _at_a_moment(question: PlanQuestion) -> PlanQuestion:
    """Return a question with its time in full, as over HTTP: ``now`` is when it was asked."""
    moment = departure(question.at)
    return question.model_copy(update={"at": moment and moment.isoformat()})


def _check_folder(out: Path) -> None:
    """Refuse a file in a folder that does not exist: before the work, not after it."""
    from geodata.errors import InputError  # noqa: PLC0415  used here only

    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no such folder; make it first", code="cannot_write")


def _yuan(text: str) -> float:
    """Return an amount typed on the command line."""
    from geodata.errors import Fault, ValidationError  # noqa: PLC0415  used here only
    from locator.candidates import fen_of  # noqa: PLC0415  used here only

    try:
        return fen_of(text) / 100
    except ValueError:
        fault = Fault("--budget", f"expected an amount in yuan, to the fen, got {text[:40]!r}")
        raise ValidationError.of([fault]) from None


def _mosts(file: Path) -> MostsAsked:
    """Return what stands in a JSON file of the four mosts."""
    from geodata.table_files import read_bytes  # noqa: PLC0415  used here only

    return read_body(read_bytes(file), MostsAsked)


def plan_report(result: Mapping[str, Any]) -> str:
    """Return a plan as lines of text.

    Parameters
    ----------
    result : mapping
        As it may leave.

    Returns
    -------
    str
        The sites in building order, the objective, its bound and the gap.
    """
    lines = []
    gain, so_far = gain_fields(result)
    gained = "person-hours a week" if "week" in result else _GAINED[result["counted_in"]]
    for site in result["chosen"]:
        action = " + ".join(_ACTIONS.get(part, part) for part in site["action"].split("+"))
        where = site["station"] or f"{site['lon']:.6f},{site['lat']:.6f}"
        hours = f" to {site['opening_hours']}" if "extend" in site["action"] else ""
        lines.append(
            f"{site['order']:>4}. {action} {site['name'] or site['id']} ({where}){hours}: "
            f"{site['cost_yuan']:,.2f} yuan, {site[gain]:,.10g} more {gained}, "
            f"{site[so_far]:,.10g} so far"
        )
    if not lines:
        lines.append(f"nothing to choose: {_why_nothing(result)}")
    lines += _gained(result)
    lines.append(
        f"objective {result['objective']:,.10g} {result['objective_unit']}, proven bound "
        f"{result['bound']:,.10g}, gap {result['gap']:.2%} ({result['method']})"
    )
    lines.append(f"spent {result['spent_yuan']:,.2f} yuan; people {result['people']}; "
                 "checked by a recompute from scratch")  # fmt: skip
    return "\n".join(lines)


def _why_nothing(result: Mapping[str, Any]) -> str:
    """Return why a plan has no sites."""
    if not result["candidates_that_reach_somebody"]:
        return "no candidate reaches anybody who is not covered"
    if result["objective_name"] == "cover":
        return "the target is reached already"
    return "no candidate that gains anything fits the limit"


def _gained(result: Mapping[str, Any]) -> list[str]:
    """Return how many are covered before and after, and what share of those without is gained."""
    unit = result["counted_in"]
    was, now = result["before"].get(unit), result["after"].get(unit)
    if not was or not was["uncovered"]:
        return []
    group = result["parameters"].get("group")
    who = _GAINED.get(unit, unit) + (f" ({group})" if group else "")
    more = now["covered"] - was["covered"]
    gain = f"{more:,.10g} more {who} covered, {more / was['uncovered']:.1%} of the "
    without = f"{was['uncovered']:,.10g} without a station: "
    then = f"{now['covered']:,.10g} of {now['total']:,.10g} in all "
    shares = f"({now['share_covered']:.1%}, before {was['share_covered']:.1%})"
    return [gain + without + then + shares]

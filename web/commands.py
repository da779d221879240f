"""What the commands do: ask the service, or build a dataset, and return text to print."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import typer

from geodata.bundle import open_dataset
from geodata.errors import DatasetError, DatumError, LimitError, ValidationError
from geodata.swap import replacing_file
from web.console import say, stage_line
from web.dependencies import departure, read_values
from web.errors import UnknownRegionError
from web.home_words import home_words
from web.reports import coverage_report, json_text, nearest_report, shown
from web.schemas import CoverageQuestion, NearestQuestion
from web.service import Coverage, Service
from web.settings import Settings
from web.state import dataset_folder

#: How many regions are listed where one does not exist.
_REGIONS_TOLD = 20


@contextmanager
def usage() -> Iterator[None]:
    """Turn what is wrong with a question into wrong usage (exit status 2).

    Raises
    ------
    BadParameter
        For values out of range, limits passed and codes that do not exist.
    """
    try:
        yield
    except UnknownRegionError as error:
        raise typer.BadParameter(_no_region(error)) from None
    except (ValidationError, LimitError, DatumError) as error:
        raise typer.BadParameter(str(error)) from None


def _no_region(error: UnknownRegionError) -> str:
    """Return what a terminal shows where a region does not exist: those that do."""
    if error.known is None:
        return str(error)
    told = [f"{shown(code)} {shown(name)}".strip() for code, name in error.known.items()]
    if not told:
        return "region: the dataset has none: it was prepared without --regions"
    more = len(told) - _REGIONS_TOLD
    rest = f" and {more} more: `locator coverage --json` lists all" if more > 0 else ""
    return f"region: the dataset has no such id; it has: {', '.join(told[:_REGIONS_TOLD])}{rest}"


def open_service(settings: Settings, *, private: bool | None = None) -> Service:
    """Open the dataset that the settings mean; the demo city is prepared if need be.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    private : bool, optional
        As in `geodata.open_dataset`: None reads ``private/`` where it may.

    Returns
    -------
    Service
        Ready to be asked.

    Raises
    ------
    DatasetError
        If the folder is absent or damaged.
    """
    folder = ensured(settings)
    return Service(open_dataset(folder, private=private), settings)


def ensured(settings: Settings) -> Path:
    """Return the dataset folder; prepare the demo city where no data was named.

    Parameters
    ----------
    settings : Settings
        Names the dataset.

    Returns
    -------
    Path
        It exists.

    Raises
    ------
    DatasetError
        If a folder was named that does not exist.
    """
    folder = dataset_folder(settings)
    if settings.data is not None:
        if not folder.is_dir():
            raise DatasetError(
                f"{folder}: no such dataset folder; build one with `locator prepare --out {folder}`"
            )
        return folder
    if not _is_current(folder):
        from web.demo import prepare_demo  # noqa: PLC0415  only on the first run

        why = "of an older release, drawn anew" if folder.is_dir() else "first run"
        say(f"{why}: preparing the demo city ({settings.demo_size}) in {folder}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        prepare_demo(settings.demo_size, folder, stage_line)
    return folder


def _is_current(demo: Path) -> bool:
    """Return whether a folder holds the demo city as this release prepares it, with a base map."""
    try:
        manifest = json.loads((demo / "public" / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return "basemap" in manifest


def ask_nearest(settings: Settings, asked: Mapping[str, Any], *, as_json: bool) -> tuple[str, bool]:
    """Answer ``locator nearest``.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    asked : mapping
        By parameter.
    as_json : bool
        The HTTP object instead of a report.

    Returns
    -------
    str, bool
        What to print, and whether the position is covered.
    """
    with usage():
        question = read_values(asked, NearestQuestion)
    service = open_service(settings)
    with usage():
        answer = service.nearest(question)
    return (json_text(answer) if as_json else nearest_report(answer)), bool(answer["covered"])


def ask_coverage(
    settings: Settings,
    asked: Mapping[str, Any],
    *,
    by: str | None = None,
    out: Path | None,
    lang: str | None = None,
    as_json: bool,
) -> str:
    """Answer ``locator coverage``, and write the gaps.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    asked : mapping
        By parameter.
    by : str, optional
        A column of the homes: the figures are added up by its words, too.
    out : path or None
        Where the gaps go; the ending decides the format.
    lang : str, optional
        Of the headers of a table, ``zh`` or ``en``; without it they are the names of the interface.
    as_json : bool
        The HTTP object instead of a report.

    Returns
    -------
    str
        What to print.
    """
    if lang not in {None, "zh", "en"}:
        raise typer.BadParameter(f"--lang: expected zh or en, got {lang!r}")
    with usage():
        question = read_values(asked, CoverageQuestion)
    service = open_service(settings)
    with usage():
        service.check(question)
        words = None if by is None else home_words(service.dataset, by)
        moment = departure(question.at)
        answer = service.cover(question, moment)
        if words is not None:
            answer.summary["by"] = {"column": by, "words": answer.found.by(words)}
        if out is not None:
            write_gaps(service, answer, out, lang)
        if as_json:
            return json_text(service.collection(question, answer))
    return coverage_report(answer.summary)


def write_gaps(service: Service, answer: Coverage, out: Path, lang: str | None = None) -> None:
    """Write the gaps of an answer as a table.

    Parameters
    ----------
    service : Service
        Decides what may be said of each gap.
    answer : Coverage
        From `Service.cover`.
    out : path
        The ending decides the format.
    lang : str, optional
        Of headers and words; without it headers are the names of the interface, and words are in
        the language of maps.

    Raises
    ------
    ValidationError
        If the ending is none of those known.
    """
    from geodata.exports import Notes, write_table  # noqa: PLC0415  brings GDAL and openpyxl
    from web.download_tables import TITLES, gap_table  # noqa: PLC0415  the map's words

    notes = Notes(titles=TITLES[lang]["gaps"]) if lang else Notes()
    write_table(gap_table(service, answer, lang or service.settings.map_language), out, notes)
    say(f"gaps written to {out}")


#: Endings of pictures that `draw_map` does not write.
_OTHER_PICTURES = frozenset({".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".pdf", ".eps"})


def draw_map(
    settings: Settings,
    asked: Mapping[str, Any],
    out: Path,
    shape: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Draw ``locator map``: from published cells, as a map is made to be shown around.

    Parameters
    ----------
    settings : Settings
        Names the dataset, the base layer and the language.
    asked : mapping
        By parameter.
    out : path
        The page, or a picture where it ends in ``.png`` or ``.svg``; replaced whole.
    shape : mapping, optional
        ``width, height, scale, theme, title`` of a picture; None where not given.
    """
    ending = out.suffix.lower()
    if ending in {".png", ".svg"}:
        _draw_picture(settings, {**asked, **shape}, out, "png" if ending == ".png" else "svg")
        return
    given = [f"--{name}" for name, value in shape.items() if value is not None]
    if ending in _OTHER_PICTURES or given:
        named = ending if ending in _OTHER_PICTURES else " ".join(given)
        raise typer.BadParameter(
            f"{named}: a picture is written where --out ends in .png or .svg, a page elsewhere"
        )
    _draw_page(settings, asked, out)


def _draw_picture(
    settings: Settings, asked: Mapping[str, Any], out: Path, kind: Literal["png", "svg"]
) -> None:
    """Draw a picture, with the figures of the page."""
    from web.picture_question import PictureQuestion, picture_asked  # noqa: PLC0415  draws: heavy
    from web.pictures import picture_of  # noqa: PLC0415  draws: heavy

    with usage():
        question = read_values(asked, PictureQuestion)
    service = open_service(settings, private=False)
    with usage():
        service.check(question)
        picture = picture_asked(question, service, kind)
    drawn = picture_of(service, service.cover(question, departure(question.at)), picture)
    with replacing_file(out) as beside:
        beside.write_bytes(drawn)


def _draw_page(settings: Settings, asked: Mapping[str, Any], out: Path) -> None:
    """Draw one page that needs no network."""
    from web.map_data import Page  # noqa: PLC0415  draws: heavy
    from web.maps import answer_map  # noqa: PLC0415  draws: heavy

    with usage():
        question = read_values(asked, CoverageQuestion)
    service = open_service(settings, private=False)
    with usage():
        service.check(question)
    answer = service.cover(question, departure(question.at))
    page = Page(
        lang=settings.map_language,
        base=settings.map_base,
        tianditu_key=settings.tianditu_key,
        approval=settings.map_review_number,
        self_contained=True,
    )
    html = answer_map(service, answer, page)
    with replacing_file(out) as beside:
        beside.write_text(html, encoding="utf-8", newline="")


def serve_dataset(settings: Settings) -> None:
    """Serve a dataset until interrupted.

    Parameters
    ----------
    settings : Settings
        Names the dataset; host, port, workers.

    Raises
    ------
    DatasetError
        If the folder is absent or damaged.
    InputError
        If the host is none of this machine's, or the port is taken or not allowed.
    """
    from web.server import check_address, run  # noqa: PLC0415  needed here only

    folder = ensured(settings)
    open_dataset(folder, private=False)  # refuses a damaged one before a port is taken
    check_address(settings.host, settings.port)
    site = f"http://{settings.host}:{settings.port}"
    say(f"serving {folder} at {site}/ (the nearest station), {site}/map, {site}/planner")
    run(settings.model_copy(update={"data": folder}))

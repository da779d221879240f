"""The command ``locator``: the same questions and answers as over HTTP, at a terminal.

Results go to stdout, progress and log to stderr. Exit status 0: done; 1: nothing could be built,
or the answer is no; 2: wrong usage. Heavy imports stand inside the commands, so that ``--help`` is
quick.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from geodata.errors import LocatorError
from web.settings import DemoSize, Settings

app = typer.Typer(
    name="locator",
    help="Which union care station can a worker reach within 15 minutes, and is it open?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

#: Exit status for "no"; typer itself exits with 2 for wrong usage.
NO = 1

Data = Annotated[
    Path | None, typer.Option(help="Dataset folder; without it LOCATOR_DATA, else the demo city.")
]
Mode = Annotated[str, typer.Option(help="walk, ebike, bicycle, drive or truck.")]
Minutes = Annotated[int, typer.Option(help="The limit (minutes), 1 to 120.")]
Need = Annotated[list[str] | None, typer.Option(help="A need that must be met; repeat for more.")]
Kind = Annotated[list[str] | None, typer.Option(help="A kind of station; repeat for more.")]
Access = Annotated[list[str] | None, typer.Option(help="A way to get in; repeat for more.")]
At = Annotated[
    str | None, typer.Option(help="Departure: ISO 8601 or now; without it regardless of hours.")
]
Region = Annotated[str | None, typer.Option(help="Id of one region (adcode).")]
AtLeast = Annotated[int, typer.Option(help="How many stations must be in reach, 1 to 5.")]
Include = Annotated[
    list[str] | None, typer.Option(help="building or planned: count these stations, too.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the HTTP object of this question.")]


@app.command(
    epilog="Example: locator demo --out demo --size city",
)
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the input files.")],
    size: Annotated[DemoSize, typer.Option(help="small, city or province.")] = "city",
) -> None:
    """Write the fictional demo city as input files: streets, stations, homes, regions."""
    from geodata.sample import write_demo
    from web.console import say

    say(f"drawing the demo city ({size})")
    for what, path in write_demo(out, size).items():
        typer.echo(f"{what}: {path}")


@app.command(
    epilog="Example: locator nearest 115.892 28.684 --need hot_meal --at 2026-11-22T20:00",
    context_settings={"ignore_unknown_options": True},
)
def nearest(
    lon: Annotated[str, typer.Argument(help="Longitude (degrees); negative ones as they are.")],
    lat: Annotated[str, typer.Argument(help="Latitude (degrees).")],
    data: Data = None,
    mode: Mode = "walk",
    k: Annotated[int, typer.Option("-k", "--k", help="Most stations, 1 to 50.")] = 5,
    minutes: Minutes = 15,
    at: Annotated[str, typer.Option(help="Departure: ISO 8601 or now.")] = "now",
    open_: Annotated[str, typer.Option("--open", help="arrival, now or any.")] = "arrival",
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    datum: Annotated[str, typer.Option(help="wgs84, gcj02, bd09 or cgcs2000.")] = "wgs84",
    route: Annotated[bool, typer.Option("--route", help="Add the lines to travel.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which stations a position can reach; exit status 1 if none is within the limit."""
    from web.commands import ask_nearest

    asked = {
        **_question(mode, minutes, need, kind, access),
        "lon": lon,
        "lat": lat,
        "k": k,
        "at": at,
        "open": open_,
        "datum": datum,
        "route": route,
    }
    text, covered = ask_nearest(_settings(data=data), asked, as_json=as_json)
    typer.echo(text)
    raise typer.Exit(0 if covered else NO)


@app.command(
    epilog="Example: locator coverage --minutes 15 --at 2026-11-22T03:00 --out gaps.geojson",
)
def coverage(
    data: Data = None,
    mode: Mode = "walk",
    minutes: Minutes = 15,
    at: At = None,
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    region: Region = None,
    stations_at_least: AtLeast = 1,
    include: Include = None,
    geometry: Annotated[str, typer.Option(help="With --json: gaps, cells or none.")] = "gaps",
    out: Annotated[
        Path | None, typer.Option(help="Gaps as .geojson, .gpkg, .parquet, .csv or .xlsx.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Homes added up by firm, street, community, market, building or group."),
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help="zh or en: headers of .csv and .xlsx in words.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say who has a station within the limit, and write the gaps."""
    from web.commands import ask_coverage

    asked = {
        **_question(mode, minutes, need, kind, access),
        **_area(at, region, stations_at_least, include),
        "geometry": geometry,
    }
    told = ask_coverage(_settings(data=data), asked, by=by, out=out, lang=lang, as_json=as_json)
    typer.echo(told)


@app.command(epilog="Example: locator clock --data mycity --group sanitation --out clock.png")
def clock(
    data: Data = None,
    mode: Annotated[
        str | None,
        typer.Option(help="walk, ebike, bicycle, drive or truck; else the group's own, or walk."),
    ] = None,
    minutes: Minutes = 15,
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    region: Region = None,
    include: Include = None,
    group: Annotated[
        str | None, typer.Option(help="Only this group of workers, while it works.")
    ] = None,
    week: Annotated[
        str | None, typer.Option(help="A day of the week asked for; else one without a holiday.")
    ] = None,
    language: Annotated[str | None, typer.Option("--lang", help="zh or en, of a picture.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help=".png, .svg, .csv or .xlsx; gaps as .geojson, .gpkg or .parquet."),
    ] = None,
    geometry: Annotated[
        str | None,
        typer.Option(help="cells: --out and --json hold 100 m cells; else gaps (--json: none)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say who has a station at each of the 168 hours of a week, and draw it."""
    from web.clock_command import ask_clock

    asked = {
        **_question("walk", minutes, need, kind, access),
        "mode": mode,
        "region": region,
        "include": include or [],
        "group": group,
        "week": week,
        "lang": language,
        "geometry": geometry or "none",
    }
    typer.echo(ask_clock(_settings(data=data), asked, out=out, as_json=as_json))


@app.command(
    epilog="Example: locator plan --candidates sites.xlsx --budget 410000 --at 2026-11-22T22:00 "
    "--out plan.xlsx",
)
def plan(
    candidates: Annotated[
        str, typer.Option(help="Table of what may be chosen, or auto: made from the data.")
    ],
    data: Data = None,
    budget: Annotated[str | None, typer.Option(help="The most to spend (yuan).")] = None,
    sites: Annotated[int | None, typer.Option(help="The most to choose.")] = None,
    target: Annotated[
        float | None, typer.Option(help="Share of workers to cover in the end, 0 to 1.")
    ] = None,
    target_of: Annotated[
        str, typer.Option(help="Whose share: all, or uncovered: workers without a station.")
    ] = "all",
    least: Annotated[
        str, typer.Option(help="What --target takes least of: cost or sites.")
    ] = "cost",
    objective: Annotated[
        str, typer.Option(help="coverage, cover (least for --target), median or center.")
    ] = "",
    mode: Mode = "walk",
    minutes: Minutes = 15,
    at: At = None,
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    region: Region = None,
    include: Include = None,
    group: Annotated[
        str | None, typer.Option(help="Only this group of workers counts, such as courier.")
    ] = None,
    count: Annotated[
        str, typer.Option(help="people, or person_hours: workers times hours of a week.")
    ] = "people",
    week: Annotated[
        str | None, typer.Option(help="A day of the week of person_hours; else without a holiday.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="Id of a station that closes; repeat for more.")
    ] = None,
    stations_at_least: Annotated[
        int, typer.Option(help="How many stations must be in reach, 1 or 2.")
    ] = 1,
    capacities: Annotated[
        bool, typer.Option("--capacities", help="No candidate takes more than its capacity.")
    ] = False,
    least_share: Annotated[
        float | None, typer.Option(help="Least share covered that any region is left with.")
    ] = None,
    mosts: Annotated[
        Path | None, typer.Option(help="JSON file: what workers count, by the four mosts.")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="For finding and proving (s).")] = 60.0,
    datum: Annotated[
        str | None, typer.Option(help="Datum of the candidates, where the table names none.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Sites as .geojson, .xlsx or .csv, or a map as .html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say where the next stations or hours help most, with a proven bound."""
    from web.plan_command import ask_plan

    asked = {
        **_question(mode, minutes, need, kind, access),
        **_area(at, region, stations_at_least, include),
        "group": group,
        "objective_name": objective or ("cover" if target is not None else "coverage"),
        "budget_yuan": budget,
        "sites": sites,
        "target_share": target,
        "target_of": target_of,
        "least": least,
        "remove": remove or [],
        "count": count,
        "week": week,
        "capacities": capacities,
        "least_share": least_share,
        "mosts": mosts,
        "time_limit_seconds": time_limit,
        "datum": datum,
    }
    typer.echo(ask_plan(_settings(data=data), asked, candidates, out=out, as_json=as_json))


@app.command(
    epilog="Example: locator scenario --add 115.892,28.684,06:00-24:00 --remove YJ0010",
)
def scenario(
    data: Data = None,
    add: Annotated[
        list[str] | None,
        typer.Option(help="LON,LAT[,HOURS] of a new station (WGS-84); repeat for more."),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="Id of a station to close; repeat for more.")
    ] = None,
    hours: Annotated[
        list[str] | None, typer.Option(help="ID=HOURS: other opening hours; repeat for more.")
    ] = None,
    move: Annotated[
        list[str] | None, typer.Option(help="ID=LON,LAT: another place; repeat for more.")
    ] = None,
    equip: Annotated[
        list[str] | None, typer.Option(help="ID=CODE,CODE: more facilities; repeat for more.")
    ] = None,
    mode: Mode = "walk",
    minutes: Minutes = 15,
    at: At = None,
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    region: Region = None,
    stations_at_least: AtLeast = 1,
    include: Include = None,
    geometry: Annotated[
        Literal["gaps", "none"], typer.Option(help="With --json: shapes of gaps, or none.")
    ] = "gaps",
    as_json: AsJson = False,
) -> None:
    """Say who would be covered with other stations: before, after, difference."""
    from web.scenario_command import ask_what_if

    asked = {
        **_question(mode, minutes, need, kind, access),
        **_area(at, region, stations_at_least, include),
        "geometry": geometry,
    }
    changes = {"add": add, "remove": remove, "hours": hours, "move": move, "equip": equip}
    typer.echo(ask_what_if(_settings(data=data), asked, changes, as_json=as_json))


@app.command("map", epilog="Example: locator map --data mycity --minutes 15 --out map.html")
def map_(
    out: Annotated[Path, typer.Option(help="The page, or picture (.png, .svg), to write.")],
    data: Data = None,
    mode: Mode = "walk",
    minutes: Minutes = 15,
    at: At = None,
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    region: Region = None,
    stations_at_least: AtLeast = 1,
    include: Include = None,
    language: Annotated[str | None, typer.Option("--lang", help="zh or en.")] = None,
    tiles: Annotated[
        str | None, typer.Option(help="Base layer: none, osm, tianditu or amap.")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Of a picture (px).")] = None,
    height: Annotated[int | None, typer.Option(help="Of a picture (px).")] = None,
    scale: Annotated[int | None, typer.Option(help="Pixels for each of these, 1 to 3.")] = None,
    theme: Annotated[str | None, typer.Option(help="Of a picture: light or dark.")] = None,
    title: Annotated[str | None, typer.Option(help="Of a picture, instead of our own.")] = None,
) -> None:
    """Draw one self-contained page that opens with no network at all, or a picture.

    The ending of --out decides: .png and .svg are pictures, all else is a page.
    """
    from web.commands import draw_map

    asked = {
        **_question(mode, minutes, need, kind, access),
        **_area(at, region, stations_at_least, include),
    }
    settings = _settings(data=data, map_language=language, map_tiles=tiles)
    shape = {"width": width, "height": height, "scale": scale, "theme": theme, "title": title}
    draw_map(settings, asked, out, shape)
    typer.echo(str(out))


@app.command(
    epilog="Example: locator prepare --streets city.osm.pbf --stations stations.xlsx "
    "--stations-datum gcj02 --homes homes.csv --regions districts.geojson --out mycity",
)
def prepare(
    streets: Annotated[list[Path], typer.Option(help="OSM PBF or XML; repeat for more files.")],
    stations: Annotated[
        Path, typer.Option(help="CSV, XLSX, GeoJSON, GeoPackage, GeoParquet or Shapefile.")
    ],
    out: Annotated[Path, typer.Option(help="Dataset folder; replaced whole.")],
    homes: Annotated[Path | None, typer.Option(help="Where workers live; stays private.")] = None,
    regions: Annotated[Path | None, typer.Option(help="Districts that clip and label.")] = None,
    stations_datum: Annotated[
        str | None, typer.Option(help="wgs84, gcj02, bd09 or cgcs2000; else the table says.")
    ] = None,
    homes_datum: Annotated[str | None, typer.Option(help="The same for homes.")] = None,
    mode: Annotated[list[str] | None, typer.Option(help="Only these modes; all if none.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the dataset.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Build a dataset folder from streets, stations, homes and regions."""
    from web.intake import build

    files = {"streets": streets, "stations": stations, "homes": homes, "regions": regions}
    options = {
        "stations_datum": stations_datum,
        "homes_datum": homes_datum,
        "modes": mode,
        "name": name,
    }
    typer.echo(build(files, options, out, as_json=as_json))


@app.command(epilog="Example: locator check stations.xlsx --datum gcj02")
def check(
    file: Annotated[Path, typer.Argument(help="A table of stations or homes.")],
    what: Annotated[
        Literal["auto", "stations", "homes"],
        typer.Option("--as", help="stations, homes, or auto: what the columns say."),
    ] = "auto",
    datum: Annotated[
        str | None, typer.Option(help="wgs84, gcj02, bd09 or cgcs2000; else the table says.")
    ] = None,
    streets: Annotated[
        list[Path] | None, typer.Option(help="Streets that tell which datum fits; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check a table without building anything; exit status 1 if rows are rejected."""
    from geodata.datum import parse_datum
    from web.commands import usage
    from web.intake import check_table, checked_text

    with usage():
        known = parse_datum(datum) if datum else None
    found = check_table(file, what, datum=known, streets=streets or [])
    typer.echo(checked_text(found, as_json=as_json))
    raise typer.Exit(0 if found["clean"] else NO)


@app.command(
    epilog="Example: locator fetch --bbox 115.80,28.60,115.98,28.76 --out streets.osm.pbf",
)
def fetch(
    out: Annotated[Path, typer.Option(help="PBF to write.")],
    bbox: Annotated[str | None, typer.Option(help="West,south,east,north (degrees).")] = None,
    place: Annotated[str | None, typer.Option(help="Name of a city or district.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Fetch the streets of your own city from an Overpass server (LOCATOR_OVERPASS_URL)."""
    from web.intake import fetch_streets

    if (bbox is None) == (place is None):
        raise typer.BadParameter("give either --bbox or --place")
    typer.echo(fetch_streets(_settings(), bbox or place or "", out, as_json=as_json))


@app.command(epilog="Example: locator reports --data mycity --out reports.xlsx")
def reports(
    records: Annotated[
        Path | None, typer.Option(help="File of the reports; without it LOCATOR_RECORDS.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Dataset folder, for the names of the stations.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Table to write: .csv or .xlsx.")] = None,
    backup: Annotated[Path | None, typer.Option(help="Where to copy the file to, whole.")] = None,
) -> None:
    """List what people report about stations, newest first."""
    from web.report_queue import list_reports

    settings = _settings(data=data, records=records)
    typer.echo(list_reports(settings, out=out, backup=backup, as_json=as_json))


@app.command(
    epilog="Example: locator gaps set 320107.-115.59 --state agreed --responsible 鼓楼区总工会; "
    "also locator gaps list and locator gaps cut",
)
def gaps(
    what: Annotated[Literal["list", "set", "cut"], typer.Argument(help="list, set or cut.")],
    gap: Annotated[str | None, typer.Argument(help="With set: id of the gap.")] = None,
    data: Data = None,
    state: Annotated[
        str | None, typer.Option(help="found, agreed, being_built, filled or refused.")
    ] = None,
    responsible: Annotated[str | None, typer.Option(help="The union that sees to it.")] = None,
    note: Annotated[str | None, typer.Option(help="In one's own words.")] = None,
    region: Region = None,
    month: Annotated[str | None, typer.Option(help="With list: as its cut left it.")] = None,
    date: Annotated[str | None, typer.Option(help="With cut: its date, today if none.")] = None,
    mode: Annotated[str | None, typer.Option(help="With the first cut: how one travels.")] = None,
    minutes: Annotated[int | None, typer.Option(help="With the first cut: the limit.")] = None,
    clock: Annotated[
        str | None, typer.Option(help="With the first cut: time of day as 22:00; else none.")
    ] = None,
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    as_json: AsJson = False,
) -> None:
    """Keep the ledger of gaps: list it, set what is done about a gap, or cut a month.

    A cut (on the 25th of each month, say) compares the gaps with the last one's.
    """
    from web.ledger_commands import ask_gaps

    given = {
        "state": state,
        "responsible": responsible,
        "note": note,
        "region": region,
        "month": month,
        "date": date,
        "mode": mode,
        "minutes": minutes,
        "clock": clock,
        "need": need or None,
        "kind": kind or None,
        "access": access or None,
    }
    typer.echo(ask_gaps(_settings(data=data), (what, gap), given, as_json=as_json))


@app.command(epilog="Example: locator bulletin --data mycity --month 2026-11 --out bulletin.docx")
def bulletin(
    data: Data = None,
    month: Annotated[
        str | None, typer.Option(help="A month as 2026-11; without it, who is covered today.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=".md, .txt, .html or .docx; without it, Markdown is shown.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(help="walk (if not given), ebike, bicycle, drive or truck.")
    ] = None,
    minutes: Annotated[
        int | None, typer.Option(help="The limit (minutes), 1 to 120; 15 if not given.")
    ] = None,
    at: At = None,
    need: Need = None,
    kind: Kind = None,
    access: Access = None,
    region: Region = None,
    language: Annotated[str | None, typer.Option("--lang", help="zh or en.")] = None,
) -> None:
    """Write the bulletin of a month's cut, the same each time, or of the coverage of today."""
    from web.bulletin_command import write_bulletin

    given = {"mode": mode, "minutes": minutes, "at": at, "need": need, "kind": kind}
    given |= {"access": access, "region": region}
    asked = {name: value for name, value in given.items() if value is not None}
    typer.echo(write_bulletin(_settings(data=data, map_language=language), month, out, asked))


@app.command(epilog="Example: locator serve --data mycity --port 8000")
def serve(
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.")] = None,
) -> None:
    """Serve over HTTP; without --data the demo city, prepared on first run."""
    from web.memory import keep_little

    keep_little()  # before anything large is imported: Arrow reads its setting then
    from web.commands import serve_dataset

    serve_dataset(_settings(data=data, host=host, port=port, workers=workers))


def _question(
    mode: str,
    minutes: int,
    need: list[str] | None,
    kind: list[str] | None,
    access: list[str] | None,
) -> dict[str, Any]:
    """Return what every question has, by the names of the interface."""
    return {
        "mode": mode,
        "minutes": minutes,
        "need": need or [],
        "kind": kind or [],
        "access": access or [],
    }


def _area(
    at: str | None, region: str | None, stations_at_least: int, include: list[str] | None
) -> dict[str, Any]:
    """Return what a question about coverage has besides."""
    return {
        "at": at,
        "region": region,
        "stations_at_least": stations_at_least,
        "include": include or [],
    }


def _settings(**given: Any) -> Settings:
    """Return the settings of the environment, with the options given."""
    import pydantic

    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)
    except pydantic.ValidationError as error:
        found = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise typer.BadParameter("; ".join(found)) from None


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; never shows a traceback.

    Parameters
    ----------
    arguments : list of str, optional
        ``sys.argv[1:]`` if not given.

    Raises
    ------
    SystemExit
        With the exit status.
    """
    from web.console import complain

    try:
        app(arguments, prog_name="locator")
    except LocatorError as error:
        complain(str(error))
        sys.exit(NO)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001  the last wall: a sentence, not a traceback
        complain(f"an error that is ours ({type(error).__name__}: {error}); please report it")
        sys.exit(NO)

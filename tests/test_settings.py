"""Settings: named limits, read from the environment only when made."""

import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

from web.server import environment_of
from web.settings import Settings, data_home


def test_defaults_are_those_of_the_interface():
    settings = Settings()
    assert (settings.max_k, settings.max_minutes, settings.hotline) == (50, 120, "12351")
    assert (settings.linger_seconds, settings.rounded_to, settings.smallest_count) == (600, 5, 10)
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)


def test_the_environment_decides_with_its_prefix(monkeypatch):
    monkeypatch.setenv("LOCATOR_DATA", "/data/mycity")
    monkeypatch.setenv("LOCATOR_MAX_K", "7")
    monkeypatch.setenv("MAX_MINUTES", "3")
    settings = Settings()
    assert settings.data == Path("/data/mycity")
    assert (settings.max_k, settings.max_minutes) == (7, 120)


def test_settings_are_frozen():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70_000),
        ("workers", 0),
        ("max_k", 51),
        ("max_minutes", 121),
        ("max_body_bytes", 0),
        ("map_tiles", "google"),
        ("demo_size", "huge"),
        ("prot", 8000),
    ],
)
def test_values_that_make_no_sense_are_refused(name, value):
    with pytest.raises(pydantic.ValidationError, match=name):
        Settings(**{name: value})


def test_tianditu_wants_its_key():
    with pytest.raises(pydantic.ValidationError, match="tianditu_key"):
        Settings(map_tiles="tianditu")
    assert Settings(map_tiles="tianditu", tianditu_key="abc123").tianditu_key == "abc123"


def test_worker_processes_get_the_same_settings(monkeypatch):
    given = Settings(data=Path("/data/x"), max_k=9, access_log=False, map_review_number="审图号")
    for name, value in environment_of(given).items():
        monkeypatch.setenv(name, value)
    assert Settings() == given


def test_every_setting_says_what_it_is():
    unsaid = [name for name, field in Settings.model_fields.items() if not field.description]
    assert unsaid == []


def test_user_data_folder_follows_the_platform(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert data_home() == Path("/somewhere")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert data_home() == Path.home() / ".local" / "share"
    for platform, end in (("win32", "Local"), ("darwin", "Application Support")):
        monkeypatch.setattr(sys, "platform", platform)
        assert data_home().name == end


def test_importing_the_package_reads_and_starts_nothing():
    code = (
        "import sys, web.app, web.cli, logging\n"
        "assert not logging.getLogger().handlers\n"
        "late = {name for name in sys.modules if name in set(sys.argv[1].split())}\n"
        "assert not late, f'loaded on import, and not every server is asked for it: {late}'\n"
    )
    late = (
        "docx folium highspy lxml matplotlib openpyxl osmium PIL rasterio scipy.optimize "
        "scipy.sparse sqlalchemy locator.plan locator.siting_model"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, late],
        env={"LOCATOR_PORT": "not a port", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

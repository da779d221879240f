"""Every knob of the web service and of the command line, in one frozen object.

Each setting may be given in the environment with the prefix ``LOCATOR_`` (``LOCATOR_DATA``,
``LOCATOR_MAX_K`` …). Nothing is read on import: whoever starts the program makes one ``Settings``
and passes it on.
"""

import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])"
_ORIGIN = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?/?")
#: A source of ``frame-ancestors`` (CSP level 3, without paths, which are not matched there).
_ANCESTOR = re.compile(
    rf"\*|'none'|'self'|https?:|(?:https?://)?(?:\*\.)?{_HOST}(?::(?:[0-9]{{1,5}}|\*))?"
)

#: Sizes of the demo city.
DemoSize = Literal["small", "city", "province"]


def data_home() -> Path:
    """Return the folder where this user's programs keep data.

    Returns
    -------
    Path
        ``$XDG_DATA_HOME`` or ``~/.local/share`` on Linux, the platform's own elsewhere.
    """
    if sys.platform == "win32":
        return Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


class Settings(BaseSettings):
    """Settings of one process; every limit that an answer can name is a field here."""

    model_config = SettingsConfigDict(env_prefix="LOCATOR_", frozen=True, extra="forbid")

    # The data.
    data: Annotated[
        Path | None, Field(description="Dataset folder to serve; without it, the demo city.")
    ] = None
    demo_folder: Annotated[
        Path, Field(description="Where the demo city is prepared on first run.")
    ] = Field(default_factory=lambda: data_home() / "union-circle-locator" / "demo")
    demo_size: Annotated[DemoSize, Field(description="Size of the demo city.")] = "city"
    overpass_url: Annotated[
        str, Field(description="Overpass server that `locator fetch` asks.", max_length=300)
    ] = "https://overpass-api.de/api/interpreter"
    fetch_timeout_seconds: Annotated[
        int, Field(description="How long the Overpass server may work (s).", ge=1, le=3600)
    ] = 180
    fetch_most_km2: Annotated[
        float, Field(description="Largest rectangle that `locator fetch` asks for (km²).", gt=0)
    ] = 5000.0
    fetch_most_megabytes: Annotated[
        float, Field(description="Largest answer that `locator fetch` takes (MB).", gt=0)
    ] = 500.0

    # The questions.
    max_k: Annotated[int, Field(description="Most stations in one answer.", ge=1, le=50)] = 50
    max_minutes: Annotated[
        int, Field(description="Longest travel time that may be asked for (min).", ge=1, le=120)
    ] = 120
    max_list_items: Annotated[
        int, Field(description="Most needs, kinds or access methods in one question.", ge=1, le=200)
    ] = 20
    max_features: Annotated[
        int, Field(description="Most shapes in one answer.", ge=1, le=1_000_000)
    ] = 50_000
    alternatives: Annotated[
        int, Field(description="Most alternatives beside the stations that fit.", ge=0, le=3)
    ] = 3
    linger_seconds: Annotated[
        int,
        Field(description="How long a station has to stay open after arrival (s).", ge=0, le=3600),
    ] = 600
    hotline: Annotated[
        str, Field(description="Telephone number that every answer ends with.", max_length=20)
    ] = "12351"

    # Privacy.
    rounded_to: Annotated[
        int, Field(description="Figures about people over HTTP are rounded to this.", ge=1, le=1000)
    ] = 5
    smallest_count: Annotated[
        int, Field(description="A gap with fewer workers shows none over HTTP.", ge=1, le=1000)
    ] = 10

    # What people report.
    records: Annotated[Path, Field(description="File of the reports; made with the first one.")] = (
        Field(default_factory=lambda: data_home() / "union-circle-locator" / "records.sqlite")
    )
    ledger: Annotated[
        Path | None,
        Field(description="Folder of the ledger of gaps; without it, one beside the reports."),
    ] = None
    reports_per_client: Annotated[
        int, Field(description="Most reports of one client in the window.", ge=1, le=1000)
    ] = 5
    reports_window_seconds: Annotated[
        int, Field(description="The window of `reports_per_client` (s).", ge=1, le=86_400)
    ] = 600
    reports_per_day: Annotated[
        int,
        Field(description="Most reports of all clients in 24 hours, a worker.", ge=1, le=1_000_000),
    ] = 2_000

    # The planners.
    scenario_changes: Annotated[
        int, Field(description="Most changes in one what-if question.", ge=1, le=5_000)
    ] = 200
    scenarios_per_planner: Annotated[
        int, Field(description="Most what-if questions of one planner in the window.", ge=1)
    ] = 1_000
    scenarios_window_seconds: Annotated[
        int, Field(description="The window of `scenarios_per_planner` (s).", ge=1, le=86_400)
    ] = 3_600
    scenario_log: Annotated[
        Path | None,
        Field(description="Log of what-if questions; without it, one beside the reports."),
    ] = None
    planner_token: Annotated[
        str,
        Field(
            description="What planners send as `Authorization: Bearer`; needed beyond loopback.",
            max_length=500,
            pattern=r"^[!-~]*$",
            repr=False,
        ),
    ] = ""

    jobs: Annotated[Path, Field(description="Folder of long work: what is asked, and results.")] = (
        Field(default_factory=lambda: data_home() / "union-circle-locator" / "jobs")
    )
    jobs_waiting: Annotated[
        int, Field(description="Jobs that may wait or run before a 503.", ge=1, le=10_000)
    ] = 16
    jobs_kept: Annotated[
        int, Field(description="Ended jobs whose results are kept.", ge=1, le=100_000)
    ] = 200
    jobs_attempts: Annotated[
        int, Field(description="How often a job is begun before it counts as failed.", ge=1, le=100)
    ] = 3
    plan_candidates: Annotated[
        int, Field(description="Most candidates that a plan takes over HTTP.", ge=1, le=50_000)
    ] = 5_000
    plan_seconds: Annotated[
        float, Field(description="Longest time limit of a plan over HTTP (s).", ge=1, le=3600)
    ] = 600.0

    # The server.
    follow_seconds: Annotated[
        float,
        Field(
            description="How often the server looks whether `prepare` has replaced its dataset "
            "(s); 0: never.",
            ge=0,
            le=86_400,
        ),
    ] = 5.0
    trusted_proxies: Annotated[
        str,
        Field(
            description="Addresses or networks whose `X-Forwarded-For` is believed, with commas.",
            max_length=1000,
        ),
    ] = ""
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(description="Port to listen on.", ge=0, le=65535)] = 8000
    workers: Annotated[int, Field(description="Worker processes.", ge=1, le=64)] = 1
    max_body_bytes: Annotated[
        int, Field(description="Longest request body (B).", ge=256, le=64 * 2**20)
    ] = 2**20
    max_query_bytes: Annotated[
        int, Field(description="Longest query string (B).", ge=256, le=65_536)
    ] = 8_192
    limit_concurrency: Annotated[
        int, Field(description="Connections beyond which a worker says 503.", ge=1, le=100_000)
    ] = 150
    retry_after_seconds: Annotated[
        int, Field(description="Retry-After of a 503 (s).", ge=1, le=3600)
    ] = 2
    keep_alive_seconds: Annotated[
        int, Field(description="How long an idle connection stays open (s).", ge=1, le=600)
    ] = 5
    gzip_minimum_bytes: Annotated[
        int, Field(description="Shorter answers are not compressed (B).", ge=0)
    ] = 1_024
    coverage_cache_answers: Annotated[
        int, Field(description="Coverage answers kept.", ge=0, le=10_000)
    ] = 64
    coverage_cache_bytes: Annotated[
        int, Field(description="Coverage answers kept, together (B).", ge=0)
    ] = 64 * 2**20
    work_at_once: Annotated[
        int, Field(description="Maps, bulletins, files, coverages made at once.", ge=1, le=64)
    ] = 2
    work_waiting: Annotated[
        int, Field(description="How many of them may wait before a 503.", ge=0, le=10_000)
    ] = 24
    work_wait_seconds: Annotated[
        float, Field(description="How long one of them waits before a 503 (s).", gt=0)
    ] = 10.0
    access_log: Annotated[bool, Field(description="Log one line a request to stderr.")] = True

    # The map.
    map_tiles: Annotated[
        Literal["none", "osm", "tianditu", "amap"],
        Field(description="Base layer besides our own streets."),
    ] = "none"
    tianditu_key: Annotated[
        str, Field(description="Key for Tianditu tiles.", max_length=100, pattern="^[0-9A-Za-z]*$")
    ] = ""
    map_review_number: Annotated[
        str, Field(description="审图号 to print on maps.", max_length=60)
    ] = ""
    map_language: Annotated[
        Literal["zh", "en"], Field(description="Language of pages and maps.")
    ] = "zh"

    # The embedded map.
    public_url: Annotated[
        str,
        Field(
            description="Address of this site, as `https://map.example.org`; else the caller's.",
            max_length=300,
        ),
    ] = ""
    frame_ancestors: Annotated[
        str,
        Field(description="Sites that may embed `/embed/map`, by spaces.", max_length=4000),
    ] = "*"
    frozen: Annotated[Path, Field(description="Folder of the embedded maps that stand still.")] = (
        Field(default_factory=lambda: data_home() / "union-circle-locator" / "frozen")
    )
    frozen_most: Annotated[
        int, Field(description="Most maps that stand still.", ge=0, le=100_000)
    ] = 2_000
    frozen_megabytes: Annotated[
        float, Field(description="Maps that stand still, together (MB).", ge=0, le=1_000_000)
    ] = 2_000.0

    # The pictures.
    font: Annotated[
        Path | None,
        Field(description="Font file with Chinese characters for pictures; without it, one found."),
    ] = None
    picture_most_side: Annotated[
        int, Field(description="Greatest width and height of a picture (px).", ge=200, le=10_000)
    ] = 4_000
    picture_most_pixels: Annotated[
        int,
        Field(description="Most pixels of a picture, scale and all.", ge=40_000, le=100_000_000),
    ] = 16_000_000
    picture_wait_seconds: Annotated[
        float, Field(description="How long a picture waits for others before a 503 (s).", gt=0)
    ] = 5.0

    @property
    def map_base(self) -> str:
        """The base layer as pages name it: ``streets`` (our own) where no tiles were chosen."""
        return "streets" if self.map_tiles == "none" else self.map_tiles

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        """Take an address without path only, as pages name files from the root."""
        if value and not _ORIGIN.fullmatch(value):
            msg = "public_url: expected http(s)://host or http(s)://host:port, without a path"
            raise ValueError(msg)
        return value.rstrip("/")

    @field_validator("frame_ancestors")
    @classmethod
    def _are_ancestors(cls, value: str) -> str:
        """Take what a Content-Security-Policy can hold, and nothing that would end the rule."""
        sources = value.split()
        wrong = [source for source in sources if not _ANCESTOR.fullmatch(source)]
        if not sources or wrong or ("'none'" in sources and len(sources) > 1):
            msg = (
                "frame_ancestors: expected `*`, `'none'`, or by spaces: `'self'`, `https:`, "
                "`https://news.example.cn`, `https://*.example.cn`"
            )
            raise ValueError(msg)
        return " ".join(sources)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        """Refuse what is no address: everybody would be believed, or nobody."""
        for part in filter(None, map(str.strip, value.split(","))):
            try:
                ipaddress.ip_network(part)
            except ValueError:
                msg = f"trusted_proxies: {part[:60]!r} is no address or network, like 127.0.0.1"
                raise ValueError(msg) from None
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        """Refuse settings that contradict one another."""
        if self.map_tiles == "tianditu" and not self.tianditu_key:
            msg = "map_tiles=tianditu needs tianditu_key: ask tianditu.gov.cn for one"
            raise ValueError(msg)
        return self

"""Fetching streets, against a server that the test starts on this machine."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import osmium
import pytest

from geodata.errors import (
    FileFormatError,
    InputError,
    LimitError,
    LocatorError,
    ValidationError,
)
from geodata.overpass import fetch_streets
from geodata.overpass_area import Box, parse_box
from geodata.overpass_query import areas_query, page_text, streets_query
from geodata.overpass_server import FetchSettings, Progress

BOX = "115.80,28.60,115.98,28.76"

STREETS = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6" generator="Overpass API 0.7.62">
<note>The data included in this document is from www.openstreetmap.org.</note>
<meta osm_base="2026-11-20T07:15:03Z"/>
<node id="3" lat="28.6800000" lon="115.8920000"/>
<node id="1" lat="28.6800000" lon="115.8900000"/>
<node id="2" lat="28.6800000" lon="115.8910000"><tag k="barrier" v="gate"/></node>
<way id="20"><nd ref="2"/><nd ref="3"/><tag k="waterway" v="river"/></way>
<way id="10"><nd ref="1"/><nd ref="2"/>
<tag k="highway" v="residential"/><tag k="name" v="朝阳路"/></way>
<way id="10"><nd ref="1"/><nd ref="2"/>
<tag k="highway" v="residential"/><tag k="name" v="朝阳路"/></way>
</osm>
"""

COUNT = json.dumps(
    {"elements": [{"type": "count", "id": 0, "tags": {"nodes": "3", "ways": "2", "total": "5"}}]}
)

HTML_ERROR = """<?xml version="1.0"?><!DOCTYPE html><html><head><title>OSM3S Response</title></head>
<body><p>The data included in this document is from www.openstreetmap.org.</p>
<p><strong style="color:#FF0000">Error</strong>: line 1: parse error: Unknown type "wey" </p>
</body></html>"""


@dataclass
class Reply:
    """One answer of the server."""

    body: bytes | str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0


@dataclass
class Overpass:
    """A server with its answers laid out in advance, and what it was asked."""

    url: str
    replies: list[Reply]
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(*replies: Reply) -> Iterator[Overpass]:
    """Serve the replies in turn on a free port of this machine."""
    state = Overpass("", list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(length).decode())
            state.asked.append({"data": form["data"][0], "agent": self.headers["User-Agent"]})
            reply = state.replies.pop(0)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) - reply.cut])

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/api/interpreter"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(server: Overpass, out: Path, where: str | Box = BOX, **more: Any) -> Any:
    """Fetch without waiting."""
    more.setdefault("pause", lambda _: None)
    return fetch_streets(where, out, server=server.url, **more)


def only_file(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_good_answer_becomes_a_sorted_pbf_with_its_date(tmp_path):
    out = tmp_path / "streets.osm.pbf"
    out.write_bytes(b"an older file")
    with serving(Reply(COUNT), Reply(STREETS)) as server:
        report = fetch(server, out)
    assert (report.nodes, report.ways, report.streets) == (3, 2, 1)
    assert report.as_of == "2026-11-20T07:15:03Z"
    assert report.downloaded_bytes == len(STREETS.encode())
    assert report.file_bytes == out.stat().st_size
    assert only_file(tmp_path) == ["streets.osm.pbf"]
    things = [(item.type_str(), item.id) for item in osmium.FileProcessor(str(out))]
    assert things == [("n", 1), ("n", 2), ("n", 3), ("w", 10), ("w", 20)]
    tags = {item.id: dict(item.tags) for item in osmium.FileProcessor(str(out)) if item.is_way()}
    assert tags[10] == {"highway": "residential", "name": "朝阳路"}
    with osmium.io.Reader(str(out)) as reader:
        header = reader.header()
    assert header.get("osmosis_replication_timestamp") == "2026-11-20T07:15:03Z"
    assert "OpenStreetMap contributors" in header.get("generator")


def test_fetched_file_is_read_as_streets(tmp_path):
    from geodata.osm import read_streets

    with serving(Reply(COUNT), Reply(STREETS)) as server:
        fetch(server, tmp_path / "a.osm.pbf")
    streets = read_streets([tmp_path / "a.osm.pbf"])
    assert streets.way_name.tolist() == ["朝阳路"]
    assert len(streets.segment_m) == 1


def test_counts_first_in_the_rectangle_and_says_who_asks(tmp_path):
    with serving(Reply(COUNT), Reply(STREETS)) as server:
        fetch(server, tmp_path / "a.osm.pbf")
    counted, asked = server.asked
    assert counted["data"].endswith("out count;")
    assert asked["data"].endswith("out body;")
    for question in (counted, asked):
        assert 'way["highway"](28.6,115.8,28.76,115.98);' in question["data"]
        assert question["agent"].startswith("union-circle-locator/")


def test_progress_tells_the_size_before_and_while(tmp_path):
    steps: list[Progress] = []
    with serving(Reply(COUNT), Reply(STREETS)) as server:
        fetch(server, tmp_path / "a.osm.pbf", progress=steps.append)
    stages = [step.stage for step in steps]
    assert stages[:2] == ["counting", "downloading"]
    assert stages[-1] == "writing"
    assert steps[1] == Progress("downloading", 0, 3 * 90 + 2 * 420)
    assert steps[-2].done == len(STREETS.encode())


def test_busy_server_is_asked_again_when_it_says(tmp_path):
    waits: list[float] = []
    busy = Reply("<html>slots full</html>", 429, {"Retry-After": "7"})
    with serving(busy, Reply(COUNT), Reply("", 504), Reply("", 504), Reply(STREETS)) as server:
        report = fetch(server, tmp_path / "a.osm.pbf", pause=waits.append)
    assert report.streets == 1
    assert waits == [7.0, 15.0, 30.0]
    assert len(server.asked) == 5


def test_retry_after_may_be_a_date(tmp_path):
    waits: list[float] = []
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    with serving(Reply("", 503, {"Retry-After": then}), Reply(COUNT), Reply(STREETS)) as server:
        fetch(server, tmp_path / "a.osm.pbf", pause=waits.append)
    assert len(waits) == 1
    assert 0 < waits[0] <= 60


def test_retry_after_that_says_nothing_means_the_usual_wait(tmp_path):
    waits: list[float] = []
    vague = Reply("", 503, {"Retry-After": "soon"})
    stale = Reply("", 503, {"Retry-After": "Fri, 20 Nov 2020 07:15:03 -0000"})
    with serving(vague, stale, Reply(COUNT), Reply(STREETS)) as server:
        fetch(server, tmp_path / "a.osm.pbf", pause=waits.append)
    assert waits == [15.0, 0.0]


def test_compressed_answer(tmp_path):
    packed = {"Content-Encoding": "gzip"}
    replies = [Reply(gzip.compress(text.encode()), 200, packed) for text in (COUNT, STREETS)]
    with serving(*replies) as server:
        report = fetch(server, tmp_path / "a.osm.pbf", Box(115.8, 28.6, 115.98, 28.76))
    assert report.downloaded_bytes == len(STREETS.encode())
    broken = Reply(gzip.compress(STREETS.encode())[:-40] + b"x" * 40, 200, packed)
    with serving(Reply(COUNT), broken) as server, pytest.raises(FileFormatError, match="broke off"):
        fetch(server, tmp_path / "b.osm.pbf")


def test_endless_count_is_cut(tmp_path):
    with serving(Reply(" " * 1_300_000 + COUNT)) as server, pytest.raises(FileFormatError):
        fetch(server, tmp_path / "a.osm.pbf")


def test_server_that_stays_busy_is_left_alone(tmp_path):
    replies = [Reply("", 504)] * 4
    with serving(*replies) as server, pytest.raises(LocatorError) as caught:
        fetch(server, tmp_path / "a.osm.pbf")
    assert caught.value.code == "server_busy"
    assert "was busy 4 times (last answer: HTTP 504): try again later" in caught.value.message
    assert len(server.asked) == 4
    assert only_file(tmp_path) == []


def test_long_wait_is_not_waited(tmp_path):
    waits: list[float] = []
    busy = Reply("", 429, {"Retry-After": "3600"})
    with serving(busy) as server, pytest.raises(LocatorError, match="asks to wait 3600 seconds"):
        fetch(server, tmp_path / "a.osm.pbf", pause=waits.append)
    assert waits == []


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(STREETS, cut=100), "broke off"),
        (Reply(STREETS[:-30]), "broke off before its end"),
        (Reply(HTML_ERROR), r"sent no OSM data but: 'The data .* parse error: Unknown type"),
        (Reply(""), "sent no OSM data"),
        (
            Reply(
                STREETS.replace("</osm>", "<remark>runtime error: Query timed out</remark></osm>")
            ),
            "stopped before the end of its answer: runtime error: Query timed out",
        ),
        (Reply('<osm version="0.6"><node id="x" lat="1" lon="2"/></osm>'), "no readable OSM data"),
        (Reply('<osm version="0.6"><way id="1"></osm>'), "no readable OSM data"),
    ],
    ids=["short body", "cut text", "web page", "empty", "remark", "bad value", "bad xml"],
)
def test_bad_answer_leaves_the_older_file(tmp_path, reply, message):
    out = tmp_path / "streets.osm.pbf"
    out.write_bytes(b"an older file")
    with serving(Reply(COUNT), reply) as server, pytest.raises(FileFormatError, match=message):
        fetch(server, out)
    assert out.read_bytes() == b"an older file"
    assert only_file(tmp_path) == ["streets.osm.pbf"]


@pytest.mark.parametrize(
    "body",
    [HTML_ERROR, "{}", '{"elements": []}', '{"elements": [{"type": "count", "tags": {}}]}', "[]"],
)
def test_count_that_is_none(tmp_path, body):
    with (
        serving(Reply(body)) as server,
        pytest.raises(FileFormatError, match="Overpass server's answer"),
    ):
        fetch(server, tmp_path / "a.osm.pbf")


def test_remark_in_the_count(tmp_path):
    body = json.dumps({"elements": [], "remark": "runtime error: Query ran out of memory"})
    with serving(Reply(body)) as server, pytest.raises(FileFormatError, match="ran out of memory"):
        fetch(server, tmp_path / "a.osm.pbf")


def test_refusal_quotes_the_server(tmp_path):
    with serving(Reply(HTML_ERROR, 400)) as server, pytest.raises(LocatorError) as caught:
        fetch(server, tmp_path / "a.osm.pbf")
    assert caught.value.code == "server_refused"
    assert "HTTP 400" in caught.value.message
    assert 'parse error: Unknown type "wey"' in caught.value.message


def test_redirect_is_not_followed(tmp_path):
    moved = Reply("", 302, {"Location": "http://127.0.0.1:1/"})
    with serving(moved) as server, pytest.raises(LocatorError, match="HTTP 302"):
        fetch(server, tmp_path / "a.osm.pbf")


def test_nobody_answers(tmp_path):
    with serving() as server:
        gone = server.url
    with pytest.raises(LocatorError, match="cannot be reached") as caught:
        fetch_streets(BOX, tmp_path / "a.osm.pbf", server=gone)
    assert caught.value.code == "server_unreachable"


def test_no_street_there(tmp_path):
    none = json.dumps({"elements": [{"type": "count", "tags": {"nodes": "0", "ways": "0"}}]})
    with serving(Reply(none)) as server, pytest.raises(InputError, match="no street there"):
        fetch(server, tmp_path / "a.osm.pbf")
    water = STREETS.replace("highway", "landuse")
    with (
        serving(Reply(COUNT), Reply(water)) as server,
        pytest.raises(InputError, match="no street"),
    ):
        fetch(server, tmp_path / "a.osm.pbf")


def test_too_large_an_area_is_not_even_asked(tmp_path):
    with (
        serving() as server,
        pytest.raises(LimitError, match=r"17,\d+ km², more than the limit of 5,000"),
    ):
        fetch(server, tmp_path / "a.osm.pbf", "115,28,116.6,29")
    assert server.asked == []


def test_too_large_by_count_and_by_what_comes(tmp_path):
    huge = json.dumps({"elements": [{"type": "count", "tags": {"nodes": "9000000", "ways": "9"}}]})
    with (
        serving(Reply(huge)) as server,
        pytest.raises(LimitError, match=r"810.0 MB or more.*500.0 MB"),
    ):
        fetch(server, tmp_path / "a.osm.pbf")
    settings = FetchSettings(most_megabytes=0.0012)
    with serving(Reply(COUNT), Reply(STREETS + " " * 5000)) as server, pytest.raises(LimitError):
        fetch(server, tmp_path / "a.osm.pbf", settings=settings)
    assert only_file(tmp_path) == []


def areas(*rows: tuple[int, str, str]) -> Reply:
    """Return an answer that lists areas."""
    elements = [
        {"type": "area", "id": number, "tags": {"name": name, "admin_level": level}}
        for number, name, level in rows
    ]
    return Reply(json.dumps({"elements": elements}))


def test_place_by_name(tmp_path):
    found = areas((3600055555, "云江市", "5"))
    with serving(found, Reply(COUNT), Reply(STREETS)) as server:
        report = fetch(server, tmp_path / "a.osm.pbf", " 云江市 ")
    assert report.streets == 1
    assert 'area["boundary"="administrative"]["name"="云江市"];' in server.asked[0]["data"]
    assert "area(3600055555)->.here;" in server.asked[1]["data"]
    assert 'way["highway"](area.here);' in server.asked[2]["data"]


def test_place_by_number_needs_no_search(tmp_path):
    with serving(Reply(COUNT), Reply(STREETS)) as server:
        fetch(server, tmp_path / "a.osm.pbf", "3600055555")
    assert "area(3600055555)->.here;" in server.asked[0]["data"]


def test_place_unknown_or_ambiguous(tmp_path):
    with (
        serving(areas()) as server,
        pytest.raises(InputError, match="no administrative area called '某市'"),
    ):
        fetch(server, tmp_path / "a.osm.pbf", "某市")
    two = areas((3600000002, "鼓楼区", "6"), (3600000001, "鼓楼区", "6"))
    with serving(two) as server, pytest.raises(InputError) as caught:
        fetch(server, tmp_path / "a.osm.pbf", "鼓楼区")
    assert caught.value.code == "place_ambiguous"
    assert "3600000001 (鼓楼区, admin_level 6); 3600000002" in caught.value.message


def test_name_cannot_leave_its_quotes():
    query = areas_query('x"];out;//\\', 60)
    assert '["name"="x\\"];out;//\\\\"]' in query


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3", "expected west,south,east,north in degrees, got '1,2,3'"),
        ("a,b,c,d", "expected west,south,east,north"),
        ("116,28,115,29", "expected west < east"),
        ("28.6,115.8,28.76,115.98", "south: expected degrees within ±90"),
        ("115,29,116,28", "longitudes come first"),
        ("nan,28,116,29", "west: expected degrees within ±180, got nan"),
        ("-181,-91,181,91", "west.*south.*east.*north"),
    ],
)
def test_bad_rectangles_name_every_fault(text, message):
    with pytest.raises(ValidationError, match=message):
        parse_box(text)


def test_rectangles_as_people_type_them():
    assert parse_box(" 115.8，28.6， 115.98 ,28.76") == Box(115.8, 28.6, 115.98, 28.76)
    # 1 by 1 degree at the equator: (6371 km × π / 180)² within the curvature
    assert Box(0, 0, 1, 1).area_km2 == pytest.approx(111.195**2, rel=1e-4)
    # the whole globe: 4 π r²
    assert Box(-180, -90, 180, 90).area_km2 == pytest.approx(510_064_472, rel=1e-6)


def test_all_faults_at_once(tmp_path):
    with pytest.raises(ValidationError) as caught:
        fetch_streets("1,2,3", tmp_path / "no" / "a.txt", server="overpass")
    assert [fault.where for fault in caught.value.faults] == ["bbox", "out", "out", "server"]
    with pytest.raises(ValidationError, match="place: expected a name"):
        fetch_streets("  ", tmp_path / "a.osm.pbf", server="http://127.0.0.1:9/x")


def test_page_text_is_one_line():
    assert page_text(b"<html><style>p{}</style>\n<p>a\n b</p></html>") == "a b"
    assert page_text(b"\xff\xfe plain") == "\ufffd\ufffd plain"
    assert len(page_text(b"x" * 999)) == 200


def test_box_query_has_south_before_west():
    assert "(28.6,115.8,28.76,115.98)" in streets_query(parse_box(BOX), 60, count=True)

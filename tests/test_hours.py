"""Timetables against minute-by-minute brute force, and the times that questions name."""

import pickle
import re
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, strategies as st
from opening_hours import OpeningHours

from geodata.calendar import Calendar, load_calendar
from geodata.errors import ValidationError
from geodata.hours import CLOSED, OPEN, SHANGHAI, UNKNOWN, Timetable, parse_at
from geodata.hours_clock import DAY_MS

#: A fortnight with National Day (1 to 7 October) and a Saturday that is worked (10 October).
START, DAYS = datetime(2026, 9, 28, tzinfo=SHANGHAI), 14
MINUTE = timedelta(minutes=1)
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
HOLIDAYS = {date(2026, 10, day) for day in range(1, 8)}
CODES = {"closed": CLOSED, "open": OPEN, "unknown": UNKNOWN}

#: As given, and as the evaluator needs it without a calendar: holidays and 10 October by date.
EXPRESSIONS = [
    ("24/7", "24/7"),
    ("08:00-20:00", "08:00-20:00"),
    ("22:00-06:00", "22:00-06:00"),
    ("08:00-26:00", "08:00-26:00"),
    ("00:00-24:00", "00:00-24:00"),
    ("off", "off"),
    ("unknown", "unknown"),
    (
        "Mo-Fr 09:00-17:00; PH off",
        "Mo-Fr 09:00-17:00; 2026 Oct 01-2026 Oct 07 off; 2026 Oct 10 09:00-17:00",
    ),
    (
        "Mo-Fr 08:00-12:00,14:00-18:00; Sa 09:00-12:00",
        "Mo-Fr 08:00-12:00,14:00-18:00; Sa 09:00-12:00; 2026 Oct 10 08:00-12:00,14:00-18:00",
    ),
    ("Tu-Su,PH 09:00-17:00", "Tu-Su 09:00-17:00; 2026 Oct 05 09:00-17:00; 2026 Oct 10 off"),
    ("Tu-Su 09:00-17:00", "Tu-Su 09:00-17:00; 2026 Oct 10 off"),
    (
        "Mo-Fr 10:00-19:00; Sa,Su,PH 10:00-20:00",
        (
            "Mo-Fr 10:00-19:00; Sa,Su 10:00-20:00; 2026 Oct 01-2026 Oct 07 10:00-20:00; "
            "2026 Oct 10 10:00-19:00"
        ),
    ),
    (
        "Mo-Fr 08:00-16:00; Sa,Su unknown; PH 10:00-11:00",
        (
            "Mo-Fr 08:00-16:00; Sa,Su unknown; 2026 Oct 01-2026 Oct 07 10:00-11:00; "
            "2026 Oct 10 08:00-16:00"
        ),
    ),
    (
        "Apr-Sep Mo-Fr 08:00-18:00; Oct-Mar Mo-Fr 09:00-17:00",
        "Apr-Sep Mo-Fr 08:00-18:00; Oct-Mar Mo-Fr 09:00-17:00; 2026 Oct 10 09:00-17:00",
    ),
]


def brute(osm: str) -> np.ndarray:
    """The state at every minute by the evaluator alone, asked minute by minute."""
    hours = OpeningHours(osm)
    at = START.replace(tzinfo=None)
    return np.array(
        [CODES[str(hours.state(at + MINUTE * step)[0])] for step in range(DAYS * 1440)],
        dtype=np.uint8,
    )


def by_minute(table: Timetable, row: int = 0) -> np.ndarray:
    return np.array([table.states(START + MINUTE * step)[row] for step in range(DAYS * 1440)])


@pytest.fixture(scope="module")
def fortnight() -> np.ndarray:
    """States of all expressions at every minute, in the order of EXPRESSIONS."""
    table = Timetable([osm for osm, _ in EXPRESSIONS])
    return np.stack([table.states(START + MINUTE * step) for step in range(DAYS * 1440)])


@pytest.mark.parametrize("row", range(len(EXPRESSIONS)), ids=[osm for osm, _ in EXPRESSIONS])
def test_states_equal_brute_force_over_a_holiday_and_a_shifted_working_day(fortnight, row):
    assert (fortnight[:, row] == brute(EXPRESSIONS[row][1])).all()


def plain(osm: str, at: datetime) -> int:
    """A second evaluator, by hand: weekdays and spans of one day, PH, nothing else."""
    day = at.date()
    weekday = 0 if day == date(2026, 10, 10) else day.weekday()
    state, minute = CLOSED, at.hour * 60 + at.minute
    for rule in osm.split("; "):
        days, _, rest = rule.rpartition(" ")
        named = set()
        for item in filter(None, days.split(",")):
            first, _, last = item.partition("-")
            if item != "PH":
                ends = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
                named |= set(range(ends[0], ends[1] + 1))
        if days and weekday not in named and not ("PH" in days and day in HOLIDAYS):
            continue
        spans = re.findall(r"(\d\d):(\d\d)-(\d\d):(\d\d)", rest)
        within = [int(a) * 60 + int(b) <= minute < int(c) * 60 + int(d) for a, b, c, d in spans]
        state = OPEN if any(within) else CLOSED
    return state


@pytest.mark.parametrize(
    "osm",
    [
        "08:00-20:00",
        "Mo-Fr 09:00-17:00; PH off",
        "Mo-Fr 08:00-12:00,14:00-18:00; Sa 09:00-12:00",
        "Tu-Su,PH 09:00-17:00",
        "Mo-Fr 10:00-19:00; Sa,Su,PH 10:00-20:00",
        "Mo,We,Fr 06:30-23:59; Su 00:00-24:00",
    ],
)
def test_states_equal_an_evaluator_written_by_hand(osm):
    table = Timetable([osm])
    want = [plain(osm, START + MINUTE * step) for step in range(DAYS * 1440)]
    assert by_minute(table).tolist() == want


@pytest.mark.parametrize("state", [CLOSED, OPEN, UNKNOWN])
@pytest.mark.parametrize("hours", [0, 1, 30, 24 * 14])
def test_intervals_say_the_same_as_states(fortnight, state, hours):
    table = Timetable([osm for osm, _ in EXPRESSIONS])
    spans = table.intervals(START, hours * 3_600_000, state)
    assert spans.indptr.dtype == np.int32
    assert len(spans.indptr) == len(EXPRESSIONS) + 1
    for row in range(len(EXPRESSIONS)):
        told = np.zeros(hours * 60, dtype=bool)
        part = slice(spans.indptr[row], spans.indptr[row + 1])
        for start, end in zip(spans.start_ms[part], spans.end_ms[part], strict=True):
            assert 0 <= start < end <= hours * 3_600_000
            told[start // 60_000 : end // 60_000] = True
        assert (told == (fortnight[: hours * 60, row] == state)).all()
        assert (spans.start_ms[part][1:] > spans.end_ms[part][:-1]).all()


def test_intervals_are_merged_clipped_and_relative():
    table = Timetable(["08:00-20:00", "24/7", "", "08:00-20:00"])
    at = datetime(2026, 11, 2, 19, 46, tzinfo=SHANGHAI)
    spans = table.intervals(at, 70 * 60_000)
    assert spans.indptr.tolist() == [0, 1, 2, 2, 3]
    assert spans.start_ms.tolist() == [0, 0, 0]
    assert spans.end_ms.tolist() == [14 * 60_000, 70 * 60_000, 14 * 60_000]
    unknown = table.intervals(at, 1000, UNKNOWN)
    assert unknown.indptr.tolist() == [0, 0, 0, 1, 1]
    seconds = table.intervals(at + timedelta(seconds=30, milliseconds=250), 70 * 60_000)
    assert seconds.end_ms[0] == 13 * 60_000 + 29_750


def test_a_station_opens_while_the_worker_is_under_way():
    table = Timetable(["08:00-20:00"])
    spans = table.intervals(datetime(2026, 11, 2, 7, 50, tzinfo=SHANGHAI), 25 * 60_000)
    assert (spans.start_ms.tolist(), spans.end_ms.tolist()) == ([600_000], [1_500_000])


def test_across_midnight_and_at_24_00():
    table = Timetable(["22:00-06:00", "08:00-24:00", "00:00-24:00"])
    assert table.states(datetime(2026, 11, 3, 3, 0)).tolist() == [1, 0, 1]  # noqa: DTZ001
    assert table.states(parse_at("2026-11-02T24:00")).tolist() == [1, 0, 1]
    assert table.states(parse_at("2026-11-02T23:59:59.999")).tolist() == [1, 1, 1]
    spans = table.intervals(parse_at("2026-11-02T23:50"), 20 * 60_000)
    assert spans.end_ms.tolist() == [1_200_000, 600_000, 1_200_000]


def test_until_is_the_next_change_of_state():
    table = Timetable(["08:00-20:00", "24/7", "", "Mo-Fr 09:00-17:00; PH off", "2030 Jan 01 off"])
    at = datetime(2026, 9, 30, 18, 30, tzinfo=SHANGHAI)
    until = table.until(at)
    assert until[0] == datetime(2026, 9, 30, 20, 0, tzinfo=SHANGHAI)
    assert until[1:3] == [None, None]
    assert until[3] == datetime(2026, 10, 8, 9, 0, tzinfo=SHANGHAI)
    assert until[4] is None
    assert table.until(at, limit_days=1)[3] is None
    assert table.until(at, limit_days=90)[3] == until[3]


@given(
    st.sampled_from([osm for osm, _ in EXPRESSIONS]),
    st.integers(0, 14 * 1440 - 1),
)
def test_the_state_holds_until_it_changes(osm, minute):
    table, at = Timetable([osm]), START + MINUTE * minute
    end = table.until(at)[0]
    if end is not None:
        assert at < end <= at + timedelta(days=14)
        assert table.states(end)[0] != table.states(at)[0]
        assert table.states(end - timedelta(milliseconds=1))[0] == table.states(at)[0]
    spans = table.intervals(at, 14 * DAY_MS, int(table.states(at)[0]))
    assert spans.start_ms[0] == 0
    ends = (end - at) // timedelta(milliseconds=1) if end else 14 * DAY_MS
    assert spans.end_ms[0] == ends


def test_two_shifted_days_in_a_row_are_both_mondays():
    table = Timetable(["Mo-Fr 08:00-18:00; Sa,Su 10:00-12:00"])
    for day in (28, 29):  # January 2023
        assert table.states(datetime(2023, 1, day, 17, tzinfo=SHANGHAI))[0] == OPEN


def test_nights_begin_on_shifted_days_as_on_mondays():
    table = Timetable(["Sa,Su 20:00-28:00", "Mo-Fr 20:00-28:00"])
    told = {
        (10, 2): [CLOSED, OPEN],  # still Friday's night
        (10, 21): [CLOSED, OPEN],
        (11, 2): [CLOSED, OPEN],
        (11, 21): [OPEN, CLOSED],
        (12, 2): [OPEN, CLOSED],
    }
    for (day, hour), states in told.items():
        at = datetime(2026, 10, day, hour, tzinfo=SHANGHAI)
        assert table.states(at).tolist() == states, at


def test_shifted_days_can_be_left_as_they_are():
    at = datetime(2026, 10, 10, 12, tzinfo=SHANGHAI)
    osm = ["Mo-Fr 08:00-18:00"]
    assert Timetable(osm).states(at)[0] == OPEN
    assert Timetable(osm, load_calendar(shifted_as=None)).states(at)[0] == CLOSED
    assert Timetable(osm).label(at) == "调休上班（国庆节）"


def test_all_33_holidays_and_6_shifted_days_of_2026_equal_the_official_calendar():
    calendar = load_calendar()
    table = Timetable(["Mo-Fr 08:00-18:00; PH off"])
    for number in range(365):
        noon = datetime(2026, 1, 1, 12, tzinfo=SHANGHAI) + timedelta(days=number)
        day = noon.date()
        worked = day in calendar.workdays or (day.weekday() < 5 and not calendar.is_holiday(day))
        assert table.states(noon)[0] == (OPEN if worked else CLOSED), day


def test_a_year_without_holiday_data_works_and_warns():
    table = Timetable(["Mo-Fr 08:00-18:00; PH off"], Calendar(years=frozenset({2026})))
    at = datetime(2027, 10, 1, 12, tzinfo=SHANGHAI)
    assert table.states(at)[0] == OPEN
    assert table.holiday_warning(at) == "holiday data missing for 2027"
    assert table.holiday_warning(START) == ""
    far = Timetable(["Mo-Fr 08:00-18:00; PH off"])
    assert far.holiday_warning(datetime(2090, 1, 1, tzinfo=SHANGHAI)) != ""
    assert far.states(datetime(2090, 1, 2, 12, tzinfo=SHANGHAI))[0] == OPEN


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Urumqi", "UTC", "Australia/Sydney"])
def test_the_host_time_zone_does_not_matter(monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        table = Timetable(["Mo-Fr 09:00-17:00"])
        naive = datetime(2026, 11, 2, 9, 0)  # noqa: DTZ001  # taken as Asia/Shanghai
        assert table.states(naive)[0] == OPEN
        assert table.states(naive - MINUTE)[0] == CLOSED
        assert table.states(datetime(2026, 11, 2, 1, 0, tzinfo=UTC))[0] == OPEN
        elsewhere = datetime(2026, 11, 1, 20, 0, tzinfo=ZoneInfo("America/New_York"))
        assert table.states(elsewhere)[0] == OPEN
        assert parse_at("2026-11-02T09:00").utcoffset() == timedelta(hours=8)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_empty_expression_is_unknown_throughout_and_no_stations_are_none():
    table = Timetable([""])
    assert table.states(START).tolist() == [UNKNOWN]
    assert table.intervals(START, DAY_MS, UNKNOWN).end_ms.tolist() == [DAY_MS]
    nobody = Timetable([])
    assert len(nobody) == 0
    assert nobody.states(START).tolist() == []
    assert nobody.intervals(START, DAY_MS).indptr.tolist() == [0]
    assert nobody.until(START) == []


def test_all_bad_expressions_are_named_at_once():
    with pytest.raises(ValidationError, match=r"got '9-17'.*read_hours.*at most 1024 bytes") as bad:
        Timetable(["24/7", "\ud800", "9-17", "08:00-18:00; " * 100 + "off"])
    assert len(bad.value.faults) == 3


def test_a_timetable_can_be_pickled():
    table = Timetable(["Mo-Fr 09:00-17:00", ""])
    again = pickle.loads(pickle.dumps(table))  # noqa: S301  # our own bytes
    assert again.states(START).tolist() == table.states(START).tolist()


def test_many_stations_share_few_expressions():
    osm = [f"Mo-Fr 08:{row % 60:02d}-18:00" for row in range(4200)]
    table = Timetable(osm)
    at = datetime(2026, 11, 2, 8, 30, tzinfo=SHANGHAI)
    want = [OPEN if row % 60 <= 30 else CLOSED for row in range(4200)]
    assert table.states(at).tolist() == want
    spans = table.intervals(at, 4_200_000)
    assert np.diff(spans.indptr).tolist() == [1] * 4200
    starts = [max(row % 60 - 30, 0) * 60_000 for row in range(4200)]
    assert spans.start_ms.tolist() == starts


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-10-01T08:30", "2026-10-01T08:30:00+08:00"),
        ("2026-10-01 08:30", "2026-10-01T08:30:00+08:00"),
        ("2026-10-01T08:30:15+00:00", "2026-10-01T16:30:15+08:00"),
        ("2026-10-01T00:30:00Z", "2026-10-01T08:30:00+08:00"),
        ("2026-10-01T08:30:00 08:00", "2026-10-01T08:30:00+08:00"),
        ("2026-10-10T24:00", "2026-10-11T00:00:00+08:00"),
        ("2026-12-31T24:00:00+08:00", "2027-01-01T00:00:00+08:00"),
        ("2026-10-01", "2026-10-01T00:00:00+08:00"),
    ],
)
def test_times_are_read(text, iso):
    assert parse_at(text).isoformat() == iso


def test_now_and_no_time():
    now = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    assert parse_at("now", now=now).isoformat() == "2026-11-22T10:00:00+08:00"
    assert parse_at("now").tzinfo is SHANGHAI
    assert parse_at(None) is None
    assert parse_at("  ") is None


@pytest.mark.parametrize(
    "text",
    ["soon", "2026-13-01T00:00", "2026-10-01T24:01", "2026-10-01T25:00", "9999-12-31T24:00",
     "0001-01-01T00:00", "1969-01-01", "2300-01-01", "now()", "２０２６", "1e9", "0", "\x00"],
)  # fmt: skip
def test_other_times_are_refused_in_a_sentence(text):
    with pytest.raises(ValidationError, match=r"^at: expected now or an ISO 8601 time"):
        parse_at(text)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text):
    try:
        at = parse_at(text)
    except ValidationError:
        return
    assert at is None or at.tzinfo is SHANGHAI


def test_what_was_written_for_nights_is_read_again():
    from geodata.hours import read_hours

    for text in ("22:00-08:00", "20:00-次日12:00", "Mo-Fr 19:00-07:30", "00:00-24:00"):
        written = read_hours(text)
        assert written.osm
        assert read_hours(written.osm) == written

"""Public holidays and shifted working days."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from geodata.calendar import Calendar, load_calendar
from geodata.errors import HolidayDataMissingError, ValidationError

#: The State Council's arrangement for 2026, by hand.
HOLIDAYS_2026 = {
    *(date(2026, 1, day) for day in (1, 2, 3)),
    *(date(2026, 2, day) for day in range(15, 24)),
    *(date(2026, 4, day) for day in (4, 5, 6)),
    *(date(2026, 5, day) for day in range(1, 6)),
    *(date(2026, 6, day) for day in (19, 20, 21)),
    *(date(2026, 9, day) for day in (25, 26, 27)),
    *(date(2026, 10, day) for day in range(1, 8)),
}
SHIFTED_2026 = {
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}


def test_2026_has_33_holidays_and_6_shifted_working_days():
    calendar = load_calendar()
    assert set(calendar.holidays_of(2026)) == HOLIDAYS_2026
    assert len(HOLIDAYS_2026) == 33
    assert {day for day in calendar.workdays if day.year == 2026} == SHIFTED_2026


@pytest.mark.parametrize("year", range(2015, 2027))
def test_the_statutory_days_of_another_package_are_all_holidays(year):
    ours = set(load_calendar().holidays_of(year))
    theirs = holidays.country_holidays("CN", years=year, language="en_US")
    named = {day for day in theirs if day.year == year}
    assert named
    assert named <= ours


@pytest.mark.parametrize("year", range(2019, 2027))
def test_every_day_off_of_the_package_agrees_with_ours(year):
    calendar = load_calendar()
    for number in range(365):
        day = date(year, 1, 1) + timedelta(days=number)
        off = calendar.is_holiday(day) or (day.weekday() > 4 and day not in calendar.workdays)
        assert off == chinese_calendar.is_holiday(day), day


def test_shifted_days_follow_monday_unless_told_otherwise():
    saturday = date(2026, 10, 10)
    assert load_calendar().weekday(saturday) == 0
    assert load_calendar(shifted_as=None).weekday(saturday) == 5
    assert load_calendar(shifted_as=4).weekday(saturday) == 4
    assert load_calendar().weekday(date(2026, 10, 17)) == 5


def test_days_are_labelled():
    calendar = load_calendar()
    assert calendar.label(date(2026, 10, 1)) == "国庆节"
    assert calendar.label(date(2026, 10, 10)) == "调休上班（国庆节）"
    assert calendar.label(date(2026, 10, 12)) == ""


def test_a_year_without_data_is_a_state_with_a_sentence():
    calendar = load_calendar()
    missing = calendar.last_year + 1
    assert calendar.last_year >= 2026
    assert calendar.warning(date(missing, 1, 1)) == f"holiday data missing for {missing}"
    assert calendar.warning(date(2026, 1, 1)) == ""
    assert not calendar.is_holiday(date(missing, 1, 1))
    with pytest.raises(
        HolidayDataMissingError, match=rf"missing for {missing}: known are .* up to"
    ):
        calendar.holidays_of(missing)


def test_our_own_file_adds_a_year_and_replaces_a_whole_one(tmp_path: Path):
    path = tmp_path / "holidays.csv"
    rows = [
        "date,kind,name,source",
        "2027-01-01,holiday,元旦,notice",
        "2027-01-02,workday,元旦,notice",
        "2026-01-01,holiday,元旦,notice",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    calendar = load_calendar(path)
    assert calendar.last_year == 2027
    assert calendar.warning(date(2027, 6, 1)) == ""
    assert calendar.holidays_of(2027) == (date(2027, 1, 1),)
    assert calendar.label(date(2027, 1, 2)) == "调休上班（元旦）"
    assert calendar.holidays_of(2026) == (date(2026, 1, 1),)
    assert len(calendar.holidays_of(2025)) == 28


def test_all_bad_rows_of_the_file_are_named_at_once(tmp_path: Path):
    path = tmp_path / "holidays.csv"
    path.write_text("date,kind,name\n2027-13-01,holiday,x\n2027-01-01,party,x\n", encoding="utf-8")
    with pytest.raises(ValidationError, match=r"row 2: .*2027-13-01.*row 3: .*'party'") as caught:
        load_calendar(path)
    assert len(caught.value.faults) == 2


def test_an_empty_calendar_knows_nothing():
    calendar = Calendar()
    assert calendar.last_year == 0
    assert calendar.weekday(date(2026, 10, 10)) == 5
    assert calendar.warning(date(2026, 1, 1)) == "holiday data missing for 2026"

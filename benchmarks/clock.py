"""The week: coverage at each of the 168 hours against one coverage run."""

import sys

from benchmarks.data import City, prepared
from benchmarks.figures import Figure, interleaved, rounded
from geodata import open_dataset
from locator import Index

#: 25 distinct patterns, as unions write them; some change between the hours, one is unknown.
HOURS = (
    "24/7", "08:00-20:00", "Mo-Fr 08:30-17:30", "07:00-22:00", "Mo-Sa 09:00-18:00",
    "06:00-24:00", "05:00-21:00", "Mo-Fr 09:00-12:00,14:00-17:30", "Mo-Fr 08:00-18:00; PH off",
    "08:10-20:10", "09:00-21:00", "Mo-Su 07:30-19:30", "Mo-Fr 07:00-19:00; Sa 09:00-13:00",
    "10:00-22:00", "22:00-06:00", "Mo-Th 08:00-20:00; Fr-Su 10:00-16:00", "Sa-Su 08:00-18:00",
    "04:00-12:00", "11:00-14:00,17:00-20:00", "06:05-23:05", "Mo,We,Fr 08:00-12:00",
    "Tu,Th,Sa 13:00-18:00", "00:00-08:00", "16:00-02:00", "",
)  # fmt: skip

NANJING = City("nanjing", stations=2_000, homes=200_000, hours=HOURS)

WEEK, NOON = "2026-11-23", "2026-11-25T12:00"


def week():
    """Yield the figures of a week."""
    dataset = open_dataset(prepared(NANJING), private=True)
    repeats = 7
    # An index that has answered before keeps labels: every round gets one that has not.
    fresh = [Index(dataset) for _ in range(3 * (repeats + 1))]
    for index in fresh:  # what opening a dataset does once, not what a question costs
        index.coverage(minutes=1, exact=True)

    def one():
        return fresh.pop().coverage(minutes=15, at=NOON, exact=True).summary

    def clock():
        answer = fresh.pop().clock(minutes=15, week=WEEK, exact=True)
        return answer.hours, answer.regions, answer.groups, answer.person_hours

    def gaps():
        answer = fresh.pop().clock(minutes=15, week=WEEK, exact=True)
        return answer.hours, answer.gaps

    seconds = interleaved({"one": one, "clock": clock, "gaps": gaps}, repeats=repeats)
    answer = Index(dataset).clock(minutes=15, week=WEEK, exact=True)
    what = (
        f"Nanjing on foot, {NANJING.stations:,} stations, {len(HOURS)} patterns, "
        f"{NANJING.homes:,} points, {answer.distinct_open_sets} distinct sets"
    )
    against = f"one coverage run {rounded(seconds['one'] * 1000)} ms"
    yield Figure(
        name=f"168-hour clock: {what}",
        value=rounded(seconds["clock"] * 1000),
        unit="ms",
        against=against,
        ratio=rounded(seconds["clock"] / seconds["one"]),
        goal="≤ 40× one coverage run",
        met=seconds["clock"] <= 40 * seconds["one"],
    )
    yield Figure(
        name="168-hour clock with the gaps of the week, the same",
        value=rounded(seconds["gaps"] * 1000),
        unit="ms",
        against=against,
        ratio=rounded(seconds["gaps"] / seconds["one"]),
        goal="≤ 40× one coverage run",
        met=seconds["gaps"] <= 40 * seconds["one"],
    )


if __name__ == "__main__":
    for figure in week():
        print(figure.line(), flush=True)
    sys.exit(0)

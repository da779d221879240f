"""What the page, the picture and the workbook say about a week, in sentences and rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geodata.vocabulary import Vocabulary
from web.clock_words import BY_MODE, WORDS, percent, weekdays

_DAY_HOURS = 24


@dataclass(frozen=True)
class Telling:
    """An answer about a week in one language.

    Attributes
    ----------
    lang : str
        ``zh`` or ``en``.
    shown : mapping
        The object of the interface.
    vocabulary : Vocabulary
        Names of groups and modes.
    manifest : mapping
        Of the dataset: whom to thank, and whether it is made up.
    """

    lang: str
    shown: Mapping[str, Any]
    vocabulary: Vocabulary
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> Mapping[str, str]:
        """The words of the language."""
        return WORDS[self.lang]

    @property
    def has_people(self) -> bool:
        """Whether people are counted, not streets."""
        return bool(self.shown["share_of"] == "homes")

    @property
    def title(self) -> str:
        """The headline."""
        key = "title" if self.has_people else "title_streets"
        return self.words[key].format(minutes=self.shown["parameters"]["minutes"])

    def group_name(self, code: str) -> str:
        """Return the name of a group.

        Parameters
        ----------
        code : str
            Its code.

        Returns
        -------
        str
            The code where it has no name.
        """
        if not code:
            return self.words["no_group"]
        row = self.vocabulary.groups.get(code)
        return code if row is None else str(getattr(row, self.lang))

    def when(self, hour: Mapping[str, Any] | None) -> str:
        """Return an hour of the week in words.

        Parameters
        ----------
        hour : mapping or None
            With ``weekday`` and ``hour``.

        Returns
        -------
        str
            A dash where there is none.
        """
        if hour is None:
            return "–"
        return f"{weekdays(self.lang)[hour['weekday']]} {hour['hour']:02}:00"

    def grid(self, column: str = "share_covered") -> list[list[Any]]:
        """Return a column of the hours by weekday.

        Parameters
        ----------
        column : str
            Of ``hours``.

        Returns
        -------
        list of list
            Seven rows of 24.
        """
        values = [hour[column] for hour in self.shown["hours"]]
        return [values[first : first + _DAY_HOURS] for first in range(0, len(values), _DAY_HOURS)]

    def headline(self) -> list[str]:
        """Return the sentences that matter most: the worst hour and the person-hours."""
        shown, words, worst = self.shown, self.words, self.shown["worst"]
        lines = [words["synthetic"]] if self.manifest.get("synthetic") else []
        if worst is not None:
            share = percent(worst["share_covered"])
            if self.has_people:
                text = words["worst_is"].format(
                    when=self.when(worst), share=share, workers=f"{worst['workers_uncovered']:,.0f}"
                )
            else:
                text = words["worst_streets"].format(
                    when=self.when(worst), share=share, km=f"{worst['street_km_uncovered']:,.1f}"
                )
            colon = "：" if self.lang == "zh" else ": "
            lines.append(f"{words['worst']}{colon}{text}")
        hours = shown["person_hours"]
        if hours is not None and hours["total"]:
            lines.append(
                words["person_hours"].format(
                    uncovered=f"{hours['uncovered']:,.0f}",
                    total=f"{hours['total']:,.0f}",
                    share=percent(hours["uncovered"] / hours["total"]),
                )
            )
        return lines

    def conditions(self) -> list[str]:
        """Return what the figures are of."""
        shown, words, asked = self.shown, self.words, self.shown["parameters"]
        lines = [
            words["week_of"].format(
                monday=shown["week"],
                mode=BY_MODE[self.lang][asked["mode"]] + self._on_foot(),
                minutes=asked["minutes"],
                linger=f"{asked['linger_minutes']:g}",
            )
        ]
        group = shown["group"]
        if group is not None:
            lines.append(
                words["group_is"].format(
                    group=self.group_name(group["code"]),
                    weekday=self._span(group["weekday"]),
                    weekend=self._span(group["weekend"]),
                )
            )
            if group["mode_fell_back"]:
                names = BY_MODE[self.lang]
                lines.append(
                    words["fell_back"].format(
                        own=names[group["own_mode"]], mode=names[group["mode"]]
                    )
                )
        return [*lines, *self._special_days(), words["unknown_hours"]]

    def _special_days(self) -> list[str]:
        """Return a sentence about holidays, and one about swapped working days."""
        lines = []
        for kind in ("holiday", "workday"):
            days = [day["date"] for day in self.shown["days"] if day["kind"] == kind]
            if days:
                mark = "、" if self.lang == "zh" else ", "
                lines.append(self.words[kind].format(days=mark.join(days)))
        return lines

    def _on_foot(self) -> str:
        """Return what to say where a group may also walk."""
        group = self.shown["group"]
        return self.words["or_on_foot"] if group is not None and group["or_on_foot"] else ""

    def _span(self, span: list[str]) -> str:
        """Return when a group works."""
        return f"{span[0]}–{span[1]}" if span[0] else self.words["no_work"]

    def notes(self) -> list[str]:
        """Return how the figures came about."""
        shown, words = self.shown, self.words
        step = shown["rounded_to"]
        people = words["exact"] if step is None else words["rounded"].format(step=step)
        return [
            words["distinct"].format(count=shown["distinct_open_sets"]),
            *([people] if self.has_people else []),
            *self._warnings(),
            words["source"].format(**shown["dataset"]),
            *self._thanks(),
        ]

    def _thanks(self) -> list[str]:
        """Return whom the data comes from."""
        told = self.manifest.get("attribution") or ()
        return [told] if isinstance(told, str) else [str(text) for text in told]

    def _warnings(self) -> list[str]:
        """Return what to know besides; in Chinese the conditions say so already."""
        return [] if self.lang == "zh" else list(self.shown["warnings"])

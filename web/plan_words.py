"""The words of a plan's files: actions, groups, districts, and what is said of the plan."""

from collections.abc import Mapping
from typing import Any

from geodata.words import load_vocabulary

_ABOUT = {
    "zh": {"objective_name": "目标", "objective": "目标值", "objective_unit": "单位",
           "bound": "可证界限", "gap": "与界限之差（占比）", "proven": "已证明最优",
           "spent_yuan": "花费(元)", "method": "方法", "people": "人数来源",
           "rounded_to": "人数取整到"},
    "en": {"objective_name": "Objective", "objective": "Value", "objective_unit": "Unit",
           "bound": "Proven bound", "gap": "Gap to the bound (share)", "proven": "Proven best",
           "spent_yuan": "Spent (yuan)", "method": "Method", "people": "Where people come from",
           "rounded_to": "People rounded to"},
}  # fmt: skip
_SHARES = {
    "zh": {"before": "之前", "after": "之后", "total": "总数", "covered": "有驿站",
           "uncovered": "没有驿站", "share_covered": "覆盖率", "workers": "职工", "homes": "住处",
           "street_km": "街道(公里)", "person_hours": "人时（每周）"},
    "en": {"before": "before", "after": "after", "total": "total", "covered": "with a station",
           "uncovered": "without", "share_covered": "share covered", "workers": "Workers",
           "homes": "Homes", "street_km": "Streets (km)",
           "person_hours": "Person-hours a week"},
}  # fmt: skip
_ASKED = {
    "zh": {"mode": "出行方式", "minutes": "时限（分钟）", "at": "时刻", "need": "需求",
           "region": "区划", "group": "群体", "budget_yuan": "预算(元)", "sites": "最多几处",
           "target_share": "目标覆盖率", "target_of": "目标按谁计",
           "least": "求最少", "stations_at_least": "至少几个驿站可达",
           "least_share": "各区最低覆盖率", "candidates": "候选",
           "time_limit_seconds": "计算时限（秒）", "count": "计算对象", "week": "所在的周",
           "name": "数据", "version": "数据版本", "as_of": "数据日期"},
    "en": {"mode": "Mode", "minutes": "Limit (minutes)", "at": "Time", "need": "Need",
           "region": "District", "group": "Group", "budget_yuan": "Budget (yuan)",
           "sites": "At most so many", "target_share": "Target share",
           "target_of": "Target share of", "least": "Least of",
           "stations_at_least": "Stations in reach, at least",
           "least_share": "Least share of any district", "candidates": "Candidates",
           "time_limit_seconds": "Time limit (s)", "count": "Counted", "week": "Week",
           "name": "Data", "version": "Version of the data", "as_of": "Date of the data"},
}  # fmt: skip
_CODES = {
    "zh": {"build": "新建", "convert": "改造", "extend": "延时", "equip": "增配",
           "coverage": "覆盖最多职工", "cover": "最省钱达到目标", "median": "总时间最短",
           "center": "最远者最近", "workers": "职工", "street_km": "公里街道", "yuan": "元",
           "seconds": "秒", "score": "分", "person_hours": "人时（每周）",
           "exact": "住处（精确）", "from cells": "公布的格网",
           "auto": "自动", "people": "人", "all": "全部职工", "uncovered": "没有驿站的职工",
           "cost": "费用", "sites": "处", "cover_sites": "处数最少达到目标",
           True: "是", False: "否"},
    "en": {"build": "build", "convert": "convert", "extend": "extend hours", "equip": "equip",
           "coverage": "cover most workers", "cover": "cheapest for a target",
           "median": "least time in all", "center": "shortest longest time",
           "street_km": "km of street", "person_hours": "person-hours a week",
           "exact": "homes (exact)", "from cells": "published cells",
           "all": "all workers", "uncovered": "workers without a station",
           "cover_sites": "fewest sites for a target",
           True: "yes", False: "no"},
}  # fmt: skip
_TITLES = {
    "zh": {
        "order": "次序", "id": "编号", "action": "措施", "station": "现有站点", "name": "名称",
        "lon": "经度", "lat": "纬度", "cost_yuan": "费用(元)", "gain_workers": "新增覆盖职工",
        "gain_homes": "新增覆盖住处", "cumulative_workers": "累计新增职工",
        "cumulative_yuan": "累计费用(元)", "gain_workers_per_10000_yuan": "每万元新增职工",
        "catchment_workers": "服务职工", "opening_hours": "开放时间", "facilities": "设施",
        "gain_groups": "受益群体", "gain_regions": "受益区县",
    },
    "en": {
        "order": "Order", "id": "Id", "action": "Action", "station": "Station", "name": "Name",
        "lon": "Longitude", "lat": "Latitude", "cost_yuan": "Cost (yuan)",
        "gain_workers": "Workers gained", "gain_homes": "Homes gained",
        "cumulative_workers": "Workers gained so far", "cumulative_yuan": "Yuan spent so far",
        "gain_workers_per_10000_yuan": "Workers gained per 10,000 yuan",
        "catchment_workers": "Workers in its catchment", "opening_hours": "Opening hours",
        "facilities": "Facilities", "gain_groups": "Gain by group",
        "gain_regions": "Gain by district",
    },
}  # fmt: skip
#: Columns of a plan that counts person-hours, before those of workers.
_HOURS = {
    "zh": {
        "gain_person_hours": "新增覆盖人时(每周)", "cumulative_person_hours": "累计新增人时(每周)",
        "gain_person_hours_per_10000_yuan": "每万元新增人时", "gain_workers": "受益职工",
        "gain_homes": "受益住处", "cumulative_workers": "累计受益职工",
        "gain_workers_per_10000_yuan": "每万元受益职工",
    },
    "en": {
        "gain_person_hours": "Person-hours a week gained",
        "cumulative_person_hours": "Person-hours a week gained so far",
        "gain_person_hours_per_10000_yuan": "Person-hours gained per 10,000 yuan",
        "gain_workers": "Workers better off", "gain_homes": "Homes better off",
        "cumulative_workers": "Workers better off so far",
        "gain_workers_per_10000_yuan": "Workers better off per 10,000 yuan",
    },
}  # fmt: skip
#: Other words for columns that hold kilometres of street, where nobody gave homes; "": left out.
_STREETS = {
    "zh": {
        "gain_workers": "新增覆盖街道(公里)", "gain_homes": "",
        "cumulative_workers": "累计新增街道(公里)",
        "gain_workers_per_10000_yuan": "每万元新增街道(公里)",
        "catchment_workers": "服务街道(公里)", "gain_groups": "", "gain_regions": "受益区县(公里)",
    },
    "en": {
        "gain_workers": "Street gained (km)", "gain_homes": "",
        "cumulative_workers": "Street gained so far (km)",
        "gain_workers_per_10000_yuan": "Street gained per 10,000 yuan (km)",
        "catchment_workers": "Street in its catchment (km)", "gain_groups": "",
        "gain_regions": "Gain by district (km)",
    },
}  # fmt: skip
#: What goes with a target share only.
_OF_TARGETS = ("target_of", "least")
_DIGITS = 6


class PlanWords:
    """The words of one language.

    Parameters
    ----------
    language : str
        ``zh`` or ``en``.
    regions : mapping of str to str
        Names of districts by id.
    """

    def __init__(self, language: str, regions: Mapping[str, str]) -> None:
        vocabulary = load_vocabulary()
        self._language, self._regions = language, regions
        self._between = "、" if language == "zh" else ", "
        tables = (vocabulary.groups, vocabulary.facilities, vocabulary.modes, vocabulary.needs)
        self._words: dict[Any, str] = dict(_CODES[language])
        for table in tables:
            self._words |= {code: str(getattr(row, language)) for code, row in table.items()}

    def word(self, code: Any) -> Any:
        """Return a code in words.

        Parameters
        ----------
        code : object
            A text or truth value; a list of codes.

        Returns
        -------
        object
            The code where nothing is known of it.
        """
        if isinstance(code, list):
            return self._between.join(str(self.word(part)) for part in code)
        return self._words.get(code, code) if isinstance(code, (str, bool)) else code

    def cell(self, name: str, value: Any) -> Any:
        """Return a figure of a site as a table shows it.

        Parameters
        ----------
        name : str
            Of the figure.
        value : object
            As in the result.

        Returns
        -------
        object
            A number, a text or None.
        """
        if isinstance(value, Mapping):
            named = self._regions if name == "gain_regions" else self._words
            parts = [f"{named.get(code, code) or '-'} {part:g}" for code, part in value.items()]
            return self._between.join(parts)
        if name == "action":
            return " + ".join(str(self.word(part)) for part in str(value).split("+"))
        if name == "facilities":
            return self.word(value)
        return round(value, _DIGITS) if isinstance(value, float) else value

    def about(self, result: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return what is to be known of a plan.

        Parameters
        ----------
        result : mapping
            A plan's result.

        Returns
        -------
        list of (str, object)
            Names and values, numbers as numbers.
        """
        rows = [
            (title, self._told(_objective(result) if name == "objective_name" else result[name]))
            for name, title in _ABOUT[self._language].items()
            if result.get(name) is not None
        ]
        shares = _SHARES[self._language]
        for when in ("before", "after"):
            for unit, part in result.get(when, {}).items():
                rows += [
                    (f"{shares[unit]}, {shares[when]}: {shares[name]}", self._told(value))
                    for name, value in part.items()
                    if name in shares
                ]
        asked = {**result.get("parameters", {}), **result.get("dataset", {})}
        left = () if asked.get("target_share") is not None else _OF_TARGETS
        for name, title in _ASKED[self._language].items():
            value = None if name in left else asked.get(name)
            if value not in (None, "", []):
                value = self._regions.get(value, value) if name == "region" else value
                rows.append((title, self._told(value)))
        return rows

    def _told(self, value: Any) -> Any:
        """Return a value for a cell of its own."""
        if isinstance(value, float):
            return round(value, _DIGITS)
        return self.word(value)


def _objective(result: Mapping[str, Any]) -> str:
    """Return the code of an objective: that of the fewest sites has its own."""
    name = str(result["objective_name"])
    return f"{name}_sites" if result.get("objective_unit") == "sites" else name


def column_titles(result: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return the columns of a plan in words: of workers, person-hours or kilometres of street.

    Parameters
    ----------
    result : mapping
        A plan's result.
    language : str
        ``zh`` or ``en``.

    Returns
    -------
    dict of str to str
        Titles by figure of a site, in the order of columns.
    """
    titles = dict(_TITLES[language])
    if "week" in result:
        titles = _HOURS[language] | titles | _HOURS[language]
        first = ("order", "id", "action", "station", "name", "lon", "lat", "cost_yuan")
        titles = {name: titles[name] for name in (*first, *titles)}
    if result["counted_in"] == "street_km":
        titles |= _STREETS[language]
    return {name: words for name, words in titles.items() if words}


def gain_fields(result: Mapping[str, Any]) -> tuple[str, str]:
    """Return the figures of a site that say what it adds, and what all up to it do.

    Parameters
    ----------
    result : mapping
        A plan's result.

    Returns
    -------
    str, str
        Of person-hours where the plan counts them, else of people (or kilometres of street).
    """
    unit = "person_hours" if "week" in result else "workers"
    return f"gain_{unit}", f"cumulative_{unit}"

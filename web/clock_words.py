"""The words of the clock: page, picture and tables, in Chinese and English."""

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": MappingProxyType(
            {
                "title": "一周时钟：每小时有多少人在{minutes}分钟内有驿站",
                "title_streets": "一周时钟：每小时有多少街道在{minutes}分钟内有驿站",
                "name": "一周时钟",
                "navigation": "导航",
                "home": "首页",
                "map": "地图",
                "planner": "规划",
                "other": "English",
                "question": "条件",
                "ask": "计算",
                "minutes": "时限（分钟）",
                "mode": "出行方式",
                "need": "需求",
                "any_need": "不限",
                "group": "群体",
                "everybody": "全部劳动者",
                "region": "地区",
                "everywhere": "全部",
                "week": "该日所在的一周",
                "own_mode": "按群体，或步行",
                "share": "被覆盖的比例（%）",
                "table": "每小时被覆盖的比例，按星期和整点（%）",
                "hour": "时刻",
                "weekdays": "周一 周二 周三 周四 周五 周六 周日",
                "legend": "图例",
                "off": "该群体此时不上班，不计入人时",
                "worst": "最差时刻",
                "worst_is": "{when}：{share}被覆盖，{workers}名劳动者没有驿站。",
                "worst_streets": "{when}：{share}被覆盖，{km}公里街道没有驿站。",
                "person_hours": "全周未覆盖人时：{uncovered}，占{share}（共{total}）。",
                "distinct": "全周168个整点只有{count}种开放情况，各计算一次。",
                "week_of": "{monday}起的一周，{mode}{minutes}分钟，"
                "到达时须开放且还能停留{linger}分钟。",
                "group_is": "仅{group}；工作日{weekday}，周末与节假日{weekend}上班。",
                "no_work": "不",
                "italic": "斜体：",
                "or_on_foot": "或步行（取较快者）",
                "holiday": "节假日：{days}。",
                "workday": "调休上班：{days}。",
                "fell_back": "该群体平时的出行方式是{own}，现按{mode}计算。",
                "rounded": "人数均来自公布的网格，逐个四舍五入到{step}，合计可能不等。",
                "exact": "人数按住址精确计算。",
                "unknown_hours": "开放时间不明的站点不计入。",
                "by_group": "按群体",
                "by_region": "按地区",
                "gaps": "一周中的空白",
                "gaps_about": "至少在一个计入的整点没有驿站的地方，未覆盖人时最多的在前。",
                "people": "劳动者",
                "uncovered": "未覆盖劳动者",
                "uncovered_ph": "未覆盖人时",
                "area": "面积（平方公里）",
                "hours_gap": "空白小时数",
                "gap": "空白编号",
                "near": "附近道路",
                "suppressed": "人数太少，不公布",
                "works": "上班时间",
                "downloads": "下载",
                "picture": "图片",
                "sheet": "表格",
                "none": "无",
                "outside": "地区之外",
                "no_group": "未注明群体",
                "street_km": "街道长度（公里）",
                "source": "数据：{name} {version}",
                "synthetic": "虚构演示数据，不指任何真实地点。",
                "sheet_share": "覆盖率",
                "sheet_uncovered": "未覆盖劳动者",
                "sheet_hours": "逐小时",
                "sheet_parts": "群体与地区",
                "sheet_gaps": "空白",
                "sheet_about": "说明",
                "wait": "暂时无法计算",
                "alt": "热力图：横轴为时刻，纵轴为星期，颜色越深表示被覆盖的比例越低。",
            }
        ),
        "en": MappingProxyType(
            {
                "title": "The week by the hour: who has a station within {minutes} minutes",
                "title_streets": "The week by the hour: streets within {minutes} minutes of one",
                "name": "The week by the hour",
                "navigation": "Navigation",
                "home": "Start",
                "map": "Map",
                "planner": "Planning",
                "other": "中文",
                "question": "Conditions",
                "ask": "Compute",
                "minutes": "Limit (minutes)",
                "mode": "Way to travel",
                "need": "Need",
                "any_need": "any",
                "group": "Group",
                "everybody": "all workers",
                "region": "Region",
                "everywhere": "all",
                "week": "Week of this day",
                "own_mode": "as the group, or on foot",
                "share": "Covered (%)",
                "table": "Share covered on the hour, by weekday (%)",
                "hour": "Hour",
                "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
                "legend": "Legend",
                "off": "the group does not work then: no person-hours are counted",
                "worst": "Worst hour",
                "worst_is": "{when}: {share} covered, {workers} workers without a station.",
                "worst_streets": "{when}: {share} covered, {km} km of street without a station.",
                "person_hours": "Uncovered person-hours of the week: {uncovered}, which is {share} "
                "of {total}.",
                "distinct": "The 168 hours have only {count} different sets of open stations; "
                "each was computed once.",
                "week_of": "The week of {monday}, {minutes} minutes {mode}; a station counts when "
                "it is open on arrival and {linger} minutes more.",
                "group_is": "Only {group}; they work {weekday} on working days, {weekend} on "
                "weekends and holidays.",
                "no_work": "not",
                "italic": "In italics: ",
                "or_on_foot": " or on foot, whichever is faster",
                "holiday": "Holidays: {days}.",
                "workday": "Swapped working days: {days}.",
                "fell_back": "This group usually travels by {own}; the figures are for {mode}.",
                "rounded": "People come from published cells; every figure is rounded to {step} by "
                "itself, so totals need not add up.",
                "exact": "People are counted exactly, at their homes.",
                "unknown_hours": "Stations whose hours nobody knows do not count.",
                "by_group": "By group",
                "by_region": "By region",
                "gaps": "Gaps of the week",
                "gaps_about": "Where there is no station in at least one hour that counts; most "
                "uncovered person-hours first.",
                "people": "Workers",
                "uncovered": "Workers uncovered",
                "uncovered_ph": "Uncovered person-hours",
                "area": "Area (km²)",
                "hours_gap": "Hours with a gap",
                "gap": "Gap",
                "near": "Near",
                "suppressed": "too few people to say",
                "works": "At work",
                "downloads": "Downloads",
                "picture": "Picture",
                "sheet": "Table",
                "none": "none",
                "outside": "outside all regions",
                "no_group": "no group named",
                "street_km": "Street (km)",
                "source": "Data: {name} {version}",
                "synthetic": "Fictional demo data, no real places.",
                "sheet_share": "Share covered",
                "sheet_uncovered": "Workers uncovered",
                "sheet_hours": "Hour by hour",
                "sheet_parts": "Groups and regions",
                "sheet_gaps": "Gaps",
                "sheet_about": "About",
                "wait": "Cannot be computed now",
                "alt": "Heat map: hours across, weekdays down; the darker, the fewer are covered.",
            }
        ),
    }
)

#: Headers of the workbook's tables.
COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": MappingProxyType(
            {
                "weekday": "星期",
                "hour": "时",
                "at": "时刻",
                "works": "上班时间",
                "open_set": "开放情况",
                "share_covered": "覆盖率（按住户）",
                "share_workers": "覆盖率（按劳动者）",
                "homes_uncovered": "未覆盖住户",
                "workers_uncovered": "未覆盖劳动者",
                "street_km_uncovered": "未覆盖街道（公里）",
                "of": "按",
                "id": "编号",
                "name": "名称",
                "homes": "住户",
                "workers": "劳动者",
                "street_km": "街道长度（公里）",
                "worst_hour": "最差时刻",
                "person_hours": "人时",
                "person_hours_uncovered": "未覆盖人时",
                "region": "区划代码",
                "region_name": "区县",
                "near": "附近道路",
                "near_en": "附近道路英文名",
                "area_km2": "面积（平方公里）",
                "hours": "空白小时数",
                "worst_weekday": "最差星期",
                "lon": "经度",
                "lat": "纬度",
                "suppressed": "人数过少不显示",
            }
        ),
        "en": MappingProxyType(
            {
                "weekday": "Weekday",
                "hour": "Hour",
                "at": "Time",
                "works": "At work",
                "open_set": "Set of open stations",
                "share_covered": "Share covered (of homes)",
                "share_workers": "Share covered (of workers)",
                "homes_uncovered": "Homes uncovered",
                "workers_uncovered": "Workers uncovered",
                "street_km_uncovered": "Street uncovered (km)",
                "of": "By",
                "id": "Id",
                "name": "Name",
                "homes": "Homes",
                "workers": "Workers",
                "street_km": "Street (km)",
                "worst_hour": "Worst hour",
                "person_hours": "Person-hours",
                "person_hours_uncovered": "Uncovered person-hours",
                "region": "District code",
                "region_name": "District",
                "near": "Near",
                "near_en": "Near (English)",
                "area_km2": "Area (km²)",
                "hours": "Hours with a gap",
                "worst_weekday": "Worst weekday",
                "lon": "Longitude",
                "lat": "Latitude",
                "suppressed": "Too few people to say",
            }
        ),
    }
)

#: Names of modes within a sentence.
BY_MODE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": MappingProxyType(
            {
                "walk": "步行",
                "ebike": "电动车",
                "bicycle": "自行车",
                "drive": "驾车",
                "truck": "货车",
            }
        ),
        "en": MappingProxyType(
            {
                "walk": "on foot",
                "ebike": "by e-bike",
                "bicycle": "by bicycle",
                "drive": "by car",
                "truck": "by truck",
            }
        ),
    }
)


def weekdays(lang: str) -> list[str]:
    """Return the names of the days, Monday first.

    Parameters
    ----------
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    list of str
        Seven.
    """
    return WORDS[lang]["weekdays"].split()


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share in per cent.

    Parameters
    ----------
    share : float or None
        From 0 to 1.
    digits : int
        Decimals.

    Returns
    -------
    str
        A dash where there is none.

    Examples
    --------
    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    return "–" if share is None else f"{share * 100:.{digits}f} %"

"""What the map says, in Chinese and English, and how it writes shares, numbers and times."""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

#: Languages the pages speak, the default first.
LANGUAGES = ("zh", "en")

_ZH = {
    "title": "{minutes} 分钟工会驿站服务圈",
    "title_place": "{place}：{minutes} 分钟工会驿站服务圈",
    "headline_homes": "{share} 的住户{mode} {minutes} 分钟内走得到驿站",
    "headline_other": "{share} 的住户{mode} {minutes} 分钟内到得了驿站",
    "headline_street": "{share} 的街道长度在{mode} {minutes} 分钟内到得了驿站",
    "headline_none": "没有可计算的覆盖率",
    "synthetic": "虚构演示数据，非真实地点",
    "hours_at": "按 {time} 的开放情况",
    "band": "速度快慢之间：{slow}–{fast}",
    "uncovered_workers": "{count} 名劳动者身边没有驿站",
    "uncovered_homes": "{count} 户身边没有驿站",
    "if_unknown": "若时间不明的驿站都开着：{share}",
    "legend": "图例与图层",
    "legend_open": "展开图例",
    "legend_close": "收起图例",
    "layer_gaps": "服务空白：{minutes} 分钟内到不了驿站",
    "layer_covered": "{minutes} 分钟内到得了驿站",
    "layer_stations": "驿站（{count} 个）",
    "layer_regions": "区划与覆盖率",
    "layer_streets": "街道底图",
    "severity": "到最近驿站的时间",
    "severity_1": "{low}–{high} 分钟",
    "severity_1_closed": "{high} 分钟以内（但不符合条件）",
    "severity_2": "{low}–{high} 分钟",
    "severity_3": "{low} 分钟以上",
    "severity_4": "走不通，或离街道太远",
    "no_data": "灰底：无数据，不计入",
    "streets_all": "街道已全部画出",
    "streets_left": "底图只画较大的街道，小街巷未画（计算时都算）",
    "streets_none": "没有街道底图",
    "state_open": "营业中",
    "state_closed": "未营业",
    "state_unknown": "时间不明",
    "state_inactive": "未启用（{status}）",
    "state_inactive_legend": "在建、规划或停用",
    "state_as_of": "营业状态按 {time} 计算",
    "until_open": "营业中，到 {time}",
    "until_open_long": "营业中",
    "until_closed": "未营业，{time} 开门",
    "until_closed_long": "未营业",
    "today": "{clock}",
    "tomorrow": "明天 {clock}",
    "on_day": "{month}月{day}日 {clock}",
    "moment": "{year}年{month}月{day}日 {clock}",
    "kinds": "驿站类型",
    "hours": "开放时间",
    "hours_unknown": "未提供",
    "facilities": "设施",
    "access": "进入方式",
    "phone": "电话",
    "address": "地址",
    "navigate": "导航",
    "amap": "高德地图",
    "baidu": "百度地图",
    "tencent": "腾讯地图",
    "apple": "苹果地图",
    "walk_time": "从我的位置要多久？",
    "minutes_exact": "{mode} {minutes} 分钟（{metres} 米）",
    "minutes_bound": "直线 {metres} 米，{mode}至少 {minutes} 分钟",
    "minutes_beyond": "{mode}超过 {minutes} 分钟（直线 {metres} 米）",
    "gap": "服务空白",
    "gap_region": "所在区划",
    "gap_area": "面积",
    "gap_workers": "劳动者",
    "gap_suppressed": "少于 10 人",
    "gap_nearest": "最近的驿站",
    "gap_time": "从中部{mode} {minutes} 分钟",
    "gap_time_people": "从人最多处{mode} {minutes} 分钟",
    "gap_no_path": "没有通路",
    "gap_cause": "原因",
    "gap_also": "另外",
    "gap_detour": "绕行",
    "gap_detour_times": "路程是直线的 {ratio} 倍",
    "gap_list": "最大的空白",
    "km2": "{value} 平方公里",
    "people": "{count} 人",
    "parameters": "计算条件",
    "p_mode": "出行方式",
    "p_minutes": "时限",
    "p_minutes_value": "{minutes} 分钟",
    "p_at": "时刻",
    "p_at_none": "不限营业时间",
    "p_need": "需求",
    "p_kind": "站点类型",
    "p_access": "进入方式",
    "p_region": "区划",
    "p_stations_at_least": "至少到得了",
    "p_stations_value": "{count} 个驿站",
    "p_include": "另计入",
    "p_any": "不限",
    "p_counted": "默认计入的类型",
    "p_people": "人口口径",
    "people_exact": "逐户精确",
    "people_cells": "按网格推算，取整到 {rounded} 的倍数",
    "p_data": "数据",
    "search": "搜索驿站或区划",
    "search_none": "没有找到“{query}”",
    "search_more": "还有 {count} 个，请多输几个字",
    "search_station": "驿站",
    "search_region": "区划",
    "locate": "我的位置",
    "locating": "正在定位……",
    "locate_denied": "没有定位权限。可以拖动地图查看，或在浏览器设置里允许定位。",
    "locate_failed": "定位失败，请稍后再试。",
    "locate_outside": "您的位置不在这张地图的范围内。",
    "me": "您的位置（精度约 {metres} 米，可拖动）",
    "nearest_found": "最近：{name}，{mode} {minutes} 分钟",
    "nearest_none": "{minutes} 分钟内没有到得了的驿站。可拨打 12351。",
    "zoom_in": "放大",
    "zoom_out": "缩小",
    "close": "关闭",
    "cluster": "{count} 个驿站，点击放大",
    "map_label": "地图",
    "attribution_streets": "街道数据 © OpenStreetMap 贡献者",
    "attribution_stations": "驿站：{source}",
    "data_date": "数据日期 {date}",
    "approval": "审图号：{number}",
    "approval_none": "审图号：待填（未经审核，请勿公开出版）",
    "version": "版本 {version}",
    "noscript": "这张地图需要 JavaScript。",
    "other_language": "English",
    "home": "首页",
    "change": "修改条件",
    "apply": "重新计算",
    "now": "现在",
    "clock_any": "不限",
    "and": "、",
    "colon": "：",
    "tiles_failed": "底图暂时加载不了，覆盖结果不受影响。",
}

_EN = {
    "title": "{minutes}-minute circle of union stations",
    "title_place": "{place}: {minutes}-minute circle of union stations",
    "headline_homes": "{share} of homes reach a station within {minutes} minutes ({mode})",
    "headline_other": "{share} of homes reach a station within {minutes} minutes ({mode})",
    "headline_street": "{share} of street length lies within {minutes} minutes of a station ({mode})",
    "headline_none": "No share can be computed",
    "synthetic": "Fictional demo data, no real places",
    "hours_at": "By the hours of {time}",
    "band": "Between slow and fast: {slow}–{fast}",
    "uncovered_workers": "{count} workers have no station near",
    "uncovered_homes": "{count} homes have no station near",
    "if_unknown": "If stations with unknown hours were open: {share}",
    "legend": "Legend and layers",
    "legend_open": "Show legend",
    "legend_close": "Hide legend",
    "layer_gaps": "Gaps: no station within {minutes} minutes",
    "layer_covered": "A station within {minutes} minutes",
    "layer_stations": "Stations ({count})",
    "layer_regions": "Districts and shares",
    "layer_streets": "Streets",
    "severity": "Time to the nearest station",
    "severity_1": "{low}–{high} min",
    "severity_1_closed": "up to {high} min (but does not qualify)",
    "severity_2": "{low}–{high} min",
    "severity_3": "over {low} min",
    "severity_4": "no path, or too far from a street",
    "no_data": "Grey: no data, not counted",
    "streets_all": "All streets are drawn",
    "streets_left": "Only larger streets are drawn; small ones are left out (all are used to compute)",
    "streets_none": "No street background",
    "state_open": "open",
    "state_closed": "closed",
    "state_unknown": "hours unknown",
    "state_inactive": "not in use ({status})",
    "state_inactive_legend": "being built, planned or suspended",
    "state_as_of": "Open or closed as of {time}",
    "until_open": "Open until {time}",
    "until_open_long": "Open",
    "until_closed": "Closed, opens {time}",
    "until_closed_long": "Closed",
    "today": "{clock}",
    "tomorrow": "tomorrow {clock}",
    "on_day": "{day}/{month} {clock}",
    "moment": "{year}-{month}-{day} {clock}",
    "kinds": "Kinds of station",
    "hours": "Hours",
    "hours_unknown": "not given",
    "facilities": "Facilities",
    "access": "Access",
    "phone": "Phone",
    "address": "Address",
    "navigate": "Navigate",
    "amap": "Amap",
    "baidu": "Baidu",
    "tencent": "Tencent",
    "apple": "Apple",
    "walk_time": "How long from where I am?",
    "minutes_exact": "{minutes} min, {mode} ({metres} m)",
    "minutes_bound": "{metres} m straight, at least {minutes} min ({mode})",
    "minutes_beyond": "more than {minutes} min, {mode} ({metres} m straight)",
    "gap": "Gap",
    "gap_region": "District",
    "gap_area": "Area",
    "gap_workers": "Workers",
    "gap_suppressed": "fewer than 10",
    "gap_nearest": "Nearest station",
    "gap_time": "{minutes} min from its middle ({mode})",
    "gap_time_people": "{minutes} min from where most people are ({mode})",
    "gap_no_path": "no path",
    "gap_cause": "Cause",
    "gap_also": "Also",
    "gap_detour": "Detour",
    "gap_detour_times": "{ratio} times the straight line",
    "gap_list": "Largest gaps",
    "km2": "{value} km²",
    "people": "{count}",
    "parameters": "How it was computed",
    "p_mode": "Mode",
    "p_minutes": "Limit",
    "p_minutes_value": "{minutes} minutes",
    "p_at": "Time",
    "p_at_none": "regardless of hours",
    "p_need": "Needs",
    "p_kind": "Kinds",
    "p_access": "Access",
    "p_region": "District",
    "p_stations_at_least": "At least",
    "p_stations_value": "{count} stations in reach",
    "p_include": "Also counted",
    "p_any": "any",
    "p_counted": "kinds counted by default",
    "p_people": "People",
    "people_exact": "exact, home by home",
    "people_cells": "from cells, rounded to {rounded}",
    "p_data": "Data",
    "search": "Search stations or districts",
    "search_none": "Nothing found for “{query}”",
    "search_more": "{count} more: type a little more",
    "search_station": "station",
    "search_region": "district",
    "locate": "Where I am",
    "locating": "Finding your position …",
    "locate_denied": "No permission to use your position. Allow it in the browser's settings.",
    "locate_failed": "Your position could not be found. Please try again.",
    "locate_outside": "Your position is outside this map.",
    "me": "You are here (within about {metres} m; drag to correct)",
    "nearest_found": "Nearest: {name}, {minutes} min ({mode})",
    "nearest_none": "No station within {minutes} minutes. You can call 12351.",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "close": "Close",
    "cluster": "{count} stations, click to zoom in",
    "map_label": "Map",
    "attribution_streets": "Streets © OpenStreetMap contributors",
    "attribution_stations": "Stations: {source}",
    "data_date": "Data of {date}",
    "approval": "Map approval no. (审图号): {number}",
    "approval_none": "Map approval no. (审图号): none yet, not for publication",
    "version": "version {version}",
    "noscript": "This map needs JavaScript.",
    "other_language": "中文",
    "home": "Home",
    "change": "Change",
    "apply": "Compute",
    "now": "now",
    "clock_any": "any",
    "and": ", ",
    "colon": ": ",
    "tiles_failed": "The base map cannot be loaded now; the results do not depend on it.",
}

#: All texts by language.
TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"zh": MappingProxyType(_ZH), "en": MappingProxyType(_EN)}
)

#: Why a place is not covered, in words.
CAUSES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": MappingProxyType(
            {
                "hours_unknown": "附近驿站时间不明",
                "closed": "附近驿站这时关着",
                "no_such_need": "附近驿站没有所需设施",
                "access": "附近驿站进不去",
                "planned": "附近驿站尚未建成",
                "off_network": "离街道太远",
                "unreachable": "没有通路到任何驿站",
                "barrier": "被河流、铁路或快速路隔开",
                "too_far": "驿站太远",
                "no_data": "无数据",
            }
        ),
        "en": MappingProxyType(
            {
                "hours_unknown": "a station is near, hours unknown",
                "closed": "a station is near, but closed then",
                "no_such_need": "a station is near, without what is needed",
                "access": "a station is near, but cannot be entered",
                "planned": "a station is being built near",
                "off_network": "too far from any street",
                "unreachable": "no path to any station",
                "barrier": "cut off by water, railway or motorway",
                "too_far": "stations are too far",
                "no_data": "no data",
            }
        ),
    }
)

#: One sign for each kind of station; other kinds take the first character of their name.
SIGNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "care_station": ("驿", "S"),
        "service_centre": ("中", "C"),
        "driver_home": ("司", "D"),
        "rights_office": ("法", "L"),
        "workers_home": ("家", "H"),
        "culture_palace": ("宫", "P"),
        "nursing_room": ("母", "N"),
        "merchant": ("商", "M"),
        "agent": ("代", "A"),
    }
)


def percent(share: Any) -> str:
    """Write a share with one decimal, never rounding something short of all to 100 %.

    Parameters
    ----------
    share : float or None
        Between 0 and 1.

    Returns
    -------
    str
        Such as ``82.4%``; ``–`` when there is no share.

    Examples
    --------
    >>> percent(0.8244), percent(0.99996), percent(1.0), percent(0.0001), percent(None)
    ('82.4%', '99.9%', '100%', '<0.1%', '–')
    """
    if share is None or share != share:  # noqa: PLR0124  (not a number)
        return "–"
    value = float(share) * 100
    if value in {0.0, 100.0}:
        return f"{value:.0f}%"
    if value < 0.1:  # noqa: PLR2004
        return "<0.1%"
    return f"{min(value, 99.9):.1f}%"


def number(value: Any) -> str:
    """Write a count with thousands separated, ``–`` where there is none.

    Parameters
    ----------
    value : float or None
        A count.

    Returns
    -------
    str
        Such as ``12,340``.
    """
    return "–" if value is None or value != value else f"{float(value):,.0f}"  # noqa: PLR0124


def clip(text: Any, limit: int) -> str:
    """Shorten a text to be shown, with an ellipsis.

    Parameters
    ----------
    text : object
        What a stranger wrote; None and NaN become ``""``.
    limit : int
        Characters at most.

    Returns
    -------
    str
        One line without control characters.
    """
    if text is None or text != text:  # noqa: PLR0124
        return ""
    line = "".join(c if _shown(c) else " " for c in str(text)[: 4 * limit])
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"



def _shown(character: str) -> bool:
    """Tell whether a character may be shown: no control, no direction override, no half pair."""
    return character in "\u200d\u200c" or unicodedata.category(character) not in _HIDDEN


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

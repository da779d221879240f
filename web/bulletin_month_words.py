"""What a month's bulletin says besides, in Chinese and English: a table of texts."""

from collections.abc import Mapping
from types import MappingProxyType

_ZH = {
    "month_title": "{year}年{month}月服务空白通报：{minutes}分钟到不了{what}的地方",
    "month_title_place": "{place}{year}年{month}月服务空白通报：{minutes}分钟到不了{what}的地方",
    "month_lead": "截至{date}，{place}{travel}到不了驿站的地方有{open}片：上期结转{carried}片，"
    "本月新增{opened}片，补上{filled}片。",
    "month_lead_first": "截至{date}，{place}{travel}到不了驿站的地方有{open}片；本期是第一期，"
    "全部记为新增。",
    "early": "提前截定：本期用的是{date}的提前截定；本月的截定日为25日，届时数字可能变化。",
    "preview": "预览：本月数据尚未截定，截定日为25日，以下数字可能变化。",
    "split": "新增的空白中有{count}片是从原有空白中分出来的，不是新出现的。",
    "merged": "补上的空白中有{count}片是并入了相邻的空白，并未真正补上。",
    "month_flows": "本月变化",
    "flows_caption": "各区划的服务空白（片）：结转＋新增－补上＝期末",
    "carried": "上期结转",
    "opened": "本月新增",
    "filled_now": "本月补上",
    "open_now": "期末",
    "all": "合计",
    "say_flows": "{district}：结转{carried}片，新增{opened}片，补上{filled}片，期末{open}片。",
    "month_states": "办理情况",
    "states_lead": "台账自建立以来共记{total}片空白，逐片记录办理情况，各状态合计等于总数。",
    "states_caption": "台账中的空白，按办理状态",
    "month_open_states": "各区划办理情况",
    "states_district_caption": "期末仍在的空白，按区划和办理状态（片）",
    "state": "状态",
    "gaps_number": "片数",
    "state_of_found": "已发现",
    "state_of_agreed": "已商定",
    "state_of_being_built": "建设中",
    "state_of_filled": "已补上",
    "state_of_refused": "未采纳",
    "say_state": "{state}：{count}片。",
    "month_districts": "各区划未满足需求排名",
    "need_lead": "有数据的{count}个区划中，到不了驿站的比例最高的是{worst}（{high}），"
    "最低的是{best}（{low}）。",
    "need_caption_homes": "到不了驿站的住户占比，从高到低",
    "need_caption_street": "到不了驿站的街道长度占比，从高到低",
    "need_share": "到不了的占比",
    "need_homes": "到不了的住户",
    "need_street": "到不了的街道（公里）",
    "need_workers": "到不了的劳动者",
    "say_need_homes": "第{rank}名：{name}，{share}（{total}户中的{need}户）{remark}。",
    "say_need_street": "第{rank}名：{name}，{share}（{total}公里街道中的{need}公里）{remark}。",
    "need_ties": "按到不了驿站的占比排名，分母是该区划的全部住户；占比相同的名次并列，"
    "没有数据的区划不排名。",
    "need_ties_street": "按到不了驿站的占比排名，分母是该区划的全部街道；占比相同的名次并列，"
    "没有数据的区划不排名。",
    "month_open": "未满足需求最大的空白",
    "open_caption": "期末仍在的空白，按劳动者人数列出最多的{listed}片",
    "month_opened": "本月新增的空白",
    "opened_caption": "本月新增的空白，按劳动者人数列出最多的{listed}片",
    "month_filled": "本月补上的空白",
    "filled_caption": "本月补上的空白，按劳动者人数列出最多的{listed}片",
    "no_gaps_here": "没有。",
    "gap_id": "编号",
    "since": "始于",
    "responsible": "责任工会",
    "from": "分自",
    "into": "并入",
    "nobody": "未定",
    "say_month_gap": "{id}：{district}，{area}平方公里，劳动者{workers}，{state}，始于{since}，"
    "责任工会{responsible}{more}。",
    "say_from": "，分自{ids}",
    "say_into": "，并入{ids}",
    "ledger_how": "编号：空白按相同的网格和人口与上期逐片对应，边界变动时编号不变；分开时人多的"
    "部分保留编号，合并时保留人多的编号。",
    "ledger_how_cut": "截定日：每月25日；本期截定于{date}，以后不再改动。",
    "ledger_how_early": "截定日：每月25日；本期提前截定于{date}，本月25日起可以再截定一次。",
    "ledger_how_late": "本期于{date}补作：数据取自补作当日，驿站以截定日存在的为准。",
    "ledger_people": "人数由公布的网格推算，不使用住处。",
    "month_cite": "引用请注明：《{title}》，数据集{name}，版本{version}。",
    "word_version": "Word",
}

_EN = {
    "month_title": "Places without {what} within {minutes} {unit}: {month_name} {year}",
    "month_title_place": "{place}: places without {what} within {minutes} {unit}, "
    "{month_name} {year}",
    "month_lead": "On {date}, {place_in} {open} gaps have no station {travel}: {carried} carried "
    "over from the last month that was cut, {opened} opened, {filled} filled.",
    "month_lead_first": "On {date}, {place_in} {open} gaps have no station {travel}. This is the "
    "first cut, so all of them count as opened.",
    "early": "Early cut of {date}: the month's cut is taken on the 25th; figures may change then.",
    "preview": "Preview: this month is not cut yet. The cut is on the 25th; figures may change.",
    "split": "Of the gaps opened, {count} split off from earlier ones and are not new.",
    "merged": "Of the gaps filled, {count} merged into a neighbour and are not really filled.",
    "month_flows": "This month",
    "flows_caption": "Gaps by district: carried + opened - filled = open",
    "carried": "Carried",
    "opened": "Opened",
    "filled_now": "Filled",
    "open_now": "Open",
    "all": "all",
    "say_flows": "{district}: {carried} carried, {opened} opened, {filled} filled, {open} open.",
    "month_states": "What is done about them",
    "states_lead": "Since the ledger was begun it has held {total} gaps. Each has one state; the "
    "states add up to the total.",
    "states_caption": "Gaps in the ledger by state",
    "month_open_states": "What is done, by district",
    "states_district_caption": "Open gaps by district and state",
    "state": "State",
    "gaps_number": "Gaps",
    "state_of_found": "found",
    "state_of_agreed": "agreed",
    "state_of_being_built": "being built",
    "state_of_filled": "filled",
    "state_of_refused": "refused",
    "say_state": "{state}: {count}.",
    "month_districts": "Districts by unmet need",
    "need_lead": "Of the {count} districts with data, the highest share without a station ({high}) "
    "is that of {worst}, the lowest ({low}) that of {best}.",
    "need_caption_homes": "Share of homes without a station, by district, highest first",
    "need_caption_street": "Share of street length without a station, by district, highest first",
    "need_share": "Share without",
    "need_homes": "Homes without",
    "need_street": "Streets without (km)",
    "need_workers": "Workers without",
    "say_need_homes": "{rank}. {name}: {share} ({need} of {total} homes){remark}.",
    "say_need_street": "{rank}. {name}: {share} ({need} of {total} km of street){remark}.",
    "need_ties": "Ranked by the share without a station, of all homes of the district. Equal "
    "shares share a rank; districts without data have none.",
    "need_ties_street": "Ranked by the share without a station, of all streets of the district. "
    "Equal shares share a rank; districts without data have none.",
    "month_open": "The gaps of greatest unmet need",
    "open_caption": "Open gaps: the {listed} with the most workers",
    "month_opened": "Opened this month",
    "opened_caption": "Gaps opened this month: the {listed} with the most workers",
    "month_filled": "Filled this month",
    "filled_caption": "Gaps filled this month: the {listed} with the most workers",
    "no_gaps_here": "None.",
    "gap_id": "Id",
    "since": "Since",
    "responsible": "Responsible union",
    "from": "Split from",
    "into": "Merged into",
    "nobody": "nobody yet",
    "say_month_gap": "{id}: {district}, {area} km², workers: {workers}, {state}, since {since}, "
    "responsible: {responsible}{more}.",
    "say_from": ", split from {ids}",
    "say_into": ", merged into {ids}",
    "ledger_how": "Ids: gaps are matched with those of the last cut by the cells and people they "
    "share, so that an id stays when an outline shifts. Where a gap splits, the part with most "
    "people keeps the id; where gaps merge, the id of the one with most people stays.",
    "ledger_how_cut": "Cut: on the 25th of each month; this one was made on {date} and does not "
    "change any more.",
    "ledger_how_early": "Cut: on the 25th of each month; this one was made early, on {date}, and "
    "may be followed by another from the 25th on.",
    "ledger_how_late": "The cut was made later, on {date}: from the data as they were then, with "
    "the stations that existed on the day of the cut.",
    "ledger_people": "People are estimated from published cells, not from homes.",
    "month_cite": "Please cite as: “{title}”, data set {name}, version {version}.",
    "word_version": "Word",
}

#: Texts by language, besides those of other bulletins.
MONTH_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"zh": MappingProxyType(_ZH), "en": MappingProxyType(_EN)}
)

"""The words of opening hours: text to one spelling, then to tokens.

`normalise` brings full-width and traditional characters, dashes, Chinese numerals and the usual
typing errors to one spelling; `tokens` cuts the result into tokens by an ordered lexicon. Nothing
here knows what the words mean together: that is `geodata.hours_items`.
"""

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from geodata.words import simplified_characters

_DIGIT = {character: value for value, character in enumerate("零一二三四五六七八九")}
_DIGIT |= {"〇": 0, "两": 2}
_DASHES = "‐‑‒–—―−─━ー~〜∼﹣─‾_→"
_NUMERAL = re.compile(
    r"(?P<days>(?:周|星期|礼拜)[一二三四五六日天末](?:[-至到、,]?[一二三四五六日天](?![点时十]))*)"
    r"|第[一二三四五六七八九十]+|初[一二三四五六七八九十]+"
    r"|(?P<number>[零〇一二两三四五六七八九十]+)"
    r"(?=点|时(?![间段令])|个?小时|刻|月|[日号](?=[-至到,、;:\s\d()起开休闭]|$)|分(?![馆店站校院])|个半)"
)
#: Spelling repairs, in order.
_REPAIRS = tuple(
    (re.compile(pattern), repair)
    for pattern, repair in (
        (r"<[^<>]{0,40}>", "\n"),
        (r"[\"'“”‘’「」『』`]", " "),
        (r"[【\[{〔《<]", "("),
        (r"[】\]}〕》>]", ")"),
        (r"\s*\n\s*", "\n"),
        (r"[^\S\n]+", " "),
        (rf"\s*[{_DASHES}]+\s*", "-"),
        (r"(?<=[\d点时分半日号月正整])\s*一+\s*(?=[\d次翌凌早上中下晚])", "-"),
        (r"(?<=周[一二三四五六日])一(?=周)", "-"),
        (r"-\s*(?:-\s*)+", "-"),
        (r"\s*-\s*", "-"),
        (r"(?<!\d)(\d{1,2}) ?: ?([0-5]\d)(?!\s*[:\d])", r"\1:\2"),
        (r"(-\d{1,2});([0-5]\d)(?![\d:.点时月年/-])", r"\1:\2"),
        (r"(\d:\d{2}-\d{1,2})-([0-5]\d)(?![\d:])", r"\1:\2"),
        (
            r"(\d{4})[./](\d{1,2})[./](\d{1,2})-(\d{1,2})[./](\d{1,2})(?![./\d])",
            r"\1年\2月\3日-\1年\4月\5日",
        ),
        (r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})(?!\d)日?", r"\1年\2月\3日"),
        (r"(?<![\d/:])(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?![\d/:])", r"\1月\2日"),
        (
            r"(?<![\d.])(\d{1,2})\.([0-5]\d)-(\d{1,2})\.([0-5]\d)(?![\d.])",
            r"\1:\2-\3:\4",
        ),
        (r"(?<!\d)([01]\d)([0-5]\d)-([012]\d)([0-5]\d)(?!\d)", r"\1:\2-\3:\4"),
        (r"(?<=\d)(?=[上下]午\d)", " "),
        (r"(?<![\d ])([ap])m ?(\d{1,2}:[0-5]\d)(?! ?[ap]m)", r"\2\1m"),
        (r"(?<=\d )([ap])m(\d{1,2}:[0-5]\d)(?! ?[ap]m)", r"\2\1m"),
        (r"\bnoon(?=-| to)", "12:00"),
        (r"([早朝]上?\d{1,2}:\d{2})(?=晚上?\d{1,2}:\d{2})", r"\1-"),
        (r"(?:周末|周六、?周?日)?双休(?!日|[: ]*(?:[上早]|\d))", "周六、周日休息"),
        (r"(周[一二三四五六日])单休|单休\((周[一二三四五六日])\)", r"\1\2休息"),
        (r"^([一二三四五六])[-至到]([一二三四五六日天])(?=[ \d(:早上])", r"周\1至周\2"),
    )
)
#: Emoji, what joins them, and marks of direction: decoration.
_PICTURE = re.compile(
    "[\u200d-\u200f\u2066-\u2069\u231a-\u23ff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]+"
)
_NINE_TO_FIVE = re.compile(
    r"[早朝](\d{1,2}|[四五六七八九十]{1,2})晚(\d{1,2}|[四五六七八九十]{1,3})(?![\d:点时十])"
)
_DOTTED_DATES = re.compile(
    r"(?<![\d.])(1[0-2]|0?[1-9])\.(3[01]|[12]\d|0?[1-9])-(1[0-2]|0?[1-9])\.(3[01]|[12]\d|0?[1-9])(?![\d.])"
)


@lru_cache(maxsize=1)
def _traditional() -> dict[int, str]:
    """Return the characters that are spelled otherwise in mainland China."""
    return simplified_characters()


def _number(text: str) -> int:
    """Return the value of a Chinese numeral below 100."""
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int("".join(str(_DIGIT[each]) for each in text))
    return (_DIGIT.get(tens, 1) if tens else 1) * 10 + (_DIGIT.get(ones, 0) if ones else 0)


def _arabic(match: re.Match[str]) -> str:
    """Return a Chinese numeral as digits, weekdays and ordinals as they are."""
    text = match["number"]
    if text is None or len(text) > 3:  # noqa: PLR2004  # 二十四 is the longest that occurs
        return match[0]
    return str(_number(text))


def normalise(text: str) -> str:
    """Return a text about opening hours in one spelling.

    Parameters
    ----------
    text : str
        As received.

    Returns
    -------
    str
        Half-width, simplified, lower case, ``-`` as the only dash, Chinese numerals of clock and
        calendar as digits, line breaks kept.

    Examples
    --------
    >>> normalise("早上６點半——晚九点")
    '早上6点半-晚9点'
    """
    spelled = html.unescape(text).replace("\u200b", "").replace("\ufeff", "")
    spelled = unicodedata.normalize("NFKC", spelled.replace("\r", "\n"))
    spelled = _PICTURE.sub(" ", spelled.translate(_traditional()).lower())
    spelled = _NINE_TO_FIVE.sub(r"早\1点-晚\2点", spelled)
    if ":" in spelled:
        spelled = _DOTTED_DATES.sub(r"\1月\2日-\3月\4日", spelled)
    for pattern, repair in _REPAIRS:
        spelled = pattern.sub(repair, spelled)
    return _NUMERAL.sub(_arabic, spelled).strip()


@dataclass(frozen=True)
class Token:
    """A word: its kind, the text and the named parts of the match."""

    kind: str
    text: str
    parts: tuple[str | None, ...] = ()


_DAY = r"(?:周|星期|礼拜)\s?[一二三四五六日天1-7]"
_MORE_DAY = r"(?:(?:周|星期|礼拜)\s?)?[一二三四五六日天](?![点时十月个楼层号次场])"
_BARE_DAY = r"[一二三四五六日天](?=[-至到,、:;()\s\d]|$)"
_EN_DAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?|mo|tu|we|th|fr|sa|su)s?\b\.?"
)
_EN_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_AMPM = r"(?:\s?(?:([ap])\.?m\b\.?))?"

#: Kind and pattern, the first that matches wins.
_LEXICON: tuple[tuple[str, str], ...] = (
    ("strong", r"[;。\n!！|]+"),
    ("space", r"[ \t]+"),
    ("comma", r"[,，]"),
    ("and", r"、|以及|及其?|和|与|或(?:者)?|&|\+|/|\band\b"),
    ("open_bracket", r"\("),
    ("close_bracket", r"\)"),
    ("duration", r"\d+(?:-\d+)?个?(?:半)?(?:小时|分钟)(?<!24小时)|半个?小时|半天|1刻钟"),
    ("range", r"-+|直?至|直?到|\b(?:to|until|till|through|thru)\b"),
    ("noise", r"24小时制"),
    (
        "h24",
        (
            r"(?:365天?\s?[x×*]?\s?)?(?:全天|全年|昼夜|每天|每日)?(?<!\d)24\s?(?:个?小时|/7|h(?:(?:ou)?rs?)?(?![a-z]))"
            r"(?:不间断|不打烊|自助(?=开放|营业|服务(?![区点站厅])|[,;)\s]|$))?"
            r"|7[*x×]24(?:小时|h(?:(?:ou)?rs?)?(?![a-z]))?|全天候|昼夜|全时开放"
        ),
    ),
    ("all_day", r"全天|全日制?|整天|全时段|\ball[- ]?day\b"),
    ("noise", r"(?:进入)?(?:冬季|春季|秋季)?(?:森林)?防火期|汛期|因(?=进入|冬季|防火)"),
    ("since", r"(?<=[日号月])(?:起|开始|以后|之后)"),
    (
        "noise",
        r"(?:工会)?(?:户外劳动者|户外职工|职工|新就业群体|环卫工人?|爱心|暖心|党群|社区|城管|骑手|快递员?|货车|卡车)*(?:服务)?(?:驿站|之家|服务站|服务点|服务中心|休息[点站室]|爱心屋|爱心点|港湾)|(?:上下班|上班|工作|作息)时间",
    ),
    ("next_year", r"次年|翌年|来年|转年"),
    ("next_day", r"次日|翌日|第二天|第2天|第二日|隔天|隔日|次晨|翌晨|明日|\bnext day\b"),
    (
        "nth",
        r"每个?月(?:的)?(?:第([一二三四五1-5])个?|(最后)(?:[一1]个)?)(?:的)?(?:周|星期|礼拜)([一二三四五六日天])",
    ),
    ("rest", r"其[他它余](?:的)?(?:时[间段]|月份|日期|日子|季节|均|都)?"),
    (
        "every",
        (
            r"每天|每日|天天|日日|全周|(?:[一1每]周|每星期)[七7]天"
            r"|\b(?:daily|every ?day|7 days(?: a week)?)\b"
        ),
    ),
    ("time", r"(?P<c>\d{1,2}):([0-5]\d)(?::00)?(?!\d:)\s?(?:时|点|分)?(?:正|整)?" + _AMPM),
    (
        "time_zh",
        (
            r"(?<!\d)(\d{1,2})\s?(?:点钟?|时(?![间段令]))"
            r"(?:(半)|([13])刻|([0-5]\d|\d(?=分))分?(?![\d:点时月]|[日号]|小时)|(?:正|整))?"
        ),
    ),
    ("time_en", r"(?<![\d:])(\d{1,2})\s?([ap])\.?m\b\.?"),
    (
        "date",
        (
            r"(?:((?:19|20)\d{2})年)?(1[0-2]|0?[1-9])月份?(?:(0?[1-9]|[12]\d|3[01])[日号](?!线|楼|馆|门|口)"
            r"|(0?[1-9]|[12]\d|3[01])(?![\d:.点时月年个]|小时)|(中下旬|上中旬|上旬|中旬|下旬|初|中(?!午)|底|末|整))?"
        ),
    ),
    ("date_en", rf"({_EN_MONTH})(?:\s?(0?[1-9]|[12]\d|3[01])(?![\d:]))?"),
    ("day_number", r"(?<!\d)(0?[1-9]|[12]\d|3[01])[日号](?![线楼馆门口])"),
    ("year", r"(?:19|20)\d{2}年?(?!\d)"),
    ("weekend_pair", r"(?:周|星期|礼拜)六[日天]"),
    ("day_digit", r"每?(?:周|星期|礼拜)([1-7])[-至到](?:周|星期|礼拜)?([1-7])(?!\d|:|点|时)"),
    (
        "day",
        rf"(?:每逢|逢|每)?(?:个)?{_DAY}(?:\s?(?:[-至到]|、)\s?{_MORE_DAY}|{_MORE_DAY}|,\s?{_BARE_DAY})*",
    ),
    ("day_en", rf"\b{_EN_DAY}"),
    ("weekend", r"周末|双休日?|星期末|礼拜末|\bweekends?\b"),
    ("school", r"寒暑假|暑假|寒假|暑期|寒期|开学|学期"),
    (
        "holiday",
        (
            r"(?:国家|国定|法定|公众|公共|各|所有|任何|逢|每逢)*(?:的)?(?:法定)?"
            r"(?:节假日|节日|假日|公众假期|假期|公假|节庆日|节庆|小长假|长假|黄金周)"
            r"|\b(?:public )?holidays?\b|\bph\b"
        ),
    ),
    ("new_year", r"元旦(?:节|当天|日)?"),
    (
        "festival",
        (
            r"(?:农历|阴历)?(?:正月|腊月|大年)?(?:初|十|廿|二十|三十)[一二三四五六七八九十]+"
            r"|(?:农历|阴历)?(?:除夕|大年夜|年三十|大年三十)(?:夜)?"
            r"|农历|阴历|正月|腊月|春节|清明节?|五一|劳动节|端午节?|中秋节?|国庆节?|十一|元宵节?|圣诞节?|新年|过年"
        ),
    ),
    ("off_day", r"非(?:法定)?工作日|(?:休息日|公休日)(?=[: ]*(?:[上早]午?|\d|全天|24))"),
    ("workday", r"(?:每个?)?(?:法定)?(?:工作日|上班日)|\b(?:week|work(?:ing)?|business) ?days?\b"),
    ("ordinary", r"平日|平时|平常"),
    (
        "season",
        r"夏令时?制?|冬令时?制?|(?<!非)(?:供暖|采暖)[季期]|高温[季期]|三伏天?|(?:春|夏|秋|冬)(?:[、,和及]?(?:春|夏|秋|冬))*(?:季|天)|(?:春|夏|秋|冬)(?=、?(?:春|夏|秋|冬)|[:);,\d])|旺季|淡季",
    ),
    (
        "meal",
        (
            r"早餐|午餐|晚餐|早市|午市|晚市|早点|正餐|夜宵|宵夜|下午茶|中餐|早茶|午饭|晚饭|早饭|夜市|早班|中班|晚班|夜班"
            r"|(?:日|夜|午|早|晚|上午|下午)场|第[一二三四五六七八九1-9]场|茶市|早段|午段|晚段"
        ),
    ),
    (
        "no_break",
        r"(?:中午|午间|午休|节假日)?(?:均|也|都)?(?:不休息?|无休息?|不打烊|不关门|不闭馆|不间断|不停歇|连续)(?:日|业)?|风雨无阻",
    ),
    ("closed_label", r"(?:非营业|非开放|不营业|不开放)(?:时段|时间)"),
    ("break", r"午休|午间休息|中午休息|用餐休息"),
    (
        "period",
        (
            r"凌晨|清晨|白天|朝(?=\d)|早晨|早上|早间|上午|午前|中午|正午|午间|下午|午后|傍晚|晚上|晚间|夜晚|夜间|夜里|深夜|午夜|每晚|每早|早|晚|夜"
            r"|\b(?:noon|midnight)\b"
        ),
    ),
    ("change", r"改为|调整为|调至|更改为|变更为|改成|调整到|调整至"),
    (
        "except",
        r"除外|以外|之外|例外|不包括|不含|(?<![室户门场馆])外(?=[,;。)\s:每均都全其照正周星天\d]|$)",
    ),
    ("include", r"(?:包?含|包括)(?=(?:国家|国定|法定)*(?:节|假|公|周|双休))"),
    ("noise", r"(?:包?含|包括)(?:调休|午间|中午|午休)(?:日|时间|时段)?"),
    ("without", r"除了?|\bexcept\b"),
    (
        "close",
        (
            r"(?:固定|例行|定期|一律|均|都|暂|照例)*(?:不对(?:外|公众|社会)(?:开放|营业)|不(?:开放|营业|上班|开门|接待|开)|停止开放|停止营业"
            r"|闭(?:馆|园|店|站|门|关|厅)?(?:日|时间)?(?:整理|清场|休整|维护|消毒)*|关闭|关门(?:日)?|公休(?:日)?|轮休|店休(?:日)?|例休|休(?:馆|园|店|业|整|诊|市)"
            r"(?:日|时间)?|休息(?:日|时间)?|歇业|停业|停诊|停运|停止服务|放假|封(?:山|园|闭|馆)(?:养护)?期?"
            r"|休|\boff\b|\bclosed?\b)"
        ),
    ),
    ("opens", r"开(?:门|园|馆|店|始)(?:时间)?|上班|\bopens?\b(?: at)?"),
    ("shuts", r"下班|(?<![-至到])打烊|结束(?:营业|时间)?|收工"),
    (
        "open_end",
        r"(?:最后)?(?:一[位名桌个])?(?:客人?|顾客|游客|食客)(?:人)?(?:走|离开?|散)(?:完|尽|光)?(?:为止|止)?|(?:卖|售)(?:完|罄|光)(?:为止|即止|止)?|打烊为止|(?<=[-至到])打烊|不限",
    ),
    (
        "booking",
        r"(?:需要?|须|可|仅限?|采用|实行)?(?:提前)?(?:电话|网上|线上)?预约(?:制|开放|参观|进入|入内|使用)?",
    ),
    ("normal", r"(?:也|均|都|仍)*(?:正常|照常|照旧|如常)(?:营业|开放|上班|服务|接待|开馆|开园)?"),
    (
        "approx",
        r"大约|大概|大致|左右|前后|约(?=\s?\d|早|晚|上|下|为)|预计|一般|通常|\babout\b|\baround\b|\bapprox\b\.?",
    ),
    (
        "noise",
        (
            r"四季|可以|以(?=自由|免费)|自由|目前|现行|日常|全年|每年|每月|长年|常年|365天|原(?:来|先)的?|营业(?:时间|时段)?|开放(?:时间|时段|营业|日)?|服务(?:时间|时段)?|办公(?:时间)?|接待(?:时间)?|对外|对公众|面向公众|对社会|对游客"
            r"|参观|入场时间|入园时间|入馆时间|时间段?|时段|门诊|供水|供应|使用|提供|免费|固定|期间|当日|当天|全部|统一|只在|只|仅|具体|分别|各|则"
            r"|景区|本馆|本店|本站|场馆|店铺|门店|驿站|为|是|的|在|于|从|自|由|起|每|逢|均|都|可|有|号|\butc\+?8\b|\bgmt\+?8\b|北京时间|\bhours?\b|\bopen\b"
            r"|\b(?:business|opening|from|on|at|the)\b|正常时间|\bam\b|\bpm\b"
        ),
    ),
    ("colon", r":"),
    ("number", r"(?<!\d)\d{1,2}(?!\d)"),
    ("stop", r"[.·•…?*]+"),
    ("other", r"\d+|[a-z]+|."),
)
_MASTER = re.compile(
    "|".join(
        f"(?P<k{number}>{pattern.replace('(?P<c>', '(')})"
        for number, (_, pattern) in enumerate(_LEXICON)
    ),
    re.DOTALL,
)


@lru_cache(maxsize=1)
def _groups() -> tuple[tuple[int, int], ...]:
    """Return the first and last inner group number of each pattern of the lexicon."""
    starts = [_MASTER.groupindex[f"k{number}"] for number in range(len(_LEXICON))]
    return tuple(zip(starts, [*starts[1:], _MASTER.groups + 1], strict=True))


def tokens(text: str) -> list[Token]:
    """Return the tokens of a normalised text.

    Parameters
    ----------
    text : str
        From `normalise`.

    Returns
    -------
    list of Token
        They cover the whole text; what no word matches is of kind ``other``.
    """
    found = []
    for match in _MASTER.finditer(text):
        number = int((match.lastgroup or "k0")[1:])
        first, last = _groups()[number]
        found.append(Token(_LEXICON[number][0], match[0], match.groups()[first : last - 1]))
    return found

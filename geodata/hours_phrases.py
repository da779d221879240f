"""Phrases beside the opening hours: last entry, notices, conditions, and what makes hours void.

`set_aside` takes them out of a normalised text. Some only mean that the reading is not the whole
story (last entry, "see the notice"); some that nothing holds at present (suspended, under repair).
"""

import re
from dataclasses import dataclass, field

_TIME = (
    r"(?:次日|凌晨|早上?|上午|中午|下午|傍晚|晚上?|晚间)?"
    r"(?:\d{1,2}:\d{2}|\d{1,2}[点时](?:半|\d{1,2}分?)?)(?:分|时)?"
)
_WORD = r"[^\d,;。()\n]"
_LAST = r"(?:停止|禁止|截止|谢绝|不再|停)(?!营业|开放(?!时)|服务)"
_CLEAR = r"(?:清馆|静园|清场|清园|止票|停票|闭票)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:开放日|当日|每日|每天)?(?<![-\d:])(?P<t>{_TIME})(?:以后|之后|过后|后|起|前|开始)?\s?即?{_LAST}{_WORD}{{0,10}}",
        rf"(?<![-\d:])(?P<t>{_TIME})(?:前|后|开始|起)?{_CLEAR}",
        rf"{_CLEAR}(?:时间)?(?:最晚|最迟)?[:到至为]?\s?(?P<t>{_TIME})",
        rf"(?<![-\d:])(?P<t>{_TIME})(?:前|之前|以前)?(?:最后|最晚){_WORD}{{0,8}}",
        rf"(?:停止|禁止|截止|最晚|最迟|最后)(?!营业){_WORD}{{0,10}}?(?:时间)?[:为是在于]*\s?(?P<t>{_TIME})(?:前|止)?",
        rf"\(?(?:入场|入园|入馆|进场)时间[:为]?(?P<t>{_TIME})(?!-)\)?",
        (
            rf"(?:(?:闭|关|停|结束|营业){_WORD}{{0,6}})?(?:提?前)?(?:半|\d+(?:\.\d)?)个?(?:半)?(?:小时|分钟|刻钟)之?(?:前|内)?"
            rf"(?:就|即|起)?(?:停止|禁止|截止|谢绝|不再){_WORD}{{0,12}}"
        ),
        rf"(?:闭|关){_WORD}{{0,4}}前(?:半|\d+)个?(?:小时|分钟)(?:为)?(?:最后|最晚){_WORD}{{0,8}}",
        r"last (?:entry|admission|entrance)[^,;。()\n]{0,20}",
    )
)
_CLOSING = re.compile(rf"(?<=[,;(])(?P<t>{_TIME})(?:闭馆|闭园|关门|打烊|闭店)(?=[,;)。]|$)")
_OPENING = re.compile(rf"{_TIME}(?:开|上班)")
_PHONE = re.compile(
    r"(?:(?:联系|咨询|服务|预约|监督)?(?:电话|热线|手机|tel)*[:为]?\s?)?"
    r"(?<!\d)(?<!\d:)(?:0\d{2,3}-?\d{7,8}|1[3-9]\d[- ]?\d{4}[- ]?\d{4}|12\d{3}|9[56]\d{3}"
    r"|\d{7,8}|400-?\d{3}-?\d{4})(?![\d:])"
)
_PERSON = re.compile(
    r"(?:联系人|负责人|管理员|站长)[:为]?\s?[\u4e00-\u9fff]{1,4}(?![\u4e00-\u9fff])"
    r"|地址[:为]?[^\d,;。()\n]{2,30}"
)
#: How long it is open, beside the hours themselves.
_LENGTH = re.compile(
    r"(?:(?<=[(,; ])|(?:共计?|不少于|不低于|每[天日]开放))(?<!\d)(?!24)\d{1,2}个?小时(?=[(),; ]|$)"
)
_CHANGED = r"(?:改为|调整为|调至|更改为|变更为|改成|调整到|调整至|延长为)"
_CHANGE_FROM = re.compile(rf"(?:由|从|原(?:来|先)?的?)[^由;。\n]*?{_CHANGED}")
_CHANGE = re.compile(rf"^[^;。\n]*?\d[^;。\n]*?{_CHANGED}")
_SEASONAL_STOP = re.compile(
    r"(\d{1,2}月[^;。,\n]{0,12}-[^;。,\n]{0,16}[月日号底末旬])[: ]*(?:为|期间)?"
    r"(?:暂时|暂)?(?:停业|停止营业|停止开放|停营业|停开放|关闭|不开放|闭馆|闭园)"
)
_MONTH_TO_MONTH = re.compile(
    r"(\d{1,2}月)(?:份)?(?:开业|开园|开放|开馆|开山|开门),?(\d{1,2}月)(?:份)?(?:停业|闭园|关闭|封山|闭馆|关门|歇业)"
)
_UNCHANGED = re.compile(r"(?:春季?|夏季?|秋季?|冬季?|节假日|周末|四季)(?:均|都)?不变")
_SPLIT = re.compile(r"([,;。()\n])")
_CONDITION = re.compile(
    r"^(?:但|且|则|并)?(?:如(?!今|期)|遇|若|有重要|有活动|有演出|特殊[情天原]|恶劣|极端|雨雪?|下雨|大雨|暴雨|大风|台风|停水|停电)|可能"
)
_VOID = re.compile(
    r"暂停|暂时(?!开放)|暂不|暂未|暂无|暂缓|维修|修缮|装修|翻修|翻新|整修|施工|停运|停用|即将|筹建|筹备|建设中|正在建|在建|尚未|未开放|未开业"
    r"|不能参观|不能入|不能进|无法|谢绝|禁止入内|废弃|拆除|搬迁|迁址|待定|未定|不固定|不定|上锁|倒闭|已关|关停|永久|升级|改造|试运行"
    r"|为民居|恢复(?:开放|营业)|预计|疫情|随缘|随机|看情况|视情况|不详|未知|不清楚|^不对外开放|^不开放|^仅限内部|场次不同|不同场次|不同时间"
    r"|隔日(?=开|营)|单日|双日|单号|双号|隔周|隔天|初步"
    r"|\b(?:tbd|unknown|temporarily|n/a|none|suspended|appointment only|by appointment)\b"
)
_BENIGN = re.compile(
    r"咨询|电话|致电|来电|官网|网站|公众号|微信|小程序|为准|欢迎|敬请|请|另行|另有|调整|变动|变化|通知|公告|预约|扫码|凭|人脸|刷脸|刷卡|身份证|门禁|密码|免费|收费|票|讲解|优惠"
    r"|天气|气候|清场|仅供参考|依据|根据|视|而定|活动|详情|详见|查询|查阅|关注|游客|市民|开放日|自行|不同|停车|wifi|空调|饮水|休整"
    r"|参考|注意|说明|谢谢|温馨提示|备注|志愿者|户外劳动者|环卫工|快递|骑手|外卖|司机"
)
_OTHERWISE = re.compile(
    r"^(?:其[他它余]|夜间|晚上|夜晚|夜里|下班|闭馆|关门|打烊|非).{0,8}(?:扫码|刷|凭|预约|密码|人脸|门禁)"
    r"|^(?:\d{1,2}:\d{2}|\d{1,2}点半?)(?:以后|之后|后).{0,4}(?:扫码|刷|凭|预约|密码|人脸|门禁)"
)
_BECAUSE = re.compile(r"^(?:由于|因)")
_REFUSING = re.compile(
    r"不(?![同变收定另再影])|禁|停(?!车)|关(?!注)|闭|休(?!闲)|内部|会员|员工|限|拒|除外|取消|废|拆|坏|故障"
)
_HOLIDAY = re.compile(r"节假日|节日|假日|假期|长假")
_STRUCTURE = re.compile(
    r"\d{1,2}[:点时]|\d月|周[一二三四五六日末]|星期|礼拜|季|早|晚|上午|下午|闭馆|休息|节假日|假日|工作日|春节|全天|24小时|休$"
)
_CLOCK_RANGE = re.compile(r"\d{1,2}(?:[:点时]\d{0,2}半?分?)-")


@dataclass(frozen=True)
class Phrases:
    """A text without the phrases beside the hours.

    Attributes
    ----------
    text : str
        What is left to read.
    notes : tuple of str
        What was left aside.
    refusal : str
        Why nothing holds, ``""`` otherwise.
    last_entries : tuple of str
        Times of last entry, as written; ``""`` for one that is relative to closing.
    holidays_unknown : bool
        A condition named public holidays.
    rest_unknown : bool
        At other times one gets in by a code or by appointment.
    """

    text: str
    notes: tuple[str, ...] = ()
    refusal: str = ""
    last_entries: tuple[str, ...] = ()
    holidays_unknown: bool = False
    rest_unknown: bool = False

    def leaves_early(self, ends: frozenset[int]) -> bool:
        """Tell whether last entry is at another time than closing.

        Parameters
        ----------
        ends : frozenset of int
            Closing times, in minutes from midnight.

        Returns
        -------
        bool
            False if there is no last entry or all are at closing time.
        """
        return any(_minutes(entry) not in ends for entry in self.last_entries)


@dataclass
class _Sieve:
    """Segments kept and dropped."""

    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusal: str = ""
    holidays_unknown: bool = False
    rest_unknown: bool = False


def _minutes(text: str) -> int | None:
    """Return a written time as minutes from midnight, None if it is not plain."""
    found = re.search(r"(\d{1,2})(?::(\d{2})|[点时](半)?(\d{1,2})?)", text)
    if found is None:
        return None
    minute = 30 if found[3] else int(found[2] or found[4] or 0)
    hour = int(found[1])
    late = hour < 12 and re.search(r"下午|傍晚|晚", text)  # noqa: PLR2004
    return (hour + 12 * bool(late)) * 60 + minute


def _last_entries(text: str) -> tuple[str, list[str]]:
    """Take out times of last entry and clearing."""
    entries: list[str] = []

    def note(match: re.Match[str]) -> str:
        entries.append(match.groupdict().get("t") or "")
        return ""

    for pattern in _PATTERNS:
        text = pattern.sub(note, text)
    return text, entries


def _drop_closing(text: str, entries: list[str]) -> str:
    """Take out ``18:00闭馆`` where the span is told anyway."""
    if not _CLOCK_RANGE.search(text) or _OPENING.search(text):
        return text

    def note(match: re.Match[str]) -> str:
        entries.append(match[1])
        return ""

    return _CLOSING.sub(note, text)


def _segment(sieve: _Sieve, segment: str) -> str:  # noqa: PLR0911  # one return a verdict
    """Return what is kept of a segment between punctuation marks."""
    bare = segment.strip()
    clock = _CLOCK_RANGE.search(bare)
    if _OTHERWISE.search(bare) and not clock:
        sieve.rest_unknown = True
        return _aside(sieve, bare)
    void = _VOID.search(bare) or (_BECAUSE.search(bare) and _REFUSING.search(bare))
    if not bare or (clock and not void):
        return segment
    if _CONDITION.search(bare) and not clock:
        return _aside(sieve, bare)
    if void:
        sieve.refusal = sieve.refusal or f"does not hold at present, or not fixed: {bare}"
        return ""
    told = _REFUSING.search(bare) or re.search(r"\d{1,2}[:点时]", bare)
    if not told and (_BENIGN.search(bare) or _BECAUSE.search(bare)):
        left = _aside(sieve, bare)
        return segment if _STRUCTURE.search(bare) and not _HOLIDAY.search(bare) else left
    return segment


def _aside(sieve: _Sieve, bare: str) -> str:
    """Note a phrase that is left aside, and whether it makes holidays uncertain."""
    sieve.holidays_unknown |= bool(_HOLIDAY.search(bare))
    sieve.notes.append(f"left aside: {bare}")
    return ""


def set_aside(text: str) -> Phrases:
    """Take phrases that are not opening hours out of a text.

    Parameters
    ----------
    text : str
        From `geodata.hours_words.normalise`.

    Returns
    -------
    Phrases
        What is left, and what was said beside it.

    Examples
    --------
    >>> set_aside("9:00-17:00(16:30停止入场)").text
    '9:00-17:00()'
    """
    text = _PERSON.sub("", _PHONE.sub("", text))
    text = _UNCHANGED.sub("", text)
    text = _LENGTH.sub("", text) if _CLOCK_RANGE.search(text) else text
    text = _MONTH_TO_MONTH.sub(r"\1整-\2整", text)
    text = _SEASONAL_STOP.sub(r"\1停业", text)
    text = _CHANGE_FROM.sub("", text)
    text = _CHANGE.sub("", text)
    text, entries = _last_entries(text)
    text = _drop_closing(text, entries)
    sieve = _Sieve()
    for piece in _SPLIT.split(text):
        sieve.kept.append(piece if _SPLIT.fullmatch(piece) else _segment(sieve, piece))
    return Phrases(
        "".join(sieve.kept),
        tuple(sieve.notes),
        sieve.refusal,
        tuple(entries),
        sieve.holidays_unknown,
        sieve.rest_unknown,
    )

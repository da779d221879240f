"""Sentences about what a station offers, read into facility codes.

A longest-match segmenter over the vocabulary's synonyms. Around a match it heeds small words:
negation in front (没有, 无, 暂不提供) and behind (坏了, ``:无``), words that merely look like a
facility (餐桌, 水杯) and relative clauses whose head is something else (提供热水的洗手台). What it
cannot read is handed back, never guessed.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from geodata.vocabulary import Vocabulary

_STRONG = ",;。!?|\n\r\t；！？，"
_ITEM = re.compile(rf"[^{re.escape(_STRONG)}、/+&·•]+")
_CLAUSE = re.compile(rf"[^{re.escape(_STRONG)}]+")
_NUMBER = r"\d+(?:\.\d+)?(?:个|台|把|张|套|组|间|辆|条|处|位|平方米|平米|m2|小时|h)?"
_END = r"(?=$|[\s、,;。)!|/等])"
_BETWEEN = r"[\s:(\-=\"'“]*"
_JOIN = re.compile(r"以及|及其|还有|[和及与或跟]")
_VERB = re.compile(r"^(?:提供|可以|可|能|用于|用来|供|为|给|放置|存放)")
_SPACED = re.compile(r"(?<=[^\x00-\x7f])[ \u3000](?=[^\x00-\x7f])")
_VEHICLE = re.compile(
    r"(?:电动自行车|电动摩托车|电动车|电瓶车|电单车|汽车|车辆|货车|三轮车)[^、]{0,3}$"
)
_BRACKETED = re.compile(r"充电\(((?:手机|电动|电瓶|汽车|货车|三轮)[^()]{0,12})\)")
_BARE = re.compile(r"(?:^|[、,;|/\s])充电(?=$|[、,;|/\s])")
_FOR_BOTH = re.compile(r"手机[、,/]\s*(?:电动自行车|电动车|电瓶车)充电")
_ALL_GONE = re.compile(r"(?:均|都|全)(?:无|没有|没|坏了|不能用|不可用|未提供|停用)\s*$")


@dataclass(frozen=True)
class FacilityReading:
    """What a text about facilities says.

    Attributes
    ----------
    codes : tuple of str
        Everything offered: the facilities named and those that the zones bring; none twice.
    unknown : tuple of str
        Words left over, as written; also what the text says is *not* there.
    facilities : tuple of str
        The facilities named as such.
    zones : tuple of str
        The zones named.
    """

    codes: tuple[str, ...]
    unknown: tuple[str, ...]
    facilities: tuple[str, ...]
    zones: tuple[str, ...]


@dataclass(frozen=True)
class _Token:
    """A piece of text: its role, its place and, for role ``code``, its codes."""

    role: str
    start: int
    end: int
    codes: tuple[str, ...] = ()


@dataclass
class _Found:
    """What has been read so far; local to one call."""

    codes: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Grammar:
    """The compiled vocabulary."""

    token: re.Pattern[str]
    suffix: re.Pattern[str]
    roles: dict[str, tuple[str, tuple[str, ...]]]

    def tokens(self, text: str, start: int, end: int) -> Iterator[_Token]:
        """Yield the tokens of a stretch of text without a gap; unread text has role ``text``."""
        at = start
        for match in self.token.finditer(text, start, end):
            if match.start() > at:
                yield _Token("text", at, match.start())
            role, codes = self.roles.get(match.group(), ("filler", ()))
            yield _Token(role, match.start(), match.end(), codes)
            at = match.end()
        if at < end:
            yield _Token("text", at, end)


def parse_facilities(text: str, vocabulary: Vocabulary) -> FacilityReading:
    """Return what a text says a station offers.

    Parameters
    ----------
    text : str
        Chinese (simplified or traditional), English, or codes: ``饮水机、微波炉等一应俱全``,
        ``water;seats``, ``drink|ac``.
    vocabulary : Vocabulary
        The words.

    Returns
    -------
    FacilityReading
        Empty tuples for empty text. What is negated, and what is not in the vocabulary, is in
        ``unknown``.
    """
    shown = _SPACED.sub("、", unicodedata.normalize("NFKC", text))
    shown = _BRACKETED.sub(r"\1充电", shown)
    plain = vocabulary.plain(shown)
    grammar = _grammar(vocabulary)
    found = _Found()
    for clause in _CLAUSE.finditer(plain):
        _read_clause(plain, shown, clause.span(), grammar, found)
    _read_charging(plain, found)
    return _reading(found, vocabulary)


@lru_cache(maxsize=8)
def _grammar(vocabulary: Vocabulary) -> _Grammar:
    """Compile the vocabulary: the longest phrase wins, then facility, negation, filler, others."""
    roles: dict[str, tuple[str, tuple[str, ...]]] = {}
    for role in ("neutral", "filler", "positive", "negation_one", "negation"):
        for word in vocabulary.words.get(role, ()):
            roles[vocabulary.plain(word)] = (role, ())
    codes: dict[str, list[str]] = {}
    for row in vocabulary.facilities.values():
        words = (row.code, row.zh, row.en, *row.synonyms)
        joined = (word.replace(" ", "_") for word in words if word.isascii())  # as codes are
        for word in (*words, *joined):
            known = codes.setdefault(vocabulary.plain(word), [])
            if row.code not in known:
                known.append(row.code)
    roles |= {word: ("code", tuple(known)) for word, known in codes.items()}
    phrases = "|".join(_phrase(word) for word in sorted(roles, key=lambda w: (-len(w), w)))
    suffixes = sorted(vocabulary.words.get("suffix", ()), key=len, reverse=True)
    behind = "|".join(
        (r"(?<=[:(= ])" if word.isascii() else "") + re.escape(vocabulary.plain(word))
        for word in suffixes
    )
    token = re.compile(f"{phrases}|{_NUMBER}" if roles else _NUMBER)
    return _Grammar(token, re.compile(f"{_BETWEEN}(?:{behind or '$^'})了?{_END}"), roles)


def _phrase(word: str) -> str:
    """Return the pattern of one phrase; Latin words stand alone."""
    if word[0].isascii() and word[0].isalnum():
        head = r"(?<![a-z0-9_])"
        return head + re.escape(word) + (r"(?![a-z_])" if word[-1].isascii() else "")
    return re.escape(word)


def _read_clause(
    plain: str, shown: str, span: tuple[int, int], grammar: _Grammar, found: _Found
) -> None:
    """Read one clause; a negation that opens it holds until something positive."""
    gone = _ALL_GONE.search(plain, *span) is not None
    opened = False
    for number, item in enumerate(_ITEM.finditer(plain, *span)):
        tokens = list(grammar.tokens(plain, *item.span()))
        dropped = _relative_clause(plain, item.span(), tokens)
        negated = _negated(plain, tokens, grammar, start=opened)
        if gone:
            negated = {token.start for token in tokens if token.role == "code"}
        opened = _still_negated(plain, tokens, first=number == 0, opened=opened)
        _collect(shown, item.span(), tokens, negated, dropped, found)


def _negated(plain: str, tokens: Sequence[_Token], grammar: _Grammar, *, start: bool) -> set[int]:
    """Return where the facilities start that the text says are missing."""
    missing, off, previous = set(), start, ""
    for token in tokens:
        if token.role.startswith("negation"):
            off = True
        elif token.role == "positive" and not previous.startswith("negation"):
            off = False
        elif token.role == "code" and (off or grammar.suffix.match(plain, token.end)):
            missing.add(token.start)
        if plain[token.start : token.end].strip():
            previous = token.role
    return missing


def _still_negated(plain: str, tokens: Sequence[_Token], *, first: bool, opened: bool) -> bool:
    """Tell whether the next item of the clause is still under the negation that opened it."""
    meant = [t for t in tokens if plain[t.start : t.end].strip()]
    roles = [t.role for t in meant]
    if first and roles:
        listed = plain[meant[0].end : meant[0].end + 1] == ":"
        opened = roles[0] == "negation" or (roles[0] == "negation_one" and listed)
        roles = roles[2:] if opened else roles
    return opened and "positive" not in roles


def _relative_clause(
    plain: str, span: tuple[int, int], tokens: Sequence[_Token]
) -> tuple[int, int] | None:
    """Return the stretch whose facilities only describe another thing, or None.

    ``提供热水和洗手液的洗手台`` speaks of a wash-basin: nothing before the last 的 counts where the
    head behind it is no facility and more than filling.
    """
    start, end = span
    last = plain.rfind("的", start, end)
    head = [t for t in tokens if t.start > last and plain[t.start : t.end].strip()]
    covering = [t for t in tokens if t.role == "code" and t.start <= last < t.end]
    roles = {t.role for t in (*head, *covering)}
    if last < 0 or "code" in roles or not roles & {"text", "neutral"}:
        return None
    earlier = plain.rfind("的", start, last)
    if earlier < 0 and _VERB.match(plain[start:end].lstrip()):
        return span
    joins = [m.end() for m in _JOIN.finditer(plain, max(earlier, start), last)]
    return (joins[-1] if joins else max(earlier + 1, start), end)


def _collect(
    shown: str,
    span: tuple[int, int],
    tokens: Sequence[_Token],
    negated: set[int],
    dropped: tuple[int, int] | None,
    found: _Found,
) -> None:
    """Add what one item offers, and what is left of it."""
    low, high = dropped or (0, -1)
    good = [
        token
        for token in tokens
        if token.role == "code" and token.start not in negated and not low <= token.start < high
    ]
    found.codes += [code for token in good for code in _codes(shown, span[0], token)]
    if negated or not good:
        _keep_whole(shown, span, tokens, found)
        return
    kept = [
        t
        for t in tokens
        if t in good or (not low <= t.start < high and shown[t.start : t.end].strip())
    ]
    found.unknown += [shown[a:b].strip() for a, b in _runs(kept) if b - a > 1]
    if dropped:
        found.unknown.append(shown[low:high].strip())


def _codes(shown: str, start: int, token: _Token) -> Sequence[str]:
    """Return the codes of a facility; charging behind a vehicle is charging the vehicle."""
    if token.codes == ("phone_charging",) and _VEHICLE.search(shown, start, token.start):
        return ("ev_charging",)
    return token.codes


def _keep_whole(shown: str, span: tuple[int, int], tokens: Sequence[_Token], found: _Found) -> None:
    """Keep an item that offers nothing, without the small words around it."""
    if all(t.role in {"filler", "positive"} or not shown[t.start : t.end].strip() for t in tokens):
        return
    start, end = span
    text = re.sub(r"^(?:[和及与]|以及|还有|还|也)+", "", shown[start:end].strip())
    text = re.sub(r"^(?:另|并)?(?:配备了?|配有|设有|提供|有)(?=.{2})", "", text)
    found.unknown.append(re.sub(r"(?:等|等等|外)$", "", text).strip())


def _runs(tokens: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of unread text between facilities, without filling at their ends."""
    start = end = -1
    for token in tokens:
        if token.role in {"text", "neutral"}:
            start, end = (token.start if start < 0 else start), token.end
        elif token.role == "code" and start >= 0:
            yield start, end
            start = -1
    if start >= 0:
        yield start, end


def _read_charging(plain: str, found: _Found) -> None:
    """Read 充电 in its company: beside 加油 it is for vehicles, in 手机、电动车充电 for both."""
    if _FOR_BOTH.search(plain) and "ev_charging" in found.codes:
        found.codes.append("phone_charging")
        found.unknown = [word for word in found.unknown if word != "手机"]
    elif _BARE.search(plain) and "加油" in plain and "phone_charging" in found.codes:
        found.codes[found.codes.index("phone_charging")] = "ev_charging"


def _reading(found: _Found, vocabulary: Vocabulary) -> FacilityReading:
    """Return the reading, each word once, zones beside what they bring."""
    rows = vocabulary.facilities
    named = list(dict.fromkeys(found.codes))
    offered = [gift for code in named for gift in (rows[code].gives or (code,))]
    unknown = [_trim(word) for word in found.unknown]
    return FacilityReading(
        codes=tuple(dict.fromkeys(offered)),
        unknown=tuple(dict.fromkeys(word for word in unknown if word)),
        facilities=tuple(code for code in named if not rows[code].is_zone),
        zones=tuple(code for code in named if rows[code].is_zone),
    )


def _trim(word: str) -> str:
    """Return a left-over without marks at its ends; nothing where only marks are left."""
    bare = word.strip(" :-—_=…")
    counted = re.fullmatch(rf"[(x×*\s]*各?{_NUMBER}[)\s]*", bare)
    return bare if re.search(r"[^\W\d_]", bare) and not counted else ""

"""A plan's candidates from a table: CSV, XLSX, GeoJSON, with English or Chinese headers."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd

from geodata.declared import DatumChoice
from geodata.errors import Fault, FileFormatError, ValidationError
from geodata.hours import read_hours
from geodata.phrases import parse_facilities
from geodata.places import place_rows
from geodata.raw import A_POSITION, Columns, RawTable, match_columns
from geodata.table_files import read_tables
from geodata.vocabulary import Vocabulary
from geodata.words import header_words
from locator.candidates import fen_of

_READ = (
    "id", "name", "lon", "lat", "lonlat", "datum", "cost_yuan", "opening_hours", "facilities",
    "capacity",
)  # fmt: skip
#: Headers of candidates that station tables do not have.
_MORE = {
    "action": ("action", "措施", "动作", "方式", "建设方式", "改造方式", "类别", "类型", "操作"),
    "station": ("station", "station_id", "站点id", "站点编号", "驿站编号", "现有站点", "所属站点"),
}
_ACTIONS = {
    "build": ("build", "new", "新建", "建设", "建", "能建则建"),
    "convert": ("convert", "conversion", "改造", "划", "改建", "挂牌", "旧厂房改造", "能划则划"),
    "extend": ("extend", "hours", "延时", "延长", "延长开放", "延长开放时间", "extend hours"),
    "equip": ("equip", "增配", "配备", "增设设施", "加设施", "增设"),
}
#: What stands around and inside an amount of money, in half-width characters.
_AROUND_MONEY = re.compile("rmb|cny|yuan|人民币|[¥元圆' ]")
_AMOUNT = re.compile(
    r"\+?(\d{1,20}|\d{1,3}(?:,\d{3})+|\d{1,4}(?:,\d{4})+)(?:\.\d{0,20})?(?:e\+?\d{1,2})?"
    "(千万|百万|十万|[亿万千百]?)"
)
#: What a header counts in: 角 and 分 only where they stand apart, as 部分 and 角落 are no money.
_HEADER_UNIT = re.compile(r"千万|百万|十万|[亿万]|[千百](?=元)|(?<=[(\[/:])[角分](?=[)\]]|$)")
_FOREIGN = re.compile("[美港欧日澳加]元|[港日]币|英镑|usd|hkd|eur|[$€£]")
_UNITS = {
    "": Decimal(1), "百": Decimal(100), "千": Decimal(1000), "万": Decimal(10_000),
    "十万": Decimal(100_000), "百万": Decimal(1_000_000), "千万": Decimal(10_000_000),
    "亿": Decimal(100_000_000), "角": Decimal("0.1"), "分": Decimal("0.01"),
}  # fmt: skip
_LISTED, _LONGEST = 10, 200
_ACTION_OF = {word: code for code, words in _ACTIONS.items() for word in words}


def read_candidates(
    path: Path, vocabulary: Vocabulary, *, datum: str = ""
) -> tuple[pd.DataFrame, list[str]]:
    """Return the candidates of a table.

    Parameters
    ----------
    path : Path
        CSV, XLSX, GeoJSON or what else stations are read from; Chinese headers, too.
    vocabulary : Vocabulary
        Words of facilities.
    datum : str, optional
        Code of the datum, where the table names none; WGS-84 if nobody says, with a warning.

    Returns
    -------
    DataFrame, list of str
        For `locator.Index.plan`, WGS-84; what to know about how it was read.

    Raises
    ------
    FileFormatError
        If it is no table, has no column for a position or a station, or no row below its header.
    ValidationError
        Naming every cell that is not understood: nothing is left out silently.
    """
    words = header_words()
    wanted: dict[str, Sequence[str]] = {name: words.get(name, (name,)) for name in _READ}
    # what names a station is no name of a candidate, what names an action no kind
    taken = {word for more in _MORE.values() for word in more}
    wanted = {name: [w for w in known if w not in taken] for name, known in wanted.items()}
    wanted |= _MORE
    parts, notes, faults = [], [], []
    for table in read_tables(path, wanted):
        frame, warnings, wrong = _one(table, wanted, vocabulary, datum)
        parts.append(frame)
        notes += warnings
        faults += wrong
    if faults:
        raise ValidationError.of(faults[:100], code="bad_candidates")
    frame = pd.concat(parts, ignore_index=True)
    if not len(frame):
        what = f"{path.name}: there is no row below the header; expected one row a candidate"
        raise FileFormatError(what, code="empty_file")
    return frame, list(dict.fromkeys(notes))


def _one(
    table: RawTable, words: Mapping[str, Sequence[str]], vocabulary: Vocabulary, datum: str
) -> tuple[pd.DataFrame, list[str], list[Fault]]:
    """Read one sheet."""
    columns = match_columns(table.header, words)
    if not columns.has_place and "station" not in columns.position:
        raise table.lacks([f"{A_POSITION} or a station (现有站点, station)"])
    texts = {name: table.texts(columns.position.get(name)) for name in words}
    frame = pd.DataFrame({name: texts[name] for name in ("id", "name", "station", "cost_yuan")})
    faults = [Fault(f"{table.where()}, row {r.row}", r.reason, r.fix) for r in table.rejects]
    where = [f"{table.where()}, row {int(line)}" for line in table.line]
    frame["action"] = _actions(texts["action"], where, faults)
    new = ~frame["action"].isin(("extend", "equip"))
    frame["id"] = frame["id"].where((frame["id"] != "") | ~new, frame["station"])
    priced = columns.position.get("cost_yuan")
    header = "" if priced is None else table.header[priced]
    frame["cost_yuan"] = _amounts(texts["cost_yuan"], header, where, faults)
    frame["capacity"] = _rooms(texts["capacity"], where, faults)
    frame["opening_hours"], left_aside = _hours(texts["opening_hours"], where, faults)
    fitted, unknown = _fitted(texts["facilities"], where, vocabulary, faults)
    frame["facilities"] = pd.Series(fitted, dtype="object")
    frame["name"] = [text[:_LONGEST] for text in texts["name"]]
    faults += [
        Fault(f"{place}, id", f"longer than {_LONGEST} characters", "shorten it")
        for place, text in zip(where, texts["id"], strict=True)
        if len(text) > _LONGEST
    ]
    notes = left_aside + unknown + _place(frame, (table, columns), datum, faults)
    notes += _prices_unsaid(table, columns, texts["cost_yuan"])
    return frame, notes, faults


def _prices_unsaid(table: RawTable, columns: Columns, texts: list[str]) -> list[str]:
    """Return what to know where costs are not stated, or stand in a column that is not known."""
    unsaid, default = sum(not text for text in texts), "taken from the table of defaults"
    if "cost_yuan" in columns.position:
        what = f"{unsaid} of {len(texts)} rows state no cost (empty, or a formula without a value)"
        return [f"{table.where()}: {what}: {default}"] if unsaid else []
    left = ", ".join(table.header[at][:30] for at in columns.extra[:_LISTED] if table.header[at])
    what = f"no column of costs (费用, cost_yuan) among the headers; not read: {left}"
    return [f"{table.where()}: {what}; costs are {default}"] if left else []


def _amounts(
    texts: list[str], header: str, where: list[str], faults: list[Fault]
) -> list[str | None]:
    """Return amounts of yuan without signs around them; None where the cell is empty."""
    told = unicodedata.normalize("NFKC", header).lower()
    unit = _HEADER_UNIT.search(told)
    scale = _UNITS[unit[0] if unit else ""]
    if _FOREIGN.search(told):
        faults.append(Fault(f"header {header[:30]!r}", "costs are not in yuan", "convert them"))
    found: list[str | None] = []
    for text, place in zip(texts, where, strict=True):
        try:
            fen = _fen(text, scale) if text else 0
        except ValueError:
            what = f"{text[:30]!r} is no amount in yuan, at least 0, to the fen"
            faults.append(Fault(f"{place}, cost_yuan", what, "as 60000, 60000.50 or 6万"))
            fen = 0
        found.append(f"{fen // 100}.{fen % 100:02d}" if text else None)
    return found


def _fen(text: str, scale: Decimal) -> int:
    """Return an amount in fen; ``scale`` is what the header counts in, unless the cell says."""
    told = unicodedata.normalize("NFKC", text).lower()
    plain = _AROUND_MONEY.sub("", told)
    amount = _AMOUNT.fullmatch(plain)
    if amount is None:
        raise ValueError("no amount")
    if amount[2] or "元" in told:
        scale = _UNITS[amount[2]]
    return fen_of(Decimal(plain.removesuffix(amount[2]).replace(",", "")) * scale)


def _rooms(texts: list[str], where: list[str], faults: list[Fault]) -> list[float | None]:
    """Return how many workers there is room for; None where the cell is empty."""
    found: list[float | None] = []
    for text, place in zip(texts, where, strict=True):
        told = unicodedata.normalize("NFKC", text).removesuffix("人").strip()
        try:
            room = float(told or 0) if "_" not in told else -1.0
        except ValueError:
            room = -1.0
        if not 0 <= room < float("inf"):
            what = f"{text[:30]!r} is no number of workers of at least 0"
            faults.append(Fault(f"{place}, capacity", what, "as 60"))
        found.append(room if text else None)
    return found


def _fitted(
    texts: list[str], where: list[str], vocabulary: Vocabulary, faults: list[Fault]
) -> tuple[list[list[str] | None], list[str]]:
    """Return codes of facilities, and what was left aside; a cell with none at all is a fault."""
    read = {text: parse_facilities(text, vocabulary) for text in set(texts) if text}
    notes = [
        f"{place}, facilities: left aside {'、'.join(read[text].unknown)[:_LONGEST]!r}"
        for text, place in zip(texts, where, strict=True)
        if text and read[text].unknown and read[text].codes
    ]
    for text, place in zip(texts, where, strict=True):
        if text and read[text].unknown and not read[text].codes:
            what = f"{text[:40]!r} is not understood"
            faults.append(Fault(f"{place}, facilities", what, "as 饮水、微波炉, or codes"))
    return [list(read[text].codes) if text else None for text in texts], notes


def _actions(texts: list[str], where: list[str], faults: list[Fault]) -> list[str]:
    """Return the action of each row; building where nothing is said."""
    out = []
    for text, place in zip(texts, where, strict=True):
        code = _ACTION_OF.get(text.strip().lower(), "") if text else "build"
        if not code:
            known = "build 新建, convert 改造, extend 延时, equip 增配"
            faults.append(Fault(f"{place}, action", f"{text[:30]!r} is no action", f"use {known}"))
        out.append(code or "build")
    return out


def _hours(
    texts: list[str], where: list[str], faults: list[Fault]
) -> tuple[list[str | None], list[str]]:
    """Return OSM hours, and what of them was left aside; what is not understood is a fault."""
    known = {text: read_hours(text) for text in set(texts) if text}
    for text, place in zip(texts, where, strict=True):
        if text and not known[text].osm:
            what = f"{text[:40]!r} is not understood"
            faults.append(Fault(f"{place}, opening_hours", what, "as 08:00-20:00 or 24/7"))
    notes = [
        f"{place}, opening_hours: {warning}"
        for text, place in zip(texts, where, strict=True)
        if text and known[text].osm
        for warning in known[text].warnings
    ]
    return [known[text].osm if text else None for text in texts], notes


def _place(
    frame: pd.DataFrame, read: tuple[RawTable, Columns], datum: str, faults: list[Fault]
) -> list[str]:
    """Put positions in WGS-84 into the rows that have their own; return warnings."""
    table, columns = read
    frame["lon"], frame["lat"] = float("nan"), float("nan")
    if not columns.has_place:
        return []
    placed = place_rows(table, columns, DatumChoice(declared=datum, fallback="wgs84"))
    frame["lon"], frame["lat"] = placed.lon, placed.lat
    at_station = frame["action"].isin(("extend", "equip"))
    needless = {int(line) for line in table.line[at_station.to_numpy()]}
    faults += [
        Fault(f"{table.where()}, row {reject.row}", reject.reason, reject.fix)
        for reject in placed.rejects
        if reject.row not in needless
    ]
    return list(placed.report["warnings"])

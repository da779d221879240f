import csv
from pathlib import Path

import pytest

from geodata.errors import FileFormatError, InputError
from geodata.phrases import FacilityReading, parse_facilities
from geodata.vocabulary import (
    Vocabulary,
    parse_access,
    parse_kind,
    parse_need,
    parse_status,
    parse_tier,
)
from geodata.words import load_vocabulary


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return load_vocabulary()


def codes(text: str, words: Vocabulary) -> set[str]:
    return set(parse_facilities(text, words).codes)


def test_scheme_02_shangrao_station_has_six_facilities_and_four_zones(words: Vocabulary):
    text = (
        "饮水机、冰箱、微波炉、充电器、吹风机、书籍等一应俱全；休息区、充电区、阅读区、爱心妈咪小屋"
    )
    assert parse_facilities(text, words) == FacilityReading(
        codes=(
            "water", "fridge", "microwave", "phone_charging", "hair_dryer", "books", "seats",
            "nursing_room",
        ),
        unknown=(),
        facilities=("water", "fridge", "microwave", "phone_charging", "hair_dryer", "books"),
        zones=("rest_area", "charging_area", "reading_area", "nursing_room"),
    )  # fmt: skip
    strange = parse_facilities(text + "、量子发生器", words)
    assert strange.unknown == ("量子发生器",)


@pytest.mark.parametrize(
    ("phrase", "need", "facility"),
    [
        ("累了能歇脚", "rest", "seats"),
        ("渴了有水喝", "drink", "water"),
        ("没电可充电", "charge", "phone_charging"),
        ("饭凉能加热", "hot_meal", "microwave"),
        ("应急有药品", "medicine", "first_aid"),
    ],
)
def test_scheme_03_five_needs_are_served_by_their_facilities(
    phrase: str, need: str, facility: str, words: Vocabulary
):
    assert parse_need(phrase, words) == need
    assert facility in words.needs[need].facilities
    assert facility in codes(phrase, words) or need == "medicine"


def test_scheme_03_thirty_ways_to_say_a_need(words: Vocabulary):
    said = {
        "rest": "歇脚 歇歇脚 休息 小憩 坐一坐 午休 累了有地方歇脚",
        "drink": "喝水 饮水 喝口热水 渴了能喝水 接水 热水 口渴 渴了有热水喝",
        "charge": "充电 手机充电 充个电 没电了 手机没电 充充电 没电能充电",
        "swap": "换电 换电池 电动车换电",
        "hot_meal": "热饭 热个饭 饭菜加热 加热饭菜 饭凉可加热 微波炉 hot_meal",
        "medicine": "药品 应急药品 急救 创可贴 药箱 中暑",
        "toilet": "如厕 上厕所 厕所 卫生间 洗手间 内急",
        "nursing": "母婴 哺乳 喂奶 换尿布",
        "shower": "洗浴 洗澡 淋浴 冲凉",
    }
    phrases = [(phrase, need) for need, text in said.items() for phrase in text.split()]
    assert len(phrases) >= 50
    assert [parse_need(phrase, words) for phrase, _ in phrases] == [need for _, need in phrases]
    assert parse_need("飞行", words) == ""


def test_real_phrases_are_read_and_nothing_is_invented(shared_data: Path, words: Vocabulary):
    with (shared_data / "hours" / "facilities.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    expected = found = 0
    invented, lost = [], []
    for row in rows:
        reading = parse_facilities(row["text"], words)
        right = {code for code in row["codes"].split(";") if code}
        expected += len(right)
        found += len(right & set(reading.codes))
        invented += [(row["text"], code) for code in set(reading.codes) - right]
        left = [word for word in row["unknown"].split(";") if word]
        lost += [w for w in left if not any(w in kept for kept in reading.unknown)]
    assert len(rows) >= 119
    assert found / expected >= 0.95
    assert invented == []
    assert lost == []


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("热水、空调", "water air_conditioning"),
        ("無熱水,有空調", "air_conditioning"),
        ("没有空调和微波炉", ""),
        ("没有空调、微波炉，有热水", "water"),
        ("空调、微波炉、无热水、饮水机", "air_conditioning microwave water"),
        ("暂不提供热水", ""),
        ("未配备微波炉", ""),
        ("微波炉(坏)", ""),
        ("微波炉坏了，冰箱正常", "fridge"),
        ("空调：有；热水：无；WiFi：无", "air_conditioning"),
        ("空调、微波炉均无", ""),
        ("空调√ 微波炉×", "air_conditioning"),
        ("喝水难、热饭难", ""),
        ("拟增设微波炉", ""),
        ("air conditioning, no wifi", "air_conditioning"),
        ("wifi: no; toilet: yes", "toilet"),
        ("无线网络、无障碍卫生间、无人售货机", "wifi toilet vending"),
        ("没电可充电", "phone_charging"),
        ("餐桌、水杯、药店、茶几、电风扇", ""),
        ("提供热水的洗手台", ""),
        ("舒适的沙发", "seats"),
        ("water;seats", "water seats"),
        ("drink|ac|seat|charging|wifi|first_aid",
         "water air_conditioning seats phone_charging wifi first_aid"),
        ("Drinking water, Microwave oven and chairs", "water microwave seats"),
        ("手机、电瓶车充电", "phone_charging ev_charging"),
        ("手机和电动车充电", "phone_charging ev_charging"),
        ("停车、加油、充电", "parking ev_charging"),
        ("大货车停车场", "truck_parking"),
        ("電冰箱、飲水機、洗衣機", "fridge water laundry"),
        ("电冰箱微波炉饮水机", "fridge microwave water"),
        ("", ""),
        ("有", ""),
        ("无", ""),
    ],
)  # fmt: skip
def test_negation_look_alikes_and_scripts(text: str, offered: str, words: Vocabulary):
    assert codes(text, words) == set(offered.split())


@pytest.mark.parametrize("text", ["无热水", "没有空调", "微波炉(坏)", "喝水难"])
def test_what_is_not_there_is_kept_as_a_left_over(text: str, words: Vocabulary):
    assert parse_facilities(text, words).unknown == (text,)


def test_zones_bring_what_is_in_them(words: Vocabulary):
    reading = parse_facilities("用餐区、洗衣区、母婴室", words)
    assert reading.zones == ("dining_area", "laundry_area", "nursing_room")
    assert reading.codes == ("dining", "laundry", "nursing_room")
    assert reading.facilities == ()


def test_every_synonym_is_read_as_its_facility(words: Vocabulary):
    for row in words.facilities.values():
        for word in (row.code, row.zh, *row.synonyms):
            read = parse_facilities(word, words)
            assert row.code in (*read.facilities, *read.zones), word


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("工会驿站", "care_station"), ("户外劳动者服务站", "care_station"),
        ("爱心驿站", "care_station"),
        ("中心路工会驿站", "care_station"), ("司机之家", "driver_home"),
        ("三师一室", "rights_office"),
        ("职工服务中心", "service_centre"), ("职工之家", "workers_home"),
        ("工人文化宫", "culture_palace"), ("爱心妈咪小屋", "nursing_room"),
        ("工会龙卡商户", "merchant"), ("代办员", "agent"), ("care_station", "care_station"),
        ("Care Station", "care_station"), ("工會驛站", "care_station"), ("飞船", ""),
    ],
)  # fmt: skip
def test_kinds(text: str, kind: str, words: Vocabulary):
    assert parse_kind(text, words) == kind


def test_access_status_and_tier(words: Vocabulary):
    access = {"免费": "free", "扫码进入": "scan", "凭工会会员卡": "card", "有人值守": "staffed"}
    assert {text: parse_access(text, words) for text in access} == access
    status = {"在建": "building", "已投入使用": "open", "规划中": "planned", "停用": "suspended"}
    assert {text: parse_status(text, words) for text in status} == status
    tiers = {"县级": "county", "乡镇": "township", "村": "village", "?": ""}
    assert parse_access("?", words) == parse_status("?", words) == ""
    assert {text: parse_tier(text, words) for text in tiers} == tiers


def test_defaults_of_kinds_and_modes(words: Vocabulary):
    assert {k.code for k in words.kinds.values() if k.counts_by_default} == {
        "care_station",
        "driver_home",
    }
    assert not words.kinds["agent"].is_place
    assert [code for code, kind in words.kinds.items() if kind.is_person] == ["agent"]
    walk = words.modes["walk"]
    assert (walk.speed_kph, walk.slow_factor, walk.fast_factor) == (4.0, 0.8, 1.1)
    assert (words.modes["ebike"].speed_kph, words.modes["bicycle"].speed_kph) == (15, 12)
    assert all(mode.source for mode in words.modes.values())


def test_a_union_adds_a_row_without_a_programmer(tmp_path: Path):
    rows = load_vocabulary().facilities
    header = "code,zh,en,is_zone,gives,synonyms\n"
    kept = "".join(
        f"{r.code},{r.zh},{r.en},{str(r.is_zone).lower()},{';'.join(r.gives)},{'|'.join(r.synonyms)}\n"
        for r in rows.values()
    )
    new = "oxygen,吸氧,oxygen,false,,吸氧机|氧气\n"
    (tmp_path / "facilities.csv").write_text(header + kept + new, encoding="utf-8")
    assert parse_facilities("氧气、空调", load_vocabulary(tmp_path)).codes == (
        "oxygen",
        "air_conditioning",
    )


def test_damaged_vocabularies_are_refused_with_the_line(tmp_path: Path):
    file = tmp_path / "statuses.csv"
    file.write_text("code,zh,en,counts_by_default,synonyms\nopen,开,open,perhaps,\n", "utf-8")
    with pytest.raises(FileFormatError, match=r"statuses\.csv, line 2: a column is missing or has"):
        load_vocabulary(tmp_path)
    file.write_text("code,zh,en,counts_by_default,synonyms\na,开,o,true,\na,关,c,true,\n", "utf-8")
    with pytest.raises(FileFormatError, match=r"line 3: the code 'a' is there twice"):
        load_vocabulary(tmp_path)
    file.unlink()
    (tmp_path / "needs.csv").write_text(
        "code,zh,en,facilities,synonyms\nfly,飞,fly,wings,\n", "utf-8"
    )
    with pytest.raises(InputError, match=r"needs\.csv, fly: the facility 'wings' is not in"):
        load_vocabulary(tmp_path)

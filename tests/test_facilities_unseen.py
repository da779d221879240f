"""Phrases about facilities that the vocabulary was not written for, read by hand first."""

import pytest

from geodata.phrases import parse_facilities
from geodata.words import load_vocabulary

#: Text, codes by hand, and a word that must be left over (None: whatever).
PHRASES = [
    ("配备有空调、饮水机、微波炉等设施", "air_conditioning;water;microwave", ""),
    (
        "站内配有桌椅、空调、饮水机、微波炉、冰箱、手机充电、应急药箱、雨伞等便民设施。",
        "seats;air_conditioning;water;microwave;fridge;phone_charging;first_aid;umbrella",
        "",
    ),
    ("无热水", "", "热水"),
    ("暂无微波炉", "", "微波炉"),
    ("座椅20把", "seats", ""),
    ("休息座椅（20个）、饮水机（1台）、微波炉（2台）", "seats;water;microwave", ""),
    ("空调2台，饮水机1台，微波炉1台，沙发1组", "air_conditioning;water;microwave;seats", ""),
    ("美的空调、格力空调", "air_conditioning", None),
    ("海尔冰箱", "fridge", None),
    ("美的微波炉 1台", "microwave", None),
    ("🚰 饮水 🔌 充电 ❄️ 空调", "water;phone_charging;air_conditioning", None),
    ("🚻厕所|🔌充电|🍱热饭", "toilet;phone_charging;microwave", None),
    ("WiFi, AC, water, seats", "wifi;air_conditioning;water;seats", ""),
    (
        "Drinking water; Microwave; Phone charging; First aid kit",
        "water;microwave;phone_charging;first_aid",
        "",
    ),
    ("Free Wi-Fi, toilet, power outlets, microwave", "wifi;toilet;phone_charging;microwave", ""),
    ("Air conditioning and heating", "air_conditioning;heating", ""),
    ("restrooms, showers, laundry", "toilet;shower;laundry", ""),
    ("no toilet", "", "toilet"),
    ("No hot water, has microwave", "microwave", "water"),
    ("without AC", "", None),
    ("饮水，热饭，充电，歇脚，如厕", "water;microwave;phone_charging;seats;toilet", ""),
    ("饮水/热饭/充电/歇脚/如厕", "water;microwave;phone_charging;seats;toilet", ""),
    ("饮水 热饭 充电 歇脚 如厕", "water;microwave;phone_charging;seats;toilet", ""),
    ("饮水；热饭；充电", "water;microwave;phone_charging", ""),
    ("饮水\n热饭\n充电", "water;microwave;phone_charging", ""),
    ("1.饮水机 2.微波炉 3.空调", "water;microwave;air_conditioning", None),
    ("①饮水机②微波炉③空调", "water;microwave;air_conditioning", None),
    ("（1）饮水机；（2）微波炉", "water;microwave", None),
    ("饮水机√ 微波炉× 空调√", "water;air_conditioning", "微波炉"),
    ("饮水机：有；微波炉：无；空调：有", "water;air_conditioning", "微波炉"),
    ("饮水机有，微波炉没有", "water", "微波炉"),
    ("有饮水机无微波炉", "water", "微波炉"),
    ("没有空调但有风扇", "", "空调"),
    ("微波炉已坏", "", "微波炉"),
    ("饮水机维修中", "", "饮水机"),
    ("空调（故障）、饮水机", "water", "空调"),
    ("卫生间暂停使用", "", "卫生间"),
    ("厕所（在隔壁商场）", "toilet", None),
    ("可使用银行卫生间", "toilet", None),
    ("不提供饮用水", "", "饮用水"),
    ("不能充电", "", "充电"),
    ("禁止电动车充电", "", "充电"),
    ("严禁给电动车充电，可手机充电", "phone_charging", None),
    ("电动车充电桩4个", "ev_charging", None),
    ("手机充电、电动车充电", "phone_charging;ev_charging", ""),
    ("电瓶车充电、换电柜", "ev_charging;battery_swap", ""),
    ("充电宝租借", "phone_charging", None),
    ("手机充电线（安卓、苹果、Type-C）", "phone_charging", None),
    ("USB充电插口、无线快充", "phone_charging", None),
    ("热水、开水、温水", "water", ""),
    ("净水器（沁园）", "water", None),
    ("智能直饮水机", "water", None),
    ("茶水、咖啡", "water", "咖啡"),
    ("夏季提供绿豆汤、冬季提供姜茶", "", "绿豆汤"),
    ("防暑降温药品（藿香正气水、人丹）", "first_aid", None),
    ("应急药箱内有创可贴、碘伏、纱布", "first_aid", None),
    ("AED、急救箱", "aed;first_aid", ""),
    ("自动体外除颤仪（AED）", "aed", ""),
    ("血压计、体重秤", "blood_pressure", "体重秤"),
    ("针线包、老花镜、雨伞、充气泵", "sewing_kit;umbrella;tools", "老花镜"),
    ("工具箱（含打气筒、扳手）", "tools", None),
    ("书籍、报刊、杂志", "books", ""),
    ("职工书屋（藏书500册）", "books", None),
    ("WIFI（密码12345678）", "wifi", None),
    ("无线网络覆盖", "wifi", None),
    ("电视、投影仪", "tv", "投影仪"),
    ("淋浴间、更衣柜", "shower;lockers", ""),
    ("洗衣机、烘干机", "laundry", ""),
    ("储物柜、快递柜", "lockers", "快递柜"),
    ("休息区、阅读区、用餐区、充电区", "seats;books;dining;phone_charging", ""),
    ("母婴室、第三卫生间", "nursing_room;toilet", ""),
    ("爱心妈咪小屋", "nursing_room", ""),
    ("货车停车位20个、淋浴、餐厅", "truck_parking;shower;dining", None),
    ("停车场（免费）", "parking", None),
    ("法律援助工作站", "legal_aid", None),
    ("心理咨询室", "counselling", None),
    ("自动贩卖机", "vending", ""),
    ("复印、打印、传真", "printing", "传真"),
    ("跑步机、乒乓球桌", "fitness", ""),
    ("吹风机、梳子、镜子", "hair_dryer", "镜子"),
    ("取暖器、暖手宝", "heating", "暖手宝"),
    ("冷暖空调（冬暖夏凉）", "air_conditioning", None),
    ("电风扇、蚊香", "", "电风扇"),
    ("轮椅、拐杖、婴儿车", "", "轮椅"),
    ("空調、飲水機、微波爐、冰箱、雨傘", "air_conditioning;water;microwave;fridge;umbrella", ""),
    ("沙發、無線網絡、急救箱、洗手間", "seats;wifi;first_aid;toilet", ""),
    ("water|wifi|seats|toilet", "water;wifi;seats;toilet", ""),
    (
        "drink|ac|seat|charging|wifi|first_aid",
        "water;air_conditioning;seats;phone_charging;wifi;first_aid",
        "",
    ),
    ("Water;Seats;Phone_Charging", "water;seats;phone_charging", ""),
    ("-", "", ""),
    ("/", "", ""),
    ("齐全", "", ""),
    ("详见现场", "", None),
    ("设施完善", "", None),
    ("1", "", None),
    ("是", "", None),
    ("桌子、垃圾桶、镜子", "", "垃圾桶"),
    ("休息大厅、开水间", "seats;water", None),
    ("开水房、热水房", "water", None),
    ("热饭微波炉3台（限11:00-13:00使用）", "microwave", None),
    ("饮用热水24小时供应", "water", None),
    ("24小时热水", "water", ""),
    (
        "提供休息、饮水、热饭、充电、如厕“五个一”服务",
        "seats;water;microwave;phone_charging;toilet",
        None,
    ),
    (
        "具备“冷可取暖、热可纳凉、渴可喝水、累可歇脚、伤可用药”功能",
        "heating;air_conditioning;water;seats;first_aid",
        None,
    ),
    ("能够解决吃饭难、喝水难、休息难、如厕难等问题", "", None),
    ("累能歇脚、渴能喝水、饭能加热、手机能充电", "seats;water;microwave;phone_charging", None),
    (
        "八个一：一台空调、一台饮水机、一台微波炉、一个药箱、一套桌椅",
        "air_conditioning;water;microwave;first_aid;seats",
        None,
    ),
    ("空调、饮水机、微波炉各1台", "air_conditioning;water;microwave", None),
    ("空调*2、饮水机*1、桌椅*4", "air_conditioning;water;seats", None),
    ("空调x2，冰箱x1", "air_conditioning;fridge", None),
    ("空调+饮水机+微波炉", "air_conditioning;water;microwave", ""),
    ("空调和饮水机", "air_conditioning;water", ""),
    ("空调及饮水机", "air_conditioning;water", ""),
    ("空调&饮水机", "air_conditioning;water", ""),
    ("空调，暂未配备微波炉和冰箱", "air_conditioning", "微波炉"),
    ("缺微波炉、冰箱", "", "微波炉"),
    ("拟增设淋浴间", "", "淋浴间"),
    ("微波炉（已撤）", "", "微波炉"),
    ("微波炉（待采购）", "", "微波炉"),
    ("水吧台、茶歇区", "", None),
    ("咖啡机", "", "咖啡机"),
    ("消毒柜、洗手池、灭火器", "", "消毒柜"),
    ("空调房", "air_conditioning", None),
    ("有暖气", "heating", ""),
    ("没有暖气", "", "暖气"),
    ("宽敞明亮、环境整洁", "", None),
    ("充电（手机）", "phone_charging", None),
    ("充电（电动车）", "ev_charging", None),
    ("三轮车充电", "ev_charging", None),
    ("电动自行车换电", "battery_swap", None),
    ("洗漱台、卫生间、淋浴（收费）", "toilet;shower", "洗漱台"),
    ("公共厕所50米", "toilet", None),
    ("附近有公厕", "toilet", None),
    ("附近有公厕、无淋浴", "toilet", "淋浴"),
    ("冷藏柜、蒸饭柜", "fridge;microwave", ""),
    ("饭盒加热柜", "microwave", ""),
    ("雨衣、雨鞋、雨伞", "raincoat;umbrella", "雨鞋"),
    ("口罩、消毒液、体温枪", "", "口罩"),
]


@pytest.mark.parametrize(("text", "codes", "left"), PHRASES)
def test_unseen_phrases_give_the_codes_found_by_hand_and_no_others(text, codes, left):
    reading = parse_facilities(text, load_vocabulary())
    assert set(reading.codes) == set(filter(None, codes.split(";"))), reading
    if left:
        assert any(left in word for word in reading.unknown), reading
    elif left == "":
        assert reading.unknown == (), reading


def test_enough_unseen_phrases_are_tried():
    assert len(PHRASES) == len({text for text, _, _ in PHRASES}) > 130


def test_charging_in_brackets_names_what_is_charged():
    reading = parse_facilities("充电（手机、电动车）", load_vocabulary())
    assert set(reading.codes) == {"phone_charging", "ev_charging"}


@pytest.mark.parametrize(
    "text",
    [
        "图书馆对面",
        "充电桩旁",
        "位于公共厕所旁",
        "电视塔下",
        "微波炉使用须知",
        "饮用水源保护区",
        "与充电站相邻",
        "书记工作室",
        "洗车",
        "代收快递",
        "急救培训",
        "饮食文化",
        "电梯",
        "投诉电话12351",
    ],
)
def test_places_and_notices_that_name_a_facility_offer_none(text):
    assert parse_facilities(text, load_vocabulary()).codes == ()

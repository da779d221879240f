"""Write the fictional table of candidates that the planner's story in the documentation uses.

``python docs/story_candidates.py DATASET REGION candidates.xlsx``: longer hours for the stations of
a district that anybody may enter and that are not always open, and 240 made-up premises at street
junctions, each with a price. The same dataset gives the same table.
"""
# ruff: noqa: INP001  (a script beside the pages, no package)

import argparse
from pathlib import Path

import numpy as np
import openpyxl
import shapely

import geodata

_HEAD = (
    "编号", "措施", "名称", "经度", "纬度", "坐标系", "现有站点", "费用", "开放时间", "设施",
)  # fmt: skip
_PREMISES = (
    ("新建", "示例公交场站", 52_000, 86_000),
    ("改造", "示例银行网点", 24_000, 38_000),
    ("改造", "示例邮政支局", 22_000, 34_000),
    ("新建", "示例加油站", 44_000, 70_000),
)
_HOURS_YUAN, _SITES, _STEP_YUAN, _SEED = (9_000, 12_000, 15_000), 240, 1_000, 7
_FITTED = "饮水、休息桌椅、手机充电、微波炉"


def write(data: Path, region: str, out: Path) -> Path:
    """Write the table.

    Parameters
    ----------
    data : Path
        Dataset folder.
    region : str
        Id of the district.
    out : Path
        Workbook to write.

    Returns
    -------
    Path
        The same.
    """
    dataset = geodata.open_dataset(data)
    draw = np.random.default_rng(_SEED)
    shape = dataset.regions.set_index("id").geometry[region]
    stations = dataset.stations[dataset.stations.within(shape)]
    can = (stations["status"] == "open") & (stations["access"] == "free")
    always = stations["opening_hours"].fillna("") == "24/7"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(_HEAD)
    for code in stations["id"][can & ~always]:
        cost = int(draw.choice(_HOURS_YUAN))
        hours = "每天06:00-24:00"
        sheet.append([f"Y-{code}", "延时", "", "", "", "", code, cost, hours, ""])
    network = next(iter(dataset.networks.values()))
    inside = shapely.contains_xy(shape, network.lon, network.lat)
    for number, node in enumerate(draw.choice(np.flatnonzero(inside), _SITES, replace=False)):
        action, name, least, most = _PREMISES[number % len(_PREMISES)]
        cost = int(draw.integers(least // _STEP_YUAN, most // _STEP_YUAN + 1)) * _STEP_YUAN
        lon, lat = (round(float(part[node]), 5) for part in (network.lon, network.lat))
        place = [f"{name}{number + 1}", lon, lat, "wgs84", ""]
        sheet.append([f"P{number + 1:03}", action, *place, cost, "24小时", _FITTED])
    book.save(out)
    return out


def main() -> None:
    """Read the command line and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("region")
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    print(write(chosen.data, chosen.region, chosen.out))  # noqa: T201  a script for people


if __name__ == "__main__":
    main()

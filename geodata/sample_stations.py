"""Stations of the fictional demo city: where they stand, what they are called and offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geodata.model import FloatArray
from geodata.sample_people import Frontage, beside

#: Street classes that a station may stand on.
_FRONT_CLASSES = (
    "primary",
    "secondary",
    "tertiary",
    "residential",
    "living_street",
    "unclassified",
)

#: What most stations are.
_PLAIN = "工会驿站"

#: Share of stations that are not plain care stations.
_SPECIAL_SHARE = 0.14

#: Share of stations that stand where few workers are.
_FAR_SHARE = 0.08

#: Workers within this distance draw a station (m).
_DRAW_M = 500.0


@dataclass(frozen=True)
class Words:
    """The word lists of the demo data: text, weight and an extra value by list.

    Attributes
    ----------
    lists : mapping of str to sequence of (str, float, str)
        Rows of ``demo_words.csv`` by list.
    """

    lists: Mapping[str, Sequence[tuple[str, float, str]]]

    def texts(self, name: str) -> list[str]:
        """Return the texts of one list.

        Parameters
        ----------
        name : str
            Name of the list.

        Returns
        -------
        list of str
            In the order of the file.
        """
        return [text for text, _, _ in self.lists[name]]

    def syllables(self) -> list[str]:
        """Return the syllables of which street names are made.

        Returns
        -------
        list of str
            Single characters, none twice.
        """
        return list(dict.fromkeys("".join(self.texts("syllable"))))

    def draw(self, name: str, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Return random rows of a list by their weights.

        Parameters
        ----------
        name : str
            Name of the list.
        count : int
            How many.
        rng : numpy.random.Generator
            Source of chance.

        Returns
        -------
        array (count,) of int64
            Row numbers. Each row comes up within one of its share, so that small lists hold all
            common values.
        """
        weight = np.array([value for _, value, _ in self.lists[name]])
        steps = (np.arange(count) + rng.random()) / max(count, 1)
        rows = np.searchsorted(np.cumsum(weight) / weight.sum(), steps, side="right")
        return rng.permutation(np.minimum(rows, len(weight) - 1))

    def draw_texts(self, name: str, count: int, rng: np.random.Generator) -> list[str]:
        """Return random texts of a list by their weights.

        Parameters
        ----------
        name : str
            Name of the list.
        count : int
            How many.
        rng : numpy.random.Generator
            Source of chance.

        Returns
        -------
        list of str
            ``count`` texts.
        """
        texts = self.texts(name)
        return [texts[row] for row in self.draw(name, count, rng).tolist()]


@dataclass(frozen=True)
class Sites:
    """What is known of the places of stations before they have names.

    Attributes
    ----------
    street : array (n,) of object
        Street name.
    district : array (n,) of object
        District name.
    place : array (n,) of object
        What an address begins with.
    prefix : str
        What an id begins with.
    """

    street: npt.NDArray[np.object_]
    district: npt.NDArray[np.object_]
    place: npt.NDArray[np.object_]
    prefix: str


def choose_sites(
    front: Frontage, homes: pd.DataFrame, count: int, apart_m: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return street pieces for stations: where workers are, not too near to each other.

    Parameters
    ----------
    front : Frontage
        Street pieces.
    homes : DataFrame
        ``x, y, workers`` (local metres).
    count : int
        How many.
    apart_m : float
        Least distance between stations (m); halved as often as needed to fit all in.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    array (count,) of int64
        Indices into the frontage.
    """
    middle = (front.start + front.end) / 2
    usable = np.isin(front.kind, _FRONT_CLASSES) & (front.name != "")
    tree = cKDTree(homes[["x", "y"]].to_numpy())
    near = np.asarray(tree.query_ball_point(middle, _DRAW_M, return_length=True))
    weight = np.where(usable, near**2 * front.length_m, 0.0)
    order = rng.choice(len(weight), int((weight > 0).sum()), replace=False, p=weight / weight.sum())
    outer = np.where(usable & (near < np.median(near[usable])), front.length_m, 0.0)
    far = rng.choice(len(outer), round(count * _FAR_SHARE), replace=False, p=outer / outer.sum())
    order = np.concatenate([far, order[~np.isin(order, far)]])
    chosen: list[int] = []
    while len(chosen) < count:
        for piece in order.tolist():
            away = np.hypot(*(middle[chosen] - middle[piece]).T) if chosen else np.inf
            if len(chosen) < count and np.all(away > apart_m):
                chosen.append(piece)
        apart_m /= 2
    return np.array(chosen)


def station_table(sites: Sites, words: Words, rng: np.random.Generator) -> pd.DataFrame:
    """Return the station table with Chinese headers, without coordinates.

    Parameters
    ----------
    sites : Sites
        Streets and districts.
    words : Words
        Word lists.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    DataFrame
        Text columns as a union keeps them, one row a station.
    """
    count = len(sites.street)
    names, kinds, hosts = _names(sites.street, words, rng)
    numbers = rng.integers(1, 300, count)
    hours = words.draw_texts("hours", count, rng)
    operators = words.draw_texts("operator", count, rng)
    rows = zip(sites.place, sites.street, numbers.tolist(), strict=True)
    opened = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1500, count), unit="D")
    checked = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 340, count), unit="D")
    return pd.DataFrame(
        {
            "编号": [f"{sites.prefix}{number:04d}" for number in range(1, count + 1)],
            "名称": names,
            "类型": kinds,
            "状态": words.draw_texts("status", count, rng),
            "地址": [f"{place}{street}{number}号" for place, street, number in rows],
            "区县": sites.district,
            "开放时间": hours,
            "服务设施": words.draw_texts("facility", count, rng),
            "进入方式": words.draw_texts("access", count, rng),
            "联系电话": [f"0000-{number:07d}" for number in rng.integers(0, 9_999_999, count)],
            "运营单位": [
                text.format(district=district)
                for text, district in zip(operators, sites.district, strict=True)
            ],
            "依托单位": hosts,
            "启用日期": opened.strftime("%Y-%m-%d"),
            "核实日期": checked.strftime("%Y-%m-%d"),
            "数据来源": "虚构演示数据",
        }
    )


def _names(
    streets: npt.NDArray[np.object_], words: Words, rng: np.random.Generator
) -> tuple[list[str], list[str], list[str]]:
    """Return name, kind and host of every station; no name comes twice."""
    count = len(streets)
    hosts = words.draw_texts("host", count, rng)
    titles = words.draw_texts("title", count, rng)
    chosen = rng.permutation(count)[: round(count * _SPECIAL_SHARE)]
    special = dict(
        zip(chosen.tolist(), words.draw("special", len(chosen), rng).tolist(), strict=True)
    )
    names: list[str] = []
    kinds: list[str] = []
    seen: dict[str, int] = {}
    for i, street in enumerate(streets.tolist()):
        text, kind = titles[i], _PLAIN
        if i in special:
            text, _, kind = words.lists["special"][special[i]]
        name = text.format(street=street, host=hosts[i].format(street=street))
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}{seen[name]}号点")
        kinds.append(kind)
    return names, kinds, [host.format(street=s) for host, s in zip(hosts, streets, strict=True)]


def stand(front: Frontage, pieces: npt.NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
    """Return the stations' positions, 6 to 20 m beside their streets.

    Parameters
    ----------
    front : Frontage
        Street pieces.
    pieces : array (n,) of int64
        The street piece of every station.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    array (n, 2) of float64
        Local metres.
    """
    return beside(front, pieces, (6.0, 20.0), rng)

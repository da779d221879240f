"""The worker's page as HTML: words, signs and the addresses of what is fetched later.

It depends on the settings alone, so that a phone may keep it; what the data knows (modes, new
words, extent, attribution) its script asks `/api/v1/dataset` for.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from geodata.vocabulary import Vocabulary
from geodata.words import load_vocabulary
from web.map_panel import environment
from web.page_text import HOME
from web.settings import Settings
from web.static_files import asset_url

#: What workers ask for most, in the order of the page; other needs stand in the folded corner.
NEEDS = ("drink", "charge", "hot_meal", "toilet", "rest", "medicine", "nursing")

#: Ways to go that stand beside the button; others stand in the folded corner.
MODES = ("walk", "ebike")

#: The sign of a need, as `home_icons.html` names it.
SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "drink": "water",
        "charge": "phone_charging",
        "hot_meal": "microwave",
        "toilet": "toilet",
        "rest": "seats",
        "medicine": "first_aid",
        "nursing": "nursing_room",
        "swap": "battery_swap",
        "shower": "shower",
        "cool": "air_conditioning",
        "warm": "heating",
        "rest_area": "seats",
        "charging_area": "phone_charging",
        "reading_area": "books",
        "dining_area": "dining",
        "laundry_area": "laundry",
        "vending": "fridge",
        "truck_parking": "parking",
        "raincoat": "umbrella",
        "sewing_kit": "tools",
        "blood_pressure": "aed",
        "counselling": "aed",
    }
)

#: Files that the page fetches when they are wanted.
LATER = (
    "home-find.js",
    "home-map.js",
    "home-report.js",
    "offline.js",
    "basemap.js",
    "leaflet.js",
    "leaflet.css",
)

_TABLES = ("kinds", "needs", "facilities", "access", "modes", "statuses")


def labels_in(lang: str, vocabulary: Vocabulary) -> dict[str, dict[str, str]]:
    """Return the words for every code.

    Parameters
    ----------
    lang : str
        ``zh`` or ``en``.
    vocabulary : Vocabulary
        Where they stand.

    Returns
    -------
    dict of dict
        Table, then code.
    """
    return {
        table: {code: str(getattr(row, lang)) for code, row in getattr(vocabulary, table).items()}
        for table in _TABLES
    }


def _words(lang: str, settings: Settings, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page's script has to know before it asks anything."""
    return {
        "lang": lang,
        "text": {code: dict(text) for code, text in HOME.items()},
        "labels": labels,
        "signs": dict(SIGNS),
        "assets": {name: asset_url(name) for name in LATER},
        "hotline": settings.hotline,
        "limits": {"max_k": settings.max_k, "max_minutes": settings.max_minutes},
        "extent": None,
        "basemap": None,
        "dataset": {"name": "", "as_of": "", "attribution": [], "synthetic": False},
    }


def _rest(all_codes: Mapping[str, Any], main: Sequence[str]) -> list[str]:
    """Return the codes that do not stand in the foreground."""
    return [code for code in all_codes if code not in main]


def home_page(lang: str, settings: Settings) -> str:
    """Return the worker's page.

    Parameters
    ----------
    lang : str
        ``zh`` or ``en``.
    settings : Settings
        Hotline and limits.

    Returns
    -------
    str
        HTML; the same for the same language and settings.
    """
    vocabulary = load_vocabulary()
    labels = {code: labels_in(code, vocabulary) for code in HOME}
    places = [code for code, kind in vocabulary.kinds.items() if kind.is_place]
    return (
        environment()
        .get_template("home.html")
        .render(
            lang=lang,
            other="en" if lang == "zh" else "zh",
            t=HOME[lang],
            labels=labels[lang],
            words=_words(lang, settings, labels),
            main_modes=[code for code in MODES if code in vocabulary.modes],
            more_modes=_rest(vocabulary.modes, MODES),
            main_needs=[code for code in NEEDS if code in vocabulary.needs],
            more_needs=_rest(vocabulary.needs, NEEDS),
            kinds=places,
            signs=SIGNS,
            hotline=settings.hotline,
            manifest=f"/manifest.webmanifest?lang={lang}",
            asset=asset_url,
        )
    )

"""The planner's page as HTML: words and the addresses of what its scripts ask for.

It holds no data of anybody: its scripts ask the service, and the service asks who they are. So
even those without the token may see the page, which then asks them for it.
"""

from typing import Any

from geodata.vocabulary import Vocabulary
from geodata.words import load_vocabulary
from web.clock_scale import STEPS
from web.ledger import CUT_DAY
from web.map_panel import environment
from web.page_text import HOME
from web.planner_text import PLANNER
from web.settings import Settings
from web.static_files import asset_url

#: Scripts of the page in the order in which they run.
SCRIPTS = (
    "leaflet.js",
    "basemap.js",
    "planner.js",
    "planner-map.js",
    "planner-week.js",
    "planner-gaps.js",
    "planner-ledger.js",
    "planner-whatif.js",
    "planner-plan.js",
    "planner-start.js",
)

_TABLES = ("modes", "needs", "facilities", "kinds")
_GOING = "by_"


def _labels(lang: str, vocabulary: Vocabulary) -> dict[str, dict[str, str]]:
    """Return the words for codes."""
    return {
        table: {code: str(getattr(row, lang)) for code, row in getattr(vocabulary, table).items()}
        for table in (*_TABLES, "groups")
        if hasattr(vocabulary, table)
    }


def _words(
    lang: str, settings: Settings, vocabulary: Vocabulary, *, ledger: bool
) -> dict[str, Any]:
    """Return what the page's scripts know before they ask anything."""
    going = HOME[lang]
    return {
        "lang": lang,
        "text": dict(PLANNER[lang]),
        "labels": _labels(lang, vocabulary),
        "by": {key.removeprefix(_GOING): going[key] for key in going if key.startswith(_GOING)},
        "facilities_of": {code: list(row.facilities) for code, row in vocabulary.needs.items()},
        "steps": list(STEPS),
        "ledger": ledger,
        "cut_day": CUT_DAY,
        "limits": {"max_minutes": settings.max_minutes, "smallest": settings.smallest_count},
    }


def planner_page(lang: str, settings: Settings, month: str = "", *, ledger: bool = False) -> str:
    """Return the planner's page.

    Parameters
    ----------
    lang : str
        ``zh`` or ``en``.
    settings : Settings
        Limits.
    month : str, optional
        The last month that was cut, such as ``2026-11``, whose bulletin the page leads to; without
        one to the bulletin of now.
    ledger : bool, optional
        There is a ledger, whose states the list of gaps tells at once.

    Returns
    -------
    str
        HTML; the same for the same arguments.
    """
    vocabulary = load_vocabulary()
    return (
        environment()
        .get_template("planner.html")
        .render(
            lang=lang,
            other="en" if lang == "zh" else "zh",
            t=PLANNER[lang],
            words=_words(lang, settings, vocabulary, ledger=ledger),
            needs={code: str(getattr(row, lang)) for code, row in vocabulary.needs.items()},
            facilities={
                code: str(getattr(row, lang)) for code, row in vocabulary.facilities.items()
            },
            month=month,
            bulletin=str(PLANNER[lang]["bulletin_of" if month else "bulletin_page"]).format(
                month=month
            ),
            most_minutes=settings.max_minutes,
            scripts=[asset_url(name) for name in SCRIPTS],
            asset=asset_url,
        )
    )

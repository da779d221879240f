"""What a picture says: title, main figures, legend, sources; in the words of the map."""

from collections.abc import Callable
from dataclasses import dataclass

from web.errors import FontMissingError
from web.map_data import MapRequest
from web.map_legend import filled, plain, severity_legend, sources
from web.map_panel import headline, notes, title
from web.map_payload import shares
from web.map_words import clip, number, percent
from web.picture_fonts import Letters

#: Longest title of a picture.
TITLE_LIMIT = 80

#: What stands for a station, by its state; 3: not in use.
STATION_KEYS = ("state_closed", "state_open", "state_unknown", "state_inactive_legend")


#: States of stations in the order of the legend.
_ORDER = (4, 1, 0, 2, 3)


@dataclass(frozen=True)
class Entry:
    """A row of the legend.

    Attributes
    ----------
    kind : str
        ``covered``, ``band``, ``dot`` or ``district``.
    number : int
        Of the band, or of the state of stations (4: any, where hours do not matter).
    text : str
        What it means.
    """

    kind: str
    number: int
    text: str


@dataclass(frozen=True)
class Words:
    """Everything that a picture says, one line each.

    Attributes
    ----------
    title, headline : str
        Above all.
    notes : tuple of str
        The band of the share, people without a station, the conditions asked for.
    heading : str
        Of the gaps in the legend.
    legend : tuple of Entry
        What is on the picture.
    synthetic : str
        Says that the data are made up, ``""`` where they are not.
    sources : tuple of str
        Attribution, date, version and approval number; never left out.
    """

    title: str
    headline: str
    notes: tuple[str, ...]
    heading: str
    legend: tuple[Entry, ...]
    synthetic: str
    sources: tuple[str, ...]

    @property
    def spoken(self) -> str:
        """Return all of it as sentences, for readers who hear the picture."""
        parts = [self.headline, *self.notes, self.synthetic, *self.sources]
        return " ".join(part for part in parts if part)


def words_of(
    request: MapRequest, letters: Letters, bands: frozenset[int], states: frozenset[int]
) -> Words:
    """Return what a picture says.

    Parameters
    ----------
    request : MapRequest
        Figures, regions, manifest and page.
    letters : Letters
        What can be written.
    bands : frozenset of int
        Bands of the gaps that are drawn; 0 for what is covered.
    states : frozenset of int
        States of the stations that are drawn (see `Entry`).

    Returns
    -------
    Words
        Nothing in it lacks a letter.

    Raises
    ------
    FontMissingError
        If a text that must be there cannot be written.
    """
    write = letters.fitting
    made_up = request.text["synthetic"] if request.manifest.get("synthetic") else ""
    band = request.text["band"].partition("{")[0]
    said = [line for line in notes(request) if line != made_up]
    said.sort(key=lambda line: not line.startswith(band))
    rows = [*said, *_district(request)]
    heading = filled(request, "layer_gaps", minutes=plain(request.minutes))
    return Words(
        title=write(_title(request)),
        headline=write(headline(request)),
        notes=tuple(write(line) for line in rows),
        heading=write(heading) if bands - {0} else "",
        legend=tuple(
            Entry(entry.kind, entry.number, write(entry.text))
            for entry in _legend(request, bands, states)
        ),
        synthetic=write(made_up),
        sources=tuple(_writable(line, write) for line in sources(request)),
    )


def _title(request: MapRequest) -> str:
    """Return the title: the caller's, or the map's own."""
    return clip(request.page.title, TITLE_LIMIT) or title(request)


def _district(request: MapRequest) -> list[str]:
    """Return the share of the region that is zoomed to: the other figures are of the whole."""
    code = request.page.district
    if not code or code == request.parameters.get("region"):
        return []
    share = shares(request).get(code)
    name = request.region_name(code)
    return [f"{name}{request.text['colon']}{percent(share)}"] if share is not None else []


def _legend(request: MapRequest, bands: frozenset[int], states: frozenset[int]) -> list[Entry]:
    """Return the rows of the legend: only what is there to be seen."""
    text, rows = request.text, []
    if 0 in bands:
        covered = filled(request, "layer_covered", minutes=plain(request.minutes))
        rows.append(Entry("covered", 0, covered))
    rows += [
        Entry("band", band, words) for band, words in severity_legend(request) if band in bands
    ]
    for state in sorted(states, key=_ORDER.index):
        if state < len(STATION_KEYS):
            words = text[STATION_KEYS[state]]
            rows.append(Entry("dot", state, f"{_station(request)}{text['colon']}{words}"))
        else:
            count = number(len(request.stations))
            rows.append(Entry("dot", state, filled(request, "layer_stations", count=count)))
    return rows


def _station(request: MapRequest) -> str:
    """Return the word for stations in a legend."""
    return request.text["search_station"]


def _writable(line: str, write: Callable[[str], str]) -> str:
    """Return a line in one of its two languages, where letters for the other are missing."""
    try:
        return write(line)
    except FontMissingError:
        parts = line.replace(" (审图号)", "").split(" · ")
        kept = []
        for part in parts:
            try:
                kept.append(write(part))
            except FontMissingError:
                continue
        if not kept:
            raise
        return " · ".join(kept)

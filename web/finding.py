"""Search among the stations and regions of a dataset: what is found, and what may be said of it."""

from typing import Any

import numpy as np
import shapely

from geodata.datum import from_wgs84
from web.answers import texts
from web.service import Service
from web.station_schemas import SearchQuestion
from web.text_match import REGION, STATION, Entry, Finder

_DIGITS = 6


class Search:
    """Finds stations and regions of a service.

    Parameters
    ----------
    service : Service
        Its dataset.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        vocabulary, stations = service.vocabulary, service.index.stations
        regions = service.index.regions
        self._kind = texts(stations, "kind")
        middle = shapely.point_on_surface(np.asarray(regions.geometry.array, object))
        self._middle = np.column_stack((shapely.get_x(middle), shapely.get_y(middle)))
        places = {code for code, kind in vocabulary.kinds.items() if kind.is_place}
        named = zip(texts(regions, "name"), texts(regions, "id"), strict=True)
        entries = [Entry(REGION, row, name, "", code) for row, (name, code) in enumerate(named)]
        columns = (texts(stations, name) for name in ("name", "address", "id"))
        entries += [
            Entry(STATION, row, *words)
            for row, words in enumerate(zip(*columns, strict=True))
            if self._kind[row] in places
        ]
        self._finder = Finder(entries, vocabulary.plain)

    def answer(self, question: SearchQuestion) -> dict[str, Any]:
        """Return what a question finds.

        Parameters
        ----------
        question : SearchQuestion
            Checked by its model.

        Returns
        -------
        dict
            For `orjson.dumps`; best first.
        """
        found = self._finder.find(question.q, question.limit)
        return {
            "results": [self._shown(entry, question.datum) for entry in found],
            "dataset": self._service.name,
        }

    def _shown(self, entry: Entry, datum: str) -> dict[str, Any]:
        """Return what is said of a station or region."""
        book = self._service.book
        if entry.kind == STATION:
            lon, lat = book.position(entry.row, datum)
            kind, region = self._kind[entry.row], book.region(entry.row)
        else:
            lon, lat = self._middle_of(entry.row, datum)
            kind, region = "", None
        return {
            "type": "station" if entry.kind == STATION else "region",
            "id": entry.id,
            "name": entry.name,
            "region": region,
            "address": entry.address,
            "kind": kind,
            "lon": lon,
            "lat": lat,
        }

    def _middle_of(self, region: int, datum: str) -> tuple[float, float]:
        """Return a point inside a region."""
        lon, lat = self._middle[region : region + 1].T
        shown = from_wgs84(lon, lat, datum)
        return round(float(shown[0][0]), _DIGITS), round(float(shown[1][0]), _DIGITS)

"""The words of the domain as rows, and the reading of one word: kind, access, status, need.

The rows come from ``data/*.csv`` through `geodata.words.load_vocabulary`, so a union adds a row
without a programmer. `geodata.phrases` reads whole sentences about what a station offers.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from geodata.vocabulary_rows import (
    AccessMethod,
    Facility,
    Group,
    Kind,
    Mode,
    Need,
    Status,
    Tier,
    Word,
)

__all__ = [
    "AccessMethod",
    "Facility",
    "Group",
    "Kind",
    "Mode",
    "Need",
    "Status",
    "Tier",
    "Vocabulary",
    "Word",
    "parse_access",
    "parse_kind",
    "parse_need",
    "parse_status",
    "parse_tier",
]

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_NOISE = re.compile(r"[\s()\[\]【】「」“”\"'·,，。、:：_\-]+")


def _nothing() -> Mapping[str, tuple[str, ...]]:
    """Return an empty, read-only mapping."""
    return MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """All words of the domain, each group a mapping from code to row.

    Attributes
    ----------
    kinds, facilities, needs, access, statuses, tiers, modes : mapping of str to row
        In the order of their files.
    words : mapping of str to tuple of str
        Small words for reading sentences, by role (``negation``, ``filler`` …).
    traditional : mapping of str to str
        Traditional characters and the simplified ones they are read as.
    groups : mapping of str to Group
        Groups of workers: how they travel and when they work.
    """

    kinds: Mapping[str, Kind]
    facilities: Mapping[str, Facility]
    needs: Mapping[str, Need]
    access: Mapping[str, AccessMethod]
    statuses: Mapping[str, Status]
    tiers: Mapping[str, Tier]
    modes: Mapping[str, Mode]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    traditional: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    groups: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def _simplify(self) -> dict[int, str]:
        """Return the table for ``str.translate``."""
        return str.maketrans(dict(self.traditional))

    @cached_property
    def _lookups(self) -> dict[str, dict[str, str]]:
        """Return, per group, every way to write a word and its code."""
        groups: dict[str, Mapping[str, Word]] = {
            "kinds": self.kinds,
            "needs": self.needs,
            "access": self.access,
            "statuses": self.statuses,
            "tiers": self.tiers,
        }
        return {name: self._lookup(rows.values()) for name, rows in groups.items()}

    def _lookup(self, rows: Iterable[Word]) -> dict[str, str]:
        """Return every way to write a word and its code; the first row wins."""
        found: dict[str, str] = {}
        for row in rows:
            for word in (row.code, row.zh, row.en, *row.synonyms):
                found.setdefault(self.key(word), row.code)
        return found

    def plain(self, text: str) -> str:
        """Return the text in half-width, lower-case, simplified characters.

        Parameters
        ----------
        text : str
            Already in NFKC, so that the result has the same length.

        Returns
        -------
        str
            As long as ``text``.
        """
        return text.translate(_LOWER).translate(self._simplify)

    def key(self, text: str) -> str:
        """Return the form in which words are compared.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        str
            Half-width, lower-case, simplified, without blanks and punctuation.
        """
        return _NOISE.sub("", self.plain(unicodedata.normalize("NFKC", text)))

    def counting(self, group: str) -> tuple[str, ...]:
        """Return the codes of what counts unless a question says otherwise.

        Parameters
        ----------
        group : str
            ``kinds`` or ``access``.

        Returns
        -------
        tuple of str
            In the order of the table.
        """
        rows = self.kinds if group == "kinds" else self.access
        return tuple(code for code, row in rows.items() if row.counts_by_default)

    def code_of(self, group: str, text: str) -> str:
        """Return the code of a word, or ``""`` where it is not in the vocabulary.

        Parameters
        ----------
        group : str
            ``kinds``, ``needs``, ``access``, ``statuses`` or ``tiers``.
        text : str
            A code, a name or a synonym.

        Returns
        -------
        str
            The code, or ``""``.
        """
        return self._lookups[group].get(self.key(text), "")

    def contained(self, group: str, text: str) -> str:
        """Return the code of the longest word found inside a text, or ``""``.

        Parameters
        ----------
        group : str
            As in `code_of`.
        text : str
            A phrase, such as a station's name.

        Returns
        -------
        str
            The code, or ``""``; words of a single character are not looked for.
        """
        key = self.key(text)
        words = (
            (len(word), code)
            for word, code in self._lookups[group].items()
            if len(word) > 1 and not word.isascii() and word in key
        )
        return max(words, default=(0, ""))[1]


def parse_kind(text: str, vocabulary: Vocabulary) -> str:
    """Return the code of a kind of place.

    Parameters
    ----------
    text : str
        As received: ``户外劳动者服务站``, ``care_station``, ``XX路工会驿站``.
    vocabulary : Vocabulary
        The words.

    Returns
    -------
    str
        The code, or ``""`` if the text names no known kind.
    """
    return vocabulary.code_of("kinds", text) or vocabulary.contained("kinds", text)


def parse_access(text: str, vocabulary: Vocabulary) -> str:
    """Return the code of the way to get in.

    Parameters
    ----------
    text : str
        As received: ``扫码进入``, ``凭工会会员卡``.
    vocabulary : Vocabulary
        The words.

    Returns
    -------
    str
        The code, or ``""`` if the text names none.
    """
    return vocabulary.code_of("access", text) or vocabulary.contained("access", text)


def parse_status(text: str, vocabulary: Vocabulary) -> str:
    """Return the code of a state of a station.

    Parameters
    ----------
    text : str
        As received: ``在建``, ``已投入使用``.
    vocabulary : Vocabulary
        The words.

    Returns
    -------
    str
        The code, or ``""`` if the text names none.
    """
    return vocabulary.code_of("statuses", text) or vocabulary.contained("statuses", text)


def parse_tier(text: str, vocabulary: Vocabulary) -> str:
    """Return the code of a tier of the network.

    Parameters
    ----------
    text : str
        As received: ``县级``, ``township``.
    vocabulary : Vocabulary
        The words.

    Returns
    -------
    str
        The code, or ``""`` if the text names none.
    """
    return vocabulary.code_of("tiers", text)


def parse_need(text: str, vocabulary: Vocabulary) -> str:
    """Return the code of a need.

    Parameters
    ----------
    text : str
        As a worker says it: ``渴了有水喝``, ``hot_meal``.
    vocabulary : Vocabulary
        The words.

    Returns
    -------
    str
        The code, or ``""`` if the text names none.
    """
    return vocabulary.code_of("needs", text) or vocabulary.contained("needs", text)

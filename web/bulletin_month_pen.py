"""How a month's bulletin writes states and districts."""

from web.bulletin_month import MonthFacts
from web.bulletin_month_words import MONTH_WORDS
from web.bulletin_pen import Pen


class MonthPen(Pen):
    """Writes the facts of a month in one language.

    Parameters
    ----------
    facts : MonthFacts
        What is told.
    lang : str
        ``zh`` or ``en``.
    """

    def __init__(self, facts: MonthFacts, lang: str) -> None:
        super().__init__(facts.base, lang)
        self.month = facts
        self.words = {**self.words, **MONTH_WORDS[lang]}

    def state(self, code: str) -> str:
        """Return a state of a gap in words.

        Parameters
        ----------
        code : str
            Of the state.

        Returns
        -------
        str
            In the language.
        """
        return self.words[f"state_of_{code}"]

    def district(self, code: str) -> str:
        """Return the name of a district.

        Parameters
        ----------
        code : str
            Its id, ``""`` outside all.

        Returns
        -------
        str
            As the data of the cut had it; its id where the data of the cut has it no more.
        """
        parts = self.facts.summary["regions"]
        names = {part["id"]: part["name"] or part["id"] for part in parts}
        return self.name(names.get(code, code)) if code else self.words["outside"]

"""What a bulletin is made of: title, lead, sections, tables; in one language, in no shape."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    caption : str
        What it shows.
    header : tuple of str
        Names of the columns.
    rows : tuple of tuple of str
        Cells; figures and texts ready to be read.
    spoken : tuple of str
        The rows as sentences, for plain text.
    head : int
        The column that names the row.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spoken: tuple[str, ...]
    head: int = 0

    @property
    def figures(self) -> tuple[bool, ...]:
        """Whether each column holds figures, to be set flush right."""
        columns = zip(*self.rows, strict=True)
        return tuple(any(map(_is_figure, column)) for column in columns)


def _is_figure(text: str) -> bool:
    """Tell whether a cell is a figure."""
    return text.rstrip("%").replace(",", "").replace(".", "", 1).isdecimal()


@dataclass(frozen=True)
class Section:
    """A part of a bulletin with its heading.

    Attributes
    ----------
    name : str
        Stable, in no language.
    heading : str
        Of the second level.
    paragraphs : tuple of str
        Sentences before the table.
    table : Table or None
        At most one.
    after : tuple of str
        Sentences after the table.
    """

    name: str
    heading: str
    paragraphs: tuple[str, ...]
    table: Table | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A bulletin in one language.

    Attributes
    ----------
    lang : str
        ``zh`` or ``en``.
    title : str
        Of the first level.
    mark : str
        That the data is fictional, ``""`` where it is not.
    lead : tuple of str
        The finding, in sentences that can stand alone.
    sections : tuple of Section
        The rest.
    """

    lang: str
    title: str
    mark: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]

"""A bulletin as plain text, as Markdown and as a page."""

import re
from collections.abc import Sequence

from web.bulletin_document import Document, Section, Table

#: What Markdown would take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def as_text(document: Document) -> str:
    """Return a bulletin as plain text.

    Parameters
    ----------
    document : Document
        Written.

    Returns
    -------
    str
        Paragraphs a blank line apart; a row of a table is a sentence, which a message keeps in
        shape and a screen reader reads as one.
    """
    parts = [document.title, *([document.mark] if document.mark else []), _run(document)]
    parts += ["\n".join(_section_lines(part, document.lang)) for part in document.sections]
    return "\n\n".join(parts) + "\n"


def _run(document: Document) -> str:
    """Return the lead as one paragraph."""
    return ("" if document.lang == "zh" else " ").join(document.lead)


def _section_lines(section: Section, lang: str) -> list[str]:
    """Return a section as lines of plain text."""
    heading = f"【{section.heading}】" if lang == "zh" else section.heading.upper()
    spoken = section.table.spoken if section.table is not None else ()
    return [heading, *section.paragraphs, *spoken, *section.after]


def as_markdown(document: Document) -> str:
    """Return a bulletin as Markdown with tables (GitHub Flavored Markdown 0.29).

    Parameters
    ----------
    document : Document
        Written.

    Returns
    -------
    str
        What strangers wrote is escaped.
    """
    parts = [f"# {_safe(document.title)}"]
    parts += [f"> **{_safe(document.mark)}**"] if document.mark else []
    parts.append(f"**{_safe(document.lead[0])}**")
    rest = [_safe(line) for line in document.lead[1:]]
    parts += [("" if document.lang == "zh" else " ").join(rest)] if rest else []
    for section in document.sections:
        parts.append(f"## {_safe(section.heading)}")
        parts += _markdown_lines(section.paragraphs)
        parts += _markdown_table(section.table) if section.table is not None else []
        parts += _markdown_lines(section.after)
    return "\n\n".join(parts) + "\n"


def _markdown_lines(lines: Sequence[str]) -> list[str]:
    """Return sentences as a list, or a single one as a paragraph."""
    if len(lines) <= 1:
        return [_safe(line) for line in lines]
    return ["\n".join(f"- {_safe(line)}" for line in lines)]


def _markdown_table(table: Table) -> list[str]:
    """Return a table with its caption before it."""
    rows = [table.header, tuple("---" for _ in table.header), *table.rows]
    cells = [
        "| " + " | ".join(cell if at == 1 else _safe(cell) for cell in row) + " |"
        for at, row in enumerate(rows)
    ]
    return [f"**{_safe(table.caption)}**", "\n".join(cells)]


def _safe(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return _MARKUP.sub(r"\\\1", text)

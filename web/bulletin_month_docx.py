"""A bulletin for Word (Office Open XML, ECMA-376); the same facts give the same bytes."""

import io
import re
import zipfile
from datetime import datetime
from typing import Any

from web.bulletin_document import Document, Section, Table

#: The earliest time that a zip archive can name: when a file was packed is no part of it.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS = 0o600 << 16

#: What XML cannot hold (XML 1.0, section 2.2).
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FONTS = {"zh": "Microsoft YaHei", "en": "Calibri"}
_LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def as_docx(document: Document, date: str) -> bytes:
    """Return a bulletin as a Word file.

    Parameters
    ----------
    document : Document
        Of a month or of any question.
    date : str
        ISO date of what it tells; stands in the file's properties.

    Returns
    -------
    bytes
        A .docx with headings, tables whose first row is repeated on each page, and the language.
    """
    import docx  # noqa: PLC0415  heavy: where a Word file is wanted

    made = docx.Document()
    _set_up(made, document, date)
    made.add_heading(_clean(document.title), 0)
    if document.mark:
        made.add_paragraph().add_run(_clean(document.mark)).bold = True
    made.add_paragraph().add_run(_clean(document.lead[0])).bold = True
    rest = ("" if document.lang == "zh" else " ").join(document.lead[1:])
    if rest:
        made.add_paragraph(_clean(rest))
    for section in document.sections:
        _add_section(made, section)
    packed = io.BytesIO()
    made.save(packed)
    return _timeless(packed.getvalue())


def _set_up(made: Any, document: Document, date: str) -> None:
    """Set what Word shows as properties, and fonts that have Chinese characters."""
    from docx.oxml.ns import qn  # noqa: PLC0415  heavy: where a Word file is wanted

    day = datetime.fromisoformat(f"{date}T00:00:00")
    about = made.core_properties
    about.title, about.author, about.comments = _clean(document.title), "", ""
    about.last_modified_by, about.language = "", _LOCALES[document.lang]
    about.created = about.modified = day
    about.revision = 1
    for style in made.styles:
        if style.type == 1 or style.name == "Normal":  # of paragraphs
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for script in ("w:ascii", "w:hAnsi", "w:eastAsia"):
                fonts.set(qn(script), _FONTS[document.lang])
            for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme"):
                fonts.attrib.pop(qn(theme), None)


def _add_section(made: Any, section: Section) -> None:
    """Add a heading, sentences and the table."""
    made.add_heading(_clean(section.heading), 1)
    style = "List Bullet" if len(section.paragraphs) > 1 else None
    for line in section.paragraphs:
        made.add_paragraph(_clean(line), style=style)
    if section.table is not None:
        _add_table(made, section.table)
    for line in section.after:
        made.add_paragraph(_clean(line))


def _add_table(made: Any, table: Table) -> None:
    """Add a table with its caption above; its header is repeated on each page."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415  heavy
    from docx.oxml import OxmlElement  # noqa: PLC0415  heavy

    caption = made.add_paragraph(_clean(table.caption), style="Caption")
    caption.paragraph_format.keep_with_next = True
    grid = made.add_table(rows=1 + len(table.rows), cols=len(table.header), style="Table Grid")
    first = grid.rows[0]
    first._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001  no other door
    figures = table.figures if table.rows else (False,) * len(table.header)
    for line, texts in zip(grid.rows, (table.header, *table.rows), strict=True):
        for cell, text, figure in zip(line.cells, texts, figures, strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.add_run(_clean(text)).bold = line is first
            if figure:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _clean(text: str) -> str:
    """Return a text that XML can hold."""
    return _NO_XML.sub("", text)


def _timeless(packed: bytes) -> bytes:
    """Return an archive packed again without the time of packing."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _PERMISSIONS
            info.create_system = 3
            new.writestr(info, old.read(name))
    return out.getvalue()

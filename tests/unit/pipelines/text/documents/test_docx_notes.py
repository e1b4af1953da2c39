"""Notes of a DOCX file."""

from __future__ import annotations

from pathlib import Path

from pipelines.pipeline import Limits
from pipelines.text.documents.archive import Archive
from pipelines.text.documents.docx_notes import read_notes
from pipelines.text.documents.docx_styles import DocxStyles
from tests.document_factories import make_zip

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def test_notes_are_read_by_kind_and_number(tmp_path: Path) -> None:
    separator = '<w:footnote w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    paragraphs = "<w:p><w:r><w:footnoteRef/></w:r><w:r><w:t> One</w:t></w:r></w:p><w:p><w:r><w:t>two.</w:t></w:r></w:p>"
    files = {
        "word/footnotes.xml": f'<w:footnotes {W}>{separator}<w:footnote w:id="2">{paragraphs}</w:footnote>'
        "</w:footnotes>",
        "word/endnotes.xml": f'<w:endnotes {W}><w:endnote w:id="2"><w:p><w:r><w:t>End.</w:t></w:r></w:p></w:endnote>'
        "</w:endnotes>",
    }
    with Archive(make_zip(tmp_path / "d", files), Limits()) as archive:
        assert read_notes(archive, "word/document.xml", DocxStyles()) == {"footnote 2": "One two.", "endnote 2": "End."}


def test_a_file_without_notes_has_none(tmp_path: Path) -> None:
    with Archive(make_zip(tmp_path / "d", {"x": ""}), Limits()) as archive:
        assert read_notes(archive, "word/document.xml", DocxStyles()) == {}


def test_a_note_is_read_as_the_text_is(tmp_path: Path) -> None:
    raised, hidden = "<w:rPr><w:vertAlign w:val='superscript'/></w:rPr>", "<w:rPr><w:vanish/></w:rPr>"
    runs = (
        f"<w:r>{raised}<w:t>*</w:t></w:r><w:r><w:t>About 10</w:t></w:r><w:r>{raised}<w:t>6</w:t></w:r>"
        f"<w:r>{hidden}<w:t> not</w:t></w:r><w:moveFrom><w:r><w:t> moved</w:t></w:r></w:moveFrom>"
        "<w:r><w:t xml:space='preserve'> well</w:t><w:noBreakHyphen/><w:t>known </w:t>"
        "<w:sym w:font='Symbol' w:char='F061'/></w:r>"
    )
    notes = f'<w:footnotes {W}><w:footnote w:id="2"><w:p>{runs}</w:p></w:footnote></w:footnotes>'
    with Archive(make_zip(tmp_path / "d", {"word/footnotes.xml": notes}), Limits()) as archive:
        assert read_notes(archive, "word/document.xml", DocxStyles()) == {"footnote 2": "About 10⁶ well-known α"}

"""Styles of a DOCX file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.documents.archive import Archive
from pipelines.text.documents.docx_styles import PLAIN, DocxStyles, RunProperties, read_styles
from tests.document_factories import make_zip

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def style(style_id: str, name: str = "", parent: str = "", properties: str = "") -> str:
    based = f'<w:basedOn w:val="{parent}"/>' if parent else ""
    return f'<w:style w:styleId="{style_id}"><w:name w:val="{name or style_id}"/>{based}{properties}</w:style>'


def read(tmp_path: Path, *styles: str) -> DocxStyles:
    files = {"word/styles.xml": f"<w:styles {W}>{''.join(styles)}</w:styles>"} if styles else {"x": ""}
    with Archive(make_zip(tmp_path / "d", files), Limits()) as archive:
        return read_styles(archive, "word/document.xml")


def test_headings_and_contents_are_known_by_name_level_or_parents(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        style("berschrift1", "heading 1"),
        style("Mid", parent="berschrift1"),
        style("My", parent="Mid"),
        style("Body", parent="berschrift1", properties='<w:pPr><w:outlineLvl w:val="9"/></w:pPr>'),
        style("Level", properties='<w:pPr><w:outlineLvl w:val="2"/></w:pPr>'),
        style("Titel", "Title"),
        style("V1", "toc 1"),
        style("VU", "TOC Heading"),
    )
    assert found.heading_levels == {"berschrift1": 1, "Mid": 1, "My": 1, "Level": 3, "Titel": 0}
    assert found.contents == {"V1", "VU"}


def test_properties_of_runs_are_inherited_unless_a_style_says_otherwise(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        style("Hidden", properties='<w:rPr><w:vanish/><w:lang w:val="fr-FR"/></w:rPr>'),
        style("Child", parent="Hidden"),
        style("Shown", parent="Child", properties='<w:rPr><w:vanish w:val="0"/></w:rPr>'),
        style("Loop", parent="Pool"),
        style("Pool", parent="Loop"),
    )
    assert found.runs["Child"] == RunProperties(is_hidden=True, language="fr-FR")
    assert found.runs["Shown"] == RunProperties(is_hidden=False, language="fr-FR")
    assert found.runs["Loop"] == PLAIN


def test_a_file_without_styles_has_words_own(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.heading_levels["Heading2"], found.runs["FootnoteReference"].is_raised) == (2, True)
    assert "TOC1" in found.contents


def test_the_language_is_that_of_the_defaults(tmp_path: Path) -> None:
    defaults = '<w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val="de-DE"/></w:rPr></w:rPrDefault></w:docDefaults>'
    assert read(tmp_path, defaults).defaults.language == "de-DE"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("vanish", "", RunProperties(is_hidden=True)),
        ("vanish", "false", RunProperties(is_hidden=False)),
        ("vertAlign", "superscript", RunProperties(is_raised=True)),
        ("vertAlign", "subscript", RunProperties(is_raised=False)),
        ("position", "6", RunProperties(is_raised=True)),
        ("position", "-6", PLAIN),
        ("lang", "es-ES", RunProperties(language="es-ES")),
        ("b", "", PLAIN),
    ],
)
def test_each_element_sets_its_property(name: str, value: str, found: RunProperties) -> None:
    assert PLAIN.set(name, {"{w}val": value} if value else {}) == found

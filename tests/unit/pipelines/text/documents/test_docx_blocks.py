"""Paragraphs, tables, fields and runs of a DOCX file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Chapter, Document, Heading, Paragraph
from pipelines.text.documents.docx_reader import read_file
from pipelines.text.documents.reading import NotesMode, ReadingOptions
from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style
from tests.document_factories import make_zip

NAMES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)
STYLES = (
    '<w:style w:styleId="Hidden"><w:name w:val="Hidden"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:styleId="Below"><w:name w:val="Below"/><w:basedOn w:val="Hidden"/></w:style>'
    '<w:style w:styleId="Raised"><w:name w:val="footnote reference"/><w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    "</w:style>"
    '<w:style w:styleId="French"><w:name w:val="French"/><w:rPr><w:lang w:val="fr-FR"/></w:rPr></w:style>'
    '<w:style w:styleId="Bullet"><w:name w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
    '</w:style><w:style w:styleId="Bullet2"><w:name w:val="List Bullet 2"/><w:basedOn w:val="Bullet"/></w:style>'
    '<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
)
HIDDEN, RAISED = '<w:rStyle w:val="Below"/>', '<w:vertAlign w:val="superscript"/>'


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*content: str, properties: str = "") -> str:
    runs = "".join(each if each.startswith("<") else run(each) for each in content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>"


def table(*rows: list[str]) -> str:
    cells = ("".join(f"<w:tc>{cell}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def field(instruction: str, result: str) -> str:
    begin, separate, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))
    pieces = "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in (instruction[:2], instruction[2:]))
    return f"{begin}{pieces}{separate}{result}{end}"


def read(tmp_path: Path, body: str, notes: NotesMode = "skip", **parts: str) -> Document:
    files = {"word/document.xml": f"<w:document {NAMES}><w:body>{body}</w:body></w:document>"}
    files["word/styles.xml"] = f"<w:styles {NAMES}>{STYLES}</w:styles>"
    files |= {f"word/{name}.xml": text for name, text in parts.items()}
    return read_file(make_zip(tmp_path / "d", files), Limits(), ReadingOptions(notes=notes))


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Heading | Paragraph)]


def test_tables_in_tables_lose_no_text(tmp_path: Path) -> None:
    inner = table([paragraph("C1"), paragraph("C2")])
    middle = table([paragraph("B1") + inner + paragraph("B1 end"), paragraph("B2")])
    body = table([paragraph("A1") + middle + paragraph("A1 end"), paragraph("A2")], [paragraph("A3"), paragraph("A4")])
    assert texts(read(tmp_path, body)) == ["A1", "B1", "C1, C2", "B1 end", "B2", "A1 end", "A2", "A3, A4"]


def test_a_heading_in_a_cell_begins_a_chapter(tmp_path: Path) -> None:
    heading = '<w:pStyle w:val="H1"/>'
    body = table([paragraph("One", properties=heading) + paragraph("Text.")], [paragraph("Two", properties=heading)])
    assert list(read(tmp_path, body).blocks) == [
        Chapter("One"),
        Heading("One"),
        Paragraph("Text."),
        Chapter("Two"),
        Heading("Two"),
    ]


@pytest.mark.parametrize("is_fallback", [True, False])
def test_a_text_box_is_read_once(tmp_path: Path, is_fallback: bool) -> None:
    content = f"<w:txbxContent>{paragraph('Box')}{paragraph('More')}</w:txbxContent>"
    old = f"<w:pict><v:textbox>{content}</v:textbox></w:pict>"
    new = f"<mc:AlternateContent><mc:Choice>{content}</mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    body = paragraph("Be", f"<w:r>{new if is_fallback else old}</w:r>", "fore.")
    assert texts(read(tmp_path, body)) == ["Box", "More", "Before."]


def test_hidden_text_is_left_out_whatever_says_so_and_counted(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        paragraph(
            "Seen",
            run(" not", "<w:vanish/>"),
            run(" nor this", HIDDEN),
            run(" again", HIDDEN + '<w:vanish w:val="0"/>'),
        )
        + paragraph("Not at all.", properties='<w:pStyle w:val="Below"/>')
        + paragraph("The mark alone.", properties="<w:rPr><w:vanish/></w:rPr>")
        + paragraph(run("Once hidden.", "<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>")),
    )
    assert texts(document) == ["Seen again", "The mark alone.", "Once hidden."]
    assert document.warnings == ["Left out: hidden passages (3)."]


def test_raised_numbers_are_notes_powers_or_ends_of_words(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        paragraph("In 1912", run("1", '<w:rStyle w:val="Raised"/>'), " about 10", run("6", RAISED), " people met M")[
            :-6
        ]
        + "".join([run("me", RAISED), run(" X on the 1"), run("st", RAISED), run(" of 5 km"), run("2", RAISED)])
        + "</w:p>",
    )
    assert texts(document) == ["In 1912 about 10⁶ people met Mme X on the 1st of 5 km²"]
    assert document.warnings == ["Left out: note references (1)."]


@pytest.mark.parametrize("instruction", ['TOC \\o "1-3"', "INDEX"])
def test_contents_and_indexes_are_left_out_with_their_heading(tmp_path: Path, instruction: str) -> None:
    contents = paragraph(field(instruction, run("The Start ") + field("PAGEREF x", run("3"))))
    part = f"<w:sdt><w:sdtContent>{paragraph('Contents')}{contents}</w:sdtContent></w:sdt>"
    document = read(tmp_path, part + paragraph("Text on page ", field("PAGE", run("3"))))
    assert texts(document) == ["Text on page 3"]
    simple = f'<w:p><w:fldSimple w:instr="{instruction.split()[0]}">{run("Entry")}</w:fldSimple></w:p>'
    assert texts(read(tmp_path, simple + paragraph("Text."))) == ["Text."]


def test_a_part_that_says_that_it_is_a_table_of_contents_is_left_out(tmp_path: Path) -> None:
    gallery = '<w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    entries = paragraph("Contents") + paragraph("Chapter 1 ... 1")
    heading = paragraph("Chapter 1", properties='<w:pStyle w:val="H1"/>')
    inside = f"<w:sdt>{gallery}<w:sdtContent>{entries}{{}}</w:sdtContent></w:sdt>"
    document = read(tmp_path, inside.format("") + heading + paragraph("Text."))
    assert texts(document) == ["Chapter 1", "Text."]
    assert document.warnings == ["Left out: navigation links (2)."]
    # What somebody wrote behind it, in the same part.
    assert texts(read(tmp_path, inside.format(heading + paragraph("Text.")))) == ["Chapter 1", "Text."]


def test_raised_and_lowered_numbers_around_a_stroke_are_a_fraction(tmp_path: Path) -> None:
    lowered = run("2", '<w:vertAlign w:val="subscript"/>')
    body = paragraph("Take ", run("1", RAISED), "/", lowered, " or 1", run("1", RAISED), "\u2044", lowered, " cups.")
    assert texts(read(tmp_path, body)) == ["Take 1/2 or 1 1\u20442 cups."]


def test_passages_in_another_language_have_it_in_their_style(tmp_path: Path) -> None:
    french = Style(language="fr-FR")
    document = read(
        tmp_path,
        paragraph("He says ", run("oui", '<w:lang w:val="fr-FR"/>'), " and that was all there was to say.")
        + paragraph("Voilà.", properties='<w:pStyle w:val="French"/>'),
    )
    assert list(document.blocks) == [
        Paragraph("He says oui and that was all there was to say.", styles=((8, french), (12, NEUTRAL_STYLE))),
        Paragraph("Voilà.", styles=((0, french),)),
    ]


NOTES = f"""<w:footnotes {NAMES}><w:footnote w:id="2">{paragraph("A note.")}</w:footnote></w:footnotes>"""


@pytest.mark.parametrize(
    ("notes", "spoken", "warnings"),
    [
        ("skip", ["Text goes on.", "Next."], ["Left out: notes (1)."]),
        ("inline", ["Text (A note.) goes on.", "Next."], []),
        ("end", ["Text goes on.", "Next.", "A note."], []),
    ],
)
def test_footnotes_are_read_as_asked(tmp_path: Path, notes: NotesMode, spoken: list[str], warnings: list[str]) -> None:
    body = paragraph("Text", '<w:r><w:footnoteReference w:id="2"/></w:r>', " goes on.") + paragraph("Next.")
    document = read(tmp_path, body, notes, footnotes=NOTES)
    assert (texts(document), document.warnings) == (spoken, warnings)


def test_notes_that_are_read_at_the_end_are_read_at_the_end_of_their_chapter(tmp_path: Path) -> None:
    first, second = (f'<w:r><w:footnoteReference w:id="{number}"/></w:r>' for number in (2, 3))
    notes = "".join(f'<w:footnote w:id="{each}">{paragraph(f"Note {each}.")}</w:footnote>' for each in (2, 3))
    heading = '<w:pStyle w:val="H1"/>'
    body = paragraph("One", properties=heading) + paragraph("Text", first)
    body += paragraph("Two", second, properties=heading) + paragraph("Next.")
    document = read(tmp_path, body, "end", footnotes=f"<w:footnotes {NAMES}>{notes}</w:footnotes>")
    assert texts(document) == ["One", "Text", "Note 2.", "Two", "Next.", "Note 3."]


def test_items_of_lists_are_phrases_of_one_paragraph(tmp_path: Path) -> None:
    item, none = (
        '<w:numPr><w:numId w:val="3"/></w:numPr>',
        '<w:pStyle w:val="Bullet"/><w:numPr><w:numId w:val="0"/></w:numPr>',
    )
    bullet = '<w:pStyle w:val="Bullet2"/>'
    body = "".join(
        paragraph(text, properties=properties)
        for text, properties in [
            ("Buy:", ""),
            ("milk", item),
            ("eggs", item),
            ("Next", none),
            ("a", bullet),
            ("b", bullet),
        ]
    )
    body += table([paragraph("red", properties=item) + paragraph("blue", properties=item), paragraph("cell")])
    body += paragraph("Take it.", properties=item) + paragraph("Cut it.", properties=item)
    assert texts(read(tmp_path, body)) == [
        *("Buy:", "milk\neggs", "Next", "a\nb", "red\nblue, cell", "Take it.", "Cut it."),
    ]


def test_a_note_is_read_at_its_first_reference_alone(tmp_path: Path) -> None:
    reference = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    document = read(tmp_path, paragraph("Text", reference, " and more", reference), "inline", footnotes=NOTES)
    assert texts(document) == ["Text (A note.) and more"]
    assert document.warnings == ["Left out: note references (1)."]


def test_the_reading_of_ruby_is_what_is_said(tmp_path: Path) -> None:
    ruby = f"<w:ruby><w:rt>{run('とうきょう')}</w:rt><w:rubyBase>{run('東京')}</w:rubyBase></w:ruby>"
    document = read(tmp_path, paragraph(f"<w:r>{ruby}</w:r>", "に行く。"))
    assert list(document.blocks) == [Paragraph("東京に行く。", spoken_forms=(SpokenForm(0, 2, "sub", "とうきょう"),))]


def test_formulas_are_read(tmp_path: Path) -> None:
    power = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    body = paragraph("Then ", f"<m:oMath>{power}<m:r><m:t>=4</m:t></m:r></m:oMath>", " holds.")
    assert texts(read(tmp_path, body)) == ["Then x squared equals 4 holds."]


def test_line_breaks_are_kept_between_phrases_and_not_in_running_text(tmp_path: Path) -> None:
    def broken(*lines: str) -> str:
        return paragraph(*"\0<w:r><w:br/></w:r>\0".join(lines).split("\0"))

    verse = ["The sea is grey,", "The sky is low,"]
    prose = ["It was the best of times, it was the worst of times, it was so", "long ago."]
    assert texts(read(tmp_path, broken(*verse) + broken(*prose))) == ["\n".join(verse), " ".join(prose)]


PLACEHOLDER = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Click here.')}</w:sdtContent></w:sdt>"
DELETED = '<w:rPr><w:del w:id="1"/></w:rPr>'
OTHER_FIELD = f'<w:r><w:fldChar w:fldCharType="begin"/></w:r>{field("PAGE", run("7"))}'
OTHER_FIELD += f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("b")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
DRAWN = '<w:drawing xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:p><a:r><a:t>no</a:t></a:r></a:p></w:drawing>'


@pytest.mark.parametrize(
    ("body", "spoken"),
    [
        (paragraph("A ", PLACEHOLDER, " b"), ["A b"]),
        (f"{PLACEHOLDER}{paragraph('b')}", ["b"]),
        (paragraph("First ", properties=DELETED) + paragraph("second"), ["First second"]),
        (paragraph("", properties=DELETED) + paragraph("second"), ["second"]),
        (paragraph("First ", properties=DELETED), ["First"]),
        (table([paragraph("a", properties=DELETED), paragraph("b", properties=DELETED)]), ["a, b"]),
        (paragraph("O", properties='<w:framePr w:dropCap="drop"/>') + paragraph("nce upon"), ["Once upon"]),
        (paragraph("Text", field("NOTEREF _Ref", run("3")), "."), ["Text."]),
        (paragraph(OTHER_FIELD, " end"), ["b end"]),
        (paragraph("Text", '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="2"/><w:t>*</w:t></w:r>'), ["Text"]),
        (paragraph("Text ", f"<w:r>{DRAWN}</w:r>", "goes on"), ["Text goes on"]),
        (paragraph('<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>', " = 1"), ["α = 1"]),
        (paragraph('<w:r><w:sym w:font="Wingdings" w:char="F0E0"/></w:r>', "Next"), ["Next"]),
        (paragraph("One", "<w:r><w:br/></w:r>", "Two", properties='<w:outlineLvl w:val="0"/>'), ["One\nTwo"]),
    ],
)
def test_the_text_is_what_the_author_wrote(tmp_path: Path, body: str, spoken: list[str]) -> None:
    assert texts(read(tmp_path, body)) == spoken


def test_a_title_of_two_lines_is_one_line_in_the_list_of_chapters(tmp_path: Path) -> None:
    body = paragraph("One", "<w:r><w:br/></w:r>", "Two", properties='<w:pStyle w:val="H1"/>')
    assert next(read(tmp_path, body).blocks) == Chapter("One Two")


def test_a_formula_without_a_plain_reading_is_counted(tmp_path: Path) -> None:
    sum_of = "<m:oMath><m:nary><m:e><m:r><m:t>i</m:t></m:r></m:e></m:nary></m:oMath>"
    root = "<m:oMath><m:rad><m:deg><m:r><m:t>3</m:t></m:r></m:deg><m:e><m:r><m:t>x</m:t></m:r></m:e></m:rad></m:oMath>"
    document = read(tmp_path, paragraph("Sum ", sum_of, " and ", root, "."))
    assert texts(document) == ["Sum and ."]
    assert document.warnings == ["Left out: formulas (2)."]


def test_the_language_of_a_text_is_the_one_that_is_declared_for_its_script(tmp_path: Path) -> None:
    defaults = '<w:docDefaults><w:rPr><w:lang w:val="en-US" w:eastAsia="ja-JP" w:bidi="he-IL"/></w:rPr></w:docDefaults>'
    japanese = paragraph("吾輩は猫である。", run("Google", '<w:lang w:val="en-US"/>'), run("12"))
    document = read(tmp_path, japanese, styles=f"<w:styles {NAMES}>{defaults}</w:styles>")
    assert document.language == "ja-JP"
    assert list(document.blocks) == [Paragraph("吾輩は猫である。Google12")]
    hebrew = read(tmp_path, paragraph(run("שלום", '<w:rtl/><w:lang w:bidi="he-IL"/>')))
    assert hebrew.language == "he-IL"
    french = run("oui ", '<w:lang w:val="fr-FR"/>') + run("12 ") + run("non", '<w:lang w:val="fr-FR"/>')
    mixed = read(tmp_path, paragraph("Hello there, my old friend. ", french, run(" x", '<w:lang w:val="x-none"/>')))
    (spoken,) = mixed.blocks
    assert isinstance(spoken, Paragraph)
    assert [(at, style.language) for at, style in spoken.styles] == [(28, "fr-FR"), (39, None)]

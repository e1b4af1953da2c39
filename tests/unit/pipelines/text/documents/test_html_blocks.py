"""HTML as blocks of text."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.errors import BadInput
from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.documents.html_blocks import parse_html
from pipelines.text.documents.html_page import Page, PageMetadata
from pipelines.text.documents.reading import Reading, ReadingOptions
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style


def read(page: str, size: int = 1 << 16) -> list[Block]:
    return list(parse_html(page[at : at + size] for at in range(0, len(page), size)))


def texts(page: str) -> list[str]:
    return [block.text for block in read(page) if not isinstance(block, Chapter)]


def test_paragraphs_and_headings_are_blocks() -> None:
    assert read("<html><body><h1>A <i>b</i></h1><p>c <b>d</b>e</p><div>f<p>g</p>h</div></body></html>") == [
        Heading("A b", 1),
        Paragraph("c de"),
        Paragraph("f"),
        Paragraph("g"),
        Paragraph("h"),
    ]


def test_a_line_across_the_page_is_a_row_of_asterisks() -> None:
    assert texts("<p>One.<hr/>Two.</p><hr><p>Three.</p>") == ["One.", "* * *", "Two.", "* * *", "Three."]


def test_a_line_break_parts_phrases_and_two_separate_paragraphs() -> None:
    assert texts("<p>it<br>line two<br/>three<br><br>four</p>") == ["it\nline two\nthree", "four"]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>var x = '<p>no</p>';</script>",
        "<SCRIPT type=x>no</SCRIPT >",
        "<style>p { no: 1 }</style>",
        "<!-- <p>no</p> -->",
        "<?php no ?>",
        "<template><p>no</p></template>",
        "<svg><title>no</title><text>no</text></svg>",
        "<nav><a>no</a></nav>",
        "<p hidden>no</p>",
        '<a epub:type="noteref" href="#n">no</a>',
        '<aside epub:type="footnote"><p>no</p></aside>',
        '<section role="doc-endnotes"><p>no</p></section>',
        "<button>no</button>",
        '<img alt="no">',
    ],
)
def test_elements_that_are_not_text_are_not_spoken(hidden: str) -> None:
    assert texts(f"<body><p>before</p>{hidden}<p>after</p></body>") == ["before", "after"]


def test_a_comment_that_is_only_text_of_a_script_hides_nothing() -> None:
    assert texts("<p>a</p><script>if (a<!--b) {}</script><p>c <!-- x --> d</p>") == ["a", "c d"]


def test_cells_of_a_row_are_separated_and_ruby_is_spoken_once() -> None:
    assert texts("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>") == ["a, b", "1, 2"]
    assert texts("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字</p>") == ["漢字"]


def test_elements_that_xhtml_closes_at_once_swallow_nothing() -> None:
    page = '<?xml version="1.0"?><html><head><title/></head><body><a id="x"/><p/>one<div/><p>two<i/></p></body></html>'
    assert texts(page) == ["one", "two"]


def test_a_document_type_is_skipped_whole() -> None:
    strict = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><p>a</p>'
    assert texts(strict) == ["a"]
    assert texts("<!DOCTYPE html [ <!ATTLIST p x CDATA 'y'> ]><p>a</p>") == ["a"]


def test_named_characters_are_read() -> None:
    assert texts("<p>&Auml;&#228;&amp;&nbsp;&mdash;</p>") == ["Ää& —"]


def test_a_page_without_any_tag_is_text() -> None:
    assert texts("just text") == ["just text"]
    assert texts("") == []
    assert texts("   ") == []


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 1000])
def test_blocks_do_not_depend_on_how_the_page_arrives(size: int) -> None:
    page = (
        "<!DOCTYPE html><head><title>T</title><style>x</style></head><body><!-- a > b --><h2>Ü</h2>"
        "<p>a<br>b &amp; 日本 🙂</p><script>1</script><script>'</p>'</script><?x y?><p>c</p></body>"
    )
    assert read(page, size) == [Heading("Ü", 2), Paragraph("a\nb & 日本 🙂"), Paragraph("c")]


def test_ids_that_the_table_of_contents_names_begin_chapters() -> None:
    page = '<h1 id="one">1</h1><p>a</p><p><a name="two"></a>b</p>'
    found = list(parse_html([page], page=Page(anchors={"one": "First", "two": "Second"})))
    assert found == [Chapter("First"), Heading("1", 1), Paragraph("a"), Chapter("Second"), Paragraph("b")]


def test_a_long_paragraph_comes_in_parts_and_loses_nothing() -> None:
    text = "some <b>words</b> " * 20_000
    found = read(f"<p>{text}</p><p>end</p>")
    assert found[-1] == Paragraph("end")
    assert [block.continues for block in found if isinstance(block, Paragraph)] == [False] + [True] * (
        len(found) - 2
    ) + [False]
    assert " ".join(block.text for block in found[:-1]).split() == ["some", "words"] * 20_000


def test_metadata_is_collected_while_blocks_are_read() -> None:
    facts = PageMetadata()
    head = '<html lang="de"><head><title>T &amp; U</title><meta name="author" content="Me"></head>'
    for _ in parse_html([head, "<h1>a</h1><h2>b</h2><h2>c</h2>"], facts):
        pass
    assert facts == PageMetadata("T & U", "Me", "de", {1: 1, 2: 2}, characters=3, has_title_outside=True)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("<div>" * 3_000, "2,000 deep"),
        ("<i>" * 1_900 + "</b>" * 400_000, "never closes"),
        ("<a " + "b=c " * 3_000_000, "8,388,608"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><p>&a;</p>', "entities"),
        ("<!DOCTYPE x [ <!eNtItY a SYSTEM 'file:///etc/passwd'>]><p>&a;</p>", "entities"),
    ],
)
def test_a_page_that_is_built_to_exhaust_its_reader_is_refused(page: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read(page)


XHTML = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="en"><body>'


def read_with(page: str, language: str = "en", **options: Any) -> tuple[list[str], list[str]]:
    """The texts of a page, and the warnings."""
    reading, named = Reading(ReadingOptions(**options), language), Page("p.xhtml")
    if reading.is_collecting:
        for _ in parse_html([page], page=named, reading=reading):
            pass
        reading.finish_collecting()
    blocks = list(parse_html([page], page=named, reading=reading))
    return [block.text for block in blocks if not isinstance(block, Chapter)], reading.warnings()


@pytest.mark.parametrize(
    "element",
    ["script", "SCRIPT", "style", "title", "Title", "iframe", "textarea", "select", "noscript", "svg", "math", "video"],
)
def test_an_element_that_xhtml_closes_at_once_hides_nothing_wherever_it_stands(element: str) -> None:
    for page in (
        f"{XHTML}<p>One</p><{element}/><p>Two</p>",
        f"{XHTML}<p>One</p><{element} class='a>b' src=\"x/\" /><p>Two</p>",
        f"<html xmlns='http://www.w3.org/1999/xhtml'><head><{element}/></head><body><p>One</p><p>Two</p>",
    ):
        assert texts(page) == ["One", "Two"]


def test_elements_with_the_prefix_of_their_namespace_are_read_as_those_without() -> None:
    page = (
        '<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title><h:script>x</h:script></h:head>'
        "<h:body><h:h1>Head</h:h1><h:p>One<h:br/>two.</h:p><svg:svg><svg:text>x</svg:text></svg:svg></h:body></h:html>"
    )
    assert read(page) == [Heading("Head", 1), Paragraph("One\ntwo.")]


def test_cdata_sections_forms_and_details_are_text() -> None:
    assert texts(f"{XHTML}<p><![CDATA[a < b & <i>c]]> d</p>") == ["a < b & <i>c d"]
    assert texts("<form><p>a</p><fieldset><legend>b</legend></fieldset></form><details><p>c</p></details>") == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_cdata_that_comes_in_pieces_is_whole(size: int) -> None:
    assert read(f"{XHTML}<p><![CDATA[a < b]]]]><![CDATA[> c]]></p><p/>d", size) == [
        Paragraph("a < b]]> c"),
        Paragraph("d"),
    ]


def test_a_paragraph_keeps_its_last_mark() -> None:
    assert texts("<p>Dear Ann,</p><p>I said:</p><table><tr><td>a,</td><td>b;</td></tr></table>") == [
        "Dear Ann,",
        "I said:",
        "a, b;",
    ]


@pytest.mark.parametrize(
    "note",
    [
        '<a epub:type="noteref" href="#n">1</a>',
        '<a role="doc-noteref" href="#n">*</a>',
        '<sup><a href="#n">1</a></sup>',
        '<a href="#n"><sup>[1]</sup></a>',
        '<a href="#n">[1]</a>',
        "<sup>1</sup>",
        '<span class="footnote-ref">†</span>',
    ],
)
def test_references_of_notes_and_their_notes_are_left_out_and_counted(note: str) -> None:
    for text in (
        '<aside epub:type="footnote" id="n"><p>Note.</p></aside>',
        '<div role="doc-endnotes"><p id="n">1. Note.</p></div>',
        '<p class="footnote" id="n">1. Note.</p>',
    ):
        page = f"{XHTML}<p>The ship sank in 1912{note}, they said.</p>{text}<p>End.</p>"
        assert read_with(page) == (
            ["The ship sank in 1912, they said.", "End."],
            ["Left out: note references (1), notes (1)."],
        )


def test_a_note_is_known_by_the_reference_that_leads_to_it() -> None:
    page = f'{XHTML}<p>A<sup><a href="#n1">1</a></sup>.</p><p><a id="n1" href="#r1">1.</a> Note.</p><p>End.</p>'
    assert read_with(page)[0] == ["A.", "End."]


def test_a_reference_to_a_chapter_hides_no_chapter() -> None:
    page = '<p><a href="#c2">[2]</a> Go.</p><section><h2 id="c2">Two</h2><p>Text.</p></section>'
    found = list(parse_html([page], page=Page("p", anchors={"c2": "Two"}), reading=Reading()))
    assert found[1:] == [Chapter("Two"), Heading("Two", 2), Paragraph("Text.")]


def test_notes_are_read_where_they_are_asked_for() -> None:
    page = (
        f'{XHTML}<p id="r1">One<sup><a href="#n1">1</a></sup> two<a epub:type="noteref" href="#n2">2</a>.</p>'
        '<aside epub:type="footnote" id="n2"><p>Second.</p></aside><p id="n1"><a href="#r1">[1]</a> First. ↩</p>'
        "<p>End.</p>"
    )
    assert read_with(page, notes="inline") == (["One (First.) two (Second.).", "End."], [])
    assert read_with(page, notes="end") == (["One two.", "End.", "Second.", "First."], [])


def test_notes_that_are_hidden_or_listed_in_a_section_are_read_inline() -> None:
    page = (
        f'{XHTML}<p>A<a href="#fn1" role="doc-noteref"><sup>1</sup></a><a epub:type="noteref" href="#fn2">*</a> b.</p>'
        '<section id="footnotes" role="doc-endnotes"><ol><li id="fn1"><p>One.<a role="doc-backlink">↩</a></p></li></ol>'
        '</section><aside id="fn2" epub:type="footnote" hidden="hidden"><p>Two.</p></aside>'
    )
    assert read_with(page, notes="inline") == (["A (One.) (Two.) b."], [])
    assert read_with(page) == (["A b."], ["Left out: note references (2), notes (2)."])


def test_a_note_that_nothing_refers_to_is_counted_though_notes_are_read_inline() -> None:
    page = f'{XHTML}<p>One.</p><aside epub:type="footnote" id="n2"><p>Lost.</p></aside>'
    assert read_with(page, notes="inline")[1] == ["Left out: notes (1)."]


@pytest.mark.parametrize(
    "number",
    [
        '<span epub:type="pagebreak" id="p12" title="12"/>',
        '<span role="doc-pagebreak" aria-label="13">13</span>',
        '<span class="pagenum">[Pg 14]</span>',
        '<span class="pageno">{xvi}</span>',
        '<a id="page_15">15</a>',
        '<span class="lnum">15</span>',
    ],
)
def test_numbers_of_pages_and_lines_are_left_out_within_words(number: str) -> None:
    assert texts(f"{XHTML}<p>The wo{number}rd is here.</p>") == ["The word is here."]


def test_page_numbers_in_blocks_of_their_own_are_left_out_and_other_text_of_that_class_is_not() -> None:
    page = f'{XHTML}<p>a</p><div class="pagenum">xvi</div><p class="pb">17</p><p class="pagenum">Page of honour</p>'
    assert read_with(page) == (["a", "Page of honour"], ["Left out: page numbers (2)."])


def test_what_style_sheets_hide_is_left_out() -> None:
    page = (
        "<html><head><style>.gone, #y { display:none } p.x { visibility: hidden } @media print { .z {display:none} }"
        ".a .b{display:none} h2{display:none}h2.k{display:block} body{visibility:hidden}</style></head><body>"
        '<p class="gone">no</p><p class="x">no</p><p id="y">no</p><p class="z">z</p><p class="b">b</p><h2>no</h2>'
        '<h2 class="k">k</h2><p style="display: none">no</p><p aria-hidden="true">no</p><p hidden="">no</p>'
    )
    assert read_with(page) == (["z", "b", "k"], ["Left out: hidden passages (7)."])


def test_a_style_sheet_of_the_document_is_asked_for_by_its_name() -> None:
    sheets = {"css/a.css": ".gone { display: none }", "css/p.css": ".kept { display: none }"}
    page = (
        '<html><head><link rel="stylesheet" href="../css/a.css"><link rel="stylesheet" media="print" '
        'href="../css/p.css"></head><body><p class="gone">no</p><p class="kept">yes</p>'
    )
    found = parse_html([page], page=Page("text/p.html", open_style_sheet=lambda name: sheets[name]))
    assert list(found) == [Paragraph("yes")]


def test_a_lexicon_of_the_document_says_its_words() -> None:
    lexicons = {"l/en.pls": Lexicon({"Thames": "/tɛmz/", "WHO": "World Health Organization"})}
    page = (
        '<html lang="en"><head><link rel="pronunciation" type="application/pls+xml" hreflang="en-GB" href="l/en.pls">'
        '<link rel="pronunciation" hreflang="fr" href="l/none"></head><body><h1>The WHO</h1><p>On the Thames.</p>'
    )
    found = list(parse_html([page], page=Page("p.html", open_lexicon=lambda name: lexicons[name])))
    assert found == [
        Heading("The WHO", 1, spoken_forms=(SpokenForm(4, 7, "sub", "World Health Organization"),)),
        Paragraph("On the Thames.", spoken_forms=(SpokenForm(7, 13, "ipa", "tɛmz"),)),
    ]


def test_phonemes_of_an_element_are_its_spoken_form() -> None:
    page = (
        f'{XHTML}<p ssml:alphabet="x-sampa">a <i ssml:ph="beIs">bass</i> <i ssml:ph="ˈbæs" ssml:alphabet="ipa">bass</i>'
    )
    (found,) = read(page)
    assert found == Paragraph(
        "a bass bass", spoken_forms=(SpokenForm(2, 6, "ipa", "beɪs"), SpokenForm(7, 11, "ipa", "ˈbæs"))
    )


def test_other_languages_are_styles_of_their_passages() -> None:
    page = (
        f'{XHTML}<p>He said <i xml:lang="fr-CA">bon</i>, <i lang="en-GB">colour</i><i lang="zxx">x</i>.</p>'
        '<p lang="de">Ja.</p>'
    )
    french, german = Style(language="fr-CA"), Style(language="de")
    assert read(page) == [
        Paragraph("He said bon, colourx.", styles=((8, french), (11, NEUTRAL_STYLE))),
        Paragraph("Ja.", styles=((0, german),)),
    ]


@pytest.mark.parametrize(
    ("cap", "text"),
    [
        ('<p><span class="dropcap">O</span>nce</p>', "Once"),
        ('<p><span class="dropcap">“W</span> hen</p>', "“When"),
        ('<p><span class="dropcap">A</span> man</p>', "A man"),
        ('<p><img src="t.png" alt="T"/>he sea</p>', "The sea"),
        ('<p><span class="drop"><img alt="“T" src="x"/></span>he</p>', "“The"),
        ('<div class="figleft"><img alt="W"/></div><p>hen it</p>', "When it"),
        ('<p class="dropcap">W</p><p>HEN IT</p>', "WHEN IT"),
    ],
)
def test_a_large_first_letter_belongs_to_its_word(cap: str, text: str) -> None:
    assert texts(f"{XHTML}{cap}<p>End.</p>") == [text, "End."]


def test_a_letter_that_is_no_first_letter_stays_by_itself() -> None:
    assert texts('<p class="initial">A</p><p>Apple, 5</p><p class="initial">B</p>') == ["A", "Apple, 5", "B"]
    assert texts('<p><img alt="A"></p><p>A figure.</p>') == ["A figure."]


def test_formulas_are_read_or_counted() -> None:
    page = (
        f"{XHTML}<p>So <math><msup><mi>a</mi><mn>2</mn></msup></math>, "
        '<m:math xmlns:m="http://www.w3.org/1998/Math/MathML" alttext="b over c"><m:mi>b</m:mi></m:math>, '
        "<math><mtable><mtr><mtd><mn>1</mn></mtd></mtr></mtable></math>end.</p>"
    )
    assert read_with(page) == (["So a squared, b over c, end."], ["Left out: formulas (1)."])


def test_of_alternatives_the_default_one_is_read() -> None:
    page = (
        f'{XHTML}<p>A <epub:switch><epub:case required-namespace="x"><b>no</b></epub:case>'
        "<epub:default>b</epub:default></epub:switch> c</p>"
    )
    assert texts(page) == ["A b c"]


def test_links_to_other_pages_are_no_text() -> None:
    page = '<p><a href="n.html">Next topic</a> | <a href="c.html">Contents</a></p><p><a href="#a">Next of kin</a></p>'
    assert read_with(page) == (["Next of kin"], ["Left out: navigation links (1)."])


def test_preformatted_text_is_code_or_text_by_what_it_holds() -> None:
    page = (
        "<pre>It was a dark night,\nand the wind blew hard over the moor and the town and\nthe fields."
        "\n\nSo it was.</pre>"
        "<pre><code>hello</code></pre><pre>int main() {\n  return 0;\n}</pre><pre>Roses are red\nViolets are blue</pre>"
    )
    prose = ["It was a dark night, and the wind blew hard over the moor and the town and the fields.", "So it was."]
    verse = "Roses are red\nViolets are blue"
    assert read_with(page)[0] == [*prose, "hello", "int main() {\nreturn 0;\n}", verse]
    assert read_with(page, code="skip") == ([*prose, verse], ["Left out: code blocks (2)."])
    assert read_with(page, code="summary")[0] == [*prose, "Code, one line.", "Code, 3 lines.", verse]


def test_the_boilerplate_of_project_gutenberg_is_left_out() -> None:
    page = f'{XHTML}<section class="pg-boilerplate" id="pg-header"><p>The</p></section><p>a [Illustration: x] b</p>'
    assert read_with(page) == (
        ["a b"],
        ["Left out: descriptions of pictures (1), licence texts of Project Gutenberg (1)."],
    )


def test_an_anchor_in_a_heading_or_behind_it_keeps_the_heading_in_its_chapter() -> None:
    anchors = {"one": "First", "two": "Second", "three": "Third"}
    page = (
        '<h2><a id="one"></a>1</h2><p>a</p><h2>2</h2><a name="two"></a><p>b</p><p id="three">c</p>'
        '<pre>x <a id="no"/></pre>'
    )
    assert list(parse_html([page], page=Page(anchors=anchors))) == [
        Chapter("First"),
        Heading("1", 2),
        Paragraph("a"),
        Chapter("Second"),
        Heading("2", 2),
        Paragraph("b"),
        Chapter("Third"),
        Paragraph("c"),
        Paragraph("x"),
    ]


def test_chapters_within_preformatted_text_begin_where_their_anchors_are() -> None:
    page = '<pre>Before.\n\n<a id="one"></a>After.\n</pre>'
    found = list(parse_html([page], page=Page(anchors={"one": "One"})))
    assert found == [Paragraph("Before."), Chapter("One"), Paragraph("After.")]


def test_a_page_that_is_a_picture_gives_its_text() -> None:
    page = (
        '<svg xmlns="http://www.w3.org/2000/svg"><title>No</title><desc>no</desc><style>no</style>'
        '<text>Words <tspan x="1">in</tspan><tspan y="2">it</tspan></text><text>Second</text></svg>'
    )
    assert list(parse_html([page], page=Page("p.svg", media_type="image/svg+xml"))) == [
        Paragraph("Words in it"),
        Paragraph("Second"),
    ]
    assert read(page) == []


def test_a_long_heading_is_limited_like_a_paragraph() -> None:
    found = read("<h1>" + "word &amp; " * 20_000 + "</h1>")
    assert isinstance(found[0], Heading)
    assert all(len(block.text) <= 16_384 for block in found if not isinstance(block, Chapter))
    assert all(block.continues for block in found[1:] if isinstance(block, Paragraph))


def test_the_paragraphs_of_cells_belong_to_their_row() -> None:
    cells = "<tr><td><p>Year</p></td><td><p>Sum</p></td></tr><tr><td><p>It rained.</p><p>It went on.</p></td></tr>"
    assert texts(f"<table>{cells}</table>") == ["Year, Sum", "It rained.", "It went on."]


def test_the_items_of_a_list_are_phrases_or_paragraphs() -> None:
    assert texts("<ul><li>milk</li><li>bread<ul><li>rye</li></ul></li></ul><p>Go.</p>") == ["milk\nbread\nrye", "Go."]
    assert texts("<ol><li>Open the door.</li><li>Walk in.</li></ol>") == ["Open the door.", "Walk in."]
    assert texts("<ul>" + "<li>a</li>" * 150) == ["\n".join("a" * 100), "\n".join("a" * 50)]


def test_spans_on_lines_of_their_own_are_phrases() -> None:
    assert texts('<p><span style="display:block">a</span><span style="display: block">b</span></p>') == ["a\nb"]


def test_a_note_beside_the_text_is_left_out_or_read_where_it_stands() -> None:
    page = '<p>It was dark. <span class="sidenote">A storm.</span> Then it rained.</p>'
    assert texts(page) == ["It was dark. Then it rained."]
    found = parse_html([page], reading=Reading(ReadingOptions(notes="end")))
    assert list(found) == [Paragraph("It was dark. A storm. Then it rained.")]

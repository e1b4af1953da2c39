"""HTML as blocks of text."""

from __future__ import annotations

import pytest

from pipelines.errors import BadInput
from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.documents.html_blocks import PageMetadata, parse_html


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


def test_a_line_break_separates_words_and_two_separate_paragraphs() -> None:
    assert texts("<p>it<br>line two<br/>three<br><br>four</p>") == ["it line two three", "four"]


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
    assert read(page, size) == [Heading("Ü", 2), Paragraph("a b & 日本 🙂"), Paragraph("c")]


def test_ids_that_the_table_of_contents_names_begin_chapters() -> None:
    page = '<h1 id="one">1</h1><p>a</p><p><a name="two"></a>b</p>'
    found = list(parse_html([page], anchors={"one": "First", "two": "Second"}))
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
    assert facts == PageMetadata("T & U", "Me", "de", {1: 1, 2: 2})


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

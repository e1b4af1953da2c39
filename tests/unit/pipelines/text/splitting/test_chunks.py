"""Where a document is split."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.splitting.chunks import DocumentSplitter, TextChunk
from pipelines.text.style import NEUTRAL_STYLE, Style


def split(blocks: Iterable[Block], limit: int = 100, language: str = "en") -> tuple[list[TextChunk], DocumentSplitter]:
    splitter = DocumentSplitter(language, limit)
    return list(splitter.split(blocks)), splitter


def spoken(chunks: Iterable[TextChunk]) -> list[tuple[str, str]]:
    return [(segment.text, segment.pause) for chunk in chunks for segment in chunk.segments]


def test_sentences_and_paragraphs_are_separated_by_their_pauses() -> None:
    chunks, _ = split([Heading("Title"), Paragraph("One. Two."), Paragraph("Three.")])
    assert spoken(chunks) == [("Title", "heading"), ("One.", "sentence"), ("Two.", "paragraph"), ("Three.", "none")]


def test_a_rule_lengthens_the_pause_before_it_and_is_not_spoken() -> None:
    chunks, _ = split([Paragraph("One."), Paragraph("* * *"), Paragraph("Two.")])
    assert spoken(chunks) == [("One.", "break"), ("Two.", "none")]


def test_no_chunk_crosses_a_chapter() -> None:
    chunks, splitter = split([Paragraph("Before."), Chapter("A"), Paragraph("One."), Chapter("B"), Paragraph("Two.")])
    assert [chunk.chapter for chunk in chunks] == [0, 1, 2]
    assert splitter.chapters == [None, "A", "B"]
    assert splitter.first_chunks == [0, 1, 2]
    assert spoken(chunks)[0] == ("Before.", "chapter")


def test_a_chapter_of_headings_alone_is_joined_to_the_next() -> None:
    chunks, splitter = split(
        [Chapter("Part One"), Heading("Part One"), Chapter("I"), Heading("I"), Paragraph("Text."), Chapter("Empty")]
    )
    assert splitter.chapters == ["I"]
    assert [text for text, _ in spoken(chunks)] == ["Part One", "I", "Text."]


def test_a_sentence_continues_in_the_next_part_of_its_paragraph() -> None:
    chunks, _ = split([Paragraph("One. It goes"), Paragraph("on. Two.", continues=True), Paragraph("Three.")])
    assert [text for text, _ in spoken(chunks)] == ["One.", "It goes on.", "Two.", "Three."]


def test_parts_of_a_text_without_spaces_are_joined_without_any() -> None:
    chunks, _ = split([Paragraph("今天天"), Paragraph("气很好。", continues=True)], language="zh")
    assert [text for text, _ in spoken(chunks)] == ["今天天气很好。"]


def test_only_a_sentence_longer_than_a_chunk_is_cut_and_at_a_comma_if_it_can_be() -> None:
    sentence = "word " * 14 + "here, and " + "word " * 14 + "end."
    chunks, _ = split([Paragraph(f"Short one. {sentence} Short two.")])
    segments = spoken(chunks)
    assert segments[0] == ("Short one.", "sentence")
    assert segments[1][0].endswith("here,")
    assert segments[1][1] == "none"
    assert " ".join(text for text, _ in segments) == f"Short one. {sentence} Short two."


def test_an_endless_word_is_cut() -> None:
    chunks, _ = split([Paragraph("x" * 1000)])
    assert [chunk.characters for chunk in chunks] == [100] * 10


def test_a_heading_preferably_begins_a_chunk() -> None:
    chunks, _ = split([Paragraph("y" * 60 + "."), Heading("Section"), Paragraph("Text.")])
    assert [chunk.segments[0].text for chunk in chunks][1] == "Section"


_TEXTS = st.text(st.sampled_from("ab .!?,x\n—日。🙂*"), max_size=400)
_BLOCKS = st.lists(
    st.one_of(
        st.builds(Chapter, st.just("C")),
        st.builds(Heading, _TEXTS),
        st.builds(Paragraph, _TEXTS, st.booleans()),
    ),
    max_size=12,
)


@given(_BLOCKS, st.integers(10, 200))
def test_chunks_keep_their_limit_their_order_and_every_letter(blocks: list[Block], limit: int) -> None:
    chunks, splitter = split(blocks, limit)
    assert all(0 < chunk.characters <= limit for chunk in chunks)
    assert all(chunk.characters == sum(len(segment.text) for segment in chunk.segments) for chunk in chunks)
    assert [chunk.chapter for chunk in chunks] == sorted(chunk.chapter for chunk in chunks)
    assert len(splitter.chapters) == len(splitter.first_chunks) == len({chunk.chapter for chunk in chunks})
    letters = [c for block in blocks if not isinstance(block, Chapter) for c in block.text if c.isalnum()]
    assert [c for text, _ in spoken(chunks) for c in text if c.isalnum()] == letters


def test_lines_are_phrases_with_a_short_pause() -> None:
    chunks, _ = split([Paragraph("The sea is grey,\nThe sky is low.\nAnd here\nAm I. Yes."), Paragraph("End.")])
    assert spoken(chunks) == [
        ("The sea is grey,", "line"),
        ("The sky is low.", "sentence"),
        ("And here", "line"),
        ("Am I.", "sentence"),
        ("Yes.", "paragraph"),
        ("End.", "none"),
    ]


def test_a_passage_in_another_language_is_a_segment_of_its_own_within_its_sentence() -> None:
    french = Style(language="fr")
    paragraph = Paragraph("He said oui and left. Fin.", styles=[(8, french), (12, NEUTRAL_STYLE)])
    chunks, _ = split([paragraph])
    assert [(each.text, each.pause, each.style.language) for each in chunks[0].segments] == [
        ("He said", "none", None),
        ("oui", "none", "fr"),
        ("and left.", "sentence", None),
        ("Fin.", "none", None),
    ]

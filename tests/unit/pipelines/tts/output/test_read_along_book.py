"""A book whose text and audio go in step."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import ToneSynthesiser, load_synthesiser
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.text.documents.epub_reader import read_file as read_epub
from pipelines.tts.output.read_along_book import ReadAlongBookWriter
from pipelines.tts.part_file import SpeechPart, SpokenSentence
from pipelines.tts.speech_plan import PlannedChapter, SpeechHeader
from tests.document_factories import epub_entries, make_png, make_zip
from tests.pipeline_runner import DirectorySink
from tests.synthesis_runner import SynthesisRun, run_synthesis

TEXT = """CHAPTER I

It was <the> best. It was the "worst" & last.

It was the age.

CHAPTER II

There was a king."""
NAMES = {
    "opf": "http://www.idpf.org/2007/opf",
    "dc": "http://purl.org/dc/elements/1.1/",
    "smil": "http://www.w3.org/ns/SMIL",
    "x": "http://www.w3.org/1999/xhtml",
}


@pytest.fixture
def tone() -> ToneSynthesiser:
    return load_synthesiser(Catalog().get("tone", "tts"), "cpu")


def spoken(tone: ToneSynthesiser, root: Path, **options: object) -> SynthesisRun:
    given = {
        "text": TEXT,
        "format": "mp3",
        "read_along": True,
        "speech_marks": True,
        "title": "T & T",
        "language": "en",
    }
    request = SynthesisRequest.model_validate({**given, **options})
    return run_synthesis(root, tone, request, limits=Limits(chunk_characters=30))


def tree(book: zipfile.ZipFile, name: str) -> etree._Element:
    return etree.fromstring(book.read(name))


def test_every_sentence_of_the_text_has_its_clip_of_the_audio(tone: ToneSynthesiser, tmp_path: Path) -> None:
    run = spoken(tone, tmp_path)
    sentences = json.loads(run.file("marks.json").read_text())["sentences"]
    found = []
    with zipfile.ZipFile(run.file("book.epub")) as book:
        package = tree(book, "OEBPS/package.opf")
        for item in package.findall(".//opf:spine/opf:itemref", NAMES):
            (page_item,) = package.xpath(f"//opf:item[@id='{item.get('idref')}']", namespaces=NAMES)
            (overlay_item,) = package.xpath(f"//opf:item[@id='{page_item.get('media-overlay')}']", namespaces=NAMES)
            page, overlay = (tree(book, f"OEBPS/{each.get('href')}") for each in (page_item, overlay_item))
            for par in overlay.findall(".//smil:par", NAMES):
                text, audio = par
                name, _, anchor = text.get("src").partition("#")
                assert name == page_item.get("href")
                (span,) = page.xpath(f"//*[@id='{anchor}']")
                clip = [float(audio.get(end).rstrip("s")) for end in ("clipBegin", "clipEnd")]
                found.append(("".join(span.itertext()), *clip, audio.get("src")))
        assert book.read("OEBPS/audio.mp3") == run.file("audio.mp3").read_bytes()
    assert [one[0] for one in found] == [sentence["text"] for sentence in sentences]
    for (_, start, end, source), sentence in zip(found, sentences, strict=True):
        assert (start, end) == pytest.approx((sentence["start"], sentence["end"]), abs=0.0006)
        assert source == "audio.mp3"


def test_the_package_is_complete_and_every_file_in_it_is_listed(tone: ToneSynthesiser, tmp_path: Path) -> None:
    with zipfile.ZipFile(spoken(tone, tmp_path, author="A. Uthor").file("book.epub")) as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type, book.read(first)) == ("mimetype", 0, b"application/epub+zip")
        package = tree(book, "OEBPS/package.opf")
        assert package.findtext(".//dc:title", namespaces=NAMES) == "T & T"
        assert package.findtext(".//dc:creator", namespaces=NAMES) == "A. Uthor"
        assert package.findtext(".//dc:language", namespaces=NAMES) == "en"
        listed = {f"OEBPS/{item.get('href')}" for item in package.findall(".//opf:item", NAMES)}
        assert listed == {name for name in book.namelist() if name.startswith("OEBPS/")} - {"OEBPS/package.opf"}
        lengths = [
            float(meta.text.rstrip("s"))
            for meta in package.xpath("//opf:meta[@property='media:duration']", namespaces=NAMES)
        ]
        assert lengths[0] == pytest.approx(sum(lengths[1:]), abs=0.01)
        titles = tree(book, "OEBPS/nav.xhtml").xpath("//x:a/text()", namespaces=NAMES)
        assert titles == ["CHAPTER I", "CHAPTER II"]


def test_headings_and_paragraphs_of_the_text_are_those_of_the_book(tone: ToneSynthesiser, tmp_path: Path) -> None:
    with zipfile.ZipFile(spoken(tone, tmp_path).file("book.epub")) as book:
        page = tree(book, "OEBPS/chapter-0.xhtml")
        blocks = [(etree.QName(block).localname, "".join(block.itertext())) for block in page.find("x:body", NAMES)]
    assert blocks == [
        ("h2", "CHAPTER I"),
        ("p", 'It was <the> best. It was the "worst" & last.'),
        ("p", "It was the age."),
    ]


def test_the_book_can_be_read_again_and_spoken(tone: ToneSynthesiser, tmp_path: Path) -> None:
    document = read_epub(spoken(tone, tmp_path).file("book.epub"), Limits())
    text = " ".join(getattr(block, "text", "") for block in document.blocks)
    assert document.title == "T & T"
    assert re.sub(r"\s+", " ", text).endswith("There was a king.")


@pytest.mark.parametrize(
    ("given", "title", "author"),
    [
        ({"title": "A\x01\x0bB", "author": "\x02 \ufffe"}, "A B", None),
        ({"title": "   ", "author": " "}, "Untitled", None),
        ({"title": "„Größe“ <&> 日本", "author": "Jörg & Söhne"}, "„Größe“ <&> 日本", "Jörg & Söhne"),
    ],
    ids=["controls", "blanks", "signs of XML"],
)
def test_whatever_a_title_holds_the_book_stays_xml(
    tone: ToneSynthesiser, tmp_path: Path, given: dict[str, str], title: str, author: str | None
) -> None:
    run = spoken(tone, tmp_path, text="Hello \ufffe there.\n\n]]> & so on.", chapters="none", **given)
    with zipfile.ZipFile(run.file("book.epub")) as book:
        package, page = (tree(book, f"OEBPS/{name}") for name in ("package.opf", "chapter-0.xhtml"))
        assert package.findtext(".//dc:title", namespaces=NAMES) == title
        assert package.findtext(".//dc:creator", namespaces=NAMES) == author
        assert "]]> & so on." in "".join(page.itertext())
        assert page.findtext(".//x:title", namespaces=NAMES).strip()
        assert tree(book, "OEBPS/nav.xhtml").findtext(".//x:a", namespaces=NAMES).strip()


@pytest.mark.parametrize(
    ("written", "language"), [("de_DE", "de-DE"), ("eng", "en"), ("German", "und"), ("", "und"), (None, "und")]
)
def test_language_is_a_tag_or_unknown(tmp_path: Path, written: str | None, language: str) -> None:
    with ReadAlongBookWriter(tmp_path, "mp3", SpeechHeader(language=written)) as book:
        assert f"<dc:language>{language}</dc:language>" in book._package()
        assert ("lang=" in book._navigation()) == (language != "und")


def test_chapter_in_which_nothing_sounds_has_no_page(tmp_path: Path) -> None:
    header = SpeechHeader("T", chapters=[PlannedChapter(name, 0) for name in ("One", "Mute", "Two")])
    sink, audio = DirectorySink(tmp_path / "sink"), tmp_path / "audio.mp3"
    audio.write_bytes(b"ID3")
    with ReadAlongBookWriter(tmp_path, "mp3", header) as book:
        for chapter, end in enumerate((1_600, 0, 1_600)):
            sentence = SpokenSentence(f"Sentence {chapter}.", 0, end)
            book.add(SpeechPart(chapter, 16_000, np.zeros(end, np.int16), [sentence]), 1_600 * chapter, chapter)
        book.finish(audio, sink)
    with zipfile.ZipFile(sink.out / "book.epub") as book:
        assert tree(book, "OEBPS/nav.xhtml").xpath("//x:a/text()", namespaces=NAMES) == ["One", "Two"]
        assert not [name for name in book.namelist() if "chapter-1" in name]


def test_cover_of_the_document_is_that_of_the_book(tone: ToneSynthesiser, tmp_path: Path) -> None:
    source = tmp_path / "in.epub"
    entries = epub_entries(
        {"a.xhtml": "<p>Hello.</p>"},
        manifest='<item id="c" href="c.png" media-type="image/png" properties="cover-image"/>',
    )
    make_zip(source, {**entries, "OEBPS/c.png": make_png()})
    request = SynthesisRequest.model_validate({"format": "mp3", "read_along": True, "source_type": "epub"})
    run = run_synthesis(tmp_path / "run", tone, request, source)
    with zipfile.ZipFile(run.file("book.epub")) as book:
        (item,) = tree(book, "OEBPS/package.opf").xpath("//opf:item[@properties='cover-image']", namespaces=NAMES)
        assert (item.get("href"), item.get("media-type")) == ("cover.png", "image/png")
        assert book.read("OEBPS/cover.png") == make_png()


def test_audio_in_opus_has_the_type_that_the_standard_knows(tone: ToneSynthesiser, tmp_path: Path) -> None:
    with zipfile.ZipFile(spoken(tone, tmp_path, format="opus").file("book.epub")) as book:
        (item,) = tree(book, "OEBPS/package.opf").xpath("//opf:item[@id='audio']", namespaces=NAMES)
    assert item.get("media-type") == "audio/ogg; codecs=opus"


@pytest.mark.parametrize("name", ["m4a", "m4b", "opus"])
def test_without_marks_or_chapters_there_is_still_a_book_and_always_the_same(
    tone: ToneSynthesiser, tmp_path: Path, name: str
) -> None:
    runs = [
        spoken(
            tone, tmp_path / str(number), format=name, speech_marks=False, chapters="none", title=None, language=None
        )
        for number in range(2)
    ]
    assert sorted(path.name for path in runs[0].sink.out.iterdir()) == [f"audio.{name}", "book.epub"]
    assert len({hashlib.sha256(run.file("book.epub").read_bytes()).digest() for run in runs}) == 1
    with zipfile.ZipFile(runs[0].file("book.epub")) as book:
        assert len(tree(book, "OEBPS/chapter-0.smil").findall(".//smil:par", NAMES)) == 6
    assert list(runs[0].sink.directory.iterdir()) == []

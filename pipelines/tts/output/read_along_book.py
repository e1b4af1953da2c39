"""Read-along book: EPUB 3 with a page and a media overlay for each chapter, and the audio file.

EPUB 3.3, section 9 (media overlays; SMIL). Written part by part, so that memory does not grow with the book. Knows
sentences and times; nothing of how they were synthesised. The book is valid whatever its title and language contain.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import langcodes

from pipelines.formats import AUDIO_FORMATS
from pipelines.pipeline import Sink
from pipelines.text.document import clean_text
from pipelines.tts.part_file import SpeechPart, SpokenSentence
from pipelines.tts.speech_plan import SpeechHeader

NAME = "book.epub"
_XHTML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml" '
    'xmlns:epub="http://www.idpf.org/2007/ops"{lang}><head><title>{title}</title>'
    "<style>.-epub-media-overlay-active {{ background: #ffd }}</style></head><body>\n"
)
_SMIL = '<?xml version="1.0" encoding="utf-8"?>\n<smil xmlns="http://www.w3.org/ns/SMIL" version="3.0"><body>\n'
#: Pauses that end a paragraph.
_ENDS_PARAGRAPH = frozenset({"paragraph", "heading", "break", "chapter"})
#: A constant, so that the same job gives the same file.
_MODIFIED = "1980-01-01T00:00:00Z"
#: Media types that EPUB 3.3 states more exactly than HTTP responses do.
_AUDIO_TYPES = {"opus": "audio/ogg; codecs=opus"}
_COVERS = {"image/png": "cover.png", "image/jpeg": "cover.jpg"}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _OpenChapter:
    """The chapter that is being written: its page and its overlay, open in the scratch directory."""

    number: int
    page: IO[str]
    overlay: IO[str]
    sentences: int = 0
    seconds: float = 0.0
    in_paragraph: bool = False


class ReadAlongBookWriter:
    """Writes the parts of one job, added in order. Use as a context manager."""

    def __init__(self, directory: Path, audio_format: str, header: SpeechHeader) -> None:
        self._directory = directory
        self._audio = f"audio.{audio_format}"
        self._audio_type = _AUDIO_TYPES.get(audio_format, AUDIO_FORMATS[audio_format].content_type)
        self._header = header
        self._book_title = _line(header.title or "") or "Untitled"
        self._language = _tag(header.language or "")
        self._cover = header.cover
        self._chapter: _OpenChapter | None = None
        self._lengths_s: list[tuple[int, float]] = []
        self._identity = hashlib.sha256()

    def __enter__(self) -> ReadAlongBookWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._chapter is not None:
            self._chapter.page.close()
            self._chapter.overlay.close()

    def add(self, part: SpeechPart, offset: int, chapter: int) -> None:
        """Write the sentences of a part that begins at sample `offset` of the file."""
        for sentence in part.audible:
            # A silent chapter has no overlay, and so no page.
            if self._chapter is None or self._chapter.number != chapter:
                self._end_chapter()
                self._chapter = self._begin_chapter(chapter)
            start_s, end_s = ((offset + at) / part.sample_rate_hz for at in (sentence.start, sentence.end))
            self._write(self._chapter, sentence, start_s, end_s)

    def finish(self, audio: Path, sink: Sink) -> None:
        """Pack the book with the finished audio file, which is left in place, and put it into the sink."""
        self._end_chapter()
        path = self._directory / NAME
        with zipfile.ZipFile(path, "w") as book:
            _store(book, "mimetype", b"application/epub+zip")
            _store(book, "META-INF/container.xml", _CONTAINER.encode())
            _store(book, "OEBPS/package.opf", self._package().encode())
            _store(book, "OEBPS/nav.xhtml", self._navigation().encode())
            for number, _ in self._lengths_s:
                for suffix in ("xhtml", "smil"):
                    written = self._directory / f"chapter-{number}.{suffix}"
                    _store(book, f"OEBPS/{written.name}", written)
                    written.unlink()
            _store(book, f"OEBPS/{self._audio}", audio)
            if self._cover is not None:
                _store(book, f"OEBPS/{_COVERS[self._cover.content_type]}", self._cover.data)
        sink.put(NAME, path, content_type="application/epub+zip")

    def _begin_chapter(self, number: int) -> _OpenChapter:
        page, overlay = (
            (self._directory / f"chapter-{number}.{suffix}").open("w", encoding="utf-8") for suffix in ("xhtml", "smil")
        )
        page.write(self._page_head(self._title(number)))
        overlay.write(_SMIL)
        return _OpenChapter(number, page, overlay)

    def _end_chapter(self) -> None:
        if self._chapter is None:
            return
        self._chapter.page.write("</p>\n</body></html>\n" if self._chapter.in_paragraph else "</body></html>\n")
        self._chapter.overlay.write("</body></smil>\n")
        self.__exit__()
        self._lengths_s.append((self._chapter.number, self._chapter.seconds))
        self._chapter = None

    def _write(self, chapter: _OpenChapter, sentence: SpokenSentence, start_s: float, end_s: float) -> None:
        chapter.sentences += 1
        name, text = f"s{chapter.sentences}", escape(_NOT_IN_XML.sub("", sentence.text))
        self._identity.update(sentence.text.encode("utf-8", "replace"))
        span = f'<span id="{name}">{text}</span>'
        if sentence.pause == "heading" and not chapter.in_paragraph:
            chapter.page.write(f"<h2>{span}</h2>\n")
        else:
            chapter.page.write(f" {span}" if chapter.in_paragraph else f"<p>{span}")
            chapter.in_paragraph = sentence.pause not in _ENDS_PARAGRAPH
            chapter.page.write("" if chapter.in_paragraph else "</p>\n")
        chapter.overlay.write(
            f'<par id="p{chapter.sentences}"><text src="chapter-{chapter.number}.xhtml#{name}"/>'
            f'<audio src="{self._audio}" clipBegin="{start_s:.3f}s" clipEnd="{end_s:.3f}s"/></par>\n'
        )
        chapter.seconds += end_s - start_s

    def _title(self, number: int) -> str:
        chapters = self._header.chapters
        return _line(chapters[number].title if number < len(chapters) else "") or self._book_title

    def _page_head(self, title: str) -> str:
        lang = f" lang={quoteattr(self._language)} xml:lang={quoteattr(self._language)}" if self._language else ""
        return _XHTML.format(lang=lang, title=escape(title))

    def _navigation(self) -> str:
        items = "".join(
            f'<li><a href="chapter-{number}.xhtml">{escape(self._title(number))}</a></li>\n'
            for number, _ in self._lengths_s
        )
        return f'{self._page_head("Contents")}<nav epub:type="toc"><ol>\n{items}</ol></nav>\n</body></html>\n'

    def _package(self) -> str:
        author = _line(self._header.author or "")
        total_s = sum(seconds for _, seconds in self._lengths_s)
        manifest, spine, durations = [], [], []
        for number, seconds in self._lengths_s:
            manifest.append(
                f'<item id="c{number}" href="chapter-{number}.xhtml" media-type="application/xhtml+xml" '
                f'media-overlay="o{number}"/>\n'
                f'<item id="o{number}" href="chapter-{number}.smil" media-type="application/smil+xml"/>\n'
            )
            spine.append(f'<itemref idref="c{number}"/>\n')
            durations.append(f'<meta property="media:duration" refines="#o{number}">{seconds:.3f}s</meta>\n')
        return _PACKAGE.format(
            identity=self._identity.hexdigest(),
            title=escape(self._book_title),
            author=f"<dc:creator>{escape(author)}</dc:creator>\n" if author else "",
            language=self._language or "und",
            modified=_MODIFIED,
            total_s=total_s,
            durations="".join(durations),
            manifest="".join(manifest),
            cover=self._cover_item(),
            audio=self._audio,
            audio_type=self._audio_type,
            spine="".join(spine),
        )

    def _cover_item(self) -> str:
        if self._cover is None:
            return ""
        kind = self._cover.content_type
        return f'<item id="cover" href="{_COVERS[kind]}" media-type="{kind}" properties="cover-image"/>\n'


def _line(text: str) -> str:
    """A title or a name as one line of XML characters; may be empty."""
    return clean_text(_NOT_IN_XML.sub(" ", text))


def _tag(language: str) -> str:
    """The language as a BCP 47 tag, `de-DE` for `de_DE`; "" where it is not valid, such as "German"."""
    return langcodes.standardize_tag(language) if langcodes.tag_is_valid(language) else ""


def _store(book: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    """Add an entry without a timestamp; media, and the `mimetype` entry, are stored uncompressed."""
    entry = zipfile.ZipInfo(name)
    if name.endswith(("html", "smil", "opf", "xml")):
        entry.compress_type = zipfile.ZIP_DEFLATED
    with book.open(entry, "w", force_zip64=isinstance(content, Path)) as target:
        if isinstance(content, bytes):
            target.write(content)
            return
        with content.open("rb") as source:
            while block := source.read(1 << 20):
                target.write(block)


_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
_PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:sha256:{identity}</dc:identifier>
<dc:title>{title}</dc:title>
{author}<dc:language>{language}</dc:language>
<meta property="dcterms:modified">{modified}</meta>
<meta property="media:active-class">-epub-media-overlay-active</meta>
<meta property="media:duration">{total_s:.3f}s</meta>
{durations}</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="audio" href="{audio}" media-type="{audio_type}"/>
{cover}{manifest}</manifest>
<spine>
{spine}</spine>
</package>
"""

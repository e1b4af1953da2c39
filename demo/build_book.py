"""Builds demo/book.epub from demo/book/*.md: EPUB 3 with a navigation document, and an NCX for older readers.

The same text gives the same bytes: nothing in the archive depends on the clock or on the order of a directory.
Run it after changing the text:  python demo/build_book.py
"""

from __future__ import annotations

import tomllib
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from build_cover import draw_cover, encode_png
from markdown_it import MarkdownIt

HERE = Path(__file__).resolve().parent

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
STYLE = """body { margin: 5%; line-height: 1.45; font-family: serif; }
h1 { margin: 3em 0 1.5em; font-size: 1.4em; }
p { margin: 0; text-indent: 1.4em; }
h1 + p { text-indent: 0; }
section.dedication { margin-top: 30%; text-align: center; font-style: italic; }
img.cover { max-width: 100%; }
"""


@dataclass(frozen=True, slots=True)
class Page:
    """One XHTML file of the book."""

    name: str
    title: str
    body: str

    @property
    def file(self) -> str:
        return f"{self.name}.xhtml"


def read_pages(folder: Path) -> list[Page]:
    """The Markdown files of `folder` in order; the first line of each is its heading."""
    markdown = MarkdownIt("commonmark", {"xhtmlOut": True})
    pages = []
    for path in sorted(folder.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        title = text.split("\n", 1)[0].removeprefix("# ")
        kind = "dedication" if title == "Dedication" else "chapter"
        body = f'<section class="{kind}" epub:type="{kind}">\n{markdown.render(text)}</section>\n'
        pages.append(Page(path.stem, title, body))
    return pages


def render_xhtml(title: str, body: str, language: str) -> str:
    """A complete XHTML document."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{language}" '
        f'xml:lang="{language}">\n<head><meta charset="utf-8"/><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="style.css"/></head>\n<body>\n{body}</body>\n</html>\n'
    )


def render_navigation(pages: list[Page]) -> str:
    """The table of contents, which is also a page of the book."""
    items = "".join(f'<li><a href="{page.file}">{escape(page.title)}</a></li>\n' for page in pages)
    return f'<nav epub:type="toc" id="toc">\n<h1>Contents</h1>\n<ol>\n{items}</ol>\n</nav>\n'


def render_ncx(book: dict[str, str], pages: list[Page]) -> str:
    """The table of contents for EPUB 2 readers."""
    points = "".join(
        f'<navPoint id="p{number}" playOrder="{number}"><navLabel><text>{escape(page.title)}</text></navLabel>'
        f'<content src="{page.file}"/></navPoint>\n'
        for number, page in enumerate(pages, 1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">\n'
        f'<head><meta name="dtb:uid" content="{book["identifier"]}"/></head>\n'
        f"<docTitle><text>{escape(book['title'])}</text></docTitle>\n<navMap>\n{points}</navMap>\n</ncx>\n"
    )


def render_package(book: dict[str, str], pages: list[Page]) -> str:
    """The package document: metadata, list of files, and reading order."""
    manifest = "".join(f'<item id="{p.name}" href="{p.file}" media-type="application/xhtml+xml"/>\n' for p in pages)
    spine = "".join(f'<itemref idref="{page.name}"/>\n' for page in pages)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{book["language"]}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{book["identifier"]}</dc:identifier>
<dc:title>{escape(book["title"])}</dc:title>
<dc:creator>{escape(book["author"])}</dc:creator>
<dc:language>{book["language"]}</dc:language>
<dc:date>{book["date"]}</dc:date>
<dc:rights>{escape(book["rights"])}</dc:rights>
<dc:description>{escape(book["description"])}</dc:description>
<meta property="dcterms:modified">{book["date"]}T00:00:00Z</meta>
<meta name="cover" content="cover-image"/>
</metadata>
<manifest>
<item id="cover-image" href="cover.png" media-type="image/png" properties="cover-image"/>
<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="style" href="style.css" media-type="text/css"/>
{manifest}</manifest>
<spine toc="ncx">
<itemref idref="cover" linear="no"/>
<itemref idref="nav" linear="no"/>
{spine}</spine>
</package>
"""


def build_files() -> dict[str, bytes]:
    """Every file of the archive by its name, in the order in which they are stored."""
    book = tomllib.loads((HERE / "book" / "book.toml").read_text(encoding="utf-8"))
    pages, language = read_pages(HERE / "book"), book["language"]
    cover = f'<img class="cover" src="cover.png" alt="{escape(book["title"])}"/>\n'
    texts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "EPUB/package.opf": render_package(book, pages),
        "EPUB/nav.xhtml": render_xhtml("Contents", render_navigation(pages), language),
        "EPUB/toc.ncx": render_ncx(book, pages),
        "EPUB/style.css": STYLE,
        "EPUB/cover.xhtml": render_xhtml("Cover", cover, language),
    }
    texts |= {f"EPUB/{page.file}": render_xhtml(page.title, page.body, language) for page in pages}
    return {name: text.encode() for name, text in texts.items()} | {"EPUB/cover.png": encode_png(draw_cover())}


def write_epub(path: Path) -> None:
    """Write the archive: `mimetype` first and uncompressed, as EPUB requires; all dates are the earliest of ZIP."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in build_files().items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name in ("mimetype", "EPUB/cover.png") else zipfile.ZIP_DEFLATED
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            archive.writestr(entry, data, compresslevel=9)


def main() -> None:
    path = HERE / "book.epub"
    write_epub(path)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

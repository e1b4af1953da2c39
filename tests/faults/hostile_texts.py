"""Documents that are built to exhaust, deceive or crash their reader, with the expected outcome of each.

A case writes its file and names its outcome: an error code of `pipelines.errors`, or "done" for harmless documents.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.document_factories import epub_entries, make_zip

Entries = dict[str, str | bytes]
PAGES = {"one.xhtml": "<h1>One</h1><p>First page.</p>"}
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@dataclass(frozen=True)
class Case:
    """One document; `write` creates it at a path."""

    name: str
    source_type: str
    outcome: str
    write: Callable[[Path], object]


def build_entity_bomb(levels: int = 12) -> str:
    """A document type whose last entity expands to 10**levels words."""
    lines = ["<!ENTITY l0 'ha '>"]
    lines += [f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, levels)]
    return f"<!DOCTYPE x [{''.join(lines)}]>"


def build_cases(canary: Path, address: str) -> Iterator[Case]:
    """All cases. Some try to read `canary` or to connect to http://`address`."""
    yield from _archives()
    yield from _entities(canary, address)
    yield from _pages()
    yield from _texts()
    yield from _markdown()
    yield from _office(canary)


def _archives() -> Iterator[Case]:
    yield Case(
        "a page of 3 GiB in 3 MiB",
        "epub",
        "input_too_large",
        lambda path: _write_inflating_archive(path, "OEBPS/one.xhtml", b"<p>", 3 << 30),
    )
    yield Case("zips in zips", "epub", "unreadable_input", _write_nested_zips)
    yield Case("a thousand pages over the same bytes", "epub", "unreadable_input", _write_overlapping_entries)
    yield Case(
        "70,000 files", "epub", "input_too_large", lambda path: make_zip(path, {f"{n}": b"" for n in range(70_000)})
    )
    for name in ("../../evil.xhtml", "/etc/cron.d/evil", "..\\..\\evil", "C:\\evil"):
        entries = {**epub_entries(PAGES), name: "evil"}
        yield Case(f"zip-slip {name}", "epub", "bad_input", partial(make_zip, entries=entries))
    yield Case(
        "zip-slip in a DOCX", "docx", "bad_input", lambda path: make_zip(path, {"../evil": "", **_word("<w:p/>")})
    )
    whole = epub_entries(PAGES)
    yield Case("cut in half", "epub", "unreadable_input", lambda path: _truncate(make_zip(path, whole)))
    yield Case("names that leave the book", "epub", "done", lambda path: make_zip(path, _escaping_names()))
    spine = '<itemref idref="p0"/>' * 500_000
    yield Case(
        "one page half a million times", "epub", "done", lambda path: make_zip(path, epub_entries(PAGES, spine=spine))
    )


def _entities(canary: Path, address: str) -> Iterator[Case]:
    bombs = {
        "entity bomb": build_entity_bomb(),
        "quadratic blowup": f"<!DOCTYPE x [<!ENTITY l11 '{'a' * 100_000}'>]>",
        "file entity": f"<!DOCTYPE x [<!ENTITY l11 SYSTEM 'file://{canary}'>]>",
        "http entity": f"<!DOCTYPE x [<!ENTITY l11 SYSTEM 'http://{address}/entity'>]>",
        "parameter entity": f"<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://{address}/dtd'> %p;]>",
    }
    for kind, doctype in bombs.items():
        for place in ("META-INF/container.xml", "OEBPS/book.opf", "OEBPS/nav.xhtml", "OEBPS/one.xhtml"):
            entries = epub_entries(PAGES, nav='<li><a href="one.xhtml">One</a></li>')
            body = str(entries[place])
            head = "<?xml version='1.0'?>"
            body = body.partition("?>")[2] if body.startswith("<?xml") else body
            entries[place] = (
                head + doctype + body.replace("First page", "&l11;").replace("</metadata>", "&l11;</metadata>")
            )
            yield Case(f"{kind} in {place}", "epub", "bad_input", partial(make_zip, entries=entries))
        document = {
            "word/document.xml": f"<?xml version='1.0'?>{doctype}<w:document xmlns:w='{WORD}'>&l11;</w:document>"
        }
        yield Case(f"{kind} in a DOCX", "docx", "bad_input", partial(make_zip, entries=document))
        page = f"{doctype}<p>&l11;</p>"
        yield Case(f"{kind} in a page", "html", "bad_input", partial(Path.write_text, data=page))
    wide = (build_entity_bomb() + "<package>&l11;</package>").encode("utf-16")
    entries = {**epub_entries(PAGES), "OEBPS/book.opf": wide}
    yield Case("entity bomb in UTF-16", "epub", "bad_input", lambda path: make_zip(path, entries))
    outside = epub_entries(PAGES)
    for place in ("OEBPS/book.opf", "OEBPS/one.xhtml"):
        outside[place] = str(outside[place]).replace("?>", f"?><!DOCTYPE x SYSTEM 'http://{address}/x.dtd'>", 1)
    yield Case("document types elsewhere", "epub", "done", lambda path: make_zip(path, outside))


def _pages() -> Iterator[Case]:
    pages = {
        "100,000 divs deep": ("bad_input", "<div>" * 100_000 + "hi" + "</div>" * 100_000),
        "unmatched end tags": ("bad_input", "<i>" * 1_900 + "</b>" * 3_000_000),
        "rows in open tables": ("bad_input", "<table>" * 1_900 + "<p>x</p>" * 1_000_000),
        "a tag of 20 MB": ("bad_input", "<a " + "b=c " * 5_000_000 + ">"),
        "an attribute of 20 MB": ("bad_input", "<a b='" + "c" * 20_000_000),
        "comments without an end": ("bad_input", "<!--" * 5_000_000),
        "CDATA without an end": ("bad_input", "<![CDATA[" * 2_000_000),
        "scripts without an end": ("bad_input", "<script>" * 2_000_000),
        "half a million scripts": ("done", "<script>x</script>" * 500_000 + "hello"),
        "a million less-than signs": ("done", "<" * 1_000_000 + " hello"),
        "entities without an end": ("done", "&" * 2_000_000 + "hello"),
        "an ever longer attribute list": ("done", ("<a " + "b=c " * 100_000 + ">x</a>") * 10),
        "an encoding that unpacks": ("done", "<meta charset=zlib><p>hello</p>"),
        "an encoding that takes time squared": ("done", "<meta charset=punycode><p>" + "hello " * 100_000),
    }
    for name, (outcome, page) in pages.items():
        yield Case(name, "html", outcome, partial(Path.write_text, data=page))


def _texts() -> Iterator[Case]:
    def repeated(block: bytes, count: int, head: bytes = b"") -> Callable[[Path], None]:
        def write(path: Path) -> None:
            with path.open("wb") as file:
                file.write(head)
                for _ in range(count):
                    file.write(block)

        return write

    mebibyte = b"x" * (1 << 20)
    yield Case("one word of 256 MiB", "txt", "input_too_large", repeated(mebibyte, 256))
    yield Case("one word of 16 MiB", "txt", "done", repeated(mebibyte, 16))
    yield Case("a sentence of 8 million words", "txt", "done", repeated(b"no ", 5_000_000))
    yield Case("full stops", "txt", "done", repeated(b"." * 1000, 5_000, b"hello "))
    yield Case("quotes", "txt", "done", repeated("“".encode() * 1000, 500, b"hello "))
    yield Case("abbreviations", "txt", "done", repeated(b"Dr. Mr. etc. J. R. ", 200_000))
    yield Case("300,000 paragraphs", "txt", "done", repeated(b"a\n\n", 300_000))
    yield Case("chapters only", "txt", "done", repeated(b"Chapter 1\n\n", 200_000))
    yield Case("zero bytes, 1 GiB", "txt", "unreadable_input", _write_zeros)
    yield Case("a PDF of 200 MB", "txt", "unreadable_input", repeated(mebibyte, 190, b"%PDF-1.7\n"))
    yield Case("half a surrogate", "txt", "unreadable_input", lambda path: path.write_bytes(b"\xff\xfe\x00\xd8"))
    yield Case("no text", "txt", "bad_input", lambda path: path.write_bytes(b"\n" * 1_000_000))


def _markdown() -> Iterator[Case]:
    texts = {
        "brackets": "[" * 500_000,
        "links in links": "[a](" * 100_000,
        "pictures in pictures": "![[]()" * 50_000,
        "stars": "*a **a " * 50_000,
        "underscores": "_a __b " * 50_000,
        "backticks": "".join("`" * n + " " for n in range(1, 700)),
        "quotes in quotes": ("> " * 500 + "a\n") * 300,
        "lists in lists": "\n".join(" " * n + "- a" for n in range(1_000)),
        "a table of 10,000 columns": "|a" * 10_000 + "\n" + "|-" * 10_000 + "\n" + ("|b" * 10_000 + "\n") * 10,
        "tags": "<a " * 100_000,
        "addresses": "<http://" * 50_000,
        "references": "".join(f"[r{n}]: http://x\n" for n in range(50_000)) + "[r1] " * 20_000,
        "definitions in titles": '[a]: b "' * 30_000,
        "headings": "# a\n" * 50_000,
        "a fence without an end": "```\n" + "x\n" * 200_000,
    }
    for name, text in texts.items():
        yield Case(f"markdown {name}", "md", "done", partial(Path.write_text, data=f"hello\n\n{text}"))


def _office(canary: Path) -> Iterator[Case]:
    yield Case(
        "a DOCX of 3 GiB",
        "docx",
        "input_too_large",
        lambda path: _write_inflating_archive(
            path, "word/document.xml", f'<w:document xmlns:w="{WORD}">'.encode(), 3 << 30
        ),
    )
    deep = "<w:p>" * 100_000 + "</w:p>" * 100_000
    yield Case("paragraphs in paragraphs", "docx", "bad_input", lambda path: make_zip(path, _word(deep)))
    long = "<w:p><w:r><w:t>" + "word " * 3_000_000 + "</w:t></w:r></w:p>"
    yield Case("a run of 15 MB", "docx", "done", lambda path: make_zip(path, {**_word(long), **_ballast()}))
    many = "<w:p/>" * 1_000_000 + "<w:p><w:r><w:t>hello</w:t></w:r></w:p>"
    yield Case("a million empty paragraphs", "docx", "done", lambda path: make_zip(path, {**_word(many), **_ballast()}))
    for name, start in (("styles in styles", f'<w:styles xmlns:w="{WORD}">'), ("unknown names", "<w:styles>")):
        styles = {"word/styles.xml": start + "<w:styles>" * 300_000}
        entries = {**_word("<w:p/>"), **_ballast(), **styles}
        yield Case(name, "docx", "bad_input", partial(make_zip, entries=entries))
    relation = f'<Relationships><Relationship Type="x/officeDocument" Target="file://{canary}"/></Relationships>'
    yield Case(
        "a main part elsewhere",
        "docx",
        "done",
        lambda path: make_zip(path, {"_rels/.rels": relation, **_word("<w:p><w:r><w:t>hello</w:t></w:r></w:p>")}),
    )


def _word(body: str) -> Entries:
    return {"word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'}


def _ballast() -> Entries:
    """Incompressible bytes, which keep the archive's compression ratio below the limit."""
    return {"word/media/picture.jpg": os.urandom(2 << 20)}


def _write_zeros(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 30)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _escaping_names() -> Entries:
    """References out of the book, which are looked up among its entries and never on disk."""
    manifest = '<item id="x" href="../../../../etc/passwd"/><item id="y" href="file:///etc/passwd"/>'
    return epub_entries(PAGES, manifest=manifest, spine='<itemref idref="x"/><itemref idref="y"/><itemref idref="p0"/>')


def _write_nested_zips(path: Path) -> None:
    inner = b"\0" * (1 << 20)
    for _ in range(5):
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{number}.zip", inner)
        inner = memory.getvalue()
    path.write_bytes(inner)


def _write_inflating_archive(path: Path, name: str, head: bytes, size: int) -> None:
    """An archive with one entry of blanks, from one repeated deflate block: compressing gigabytes takes too long."""
    entries = {key: data for key, data in epub_entries(PAGES).items() if key != name}
    make_zip(path, entries)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflater.compress(head) + deflater.flush(zlib.Z_FULL_FLUSH)
    block = deflater.compress(b" " * (16 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    packed += block * (size // (16 << 20)) + b"\x03\x00"
    size = len(head) + size // (16 << 20) * (16 << 20)
    whole = path.read_bytes()
    at = whole.rfind(b"PK\x05\x06")
    count, _, directory_bytes, directory_at = struct.unpack_from("<HHII", whole, at + 8)
    encoded = name.encode()
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, 0, len(packed), size & 0xFFFFFFFF, len(encoded), 0)
    local = b"PK\x03\x04" + fields + encoded + packed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, directory_at) + encoded
    directory = whole[directory_at : directory_at + directory_bytes] + central
    end = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, count + 1, count + 1, len(directory), directory_at + len(local), 0
    )
    path.write_bytes(whole[:directory_at] + local + directory + end)


def _write_overlapping_entries(path: Path) -> None:
    """A central directory with a thousand entries that all point to the same deflated bytes."""
    pages = {f"{n}.xhtml": "" for n in range(1_000)}
    page = b"<p>" + b"word " * 200_000
    make_zip(path, {**epub_entries(pages), **{f"OEBPS/{name}": b"" for name in pages}, "OEBPS/0.xhtml": page})
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("OEBPS/0.xhtml")
    at = data.find(b"PK\x01\x02")
    while at >= 0 and data[at : at + 4] == b"PK\x01\x02":
        name_bytes, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        name = bytes(data[at + 46 : at + 46 + name_bytes])
        if name.endswith(b".xhtml") and name != b"OEBPS/0.xhtml":
            struct.pack_into("<HHHIII", data, at + 10, 8, 0, 0, first.CRC, first.compress_size, first.file_size)
            struct.pack_into("<I", data, at + 42, first.header_offset)
        at += 46 + name_bytes + extra + comment
    path.write_bytes(data)

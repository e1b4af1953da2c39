"""Reading EPUB 2 and 3, whole and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import BadInput, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Cover, Document, Heading, Paragraph
from pipelines.text.documents.epub_reader import read_file
from pipelines.text.documents.reading import NotesMode, ReadingOptions
from pipelines.text.style import SpokenForm, Style
from tests.document_factories import CONTAINER, epub_entries, make_epub, make_png, make_zip

PAGES = {"one.xhtml": "<h1>One</h1><p>First page.</p>", "two.xhtml": "<h1>Two</h1><p>Second page.</p>"}
NAV = '<li><a href="one.xhtml">Chapter One</a></li><li><a href="two.xhtml">Chapter Two</a></li>'
COVER_ITEM = '<item id="c" href="img/cover%20one.png" media-type="image/png" properties="cover-image"/>'
NCX = (
    '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx.dtd">'
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
    "<navPoint><navLabel><text>Uno</text></navLabel><content src='one.xhtml'/>"
    "<navPoint><navLabel><text>Uno b</text></navLabel><content src='one.xhtml#b'/></navPoint></navPoint>"
    "<navPoint><navLabel><text>Dos</text></navLabel><content src='two.xhtml'/></navPoint></navMap></ncx>"
)


def read(path: Path) -> Document:
    return read_file(path, Limits())


def titles(blocks: list[Block]) -> list[str]:
    return [block.title for block in blocks if isinstance(block, Chapter)]


def test_a_book_is_read_in_the_order_of_its_spine_with_the_titles_of_its_navigation(tmp_path: Path) -> None:
    spine = '<itemref idref="p1"/><itemref idref="p0"/>'
    document = read(make_epub(tmp_path / "b", PAGES, nav=NAV, spine=spine))
    assert (document.title, document.author, document.language) == ("A Böok", "A. Uthor", "en")
    assert list(document.blocks) == [
        Chapter("Chapter Two"),
        Heading("Two", 1),
        Paragraph("Second page."),
        Chapter("Chapter One"),
        Heading("One", 1),
        Paragraph("First page."),
    ]


def test_an_epub_2_has_its_titles_in_the_ncx_and_may_name_places_within_a_page(tmp_path: Path) -> None:
    pages = {**PAGES, "one.xhtml": '<h1>One</h1><p>a</p><h2 id="b">B</h2><p>c</p>'}
    entries = epub_entries(pages, manifest='<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>')
    document = read(make_zip(tmp_path / "b", {**entries, "OEBPS/toc.ncx": NCX}))
    assert titles(list(document.blocks)) == ["Uno", "Uno b", "Dos"]


def test_an_ncx_is_known_by_its_name(tmp_path: Path) -> None:
    pages = {**PAGES, "one.xhtml": '<h1>One</h1><p>a</p><h2 id="b">B</h2><p>c</p>'}
    entries = epub_entries(pages, manifest='<item id="x" href="toc.ncx" media-type="text/xml"/>')
    document = read(make_zip(tmp_path / "b", {**entries, "OEBPS/toc.ncx": NCX}))
    assert titles(list(document.blocks)) == ["Uno", "Uno b", "Dos"]


def test_names_with_spaces_and_folders_are_found(tmp_path: Path) -> None:
    entries = epub_entries({}, nav='<li><a href="text/ch%20%C3%A4.xhtml#top">Ä</a></li>', spine='<itemref idref="x"/>')
    entries["OEBPS/book.opf"] = str(entries["OEBPS/book.opf"]).replace(
        "</manifest>", '<item id="x" href="text/../text/ch%20%C3%A4.xhtml"/></manifest>'
    )
    book = make_zip(tmp_path / "b", {**entries, "OEBPS/text/ch ä.xhtml": '<p id="top">Hello.</p>'})
    assert list(read(book).blocks) == [Chapter("Ä"), Paragraph("Hello.")]


@pytest.mark.parametrize(
    ("manifest", "metadata"),
    [(COVER_ITEM, ""), (COVER_ITEM.replace(' properties="cover-image"', ""), '<meta name="cover" content="c"/>')],
)
def test_the_cover_is_found_in_both_ways_of_naming_it(tmp_path: Path, manifest: str, metadata: str) -> None:
    entries = epub_entries(PAGES, nav=NAV, manifest=manifest, metadata=metadata)
    document = read(make_zip(tmp_path / "b", {**entries, "OEBPS/img/cover one.png": make_png()}))
    assert document.cover == Cover("image/png", make_png())


def test_a_missing_page_is_skipped_with_a_warning(tmp_path: Path) -> None:
    entries = epub_entries(PAGES, nav=NAV)
    del entries["OEBPS/one.xhtml"]
    document = read(make_zip(tmp_path / "b", entries))
    assert titles(list(document.blocks)) == ["Chapter Two"]
    assert document.warnings == ["A page of the book is missing: OEBPS/one.xhtml."]


def test_a_missing_cover_or_navigation_is_skipped(tmp_path: Path) -> None:
    entries = epub_entries(PAGES, nav=NAV, manifest=COVER_ITEM)
    del entries["OEBPS/nav.xhtml"]
    document = read(make_zip(tmp_path / "b", entries))
    assert document.cover is None
    assert titles(list(document.blocks)) == ["One", "Two"]


def test_a_picture_that_is_none_is_no_cover(tmp_path: Path) -> None:
    entries = epub_entries(PAGES, manifest=COVER_ITEM)
    assert read(make_zip(tmp_path / "b", {**entries, "OEBPS/img/cover one.png": b"GIF89a"})).cover is None


def test_a_damaged_package_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    entries = epub_entries(PAGES)
    entries["OEBPS/book.opf"] = str(entries["OEBPS/book.opf"]).replace("</spine>", "</spine><broken & ")
    assert titles(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["One", "Two"]


def test_a_book_without_a_container_is_found_by_its_package_file(tmp_path: Path) -> None:
    entries = epub_entries(PAGES)
    del entries["META-INF/container.xml"]
    assert titles(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["One", "Two"]


def test_several_authors_are_named_together(tmp_path: Path) -> None:
    metadata = "<dc:title>T</dc:title><dc:title>subtitle</dc:title><dc:creator>A</dc:creator><dc:creator>B</dc:creator>"
    document = read(make_epub(tmp_path / "b", PAGES, metadata=metadata))
    assert (document.title, document.author) == ("T", "A, B")


def test_encrypted_pages_are_refused_and_obfuscated_fonts_are_not(tmp_path: Path) -> None:
    def locked(name: str) -> Path:
        encryption = (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData><CipherData>'
            f'<CipherReference URI="{name}"/></CipherData></EncryptedData></encryption>'
        )
        return make_zip(tmp_path / "b", {**epub_entries(PAGES), "META-INF/encryption.xml": encryption})

    assert len(list(read(locked("OEBPS/font.otf")).blocks)) == 6
    with pytest.raises(UnreadableInput, match="DRM"):
        read(locked("OEBPS/one.xhtml"))


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"a.txt": "x"}, "no package file"),
        ({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": "<package/>"}, "spine is empty"),
        ({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": ""}, "not XML"),
    ],
)
def test_what_is_no_book_is_refused(tmp_path: Path, entries: dict[str, str | bytes], says: str) -> None:
    with pytest.raises(UnreadableInput, match=says):
        read(make_zip(tmp_path / "b", entries))


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("place", ["META-INF/container.xml", "OEBPS/book.opf", "OEBPS/one.xhtml"])
def test_entities_are_refused_wherever_they_are_declared(tmp_path: Path, place: str) -> None:
    entries = epub_entries(PAGES)
    entries[place] = str(entries[place]).replace("?>", f"?>{ENTITY}", 1)
    with pytest.raises(BadInput, match="entities"):
        list(read(make_zip(tmp_path / "b", entries)).blocks)


def texts(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks if not isinstance(block, Chapter)]


def replace_item(entries: dict[str, str | bytes], old: str, new: str) -> dict[str, str | bytes]:
    package = str(entries["OEBPS/book.opf"])
    assert old in package
    return {**entries, "OEBPS/book.opf": package.replace(old, new)}


ITEM_ONE = '<item id="p0" href="one.xhtml" media-type="application/xhtml+xml"/>'


@pytest.mark.parametrize("name", ["one.png", "one.xhtml"])
def test_a_picture_in_the_reading_order_is_skipped_and_counted(tmp_path: Path, name: str) -> None:
    item = ITEM_ONE.replace("one.xhtml", name)
    item = item.replace("application/xhtml+xml", "image/png") if name.endswith("png") else item
    entries = {**replace_item(epub_entries(PAGES), ITEM_ONE, item), f"OEBPS/{name}": make_png()}
    document = read(make_zip(tmp_path / "b", entries))
    assert texts(list(document.blocks)) == ["Two", "Second page."]
    assert document.warnings == ["Left out: pages with pictures alone (1)."]


def test_what_stands_in_for_a_picture_is_read_over_several_steps(tmp_path: Path) -> None:
    items = (
        '<item id="p0" href="a.png" media-type="image/png" fallback="f"/><item id="f" href="b.pdf" '
        'media-type="application/pdf" fallback="g"/><item id="g" href="c.xhtml" media-type="application/xhtml+xml"/>'
    )
    entries = replace_item(epub_entries(PAGES, nav='<li><a href="c.xhtml">C</a></li>'), ITEM_ONE, items)
    entries |= {"OEBPS/a.png": make_png(), "OEBPS/b.pdf": b"%PDF-1.4", "OEBPS/c.xhtml": "<html><body><p>Text.</p>"}
    assert list(read(make_zip(tmp_path / "b", entries)).blocks)[:2] == [Chapter("C"), Paragraph("Text.")]


def test_fallbacks_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    item = '<item id="p0" href="a.png" media-type="image/png" fallback="p0"/>'
    entries = {**replace_item(epub_entries(PAGES), ITEM_ONE, item), "OEBPS/a.png": make_png()}
    assert texts(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["Two", "Second page."]


@pytest.mark.parametrize(
    "media_type", ["", "text/xml", "application/octet-stream", "text/html; charset=utf-8", "IMAGE/x"]
)
def test_a_page_is_read_whatever_the_manifest_calls_it(tmp_path: Path, media_type: str) -> None:
    entries = replace_item(epub_entries(PAGES), ITEM_ONE, ITEM_ONE.replace("application/xhtml+xml", media_type))
    assert texts(list(read(make_zip(tmp_path / "b", entries)).blocks))[:2] == ["One", "First page."]


@pytest.mark.parametrize(
    "page",
    ['<p><img src="a.png"/></p>', '<svg xmlns="http://www.w3.org/2000/svg"><image/></svg>', '<h1></h1><img alt="A"/>'],
)
def test_a_book_of_pictures_alone_is_refused_as_such(tmp_path: Path, page: str) -> None:
    with pytest.raises(UnreadableInput, match="pictures alone"):
        list(read(make_epub(tmp_path / "b", {"one.xhtml": page, "two.xhtml": page})).blocks)


def test_an_entry_whose_place_is_missing_begins_at_the_top_of_its_page(tmp_path: Path) -> None:
    pages = {"one.xhtml": '<p>a</p><p id="b">b</p><!-- <p id="c">x</p> -->', "two.xhtml": "<p>c</p>"}
    nav = "".join(f'<li><a href="{href}">{href}</a></li>' for href in ["two.xhtml#x", "one.xhtml#b", "one.xhtml#c"])
    assert list(read(make_epub(tmp_path / "b", pages, nav=nav)).blocks) == [
        Chapter("one.xhtml#c"),
        Paragraph("a"),
        Chapter("one.xhtml#b"),
        Paragraph("b"),
        Chapter("two.xhtml#x"),
        Paragraph("c"),
    ]


def test_a_part_and_its_first_chapter_at_one_place_are_one_chapter(tmp_path: Path) -> None:
    pages = {"one.xhtml": '<section id="p"><h1>Part</h1><section id="c"><h2>One</h2><p>a</p></section></section>'}
    nav = '<li><a href="one.xhtml">Part</a></li><li><a href="one.xhtml#c">One</a></li>'
    assert titles(list(read(make_epub(tmp_path / "b", pages, nav=nav)).blocks)) == ["Part", "One"]
    pages = {"one.xhtml": '<section id="p"><div id="c"><p>a</p></div></section>'}
    nav = '<li><a href="one.xhtml#p">Part</a></li><li><a href="one.xhtml#c">One</a></li>'
    assert titles(list(read(make_epub(tmp_path / "b", pages, nav=nav)).blocks)) == ["Part – One"]


def test_a_table_of_contents_that_leads_nowhere_is_none(tmp_path: Path) -> None:
    nav = '<li><a href="none.xhtml">None</a></li>'
    assert titles(list(read(make_epub(tmp_path / "b", PAGES, nav=nav)).blocks)) == ["One", "Two"]


def with_guide(href: str) -> str:
    return (
        f'<itemref idref="p0"/><itemref idref="p1"/></spine><guide><reference type="toc" href="{href}"/></guide><spine>'
    )


CONTENTS = "<h1>Contents</h1><p>Chapter 1 ..... 3</p>"
LINKED = '<h1>Contents</h1><p id="toc"><a href="two.xhtml">The first chapter of the book</a></p>'
WITHIN = "<h1>Book</h1><p id='toc'>How it began, and went on.</p>"
PROSE = f"<h1>Book</h1><p id='toc'>Contents</p><p>{'It goes on. ' * 30}</p>"


@pytest.mark.parametrize(
    ("page", "href", "is_read"),
    [
        (CONTENTS, "one.xhtml", False),
        (LINKED, "one.xhtml#toc", False),
        (PROSE, "one.xhtml", True),
        (CONTENTS, "one.xhtml#toc", False),
        (WITHIN, "one.xhtml#toc", True),
    ],
)
def test_the_contents_page_of_the_guide_is_not_read_unless_it_is_more(
    tmp_path: Path, page: str, href: str, is_read: bool
) -> None:
    pages = {**PAGES, "one.xhtml": page}
    found = texts(list(read(make_epub(tmp_path / "b", pages, spine=with_guide(href))).blocks))
    assert (len(found) > 2) is is_read
    assert found[-2:] == ["Two", "Second page."]


def test_navigation_in_the_reading_order_is_not_read_but_other_text_of_its_page_is(tmp_path: Path) -> None:
    spine = '<itemref idref="nav"/><itemref idref="p1"/>'
    entries = epub_entries(PAGES, nav=NAV, spine=spine)
    assert texts(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["Two", "Second page."]
    entries["OEBPS/nav.xhtml"] = str(entries["OEBPS/nav.xhtml"]).replace("</nav>", "</nav><h1>One</h1><p>Text.</p>")
    assert texts(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["One", "Text.", "Two", "Second page."]


def test_pages_outside_of_the_reading_order_are_left_out_and_counted(tmp_path: Path) -> None:
    spine = '<itemref idref="p0" linear="no"/><itemref idref="p1"/>'
    document = read(make_epub(tmp_path / "b", PAGES, nav=NAV, spine=spine))
    assert titles(list(document.blocks)) == ["Chapter Two"]
    assert document.warnings == ["Left out: pages outside of the reading order (1)."]
    spine = '<itemref idref="p0" linear="no"/><itemref idref="p1" linear="no"/>'
    assert titles(list(read(make_epub(tmp_path / "b", PAGES, nav=NAV, spine=spine)).blocks)) == [
        "Chapter One",
        "Chapter Two",
    ]


def test_notes_on_pages_of_their_own_are_read_inline(tmp_path: Path) -> None:
    pages = {
        "one.xhtml": '<p>Word<a epub:type="noteref" href="notes.xhtml#n1">1</a>.</p>',
        "notes.xhtml": '<section epub:type="endnotes"><p id="n1"><a href="one.xhtml#x">1</a> Note.</p></section>',
    }
    spine = '<itemref idref="p0"/><itemref idref="p1" linear="no"/>'
    for parts in ({}, {"spine": spine}):
        document = read_file(make_epub(tmp_path / "b", pages, **parts), Limits(), ReadingOptions(notes="inline"))
        assert texts(list(document.blocks)) == ["Word (Note.)."]
    assert texts(list(read(make_epub(tmp_path / "b", pages)).blocks)) == ["Word."]


def with_note_page(spine: str) -> dict[str, str | bytes]:
    note = '<p>A cat<a epub:type="noteref" href="n.xhtml#n">1</a>.</p>'
    pages = {
        "one.xhtml": note,
        "two.xhtml": "<p>More.</p>",
        "n.xhtml": '<aside epub:type="footnote" id="n"><p>A note.</p></aside>',
    }
    return epub_entries(pages, spine=f'<itemref idref="p0"/>{spine}<itemref idref="p1"/>')


@pytest.mark.parametrize("spine", ["", '<itemref idref="p2" linear="no"/>', '<itemref idref="p2" linear=" No"/>'])
@pytest.mark.parametrize(
    ("mode", "expected"),
    [("inline", ["A cat (A note.).", "More."]), ("end", ["A cat.", "More.", "A note."]), ("skip", ["A cat.", "More."])],
)
def test_notes_on_a_page_outside_of_the_reading_order_are_read_as_asked(
    tmp_path: Path, spine: str, mode: NotesMode, expected: list[str]
) -> None:
    path = make_zip(tmp_path / "b", with_note_page(spine))
    assert texts(list(read_file(path, Limits(), ReadingOptions(notes=mode)).blocks)) == expected


def test_what_stands_in_for_a_missing_file_is_read(tmp_path: Path) -> None:
    manifest = '<item id="x" href="none.xml" media-type="application/x" fallback="p0"/>'
    path = make_epub(tmp_path / "b", {"one.xhtml": "<p>Text.</p>"}, manifest=manifest, spine='<itemref idref="x"/>')
    document = read(path)
    assert (texts(list(document.blocks)), document.warnings) == (["Text."], [])


def test_style_sheets_and_lexicons_of_the_book_are_used(tmp_path: Path) -> None:
    entries = epub_entries({"one.xhtml": '<p class="gone">no</p><p>The Thames.</p>'})
    head = (
        '<head><link rel="stylesheet" href="css/a.css"/><link rel="stylesheet" href="none.css"/>'
        '<link rel="pronunciation" type="application/pls+xml" href="en.pls"/></head>'
    )
    entries["OEBPS/one.xhtml"] = str(entries["OEBPS/one.xhtml"]).replace("<head><title/></head>", head)
    lexicon = "<lexicon><lexeme><grapheme>Thames</grapheme><phoneme>tɛmz</phoneme></lexeme></lexicon>"
    entries |= {"OEBPS/css/a.css": ".gone { display: none }", "OEBPS/en.pls": lexicon}
    document = read(make_zip(tmp_path / "b", entries))
    assert list(document.blocks) == [Paragraph("The Thames.", spoken_forms=(SpokenForm(4, 10, "ipa", "tɛmz"),))]
    assert document.warnings == ["Left out: hidden passages (1)."]
    document = read(make_zip(tmp_path / "b", {**entries, "OEBPS/en.pls": "no xml"}))
    assert list(document.blocks) == [Paragraph("The Thames.")]
    assert document.warnings[0] == "A pronunciation lexicon of the book could not be read: OEBPS/en.pls."


def test_old_pages_have_the_encoding_that_they_declare_that_is_given_or_that_fits_the_language(tmp_path: Path) -> None:
    polish = "Zażółć gęślą jaźń. Wiedźma źle się czuła, więc poszła spać do łóżka."
    metadata = "<dc:title>T</dc:title><dc:language>pl</dc:language>"
    for start, options, metadata_used in (
        ('<?xml version="1.0" encoding="windows-1250"?>', {}, ""),
        ("", {}, metadata),
        ("", {"encoding": "windows-1250"}, ""),
    ):
        entries = epub_entries({"one.xhtml": "", "two.xhtml": "<p>Grüße</p>"}, metadata=metadata_used)
        entries["OEBPS/one.xhtml"] = f"{start}<html><body><p>{polish}</p></body></html>".encode("cp1250")
        document = read_file(make_zip(tmp_path / "b", entries), Limits(), ReadingOptions(**options))
        assert texts(list(document.blocks)) == [polish, "Grüße"]


def test_the_language_of_a_page_is_that_of_its_text(tmp_path: Path) -> None:
    entries = epub_entries(PAGES)
    entries["OEBPS/two.xhtml"] = str(entries["OEBPS/two.xhtml"]).replace("<html ", '<html xml:lang="fr" lang="fr" ')
    blocks = list(read(make_zip(tmp_path / "b", entries)).blocks)
    french = ((0, Style(language="fr")),)
    assert blocks[1:3] == [Heading("One", 1), Paragraph("First page.")]
    assert blocks[4:] == [Heading("Two", 1, styles=french), Paragraph("Second page.", styles=french)]


def test_the_boilerplate_of_project_gutenberg_is_left_out_over_pages(tmp_path: Path) -> None:
    pages = {
        "one.xhtml": "<pre>The Project Gutenberg EBook of X\n\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***</pre>",
        "two.xhtml": "<p>Text.</p>",
        "end.xhtml": "<p>*** END OF THIS PROJECT GUTENBERG EBOOK X ***</p><p>Licence</p>",
    }
    document = read(make_epub(tmp_path / "b", pages))
    assert texts(list(document.blocks)) == ["Text."]
    assert document.warnings == ["Left out: licence texts of Project Gutenberg (2)."]


CONTENTS_LINKS = '<p><a href="one.xhtml">Eins</a></p><p>TEIL II</p><p><a href="two.xhtml">Zwei</a></p>'


def test_a_page_of_links_that_nothing_names_is_no_text_and_is_counted(tmp_path: Path) -> None:
    nav = f'<li><a href="c.xhtml">Inhalt</a></li>{NAV}'
    links = f'{CONTENTS_LINKS}<p><a href="two.xhtml#x">Das dritte</a></p>'
    document = read(make_epub(tmp_path / "b", {"c.xhtml": links, **PAGES}, nav=nav))
    assert texts(list(document.blocks)) == ["One", "First page.", "Two", "Second page."]
    assert document.warnings == ["Left out: pages with a table of contents (1)."]
    story = '<p>You wake.</p><p><a href="one.xhtml">Run.</a></p><p><a href="two.xhtml">Wait.</a></p><p>It rains.</p>'
    assert len(texts(list(read(make_epub(tmp_path / "b", {"c.xhtml": story, **PAGES})).blocks))) == 8


def test_a_word_that_a_page_breaks_off_is_joined(tmp_path: Path) -> None:
    pages = {
        "a.xhtml": '<p>An exam-</p><p class="pagenum">12</p><p>ple, and he went to the</p>'
        '<div epub:type="pagebreak" title="13"/><p>house. It was well-</p>',
        "b.xhtml": "<p>known.</p>",
    }
    document = read(make_epub(tmp_path / "b", pages))
    assert list(document.blocks) == [
        Paragraph("An example, and he went to the"),
        Paragraph("house. It was well-known.", continues=True),
    ]


def test_ids_that_two_files_have_mean_the_first_and_then_the_second(tmp_path: Path) -> None:
    entries = epub_entries(PAGES, spine='<itemref idref="p0"/><itemref idref="p0"/>')
    entries["OEBPS/book.opf"] = str(entries["OEBPS/book.opf"]).replace('id="p1"', 'id="p0"')
    assert texts(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["One", "First page.", "Two", "Second page."]


def test_a_book_of_apple_that_is_protected_is_refused_as_such(tmp_path: Path) -> None:
    entries = {**epub_entries(PAGES), "META-INF/sinf.xml": "<sinf/>"}
    with pytest.raises(UnreadableInput, match="DRM"):
        read(make_zip(tmp_path / "b", entries))


def test_pages_in_utf_16_without_a_mark_are_read(tmp_path: Path) -> None:
    for codec in ("utf-16-le", "utf-16-be"):
        entries = epub_entries({"one.xhtml": "<p>Größe.</p>"})
        entries["OEBPS/one.xhtml"] = str(entries["OEBPS/one.xhtml"]).encode(codec)
        assert texts(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["Größe."]

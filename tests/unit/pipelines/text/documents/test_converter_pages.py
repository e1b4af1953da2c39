"""Pages as programs and publishers write them, each as the page of a small book."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Chapter
from pipelines.text.documents.epub_reader import read_file
from tests.document_factories import make_epub

PAGES = {
    "Kobo": (
        '<p><span class="koboSpan" id="kobo.1.1">He said. </span><span class="koboSpan" '
        'id="kobo.1.2">She ran.</span></p>',
        ["He said. She ran."],
    ),
    "InDesign": (
        '<p class="Body-Text"><span class="Drop-Cap _idGenDropcap-1">T</span><span>he ti</span><span>de was '
        'extraor\u00addinary</span>.</p><p class="Folio">24</p><p>x<span class="Superscript"><a href="#f1" '
        'class="_idFootnoteLink">1</a></span>.</p><div id="f1" class="_idFootnote" '
        'epub:type="footnote">1 A note</div>',
        ["The tide was extraordinary.", "x."],
    ),
    "Standard Ebooks": (
        '<h2 epub:type="ordinal z3998:roman">IV</h2><p>Mr. Smith<a href="e.xhtml#n1" '
        'epub:type="noteref">1</a> ran.</p>'
        "<blockquote "
        'epub:type="z3998:poem"><p><span>One,</span><br/><span>Two.</span></p><p><span>Three</span><br/>'
        "<span>Four</span></p></blockquote>",
        ["IV", "Mr. Smith ran.", "One,/Two.", "Three/Four"],
    ),
    "DocBook": (
        '<div class="note" title="Note"><h3 class="title">Note</h3><p>Mind the '
        'gap.</p></div><p>See it.<a href="#ftn.id1" '
        'class="footnote"><sup class="footnote">[1]</sup></a></p><div class="footnotes"><div '
        'class="footnote"><p><sup>[<a '
        'id="ftn.id1" href="#id1">1</a>]</sup> Foot.</p></div></div>',
        ["Note", "Mind the gap.", "See it."],
    ),
    "Project Gutenberg": (
        '<h2><a id="I"></a>I<br/>THE RIVER</h2><p><span class="dropcap">I</span>t was dark.<a href="#Footnote_1" '
        'class="fnanchor">[1]</a> Then it rain<span class="pagenum"><a '
        'id="Page_2">[2]</a></span>ed.</p><div class="poetry">'
        '<div class="stanza"><div class="verse indent0"><span class="versenum">1</span>O '
        'ship</div><div class="verse">Sail on'
        '</div></div></div><div class="footnotes"><div class="footnote"><p><a '
        'id="Footnote_1"></a>[1] In 1812.</p></div></div>',
        ["I/THE RIVER", "It was dark. Then it rained.", "O ship/Sail on"],
    ),
    "The Waste Land": (
        '<div class="linegroup"><div class="line">April is the cruellest month, breeding</div><div '
        'class="line">Lilacs out '
        'of the dead land, mixing<span class="lnum">10</span></div></div>',
        ["April is the cruellest month, breeding/Lilacs out of the dead land, mixing"],
    ),
    "A quiz": (
        '<p>Q</p><object type="application/x-demo-quiz"><p>Ask yourself.</p></object><video src="v"><p>No</p></video>',
        ["Q", "Ask yourself."],
    ),
}


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_is_read_in_full_and_without_what_is_no_text(tmp_path: Path, kind: str) -> None:
    page, expected = PAGES[kind]
    document = read_file(make_epub(tmp_path / "b", {"a.xhtml": page}), Limits())
    found = [block.text.replace("\n", "/") for block in document.blocks if not isinstance(block, Chapter)]
    assert found == expected

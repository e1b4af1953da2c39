"""Which parts of a saved web page are not its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Chapter
from pipelines.text.documents.html_reader import read_file
from pipelines.text.documents.html_rules import Omission
from pipelines.text.documents.web_pages import find_web_part

ENCYCLOPEDIA = """<!DOCTYPE html><html lang="en"><head><title>Ada</title></head><body>
<a class="mw-jump-link" href="#bodyContent">Jump to content</a>
<div id="mw-navigation"><ul><li><a href="/wiki/Main_Page">Main page</a></li></ul></div>
<div id="content" role="main"><h1>Ada</h1><div id="siteSub">From the free encyclopedia</div>
<div role="note" class="hatnote">For the film, see <a href="/wiki/Film">film</a>.</div>
<p>Ada was first.<sup class="reference"><a href="#cite-1">[1]</a></sup> She
wrote.<sup class="noprint Inline-Template">[<i><a href="/w">citation needed</a></i>]</sup> She
left.<sup class="reference"><a href="#cite-2"><span>&#91;</span>note 1<span>&#93;</span></a></sup></p>
<div id="toc" class="toc" role="navigation"><h2>Contents</h2><ul><li><a href="#Life">1 Life</a></li></ul></div>
<h2>Life<span class="mw-editsection">[<a href="/w/edit">edit</a>]</span></h2><p>She lived.</p>
<ol class="references"><li id="cite-1">^ Fuegi.</li><li id="cite-2">^ Toole.</li></ol>
<div role="navigation" class="navbox">v t e Pioneers</div><div class="printfooter">Retrieved from here</div>
<div id="catlinks"><a href="x">Categories</a></div></div>
<footer role="contentinfo"><p>This page was last edited.</p></footer></body></html>"""


def lines(tmp_path: Path, page: str) -> list[str]:
    path = tmp_path / "page.html"
    path.write_text(page)
    return [block.text for block in read_file(path, Limits()).blocks if not isinstance(block, Chapter)]


def test_an_encyclopedia_is_read_without_its_links_boxes_and_notices(tmp_path: Path) -> None:
    assert lines(tmp_path, ENCYCLOPEDIA) == ["Ada", "Ada was first. She wrote. She left.", "Life", "She lived."]


def test_only_the_main_part_of_a_page_is_read_where_it_is_the_text(tmp_path: Path) -> None:
    around = "<header>The Daily Blog</header>", "<aside><h2>Recent posts</h2></aside><footer>© 2024</footer>"
    text = "<h1>Rome</h1><p>We went to Rome, and it took three days in all to get there by train.</p>"
    share = '<div class="sharedaddy"><h3>Share this:</h3><ul><li>Facebook</li></ul></div>'
    expected = ["Rome", "We went to Rome, and it took three days in all to get there by train."]
    assert lines(tmp_path, f"{around[0]}<main>{text}{share}</main>{around[1]}") == expected
    # The title, or most of the text, stands outside.
    assert lines(tmp_path, f"<h1>Home</h1><main><p>{expected[1]}</p></main>") == ["Home", expected[1]]
    assert lines(tmp_path, f"<main><p>Hello.</p></main>{text}") == ["Hello.", *expected]


@pytest.mark.parametrize(
    ("tag", "attributes", "expected"),
    [
        ("div", {"role": "navigation"}, Omission.NAVIGATION),
        ("form", {"role": "search"}, Omission.WEB_PART),
        ("div", {"class": "social-share-buttons"}, Omission.WEB_PART),
        ("p", {"class": "MsoToc1"}, Omission.CONTENTS),
        ("div", {"id": "siteNotice"}, Omission.WEB_PART),
        ("body", {"class": "noprint"}, None),
        ("aside", {"role": "complementary"}, None),
        ("div", {"role": "note"}, None),
        ("div", {"class": "advertisement"}, None),
        ("section", {"id": "comments"}, None),
        ("p", {}, None),
    ],
)
def test_roles_classes_and_ids_tell_what_stands_around_the_text(
    tag: str, attributes: dict[str, str], expected: Omission | None
) -> None:
    assert find_web_part(tag, attributes) is expected


def test_a_page_that_word_saved_is_read_without_bullets_contents_and_notes(tmp_path: Path) -> None:
    page = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p {margin:0} --></style></head>'
        "<body lang=EN-US><p class=MsoToc1><a href='#_Toc1'>1 Start ... 1</a></p><h1><a name=_Toc1></a>"
        "<![if !supportLists]><span style='mso-list:Ignore'>1.<span>&nbsp; </span></span><![endif]>Start"
        "<o:p></o:p></h1>"
        '<p>Hello<a href="#_ftn1" name="_ftnref1"><span class=MsoFootnoteReference>[1]</span></a>.</p>'
        "<p><span style='mso-list:Ignore'>·<span>&nbsp; </span></span>First</p>"
        '<div id=ftn1><p><a href="#_ftnref1" name="_ftn1">[1]</a> A note.</p></div></body></html>'
    )
    assert lines(tmp_path, page) == ["1. Start", "Hello.", "First"]

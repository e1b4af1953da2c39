"""Poems, and marks before items of lists."""

from __future__ import annotations

import pytest

from pipelines.text.documents.html_blocks import parse_html
from pipelines.text.documents.verse import is_bullet

PROSE = (
    "A paragraph in a box for poems, which goes on for far longer than any line of verse that was ever written down."
)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            '<div class="stanza"><div class="verse">O ship</div><div class="verse">Sail on</div></div>',
            ["O ship\nSail on"],
        ),
        ('<div class="poem"><p>a<br>b</p><p>c<br>d</p></div>', ["a\nb", "c\nd"]),
        (
            '<div class="poem"><div class="stanza"><p>a</p><p>b</p></div><div class="stanza"><p>c</p></div></div>',
            ["a\nb", "c"],
        ),
        ('<section epub:type="z3998:poem"><p><span>a</span><br><span>b</span></p></section>', ["a\nb"]),
        ("<linegroup><line>a</line><line>b<linenum>2</linenum></line></linegroup>", ["a\nb"]),
        (f'<div class="poem"><p>{PROSE} {PROSE}</p><p>b</p></div>', [f"{PROSE} {PROSE}", "b"]),
        ("<p>a</p><p>b</p>", ["a", "b"]),
    ],
)
def test_the_lines_of_a_stanza_are_one_text(page: str, expected: list[str]) -> None:
    assert [block.text for block in parse_html([page])] == expected  # type: ignore[union-attr] # no chapters here


@pytest.mark.parametrize(
    ("content", "expected"), [("·", True), ("o", True), ("1.", False), ("2.1", False), ("(a)", False)]
)
def test_the_sign_before_an_item_is_no_text_and_its_number_is(content: str, expected: bool) -> None:
    assert is_bullet({"style": "mso-list:Ignore"}, content) is expected
    assert not is_bullet({}, content)

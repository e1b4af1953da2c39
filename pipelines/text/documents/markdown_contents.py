"""Finds what leads through a Markdown text rather than being text of it: links to its places and to other pages.

Knows tokens of markdown-it and blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from markdown_it.token import Token

from pipelines.text.document import Block, Heading

from .html_rules import Omission, is_navigation
from .linked_contents import is_contents_title
from .reading import Reading


def is_link_within(children: Sequence[Token]) -> bool:
    """Whether all of a text is a link to another place of the document, as in a table of contents."""
    return (
        len(children) > 1
        and children[0].type == "link_open"
        and str(children[0].attrs.get("href", "")).startswith("#")
        and [child.type for child in children].index("link_close") == len(children) - 1
    )


def leads_to_other_pages(children: Sequence[Token], text: str) -> bool:
    """Whether a paragraph is nothing but links such as "Next topic | Contents". `text`: of all its children."""
    if len(children) < 2 or not is_navigation(text):
        return False
    linked, is_in_link = 0, False
    for child in children:
        if child.type in ("link_open", "link_close"):
            is_in_link = child.type == "link_open"
        elif is_in_link:
            linked += len(child.content)
    return 2 * linked > len(text)


def drop_contents_titles(blocks: Iterable[Block], reading: Reading) -> Iterator[Block]:
    """The blocks without the titles of tables of contents of which all entries are left out."""
    title: Heading | None = None
    before = 0
    for block in blocks:
        is_left_out = isinstance(block, Heading) and reading.omissions[Omission.NAVIGATION] > before
        if title is not None and not is_left_out:
            yield title
        title, before = None, reading.omissions[Omission.NAVIGATION]
        if isinstance(block, Heading) and is_contents_title(block.text):
            title = block
        else:
            yield block
    if title is not None and reading.omissions[Omission.NAVIGATION] == before:
        yield title

"""Leaves out what Project Gutenberg puts around and into its pages of HTML: header, licence, descriptions of pictures.

Newer pages name these by classes, which html_rules.py knows; older ones have the lines of the plain texts.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import Block, Chapter, Paragraph

from .gutenberg import is_credits, is_header_end, is_licence_start
from .html_rules import Omission
from .reading import Reading

_MENTION = "gutenberg"
#: Blocks within which the header mentions the project, and ends.
_MENTION_BLOCKS, _HEADER_BLOCKS = 20, 120
_TRANSCRIBER = re.compile(r"\W*Transcriber['’]?s?['’]? notes?\b", re.I)
_PICTURE = re.compile(r"\s*\[(?:Illustration|Picture|Image)\b[^\[\]]*\]", re.I)


def skip_boilerplate_blocks(blocks: Iterable[Block], reading: Reading) -> Iterator[Block]:
    """The blocks between the header and the licence, of a book that has them; of any other book all blocks."""
    blocks = iter(blocks)
    held: list[Block] = []
    mentions = is_begun = False
    for number, block in enumerate(blocks):
        text = _text(block)
        mentions = mentions or _MENTION in text.lower()
        held.append(block)
        if mentions and is_header_end(text):
            reading.omissions[Omission.BOILERPLATE] += 1
            held = []
            break
        if number >= _HEADER_BLOCKS or (number >= _MENTION_BLOCKS and not mentions):
            break
    for block in itertools.chain(held, blocks):
        # Newer pages name the header by its class, and it was left out before.
        mentions = mentions or bool(reading.omissions[Omission.BOILERPLATE])
        if mentions and is_licence_start(_text(block)):
            reading.omissions[Omission.BOILERPLATE] += 1
            return
        if mentions and isinstance(block, Paragraph) and (kind := _find_addition(block.text, is_begun=is_begun)):
            reading.omissions[kind] += 1
            continue
        is_begun = is_begun or isinstance(block, Paragraph)
        yield block


def _find_addition(text: str, *, is_begun: bool) -> Omission | None:
    """What a paragraph is that those added who made the file; None for text of the book."""
    if not is_begun and is_credits(text):
        return Omission.BOILERPLATE
    return Omission.TRANSCRIBER if _TRANSCRIBER.match(text) else None


def leave_out_pictures(text: AnnotatedText, reading: Reading) -> AnnotatedText:
    """The text without descriptions of pictures in square brackets."""
    if "[" not in text.text:
        return text
    kept, at = AnnotatedText(), 0
    for found in _PICTURE.finditer(text.text):
        kept, at = kept.join(text.slice(at, found.start())), found.end()
        reading.omissions[Omission.PICTURE] += 1
    return kept.join(text.slice(at, len(text))).strip() if at else text


def _text(block: Block) -> str:
    return block.title if isinstance(block, Chapter) else block.text

"""Dialogue: "[Alice] Hello." is spoken by Alice's voice. Knows names and blocks; not which voices exist.

A name in square brackets counts if the cast has it; other brackets are text. It applies until the next name or the end
of its paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .document import Block, Paragraph
from .style import NEUTRAL_STYLE, Style

#: The speaker of text without a name.
NARRATOR = "narrator"


def resolve_voice(name: str, cast: Mapping[str, str]) -> str:
    """The voice of a name in the cast, in any case; another name is taken as a voice itself."""
    return next((voice for known, voice in cast.items() if known.casefold() == name.casefold()), name)


def apply_cast(blocks: Iterable[Block], cast: Mapping[str, str]) -> Iterator[Block]:
    """The blocks, with paragraphs split at the names; each part has the voice of the name before it as its style."""
    names = "|".join(re.escape(name) for name in sorted(cast, key=lambda name: (-len(name), name)))
    tag = re.compile(rf"\[\s*({names})\s*\]\s*:?\s*", re.IGNORECASE)
    style = NEUTRAL_STYLE
    for block in blocks:
        if not isinstance(block, Paragraph):
            yield block
            continue
        if not block.continues:
            style = NEUTRAL_STYLE
        before, *tagged = tag.split(block.text)
        if before.strip() or not tagged:
            yield Paragraph(before.strip(), block.continues, style)
        for name, text in zip(tagged[::2], tagged[1::2], strict=True):
            style = NEUTRAL_STYLE if name.casefold() == NARRATOR else Style(voice=resolve_voice(name, cast))
            if text.strip():
                yield Paragraph(text.strip(), style=style)

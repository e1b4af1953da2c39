"""Dialogue: "[Alice] Hello." is said by Alice's voice. Knows names and blocks; nothing of what voices there are.

A name in square brackets counts where the cast has it; other brackets are text. It holds to the end of its paragraph,
or to the next name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .document import Block, Paragraph
from .style import PLAIN, Style

#: Who speaks what nobody is named for.
NARRATOR = "narrator"


def voice_of(name: str, cast: Mapping[str, str]) -> str:
    """The voice that a name stands for; a name that is not in the cast is a voice itself."""
    return next((voice for known, voice in cast.items() if known.casefold() == name.casefold()), name)


def directed(blocks: Iterable[Block], cast: Mapping[str, str]) -> Iterator[Block]:
    """The blocks, each paragraph with the voice of whoever is named in front of it, and without that name."""
    names = "|".join(re.escape(name) for name in sorted(cast, key=lambda name: (-len(name), name)))
    tag = re.compile(rf"\[\s*({names})\s*\]\s*:?\s*", re.IGNORECASE)
    style = PLAIN
    for block in blocks:
        if not isinstance(block, Paragraph):
            yield block
            continue
        if not block.continues:
            style = PLAIN
        before, *tagged = tag.split(block.text)
        if before.strip() or not tagged:
            yield Paragraph(before.strip(), block.continues, style)
        for name, text in zip(tagged[::2], tagged[1::2], strict=True):
            style = PLAIN if name.casefold() == NARRATOR else Style(voice=voice_of(name, cast))
            if text.strip():
                yield Paragraph(text.strip(), style=style)

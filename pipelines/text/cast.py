"""Dialogue: "[Alice] Hello." is spoken by Alice's voice. Knows names and blocks; not which voices exist.

A name in square brackets counts if the cast has it; other brackets are text. It applies until the next name or the end
of its paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pipelines.text.case_folding import fold_case

from .annotated_text import AnnotatedText
from .document import Block, Paragraph
from .style import NEUTRAL_STYLE

#: The speaker of text without a name.
NARRATOR = "narrator"
_TAG = re.compile(r"\[([^\[\]]*)\]\s*:?\s*")


def resolve_voice(name: str, cast: Mapping[str, str]) -> str:
    """The voice of a name in the cast, in any case; another name is taken as a voice itself."""
    return next((voice for known, voice in cast.items() if known.casefold() == name.casefold()), name)


def apply_cast(blocks: Iterable[Block], cast: Mapping[str, str]) -> Iterator[Block]:
    """The blocks, with paragraphs split at the names; each part has the voice of the name before it in its styles."""
    names, voices = {fold_case(name) for name in cast}, dict[str, str]()
    for name, its_voice in cast.items():
        voices.setdefault(name.casefold(), its_voice)
    voice: str | None = None
    for block in blocks:
        if not isinstance(block, Paragraph):
            yield block
            continue
        if not block.continues:
            voice = None
        text, start, continues = block.annotated, 0, block.continues
        tags = [found for found in _TAG.finditer(block.text) if fold_case(found.group(1).strip()) in names]
        for found in tags:
            before = text.slice(start, found.start()).strip()
            if before.text:
                yield Paragraph.from_annotated(_speak(before, voice), continues=continues)
            name = found.group(1).strip()
            voice = None if name.casefold() == NARRATOR else voices.get(name.casefold(), name)
            start, continues = found.end(), False
        rest = text.slice(start, len(text)).strip()
        if rest.text or not tags:
            yield Paragraph.from_annotated(_speak(rest, voice), continues=continues)


def _speak(text: AnnotatedText, voice: str | None) -> AnnotatedText:
    """The text with this voice, whatever else its styles say; None leaves it as it is."""
    if voice is None:
        return text
    styles = text.styles if text.styles and text.styles[0][0] == 0 else [(0, NEUTRAL_STYLE), *text.styles]
    return replace(text, styles=[(start, replace(style, voice=voice)) for start, style in styles])

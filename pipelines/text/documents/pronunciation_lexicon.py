"""Reads the pronunciation lexicons of EPUB 3: PLS 1.0, W3C. Their words become spoken forms of a page's text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from langcodes import tag_is_valid

from pipelines.errors import BadInput, UnreadableInput
from pipelines.language_tags import same_language
from pipelines.text.aligned_text import AlignedText
from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import clean_text
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.pronunciation.x_sampa import to_ipa
from pipelines.text.style import SpokenForm
from pipelines.text.typography import normalise_typography

from .safe_xml import local_name, parse_xml

PLS_TYPE = "application/pls+xml"
MAX_WORDS = 10_000
_MAX_LENGTH = 200


def read_lexicon(data: bytes, language: str | None = None) -> dict[str, str]:
    """Words and what is said for them, phonemes between slashes. Raises `UnreadableInput` for what is no lexicon.

    `language`: of the text, BCP 47; a lexicon that is for another one has no words for it. None = any.
    """
    try:
        root = parse_xml(data, "A pronunciation lexicon of the book")
    except BadInput as error:
        raise UnreadableInput(str(error), field="file") from error
    if local_name(root) != "lexicon":
        raise UnreadableInput("A pronunciation lexicon of the book is no PLS file.", field="file")
    words: dict[str, str] = {}
    own = root.get("{http://www.w3.org/XML/1998/namespace}lang")
    if language and own and tag_is_valid(own) and not same_language(own, language):
        return words
    for lexeme in root.iter():
        if local_name(lexeme) == "lexeme" and len(words) < MAX_WORDS:
            texts = [(local_name(child), clean_text("".join(child.itertext())), child) for child in lexeme]
            spoken = next(_spoken(texts, root.get("alphabet") or "ipa"), None)
            for tag, text, _ in texts:
                if tag == "grapheme" and spoken and 0 < len(text) <= _MAX_LENGTH:
                    words.setdefault(text, spoken)
    return words


def _spoken(texts: list[tuple[str, str, Any]], alphabet: str) -> Iterator[str]:
    """What is said, the preferred one first."""
    for tag, text, element in sorted(texts, key=lambda each: each[2].get("prefer") != "true"):
        if not 0 < len(text) <= _MAX_LENGTH:
            continue
        if tag == "phoneme":
            own = (element.get("alphabet") or alphabet).lower()
            if own in ("ipa", "x-sampa"):
                phonemes = to_ipa(text) if own == "x-sampa" else text
                yield f"/{phonemes.strip('/')}/"
        elif tag == "alias":
            yield text


def apply_lexicon(text: AnnotatedText, lexicon: Lexicon) -> AnnotatedText:
    """The text with a spoken form for each of the lexicon's words; those that it has already come first."""
    taken = bytearray(len(text))
    for form in text.spoken_forms:
        taken[form.start : form.end] = b"\1" * (form.end - form.start)
    plain, forms = normalise_typography(AlignedText(text.text)), list[SpokenForm]()
    for found in lexicon.find(plain.text):
        start, end = plain.written_range(found.start, found.end)
        if not any(taken[start:end]):
            kind = "ipa" if found.phonemes else "sub"
            forms.append(SpokenForm(start, end, kind, found.phonemes or found.replacement))
    if not forms:
        return text
    return replace(text, spoken_forms=tuple(sorted((*text.spoken_forms, *forms), key=lambda form: form.start)))

"""Text to the ids of a FastSpeech2 checkpoint: ARPAbet and some punctuation, as in its `vocab.json`.

transformers' own tokenizer needs g2p_en, which downloads data; the model itself takes ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import BadInput, ModelUnavailable
from pipelines.text.pronunciation.arpabet import to_arpabet
from pipelines.text.pronunciation.phonemes import KnownPhonemes, PhonemeSegment, phonemise
from pipelines.text.pronunciation.symbol_set import TokenizedText
from pipelines.text.word_marks import WordSpan

_END = "<sos/eos>"
_VOICE = "en-us"
#: How the tokenizer replaces punctuation before it looks it up; other punctuation has no sound and no pause.
_MARKS: Mapping[str, str] = {";": ",", ":": ",", "—": ",", "–": ",", "…": "..", "“": '"', "”": '"', "¿": "", "¡": ""}


class Frontend:
    """Reads `vocab.json`. Raises `ModelUnavailable` for one without ARPAbet or an end."""

    def __init__(self, entry: SynthesisEntry, folder: Path) -> None:
        self._name = entry.name
        self._ids: dict[str, int] = read_config(entry, folder / "vocab.json")
        if _END not in self._ids or "AH0" not in self._ids:
            raise ModelUnavailable(f"{entry.name}: vocab.json has no ARPAbet with an end ({_END}).")

    def encode(self, text: str, given: Sequence[KnownPhonemes] = ()) -> TokenizedText:
        """`given`: parts whose phonemes are known. Raises `BadInput` for phonemes that the checkpoint lacks."""
        ids: list[int] = []
        words: list[WordSpan] = []
        for segment in phonemise(text, _VOICE, given):
            word = (segment.start, segment.end) if segment.is_word else None
            for symbol in self._encode_word(segment) if segment.is_word else self._encode_punctuation(segment.text):
                ids.append(symbol)
                words.append(word)
        if not any(words):
            return TokenizedText()
        return TokenizedText((*ids, self._ids[_END]), (*words, None))

    def _encode_word(self, segment: PhonemeSegment) -> Iterator[int]:
        for symbol in to_arpabet(segment.phones):
            # A vowel that the checkpoint does not have with this stress is replaced by one with another stress.
            candidates = [symbol, *(symbol[:-1] + stress for stress in "012" if symbol[-1].isdigit())]
            known = next((each for each in candidates if each in self._ids), None)
            if known is None:
                raise BadInput(f"{self._name} has no symbol for {symbol} (in {segment.text!r}).", field="text")
            yield self._ids[known]

    def _encode_punctuation(self, text: str) -> Iterator[int]:
        for char in re.sub(r"\.{2,}", "…", text):
            mark = _MARKS.get(char, char)
            if mark in self._ids:
                yield self._ids[mark]

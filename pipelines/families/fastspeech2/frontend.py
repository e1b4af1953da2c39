"""A text in the symbols of a FastSpeech2 checkpoint: ARPAbet and a few marks, as `vocab.json` has them.

transformers' own tokenizer needs g2p_en and, with it, data from the network; the model itself takes ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import config
from pipelines.errors import BadInput, ModelUnavailable
from pipelines.text.pronunciation.arpabet import arpabet
from pipelines.text.pronunciation.phonemes import Given, Piece, pronounce
from pipelines.text.pronunciation.symbol_set import Spelling
from pipelines.text.symbol_times import Owner

_END = "<sos/eos>"
_VOICE = "en-us"
#: Marks as the tokenizer writes them before it looks them up; the others make no sound and no pause.
_MARKS: Mapping[str, str] = {";": ",", ":": ",", "—": ",", "–": ",", "…": "..", "“": '"', "”": '"', "¿": "", "¡": ""}


class Speller:
    """Reads `vocab.json`. Raises `ModelUnavailable` for one without ARPAbet or an end."""

    def __init__(self, entry: Entry, folder: Path) -> None:
        self._name = entry.name
        self._ids: dict[str, int] = config(entry, folder / "vocab.json")
        if _END not in self._ids or "AH0" not in self._ids:
            raise ModelUnavailable(f"{entry.name}: vocab.json has no ARPAbet with an end ({_END}).")

    def spell(self, text: str, given: Sequence[Given] = ()) -> Spelling:
        """`given`: stretches whose phones are known. Raises `BadInput` for sounds that the checkpoint lacks."""
        ids: list[int] = []
        owners: list[Owner] = []
        for piece in pronounce(text, _VOICE, given):
            owner = (piece.start, piece.end) if piece.is_word else None
            for symbol in self._word(piece) if piece.is_word else self._marks(piece.text):
                ids.append(symbol)
                owners.append(owner)
        if not any(owners):
            return Spelling()
        return Spelling((*ids, self._ids[_END]), (*owners, None))

    def _word(self, piece: Piece) -> Iterator[int]:
        for symbol in arpabet(piece.phones):
            # A vowel that the checkpoint never saw with this stress is said with another.
            written = [symbol, *(symbol[:-1] + stress for stress in "012" if symbol[-1].isdigit())]
            known = next((each for each in written if each in self._ids), None)
            if known is None:
                raise BadInput(f"{self._name} has no symbol for {symbol} (in {piece.text!r}).", field="text")
            yield self._ids[known]

    def _marks(self, text: str) -> Iterator[int]:
        for char in re.sub(r"\.{2,}", "…", text):
            mark = _MARKS.get(char, char)
            if mark in self._ids:
                yield self._ids[mark]

"""A text in the symbols of a VITS checkpoint: letters for MMS, phones for LJ Speech and VCTK, blanks between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.catalog import Entry
from pipelines.errors import BadInput, ModelUnavailable
from pipelines.loading import config
from pipelines.text.phonemes import Given, pronounce
from pipelines.text.symbol_set import Spelling, SymbolSet
from pipelines.text.words import bare, written_words
from pipelines.word_times import Owner

#: The id that stands between symbols where a checkpoint was trained so.
_BLANK = 0
#: What transformers' tokenizer asks eSpeak NG for, whatever the language of the checkpoint.
_VOICE = "en-us"


class Speller:
    """Reads `vocab.json` and `tokenizer_config.json` as VitsTokenizer does, and keeps count of the words."""

    def __init__(self, entry: Entry, folder: Path) -> None:
        settings = config(entry, folder / "tokenizer_config.json")
        vocabulary = config(entry, folder / "vocab.json")
        if not all(isinstance(number, int) for number in vocabulary.values()):
            raise ModelUnavailable(f"{entry.name}: vocab.json does not map symbols to numbers.")
        self._name = entry.name
        self._symbols = SymbolSet(vocabulary, name=entry.name)
        self._known = frozenset(vocabulary)
        self._phonemes = bool(settings.get("phonemize", True))
        self._blanks = bool(settings.get("add_blank", True))
        self._romanised = bool(settings.get("is_uroman", False))
        self._language = settings.get("language")

    def spell(self, text: str, given: Sequence[Given] = ()) -> Spelling:
        """`given`: stretches whose phones are known. Raises `BadInput` for what the checkpoint has no symbol for."""
        ids: list[int] = []
        owners: list[Owner] = []
        for char, owner in self._characters(text, given):
            for number in self._symbols.ids(char):
                ids.append(number)
                owners.append(owner)
        if not any(owners):
            return Spelling()
        if not self._blanks:
            return Spelling(tuple(ids), tuple(owners))
        spaced_ids = [_BLANK] * (2 * len(ids) + 1)
        spaced_owners: list[Owner] = [None] * len(spaced_ids)
        spaced_ids[1::2], spaced_owners[1::2] = ids, owners
        return Spelling(tuple(spaced_ids), tuple(spaced_owners))

    def _characters(self, text: str, given: Sequence[Given]) -> Iterator[tuple[str, Owner]]:
        """What is written, white space made one space and none at the ends."""
        waiting = False
        begun = False
        for char, owner in self._phones(text, given) if self._phonemes else self._letters(text):
            if char.isspace():
                waiting = begun
                continue
            if waiting:
                yield " ", None
            waiting, begun = False, True
            yield char, owner

    def _phones(self, text: str, given: Sequence[Given]) -> Iterator[tuple[str, Owner]]:
        # Small letters, as in training; one for one, so that positions stay.
        small = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
        for piece in pronounce(small, _VOICE, given):
            for char in piece.text:
                yield char, (piece.start, piece.end) if piece.is_word else None

    def _letters(self, text: str) -> Iterator[tuple[str, Owner]]:
        if self._romanised and not text.isascii():
            raise BadInput(f"{self._name} reads Latin letters only (romanise the text with uroman).", field="text")
        if self._language == "ron":
            text = text.replace("ț", "ţ")
        at = 0
        for start, end in written_words(text):
            yield from ((char, None) for char in text[at:start])
            word = bare(text, start, end)
            for place in range(start, end):
                inside = word[0] <= place < word[1]
                # A dash that the set lacks still parts two words.
                apart = text[place] not in self._known and unicodedata.category(text[place]) == "Pd"
                yield (" ", None) if apart else (text[place], word if inside else None)
            at = end

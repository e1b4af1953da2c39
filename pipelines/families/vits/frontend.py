"""A text in the symbols of a VITS checkpoint: letters for MMS, phones for LJ Speech and VCTK, blanks between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import config
from pipelines.errors import ModelUnavailable
from pipelines.text.pronunciation.phonemes import Given, pronounce
from pipelines.text.pronunciation.symbol_set import CURE, Spelling, SymbolSet
from pipelines.text.symbol_times import Owner
from pipelines.text.words import bare, written_words

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
        romanised = bool(settings.get("is_uroman", False))
        cure = "it reads Latin letters only; romanise the text with uroman" if romanised else CURE
        self._symbols = SymbolSet(vocabulary, name=entry.name, cure=cure)
        self._known = frozenset(vocabulary)
        self._phonemes = bool(settings.get("phonemize", True))
        self._blanks = bool(settings.get("add_blank", True))
        self._language = settings.get("language")

    def spell(self, text: str, given: Sequence[Given] = ()) -> Spelling:
        """`given`: stretches whose phones are known."""
        said = list(self._phones(text, given) if self._phonemes else self._letters(self._symbols.cleared(text)))
        remarks = self._symbols.remarks([char for char, _ in said] if self._phonemes else text)
        ids: list[int] = []
        owners: list[Owner] = []
        # What has no symbol is neither a place for a space nor one without.
        for char, owner in _spaced(each for each in said if each[0].isspace() or self._symbols.ids(each[0])):
            for number in self._symbols.ids(char):
                ids.append(number)
                owners.append(owner)
        if not any(owners):
            return Spelling(remarks=remarks)
        if not self._blanks:
            return Spelling(tuple(ids), tuple(owners), remarks)
        spaced_ids = [_BLANK] * (2 * len(ids) + 1)
        spaced_owners: list[Owner] = [None] * len(spaced_ids)
        spaced_ids[1::2], spaced_owners[1::2] = ids, owners
        return Spelling(tuple(spaced_ids), tuple(spaced_owners), remarks)

    def _phones(self, text: str, given: Sequence[Given]) -> Iterator[tuple[str, Owner]]:
        # Small letters, as in training; one for one, so that positions stay.
        small = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
        for piece in pronounce(small, _VOICE, given):
            for char in piece.text:
                yield char, (piece.start, piece.end) if piece.is_word else None

    def _letters(self, text: str) -> Iterator[tuple[str, Owner]]:
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


def _spaced(characters: Iterable[tuple[str, Owner]]) -> Iterator[tuple[str, Owner]]:
    """What is written, white space made one space and none at the ends."""
    waiting = begun = False
    for char, owner in characters:
        if char.isspace():
            waiting = begun
            continue
        if waiting:
            yield " ", None
        waiting, begun = False, True
        yield char, owner

"""Text to the ids of a VITS checkpoint: letters for MMS, phonemes for LJ Speech and VCTK, with blanks between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import ModelUnavailable
from pipelines.text.pronunciation.phonemes import KnownPhonemes, phonemise
from pipelines.text.pronunciation.symbol_set import CURE, SymbolSet, TokenizedText
from pipelines.text.word_marks import WordSpan
from pipelines.text.words import strip_punctuation, word_ranges

#: The id between two symbols, where a checkpoint was trained with blanks.
_BLANK = 0
#: The eSpeak NG voice of transformers' tokenizer, whatever the language of the checkpoint.
_VOICE = "en-us"


class Frontend:
    """Reads `vocab.json` and `tokenizer_config.json` as VitsTokenizer does, and tracks the word of each symbol."""

    def __init__(self, entry: SynthesisEntry, folder: Path) -> None:
        settings = read_config(entry, folder / "tokenizer_config.json")
        vocabulary = read_config(entry, folder / "vocab.json")
        if not all(isinstance(number, int) for number in vocabulary.values()):
            raise ModelUnavailable(f"{entry.name}: vocab.json does not map symbols to numbers.")
        romanised = bool(settings.get("is_uroman", False))
        cure = "it reads Latin letters only; romanise the text with uroman" if romanised else CURE
        self._symbols = SymbolSet(vocabulary, name=entry.name, cure=cure)
        self._known = frozenset(vocabulary)
        self._phonemes = bool(settings.get("phonemize", True))
        self._blanks = bool(settings.get("add_blank", True))
        self._language = settings.get("language")

    def encode(self, text: str, given: Sequence[KnownPhonemes] = ()) -> TokenizedText:
        """`given`: parts of the text whose phonemes are known."""
        if self._phonemes:
            characters = list(self._phonemise(text, given))
            warnings = self._symbols.warnings([char for char, _ in characters])
        else:
            characters = list(self._spell(self._symbols.remove_unknown(text)))
            warnings = self._symbols.warnings(text)
        ids: list[int] = []
        words: list[WordSpan] = []
        # Characters without a symbol are removed before white space is merged, so that they leave no double space.
        for char, word in _merge_spaces(each for each in characters if each[0].isspace() or self._symbols.ids(each[0])):
            for number in self._symbols.ids(char):
                ids.append(number)
                words.append(word)
        if not any(words):
            return TokenizedText(warnings=warnings)
        if not self._blanks:
            return TokenizedText(tuple(ids), tuple(words), warnings)
        spaced_ids = [_BLANK] * (2 * len(ids) + 1)
        spaced_words: list[WordSpan] = [None] * len(spaced_ids)
        spaced_ids[1::2], spaced_words[1::2] = ids, words
        return TokenizedText(tuple(spaced_ids), tuple(spaced_words), warnings)

    def _phonemise(self, text: str, given: Sequence[KnownPhonemes]) -> Iterator[tuple[str, WordSpan]]:
        # Lower case, as in training; only where it keeps the number of characters, so that positions stay valid.
        lower = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
        for segment in phonemise(lower, _VOICE, given):
            for char in segment.text:
                yield char, (segment.start, segment.end) if segment.is_word else None

    def _spell(self, text: str) -> Iterator[tuple[str, WordSpan]]:
        if self._language == "ron":
            text = text.replace("ț", "ţ")
        done = 0
        for start, end in word_ranges(text):
            yield from ((char, None) for char in text[done:start])
            word = strip_punctuation(text, start, end)
            for at in range(start, end):
                inside = word[0] <= at < word[1]
                # A dash without a symbol still separates two words.
                is_separator = text[at] not in self._known and unicodedata.category(text[at]) == "Pd"
                yield (" ", None) if is_separator else (text[at], word if inside else None)
            done = end


def _merge_spaces(characters: Iterable[tuple[str, WordSpan]]) -> Iterator[tuple[str, WordSpan]]:
    """The characters with one space for each run of white space, and none at the ends."""
    pending = started = False
    for char, word in characters:
        if char.isspace():
            pending = started
            continue
        if pending:
            yield " ", None
        pending, started = False, True
        yield char, word

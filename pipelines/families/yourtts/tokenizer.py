"""A text in the characters of a YourTTS checkpoint, as Coqui's tokenizer writes them, blanks between them.

The set has each mark of punctuation twice, and the second one counts: the order of the config decides ids. Numbers and
abbreviations are said in words before a text comes here. A character without an id is left out with a remark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.text.pronunciation.symbol_set import Spelling, SymbolSet
from pipelines.text.symbol_times import Owner
from pipelines.text.words import bare, written_words

_CLASS = "VitsCharacters"
#: What the training's cleaner made of marks; the rest of a text it left as it was.
_CLEANED: Mapping[str, str] = {";": ",", ":": ",", "-": " ", **dict.fromkeys('<>()[]"“”„«»', "")}


class Speller:
    """Texts in the ids of one checkpoint."""

    def __init__(self, entry: Entry, config: Mapping[str, Any], count: int) -> None:
        """`config` is the checkpoint's, `count` the number of its ids.

        Raises `ModelUnavailable` where they disagree, and for a set of another kind.
        """
        listed = config.get("characters") or {}
        if config.get("use_phonemes") or not str(listed.get("characters_class") or _CLASS).endswith(_CLASS):
            raise ModelUnavailable(
                f"{entry.name}: only checkpoints that read characters ({_CLASS}) can be spoken with."
            )
        symbols = [listed.get("pad") or "_", *(listed.get("punctuations") or ""), *(listed.get("characters") or "")]
        self._blank = len(symbols)
        if self._blank + 1 != count:
            raise ModelUnavailable(
                f"{entry.name}: the config lists {self._blank + 1} characters, the weights have {count}."
            )
        ids = {symbol: number for number, symbol in enumerate(symbols) if number}
        if " " not in ids:
            raise ModelUnavailable(f"{entry.name}: the config lists no space among its characters.")
        self._space = ids[" "]
        self._symbols = SymbolSet(ids, name=entry.name)
        self._blanks = bool(config.get("add_blank", True))

    def spell(self, text: str) -> Spelling:
        """The text without what the checkpoint has no id for; the remarks name that."""
        remarks = self._symbols.remarks(text)
        said = list(self._spaced(self._symbols.cleared(text)))
        if not any(owner for _, owner in said):
            return Spelling(remarks=remarks)
        ids, owners = [symbol for symbol, _ in said], [owner for _, owner in said]
        if not self._blanks:
            return Spelling(tuple(ids), tuple(owners), remarks)
        spaced_ids, spaced_owners = [self._blank] * (2 * len(ids) + 1), list[Owner]([None] * (2 * len(ids) + 1))
        spaced_ids[1::2], spaced_owners[1::2] = ids, owners
        return Spelling(tuple(spaced_ids), tuple(spaced_owners), remarks)

    def _spaced(self, text: str) -> Iterator[tuple[int, Owner]]:
        """One space between words, none at the ends."""
        waiting = begun = False
        for symbol, owner in self._characters(text):
            if symbol == self._space:
                waiting = begun
                continue
            if waiting:
                yield self._space, None
            waiting, begun = False, True
            yield symbol, owner

    def _characters(self, text: str) -> Iterator[tuple[int, Owner]]:
        for start, end in written_words(text):
            yield self._space, None
            word = bare(text, start, end)
            is_said = any(char.isalnum() for char in text[start:end])
            for place in range(start, end):
                owner = word if is_said and word[0] <= place < word[1] else None
                for char in _CLEANED.get(text[place], text[place].lower()):
                    yield from ((number, owner) for number in self._symbols.ids(char))

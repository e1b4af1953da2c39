"""A text as SpeechT5's characters. What it has no symbol for is left out with a remark."""

from __future__ import annotations

from pathlib import Path

from transformers import SpeechT5Tokenizer

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.text.pronunciation.symbol_set import SymbolSet

#: How SentencePiece writes a space.
_SPACE = "▁"


class Speller:
    """The checkpoint's own tokenizer, asked only for texts that it can write."""

    def __init__(self, entry: Entry, folder: Path) -> None:
        try:
            self._tokenizer = SpeechT5Tokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, RuntimeError, TypeError, ImportError) as error:
            raise ModelUnavailable(f"{entry.name}: {folder} holds no SpeechT5 tokenizer: {error}") from error
        known = [piece for piece in self._tokenizer.get_vocab() if len(piece) == 1 and piece != _SPACE]
        self._symbols = SymbolSet({symbol: number for number, symbol in enumerate(known)}, name=entry.name)
        self._written = dict(enumerate(known))

    def write(self, text: str) -> str:
        """The text in characters that there are, one space between words; "" where nothing is said."""
        text = self._symbols.cleared(self._normalised(text))
        words = ("".join(map(self._character, word)) for word in text.split())
        written = " ".join(word for word in words if word)
        return written if any(char.isalnum() for char in written) else ""

    def ids(self, written: str) -> list[int]:
        """Ids, the end's included."""
        return list(self._tokenizer(written)["input_ids"])

    def remarks(self, text: str) -> tuple[str, ...]:
        """A sentence for the user about each character that is left out."""
        return self._symbols.remarks(self._normalised(text))

    def _normalised(self, text: str) -> str:
        return str(self._tokenizer.normalizer(text)) if self._tokenizer.normalize else text

    def _character(self, char: str) -> str:
        return "".join(self._written[number] for number in self._symbols.ids(char))

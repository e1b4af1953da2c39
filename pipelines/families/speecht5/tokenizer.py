"""Text to the characters and ids of SpeechT5. Characters without a symbol are left out with a warning."""

from __future__ import annotations

from pathlib import Path

from transformers import SpeechT5Tokenizer

from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import ModelUnavailable
from pipelines.text.pronunciation.symbol_set import SymbolSet

#: SentencePiece's symbol of a space.
_SPACE = "▁"


class Tokenizer:
    """The checkpoint's own tokenizer, applied only to characters that it has."""

    def __init__(self, entry: SynthesisEntry, folder: Path) -> None:
        try:
            self._tokenizer = SpeechT5Tokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, RuntimeError, TypeError, ImportError) as error:
            raise ModelUnavailable(f"{entry.name}: {folder} holds no SpeechT5 tokenizer: {error}") from error
        known = [piece for piece in self._tokenizer.get_vocab() if len(piece) == 1 and piece != _SPACE]
        self._symbols = SymbolSet({symbol: number for number, symbol in enumerate(known)}, name=entry.name)
        self._known = dict(enumerate(known))

    def normalise(self, text: str) -> str:
        """The text in known characters, with one space between words; "" where nothing would be spoken."""
        text = self._symbols.remove_unknown(self._normalise_numbers(text))
        words = ("".join(map(self._replace, word)) for word in text.split())
        normalised = " ".join(word for word in words if word)
        return normalised if any(char.isalnum() for char in normalised) else ""

    def encode(self, normalised: str) -> list[int]:
        """Ids of a text that `normalise` returned, with the end token."""
        return list(self._tokenizer(normalised)["input_ids"])

    def warnings(self, text: str) -> tuple[str, ...]:
        """A sentence for the user about each character that is left out."""
        return self._symbols.warnings(self._normalise_numbers(text))

    def _normalise_numbers(self, text: str) -> str:
        return str(self._tokenizer.normalizer(text)) if self._tokenizer.normalize else text

    def _replace(self, char: str) -> str:
        """The known characters for one character; "" for none."""
        return "".join(self._known[number] for number in self._symbols.ids(char))

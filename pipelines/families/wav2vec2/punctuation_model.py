"""Punctuation from a token classifier: a model of text that says, word by word, what stands behind it.

Takes any `AutoModelForTokenClassification` whose labels are marks ("." "," "?" "0"), their names ("PERIOD", "COMMA",
"O"), or a mark and a case ("O", "U": ".U" = full stop, capital). Runs on the CPU or device of the family that it
belongs to; knows nothing of sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.engines.transformers_checkpoint import pretrained
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import Phrase
from pipelines.text.casing import with_capitals

#: What labels are called; in capitals, without "B-" and the like before them.
_NAMES: Mapping[str, str] = {
    "0": "",
    "O": "",
    "NONE": "",
    "EMPTY": "",
    "NOTHING": "",
    "_": "",
    "PERIOD": ".",
    "FULLSTOP": ".",
    "COMMA": ",",
    "QUESTION": "?",
    "QUESTIONMARK": "?",
    "QUESTION_MARK": "?",
    "EXCLAMATION": "!",
    "EXCLAMATIONMARK": "!",
    "EXCLAMATION_MARK": "!",
    "COLON": ":",
    "SEMICOLON": ";",
    "DASH": "-",
    "HYPHEN": "-",
}
_MARKS = frozenset(".,?!:;-…。，、？！")
_CASES = {"U": True, "O": False}
#: Without a vocabulary the library would make an empty one.
_FILES = (
    "config.json",
    "model.safetensors|pytorch_model.bin",
    "tokenizer.json|vocab.txt|vocab.json|sentencepiece.bpe.model|spiece.model|spm.model",
)
#: Words that the model reads at once: 30 s of fast speech, and fewer tokens than any such model takes.
_WORDS = 160


@dataclass(frozen=True, slots=True)
class _Label:
    mark: str
    #: Whether the word has a capital; None = the model does not say.
    is_capital: bool | None = None


def load_punctuation(entry: Entry, device: str) -> PunctuationModel | None:
    """The classifier that components.punctuation names; None where it names none. Raises `ModelUnavailable`."""
    source = entry.components.get("punctuation")
    if source is None:
        return None
    folder = weights.checkpoint(replace(entry, source=source, revision=None), *_FILES)
    try:
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
    except (ImportError, OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{entry.name}: no tokenizer can be loaded from {folder}: {error}") from error
    model = pretrained(entry, AutoModelForTokenClassification, folder, device)
    if not tokenizer.is_fast:
        raise ModelUnavailable(f"{entry.name}: {folder} lacks tokenizer.json.")
    labels = [_label(str(model.config.id2label[number])) for number in range(model.config.num_labels)]
    if all(label is None or not label.mark for label in labels):
        known = ", ".join(map(str, model.config.id2label.values()))
        raise ModelUnavailable(f"{entry.name}: the labels of {folder} are no punctuation: {known}.")
    return PunctuationModel(entry, tokenizer, model, labels)


class PunctuationModel:
    """A loaded classifier."""

    def __init__(self, entry: Entry, tokenizer: Any, model: Any, labels: Sequence[_Label | None]) -> None:
        self._entry = entry
        self._tokenizer = tokenizer
        self._model = model
        self._labels = labels
        # A model that was taught case was taught it at the first piece of each word; the others mark the last one.
        self._reads_first_piece = any(label is not None and label.is_capital is not None for label in labels)

    def marked(self, phrases: Sequence[Phrase], language: str | None) -> list[Phrase]:
        """The phrases of a window with marks behind their words, and capitals; times stay as they are."""
        words = [word.word for phrase in phrases for word in phrase.words]
        labels: list[_Label | None] = []
        while len(labels) < len(words):
            labels += self._read(words[len(labels) : len(labels) + _WORDS])
        written = with_capitals([_written(*pair) for pair in zip(words, labels, strict=True)], language)
        done, at = [], 0
        for phrase in phrases:
            texts = written[at : at + len(phrase.words)]
            at += len(phrase.words)
            marked = tuple(replace(word, word=text) for word, text in zip(phrase.words, texts, strict=True))
            done.append(replace(phrase, text=" ".join(texts), words=marked))
        return done

    def _read(self, words: Sequence[str]) -> list[_Label | None]:
        """Labels of the first words: of all, or of as many as the model can take."""
        import torch

        pieces = self._tokenizer(list(words), is_split_into_words=True, truncation=True, return_tensors="pt")
        owners = pieces.word_ids(0)
        try:
            with torch.inference_mode():
                numbers = self._model(**pieces.to(self._model.device)).logits[0].argmax(-1).tolist()
        except (RuntimeError, IndexError) as error:
            raise EngineFailure(f"{self._entry.name}: the punctuation model failed: {error}") from error
        labels: dict[int, _Label | None] = {}
        for word, number in zip(owners, numbers, strict=True):
            if word is not None and not (self._reads_first_piece and word in labels):
                labels[word] = self._labels[number]
        # Of a word that was cut off not all pieces were seen: it is read again with those behind it.
        whole = len(words) if len(labels) == len(words) else max(1, len(labels) - 1)
        return [labels.get(word) for word in range(whole)]


def _label(name: str) -> _Label | None:
    """What a label means; None for one that is neither mark nor nothing."""
    plain = name.upper().removeprefix("B-").removeprefix("I-").removeprefix("LABEL_")
    if plain in _NAMES:
        return _Label(_NAMES[plain])
    if plain in _MARKS:
        return _Label(plain)
    if len(plain) == 2 and plain[1] in _CASES and (plain[0] in _MARKS or plain[0] == "O"):
        return _Label("" if plain[0] == "O" else plain[0], _CASES[plain[1]])
    return None


def _written(word: str, label: _Label | None) -> str:
    if label is None:
        return word
    if label.is_capital:
        word = word[:1].upper() + word[1:]
    return word + label.mark

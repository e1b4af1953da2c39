"""Punctuation with a token classifier: a text model that predicts the punctuation mark after each word.

Accepts any `AutoModelForTokenClassification` whose labels are marks ("." "," "?" "0"), their names ("PERIOD", "COMMA",
"O"), or a mark and a case ("O", "U": ".U" = full stop, capital). Runs on the device of its family; knows nothing of
audio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.catalog.checkpoint import find_checkpoint
from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.transformers_checkpoint import load_pretrained
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import Phrase
from pipelines.text.casing import capitalise_sentences

#: Names of labels, in capitals and without prefixes such as "B-", and their marks.
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
#: Required files; without a vocabulary the library would create an empty one.
_FILES = (
    "config.json",
    "model.safetensors|pytorch_model.bin",
    "tokenizer.json|vocab.txt|vocab.json|sentencepiece.bpe.model|spiece.model|spm.model",
)
#: Words per call of the model: 30 s of fast speech, and fewer tokens than the limit of any such model.
_WORDS = 160


@dataclass(frozen=True, slots=True)
class _Label:
    mark: str
    #: Whether the word has a capital; None = the model does not predict case.
    is_capital: bool | None = None


def load_punctuation(entry: RecognitionEntry, device: str) -> PunctuationModel | None:
    """The classifier that components.punctuation names; None where it names none. Raises `ModelUnavailable`."""
    source = entry.components.get("punctuation")
    if source is None:
        return None
    folder = find_checkpoint(replace(entry, source=source, revision=None), *_FILES)
    try:
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
    except (ImportError, OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{entry.name}: no tokenizer can be loaded from {folder}: {error}") from error
    model = load_pretrained(entry, AutoModelForTokenClassification, folder, device)
    if not tokenizer.is_fast:
        raise ModelUnavailable(f"{entry.name}: {folder} lacks tokenizer.json.")
    labels = [_parse_label(str(model.config.id2label[number])) for number in range(model.config.num_labels)]
    if all(label is None or not label.mark for label in labels):
        known = ", ".join(map(str, model.config.id2label.values()))
        raise ModelUnavailable(f"{entry.name}: the labels of {folder} are no punctuation: {known}.")
    return PunctuationModel(entry, tokenizer, model, labels)


class PunctuationModel:
    """A loaded token classifier."""

    def __init__(self, entry: RecognitionEntry, tokenizer: Any, model: Any, labels: Sequence[_Label | None]) -> None:
        self._entry = entry
        self._tokenizer = tokenizer
        self._model = model
        self._labels = labels
        # Models that predict case were trained on the first piece of each word; the others on the last one.
        self._reads_first_piece = any(label is not None and label.is_capital is not None for label in labels)

    def punctuate(self, phrases: Sequence[Phrase], language: str | None) -> list[Phrase]:
        """The phrases of a window with punctuation and capitals; times are unchanged."""
        words = [word.word for phrase in phrases for word in phrase.words]
        labels: list[_Label | None] = []
        while len(labels) < len(words):
            labels += self._classify(words[len(labels) : len(labels) + _WORDS])
        texts = capitalise_sentences([_apply_label(*pair) for pair in zip(words, labels, strict=True)], language)
        punctuated, done = [], 0
        for phrase in phrases:
            own = texts[done : done + len(phrase.words)]
            done += len(phrase.words)
            marked = tuple(replace(word, word=text) for word, text in zip(phrase.words, own, strict=True))
            punctuated.append(replace(phrase, text=" ".join(own), words=marked))
        return punctuated

    def _classify(self, words: Sequence[str]) -> list[_Label | None]:
        """Labels of the first words: of all, or of as many as fit the model's input."""
        import torch

        pieces = self._tokenizer(list(words), is_split_into_words=True, truncation=True, return_tensors="pt")
        word_numbers = pieces.word_ids(0)
        try:
            with torch.inference_mode():
                numbers = self._model(**pieces.to(self._model.device)).logits[0].argmax(-1).tolist()
        except (RuntimeError, IndexError) as error:
            raise EngineFailure(f"{self._entry.name}: the punctuation model failed: {error}") from error
        labels: dict[int, _Label | None] = {}
        for word, number in zip(word_numbers, numbers, strict=True):
            if word is not None and not (self._reads_first_piece and word in labels):
                labels[word] = self._labels[number]
        # The last word of a truncated input may be incomplete: it is classified again in the next call.
        whole = len(words) if len(labels) == len(words) else max(1, len(labels) - 1)
        return [labels.get(word) for word in range(whole)]


def _parse_label(name: str) -> _Label | None:
    """The meaning of a label; None for one that is neither a mark nor "no punctuation"."""
    plain = name.upper().removeprefix("B-").removeprefix("I-").removeprefix("LABEL_")
    if plain in _NAMES:
        return _Label(_NAMES[plain])
    if plain in _MARKS:
        return _Label(plain)
    if len(plain) == 2 and plain[1] in _CASES and (plain[0] in _MARKS or plain[0] == "O"):
        return _Label("" if plain[0] == "O" else plain[0], _CASES[plain[1]])
    return None


def _apply_label(word: str, label: _Label | None) -> str:
    if label is None:
        return word
    if label.is_capital:
        word = word[:1].upper() + word[1:]
    return word + label.mark

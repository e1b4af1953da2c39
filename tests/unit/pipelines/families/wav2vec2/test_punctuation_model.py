"""pipelines/families/wav2vec2/punctuation_model.py: published label sets, and their effect on words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.wav2vec2 import load
from pipelines.families.wav2vec2.punctuation_model import PunctuationModel, load_punctuation
from pipelines.family import Phrase, TranscriptionInput, Word
from tests.audio_factories import load_jfk
from tests.punctuation_checkpoint import write_classifier
from tests.wav2vec2_checkpoint import make_entry


def make_model(folder: Path, labels: list[str], pieces: dict[str, str]) -> PunctuationModel:
    write_classifier(folder, labels, pieces)
    model = load_punctuation(make_entry(components={"punctuation": str(folder)}), "cpu")
    assert model is not None
    return model


def make_phrases(*texts: str) -> list[Phrase]:
    phrases, at = [], 0.0
    for text in texts:
        words = tuple(Word(word, at + index, at + index + 1, 0.9) for index, word in enumerate(text.split()))
        phrases.append(Phrase(text, at, words[-1].end, 0.9, words))
        at = words[-1].end
    return phrases


@pytest.mark.parametrize(
    ("labels", "pieces"),
    [
        (["0", ".", ",", "?"], {"hello": ",", "world": ".", "is": "0", "i": "0", "it": "?"}),
        (["O", "PERIOD", "COMMA", "QUESTION"], {"hello": "COMMA", "world": "PERIOD", "it": "QUESTION", "i": "O"}),
        (["OO", ".O", ",U", "?O", "OU"], {"hello": ",U", "world": ".O", "is": "OU", "it": "?O", "i": "OO"}),
    ],
    ids=["marks", "names", "marks and case"],
)
def test_marks_stand_behind_their_words_and_capitals_behind_full_stops(
    tmp_path: Path, labels: list[str], pieces: dict[str, str]
) -> None:
    unpunctuated = make_phrases("hello world", "is i it")
    phrases = make_model(tmp_path, labels, pieces).punctuate(unpunctuated, "en")
    assert [phrase.text for phrase in phrases] == ["Hello, world.", "Is I it?"]
    assert [" ".join(word.word for word in phrase.words) for phrase in phrases] == [phrase.text for phrase in phrases]
    assert [(word.start, word.end) for phrase in phrases for word in phrase.words] == [
        (word.start, word.end) for phrase in unpunctuated for word in phrase.words
    ]


def test_capital_that_the_model_gives_stays(tmp_path: Path) -> None:
    model = make_model(tmp_path, ["OO", "OU", ".O"], {"to": "OO", "berlin": "OU"})
    assert model.punctuate(make_phrases("to berlin"), "de")[0].text == "To Berlin"


def test_mark_of_a_word_in_pieces_is_that_of_the_last_one(tmp_path: Path) -> None:
    model = make_model(tmp_path, ["0", ".", ","], {"good": ",", "##bye": "."})
    assert model.punctuate(make_phrases("goodbye good"), None)[0].text == "Goodbye. Good,"


def test_long_windows_are_read_in_parts(tmp_path: Path) -> None:
    """The model here takes 62 words and no more."""
    model = make_model(tmp_path, ["0", "."], {"stop": ".", "go": "0"})
    unpunctuated = make_phrases(" ".join(["go", "go", "stop"] * 60))
    assert model.punctuate(unpunctuated, "en")[0].text == " ".join(["Go", "go", "stop."] * 60)


def test_no_phrases_stay_no_phrases(tmp_path: Path) -> None:
    assert make_model(tmp_path, ["0", "."], {"stop": "."}).punctuate([], "en") == []


def test_family_with_such_a_model_writes_its_own_punctuation(tmp_path: Path) -> None:
    write_classifier(tmp_path, [".", "0"], {"never": "0"})
    family = load(make_entry(components={"punctuation": str(tmp_path)}), "cpu")
    (answer,) = family.transcribe([TranscriptionInput(load_jfk()[:32_000])], lambda: None)
    assert family.entry.punctuates
    assert all(word.endswith(".") for phrase in answer.phrases for word in phrase.text.split())


# -- errors ----------------------------------------------------------------------------------------------------------
def refused(folder: Path, reason: str) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        load_punctuation(make_entry(components={"punctuation": str(folder)}), "cpu")


def test_labels_that_are_no_punctuation_are_refused(tmp_path: Path) -> None:
    refused(write_classifier(tmp_path, ["B-PER", "B-LOC"], {"x": "B-PER"}), "are no punctuation: B-PER, B-LOC")


@pytest.mark.parametrize(
    ("missing", "reason"), [("config.json", "lacks config.json"), ("model.safetensors", "lacks model.safetensors")]
)
def test_missing_file_is_named(tmp_path: Path, missing: str, reason: str) -> None:
    write_classifier(tmp_path, ["0", "."], {"x": "."})
    (tmp_path / missing).unlink()
    refused(tmp_path, reason)


def test_model_without_its_classifier_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    write_classifier(tmp_path, ["0", "."], {"x": "."})
    tensors: dict[str, Any] = load_file(tmp_path / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if "classifier" not in name}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    refused(tmp_path, "lacks classifier")


def test_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    write_classifier(tmp_path, ["0", "."], {"x": "."})
    (tmp_path / "tokenizer.json").unlink()
    refused(tmp_path, "lacks tokenizer.json or vocab.txt")

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.speecht5.tokenizer import Tokenizer
from tests.checkpoints import make_entry
from tests.speech_checkpoints import write_speecht5


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer(make_entry(), write_speecht5(tmp_path_factory.mktemp("speecht5") / "model"))


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("  One\n two. ", "One two."),
        ("na\u00efve caf\u00e9", "naive café"),
        ("a \u4f60 b", "a b"),
        (" …", ""),
    ],
    ids=["white space", "accents", "unknown", "nothing"],
)
def test_text_is_normalised_to_known_characters(tokenizer: Tokenizer, text: str, normalised: str) -> None:
    assert tokenizer.normalise(text) == normalised


def test_every_character_has_an_id_and_the_end_too(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("Cats.")
    assert len(set(ids)) == len(ids) and len(ids) >= 6
    assert ids[-1] == tokenizer.encode("Dogs")[-1]


def test_omitted_characters_are_in_the_warnings(tokenizer: Tokenizer) -> None:
    (warning,) = tokenizer.warnings("a \u4f60 b")
    assert "'\u4f60'" in warning
    assert tokenizer.warnings("Plain.") == ()


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no SpeechT5 tokenizer"):
        Tokenizer(make_entry(), tmp_path)

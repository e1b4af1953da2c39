from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.vits.frontend import Frontend
from tests.checkpoints import make_entry

SYMBOLS = "_ abcdefghijklmnopqrstuvwxyz'-"


def make_frontend(folder: Path, vocabulary: dict[str, Any] | None = None, **settings: Any) -> Frontend:
    vocabulary = vocabulary or {symbol: number for number, symbol in enumerate(SYMBOLS)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "tokenizer_config.json").write_text(json.dumps({"phonemize": False, "add_blank": False, **settings}))
    return Frontend(make_entry(), folder)


def decode(frontend: Frontend, text: str) -> str:
    return "".join(SYMBOLS[number] for number in frontend.encode(text).ids)


def test_letters_are_lower_case_with_single_spaces(tmp_path: Path) -> None:
    assert decode(make_frontend(tmp_path), "  The   Cat ") == "the cat"


def test_blanks_stand_between_all_ids_and_belong_to_no_word(tmp_path: Path) -> None:
    encoded = make_frontend(tmp_path, add_blank=True).encode("ab")
    assert encoded.ids == (0, 2, 0, 3, 0)
    assert encoded.word_spans == (None, (0, 2), None, (0, 2), None)


def test_a_dash_without_a_symbol_separates_words_and_leaves_no_double_space(tmp_path: Path) -> None:
    frontend = make_frontend(tmp_path)
    assert decode(frontend, "a—b") == "a b"
    assert decode(frontend, "a — b") == "a b"
    assert decode(frontend, "a-b") == "a-b"


def test_characters_without_a_symbol_are_left_out_with_a_warning(tmp_path: Path) -> None:
    frontend = make_frontend(tmp_path)
    encoded = frontend.encode("a 你 b")
    assert decode(frontend, "a 你 b") == "a b" and "'你'" in encoded.warnings[0]


def test_romanised_checkpoints_say_how_to_romanise(tmp_path: Path) -> None:
    (warning,) = make_frontend(tmp_path, is_uroman=True).encode("你 a").warnings
    assert "uroman" in warning


def test_romanian_cedillas_replace_commas(tmp_path: Path) -> None:
    frontend = make_frontend(tmp_path, {"ţ": 1, "a": 2, " ": 3}, language="ron")
    assert frontend.encode("ța").ids == (1, 2)


def test_a_vocabulary_without_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="does not map symbols to numbers"):
        make_frontend(tmp_path, {"a": "b"})

from __future__ import annotations

import json

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.yourtts.tokenizer import Tokenizer
from tests.checkpoints import FIXTURES, make_entry

CONFIG = json.loads((FIXTURES / "yourtts" / "config.json").read_text())
SAMPLES = {
    sample["text"]: sample["ids"] for sample in json.loads((FIXTURES / "yourtts" / "text_to_ids.json").read_text())
}
BLANK = 164


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(make_entry(), CONFIG, 165)


@pytest.mark.parametrize(
    "text",
    [
        "It took me quite a long time to develop a voice.",
        "C'est le dernier été, n'est-ce pas?",
        "Não é possível, obrigado!",
        "a!b'c(d)e,f-g.h:i;j?k l",
    ],
)
def test_ids_are_those_of_the_original(tokenizer, text):
    assert list(tokenizer.encode(text).ids) == SAMPLES[text]


def test_quotes_and_brackets_are_silent_and_white_space_is_one_space(tokenizer):
    plain = tokenizer.encode("Hello, world, quoted dash paren new line")
    assert tokenizer.encode("  Hello; world: “quoted”  dash (paren)\nnew   line ").ids == plain.ids


@pytest.mark.parametrize(
    ("text", "spoken", "named"),
    [("日本", "", "日本"), ("fifty%more", "fifty more", "%"), ("ten 7 Ħos", "ten hos", "7")],
)
def test_a_character_without_an_id_is_left_out_and_named(tokenizer, text, spoken, named):
    encoded = tokenizer.encode(text)
    assert encoded.ids == tokenizer.encode(spoken).ids
    assert [warning.split()[5] for warning in encoded.warnings] == [repr(sign) for sign in named]


def test_text_without_words_has_no_ids(tokenizer):
    assert [tokenizer.encode(text).ids for text in ("", " ", "...", "—", "()")] == [()] * 5


def test_each_id_knows_its_word(tokenizer):
    text = "C'est bien."
    encoded = tokenizer.encode(text)
    assert {text[slice(*owner)] for owner in encoded.word_spans if owner} == {"C'est", "bien"}
    assert len(encoded.ids) == len(encoded.word_spans)
    assert set(encoded.ids[::2]) == {BLANK}


@pytest.mark.parametrize(
    ("changes", "count", "message"),
    [
        ({}, 166, "lists 165 characters, the weights have 166"),
        ({"use_phonemes": True}, 165, "only checkpoints that read characters"),
        ({"characters": {**CONFIG["characters"], "characters_class": "a.IPAPhonemes"}}, 165, "only checkpoints"),
    ],
)
def test_a_config_of_another_kind_is_refused(changes, count, message):
    with pytest.raises(ModelUnavailable, match=message):
        Tokenizer(make_entry(), {**CONFIG, **changes}, count)

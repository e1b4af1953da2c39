from __future__ import annotations

import json

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.yourtts.tokenizer import Speller
from tests.checkpoints import FIXTURES, make_entry

CONFIG = json.loads((FIXTURES / "yourtts" / "config.json").read_text())
SAMPLES = {
    sample["text"]: sample["ids"] for sample in json.loads((FIXTURES / "yourtts" / "text_to_ids.json").read_text())
}
BLANK = 164


@pytest.fixture(scope="module")
def speller():
    return Speller(make_entry(), CONFIG, 165)


@pytest.mark.parametrize(
    "text",
    [
        "It took me quite a long time to develop a voice.",
        "C'est le dernier été, n'est-ce pas?",
        "Não é possível, obrigado!",
        "a!b'c(d)e,f-g.h:i;j?k l",
    ],
)
def test_ids_are_those_of_the_original(speller, text):
    assert list(speller.spell(text).ids) == SAMPLES[text]


def test_quotes_and_brackets_are_silent_and_white_space_is_one_space(speller):
    plain = speller.spell("Hello, world, quoted dash paren new line")
    assert speller.spell("  Hello; world: “quoted”  dash (paren)\nnew   line ").ids == plain.ids


@pytest.mark.parametrize(
    ("text", "spoken", "named"),
    [("日本", "", "日本"), ("fifty%more", "fifty more", "%"), ("ten 7 Ħos", "ten hos", "7")],
)
def test_a_character_without_an_id_is_left_out_and_named(speller, text, spoken, named):
    spelling = speller.spell(text)
    assert spelling.ids == speller.spell(spoken).ids
    assert [remark.split()[5] for remark in spelling.remarks] == [repr(sign) for sign in named]


def test_nothing_to_say_has_no_ids(speller):
    assert [speller.spell(text).ids for text in ("", " ", "...", "—", "()")] == [()] * 5


def test_each_id_knows_its_word(speller):
    text = "C'est bien."
    spelling = speller.spell(text)
    assert {text[slice(*owner)] for owner in spelling.owners if owner} == {"C'est", "bien"}
    assert len(spelling.ids) == len(spelling.owners)
    assert set(spelling.ids[::2]) == {BLANK}


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
        Speller(make_entry(), {**CONFIG, **changes}, count)

from __future__ import annotations

import json

import pytest

from pipelines.errors import BadInput
from pipelines.families.tacotron2.frontend import LONGEST, SYMBOLS, Speller
from tests.checkpoints import FIXTURES

SAMPLES = {
    sample["text"]: sample["ids"]
    for sample in json.loads((FIXTURES / "tacotron2" / "text_to_sequence.json").read_text())
}
FULL_STOP = SYMBOLS.index(".")


@pytest.fixture(scope="module")
def speller():
    return Speller(SYMBOLS, name="tacotron2")


def said(spelling) -> str:
    return "".join(SYMBOLS[number] for number in spelling.ids)


@pytest.mark.parametrize(
    "text", ["Waveglow is really awesome!", "Turn left on {HH AW1 S S T AH0 N} Street."], ids=["letters", "sounds"]
)
def test_ids_are_those_of_the_original(speller, text):
    (spelling,) = speller.parts(text)
    assert list(spelling.ids) == SAMPLES[text]


def test_white_space_is_one_space_and_a_full_stop_ends_what_has_no_mark(speller):
    text = "UPPER lower   multiple   spaces\tand\nnewline"
    (spelling,) = speller.parts(f"  {text} ")
    assert list(spelling.ids) == [*SAMPLES[text], FULL_STOP]


def test_accents_are_left_off_and_typography_is_made_plain(speller):
    (spelling,) = speller.parts("Café naïve façade — ‘it’s’ fine…")
    assert said(spelling) == "cafe naive facade , 'it's' fine."


@pytest.mark.parametrize(
    ("text", "spoken", "named"),
    [("It cost 5 then", "it cost then.", "5"), ("a%b {HH AH0}", "a b @HH@AH0.", "%"), ("Лit 日本", "it.", "Л日本")],
)
def test_what_has_no_symbol_is_left_out_and_named(speller, text, spoken, named):
    (spelling,) = speller.parts(text)
    assert said(spelling) == spoken
    assert [remark.split()[5] for remark in speller.remarks(text)] == [repr(sign) for sign in named]


def test_a_sound_that_is_no_arpabet_is_refused(speller):
    with pytest.raises(BadInput, match="'QQ9'"):
        speller.parts("Say {HH QQ9}.")


def test_nothing_to_say_has_no_parts(speller):
    assert [speller.parts(text) for text in ("", "  ", "…", "\u200b")] == [[]] * 4


def test_each_symbol_knows_its_word(speller):
    text = 'He said: "no {HH AW1}".'
    (spelling,) = speller.parts(text)
    words = {text[slice(*owner)] for owner in spelling.owners if owner}
    assert words == {"He", "said", "no", "{HH AW1}"}
    assert len(spelling.ids) == len(spelling.owners)


@pytest.mark.parametrize(
    "text",
    ["This is a clause, and here is one more; " * 20, "word " * 100, "a" * 2_000, "x" * LONGEST + " y"],
    ids=["clauses", "words", "one word", "just too long"],
)
def test_long_texts_are_cut_and_nothing_is_lost(speller, text):
    parts = speller.parts(text)
    assert len(parts) > 1
    assert all(len(part.ids) <= LONGEST + 1 for part in parts)
    spoken = "".join(said(part) for part in parts)
    assert spoken.replace(" ", "").replace(".", "") == text.replace(" ", "").lower()


def test_cuts_are_at_marks_then_at_spaces(speller):
    assert all(said(part)[-1] in ",;." for part in speller.parts("This is a clause, and here is one more; " * 20))
    assert all(said(part).endswith("word.") for part in speller.parts("word " * 100))

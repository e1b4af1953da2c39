from __future__ import annotations

import json

import pytest

from pipelines.errors import BadInput
from pipelines.families.tacotron2.frontend import MAX_SYMBOLS, SYMBOLS, Frontend
from tests.checkpoints import FIXTURES

SAMPLES = {
    sample["text"]: sample["ids"]
    for sample in json.loads((FIXTURES / "tacotron2" / "text_to_sequence.json").read_text())
}
FULL_STOP = SYMBOLS.index(".")


@pytest.fixture(scope="module")
def frontend():
    return Frontend(SYMBOLS, name="tacotron2")


def decoded(encoded) -> str:
    return "".join(SYMBOLS[number] for number in encoded.ids)


@pytest.mark.parametrize(
    "text", ["Waveglow is really awesome!", "Turn left on {HH AW1 S S T AH0 N} Street."], ids=["letters", "sounds"]
)
def test_ids_are_those_of_the_original(frontend, text):
    (encoded,) = frontend.encode_parts(text)
    assert list(encoded.ids) == SAMPLES[text]


def test_white_space_is_one_space_and_a_full_stop_ends_what_has_no_mark(frontend):
    text = "UPPER lower   multiple   spaces\tand\nnewline"
    (encoded,) = frontend.encode_parts(f"  {text} ")
    assert list(encoded.ids) == [*SAMPLES[text], FULL_STOP]


def test_accents_are_left_off_and_typography_is_made_plain(frontend):
    (encoded,) = frontend.encode_parts("Café naïve façade — ‘it’s’ fine…")
    assert decoded(encoded) == "cafe naive facade , 'it's' fine."


@pytest.mark.parametrize(
    ("text", "spoken", "named"),
    [("It cost 5 then", "it cost then.", "5"), ("a%b {HH AH0}", "a b @HH@AH0.", "%"), ("Лit 日本", "it.", "Л日本")],
)
def test_what_has_no_symbol_is_left_out_and_named(frontend, text, spoken, named):
    (encoded,) = frontend.encode_parts(text)
    assert decoded(encoded) == spoken
    assert [warning.split()[5] for warning in frontend.warnings(text)] == [repr(sign) for sign in named]


def test_a_sound_that_is_no_arpabet_is_refused(frontend):
    with pytest.raises(BadInput, match="'QQ9'"):
        frontend.encode_parts("Say {HH QQ9}.")


def test_text_without_words_has_no_parts(frontend):
    assert [frontend.encode_parts(text) for text in ("", "  ", "…", "\u200b")] == [[]] * 4


def test_each_symbol_knows_its_word(frontend):
    text = 'He said: "no {HH AW1}".'
    (encoded,) = frontend.encode_parts(text)
    words = {text[slice(*owner)] for owner in encoded.word_spans if owner}
    assert words == {"He", "said", "no", "{HH AW1}"}
    assert len(encoded.ids) == len(encoded.word_spans)


@pytest.mark.parametrize(
    "text",
    ["This is a clause, and here is one more; " * 20, "word " * 100, "a" * 2_000, "x" * MAX_SYMBOLS + " y"],
    ids=["clauses", "words", "one word", "just too long"],
)
def test_long_texts_are_cut_and_nothing_is_lost(frontend, text):
    parts = frontend.encode_parts(text)
    assert len(parts) > 1
    assert all(len(part.ids) <= MAX_SYMBOLS + 1 for part in parts)
    spoken = "".join(decoded(part) for part in parts)
    assert spoken.replace(" ", "").replace(".", "") == text.replace(" ", "").lower()


def test_cuts_are_at_marks_then_at_spaces(frontend):
    assert all(
        decoded(part)[-1] in ",;." for part in frontend.encode_parts("This is a clause, and here is one more; " * 20)
    )
    assert all(decoded(part).endswith("word.") for part in frontend.encode_parts("word " * 100))

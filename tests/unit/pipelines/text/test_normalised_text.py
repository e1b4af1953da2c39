"""What a voice is given for what was written."""

from __future__ import annotations

import sys

import pytest

from pipelines.text.normalised_text import SAY_AS, Wording, Wordings
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.style import Reading


def wording(text: str, language: str = "en", *readings: Reading, **words: str) -> tuple[Wording, list[str]]:
    wordings = Wordings(Lexicon(words), by_rules=True)
    return wordings.wording(text, language, readings), list(wordings.warnings)


def reading(text: str, word: str, how: str, detail: str) -> Reading:
    start = text.index(word)
    return Reading(start, start + len(word), how, detail)


def test_the_lexicon_goes_before_the_rules_and_what_it_says_is_left_alone() -> None:
    made, _ = wording("Dr. Brannock has 2 BBC dogs.", Brannock="brannuck", BBC="Beeb BBC")
    assert made.spoken.text == "Doctor brannuck has two Beeb BBC dogs."


def test_what_the_lexicon_says_in_figures_is_written_out_as_well() -> None:
    made, _ = wording("Use 2FA.", **{"2FA": "2 factor login"})
    assert made.spoken.text == "Use two factor login."


def test_marks_of_words_of_the_lexicon_point_at_what_was_written() -> None:
    made, _ = wording("Hello W3C!", W3C="Web Consortium")
    start = made.spoken.text.index("Web")
    assert made.spoken.written_range(start, start + 14) == (6, 9)


def test_a_reading_of_the_markup_goes_before_the_lexicon() -> None:
    text = "W3C and W3C"
    made, _ = wording(text, "en", Reading(0, 3, "sub", "the Consortium"), W3C="Web")
    assert made.spoken.text == "the Consortium and Web"


@pytest.mark.parametrize(
    ("text", "how", "said"),
    [
        ("1984", "cardinal", "one thousand nine hundred and eighty-four"),
        ("12", "ordinal", "twelfth"),
        ("12", "digits", "one two"),
        ("555-0199", "telephone", "five five five zero one nine nine"),
        ("NASA", "characters", "en ay ess ay"),
        ("4/3/2024", "date:dmy", "March fourth, twenty twenty-four"),
        ("4/3/2024", "date:mdy", "April third, twenty twenty-four"),
        ("$5.20", "currency", "five dollars and twenty cents"),
        ("6:40 pm", "time", "six forty pee em"),
    ],
)
def test_say_as_says_it_as_asked(text: str, how: str, said: str) -> None:
    made, warnings = wording(text, "en", Reading(0, len(text), "say-as", how))
    assert made.spoken.text == said
    assert warnings == []
    assert how.partition(":")[0] in SAY_AS


def test_say_as_that_cannot_be_is_a_warning_and_the_text_is_still_said() -> None:
    made, warnings = wording("many", "en", Reading(0, 4, "say-as", "ordinal"))
    assert made.spoken.text == "many"
    assert warnings == ["'many' cannot be said as ordinal; it was read as it stands."]


def test_letters_are_spelt_in_every_language() -> None:
    assert wording("abc", "fi", Reading(0, 3, "say-as", "characters"))[0].spoken.text == "a b c"


def test_pronounced_words_stay_as_they_are_written_and_their_place_is_known() -> None:
    text = "Pay $5 in Reading 2"
    made, _ = wording(text, "en", reading(text, "Reading 2", "ipa", "ˈrɛdɪŋ"))
    assert made.spoken.text == "Pay five dollars in Reading 2"
    assert made.phonemes == [(20, 29, "ˈrɛdɪŋ")]
    made, _ = wording("I polish Polish silver.", "en", polish="/ˈpɒlɪʃ/", Polish="/ˈpoʊlɪʃ/")
    assert made.phonemes == [(2, 8, "ˈpɒlɪʃ"), (9, 15, "ˈpoʊlɪʃ")]


def test_signs_without_a_word_are_named_when_they_are_left_out() -> None:
    made, warnings = wording("Snow ☃ falls.")
    assert " ".join(made.spoken.text.split()) == "Snow falls."
    assert warnings == ["No word is known for these signs; they were not spoken: ☃"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("love♥you", "love you"), ("A|B", "A B"), ("10^6", "ten six"), ("♥you♥ too", "you too"), ("a♥♪b", "a b")],
)
def test_a_sign_that_is_left_out_between_two_words_leaves_them_two(text: str, said: str) -> None:
    assert wording(text)[0].spoken.text == said


def test_a_language_without_rules_has_its_plain_numbers_in_words_and_a_warning() -> None:
    made, warnings = wording("Kello on 6 & 7.", "fi")
    assert made.spoken.text == "Kello on kuusi & seitsemän."
    assert warnings == [
        "There are no rules for 'fi': its figures were read as plain numbers, dates and all.",
        "No word was put for the sign '&' (no rules for 'fi'); the voice may be silent about it.",
    ]
    assert wording("Hei vaan.", "fi")[1] == []


def test_a_language_without_numbers_either_is_passed_through_with_a_warning() -> None:
    made, warnings = wording("Ordua 6 da.", "eu")
    assert made.spoken.text == "Ordua 6 da."
    assert warnings == ["Numbers were read as they stand (no rules for 'eu'), for example '6'."]
    assert "no `language`" in wording("6", "")[1][0]


def test_without_the_rules_installed_the_text_is_read_as_it_stands_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pipelines.text.normalise.rule_book", None)
    made, warnings = wording("5 % up", "en")
    assert made.spoken.text == "5 % up"
    assert warnings[0].endswith("run: pip install 'voicemill[normalise]'.")
    assert warnings[1:] == [
        "Numbers were read as they stand (its rules are not installed), for example '5'.",
        "No word was put for the sign '%' (its rules are not installed); the voice may be silent about it.",
    ]


def test_a_voice_that_reads_figures_itself_gets_the_text_as_it_is() -> None:
    wordings = Wordings(Lexicon({}), by_rules=False)
    assert wordings.wording("“42” – Dr. Who…", "en").spoken.text == "“42” – Dr. Who…"

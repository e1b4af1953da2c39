"""What a voice is given for what was written."""

from __future__ import annotations

import pytest

from pipelines.text.normalised_text import SAY_AS, NormalisedText, TextNormaliser
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.style import SpokenForm


def normalise(text: str, language: str = "en", *readings: SpokenForm, **words: str) -> tuple[NormalisedText, list[str]]:
    normaliser = TextNormaliser(Lexicon(words), by_rules=True)
    return normaliser.normalise(text, language, readings), list(normaliser.warnings)


def reading(text: str, word: str, how: str, detail: str) -> SpokenForm:
    start = text.index(word)
    return SpokenForm(start, start + len(word), how, detail)


def test_the_lexicon_takes_precedence_over_the_rules() -> None:
    made, _ = normalise("Dr. Brannock has 2 BBC dogs.", Brannock="brannuck", BBC="Beeb BBC")
    assert made.aligned.text == "Doctor brannuck has two Beeb BBC dogs."


@pytest.mark.parametrize(("by_rules", "said"), [(None, "Det bor 12500 här."), (False, "Det bor 12\u00a0500 här.")])
def test_a_voice_that_reads_digits_gets_them_without_spaces_unless_normalisation_is_off(
    by_rules: bool | None, said: str
) -> None:
    normaliser = TextNormaliser(Lexicon({}), by_rules=by_rules)
    assert normaliser.normalise("Det bor 12\u00a0500 här.", "sv").aligned.text == said


def test_digits_in_a_replacement_of_the_lexicon_are_written_out() -> None:
    made, _ = normalise("Use 2FA.", **{"2FA": "2 factor login"})
    assert made.aligned.text == "Use two factor login."


def test_marks_of_words_of_the_lexicon_point_at_what_was_written() -> None:
    made, _ = normalise("Hello W3C!", W3C="Web Consortium")
    start = made.aligned.text.index("Web")
    assert made.aligned.written_range(start, start + 14) == (6, 9)


def test_markup_takes_precedence_over_the_lexicon() -> None:
    text = "W3C and W3C"
    made, _ = normalise(text, "en", SpokenForm(0, 3, "sub", "the Consortium"), W3C="Web")
    assert made.aligned.text == "the Consortium and Web"


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
def test_say_as_selects_the_spoken_form(text: str, how: str, said: str) -> None:
    made, warnings = normalise(text, "en", SpokenForm(0, len(text), "say-as", how))
    assert made.aligned.text == said
    assert warnings == []
    assert how.partition(":")[0] in SAY_AS


def test_say_as_that_does_not_apply_is_a_warning_and_the_text_is_kept() -> None:
    made, warnings = normalise("many", "en", SpokenForm(0, 4, "say-as", "ordinal"))
    assert made.aligned.text == "many"
    assert warnings == ["'many' cannot be said as ordinal; it was read as it stands."]


def test_characters_are_separated_in_every_language() -> None:
    assert normalise("abc", "fi", SpokenForm(0, 3, "say-as", "characters"))[0].aligned.text == "a b c"


def test_pronounced_words_stay_as_they_are_written_and_their_place_is_known() -> None:
    text = "Pay $5 in Reading 2"
    made, _ = normalise(text, "en", reading(text, "Reading 2", "ipa", "ˈrɛdɪŋ"))
    assert made.aligned.text == "Pay five dollars in Reading 2"
    assert made.phonemes == [(20, 29, "ˈrɛdɪŋ")]
    made, _ = normalise("I polish Polish silver.", "en", polish="/ˈpɒlɪʃ/", Polish="/ˈpoʊlɪʃ/")
    assert made.phonemes == [(2, 8, "ˈpɒlɪʃ"), (9, 15, "ˈpoʊlɪʃ")]


def test_signs_without_a_word_are_named_when_they_are_left_out() -> None:
    made, warnings = normalise("Snow ☃ falls.")
    assert " ".join(made.aligned.text.split()) == "Snow falls."
    assert warnings == ["No word is known for these signs; they were not spoken: ☃"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("love♥you", "love you"), ("A|B", "A B"), ("a^b", "a b"), ("♥you♥ too", "you too"), ("a♥♪b", "a b")],
)
def test_a_sign_that_is_left_out_between_two_words_leaves_them_two(text: str, said: str) -> None:
    assert normalise(text)[0].aligned.text == said


def test_a_language_without_rules_has_its_plain_numbers_in_words_and_a_warning() -> None:
    made, warnings = normalise("Kello on 6 & 7.", "fi")
    assert made.aligned.text == "Kello on kuusi & seitsemän."
    assert warnings == [
        "There are no rules for 'fi': its figures were read as plain numbers, dates and all.",
        "No word was put for the sign '&' (no rules for 'fi'); the voice may be silent about it.",
    ]
    assert normalise("Hei vaan.", "fi")[1] == []


def test_a_language_without_numbers_either_is_passed_through_with_a_warning() -> None:
    made, warnings = normalise("Ordua 6 da.", "eu")
    assert made.aligned.text == "Ordua 6 da."
    assert warnings == ["Numbers were read as they stand (no rules for 'eu'), for example '6'."]
    assert "no `language`" in normalise("6", "")[1][0]


def test_a_voice_that_reads_numbers_itself_gets_the_text_unchanged() -> None:
    normaliser = TextNormaliser(Lexicon({}), by_rules=False)
    assert normaliser.normalise("“42” – Dr. Who…", "en").aligned.text == "“42” – Dr. Who…"

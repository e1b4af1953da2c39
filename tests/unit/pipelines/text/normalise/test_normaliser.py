"""What is said for what is written, in four languages; tests/fixtures/spoken holds the pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.text.aligned_text import AlignedText
from pipelines.text.normalise.normaliser import LANGUAGES, apply_rules, find_unspoken_symbols, format_as, has_rules
from pipelines.text.normalise.rule_book import load_rule_book
from pipelines.text.typography import normalise_typography

PAIRS = Path(__file__).resolve().parents[4] / "fixtures" / "spoken"


def pairs(language: str) -> list[tuple[str, str]]:
    lines = (PAIRS / f"{language}.tsv").read_text(encoding="utf-8").splitlines()
    return [(written, spoken) for written, _, spoken in (line.partition("\t") for line in lines)]


def said(text: str, language: str) -> str:
    return apply_rules(normalise_typography(AlignedText(text)), language).text


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_written_text_gets_its_spoken_form(language: str) -> None:
    listed = pairs(language)
    assert len(listed) >= 75
    assert {written: said(written, language) for written, _ in listed} == dict(listed)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_spoken_form_has_no_digit_or_sign_and_is_not_changed_by_the_rules(language: str) -> None:
    for _, spoken in pairs(language):
        assert find_unspoken_symbols(spoken) == []
        assert said(spoken, language) == spoken


@pytest.mark.parametrize("listed", sorted((PAIRS / "unchanged").glob("*.txt")), ids=lambda path: path.stem)
def test_letters_and_words_that_only_look_like_numbers_or_abbreviations_stay_as_written(listed: Path) -> None:
    texts = listed.read_text(encoding="utf-8").splitlines()
    assert {text: said(text, listed.stem) for text in texts} == {text: text for text in texts}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_rule_is_needed_by_a_pair_or_is_about_a_rarer_case_of_one(language: str) -> None:
    """A pattern that never matches anything is a mistake in writing it: the greater part must be at work here."""
    texts = [normalise_typography(AlignedText(written)).text for written, _ in pairs(language)]
    rules = load_rule_book(language).rules
    at_work = [rule.name for rule in rules if any(rule.pattern.search(text) for text in texts)]
    assert len(at_work) > 0.7 * len(rules)


def test_the_region_of_the_language_decides_how_a_date_is_read() -> None:
    assert said("3/4/2024", "en-US") == "March fourth, twenty twenty-four"
    assert said("3/4/2024", "en-GB") == "the third of April twenty twenty-four"


def test_the_region_of_the_language_decides_which_mark_is_the_decimal_one_and_whose_dollar_is_meant() -> None:
    text = "Pagó $1,299.50 por 2,240 m y 3.5 kg; $1,299."
    assert said(text, "es-MX") == (
        "Pagó mil doscientos noventa y nueve pesos con cincuenta por dos mil doscientos cuarenta metros y tres punto "
        "cinco kilogramos; mil doscientos noventa y nueve pesos."
    )
    text = "Pagó 1.299,50 € por 2,24 m y 3.500 kg."
    assert said(text, "es-ES") == (
        "Pagó mil doscientos noventa y nueve euros con cincuenta por dos coma veinticuatro metros y tres mil "
        "quinientos kilogramos."
    )
    assert said("Cuesta $5.", "es-AR") == "Cuesta cinco pesos."
    assert said("Cuesta $5.", "es") == "Cuesta cinco dólares."


@pytest.mark.parametrize("text", ["45/99/2024", "25:99", "99.99.2024", "1/0", "0:0", "MMMMM", "1,2,3,4", "+++", "1e99"])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_what_is_no_date_or_time_loses_no_letter_and_keeps_no_digit(text: str, language: str) -> None:
    assert not any(sign.isdigit() for sign in said(text, language))


def test_signs_without_a_word_stay_and_are_named() -> None:
    spoken = said("Snow ☃ and 3 ☂!", "en")
    assert spoken == "Snow ☃ and three ☂!"
    assert find_unspoken_symbols(spoken) == ["☂", "☃"]


def test_a_final_range_is_not_changed() -> None:
    assert apply_rules(AlignedText("Room 12 on floor 12."), "en", final=[(5, 7)]).text == "Room 12 on floor twelve."


def test_every_range_of_the_spoken_text_is_aligned_with_the_written_one() -> None:
    spoken = apply_rules(AlignedText("On May 4 Dr. Who paid $5.20."), "en")
    assert spoken.text == "On May fourth Doctor Who paid five dollars and twenty cents."
    for words, written in (("Doctor", "Dr."), ("Who", "Who"), ("dollars", "$5.20"), ("fourth", "May 4")):
        start = spoken.text.index(words)
        first, last = spoken.written_range(start, start + len(words))
        assert spoken.written[first:last] == written


@pytest.mark.parametrize("digits", [16, 400, 2_000])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_very_long_number_is_spoken_digit_by_digit(digits: int, language: str) -> None:
    assert len(said("7" * digits, language).split()) == digits


@pytest.mark.parametrize(
    "text", ["x" * 2_000, "1.1" * 700, "A." * 1_000, "-" * 2_000, "1-" * 1_000, "@" * 2_000, "a@" * 900]
)
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_word_of_two_thousand_characters_is_normalised_in_good_time(text: str, language: str) -> None:
    assert said(text, language)


def test_only_four_languages_have_rules() -> None:
    assert [tag for tag in ("en-GB", "DE", "fr_CA", "es", "it", "", "zh-Hant") if has_rules(tag)] == [
        "en-GB",
        "DE",
        "fr_CA",
        "es",
    ]


def test_one_formatter_can_be_applied_by_name() -> None:
    assert format_as("ordinal", "3", "en") == "third"
    assert format_as("letters", "Zoe", "de") == "zett o e"
    with pytest.raises(ValueError, match="abc"):
        format_as("digits", "abc", "fr")

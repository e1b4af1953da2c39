"""The rules of a language, as read from its file."""

from __future__ import annotations

import pytest

from pipelines.text.normalise.normaliser import LANGUAGES
from pipelines.text.normalise.rule_book import load_rule_book


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_its_own_rules_between_those_of_all(language: str) -> None:
    names = [rule.name for rule in load_rule_book(language).rules]
    assert names[0] == "mail address" and names[-1] == "sign between words"
    assert len(names) > 20 and len(load_rule_book(language).months) == 12


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_macro_is_left_in_a_pattern(language: str) -> None:
    assert [rule.name for rule in load_rule_book(language).rules if "<<" in rule.pattern.pattern] == []


def test_table_is_looked_up_without_spaces_and_with_any_first_letter() -> None:
    english = load_rule_book("en")
    assert english.look_up("fractions", "1 / 2") == "one half"
    assert english.look_up("scales", "Million") == "million"
    with pytest.raises(ValueError, match="not in the table scales"):
        english.look_up("scales", "dozen")


def test_inflection_changes_the_words_that_it_matches() -> None:
    english = load_rule_book("en")
    assert english.inflect("eighty", "decade") == "eighties"
    assert english.inflect("five", "decade") == "five"


def test_rule_for_some_regions_applies_in_no_other() -> None:
    regional = [rule for rule in load_rule_book("en").rules if rule.regions]
    assert regional
    assert all(rule.applies_in(next(iter(rule.regions))) and not rule.applies_in("XX") for rule in regional)


def test_region_has_its_own_marks_and_entries_and_all_else_from_the_language() -> None:
    spain, mexico, peru = (load_rule_book("es", region) for region in ("ES", "MX", "PE"))
    assert [book.numerals.number("1.5") for book in (mexico, peru)] == ["uno punto cinco"] * 2
    assert spain.numerals.number("1,5") == "uno coma cinco"
    assert [book.look_up("currencies", "$").partition("|")[0] for book in (spain, mexico, peru)] == [
        "un dólar",
        "un peso",
        "un dólar",
    ]
    assert mexico.look_up("currencies", "€") == spain.look_up("currencies", "€")
    assert load_rule_book("es", "XX") is load_rule_book("es")

"""Which patterns can only match where there is a digit."""

from __future__ import annotations

import re

import pytest

from pipelines.text.normalise.normaliser import LANGUAGES
from pipelines.text.normalise.required_digits import requires_digit
from pipelines.text.normalise.rule_book import load_rule_book


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d",
        r"a\d+",
        r"(?:\d|1[0-2])x",
        r"(?P<n>[0-9]{2}) ?km",
        r"(?<=\d )km",
        r"a(?=\d)",
        "[1-9]",
        r"\(\d\)|5",
        r"[a(\]]\d",
    ],
)
def test_a_pattern_with_a_digit_in_each_of_its_branches_needs_one(pattern: str) -> None:
    assert requires_digit(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "abc",
        r"\d?a",
        r"\d*",
        r"a{0,2}\d{0,3}",
        r"\d|a",
        r"(?:\d|a)x",
        r"(?!\d)a",
        r"(?<!\d)a",
        r"(?:\d)?a",
        r"[\da]",
        "[^0]",
    ],
)
def test_a_pattern_that_can_match_without_a_digit_needs_none(pattern: str) -> None:
    assert not requires_digit(pattern)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_rule_that_needs_a_digit_matches_no_text_without_one(language: str) -> None:
    rules = [rule for rule in load_rule_book(language).rules if rule.needs_digit]
    assert len(rules) > 50
    words = (
        "Am Fr. I, II. und km/h, $ € 'x' (a) Mr. Smith—I.V. p. iv; no. Mon–Fri, s. XX, a.m. / x² H₂O C$ v. ½ and so on."
    )
    assert [rule.name for rule in rules if re.search(rule.pattern, words)] == []

"""The formatters of rule templates, with the English rules."""

from __future__ import annotations

import pytest

from pipelines.text.normalise.formatters import fill_template, format_value
from pipelines.text.normalise.rule_book import load_rule_book

ENGLISH = load_rule_book("en")


@pytest.mark.parametrize(
    ("template", "groups", "words"),
    [
        ("{n:cardinal}", {"n": "12"}, "twelve"),
        ("{month:month} {day:day+ordinal}", {"month": "Mar.", "day": "04"}, "March fourth"),
        ("{n|c:money}", {"n": "5.20", "c": "$"}, "five dollars and twenty cents"),
        ("{n|=km:measure}", {"n": "1"}, "one kilometer"),
        ("{a:cardinal}, {b:year}", {"a": "3", "b": None}, "three,"),
        ("{it:european_number}", {"it": "1.234,5"}, "one thousand two hundred and thirty-four point five"),
        ("{n|c:european_money}", {"n": "1.000,20", "c": "€"}, "one thousand euros and twenty cents"),
        ("{it:letters}", {"it": "A1"}, "ay one"),
        ("{h|m:clock}", {"h": "6", "m": "05"}, "six oh five"),
        ("{n|c:money}", {"n": ".50", "c": "$"}, "fifty cents"),
        ("{it:spelled}", {"it": "C₆H₁₂O₆"}, "C six H twelve O six"),
        ("{a|b:fraction}", {"a": "3", "b": "16"}, "three sixteenths"),
        ("{a|b:fraction}", {"a": "1", "b": "32"}, "one thirty-second"),
        ("{it:exponent}", {"it": "²"}, "squared"),
        ("{it:exponent}", {"it": "^-3"}, "to the power of minus three"),
        ("{it:exponent}", {"it": "⁻¹²"}, "to the power of minus twelve"),
        ("{u:unit_name}", {"u": "km²"}, "square kilometer"),
        ("{u|n:unit_name}", {"u": "cm", "n": "40"}, "forty centimeter"),
        ("{u:units_name}", {"u": "m/s"}, "meters per second"),
    ],
)
def test_template_is_filled_with_words(template: str, groups: dict[str, str | None], words: str) -> None:
    assert fill_template(template, groups, ENGLISH) == words


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("day", ["32"]),
        ("month", ["13"]),
        ("clock", ["25", "00"]),
        ("roman", ["IIX"]),
        ("units", ["furlongs"]),
        ("fraction", ["9", "4"]),
    ],
)
def test_value_that_does_not_exist_is_refused(name: str, values: list[str]) -> None:
    with pytest.raises(ValueError):
        format_value(name, values, ENGLISH)


def test_unknown_name_is_an_inflection_that_changes_nothing() -> None:
    assert format_value("dative", ["three"], ENGLISH) == "three"

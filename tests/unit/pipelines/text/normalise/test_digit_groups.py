"""Numbers in groups of three digits, for voices that read digits themselves."""

from __future__ import annotations

import pytest

from pipelines.text.aligned_text import AlignedText
from pipelines.text.normalise.digit_groups import join_digit_groups


@pytest.mark.parametrize(
    ("written", "joined"),
    [
        ("Det bor 12 500 personer här.", "Det bor 12500 personer här."),
        ("Mieszka tu 12\u00a0500 osób.", "Mieszka tu 12500 osób."),
        ("Всего 1\u202f234\u202f567 человек.", "Всего 1234567 человек."),
        ("Je to 1 234 567 lidí.", "Je to 1234567 lidí."),
        ("Costa 1\u2009299,99 €.", "Costa 1299,99 €."),
        ("São 10 000.", "São 10000."),
        ("(200 000)", "(200000)"),
        ("10 000-12 000 zł", "10000-12000 zł"),
        ("10 000–12 000 kr", "10000–12000 kr"),
        ("a 5 000, b 6 000", "a 5000, b 6000"),
    ],
)
def test_spaces_between_thousands_are_removed(written: str, joined: str) -> None:
    assert join_digit_groups(AlignedText(written)).text == joined


@pytest.mark.parametrize(
    "written",
    [
        "W 2024 300 osób.",
        "tel. 602 123 456",
        "+420 602 123 456",
        "08 123 456",
        "12 5000 och 12 50",
        "1 2 3",
        "1 9 8 4",
        "1.5 200",
        "B12 500",
        "08-123 456",
        "3/4 500",
        "den 3 200-årsdagen",
        "",
    ],
)
def test_other_numbers_beside_each_other_stay_as_they_are(written: str) -> None:
    assert join_digit_groups(AlignedText(written)).text == written


def test_a_joined_number_is_aligned_with_its_written_form() -> None:
    spoken = join_digit_groups(AlignedText("ca 12 500 kr"))
    assert spoken.written_range(3, 8) == (3, 9)

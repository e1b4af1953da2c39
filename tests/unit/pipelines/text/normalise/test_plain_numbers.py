"""Numbers in languages without rules of their own."""

from __future__ import annotations

import pytest

from pipelines.text.aligned_text import Spoken
from pipelines.text.normalise.plain_numbers import in_words, knows_numbers


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("pt", "Em 1984 ele saiu.", "Em mil novecentos e oitenta e quatro ele saiu."),
        ("pt-BR", "de 1.200,5 a 007", "de mil e duzentos vírgula cinco a zero zero sete"),
        ("ru", "В 1984 году", "В одна тысяча девятьсот восемьдесят четыре году"),
        ("it", "3,5 e 2B", "tre virgola cinque e due B"),
        ("pl", "12 345", "dwanaście tysięcy trzysta czterdzieści pięć"),
        ("cs", "-5", "mínus pět"),
        ("nl", "10-12", "tien-twaalf"),
        ("nb", "21", "tjueen"),
        ("he", "3.5", "שלוש נקודה חמש"),
        ("sv", "7" * 16, " ".join(["sju"] * 16)),
    ],
)
def test_numbers_are_said_as_the_language_writes_them(language: str, written: str, said: str) -> None:
    assert knows_numbers(language)
    assert in_words(Spoken(written), language).text == said


def test_what_num2words_has_no_word_for_stays() -> None:
    assert in_words(Spoken("1984"), "am").text == "1984"
    assert not any(knows_numbers(language) for language in ("hi", "zh", "", "xx-YY"))


def test_what_is_fixed_stays_and_the_rest_knows_where_it_was_written() -> None:
    spoken = in_words(Spoken("7 e 12"), "pt", fixed=[(0, 1)])
    assert spoken.text == "7 e doze"
    assert spoken.written_range(4, 8) == (4, 6)

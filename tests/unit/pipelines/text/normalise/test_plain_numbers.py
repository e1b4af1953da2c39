"""Numbers in languages without rules of their own."""

from __future__ import annotations

import pytest

from pipelines.text.aligned_text import AlignedText
from pipelines.text.normalise.plain_numbers import has_number_words, write_out_numbers


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("pt", "Em 1984 ele saiu.", "Em mil novecentos e oitenta e quatro ele saiu."),
        ("pt-BR", "de 1.200,5 a 007", "de mil e duzentos vírgula cinco a zero zero sete"),
        ("ru", "В 1984 году", "В одна тысяча девятьсот восемьдесят четыре году"),
        ("it", "3,5 e 2B", "tre virgola cinque e due B"),
        ("it", "12 345 e 1.000", "dodicimilatrecentoquarantacinque e mille"),
        ("pt", "1 234 567", "um milhão duzentos e trinta e quatro mil quinhentos e sessenta e sete"),
        ("sv", "12 345,5", "tolvtusen trehundraförtiofem komma fem"),
        ("pl", "12 345", "dwanaście tysięcy trzysta czterdzieści pięć"),
        ("cs", "-5", "mínus pět"),
        ("nl", "10-12", "tien-twaalf"),
        ("nb", "21", "tjueen"),
        ("he", "3.5", "שלוש נקודה חמש"),
        ("sv", "7" * 16, " ".join(["sju"] * 16)),
    ],
)
def test_numbers_are_written_out_by_the_conventions_of_the_language(language: str, written: str, said: str) -> None:
    assert has_number_words(language)
    assert write_out_numbers(AlignedText(written), language).text == said


def test_what_num2words_has_no_word_for_stays() -> None:
    assert write_out_numbers(AlignedText("1984"), "am").text == "1984"
    assert not any(has_number_words(language) for language in ("hi", "zh", "", "xx-YY"))


def test_final_ranges_stay_and_the_rest_is_aligned_with_the_written_text() -> None:
    spoken = write_out_numbers(AlignedText("7 e 12"), "pt", final=[(0, 1)])
    assert spoken.text == "7 e doze"
    assert spoken.written_range(4, 8) == (4, 6)

"""Where sentences end."""

from __future__ import annotations

import pytest

from pipelines.text.sentences import sentences


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "He left. She stayed! Why? Nobody knew.", ["He left.", "She stayed!", "Why?", "Nobody knew."]),
        ("en", "Dr. Smith met Mr. Jones. They spoke.", ["Dr. Smith met Mr. Jones.", "They spoke."]),
        ("en", "J. R. R. Tolkien wrote it. I read it.", ["J. R. R. Tolkien wrote it.", "I read it."]),
        ("en", "Kramer vs. Kramer, see No. 5. It is good.", ["Kramer vs. Kramer, see No. 5.", "It is good."]),
        ("en", "Pens, ink, etc. Then he came.", ["Pens, ink, etc.", "Then he came."]),
        ("en", "Pens, etc. were there.", ["Pens, etc. were there."]),
        ("en", "It cost 3.5 million, i.e. a lot. True.", ["It cost 3.5 million, i.e. a lot.", "True."]),
        ("en-GB", "A 🙂 came. B went.", ["A 🙂 came.", "B went."]),
        ("de", "Am 3. April kam Hr. Meier z. B. zu Fuß. Gut.", ["Am 3. April kam Hr. Meier z. B. zu Fuß.", "Gut."]),
        ("de", "Äpfel usw. Dann ging er.", ["Äpfel usw.", "Dann ging er."]),
        ("fr", "M. Dupont et Mme. Durand. Oui.", ["M. Dupont et Mme. Durand.", "Oui."]),
        ("es", "El Sr. García vino. ¿Por qué? Bien.", ["El Sr. García vino.", "¿Por qué?", "Bien."]),
        ("zh", "你好，世界。今天天气很好。", ["你好，世界。", "今天天气很好。"]),
        ("ja", "吾輩は猫である。名前はまだ無い。", ["吾輩は猫である。", "名前はまだ無い。"]),
        ("xx", "Hello there. You.", ["Hello there.", "You."]),
        ("en", "1. The Ferry at 6:40 a.m.", ["1. The Ferry at 6:40 a.m."]),
        ("en", "IV. The Road. It was long.", ["IV. The Road.", "It was long."]),
        ("en", "He counted to 3. Then he left.", ["He counted to 3.", "Then he left."]),
        ("en", "   ", []),
        ("en", "all in lower case. still two.", ["all in lower case.", "still two."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language: str, text: str, found: list[str]) -> None:
    assert list(sentences(text, language)) == found


@pytest.mark.parametrize(
    "text", ["." * 16_384, "a. " * 5_461, "x" * 16_384, ". A" * 5_461, "“" * 16_384, "A. " * 5_461]
)
def test_no_character_is_lost_in_odd_texts(text: str) -> None:
    assert "".join(sentences(text, "en")).replace(" ", "") == text.replace(" ", "")

"""What a sample of bytes may be, by the letters and words of languages."""

from __future__ import annotations

import pytest

from pipelines.text.documents.alphabets import decode_sample, find_fitting_texts


@pytest.mark.parametrize(
    ("language", "text", "codecs"),
    [
        ("de", "Grüße aus Köln", ["cp1252", "iso8859-15", "mac-roman", "cp850"]),
        ("pl", "Żółw idzie do źródła", ["cp1250", "iso8859-2", "cp852"]),
        ("cs-CZ", "Příliš žluťoučký kůň", ["cp1250", "iso8859-2"]),
        ("ru", "Все счастливые семьи", ["cp1251", "koi8-r", "iso8859-5", "cp866"]),
        ("uk", "Як умру, то поховайте мене", ["cp1251", "koi8-u"]),
        ("uk", "На ґанку стоїть їжак", ["cp1251", "koi8-u"]),
        ("de", "Die Straße nach König", ["cp850"]),
        ("ca", "la col·lecció és nova", ["cp1252"]),
        ("el", "Καλημέρα κόσμε", ["cp1253", "iso8859-7"]),
        ("ja", "吾輩は猫である。名前はまだ無い。", ["cp932", "euc_jp"]),
        ("zh", "红楼梦是一部小说", ["gb18030"]),
        ("zh", "人人生而自由", ["gb18030", "cp950"]),
        ("ko", "모든 인간은 태어날 때부터", ["cp949"]),
    ],
)
def test_a_text_fits_its_language_by_its_own_codec(language: str, text: str, codecs: list[str]) -> None:
    for codec in codecs:
        assert next(find_fitting_texts(text.encode(codec), language)).text == text, codec


@pytest.mark.parametrize(
    ("language", "data"),
    [
        ("de", "Żółw idzie".encode("cp1250")),  # other letters
        ("fr", "le¿y na ³ó¿ku".encode("cp1252")),  # signs within words
        ("cs", "pŘÍLIŠ malý".encode("cp1250")),  # capitals within words
        ("ru", "Gr\u044cя\u0435".encode("cp1251")),  # two alphabets in a word
        ("zh", "für alle Bäume und Öfen".encode()),  # single characters within words
        ("xx", b"\xfc"),
    ],
)
def test_what_no_text_of_the_language_has_does_not_fit(language: str, data: bytes) -> None:
    assert [each.text for each in find_fitting_texts(data, language)] == []


def test_common_words_tell_languages_apart() -> None:
    found = {each.text: each.words for each in find_fitting_texts("Perché non è così per la gente?".encode("cp1252"))}
    assert max(found, key=lambda text: found[text]) == "Perché non è così per la gente?"


def test_a_sample_may_end_inside_of_a_character() -> None:
    assert decode_sample("猫が".encode()[:-1], "utf-8") == "猫"
    assert decode_sample(b"\xff\xfe\xfd\xfc\xfb", "utf-8") is None

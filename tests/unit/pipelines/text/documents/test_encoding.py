"""Which characters the bytes of a text mean."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipelines.errors import BadInput, InputTooLarge, UnreadableInput
from pipelines.text.documents.encoding import detect_encoding, load_detectors, read_text_file
from pipelines.text.documents.reading import ReadingOptions

UMLAUTS = "Grüße aus Köln – „schön“"


def read(path: Path, data: bytes, maximum: int = 1_000_000) -> str:
    path.write_bytes(data)
    return "".join(read_text_file(path, maximum))


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_is_read_whatever_of_the_known_encodings_it_has(tmp_path: Path, codec: str) -> None:
    assert read(tmp_path / "a", UMLAUTS.encode(codec)) == UMLAUTS


def test_utf16_big_endian_is_known_by_its_mark(tmp_path: Path) -> None:
    assert read(tmp_path / "a", b"\xfe\xff" + UMLAUTS.encode("utf-16-be")) == UMLAUTS


def test_a_character_on_the_border_of_two_blocks_is_read_whole(tmp_path: Path) -> None:
    text = "x" * (64 * 1024 - 1) + "ä🙂" * 3
    assert read(tmp_path / "a", text.encode()) == text


TEXTS = {
    "cp1250": "Książka leży na stole. Żółw idzie powoli do źródła, a gęś śpi i się nie boi.",
    "iso8859-2": "Babička měla syna a dvě dcery. Nejstarší žila mnoho let ve Vídni u přátel, od nichž se vdala.",
    "cp1254": "Bir varmış bir yokmuş, evvel zaman içinde bir padişahın üç oğlu varmış ve çok mutluymuş.",
    "cp1251": "Все счастливые семьи похожи друг на друга.",
    "koi8-r": "Все счастливые семьи похожи друг на друга.",
    "cp1253": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι.",
    "shift_jis": "吾輩は猫である。名前はまだ無い。どこで生れたか分からぬ。",
    "big5": "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心。",
    "gb18030": "满纸荒唐言，一把辛酸泪。都云作者痴，谁解其中味？",
    "cp949": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
}


@pytest.mark.parametrize("codec", TEXTS)
@pytest.mark.parametrize("times", [1, 40])
def test_the_encoding_of_a_text_is_detected(tmp_path: Path, codec: str, times: int) -> None:
    text = f"{TEXTS[codec]}\n" * times
    assert read(tmp_path / "a", text.encode(codec)) == text


@pytest.mark.parametrize(
    ("text", "codec", "language"),
    [
        ("Żółw.", "cp1250", "pl"),
        ("Żółw.", "iso8859-2", "pl-PL"),
        ("Perché è così?", "cp1252", "it"),
        ("Привет, мир.", "koi8-r", "ru"),
        ("ВОЙНА И МИР", "koi8-r", "ru"),
        ("Ĉiuj homoj estas liberaj.", "iso8859-3", "eo"),
    ],
)
def test_the_declared_language_decides_where_the_bytes_alone_do_not(
    tmp_path: Path, text: str, codec: str, language: str
) -> None:
    (tmp_path / "a").write_bytes(text.encode(codec))
    found = "".join(read_text_file(tmp_path / "a", 1_000, ReadingOptions(language=language)))
    assert found == text


@pytest.mark.parametrize(
    "data",
    [
        "Żółw.".encode("cp1250"),
        "Perché è così?".encode("cp1252"),
        "Да.".encode("koi8-r"),
        (TEXTS["cp1250"] * 3).encode("cp1250") + (TEXTS["cp1250"] * 3).encode("iso8859-2"),
        (TEXTS["cp1251"] * 3).encode("cp1251") + "Grüße aus Köln".encode("cp1252"),
        bytes(range(128, 256)) * 5,
    ],
)
def test_what_is_unsure_or_mixed_is_refused_with_the_cure(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadableInput, match=r"`encoding`.*`language`") as refused:
        read(tmp_path / "a", data)
    assert refused.value.field == "encoding"


def test_utf8_with_a_few_other_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"Most of the text is UTF-8.*\(1, or more\)"):
        read(tmp_path / "a", "Grüße aus Köln, schöne Öfen.\n".encode() * 9 + "für\n".encode("cp1252"))


def test_a_named_encoding_is_taken_and_has_to_be_right(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("Żółw.".encode("iso8859-2"))
    assert "".join(read_text_file(tmp_path / "a", 1_000, ReadingOptions(encoding="ISO-8859-2"))) == "Żółw."
    with pytest.raises(UnreadableInput, match="not valid utf-8"):
        list(read_text_file(tmp_path / "a", 1_000, ReadingOptions(encoding="utf-8")))
    with pytest.raises(BadInput, match="encoding 'zip' is not known") as refused:
        read_text_file(tmp_path / "a", 1_000, ReadingOptions(encoding="zip"))
    assert refused.value.field == "encoding"


def test_damaged_utf8_is_read_where_the_request_says_so(tmp_path: Path) -> None:
    data = "Grüße aus Köln, schöne Öfen.\n".encode() * 9 + "für\n".encode("cp1252")
    (tmp_path / "a").write_bytes(data)
    assert "".join(read_text_file(tmp_path / "a", 1_000, ReadingOptions(encoding="utf-8"))).endswith("f\ufffdr\n")


def test_a_byte_order_mark_is_no_text_and_contradicts_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(UMLAUTS.encode("utf-8-sig"))
    assert "".join(read_text_file(tmp_path / "a", 1_000, ReadingOptions(encoding="utf-8"))) == UMLAUTS
    with pytest.raises(BadInput, match=r"byte order mark of UTF-8; leave `encoding` out"):
        read_text_file(tmp_path / "a", 1_000, ReadingOptions(encoding="windows-1250"))


def test_without_the_libraries_that_detect_encodings_letters_and_words_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "chardet", None)
    assert read(tmp_path / "a", TEXTS["cp1250"].encode("cp1250")) == TEXTS["cp1250"]
    load_detectors()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7 x", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "docx"),
        (b"{\\rtf1 x", "RTF"),
        (b"PK\x03\x04 x", "zip"),
        (b"abc\0def", "zero bytes"),
        ("abc".encode("utf-16-le") + b"\0d", "byte order mark"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(UnreadableInput, match=says) as refused:
        read(tmp_path / "a", data)
    assert refused.value.field == "file"


def test_a_text_past_the_limit_is_refused_with_the_limit_and_a_cure(tmp_path: Path) -> None:
    assert len(read(tmp_path / "a", b"x" * 1000, maximum=1000)) == 1000
    with pytest.raises(InputTooLarge, match=r"1,000 characters.*divide it"):
        read(tmp_path / "a", b"x" * 1001, maximum=1000)


def test_a_broken_utf16_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="utf-16"):
        read(tmp_path / "a", b"\xff\xfe" + b"\x00\xd8\x00\xd8")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Häuser und Gärten.\n", "utf-16-le"),
        ("Häuser und Gärten.\n", "utf-16-be"),
        ("Все счастливые семьи похожи друг на друга.\n", "utf-16-le"),
        ("吾輩は猫である。名前はまだ無い。\n", "utf-16-le"),
        ("一个老国王有一座花园。每天他都到花园里去，看那里生长的花朵。\n", "utf-16-le"),
        ("그 왕에게는 세 딸이 있었다. 가장 큰 딸은 저녁마다 정원에 가서 대문을 보았다.\n", "utf-16-be"),
        ("Déjà vu, 5 €.\n", "utf-16-le"),
        ("吾輩は猫である。名前はまだ無い。\n", "iso2022_jp"),
        ("모든 인간은 태어날 때부터 자유로우며\n", "iso2022_kr"),
        ("人人生而自由，在尊严和权利上一律平等。\n", "hz"),
    ],
)
def test_text_without_a_mark_is_known_by_its_zero_bytes_or_its_escapes(text: str, codec: str) -> None:
    assert detect_encoding([text.encode(codec)], 10_000) == codec


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("It’s a café, she said, the naïve one. It was the best of times, and he was not there.", "cp850"),
        ("Alla människor är födda fria och lika. Han var inte hemma, det var jag som hade sett det.", "cp850"),
        ("En un lugar de la Mancha no ha mucho tiempo que vivía un hidalgo con su rocín y el galgo.", "mac-roman"),
    ],
)
def test_letters_of_old_encodings_are_not_taken_for_quotes(text: str, codec: str) -> None:
    encoded = text.replace("’", "'").encode(codec)
    assert encoded.decode(detect_encoding([encoded], 10_000)) == text.replace("’", "'")


def test_zero_bytes_within_words_are_no_utf_16() -> None:
    with pytest.raises(UnreadableInput, match="zero bytes"):
        detect_encoding([b"abc\0def\n"], 10_000)


def test_cyrillic_letters_are_not_taken_for_greek_ones(tmp_path: Path) -> None:
    text = "Всички хора се раждат свободни и равни по достойнство и права. Те са надарени с разум и съвест.\n"
    with pytest.raises(UnreadableInput, match="`encoding`"):
        read(tmp_path / "b", text.encode("mac-cyrillic"))


def test_utf16_that_is_named_is_read_in_the_byte_order_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(UMLAUTS.encode("utf-16-be"))
    for name in ("utf-16", "utf-16-be"):
        assert "".join(read_text_file(path, 1000, ReadingOptions(encoding=name))) == UMLAUTS
    with pytest.raises(BadInput, match="utf-16-be; leave `encoding` out") as caught:
        read_text_file(path, 1000, ReadingOptions(encoding="utf-16-le"))
    assert caught.value.field == "encoding"

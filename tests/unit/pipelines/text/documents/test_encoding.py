"""Which characters the bytes of a text mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import InputTooLarge, UnreadableInput
from pipelines.text.documents.encoding import read_text_file

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


@pytest.mark.parametrize("codec", ["shift_jis", "gb18030", "cp1251", "koi8-r", "cp1253"])
def test_another_encoding_is_refused_rather_than_read_as_noise(tmp_path: Path, codec: str) -> None:
    text = {"shift_jis": "吾輩は猫である。", "gb18030": "红楼梦是一部小说", "cp1253": "Καλημέρα κόσμε"}.get(
        codec, "Все счастливые семьи похожи друг на друга"
    )
    with pytest.raises(UnreadableInput, match="save it as UTF-8"):
        read(tmp_path / "a", (text * 5).encode(codec))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7 x", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "docx"),
        (b"{\\rtf1 x", "RTF"),
        (b"PK\x03\x04 x", "zip"),
        (b"abc\0def", "zero bytes"),
        ("abc".encode("utf-16-le"), "byte order mark"),
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

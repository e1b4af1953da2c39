"""The encodings of pages."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.errors import BadInput, UnreadableInput
from pipelines.text.documents.page_encoding import decode_page, find_declared_encoding, find_encoding

POLISH = "<p>Zażółć gęślą jaźń. Wiedźma źle się czuła, więc poszła spać do łóżka.</p>"


def decode(data: bytes, **options: Any) -> str:
    blocks = [data[at : at + 7] for at in range(0, len(data), 7)]
    return "".join(
        decode_page(lambda: [data[:4096], *blocks[586:]] if len(data) > 4096 else [data], 1 << 20, **options)
    )


@pytest.mark.parametrize(
    ("start", "codec"),
    [
        (b'<meta charset="windows-1250">', "cp1250"),
        (b"<meta http-equiv=x content='text/html; charset=ISO-8859-1'>", "cp1252"),
        (b"<?xml version='1.0' encoding='GB2312'?>", "gb18030"),
        (b"<meta charset=utf8>", "utf-8"),
        (b"<meta charset=zlib>", None),
        (b"<meta charset=utf-16>", None),
        (b"<meta charset=no-such-thing>", None),
        (b"<p>", None),
    ],
)
def test_a_page_may_declare_an_encoding_of_text(start: bytes, codec: str | None) -> None:
    assert find_declared_encoding(start) == codec


@pytest.mark.parametrize(
    "data",
    [
        POLISH.encode(),
        b"\xef\xbb\xbf" + POLISH.encode(),
        POLISH.encode("utf-16"),
        b"<meta charset=windows-1250>" + POLISH.encode("cp1250"),
        b"<meta charset=windows-1250>" + POLISH.encode(),
        b"<meta charset=utf-8><html lang=pl>" + POLISH.encode("iso8859-2"),
        b"<html lang='pl-PL'>" + POLISH.encode("cp1250"),
    ],
)
def test_a_page_is_read_whatever_it_declares(data: bytes) -> None:
    assert decode(data).endswith(POLISH)


def test_the_encoding_of_the_request_comes_before_the_declared_one() -> None:
    data = b"<meta charset=iso-8859-1>" + POLISH.encode("cp1250")
    assert decode(data, encoding="windows-1250").endswith(POLISH)
    with pytest.raises(BadInput, match="no-such-thing") as caught:
        decode(data, encoding="no-such-thing")
    assert caught.value.field == "encoding"


def test_an_encoding_that_contradicts_the_byte_order_mark_is_refused() -> None:
    marked = b"\xef\xbb\xbf" + POLISH.encode()
    assert decode(marked, encoding="utf-8") == POLISH
    with pytest.raises(BadInput, match="byte order mark of UTF-8") as caught:
        decode(marked, encoding="windows-1250")
    assert caught.value.field == "encoding"


def test_the_encoding_for_old_pages_leaves_those_in_utf_8_alone() -> None:
    assert decode(POLISH.encode(), fallback="windows-1250") == POLISH
    assert decode(POLISH.encode("cp1250"), fallback="windows-1250") == POLISH


def test_damaged_utf_8_stays_utf_8() -> None:
    data = POLISH.encode() * 5
    assert decode(data[:20] + b"\xff" + data[20:]).replace("\ufffd", "") == POLISH * 5


def test_what_cannot_be_told_is_refused_with_the_cure() -> None:
    with pytest.raises(UnreadableInput, match="encoding"):
        find_encoding(lambda: [b"<p>\xfc</p>"], 1 << 20)

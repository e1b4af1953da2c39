"""Names of encodings."""

from __future__ import annotations

import pytest

from pipelines.text_codecs import find_text_codec, unknown_encoding


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF8", "utf-8"),
        ("windows-1250", "cp1250"),
        ("ISO-8859-2", "iso8859-2"),
        ("latin1", "iso8859-1"),
        ("GB18030", "gb18030"),
        ("Shift_JIS", "shift_jis"),
        ("koi8-r", "koi8-r"),
    ],
)
def test_usual_names_of_encodings_are_known(name: str, codec: str) -> None:
    assert find_text_codec(name) == codec


@pytest.mark.parametrize("name", ["", "nonsense", "zip", "rot13", "base64", "idna", "unicode_escape", "utf-8\0"])
def test_codecs_that_are_not_of_text_are_unknown(name: str) -> None:
    assert find_text_codec(name) is None
    assert "windows-1250" in unknown_encoding(name)

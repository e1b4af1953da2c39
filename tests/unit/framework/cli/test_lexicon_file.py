from __future__ import annotations

from pathlib import Path

import pytest

from framework.cli.lexicon_file import read_lexicon
from framework.client.errors import BadArgument


def written(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "words"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_lines_are_words_and_pronunciations(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff# names\n\nBrannock = brannuck\r\n  nginx=engine x\nE=mc² = e equals\n")
    assert read_lexicon("--lexicon", path) == {"Brannock": "brannuck", "nginx": "engine x", "E": "mc² = e equals"}


def test_json_is_read_as_the_api_accepts_it(tmp_path: Path) -> None:
    assert read_lexicon("--lexicon", written(tmp_path, '{"E=mc²": "e equals"}')) == {"E=mc²": "e equals"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = b\nBrannock\n", "line 2: write each line as `word = pronunciation`."),
        ("= b\n", "line 1: write"),
        ('{"a": ', "this is not JSON"),
        ('{"a": 1}', "every value of the JSON object must be a string."),
        (b"\xff\xfe", "not a readable text file in UTF-8"),
    ],
)
def test_file_of_another_format_is_refused_with_its_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BadArgument) as refused:
        read_lexicon("--lexicon", path)
    assert refused.value.detail.startswith(f"--lexicon {path}")
    assert message in refused.value.detail

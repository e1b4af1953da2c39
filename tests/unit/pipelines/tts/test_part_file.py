"""The file that a spoken chunk leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.tts.part_file import SpeechPart, SpokenSentence, SpokenWord, read_part, write_part


def make_part(count: int = 1000) -> SpeechPart:
    sentence = SpokenSentence("Grüße 🙂.", 10, 900, (SpokenWord("Grüße", 10, 500), SpokenWord("🙂", 510, 900)))
    return SpeechPart(3, 22_050, np.arange(count).astype(np.int16), (sentence,))


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_what_was_written_is_read(tmp_path: Path, count: int) -> None:
    write_part(tmp_path / "p", make_part(count))
    part = read_part(tmp_path / "p")
    assert np.array_equal(part.samples, make_part(count).samples)
    assert (part.chapter, part.sample_rate_hz, part.sentences) == (3, 22_050, make_part().sentences)


def test_the_file_begins_with_a_line_of_json_and_goes_on_as_flac(tmp_path: Path) -> None:
    write_part(tmp_path / "p", make_part())
    line, _, sound = (tmp_path / "p").read_bytes().partition(b"\n")
    assert line.startswith(b'{"sample_rate_hz":22050,"samples":1000,')
    assert sound.startswith(b"fLaC")


def test_the_same_part_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_part(tmp_path / name, make_part())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_part_of_an_earlier_version_is_read_with_defaults(tmp_path: Path) -> None:
    write_part(tmp_path / "p", make_part())
    header = json.loads((tmp_path / "p").read_bytes().partition(b"\n")[0])
    for name in ("named", "warnings", "scale"):
        del header[name]
    known = ("text", "start", "end", "words", "pause")
    del header["encoding"]
    header["sentences"] = [{name: sentence[name] for name in known} for sentence in header["sentences"]]
    (tmp_path / "p").write_bytes(json.dumps(header).encode() + b"\n" + make_part().samples.tobytes())
    part = read_part(tmp_path / "p")
    assert (part.sentences, part.source_marks, part.warnings, part.score_scale) == (make_part().sentences, (), (), "")
    assert np.array_equal(part.samples, make_part().samples)


def test_a_truncated_part_is_an_error(tmp_path: Path) -> None:
    write_part(tmp_path / "p", make_part())
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes()[:-2])
    with pytest.raises(ValueError, match="FLAC"):
        read_part(tmp_path / "p")

"""Files to upload, from every kind of source."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from framework.client.errors import BadArgument
from framework.client.upload import FormFile


class Pipe(io.BytesIO):
    """A stream that cannot seek, as of a pipe."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation("seek")


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "pipe"])
def test_every_attempt_reads_a_source_from_its_start(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.opus"
    path.write_bytes(b"OggS")
    sources = {"path": path, "text": str(path), "bytes": b"OggS", "file": io.BytesIO(b"OggS"), "pipe": Pipe(b"OggS")}
    upload = FormFile.from_source(sources[kind])
    attempts = 1 if kind == "pipe" else 2
    for _ in range(attempts):
        with upload.open() as file:
            assert (file.tell(), file.read()) == (0, b"OggS")


def test_progress_is_the_position_in_the_whole_file() -> None:
    reported: list[tuple[int, int]] = []
    with FormFile.from_source(b"0123456789", on_progress=lambda *at: reported.append(at)).open() as file:
        while file.read(4):
            pass
    assert reported == [(4, 10), (8, 10), (10, 10)]


def test_name_comes_from_the_pair_the_path_or_the_file(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.touch()
    assert FormFile.from_source(path).name == "talk.wav"
    assert FormFile.from_source(("minutes.wav", path)).name == "minutes.wav"
    assert FormFile.from_source(b"").name == "upload"
    with path.open("rb") as file:
        assert FormFile.from_source(file).name == "talk.wav"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("book.EPUB", "application/epub+zip"),
        ("talk.opus", "audio/ogg"),
        ("page.html", "text/html"),
        ("nonsense.zzz", "application/octet-stream"),
    ],
)
def test_content_type_is_guessed_from_the_name(name: str, content_type: str) -> None:
    assert FormFile.from_source((name, b"")).content_type == content_type


def test_source_that_cannot_be_read_is_a_bad_argument(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"missing\.wav is not a file"):
        FormFile.from_source(tmp_path / "missing.wav")
    with pytest.raises(BadArgument, match="binary mode"):
        FormFile.from_source(io.StringIO("text"))  # type: ignore[arg-type]
    path = tmp_path / "gone.wav"
    path.touch()
    upload = FormFile.from_source(path)
    path.unlink()
    with pytest.raises(BadArgument, match=r"gone\.wav cannot be read"), upload.open():
        pass

"""Every format written and read back by FFmpeg: length, tags, chapters, cover, the same bytes twice."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.encode import AudioEncoder, ChapterMark, Picture, picture_size
from pipelines.formats import AUDIO_FORMATS
from tests.document_factories import make_png

RATE = 24_000
TAGS = {"title": "Ein Büch", "artist": "Jemand", "album": "Ein Büch"}
CHAPTERS = [ChapterMark("One – ä", 0, 10_001), ChapterMark("Two", 10_001, 50_011)]
#: A JPEG of one grey pixel, its tables left out: only its header is looked at.
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080028003c01011100ffd9")


def make_sound(count: int = 50_011) -> NDArray[np.int16]:
    return (8000 * np.sin(np.arange(count) * 2 * np.pi * 440 / RATE)).astype(np.int16)


def write(path: Path, name: str, block: int = 7_001, cover: Picture | None = None, rate: int = RATE) -> Path:
    with AudioEncoder(path, name, rate, tags=TAGS, cover=cover) as encoder:
        sound = make_sound()
        for start in range(0, len(sound), block):
            encoder.write(sound[start : start + block])
        assert encoder.written == len(sound)
        encoder.finish(CHAPTERS)
    return path


def decoded(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="mono", rate=stream.codec_context.sample_rate)
        frames = [part for frame in file.decode(stream) for part in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize("name", AUDIO_FORMATS)
def test_the_same_samples_give_the_same_bytes_however_they_come(tmp_path: Path, name: str) -> None:
    cover = Picture("image/png", make_png())
    first = write(tmp_path / "a", name, cover=cover).read_bytes()
    assert write(tmp_path / "b", name, cover=cover).read_bytes() == first
    if name not in ("flac", "mp3"):
        assert write(tmp_path / "c", name, block=50_011, cover=cover).read_bytes() == first


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_lossless_formats_give_every_sample_back(tmp_path: Path, name: str) -> None:
    assert np.array_equal(np.rint(decoded(write(tmp_path / "a", name)) * 32_768), make_sound())


def test_pcm_is_the_samples_and_nothing_else(tmp_path: Path) -> None:
    assert write(tmp_path / "a", "pcm").read_bytes() == make_sound().tobytes()


@pytest.mark.parametrize(("name", "spare"), [("mp3", 0), ("m4a", 1024), ("m4b", 1024), ("aac", 3072), ("opus", 0)])
def test_lossy_formats_keep_length_and_sound(tmp_path: Path, name: str, spare: int) -> None:
    audio = decoded(write(tmp_path / "a", name))
    length = 2 * len(make_sound()) if name == "opus" else len(make_sound())  # Opus is always decoded at 48 kHz
    assert length <= len(audio) <= length + spare
    middle = audio[len(audio) // 4 : len(audio) // 2]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(8000 / 32_768 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate", [8_000, 24_000])
@pytest.mark.parametrize("name", [name for name in AUDIO_FORMATS if name != "pcm"])
def test_sound_begins_as_late_as_the_format_declares(tmp_path: Path, name: str, rate: int) -> None:
    noise = np.random.default_rng(1).normal(0, 3_000, rate // 2).astype(np.int16)
    with AudioEncoder(tmp_path / "a", name, rate) as encoder:
        encoder.write(noise)
        encoder.finish()
    audio = decoded(tmp_path / "a")[:: 48_000 // rate if name == "opus" else 1]
    late = int(np.argmax(np.correlate(audio, noise.astype(np.float32), "full"))) - (len(noise) - 1)
    assert late == AUDIO_FORMATS[name].delay_samples


@pytest.mark.parametrize("name", ["m4a", "m4b"])
def test_an_audiobook_has_its_exact_length_chapters_and_media_kind(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a", name)
    with av.open(str(path)) as file:
        assert file.streams.audio[0].duration == len(make_sound())
        assert file.metadata["major_brand"] == f"{name.upper()} "
        chapters = file.chapters()
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["One – ä", "Two"]
    seconds = [float(chapter["start"] * chapter["time_base"]) for chapter in chapters]
    assert seconds == pytest.approx([0, 10_001 / RATE], abs=0.0006)
    # The index comes before the sound, so that a player can begin with the first bytes.
    assert path.read_bytes().find(b"moov") < path.read_bytes().find(b"mdat")


@pytest.mark.parametrize("name", ["mp3", "flac", "opus", "m4a", "m4b", "wav"])
def test_title_and_author_are_in_the_file(tmp_path: Path, name: str) -> None:
    with av.open(str(write(tmp_path / "a", name))) as file:
        found = {key.lower(): value for key, value in {**file.streams.audio[0].metadata, **file.metadata}.items()}
    assert (found["title"], found["artist"]) == ("Ein Büch", "Jemand")


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a", "m4b"])
@pytest.mark.parametrize("cover", [Picture("image/png", make_png()), Picture("image/jpeg", JPEG)])
def test_the_cover_is_in_the_file_as_it_was(tmp_path: Path, name: str, cover: Picture) -> None:
    with av.open(str(write(tmp_path / "a", name, cover=cover))) as file:
        packet = next(packet for packet in file.demux(video=0) if packet.size)
        assert bytes(packet) == cover.data
        assert len(file.streams.audio) == 1


@pytest.mark.parametrize("name", ["wav", "opus", "aac", "pcm"])
def test_formats_without_covers_and_chapters_leave_them_out(tmp_path: Path, name: str) -> None:
    plain = write(tmp_path / "a", name).read_bytes()
    assert write(tmp_path / "b", name, cover=Picture("image/png", make_png())).read_bytes() == plain


def test_a_picture_that_is_none_is_left_out(tmp_path: Path) -> None:
    plain = write(tmp_path / "a", "m4b").read_bytes()
    assert write(tmp_path / "b", "m4b", cover=Picture("image/png", b"no picture")).read_bytes() == plain


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (make_png(7, 9), (7, 9)),
        (JPEG, (60, 40)),
        (b"", None),
        (JPEG[:12], None),
        (b"\xff\xd8" + b"\xff" * 50, None),
        (b"GIF89a", None),
    ],
)
def test_a_pictures_size_is_read_from_its_header(data: bytes, size: tuple[int, int] | None) -> None:
    assert picture_size(Picture("image/png", data)) == size


@pytest.mark.parametrize("name", AUDIO_FORMATS)
def test_every_rate_of_every_format_can_be_written(tmp_path: Path, name: str) -> None:
    for rate in AUDIO_FORMATS[name].rates or (8_000, 11_111, 48_000):
        write(tmp_path / "a", name, rate=rate)
        if name not in ("pcm",):
            with av.open(str(tmp_path / "a")) as file:
                assert file.streams.audio[0].codec_context.sample_rate == (48_000 if name == "opus" else rate)


def test_a_file_without_samples_is_valid(tmp_path: Path) -> None:
    with AudioEncoder(tmp_path / "a", "wav", RATE) as encoder:
        encoder.finish()
    assert len((tmp_path / "a").read_bytes()) >= 44


@pytest.mark.soak
def test_a_wav_past_four_gibibytes_is_an_rf64(tmp_path: Path) -> None:
    """Written for real: the header's sizes are what matters, and only a file so long has them."""
    block = np.zeros(1 << 22, np.int16)
    blocks = (4 << 30) // block.nbytes + 1
    path = tmp_path / "a.wav"
    with AudioEncoder(path, "wav", 48_000) as encoder:
        for _ in range(blocks):
            encoder.write(block)
        encoder.finish()
    with path.open("rb") as file:
        assert file.read(4) == b"RF64"
    with av.open(str(path)) as file:
        assert file.streams.audio[0].duration == blocks * len(block)
    path.unlink()

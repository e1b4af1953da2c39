"""pipelines/audio/decode.py: formats, limits, damage."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from pipelines.audio.decode import AudioBlock, open_recording
from pipelines.errors import BadInput, InputTooLarge, UnreadableInput
from tests.audio_factories import (
    JFK,
    encode_as,
    load_jfk,
    make_noise,
    make_recording,
    make_silence,
    make_sine,
    make_video,
    make_wav_bytes,
    mux_tracks,
)


def read(path: Path, max_seconds: float = 3600) -> list[AudioBlock]:
    with open_recording(path, max_seconds=max_seconds) as recording:
        return list(recording.blocks())


def seconds(path: Path, max_seconds: float = 3600) -> float:
    return round(sum(block.duration_s for block in read(path, max_seconds)), 9)


def joined(path: Path) -> np.ndarray:
    return np.concatenate([block.samples for block in read(path)], axis=1)


@pytest.mark.parametrize("ending", ["wav", "flac", "mka", "aiff", "au", "caf", "w64"])
def test_lossless_formats_give_the_samples_back(tmp_path: Path, ending: str) -> None:
    samples = np.stack([make_sine(2.5, rate_hz=44_100), make_noise(2.5, rate_hz=44_100)])
    path = make_recording(tmp_path / f"a.{ending}", samples, rate_hz=44_100)
    assert np.array_equal(np.rint(joined(path) * 32_768).astype(np.int16), samples)


@pytest.mark.parametrize(
    ("ending", "extra_s"),
    [
        ("mp3", 0),
        ("ogg", 0),
        ("opus", 0),
        ("webm", 0),
        ("m4a", 0.022),
        ("mp4", 0.022),
        ("mov", 0.022),
        ("aac", 0.045),
        ("ts", 0.045),
        ("mpg", 0.03),
        ("avi", 0.05),
        ("flv", 0.045),
        ("ac3", 0.032),
        ("eac3", 0.032),
    ],
)
def test_lossy_formats_keep_their_length(tmp_path: Path, ending: str, extra_s: float) -> None:
    path = make_recording(tmp_path / f"a.{ending}", make_sine(3.0, rate_hz=48_000))
    assert 0 <= seconds(path) - 3.0 <= extra_s + 1e-9


def test_windows_media_audio_loses_its_last_frame_at_most(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "a.wma", make_sine(3.0, rate_hz=48_000))
    assert seconds(path) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize(
    ("muxer", "encoder", "rate_hz"),
    [
        ("wav", "g722", 16_000),
        ("wav", "g726", 8_000),
        ("au", "g726le", 8_000),
        ("aiff", "adpcm_ima_qt", 48_000),
        ("aiff", "pcm_mulaw", 8_000),
        ("au", "pcm_mulaw", 8_000),
        ("mpegts", "ac3", 48_000),
        ("mpegts", "mp2", 48_000),
        ("matroska", "eac3", 48_000),
        ("mp4", "ac3", 48_000),
        ("mp4", "eac3", 48_000),
        ("vob", "ac3", 48_000),
        ("avi", "pcm_s16le", 48_000),
        ("caf", "alac", 48_000),
        ("asf", "wmav1", 44_100),
        ("mp2", "mp2", 48_000),
    ],
)
def test_codecs_are_read_in_the_containers_they_come_in(tmp_path: Path, muxer: str, encoder: str, rate_hz: int) -> None:
    path = encode_as(tmp_path / "a", make_sine(2.0, rate_hz=rate_hz), muxer, encoder, rate_hz)
    assert seconds(path) == pytest.approx(2.0, abs=0.06)
    assert 0.15 < float(np.abs(joined(path)).max()) < 0.45


def test_name_and_ending_of_a_file_mean_nothing(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "a.flac", make_sine(1.0, rate_hz=48_000)).rename(tmp_path / "upload.mp3")
    with open_recording(path, max_seconds=10) as recording:
        assert (recording.container.name, recording.codec) == ("flac", "flac")


def test_cover_picture_does_not_count_as_sound_or_get_in_the_way(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "a.mp3", make_sine(1.0, rate_hz=48_000), picture=True)
    assert seconds(path) == pytest.approx(1.0)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov"])
def test_sound_track_of_a_video_is_decoded(tmp_path: Path, ending: str) -> None:
    path = make_video(tmp_path / f"a.{ending}", sound=make_sine(1.0, rate_hz=48_000))
    assert seconds(path) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov"])
def test_video_without_sound_is_refused(tmp_path: Path, ending: str) -> None:
    with pytest.raises(BadInput, match="has no sound"):
        read(make_video(tmp_path / f"a.{ending}"))


def test_empty_file_is_refused_as_empty(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(UnreadableInput, match="is empty"):
        read(tmp_path / "a")


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:1,\nother.wav\n", "ffconcat version 1.0\nfile other.wav\n", "v=0\no=- 0 0 IN IP4 1.2.3.4\n"],
)
def test_playlist_is_refused_as_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.mp3").write_text(text)
    with pytest.raises(UnreadableInput, match="playlist"):
        read(tmp_path / "a.mp3")


def test_file_without_one_audio_frame_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(np.zeros(0, np.int16)))
    with pytest.raises(UnreadableInput):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize("ending", ["flac", "mp3", "ogg", "m4a", "mka"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_truncated_file_is_refused_with_the_cause(tmp_path: Path, ending: str, kept: float) -> None:
    path = make_recording(tmp_path / f"a.{ending}", make_noise(20.0, rate_hz=48_000, level=0.2))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(UnreadableInput, match="cut short"):
        read(path)


def test_live_wav_without_a_length_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(make_sine(2.0), data_bytes=0xFFFFFFFF))
    assert seconds(tmp_path / "a.wav") == 2.0


@pytest.mark.parametrize("declared", [0x7FFF_F000, 2_000_000_000])
def test_wav_that_declares_more_than_it_has_is_read_to_its_end_with_a_remark(tmp_path: Path, declared: int) -> None:
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(make_sine(2.0), data_bytes=declared))
    with open_recording(tmp_path / "a.wav", max_seconds=60) as recording:
        assert sum(block.duration_s for block in recording.blocks()) == 2.0
        ((code, detail),) = recording.remarks
    assert code == "header_length" and f"{declared:,}" in detail and "64,000" in detail


def test_wav_that_declares_less_than_it_has_is_remarked(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(make_sine(2.0), data_bytes=32_000))
    with open_recording(tmp_path / "a.wav", max_seconds=60) as recording:
        assert sum(block.duration_s for block in recording.blocks()) == 1.0
        assert [code for code, _ in recording.remarks] == ["header_length"]


@pytest.mark.parametrize("ending", ["mp3", "aac", "ac3", "ts"])
@pytest.mark.parametrize("damage", ["junk", "cut"])
def test_stream_that_begins_in_the_middle_is_read(tmp_path: Path, ending: str, damage: str) -> None:
    path = make_recording(tmp_path / f"a.{ending}", make_noise(4.0, rate_hz=48_000, level=0.1))
    data = path.read_bytes()
    path.write_bytes(bytes(731) + data if damage == "junk" else data[1_357:-777])
    assert seconds(path) == pytest.approx(4.0, abs=0.3)


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts"])
def test_sound_that_begins_after_the_picture_has_silence_before_it(tmp_path: Path, ending: str) -> None:
    sound = make_sine(1.0, rate_hz=48_000)
    path = make_video(tmp_path / f"a.{ending}", seconds=4.0, sound=sound, sound_start_s=2.5)
    loud = np.flatnonzero(np.abs(joined(path)[0]) > 0.1)
    assert loud[0] / 48_000 == pytest.approx(2.5, abs=0.15)


def test_track_with_sound_is_read_and_the_others_are_remarked(tmp_path: Path) -> None:
    path = mux_tracks(tmp_path / "a.mka", [make_silence(2.0), make_sine(2.0)], default=0)
    with open_recording(path, max_seconds=60) as recording:
        assert max(float(np.abs(block.samples).max()) for block in recording.blocks()) > 0.1
        ((code, detail),) = recording.remarks
    assert code == "other_tracks" and "track 1, which is silent" in detail


def test_track_is_read_that_is_asked_for(tmp_path: Path) -> None:
    path = mux_tracks(tmp_path / "a.mka", [make_sine(2.0), make_sine(3.0)], languages=("fra", "eng"), default=0)
    for wanted, length_s in ((None, 2.0), ("2", 3.0), ("en", 3.0), ("fr", 2.0)):
        with open_recording(path, max_seconds=60, track=wanted) as recording:
            assert sum(block.duration_s for block in recording.blocks()) == pytest.approx(length_s)
    with pytest.raises(BadInput, match="no audio track '3'"), open_recording(path, max_seconds=60, track="3"):
        pass


def test_recording_past_the_limit_is_refused_naming_it(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "a.flac", make_silence(30.0, rate_hz=48_000))
    with pytest.raises(InputTooLarge, match="longer than 20 seconds"):
        read(path, max_seconds=20)
    assert seconds(path, max_seconds=30) == 30.0


@pytest.mark.parametrize("ending", ["flac", "mp3", "ogg", "m4a", "aac", "mka", "wav"])
def test_limit_holds_whatever_the_header_says(tmp_path: Path, ending: str) -> None:
    path = make_recording(tmp_path / f"a.{ending}", make_sine(8.0, rate_hz=48_000))
    with pytest.raises(InputTooLarge):
        read(path, max_seconds=5)


def test_limit_counts_decoded_samples_when_the_header_is_false(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "a.flac", make_silence(30.0, rate_hz=48_000))
    data = bytearray(path.read_bytes())
    # STREAMINFO: the low 36 bits of the eight bytes at 18 count the samples.
    word = struct.unpack_from(">Q", data, 18)[0]
    struct.pack_into(">Q", data, 18, word >> 36 << 36 | 48_000)
    path.write_bytes(data)
    with pytest.raises(InputTooLarge):
        read(path, max_seconds=20)


def test_samples_that_are_no_numbers_become_silence(tmp_path: Path) -> None:
    samples = np.full(16_000, np.nan, np.float32)
    samples[:4] = [np.inf, -np.inf, 0.5, 7.0]
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(samples, code=3, bits=32))
    samples_read = joined(tmp_path / "a.wav")[0]
    assert samples_read[:5].tolist() == [0.0, 0.0, 0.5, 1.0, 0.0]
    assert np.isfinite(samples_read).all()


@pytest.mark.parametrize("scale", [4.0, 32_767.0])
def test_float_samples_beyond_full_scale_are_scaled_not_clipped(tmp_path: Path, scale: float) -> None:
    samples = make_sine(2.0, level=0.5).astype(np.float32) / 32_768
    samples[100] = 1.0
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(samples * np.float32(scale), code=3, bits=32))
    sound = joined(tmp_path / "a.wav")[0]
    assert np.abs(sound).max() <= 1.0 and np.mean(np.abs(sound) > 0.99) < 0.15
    (tmp_path / "b.wav").write_bytes(make_wav_bytes(samples, code=3, bits=32))
    assert np.allclose(joined(tmp_path / "b.wav")[0], samples)


@pytest.mark.parametrize(
    ("dtype", "code", "bits"), [("u1", 1, 8), ("<i2", 1, 16), ("<i4", 1, 32), ("<f4", 3, 32), ("<f8", 3, 64)]
)
def test_every_sample_form_has_the_same_full_scale(tmp_path: Path, dtype: str, code: int, bits: int) -> None:
    half = {"u1": 128 + 64, "<i2": 1 << 14, "<i4": 1 << 30, "<f4": 0.5, "<f8": 0.5}[dtype]
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(np.full(8000, half, dtype), code=code, bits=bits))
    assert np.allclose(joined(tmp_path / "a.wav"), 0.5)


@pytest.mark.parametrize("rate_hz", [0, 1, 4_000, 384_000, 10_000_000, 2**32 - 1])
def test_impossible_sampling_rate_is_refused(tmp_path: Path, rate_hz: int) -> None:
    (tmp_path / "a.wav").write_bytes(make_wav_bytes(make_sine(0.1), rate_hz=rate_hz))
    with pytest.raises(BadInput):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize("channels", [0, 9, 64, 1000])
def test_impossible_number_of_channels_is_refused(tmp_path: Path, channels: int) -> None:
    data = bytearray(make_wav_bytes(np.zeros((channels or 1, 64), np.int16)))
    struct.pack_into("<H", data, 22, channels)
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(BadInput):
        read(tmp_path / "a.wav")


def test_damaged_packet_becomes_silence_and_later_times_stay(tmp_path: Path) -> None:
    samples = make_noise(10.0, rate_hz=48_000, level=0.2)
    path = make_recording(tmp_path / "a.flac", samples)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    samples_read = joined(path)[0]
    assert len(samples_read) == len(samples)
    assert np.array_equal(np.rint(samples_read[-48_000:] * 32_768).astype(np.int16), samples[-48_000:])


@pytest.mark.parametrize("ending", ["ac3", "eac3"])
@pytest.mark.parametrize("at_end", [False, True])
def test_damage_that_only_the_decoder_knows_a_name_for_is_damage(tmp_path: Path, ending: str, at_end: bool) -> None:
    path = make_recording(tmp_path / f"a.{ending}", make_sine(10.0, rate_hz=48_000))
    whole_s = seconds(path)
    data = path.read_bytes()
    place = len(data) if at_end else len(data) // 2
    path.write_bytes(data[:place] + b"APETAGEX" + bytes(3_001) + data[place:])
    assert seconds(path) == pytest.approx(whole_s, abs=0.1)


def test_flac_whose_writer_left_the_largest_number_of_samples_is_whole(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "a.flac", make_sine(2.0, rate_hz=48_000))
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F  # the number of samples has 36 bits
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    with open_recording(path, max_seconds=60) as recording:
        assert recording.declared_s is None
        assert sum(block.samples.shape[1] for block in recording.blocks()) == 96_000


def test_au_is_read_to_its_end_whatever_its_header_says_and_the_remark_says_so(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "a.au", make_sine(2.0), rate_hz=16_000)
    data = bytearray(path.read_bytes())
    data[8:12] = struct.pack(">I", 32_000)
    path.write_bytes(data)
    with open_recording(path, max_seconds=60) as recording:
        assert sum(block.samples.shape[1] for block in recording.blocks()) == 32_000
        ((code, detail),) = recording.remarks
    assert (
        code == "header_length"
        and "32,000 bytes of sound, the file holds 64,000" in detail
        and "read to its end" in detail
    )


def test_noise_behind_a_known_beginning_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).bytes(200_000)
    for head in (
        b"fLaC",
        b"OggS",
        b"\x1aE\xdf\xa3",
        b"ID3\x04\0\0\0\0\0\0",
        b"\0\0\0\x20ftypM4A ",
        b"\xff\xf1",
        b"#!AMR\n",
    ):
        (tmp_path / "a").write_bytes(head + noise)
        with pytest.raises(UnreadableInput):
            read(tmp_path / "a")


def test_gap_in_the_timestamps_of_a_recording_is_filled_with_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    _make_recording_with_hole(path, before_s=1.0, hole_s=2.0, after_s=1.0)
    assert seconds(path) == pytest.approx(4.0, abs=0.03)


def _make_recording_with_hole(path: Path, *, before_s: float, hole_s: float, after_s: float) -> None:
    from fractions import Fraction

    import av

    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000)
        stream.layout = "mono"
        for start_s, length_s in ((0.0, before_s), (before_s + hole_s, after_s)):
            for at in np.arange(0, length_s, 0.1):
                frame = av.AudioFrame.from_ndarray(make_sine(0.1).reshape(1, -1), format="s16", layout="mono")
                frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
                frame.pts = round((start_s + at) * 16_000)
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_bundled_recording_is_read_whole() -> None:
    assert seconds(JFK) == 11.0
    assert len(load_jfk()) == 176_000

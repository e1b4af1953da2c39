"""pipelines/audio/acx.py, and `loudness: acx` on real output: measured by FFmpeg, which had no part in it."""

from __future__ import annotations

import re
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph

from pipelines.audio.acx import AcxLevels, master, measure_levels
from tests.material.recorded_voice import RecordedVoice, load_sentences
from tests.pipeline_runner import PipelineRun

RATE_HZ = 16_000
TEXT = "\n\n".join(list(load_sentences())[:8])


def by_ffmpeg(path: Path) -> dict[str, float]:
    """RMS, peak and RMS where it is quietest, dB, of FFmpeg's `astats`; its true peak of `ebur128`."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        graph = Graph()
        source = graph.add_abuffer(template=stream)
        stats = graph.add("astats", "metadata=1:length=0.02")
        meter = graph.add("ebur128", "metadata=1:peak=true")
        sink = graph.add("abuffersink")
        for one, other in ((source, stats), (stats, meter), (meter, sink)):
            one.link_to(other)
        graph.configure()
        last: dict[str, str] = {}
        for frame in [*file.decode(audio=0), None]:
            graph.push(frame)
            while True:
                try:
                    last |= dict(graph.pull().metadata)
                except (av.BlockingIOError, av.EOFError):
                    break
    found = {
        name: last[f"lavfi.astats.Overall.{key}"]
        for name, key in {"rms": "RMS_level", "peak": "Peak_level", "floor": "RMS_trough"}.items()
    }
    decibels = {name: float(re.sub("^-inf$", "-200", value)) for name, value in found.items()}
    return {**decibels, "true_peak": 20 * np.log10(float(last["lavfi.r128.true_peak"]))}


@pytest.mark.parametrize(
    ("name", "changes"),
    [("wav", {}), ("flac", {"sample_rate_hz": 44_100}), ("mp3", {"sample_rate_hz": 44_100}), ("m4b", {})],
)
def test_a_book_meets_the_requirements_of_audiobook_shops(tmp_path: Path, name: str, changes: dict[str, Any]) -> None:
    run = PipelineRun(
        "tts.synthesize", tmp_path, {"model": "tone", "text": TEXT, "format": name, "loudness": "acx", **changes}
    )
    result = run.run_all(None, RecordedVoice({}))
    told = result.summary["quality"]["acx"]
    assert told["is_within"]
    assert "warnings" not in result.summary
    measured = by_ffmpeg(run.sink.out / f"audio.{name}")
    assert -23.0 <= measured["rms"] <= -18.0
    assert max(measured["peak"], measured["true_peak"]) <= -3.0
    assert measured["floor"] <= -60.0
    assert (told["rms_db"], told["peak_db"]) == pytest.approx((measured["rms"], measured["peak"]), abs=0.1)


@pytest.mark.parametrize("level", [300, 3_000, 30_000])
def test_spiky_sound_of_any_level_is_brought_within(tmp_path: Path, level: int) -> None:
    """A hiss with a click ten times as high every half second, which only a limiter can keep down."""
    chance = np.random.default_rng(3)
    sound = chance.normal(0.0, level / 10, 6 * RATE_HZ)
    sound[:: RATE_HZ // 2] = level
    sound[RATE_HZ : 2 * RATE_HZ] = 0.0
    raw = tmp_path / "raw.pcm"
    np.clip(np.rint(sound), -32_768, 32_767).astype("<i2").tofile(raw)
    got = np.concatenate(list(master(raw))).astype(np.float64) / 32_768
    assert -23.0 <= 10 * np.log10(np.mean(got**2)) <= -18.0
    assert 20 * np.log10(np.abs(got).max()) <= -3.0


def test_silence_stays_silent_and_is_not_within(tmp_path: Path) -> None:
    raw = tmp_path / "raw.pcm"
    np.zeros(RATE_HZ, "<i2").tofile(raw)
    assert not np.concatenate(list(master(raw))).any()
    assert not AcxLevels(-120.0, -120.0, -120.0).is_within


@pytest.mark.parametrize(
    ("levels", "within"),
    [
        (AcxLevels(-20.0, -3.0, -60.0), True),
        (AcxLevels(-23.1, -3.5, -70.0), False),
        (AcxLevels(-17.9, -3.5, -70.0), False),
        (AcxLevels(-20.0, -2.9, -70.0), False),
        (AcxLevels(-20.0, -3.5, -59.0), False),
    ],
)
def test_limits_are_those_of_the_shops(levels: AcxLevels, within: bool) -> None:
    assert levels.is_within is within


def test_levels_of_a_known_file(tmp_path: Path) -> None:
    """A sine of −6.02 dB is −9.03 dB RMS, and 3.01 dB less where half of the file is silent."""
    sine = np.rint(16_384 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ))
    with wave.open(str(tmp_path / "sine.wav"), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.concatenate([sine, np.zeros(RATE_HZ)]).astype("<i2").tobytes())
    found = measure_levels(tmp_path / "sine.wav")
    assert (found.rms_db, found.peak_db) == (pytest.approx(-12.04, abs=0.02), pytest.approx(-6.02, abs=0.02))
    assert found.noise_floor_db == -120.0

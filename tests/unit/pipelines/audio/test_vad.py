"""pipelines/audio/vad.py: detectors score frames, the gate makes spans of them."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest

from pipelines.audio.vad import FRAME, Detector, EnergyDetector, HysteresisSettings, HysteresisThreshold, SileroDetector
from tests.audio_factories import load_jfk, make_noise, make_silence, make_sine


def scores_of(detector: Detector, samples: np.ndarray, size: int = 16_000) -> np.ndarray:
    floats = samples.astype(np.float32) / 32_768
    scores = [detector.push(floats[start : start + size]) for start in range(0, len(floats), size)]
    return np.concatenate([*scores, detector.finish()])


def spans_of(scores: np.ndarray, settings: HysteresisSettings | None = None) -> list[tuple[int, int]]:
    gate = HysteresisThreshold(settings)
    spans = [gate.push(float(score)) for score in scores]
    return [span for span in (*spans, gate.finish()) if span is not None]


def test_speech_is_distinguished_from_silence_noise_and_tones() -> None:
    assert (scores_of(SileroDetector(), load_jfk()) > 0.5).mean() > 0.6
    for sound in (make_silence(5.0), make_noise(5.0), make_sine(5.0)):
        assert spans_of(scores_of(SileroDetector(), sound)) == []


def test_pauses_of_the_speaker_are_found() -> None:
    spans = spans_of(scores_of(SileroDetector(), load_jfk()))
    pauses_s = [(start - end) * FRAME / 16_000 for (_, end), (start, _) in itertools.pairwise(spans)]
    assert len(spans) >= 3 and max(pauses_s) > 0.8


@pytest.mark.parametrize("detector", [SileroDetector, EnergyDetector])
@pytest.mark.parametrize("size", [160, 511, 512, 7_919, 176_000])
def test_scores_do_not_depend_on_how_the_sound_arrives(detector: type[Detector], size: int) -> None:
    samples = load_jfk()
    assert np.array_equal(scores_of(detector(), samples, size), scores_of(detector(), samples))
    assert len(scores_of(detector(), samples, size)) == -(-len(samples) // FRAME)


def test_scores_are_those_of_the_package_that_contains_the_model() -> None:
    from faster_whisper.vad import get_vad_model

    samples = np.pad(load_jfk(), (0, -len(load_jfk()) % FRAME))
    theirs = get_vad_model()(samples.astype(np.float32) / 32_768)
    assert np.allclose(scores_of(SileroDetector(), samples), theirs.reshape(-1), atol=1e-4)


def test_detection_imports_neither_faster_whisper_nor_its_runtime() -> None:
    code = (
        "import sys, numpy as np; from pipelines.audio.vad import SileroDetector; d = SileroDetector();"
        "d.push(np.zeros(4096, np.float32)); d.finish();"
        "print(*{'faster_whisper', 'ctranslate2', 'torch'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "", "")


def test_energy_detector_detects_every_sound_and_no_silence() -> None:
    sound = np.concatenate([make_silence(1.024), make_sine(1.024), make_silence(1.024)])
    assert spans_of(scores_of(EnergyDetector(), sound)) == [(32, 64)]


def test_no_samples_give_no_scores() -> None:
    for detector in (SileroDetector(), EnergyDetector()):
        assert len(scores_of(detector, np.zeros(0, np.int16))) == 0


SETTINGS = HysteresisSettings(onset=0.5, offset=0.35, min_silence_frames=3, min_speech_frames=2)


@pytest.mark.parametrize(
    ("scores", "spans"),
    [
        ([0, 0, 0.9, 0.9, 0, 0, 0, 0], [(2, 4)]),
        ([0.9, 0.9, 0, 0, 0.9, 0.9, 0, 0, 0], [(0, 6)]),  # a short pause does not part
        ([0.9, 0.4, 0.4, 0.4, 0.4, 0.4, 0, 0, 0], [(0, 6)]),  # between the thresholds speech goes on
        ([0.4, 0.4, 0.4, 0.4], []),  # … but does not begin
        ([0, 0.9, 0, 0, 0, 0], []),  # a click
        ([0.9, 0.9, 0.9], [(0, 3)]),  # speech to the end
        ([0.9, 0.9, 0, 0, 0, 0.9, 0.9], [(0, 2), (5, 7)]),
    ],
)
def test_speech_begins_at_the_onset_and_ends_after_enough_silence(
    scores: list[float], spans: list[tuple[int, int]]
) -> None:
    assert spans_of(np.array(scores), SETTINGS) == spans

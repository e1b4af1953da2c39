"""A recording that is to lend its voice: checked, and brought to the rate and level that the encoder hears."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from pipelines.audio.vad import FRAME, RATE_HZ, SileroDetector
from pipelines.errors import BadInput
from pipelines.family import Recording

#: Seconds of speech that tell a voice; from fewer, the vector is that of a word.
SHORTEST_SPEECH_S = 1.0
#: Seconds that are listened to: more tell nothing new.
LONGEST_S = 60.0
_IS_SPEECH = 0.5


def wave_of(recording: Recording, *, level_db: float | None) -> NDArray[np.float32]:
    """The recording at 16 kHz, at most a minute of it, its mean power at `level_db` of full scale (None = as it is).

    Raises `BadInput` on `voice` for a recording in which nobody speaks, or not for long enough.
    """
    samples = recording.samples[: round(LONGEST_S * recording.sample_rate_hz)].astype(np.float32) / np.float32(32_768)
    if recording.sample_rate_hz != RATE_HZ:
        samples = soxr.resample(samples, recording.sample_rate_hz, RATE_HZ, quality="HQ").astype(np.float32)
    seconds = len(samples) / RATE_HZ
    if seconds < SHORTEST_SPEECH_S:
        raise BadInput(
            f"The reference recording lasts {seconds:.1f} s; a voice needs {SHORTEST_SPEECH_S:g} s of speech at least.",
            field="voice",
        )
    spoken_s = _speech_s(samples)
    if spoken_s == 0:
        raise BadInput("Nobody speaks in the reference recording.", field="voice")
    if spoken_s < SHORTEST_SPEECH_S:
        raise BadInput(
            f"The reference recording has {spoken_s:.1f} s of speech; a voice needs {SHORTEST_SPEECH_S:g} s at least.",
            field="voice",
        )
    if level_db is not None:
        samples = samples * (10 ** (level_db / 20) / np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return samples.astype(np.float32)


def _speech_s(samples: NDArray[np.float32]) -> float:
    detector = SileroDetector()
    scores = np.concatenate([detector.push(samples), detector.finish()])
    return float((scores > _IS_SPEECH).sum() * FRAME / RATE_HZ)

"""Reference recordings for voice cloning: checked for speech, resampled, and set to an encoder's input level."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from pipelines.audio.vad import FRAME, RATE_HZ, SileroDetector
from pipelines.errors import BadInput
from pipelines.family import Recording

#: Least seconds of speech; an embedding of less depends on the words more than on the speaker.
MIN_SPEECH_S = 1.0
#: Seconds that are used: more do not improve the embedding.
MAX_S = 60.0
_SPEECH_THRESHOLD = 0.5


def prepare_reference(recording: Recording, *, level_db: float | None) -> NDArray[np.float32]:
    """At most a minute of the recording at 16 kHz, its mean power at `level_db` of full scale (None = unchanged).

    Raises `BadInput` on `voice` for a recording without speech, or with too little of it.
    """
    samples = recording.samples[: round(MAX_S * recording.sample_rate_hz)].astype(np.float32) / np.float32(32_768)
    if recording.sample_rate_hz != RATE_HZ:
        samples = soxr.resample(samples, recording.sample_rate_hz, RATE_HZ, quality="HQ").astype(np.float32)
    seconds = len(samples) / RATE_HZ
    if seconds < MIN_SPEECH_S:
        raise BadInput(
            f"The reference recording lasts {seconds:.1f} s; a voice needs {MIN_SPEECH_S:g} s of speech at least.",
            field="voice",
        )
    speech_s = _measure_speech(samples)
    if speech_s == 0:
        raise BadInput("Nobody speaks in the reference recording.", field="voice")
    if speech_s < MIN_SPEECH_S:
        raise BadInput(
            f"The reference recording has {speech_s:.1f} s of speech; a voice needs {MIN_SPEECH_S:g} s at least.",
            field="voice",
        )
    if level_db is not None:
        samples = samples * (10 ** (level_db / 20) / np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return samples.astype(np.float32)


def _measure_speech(samples: NDArray[np.float32]) -> float:
    """Seconds of speech."""
    detector = SileroDetector()
    scores = np.concatenate([detector.push(samples), detector.finish()])
    return float((scores > _SPEECH_THRESHOLD).sum() * FRAME / RATE_HZ)

"""pipelines/audio/dnsmos.py: the model in the wheel of speechmos, run by ourselves."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.audio import dnsmos
from tests.material.recorded_voice import cut_samples, load_sentences

pytestmark = pytest.mark.skipif(not dnsmos.is_installed(), reason="speechmos is not installed")


def test_speech_scores_the_less_the_more_noise_is_in_it() -> None:
    clean = cut_samples(list(load_sentences())[3]).astype(np.float64)
    hiss = np.random.default_rng(1).normal(0.0, np.sqrt(np.mean(clean**2)), len(clean))
    noisy = [np.clip(clean + hiss * share, -32_768, 32_767).astype(np.int16) for share in (0.0, 0.32, 1.0)]
    scores = [dnsmos.predict_quality(samples, 16_000) for samples in noisy]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] - scores[2] > 0.8
    assert all(1.0 <= score <= 5.0 for score in scores)


def test_the_score_is_that_of_the_published_polynomial_over_the_published_model() -> None:
    """Nine seconds are one window: what numpy makes of the model's third answer."""
    samples = np.tile(cut_samples(next(iter(load_sentences()))), 4)[:144_160]
    raw = dnsmos._session().run(None, {"input_1": samples[None].astype(np.float32) / np.float32(32_768)})[0][0]
    wanted = np.poly1d([-0.06766283, 1.11546468, 0.04602535])(raw[2])
    assert dnsmos.predict_quality(samples, 16_000) == pytest.approx(wanted, abs=1e-6)


def test_silence_is_the_worst() -> None:
    assert dnsmos.predict_quality(np.zeros(9_000, np.int16), 22_050) == 1.0

from __future__ import annotations

import numpy as np

from pipelines.engines.reference_speech import load_reference_speech


def test_reference_is_eleven_seconds_of_audible_speech() -> None:
    samples = load_reference_speech()
    assert samples.dtype == np.int16 and samples.ndim == 1
    assert 10.5 < len(samples) / 16_000 < 11.5
    assert np.abs(samples.astype(int)).max() > 8_000


def test_reference_is_read_once() -> None:
    assert load_reference_speech() is load_reference_speech()

from __future__ import annotations

import numpy as np
import pytest
from transformers.audio_utils import mel_filter_bank

from pipelines.audio.mel_filters import MelScale, build_mel_filters


@pytest.mark.parametrize(("scale", "norm"), [("slaney", "slaney"), ("htk", None)])
@pytest.mark.parametrize(("rate_hz", "fft", "bins"), [(16_000, 400, 40), (16_000, 2048, 128), (22_050, 1024, 80)])
def test_filters_are_those_of_the_usual_libraries(
    scale: MelScale, norm: str | None, rate_hz: int, fft: int, bins: int
) -> None:
    theirs = mel_filter_bank(fft // 2 + 1, bins, 80.0, 7600.0, rate_hz, norm=norm, mel_scale=scale).T
    ours = build_mel_filters(rate_hz, fft=fft, bins=bins, fmin_hz=80.0, fmax_hz=7600.0, scale=scale)
    assert ours.shape == (bins, fft // 2 + 1)
    assert np.abs(ours - theirs).max() < 1e-12


def test_slaney_triangles_have_area_one() -> None:
    filters = build_mel_filters(48_000, fft=16_384, bins=20, fmin_hz=0.0, fmax_hz=8000.0, scale="slaney")
    assert np.allclose(filters.sum(axis=1) * 48_000 / 16_384, 1.0, atol=1e-3)


def test_htk_triangles_have_height_one() -> None:
    filters = build_mel_filters(48_000, fft=65_536, bins=20, fmin_hz=0.0, fmax_hz=8000.0, scale="htk")
    assert np.allclose(filters.max(axis=1), 1.0, atol=2e-2)

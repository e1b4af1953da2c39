from __future__ import annotations

import pytest
import torch

from pipelines.families.yourtts.durations import DurationPredictor


@pytest.fixture(scope="module")
def predictor() -> DurationPredictor:
    torch.manual_seed(4)
    return DurationPredictor(text=8, speaker=6, language=4).eval().requires_grad_(False)


def test_a_padded_row_is_what_it_is_alone(predictor: DurationPredictor) -> None:
    hidden, speaker, language = torch.randn(2, 8, 9), torch.randn(2, 6), torch.randn(2, 4)
    noise, present = torch.randn(2, 2, 9), torch.ones(2, 1, 9)
    present[1, :, 4:] = 0
    together = predictor(hidden * present, speaker, language, noise * present, present)
    alone = predictor(hidden[1:, :, :4], speaker[1:], language[1:], noise[1:, :, :4], present[1:, :, :4])
    assert together.shape == (2, 9)
    assert torch.allclose(together[1, :4], alone[0], atol=1e-5) and not together[1, 4:].any()


def test_noise_and_speaker_change_the_durations(predictor: DurationPredictor) -> None:
    hidden, language, present = torch.randn(1, 8, 9), torch.randn(1, 4), torch.ones(1, 1, 9)
    noise = torch.randn(1, 2, 9, generator=torch.Generator().manual_seed(1))
    plain = predictor(hidden, torch.zeros(1, 6), language, noise, present)
    assert not torch.allclose(predictor(hidden, torch.zeros(1, 6), language, noise * 0, present), plain)
    assert not torch.allclose(predictor(hidden, torch.ones(1, 6), language, noise, present), plain)

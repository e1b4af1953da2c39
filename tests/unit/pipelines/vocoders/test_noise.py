from __future__ import annotations

import pytest
import torch

from pipelines.vocoders.noise import draw_gaussian, draw_uniform
from pipelines.vocoders.vocoder import FrameContext


@pytest.mark.parametrize("draw", [draw_gaussian, draw_uniform])
def test_numbers_of_a_frame_do_not_depend_on_the_split(draw) -> None:
    (whole,) = draw([FrameContext(7)], 300, 3)
    for first, frames in ((0, 10), (60, 10), (64, 64), (130, 170)):
        (part,) = draw([FrameContext(7, first)], frames, 3)
        assert torch.equal(part, whole[first : first + frames])


def test_seeds_and_frames_have_different_numbers() -> None:
    one, other = draw_gaussian([FrameContext(1), FrameContext(2)], 130, 2)
    assert not torch.isclose(one, other).any()
    assert not torch.isclose(one[:64], one[64:128]).any()


def test_distributions_are_the_standard_ones() -> None:
    (normal,), (uniform,) = draw_gaussian([FrameContext()], 2_000, 4), draw_uniform([FrameContext()], 2_000, 4)
    assert float(normal.mean()) == pytest.approx(0, abs=0.05) and float(normal.std()) == pytest.approx(1, abs=0.05)
    assert float(uniform.min()) >= 0 and float(uniform.max()) < 1
    assert float(uniform.mean()) == pytest.approx(0.5, abs=0.02)

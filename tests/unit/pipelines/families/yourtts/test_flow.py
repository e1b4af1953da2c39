from __future__ import annotations

import torch

from pipelines.families.yourtts.dimensions import YourTtsDimensions
from pipelines.families.yourtts.flow import Flow


def make_flow(dimensions: YourTtsDimensions) -> Flow:
    torch.manual_seed(2)
    return Flow(dimensions).eval().requires_grad_(False)


def test_a_padded_row_is_what_it_is_alone(dimensions: YourTtsDimensions) -> None:
    flow = make_flow(dimensions)
    latents, speaker = torch.randn(2, dimensions.hidden, 30), torch.randn(2, dimensions.speaker)
    present = torch.ones(2, 1, 30)
    present[1, :, 12:] = 0
    together = flow(latents * present, speaker, present)
    alone = flow(latents[1:, :, :12], speaker[1:], present[1:, :, :12])
    assert torch.allclose(together[1:, :, :12], alone, atol=1e-5)


def test_the_speaker_changes_the_latents(dimensions: YourTtsDimensions) -> None:
    flow = make_flow(dimensions)
    latents, present = torch.randn(1, dimensions.hidden, 9), torch.ones(1, 1, 9)
    one, other = (flow(latents, torch.full((1, dimensions.speaker), value), present) for value in (0.0, 1.0))
    assert one.shape == latents.shape and not torch.allclose(one, other)


def test_couplings_without_a_shift_keep_the_latents(dimensions: YourTtsDimensions) -> None:
    flow = make_flow(dimensions)
    for coupling in flow.flows:
        coupling.post.weight.zero_()
        coupling.post.bias.zero_()
    latents = torch.randn(1, dimensions.hidden, 9)
    assert torch.equal(flow(latents, torch.zeros(1, dimensions.speaker), torch.ones(1, 1, 9)), latents)

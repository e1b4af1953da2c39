from __future__ import annotations

import torch

from pipelines.families.yourtts.dimensions import YourTtsDimensions
from pipelines.families.yourtts.text_encoder import ChannelNorm, TextEncoder


def test_a_padded_row_is_what_it_is_alone(dimensions: YourTtsDimensions) -> None:
    torch.manual_seed(1)
    encoder = TextEncoder(dimensions).eval().requires_grad_(False)
    for layer in encoder.encoder.attn_layers:
        layer.emb_rel_k.normal_()
        layer.emb_rel_v.normal_()
    ids, language = torch.tensor([[1, 2, 3, 4, 5, 6, 7], [3, 4, 0, 0, 0, 0, 0]]), torch.randn(2, dimensions.language)
    present = torch.tensor([[1.0] * 7, [1.0, 1.0, *[0.0] * 5]])[:, None]
    together = encoder(ids, language, present)
    alone = encoder(ids[1:, :2], language[1:], present[1:, :, :2])
    for whole, part in zip(together, alone, strict=True):
        assert torch.allclose(whole[1:, :, :2], part, atol=1e-5)
        assert not whole[1:, :, 2:].any()


def test_language_changes_the_encoding(dimensions: YourTtsDimensions) -> None:
    encoder = TextEncoder(dimensions).eval().requires_grad_(False)
    ids, present = torch.tensor([[1, 2, 3]]), torch.ones(1, 1, 3)
    one, other = (encoder(ids, torch.full((1, dimensions.language), value), present)[0] for value in (0.0, 1.0))
    assert not torch.allclose(one, other)


def test_channel_norm_normalises_each_position() -> None:
    normed = ChannelNorm(16)(torch.randn(2, 16, 5) * 7 + 3)
    assert torch.allclose(normed.mean(dim=1), torch.zeros(2, 5), atol=1e-5)
    assert torch.allclose(normed.std(dim=1, unbiased=False), torch.ones(2, 5), atol=1e-3)

from __future__ import annotations

import pytest
import torch
from torch import nn

from pipelines.vocoders.weight_norm import fold_weight_norm


@pytest.mark.parametrize("layer", [nn.Conv1d, nn.ConvTranspose1d], ids=["conv", "transposed"])
@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("spelling", ["old", "new"])
def test_folded_weights_are_what_torch_computes(layer, spelling):
    normalise = nn.utils.weight_norm if spelling == "old" else nn.utils.parametrizations.weight_norm
    normed = nn.Sequential(normalise(layer(3, 5, 4)))
    with torch.no_grad():
        for parameter in normed.parameters():
            parameter.mul_(1.7)
    sound = torch.randn(1, 3, 9, generator=torch.Generator().manual_seed(0))
    plain = nn.Sequential(layer(3, 5, 4))
    plain.load_state_dict(fold_weight_norm(normed.state_dict()))
    assert torch.allclose(plain(sound), normed(sound), atol=1e-6)


def test_direction_without_a_length_stays_as_it_is():
    assert list(fold_weight_norm({"conv.weight_v": torch.ones(1, 1, 1)})) == ["conv.weight_v"]

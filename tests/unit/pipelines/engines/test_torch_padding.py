from __future__ import annotations

import threading

import torch
from torch import nn

from pipelines.engines.torch_padding import PaddingMask, build_length_mask

LENGTHS = torch.tensor([9, 4, 1])


def stack() -> nn.Module:
    torch.manual_seed(5)
    layers = [nn.Conv1d(3, 4, 5, padding=2), nn.ReLU(), nn.Conv1d(4, 4, 1), nn.Conv1d(4, 2, 3, padding=2, dilation=2)]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def padded() -> torch.Tensor:
    batch = torch.randn(3, 3, 9, generator=torch.Generator().manual_seed(1))
    return batch * build_length_mask(LENGTHS, 9)[:, None]


def alone(module: nn.Module, batch: torch.Tensor) -> list[torch.Tensor]:
    return [module(batch[row : row + 1, :, :length])[0] for row, length in enumerate(LENGTHS.tolist())]


def apart(module: nn.Module, batch: torch.Tensor, expected: list[torch.Tensor]) -> float:
    found = module(batch)
    return max(float((found[row, :, : each.shape[1]] - each).abs().max()) for row, each in enumerate(expected))


def test_a_row_comes_out_of_a_padded_batch_as_it_would_alone() -> None:
    module, batch = stack(), padded()
    expected = alone(module, batch)
    mask = PaddingMask(module)
    assert apart(module, batch, expected) > 1e-3
    with mask.apply(build_length_mask(LENGTHS, 9)):
        assert apart(module, batch, expected) < 1e-6


def test_a_thread_that_set_no_rows_is_left_alone() -> None:
    module, batch = stack(), padded()
    plain, seen = module(batch), []
    mask = PaddingMask(module)
    with mask.apply(build_length_mask(LENGTHS, 9)):
        other = threading.Thread(target=lambda: seen.append(module(batch)))
        other.start()
        other.join()
    assert torch.equal(seen[0], plain)
    assert torch.equal(module(batch), plain)

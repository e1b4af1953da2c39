"""Weight normalisation undone: checkpoints hold directions and lengths, modules here hold plain weights.

Three spellings are published: `weight_g`/`weight_v`, torch's newer `parametrizations.weight.original0`/`original1`, and
plain `weight` where the norm was removed before saving. arXiv 1602.07868.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SPELLINGS = (
    (".weight_g", ".weight_v"),
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
)


def folded(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors with each pair of length and direction replaced by the `weight` that they stand for.

    Lengths are per first dimension, as torch's default and all published checkpoints have it.
    """
    plain = dict(tensors)
    for length_name, direction_name in _SPELLINGS:
        for name in [name for name in plain if name.endswith(direction_name)]:
            stem = name.removesuffix(direction_name)
            if stem + length_name not in plain:
                continue  # Left as it is: whoever fills the module will name it as unknown.
            direction, length = plain.pop(name), plain.pop(stem + length_name)
            norm = direction.norm(dim=tuple(range(1, direction.dim())), keepdim=True)
            plain[f"{stem}.weight"] = direction * (length / norm)
    return plain

"""Fold weight normalisation (arXiv 1602.07868): checkpoints hold directions and lengths, modules here plain weights.

Three layouts are published: `weight_g`/`weight_v`, torch's newer `parametrizations.weight.original0`/`original1`, and
plain `weight` where the norm was removed before saving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: Endings of the names of a length and its direction.
_PAIRS = (
    (".weight_g", ".weight_v"),
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
)


def fold_weight_norm(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors with each pair of length and direction replaced by the `weight` that it stands for.

    Lengths are per first dimension, as torch's default and all published checkpoints have it. A direction without a
    length is left as it is, so that filling the module reports it as unknown.
    """
    folded = dict(tensors)
    for length_name, direction_name in _PAIRS:
        for name in [name for name in folded if name.endswith(direction_name)]:
            stem = name.removesuffix(direction_name)
            if stem + length_name not in folded:
                continue
            direction, length = folded.pop(name), folded.pop(stem + length_name)
            norm = direction.norm(dim=tuple(range(1, direction.dim())), keepdim=True)
            folded[f"{stem}.weight"] = direction * (length / norm)
    return folded

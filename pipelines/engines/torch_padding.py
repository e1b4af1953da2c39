"""Masking of padded batches, so that the result of a row does not depend on the rows beside it.

A convolution pads with zeros where its input ends. In a batch a shorter row is followed by padding that the layers
before have filled with biases, so that its last positions would differ from those of the row alone. Knows modules and
lengths, no model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class PaddingMask:
    """Sets the padding to zero before every convolution of `module` whose kernel spans several positions.

    Positions are the last axis of a convolution's input. A mask applies to the thread that set it; without one the
    module runs unchanged.
    """

    def __init__(self, module: nn.Module) -> None:
        self._local = threading.local()
        for part in module.modules():
            if isinstance(part, nn.Conv1d) and part.kernel_size[0] > 1:
                part.register_forward_pre_hook(self._mask_inputs)

    @contextmanager
    def apply(self, present: torch.Tensor) -> Iterator[None]:
        """Within the context, inputs are masked with `present` (rows, positions), true where there is no padding."""
        self._local.present = None if bool(present.all()) else present[:, None].float()
        try:
            yield
        finally:
            self._local.present = None

    def _mask_inputs(self, module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
        present = getattr(self._local, "present", None)
        if present is None:
            return None
        return (inputs[0] * present, *inputs[1:])


def build_length_mask(lengths: torch.Tensor, width: int) -> torch.Tensor:
    """True (rows, width) for the positions of each row that its length covers, on the device of `lengths`."""
    return torch.arange(width, device=lengths.device)[None] < lengths[:, None]

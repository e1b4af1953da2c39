"""Convolutions that see nothing behind the end of a row: a row of a padded batch comes out as it would alone.

A convolution pads with zeros where its input ends. In a batch a shorter row is followed by padding that the layers
before it have filled with biases, and its last positions come out different. Knows modules and lengths, no model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class PaddingGuard:
    """Clears the padding before every convolution of `module` that looks at neighbours.

    Positions are the last axis of a convolution's input. Rows are set for one thread at a time; a thread that set none
    runs the module as it is.
    """

    def __init__(self, module: nn.Module) -> None:
        self._own = threading.local()
        for part in module.modules():
            if isinstance(part, nn.Conv1d) and part.kernel_size[0] > 1:
                part.register_forward_pre_hook(self._clear)

    @contextmanager
    def rows(self, present: torch.Tensor) -> Iterator[None]:
        """Inside, inputs are as wide as `present` (rows, positions), which is true where a row has something."""
        self._own.present = None if bool(present.all()) else present[:, None].float()
        try:
            yield
        finally:
            self._own.present = None

    def _clear(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        present = getattr(self._own, "present", None)
        if present is None:
            return None
        return (inputs[0] * present, *inputs[1:])


def inside(lengths: torch.Tensor, width: int) -> torch.Tensor:
    """True for the positions of each row (rows, width) that its length covers."""
    return torch.arange(width, device=lengths.device)[None] < lengths[:, None]

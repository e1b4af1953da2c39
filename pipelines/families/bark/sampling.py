"""Sampling of the next token by a stage's generation config, with a random generator for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

#: Default of transformers' `generate`.
_TOP_K = 50


class Sampler:
    """Temperature, top-k and top-p of one stage, applied in the same order as in `generate`."""

    def __init__(self, config: Any) -> None:
        self._samples = bool(config.do_sample)
        self._temperature = 1.0 if config.temperature is None else float(config.temperature)
        self._top_k = _TOP_K if config.top_k is None else int(config.top_k)
        self._top_p = 1.0 if config.top_p is None else float(config.top_p)

    def draw(self, logits: torch.Tensor, generators: Sequence[torch.Generator], active: Sequence[bool]) -> torch.Tensor:
        """A token for each row of `logits` (rows, tokens). Inactive rows draw nothing, and get an arbitrary token."""
        if not self._samples:
            return logits.argmax(1)
        probabilities = torch.softmax(self._warp(logits.float()), dim=-1)
        tokens = probabilities.argmax(1)
        for row, generator in enumerate(generators):
            if active[row]:
                tokens[row] = torch.multinomial(probabilities[row], 1, generator=generator)[0]
        return tokens

    def _warp(self, logits: torch.Tensor) -> torch.Tensor:
        if self._temperature != 1.0:
            logits = logits / self._temperature
        if self._top_k:
            minimum = torch.topk(logits, min(self._top_k, logits.shape[1])).values[:, -1:]
            logits = logits.masked_fill(logits < minimum, -torch.inf)
        if self._top_p < 1.0:
            ordered, indices = torch.sort(logits)
            excluded = torch.softmax(ordered, dim=-1).cumsum(-1) <= 1 - self._top_p
            excluded[:, -1] = False
            logits = logits.masked_fill(excluded.scatter(1, indices, excluded), -torch.inf)
        return logits

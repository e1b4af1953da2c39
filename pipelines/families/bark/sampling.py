"""How the next token is drawn: by a stage's generation config, for each row from a generator of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

#: What transformers' `generate` takes where a config says nothing.
_TOP_K = 50


class Sampler:
    """Temperature, top-k and top-p of one stage, in the order that `generate` applies them in."""

    def __init__(self, config: Any) -> None:
        self._draws = bool(config.do_sample)
        self._temperature = 1.0 if config.temperature is None else float(config.temperature)
        self._top_k = _TOP_K if config.top_k is None else int(config.top_k)
        self._top_p = 1.0 if config.top_p is None else float(config.top_p)

    def next(self, logits: torch.Tensor, generators: Sequence[torch.Generator], going: Sequence[bool]) -> torch.Tensor:
        """A token for each row of `logits` (rows, tokens). Rows that do not go on draw nothing, and get any token."""
        if not self._draws:
            return logits.argmax(1)
        chances = torch.softmax(self._shaped(logits.float()), dim=-1)
        tokens = chances.argmax(1)
        for row, generator in enumerate(generators):
            if going[row]:
                tokens[row] = torch.multinomial(chances[row], 1, generator=generator)[0]
        return tokens

    def _shaped(self, logits: torch.Tensor) -> torch.Tensor:
        if self._temperature != 1.0:
            logits = logits / self._temperature
        if self._top_k:
            least = torch.topk(logits, min(self._top_k, logits.shape[1])).values[:, -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        if self._top_p < 1.0:
            ordered, places = torch.sort(logits)
            beyond = torch.softmax(ordered, dim=-1).cumsum(-1) <= 1 - self._top_p
            beyond[:, -1] = False
            logits = logits.masked_fill(beyond.scatter(1, places, beyond), -torch.inf)
        return logits

"""Whisper's decoder in PyTorch, on the modules and the rules of transformers.

A search of our own around them: rows of many jobs side by side, each with draws from its own seed. On a CPU one row at
a time: there float32 sums depend on the number of rows, and a window's text would on the windows beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.catalog.entry import Entry
from pipelines.engines.torch_engine import has_fast_bfloat16, torch_device
from pipelines.errors import EngineFailure
from pipelines.families.whisper.alignment import aligned
from pipelines.families.whisper.checkpoint import Checkpoint
from pipelines.families.whisper.decoding import Alignment, Attempt, Decoded, Encoded
from pipelines.families.whisper.tokenizer import Tokenizer
from pipelines.family import Tick

from .torch_encoder import TorchEncoder
from .torch_module import filled_module

if TYPE_CHECKING:
    import torch


class TorchModel:
    """A `Decoder`, and the `Encoder` that belongs to it as `encoder`."""

    #: The reference's ladder.
    attempts: Sequence[Attempt] = tuple(Attempt(temperature=heat / 10) for heat in (0, 2, 4, 6, 8, 10))

    def __init__(self, entry: Entry, checkpoint: Checkpoint, tokenizer: Tokenizer, device: str) -> None:
        """Raises `ModelUnavailable` when the checkpoint does not fit or the device is not there."""
        import torch

        self._device = torch_device(entry, device)
        module = filled_module(entry, checkpoint)
        self._precision = torch.float32
        if self._device.type == "cuda":
            self._precision = torch.bfloat16 if has_fast_bfloat16(self._device) else torch.float16
        self.encoder = TorchEncoder(entry, module, self._device, self._precision)
        self._decoder = module.model.decoder.to(self._device, self._precision)
        self._output = module.proj_out.to(self._device, self._precision)
        self._sizes = module.config
        self._entry, self._checkpoint, self._tokenizer = entry, checkpoint, tokenizer
        #: Two lanes would only get into each other's way.
        self._turn = threading.Lock()
        self.name = self.encoder.name
        self.bins = int(module.config.num_mel_bins)

    def languages(self, encoded: Encoded) -> list[tuple[str, float]]:
        """See `Decoder`."""
        return [found for share in self._shares(len(encoded)) for found in self._languages(encoded[share])]

    def _languages(self, encoded: Encoded) -> list[tuple[str, float]]:
        names = list(self._tokenizer.languages)
        start = [[self._tokenizer.start]] * len(encoded)
        logits, _ = self._step(self._tensor(start), encoded)
        shares = logits[:, -1, [self._tokenizer.languages[name] for name in names]].softmax(dim=-1)
        return [(names[int(row.argmax())], float(row.max())) for row in shares]

    def generate(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: Attempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[Decoded]:
        """See `Decoder`."""
        return [
            decoded
            for share in self._shares(len(prompts))
            for decoded in self._generated(
                encoded[share], prompts[share], attempt, limit=limit, seeds=seeds[share], tick=tick
            )
        ]

    def _generated(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: Attempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[Decoded]:
        import torch

        with self._turn:
            rows, begin = self._tensor(prompts), len(prompts[0])
            rules = self._rules(prompts[0])
            draws = [torch.Generator(self._device).manual_seed(_seed(seed, attempt)) for seed in seeds]
            total = torch.zeros(len(prompts), device=self._device)
            ended = torch.zeros(len(prompts), dtype=torch.bool, device=self._device)
            fed, cache, silence = rows, None, torch.zeros(0)
            for step in range(limit):
                tick()
                logits, cache = self._step(fed, encoded, cache)
                if step == 0:
                    at = list(prompts[0]).index(self._tokenizer.start)
                    silence = logits[:, at].softmax(dim=-1)[:, self._tokenizer.no_speech]
                allowed = rules(rows, logits[:, -1])
                chosen = _chosen(allowed, attempt.temperature, draws)
                sure = allowed.log_softmax(dim=-1).gather(1, chosen[:, None])[:, 0]
                total += torch.where(ended, 0.0, sure)
                chosen = torch.where(ended, self._tokenizer.end, chosen)
                ended |= chosen == self._tokenizer.end
                fed = chosen[:, None]
                rows = torch.cat([rows, fed], dim=1)
                if bool(ended.all()):
                    break
        answers = []
        for row, score, unspoken in zip(rows[:, begin:].tolist(), total.tolist(), silence.tolist(), strict=True):
            tokens = row[: row.index(self._tokenizer.end)] if self._tokenizer.end in row else row
            answers.append(Decoded(tokens, score / (len(tokens) + 1), unspoken))
        return answers

    def align(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        """See `Decoder`."""
        return [
            alignment
            for share in self._shares(len(texts))
            for alignment in self._aligned(encoded[share], start, texts[share], frames[share])
        ]

    def _aligned(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        # The token at a position is what was written when looking from the position before it.
        told = [*start, self._tokenizer.no_timestamps]
        longest = max(map(len, texts))
        rows = [[*told, *text, *[self._tokenizer.end] * (longest - len(text) + 1)] for text in texts]
        with self._turn:
            logits, attention = self._looked(self._tensor(rows), encoded)
        first = len(told) - 1
        answers = []
        for number, (text, known) in enumerate(zip(texts, frames, strict=True)):
            shares = logits[number, first : first + len(text), : self._tokenizer.end].softmax(dim=-1)
            sure = shares.gather(1, self._tensor(text)[:, None])[:, 0].double().cpu().numpy()
            looks = attention[number, :, : len(told) + len(text) + 1].float().cpu().numpy()
            answers.append(aligned(looks, sure, first=first, states=known // 2))
        return answers

    def close(self) -> None:
        """See `Decoder`."""
        self.encoder.close()

    def _shares(self, count: int) -> list[slice]:
        """Windows that are computed together."""
        if self._device.type == "cpu":
            return [slice(number, number + 1) for number in range(count)]
        return [slice(0, count)]

    def _step(self, tokens: torch.Tensor, encoded: Encoded, cache: Any = None) -> tuple[torch.Tensor, Any]:
        """Logits after each of the tokens, and the cache that goes on from there."""
        import torch

        try:
            with torch.inference_mode():
                done = self._decoder(
                    input_ids=tokens, encoder_hidden_states=encoded, past_key_values=cache, use_cache=True
                )
                return self._output(done.last_hidden_state).float(), done.past_key_values
        except RuntimeError as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error

    def _looked(self, tokens: torch.Tensor, encoded: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the attention of the alignment heads: [windows, heads, tokens, states]."""
        import torch

        try:
            with torch.inference_mode():
                done = self._decoder(
                    input_ids=tokens, encoder_hidden_states=encoded, use_cache=False, output_attentions=True
                )
                heads = [done.cross_attentions[layer][:, head] for layer, head in self._checkpoint.heads()]
                return self._output(done.last_hidden_state).float(), torch.stack(heads, dim=1)
        except RuntimeError as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error

    def _rules(self, prompt: Sequence[int]) -> Any:
        """What may be written: transformers' own rules, in its order."""
        from transformers import GenerationConfig
        from transformers.generation import logits_process as rules

        begin, device = len(prompt), str(self._device)
        chosen = rules.LogitsProcessorList()
        if self._checkpoint.suppressed_first:
            first = list(self._checkpoint.suppressed_first)
            chosen.append(rules.SuppressTokensAtBeginLogitsProcessor(first, begin, device=device))
        if self._checkpoint.suppressed:
            chosen.append(rules.SuppressTokensLogitsProcessor(list(self._checkpoint.suppressed), device=device))
        if self._tokenizer.no_timestamps not in prompt:
            told = GenerationConfig(
                no_timestamps_token_id=self._tokenizer.no_timestamps,
                eos_token_id=self._tokenizer.end,
                max_initial_timestamp_index=50,
            )
            chosen.append(rules.WhisperTimeStampLogitsProcessor(told, begin_index=begin))
        return chosen

    def _tensor(self, tokens: Sequence[Any]) -> torch.Tensor:
        import torch

        return torch.tensor(tokens, device=self._device)


def _chosen(scores: torch.Tensor, temperature: float, draws: Sequence[torch.Generator]) -> torch.Tensor:
    """One token for each row."""
    import torch

    if temperature == 0.0:
        return scores.argmax(dim=-1)
    shares = (scores / temperature).softmax(dim=-1)
    drawn = [torch.multinomial(row, 1, generator=draw) for row, draw in zip(shares, draws, strict=True)]
    return torch.cat(drawn)


def _seed(seed: int, attempt: Attempt) -> int:
    """Another one for each temperature, so that a hotter attempt does not repeat the draws of the last."""
    return int(np.random.SeedSequence((seed, round(attempt.temperature * 10))).generate_state(1)[0])

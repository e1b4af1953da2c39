"""Whisper's decoder in PyTorch, with transformers' modules and logits processors.

Decoding itself is implemented here: rows of several jobs in one batch, each sampled with its own seed. On a CPU rows
are decoded one by one: there float32 sums depend on the number of rows, and so would the text of a window.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.torch_engine import has_fast_bfloat16, resolve_torch_device
from pipelines.errors import EngineFailure
from pipelines.families.whisper.alignment import align_tokens
from pipelines.families.whisper.checkpoint import WhisperCheckpoint
from pipelines.families.whisper.decoding import DecodeAttempt, DecodedText, Encoded, TokenAlignment
from pipelines.families.whisper.tokenizer import Tokenizer
from pipelines.family import Tick

from .torch_encoder import TorchEncoder
from .torch_module import load_module

if TYPE_CHECKING:
    import torch


class TorchModel:
    """See `DecoderEngine`. The `EncoderEngine` that belongs to it is its attribute `encoder`."""

    #: The temperatures of openai-whisper.
    attempts: Sequence[DecodeAttempt] = tuple(DecodeAttempt(temperature=tenths / 10) for tenths in (0, 2, 4, 6, 8, 10))

    def __init__(
        self, entry: RecognitionEntry, checkpoint: WhisperCheckpoint, tokenizer: Tokenizer, device: str
    ) -> None:
        """Raises `ModelUnavailable` when the checkpoint does not fit or the device is missing."""
        import torch

        self._device = resolve_torch_device(entry, device)
        module = load_module(entry, checkpoint)
        self._precision = torch.float32
        if self._device.type == "cuda":
            self._precision = torch.bfloat16 if has_fast_bfloat16(self._device) else torch.float16
        self.encoder = TorchEncoder(entry, module, self._device, self._precision)
        self._decoder = module.model.decoder.to(self._device, self._precision)
        self._output = module.proj_out.to(self._device, self._precision)
        self._config = module.config
        self._entry, self._checkpoint, self._tokenizer = entry, checkpoint, tokenizer
        #: Two lanes in parallel would not be faster.
        self._lock = threading.Lock()
        self.name = self.encoder.name
        self.bins = int(module.config.num_mel_bins)

    def detect_languages(self, encoded: Encoded) -> list[tuple[str, float]]:
        """See `DecoderEngine`."""
        return [found for part in self._split(len(encoded)) for found in self._detect_batch(encoded[part])]

    def _detect_batch(self, encoded: Encoded) -> list[tuple[str, float]]:
        names = list(self._tokenizer.languages)
        start = [[self._tokenizer.start]] * len(encoded)
        logits, _ = self._step(self._tensor(start), encoded)
        tokens = [self._tokenizer.languages[name] for name in names]
        probabilities = logits[:, -1, tokens].softmax(dim=-1)
        return [(names[int(row.argmax())], float(row.max())) for row in probabilities]

    def generate(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: DecodeAttempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[DecodedText]:
        """See `DecoderEngine`."""
        return [
            decoded
            for part in self._split(len(prompts))
            for decoded in self._generate_batch(
                encoded[part], prompts[part], attempt, limit=limit, seeds=seeds[part], tick=tick
            )
        ]

    def _generate_batch(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: DecodeAttempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[DecodedText]:
        import torch

        with self._lock:
            rows, begin = self._tensor(prompts), len(prompts[0])
            process_logits = self._build_logits_processors(prompts[0])
            generators = [torch.Generator(self._device).manual_seed(_derive_seed(seed, attempt)) for seed in seeds]
            total = torch.zeros(len(prompts), device=self._device)
            ended = torch.zeros(len(prompts), dtype=torch.bool, device=self._device)
            inputs, cache, no_speech = rows, None, torch.zeros(0)
            for step in range(limit):
                tick()
                logits, cache = self._step(inputs, encoded, cache)
                if step == 0:
                    at = list(prompts[0]).index(self._tokenizer.start)
                    no_speech = logits[:, at].softmax(dim=-1)[:, self._tokenizer.no_speech]
                scores = process_logits(rows, logits[:, -1])
                chosen = _choose_tokens(scores, attempt.temperature, generators)
                logprobs = scores.log_softmax(dim=-1).gather(1, chosen[:, None])[:, 0]
                total += torch.where(ended, 0.0, logprobs)
                chosen = torch.where(ended, self._tokenizer.end, chosen)
                ended |= chosen == self._tokenizer.end
                inputs = chosen[:, None]
                rows = torch.cat([rows, inputs], dim=1)
                if bool(ended.all()):
                    break
        results = []
        for row, logprob, silence in zip(rows[:, begin:].tolist(), total.tolist(), no_speech.tolist(), strict=True):
            tokens = row[: row.index(self._tokenizer.end)] if self._tokenizer.end in row else row
            results.append(DecodedText(tokens, logprob / (len(tokens) + 1), silence))
        return results

    def align(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[TokenAlignment]:
        """See `DecoderEngine`."""
        return [
            alignment
            for part in self._split(len(texts))
            for alignment in self._align_batch(encoded[part], start, texts[part], frames[part])
        ]

    def _align_batch(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[TokenAlignment]:
        # The logits and the attention for a token are those of the position before it.
        prompt = [*start, self._tokenizer.no_timestamps]
        longest = max(map(len, texts))
        rows = [[*prompt, *text, *[self._tokenizer.end] * (longest - len(text) + 1)] for text in texts]
        with self._lock:
            logits, attention = self._compute_attention(self._tensor(rows), encoded)
        first = len(prompt) - 1
        results = []
        for number, (text, known) in enumerate(zip(texts, frames, strict=True)):
            distribution = logits[number, first : first + len(text), : self._tokenizer.end].softmax(dim=-1)
            probabilities = distribution.gather(1, self._tensor(text)[:, None])[:, 0].double().cpu().numpy()
            weights = attention[number, :, : len(prompt) + len(text) + 1].float().cpu().numpy()
            results.append(align_tokens(weights, probabilities, first=first, states=known // 2))
        return results

    def close(self) -> None:
        """See `DecoderEngine`."""
        self.encoder.close()

    def _split(self, count: int) -> list[slice]:
        """Windows that are computed together."""
        if self._device.type == "cpu":
            return [slice(number, number + 1) for number in range(count)]
        return [slice(0, count)]

    def _step(self, tokens: torch.Tensor, encoded: Encoded, cache: Any = None) -> tuple[torch.Tensor, Any]:
        """Logits after each of the tokens, and the updated cache."""
        import torch

        try:
            with torch.inference_mode():
                output = self._decoder(
                    input_ids=tokens, encoder_hidden_states=encoded, past_key_values=cache, use_cache=True
                )
                return self._output(output.last_hidden_state).float(), output.past_key_values
        except RuntimeError as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error

    def _compute_attention(self, tokens: torch.Tensor, encoded: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the attention of the alignment heads: [windows, heads, tokens, states]."""
        import torch

        try:
            with torch.inference_mode():
                output = self._decoder(
                    input_ids=tokens, encoder_hidden_states=encoded, use_cache=False, output_attentions=True
                )
                heads = [
                    output.cross_attentions[layer][:, head]
                    for layer, head in self._checkpoint.resolve_alignment_heads()
                ]
                return self._output(output.last_hidden_state).float(), torch.stack(heads, dim=1)
        except RuntimeError as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error

    def _build_logits_processors(self, prompt: Sequence[int]) -> Any:
        """transformers' own processors, in its order: suppressed tokens and the order of timestamps."""
        from transformers import GenerationConfig
        from transformers.generation import logits_process

        begin, device = len(prompt), str(self._device)
        processors = logits_process.LogitsProcessorList()
        if self._checkpoint.suppressed_first:
            first = list(self._checkpoint.suppressed_first)
            processors.append(logits_process.SuppressTokensAtBeginLogitsProcessor(first, begin, device=device))
        if self._checkpoint.suppressed:
            suppressed = list(self._checkpoint.suppressed)
            processors.append(logits_process.SuppressTokensLogitsProcessor(suppressed, device=device))
        if self._tokenizer.no_timestamps not in prompt:
            config = GenerationConfig(
                no_timestamps_token_id=self._tokenizer.no_timestamps,
                eos_token_id=self._tokenizer.end,
                max_initial_timestamp_index=50,
            )
            processors.append(logits_process.WhisperTimeStampLogitsProcessor(config, begin_index=begin))
        return processors

    def _tensor(self, tokens: Sequence[Any]) -> torch.Tensor:
        import torch

        return torch.tensor(tokens, device=self._device)


def _choose_tokens(scores: torch.Tensor, temperature: float, generators: Sequence[torch.Generator]) -> torch.Tensor:
    """One token for each row."""
    import torch

    if temperature == 0.0:
        return scores.argmax(dim=-1)
    probabilities = (scores / temperature).softmax(dim=-1)
    drawn = [torch.multinomial(row, 1, generator=each) for row, each in zip(probabilities, generators, strict=True)]
    return torch.cat(drawn)


def _derive_seed(seed: int, attempt: DecodeAttempt) -> int:
    """A seed for each temperature, so that an attempt does not repeat the random numbers of the one before."""
    return int(np.random.SeedSequence((seed, round(attempt.temperature * 10))).generate_state(1)[0])

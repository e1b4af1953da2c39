"""Bark as in transformers: text → semantic tokens → coarse codes → fine codes → waveform, for several requests.

transformers' own `generate` takes one voice for a whole batch, draws from one global generator and decodes all rows to
the length of the longest. Here each row has its own voice, generator and end; alone, the result of a row equals that of
`generate` with the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import DynamicCache
from transformers.models.bark.generation_configuration_bark import (
    BarkCoarseGenerationConfig,
    BarkFineGenerationConfig,
    BarkSemanticGenerationConfig,
)

from pipelines.family import Tick

from .sampling import Sampler
from .voice_presets import HistoryPrompt


@dataclass(slots=True)
class Row:
    """One part of a passage: its ids, its prompt, its source of random numbers, and the tokens generated for it."""

    ids: Sequence[int]
    prompt: HistoryPrompt | None
    generator: torch.Generator
    semantic: list[int] = field(default_factory=list)
    coarse: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, 0), np.int64))
    fine: NDArray[np.int64] = field(default_factory=lambda: np.zeros((8, 0), np.int64))

    @property
    def next_prompt(self) -> HistoryPrompt | None:
        """The prompt for the next part: this row's tokens; its own prompt where it has none."""
        if not self.semantic or not self.coarse.shape[1]:
            return self.prompt
        return HistoryPrompt(np.array(self.semantic), self.coarse, self.fine)


class BarkNetwork:
    """A BarkModel, called part by part."""

    def __init__(self, model: Any) -> None:
        self._model = model
        settings = model.generation_config
        self.semantic = BarkSemanticGenerationConfig(**settings.semantic_config)
        self._coarse = BarkCoarseGenerationConfig(**settings.coarse_acoustics_config)
        self._fine = BarkFineGenerationConfig(**settings.fine_acoustics_config)
        self._codebook_size: int = settings.codebook_size
        #: Coarse codes of both codebooks per semantic token.
        self._ratio = self._coarse.coarse_rate_hz / self.semantic.semantic_rate_hz * self._coarse.n_coarse_codebooks

    @property
    def device(self) -> torch.device:
        device: torch.device = self._model.device
        return device

    @torch.inference_mode()
    def synthesise(self, rows: Sequence[Row], tick: Tick) -> list[NDArray[np.float32]]:
        """The waveforms of all rows, in order; fills in the rows' tokens. Empty for a row without any."""
        self._generate_semantic(rows, tick)
        by_length: dict[tuple[int, int], list[Row]] = {}
        for row in rows:
            semantic, coarse = self._coarse_prompt(row)
            by_length.setdefault((len(semantic), len(coarse)), []).append(row)
        for group in by_length.values():
            self._generate_coarse(group, tick)
        self._generate_fine([row for row in rows if row.coarse.shape[1]], tick)
        return [self._decode(row, tick) for row in rows]

    # -- text to semantic tokens ---------------------------------------------------------------------------------------
    def _generate_semantic(self, rows: Sequence[Row], tick: Tick) -> None:
        config, model, device = self.semantic, self._model.semantic, self.device
        width = config.max_input_semantic_length
        texts = torch.full((len(rows), width), config.text_pad_token, device=device)
        prompts = torch.full((len(rows), width), config.semantic_pad_token, device=device)
        for number, row in enumerate(rows):
            ids = torch.tensor(row.ids[:width], dtype=torch.long, device=device)
            texts[number, : len(ids)] = ids + config.text_encoding_offset
            if row.prompt is not None:
                last = torch.from_numpy(row.prompt.semantic[-width:]).to(device)
                prompts[number, : len(last)] = last
        infer = torch.full((len(rows), 1), config.semantic_infer_token, device=device)
        embed = model.input_embeds_layer
        inputs = {"inputs_embeds": torch.cat([embed(texts) + embed(prompts), embed(infer)], dim=1)}
        allowed = torch.zeros(model.config.output_vocab_size, dtype=torch.bool, device=device)
        allowed[: config.semantic_vocab_size] = True
        allowed[config.semantic_pad_token] = True
        sampler, cache = Sampler(config), DynamicCache(config=model.config)
        active = [True] * len(rows)
        for _ in range(config.max_new_tokens):
            tick()
            logits = model(**inputs, past_key_values=cache, use_cache=True, return_dict=True).logits[:, -1]
            logits = self._force_end(logits.masked_fill(~allowed, -torch.inf))
            tokens = sampler.draw(logits, [row.generator for row in rows], active)
            for number, token in enumerate(tokens.tolist()):
                active[number] = active[number] and token != config.semantic_pad_token
                if active[number]:
                    rows[number].semantic.append(token)
            if not any(active):
                return
            inputs = {"input_ids": tokens[:, None]}

    def _force_end(self, logits: torch.Tensor) -> torch.Tensor:
        """Allow only the end token in rows where its probability exceeds the checkpoint's `min_eos_p`."""
        minimum, end = self.semantic.min_eos_p, self.semantic.semantic_pad_token
        if not minimum:
            return logits
        ends = torch.softmax(logits.float(), dim=-1)[:, end] > minimum
        end_only = torch.full_like(logits, -torch.inf)
        end_only[:, end] = logits[:, end]
        return torch.where(ends[:, None], end_only, logits)

    # -- semantic tokens to the codes of the first two codebooks -------------------------------------------------------
    def _coarse_prompt(self, row: Row) -> tuple[list[int], list[int]]:
        """Semantic tokens and interleaved coarse tokens of the row's prompt, cut to cover the same time."""
        if row.prompt is None:
            return [], []
        books = row.prompt.coarse + self._codebook_size * np.arange(len(row.prompt.coarse))[:, None]
        coarse = (books.T.reshape(-1) + self.semantic.semantic_vocab_size).tolist()
        semantic = row.prompt.semantic.tolist()
        limit = math.floor(self._coarse.max_coarse_history / self._ratio)
        kept = min(limit, len(semantic) - len(semantic) % 2, math.floor(len(coarse) / self._ratio))
        # As in the original, the last two codes are dropped, which aligns the parts better in time.
        return (semantic[-kept:], coarse[-round(kept * self._ratio) :][:-2]) if kept else (semantic, coarse[:-2])

    def _generate_coarse(self, rows: Sequence[Row], tick: Tick) -> None:
        """For rows whose prompts have equal lengths, in windows of `sliding_window_len` codes."""
        config, device = self._coarse, self.device
        books = config.n_coarse_codebooks
        lengths = [math.floor(len(row.semantic) * self._ratio / books) * books for row in rows]
        prompts = [self._coarse_prompt(row) for row in rows]
        semantic = [torch.tensor([*prompt, *row.semantic]) for row, (prompt, _) in zip(rows, prompts, strict=True)]
        codes = torch.tensor([prompt for _, prompt in prompts], dtype=torch.long, device=device)
        base, start, done = len(prompts[0][0]), codes.shape[1], 0
        sampler = Sampler(config)
        while done < max(lengths):
            at = base + round(done / self._ratio)
            first = max(0, at - math.floor(config.max_coarse_history / self._ratio))
            window = torch.full((len(rows), config.max_coarse_input_length + 1), config.coarse_semantic_pad_token)
            for number, tokens in enumerate(semantic):
                visible = tokens[first : first + config.max_coarse_input_length]
                window[number, : len(visible)] = visible
            window[:, -1] = config.coarse_infer_token
            inputs = torch.cat([window.to(device), codes[:, -config.max_coarse_history :]], dim=1)
            cache = DynamicCache(config=self._model.coarse_acoustics.config)
            for step in range(min(config.sliding_window_len, max(lengths) - done)):
                tick()
                logits = self._model.coarse_acoustics(
                    input_ids=inputs, past_key_values=cache, use_cache=True, return_dict=True
                ).logits[:, -1]
                active = [done + step < length for length in lengths]
                tokens = sampler.draw(self._restrict(logits, step % 2), [row.generator for row in rows], active)
                inputs = tokens[:, None]
                codes = torch.cat([codes, inputs], dim=1)
            done = codes.shape[1] - start
        coarse = (codes[:, start:] - self.semantic.semantic_vocab_size).remainder(self._codebook_size).cpu().numpy()
        for row, length, own in zip(rows, lengths, coarse, strict=True):
            row.coarse = own[:length].reshape(-1, books).T

    def _restrict(self, logits: torch.Tensor, second: int) -> torch.Tensor:
        """Allow only codes of the first codebook, or of the second one."""
        first = self.semantic.semantic_vocab_size + second * self._codebook_size
        kept = torch.zeros(logits.shape[1], dtype=torch.bool, device=logits.device)
        kept[first : None if second else first + self._codebook_size] = True
        return logits.masked_fill(~kept, -torch.inf)

    # -- two codebooks to eight ----------------------------------------------------------------------------------------
    def _generate_fine(self, rows: Sequence[Row], tick: Tick) -> None:
        """The other codebooks, in windows of `max_fine_input_length` with a stride of `max_fine_history_length`."""
        config, books = self._fine, self._coarse.n_coarse_codebooks
        width, stride = config.max_fine_input_length, config.max_fine_history_length
        filled, prompt_lengths = [], []
        for row in rows:
            past = np.zeros((0, config.n_fine_codebooks), np.int64)
            if row.prompt is not None:
                past = row.prompt.fine.T[-stride:]
            own = np.full((row.coarse.shape[1], config.n_fine_codebooks), self._codebook_size, np.int64)
            own[:, :books] = row.coarse.T
            whole = np.concatenate([past, own])
            padding = np.full((max(0, width - len(whole)), config.n_fine_codebooks), self._codebook_size, np.int64)
            filled.append(torch.from_numpy(np.concatenate([whole, padding])).to(self.device))
            prompt_lengths.append(len(past))
        window_counts = [
            max(0, math.ceil((row.coarse.shape[1] - (width - length)) / stride)) + 1
            for row, length in zip(rows, prompt_lengths, strict=True)
        ]
        for step in range(max(window_counts, default=0)):
            numbers = [number for number, count in enumerate(window_counts) if step < count]
            starts = [min(step * stride, len(filled[number]) - width) for number in numbers]
            fills = [
                min(prompt_lengths[number] + step * stride, len(filled[number]) - stride) - start
                for number, start in zip(numbers, starts, strict=True)
            ]
            windows = torch.stack([filled[number][s : s + width] for number, s in zip(numbers, starts, strict=True)])
            for book in range(books, config.n_fine_codebooks):
                tick()
                logits = self._model.fine_acoustics(book, windows, return_dict=True).logits[:, :, : self._codebook_size]
                for at, number in enumerate(numbers):
                    windows[at, fills[at] :, book] = self._draw_codes(logits[at, fills[at] :], rows[number])
            for number, start, fill, window in zip(numbers, starts, fills, windows, strict=True):
                filled[number][start + fill : start + width] = window[fill:]
        for row, length, codes in zip(rows, prompt_lengths, filled, strict=True):
            row.fine = codes[length : length + row.coarse.shape[1]].T.cpu().numpy()

    def _draw_codes(self, logits: torch.Tensor, row: Row) -> torch.Tensor:
        temperature = self._fine.temperature
        if temperature is None or temperature == 1.0:
            return logits.argmax(-1)
        probabilities = nn.functional.softmax(logits / temperature, dim=-1)
        return torch.multinomial(probabilities, 1, generator=row.generator)[:, 0]

    # -- codes to waveform ---------------------------------------------------------------------------------------------
    def _decode(self, row: Row, tick: Tick) -> NDArray[np.float32]:
        tick()
        if not row.fine.shape[1]:
            return np.zeros(0, np.float32)
        codec = self._model.codec_model
        codes = torch.from_numpy(row.fine)[:, None].to(self.device)
        wave: NDArray[np.float32] = codec.decoder(codec.quantizer.decode(codes))[0, 0].cpu().numpy()
        return wave

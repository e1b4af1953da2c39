"""Bark as transformers has it: text → semantic tokens → coarse codes → fine codes → sound, for rows of strangers.

transformers' own `generate` takes one voice for a whole batch, draws from one global generator and decodes all rows to
the length of the longest. Here each row has its voice, its generator and its end; alone, a row is what `generate` makes
of it with the same seed.
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
from .voice_presets import History


@dataclass(slots=True)
class Row:
    """One part of a passage: its text, what was said before it, and what all its chance comes from."""

    ids: Sequence[int]
    history: History | None
    generator: torch.Generator
    semantic: list[int] = field(default_factory=list)
    coarse: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, 0), np.int64))
    fine: NDArray[np.int64] = field(default_factory=lambda: np.zeros((8, 0), np.int64))

    @property
    def said(self) -> History | None:
        """The row as the history of what follows it; its own history where it said nothing."""
        if not self.semantic or not self.coarse.shape[1]:
            return self.history
        return History(np.array(self.semantic), self.coarse, self.fine)


class Network:
    """A BarkModel, called in parts."""

    def __init__(self, model: Any) -> None:
        self._model = model
        settings = model.generation_config
        self.semantic = BarkSemanticGenerationConfig(**settings.semantic_config)
        self._coarse = BarkCoarseGenerationConfig(**settings.coarse_acoustics_config)
        self._fine = BarkFineGenerationConfig(**settings.fine_acoustics_config)
        self._codes: int = settings.codebook_size
        #: Coarse codes, both books counted, for a semantic token.
        self._ratio = self._coarse.coarse_rate_hz / self.semantic.semantic_rate_hz * self._coarse.n_coarse_codebooks

    @property
    def device(self) -> torch.device:
        device: torch.device = self._model.device
        return device

    @torch.inference_mode()
    def speak(self, rows: Sequence[Row], tick: Tick) -> list[NDArray[np.float32]]:
        """The sounds of all rows, in order; each row then knows what it said. Empty for a row that said nothing."""
        self._speak_semantic(rows, tick)
        alike: dict[tuple[int, int], list[Row]] = {}
        for row in rows:
            semantic, coarse = self._coarse_history(row)
            alike.setdefault((len(semantic), len(coarse)), []).append(row)
        for several in alike.values():
            self._speak_coarse(several, tick)
        self._speak_fine([row for row in rows if row.coarse.shape[1]], tick)
        return [self._decode(row, tick) for row in rows]

    # -- text to semantic tokens ---------------------------------------------------------------------------------------
    def _speak_semantic(self, rows: Sequence[Row], tick: Tick) -> None:
        config, model, device = self.semantic, self._model.semantic, self.device
        width = config.max_input_semantic_length
        texts = torch.full((len(rows), width), config.text_pad_token, device=device)
        before = torch.full((len(rows), width), config.semantic_pad_token, device=device)
        for number, row in enumerate(rows):
            ids = torch.tensor(row.ids[:width], dtype=torch.long, device=device)
            texts[number, : len(ids)] = ids + config.text_encoding_offset
            if row.history is not None:
                last = torch.from_numpy(row.history.semantic[-width:]).to(device)
                before[number, : len(last)] = last
        infer = torch.full((len(rows), 1), config.semantic_infer_token, device=device)
        embed = model.input_embeds_layer
        asked = {"inputs_embeds": torch.cat([embed(texts) + embed(before), embed(infer)], dim=1)}
        allowed = torch.zeros(model.config.output_vocab_size, dtype=torch.bool, device=device)
        allowed[: config.semantic_vocab_size] = True
        allowed[config.semantic_pad_token] = True
        sampler, cache = Sampler(config), DynamicCache(config=model.config)
        going = [True] * len(rows)
        for _ in range(config.max_new_tokens):
            tick()
            logits = model(**asked, past_key_values=cache, use_cache=True, return_dict=True).logits[:, -1]
            logits = self._or_end(logits.masked_fill(~allowed, -torch.inf))
            tokens = sampler.next(logits, [row.generator for row in rows], going)
            for number, token in enumerate(tokens.tolist()):
                going[number] = going[number] and token != config.semantic_pad_token
                if going[number]:
                    rows[number].semantic.append(token)
            if not any(going):
                return
            asked = {"input_ids": tokens[:, None]}

    def _or_end(self, logits: torch.Tensor) -> torch.Tensor:
        """The end alone, for rows that are as sure of it as the checkpoint wants (`min_eos_p`)."""
        least, end = self.semantic.min_eos_p, self.semantic.semantic_pad_token
        if not least:
            return logits
        ends = torch.softmax(logits.float(), dim=-1)[:, end] > least
        alone = torch.full_like(logits, -torch.inf)
        alone[:, end] = logits[:, end]
        return torch.where(ends[:, None], alone, logits)

    # -- semantic tokens to the first two books of codes ---------------------------------------------------------------
    def _coarse_history(self, row: Row) -> tuple[list[int], list[int]]:
        """Semantic tokens and interleaved coarse tokens of what was said before, cut to cover the same time."""
        if row.history is None:
            return [], []
        books = row.history.coarse + self._codes * np.arange(len(row.history.coarse))[:, None]
        coarse = (books.T.reshape(-1) + self.semantic.semantic_vocab_size).tolist()
        semantic = row.history.semantic.tolist()
        most = math.floor(self._coarse.max_coarse_history / self._ratio)
        kept = min(most, len(semantic) - len(semantic) % 2, math.floor(len(coarse) / self._ratio))
        # The last two codes go: the original found that this joins better in time.
        return (semantic[-kept:], coarse[-round(kept * self._ratio) :][:-2]) if kept else (semantic, coarse[:-2])

    def _speak_coarse(self, rows: Sequence[Row], tick: Tick) -> None:
        """Rows whose histories are of one length, in windows of `sliding_window_len` codes."""
        config, device = self._coarse, self.device
        books = config.n_coarse_codebooks
        lengths = [math.floor(len(row.semantic) * self._ratio / books) * books for row in rows]
        histories = [self._coarse_history(row) for row in rows]
        told = [torch.tensor([*history, *row.semantic]) for row, (history, _) in zip(rows, histories, strict=True)]
        codes = torch.tensor([history for _, history in histories], dtype=torch.long, device=device)
        base, begun, done = len(histories[0][0]), codes.shape[1], 0
        sampler = Sampler(config)
        while done < max(lengths):
            at = base + round(done / self._ratio)
            first = max(0, at - math.floor(config.max_coarse_history / self._ratio))
            window = torch.full((len(rows), config.max_coarse_input_length + 1), config.coarse_semantic_pad_token)
            for number, tokens in enumerate(told):
                shown = tokens[first : first + config.max_coarse_input_length]
                window[number, : len(shown)] = shown
            window[:, -1] = config.coarse_infer_token
            asked = torch.cat([window.to(device), codes[:, -config.max_coarse_history :]], dim=1)
            cache = DynamicCache(config=self._model.coarse_acoustics.config)
            for step in range(min(config.sliding_window_len, max(lengths) - done)):
                tick()
                logits = self._model.coarse_acoustics(
                    input_ids=asked, past_key_values=cache, use_cache=True, return_dict=True
                ).logits[:, -1]
                going = [done + step < length for length in lengths]
                tokens = sampler.next(self._of_book(logits, step % 2), [row.generator for row in rows], going)
                asked = tokens[:, None]
                codes = torch.cat([codes, asked], dim=1)
            done = codes.shape[1] - begun
        made = (codes[:, begun:] - self.semantic.semantic_vocab_size).remainder(self._codes).cpu().numpy()
        for row, length, own in zip(rows, lengths, made, strict=True):
            row.coarse = own[:length].reshape(-1, books).T

    def _of_book(self, logits: torch.Tensor, second: int) -> torch.Tensor:
        """Codes of the first or the second book alone, in turn."""
        first = self.semantic.semantic_vocab_size + second * self._codes
        kept = torch.zeros(logits.shape[1], dtype=torch.bool, device=logits.device)
        kept[first : None if second else first + self._codes] = True
        return logits.masked_fill(~kept, -torch.inf)

    # -- two books of codes to eight -----------------------------------------------------------------------------------
    def _speak_fine(self, rows: Sequence[Row], tick: Tick) -> None:
        """The other books, in windows of `max_fine_input_length` that go on by `max_fine_history_length`."""
        config, books = self._fine, self._coarse.n_coarse_codebooks
        width, stride = config.max_fine_input_length, config.max_fine_history_length
        filled, before = [], []
        for row in rows:
            past = np.zeros((0, config.n_fine_codebooks), np.int64)
            if row.history is not None:
                past = row.history.fine.T[-stride:]
            own = np.full((row.coarse.shape[1], config.n_fine_codebooks), self._codes, np.int64)
            own[:, :books] = row.coarse.T
            whole = np.concatenate([past, own])
            padding = np.full((max(0, width - len(whole)), config.n_fine_codebooks), self._codes, np.int64)
            filled.append(torch.from_numpy(np.concatenate([whole, padding])).to(self.device))
            before.append(len(past))
        rounds = [
            max(0, math.ceil((row.coarse.shape[1] - (width - past)) / stride)) + 1
            for row, past in zip(rows, before, strict=True)
        ]
        for turn in range(max(rounds, default=0)):
            places = [place for place, count in enumerate(rounds) if turn < count]
            starts = [min(turn * stride, len(filled[place]) - width) for place in places]
            fills = [
                min(before[place] + turn * stride, len(filled[place]) - stride) - start
                for place, start in zip(places, starts, strict=True)
            ]
            windows = torch.stack([filled[place][s : s + width] for place, s in zip(places, starts, strict=True)])
            for book in range(books, config.n_fine_codebooks):
                tick()
                logits = self._model.fine_acoustics(book, windows, return_dict=True).logits[:, :, : self._codes]
                for number, place in enumerate(places):
                    windows[number, fills[number] :, book] = self._drawn(logits[number, fills[number] :], rows[place])
            for place, start, fill, window in zip(places, starts, fills, windows, strict=True):
                filled[place][start + fill : start + width] = window[fill:]
        for row, known, codes in zip(rows, before, filled, strict=True):
            row.fine = codes[known : known + row.coarse.shape[1]].T.cpu().numpy()

    def _drawn(self, logits: torch.Tensor, row: Row) -> torch.Tensor:
        temperature = self._fine.temperature
        if temperature is None or temperature == 1.0:
            return logits.argmax(-1)
        chances = nn.functional.softmax(logits / temperature, dim=-1)
        return torch.multinomial(chances, 1, generator=row.generator)[:, 0]

    # -- codes to sound ------------------------------------------------------------------------------------------------
    def _decode(self, row: Row, tick: Tick) -> NDArray[np.float32]:
        tick()
        if not row.fine.shape[1]:
            return np.zeros(0, np.float32)
        codec = self._model.codec_model
        codes = torch.from_numpy(row.fine)[:, None].to(self.device)
        sound: NDArray[np.float32] = codec.decoder(codec.quantizer.decode(codes))[0, 0].cpu().numpy()
        return sound

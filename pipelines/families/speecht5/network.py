"""SpeechT5 (Ao et al., arXiv 2110.07205) as transformers has it: a spectrogram frame by frame, for many rows at once.

Against transformers' `generate_speech`: the prenet reads the last frame and not all of them in every step (the others
are in the decoder's cache), its dropout, which is on when speaking too (arXiv 1712.05884, 2.2), is drawn for each row
from the row's own seed, a row's longest length comes from its own text, and rows that ended leave the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache, EncoderDecoderCache

from pipelines.engines.torch_padding import inside
from pipelines.family import SpeakerVector, Tick

#: `generate_speech`'s own: how sure the end must be, and how many frames a character may take at most.
_THRESHOLD, _FRAMES_A_CHARACTER = 0.5, 20.0
#: Steps whose dropout is drawn together.
_DRAWN = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One passage: characters, who speaks, and the seed of the dropout."""

    ids: Sequence[int]
    speaker: SpeakerVector
    seed: int


@dataclass(slots=True)
class _Growing:
    """A row on its way: where its answer goes, how long it may become, and what it said so far."""

    number: int
    most: int
    generator: torch.Generator
    frames: list[torch.Tensor] = field(default_factory=list)
    drawn: torch.Tensor | None = None


class Network:
    """A SpeechT5ForTextToSpeech, called in parts."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._config = model.config

    @torch.inference_mode()
    def speak(self, rows: Sequence[Row], tick: Tick) -> list[torch.Tensor]:
        """Mel spectrograms (bins, frames), in order."""
        model, device = self._model, self._model.device
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(device)
        present = inside(torch.tensor([len(row.ids) for row in rows], device=device), ids.shape[1]).long()
        read = model.speecht5.encoder(input_values=ids, attention_mask=present, return_dict=True).last_hidden_state
        speakers = torch.stack([torch.from_numpy(row.speaker) for row in rows]).to(device)
        growing = [self._growing(number, row) for number, row in enumerate(rows)]
        cache = EncoderDecoderCache(DynamicCache(config=self._config), DynamicCache(config=self._config))
        frame = read.new_zeros(len(rows), self._config.num_mel_bins)
        mels: dict[int, torch.Tensor] = {}
        step = 0
        while growing:
            tick()
            hidden = self._prenet(frame, step, growing, speakers)
            step += 1
            said = model.speecht5.decoder.wrapped_decoder(
                hidden_states=hidden,
                encoder_hidden_states=read,
                encoder_attention_mask=present,
                past_key_values=cache,
                use_cache=True,
                return_dict=True,
            ).last_hidden_state[:, 0]
            several = model.speech_decoder_postnet.feat_out(said).view(len(growing), -1, self._config.num_mel_bins)
            frame = several[:, -1]
            ends = (torch.sigmoid(model.speech_decoder_postnet.prob_out(said)).sum(1) >= _THRESHOLD).tolist()
            for row, frames in zip(growing, several, strict=True):
                row.frames.append(frames)
            going = [place for place, row in enumerate(growing) if not ends[place] and step < row.most]
            if len(going) == len(growing):
                continue
            for place in sorted(set(range(len(growing))) - set(going)):
                mel = torch.cat(growing[place].frames)[None]
                mels[growing[place].number] = model.speech_decoder_postnet.postnet(mel)[0].T
            kept = torch.tensor(going, dtype=torch.long, device=device)
            growing = [growing[place] for place in going]
            frame, read, present, speakers = (each[kept] for each in (frame, read, present, speakers))
            if growing:
                cache.batch_select_indices(kept)
        return [mels[number] for number in range(len(rows))]

    def _growing(self, number: int, row: Row) -> _Growing:
        most = int(len(row.ids) * _FRAMES_A_CHARACTER / self._config.reduction_factor)
        return _Growing(number, min(most, self._config.max_speech_positions), torch.Generator().manual_seed(row.seed))

    def _prenet(
        self, frame: torch.Tensor, step: int, growing: Sequence[_Growing], speakers: torch.Tensor
    ) -> torch.Tensor:
        """What the decoder reads of the last frame (rows, bins): (rows, 1, width)."""
        prenet = self._model.speecht5.decoder.prenet
        kept = torch.stack([self._dropout(row, step) for row in growing]).to(frame.device)
        hidden, chance = frame, self._config.speech_decoder_prenet_dropout
        for number, layer in enumerate(prenet.layers):
            # The library scales by 1 / (1 − p), and keeps what was drawn with p: the same for the published p = ½.
            hidden = nn.functional.relu(layer(hidden)) * kept[:, number] / (1 - chance)
        positions = prenet.encode_positions
        hidden = prenet.final_layer(hidden) + positions.alpha * positions.pe[0, step]
        hidden = torch.cat([hidden, nn.functional.normalize(speakers)], dim=-1)
        return nn.functional.relu(prenet.speaker_embeds_layer(hidden))[:, None]

    def _dropout(self, row: _Growing, step: int) -> torch.Tensor:
        """Which units of each prenet layer are kept in this step (layers, units), as 0 and 1."""
        if row.drawn is None or step % _DRAWN == 0:
            shape = (_DRAWN, self._config.speech_decoder_prenet_layers, self._config.speech_decoder_prenet_units)
            chances = torch.full(shape, float(self._config.speech_decoder_prenet_dropout))
            row.drawn = torch.bernoulli(chances, generator=row.generator)
        return row.drawn[step % _DRAWN]

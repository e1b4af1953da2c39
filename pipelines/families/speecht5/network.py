"""SpeechT5 (Ao et al., arXiv 2110.07205) as in transformers: a spectrogram frame by frame, for many rows at once.

Differences from transformers' `generate_speech`: in each step the prenet gets the last frame only (the others are in
the decoder's cache); its dropout, which is active in inference too (arXiv 1712.05884, 2.2), is drawn for each row from
the row's own seed; a row's maximum length depends on its own text; and rows that ended leave the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache, EncoderDecoderCache

from pipelines.engines.torch_padding import build_length_mask
from pipelines.family import SpeakerEmbedding, Tick

#: As in `generate_speech`: probability from which a frame is the last one, and most frames per character.
_STOP_THRESHOLD, _MAX_FRAMES_PER_CHARACTER = 0.5, 20.0
#: Steps whose dropout is drawn together.
_DROPOUT_STEPS = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One passage: characters, speaker, and the seed of the dropout."""

    ids: Sequence[int]
    speaker: SpeakerEmbedding
    seed: int


@dataclass(slots=True)
class _ActiveRow:
    """A row that has not ended: its number, its maximum length in steps, and its frames so far."""

    number: int
    max_steps: int
    generator: torch.Generator
    frames: list[torch.Tensor] = field(default_factory=list)
    drawn: torch.Tensor | None = None


class SpeechT5Network:
    """A SpeechT5ForTextToSpeech, called part by part."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._config = model.config

    @torch.inference_mode()
    def synthesise(self, rows: Sequence[Row], tick: Tick) -> list[torch.Tensor]:
        """Mel spectrograms (bins, frames), in order."""
        if not rows:
            return []
        model, device = self._model, self._model.device
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(device)
        present = build_length_mask(torch.tensor([len(row.ids) for row in rows], device=device), ids.shape[1]).long()
        encoded = model.speecht5.encoder(input_values=ids, attention_mask=present, return_dict=True).last_hidden_state
        speakers = torch.stack([torch.from_numpy(row.speaker) for row in rows]).to(device)
        active = [self._start(number, row) for number, row in enumerate(rows)]
        cache = EncoderDecoderCache(DynamicCache(config=self._config), DynamicCache(config=self._config))
        frame = encoded.new_zeros(len(rows), self._config.num_mel_bins)
        mels: dict[int, torch.Tensor] = {}
        step = 0
        while active:
            tick()
            hidden = self._run_prenet(frame, step, active, speakers)
            step += 1
            decoded = model.speecht5.decoder.wrapped_decoder(
                hidden_states=hidden,
                encoder_hidden_states=encoded,
                encoder_attention_mask=present,
                past_key_values=cache,
                use_cache=True,
                return_dict=True,
            ).last_hidden_state[:, 0]
            frames = model.speech_decoder_postnet.feat_out(decoded).view(len(active), -1, self._config.num_mel_bins)
            frame = frames[:, -1]
            probabilities = torch.sigmoid(model.speech_decoder_postnet.prob_out(decoded)).sum(1)
            stops = (probabilities >= _STOP_THRESHOLD).tolist()
            for row, own in zip(active, frames, strict=True):
                row.frames.append(own)
            going = [at for at, row in enumerate(active) if not stops[at] and step < row.max_steps]
            if len(going) == len(active):
                continue
            for at in sorted(set(range(len(active))) - set(going)):
                mel = torch.cat(active[at].frames)[None]
                mels[active[at].number] = model.speech_decoder_postnet.postnet(mel)[0].T
            kept = torch.tensor(going, dtype=torch.long, device=device)
            active = [active[at] for at in going]
            frame, encoded, present, speakers = (each[kept] for each in (frame, encoded, present, speakers))
            if active:
                cache.batch_select_indices(kept)
        return [mels[number] for number in range(len(rows))]

    def _start(self, number: int, row: Row) -> _ActiveRow:
        most = int(len(row.ids) * _MAX_FRAMES_PER_CHARACTER / self._config.reduction_factor)
        generator = torch.Generator().manual_seed(row.seed)
        return _ActiveRow(number, min(most, self._config.max_speech_positions), generator)

    def _run_prenet(
        self, frame: torch.Tensor, step: int, active: Sequence[_ActiveRow], speakers: torch.Tensor
    ) -> torch.Tensor:
        """The decoder's input for the last frame (rows, bins): (rows, 1, width)."""
        prenet = self._model.speecht5.decoder.prenet
        kept = torch.stack([self._draw_dropout(row, step) for row in active]).to(frame.device)
        hidden, probability = frame, self._config.speech_decoder_prenet_dropout
        for number, layer in enumerate(prenet.layers):
            # The library scales by 1 / (1 − p), and keeps a unit with probability p: equal for the published p = ½.
            hidden = nn.functional.relu(layer(hidden)) * kept[:, number] / (1 - probability)
        positions = prenet.encode_positions
        hidden = prenet.final_layer(hidden) + positions.alpha * positions.pe[0, step]
        hidden = torch.cat([hidden, nn.functional.normalize(speakers)], dim=-1)
        return nn.functional.relu(prenet.speaker_embeds_layer(hidden))[:, None]

    def _draw_dropout(self, row: _ActiveRow, step: int) -> torch.Tensor:
        """The units of each prenet layer that are kept in this step (layers, units), as 0 and 1."""
        if row.drawn is None or step % _DROPOUT_STEPS == 0:
            config = self._config
            shape = (_DROPOUT_STEPS, config.speech_decoder_prenet_layers, config.speech_decoder_prenet_units)
            probabilities = torch.full(shape, float(config.speech_decoder_prenet_dropout))
            row.drawn = torch.bernoulli(probabilities, generator=row.generator)
        return row.drawn[step % _DROPOUT_STEPS]

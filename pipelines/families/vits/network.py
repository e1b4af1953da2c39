"""VITS (Kim, Kong and Son, arXiv 2106.06103) as transformers has it, for batches whose rows do not touch each other.

transformers' own `forward` draws its noise inside and takes one speed and one speaker for all rows, so its parts are
called here: text encoder, durations, alignment, flow. The noise of each row comes from a generator of its own. Its
decoder is a HiFi-GAN whose mel is the latent, so ours decodes, in tiles of many rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from pipelines.catalog.vocoder_settings import Knobs
from pipelines.errors import EngineFailure
from pipelines.family import Tick
from pipelines.vocoders.chunked_inference import render
from pipelines.vocoders.hifigan import Generator, HifiGan, Shape
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import Place

#: A row that becomes longer than this (s) is no speech any more, and would take all memory.
_LONGEST_S = 600


@dataclass(frozen=True, slots=True)
class Row:
    """One passage: symbols, who speaks, how fast (1 = as trained), how freely, and the seed of its noise."""

    ids: Sequence[int]
    speaker: int | None
    rate: float
    noise: float
    duration_noise: float
    seed: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples in [−1, 1], and how many of them each symbol takes, in order."""

    samples: NDArray[np.float32]
    durations: NDArray[np.int64]


class Network:
    """A VitsModel, called in parts."""

    def __init__(self, model: Any, knobs: Knobs = Knobs()) -> None:
        self._model = model
        self._config = model.config
        self._decoder = _decoder(model, knobs)
        #: Engine and precision of the decoder, for provenance.
        self.decoding = self._decoder.engine
        self._hop = self._decoder.hop

    @torch.inference_mode()
    def speak(self, rows: Sequence[Row], tick: Tick) -> list[Sound]:
        """The sounds of all rows, in order."""
        tick()
        generators = [torch.Generator().manual_seed(row.seed) for row in rows]
        speakers = self._speakers(rows)
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(self._model.device)
        lengths = torch.tensor([len(row.ids) for row in rows])
        present = _mask(lengths, ids.shape[1]).to(self._model.device)
        read = self._model.text_encoder(
            input_ids=ids, padding_mask=present[:, :, None].float(), attention_mask=present.long(), return_dict=True
        )
        tick()
        frames = self._durations(rows, generators, read.last_hidden_state, present, speakers)
        latents = self._latents(rows, generators, read, frames, speakers)
        places = [Place(speaker=None if speakers is None else speakers[number, :, 0]) for number in range(len(rows))]
        rows_of_latents = [own[:, :length] for own, length in zip(latents, frames.sum(1).tolist(), strict=True)]
        sounds = render(self._decoder, rows_of_latents, places, tick)
        return [
            Sound(samples, own[: len(row.ids)].cpu().numpy() * self._hop)
            for row, samples, own in zip(rows, sounds, frames, strict=True)
        ]

    def _speakers(self, rows: Sequence[Row]) -> torch.Tensor | None:
        if self._config.num_speakers <= 1:
            return None
        numbers = torch.tensor([row.speaker or 0 for row in rows], device=self._model.device)
        return self._model.embed_speaker(numbers)[:, :, None]

    def _durations(
        self,
        rows: Sequence[Row],
        generators: Sequence[torch.Generator],
        hidden: torch.Tensor,
        present: torch.Tensor,
        speakers: torch.Tensor | None,
    ) -> torch.Tensor:
        """Latent frames of each symbol (rows, symbols), whole numbers; 0 behind a row's end."""
        hidden, mask = hidden.transpose(1, 2), present[:, None].float()
        predictor = self._model.duration_predictor
        if self._config.use_stochastic_duration_prediction:
            noise = [
                torch.randn(1, 2, len(row.ids), generator=generator)[0].T * row.duration_noise
                for row, generator in zip(rows, generators, strict=True)
            ]
            start = pad_sequence(noise, batch_first=True).transpose(1, 2).to(hidden.device)
            logs = _stochastic(predictor, hidden, mask, speakers, start)
        else:
            logs = predictor(hidden, mask, speakers)
        scale = torch.tensor([1.0 / row.rate for row in rows], device=hidden.device)[:, None]
        frames = torch.ceil(torch.exp(logs[:, 0]) * mask[:, 0] * scale)
        longest = _LONGEST_S * self._config.sampling_rate / self._hop
        if not torch.isfinite(frames).all() or frames.sum(1).max() > longest:
            raise EngineFailure(f"The model would speak a passage for longer than {_LONGEST_S} s.")
        # A row of no length at all is one frame long, as in the library.
        frames[:, 0] += (frames.sum(1) < 1).float()
        return frames.long()

    def _latents(
        self,
        rows: Sequence[Row],
        generators: Sequence[torch.Generator],
        read: Any,
        frames: torch.Tensor,
        speakers: torch.Tensor | None,
    ) -> torch.Tensor:
        """What the decoder reads (rows, channels, frames), zero behind a row's end."""
        latents = []
        for number, (row, generator) in enumerate(zip(rows, generators, strict=True)):
            means, spreads = (
                torch.repeat_interleave(prior[number], frames[number], dim=0)
                for prior in (read.prior_means, read.prior_log_variances)
            )
            # The library draws into a tensor that lies this way round; torch draws other numbers into a straight one.
            noise = torch.empty(1, *means.shape).transpose(1, 2).normal_(generator=generator)[0].T.to(means.device)
            latents.append(means + noise * torch.exp(spreads) * row.noise)
        lengths = frames.sum(1).cpu()
        padded = pad_sequence(latents, batch_first=True).transpose(1, 2)
        mask = _mask(lengths, padded.shape[2])[:, None].float().to(padded.device)
        return self._model.flow(padded, mask, speakers, reverse=True) * mask


def _decoder(model: Any, knobs: Knobs) -> HifiGan:
    """The model's decoder as a vocoder of latents; it leaves the model, whose memory it would take twice."""
    config = model.config
    shape = Shape(
        bins=config.flow_size,
        channels=config.upsample_initial_channel,
        rates=tuple(config.upsample_rates),
        kernels=tuple(config.upsample_kernel_sizes),
        block_kernels=tuple(config.resblock_kernel_sizes),
        block_dilations=tuple(map(tuple, config.resblock_dilation_sizes)),
        slope=config.leaky_relu_slope,
        speaker=config.speaker_embedding_size if config.num_speakers > 1 else 0,
        last_bias=False,
    )
    generator = Generator(shape)
    tensors = {
        name.replace("upsampler.", "ups.", 1).replace("cond.", "cond_layer.", 1): tensor
        for name, tensor in model.decoder.state_dict().items()
        if shape.speaker or not name.startswith("cond.")
    }
    generator.load_state_dict(tensors)
    del model.decoder
    rate = config.sampling_rate
    latents = MelConvention(sample_rate_hz=rate, hop=shape.hop, bins=shape.bins, fmax_hz=rate / 2)
    return HifiGan(generator, latents, device=model.device, knobs=knobs)


def _stochastic(
    predictor: Any, hidden: torch.Tensor, mask: torch.Tensor, speakers: torch.Tensor | None, noise: torch.Tensor
) -> torch.Tensor:
    """Logarithms of durations (rows, 1, symbols): the flows of the stochastic predictor, backwards from `noise`."""
    condition = predictor.conv_pre(hidden)
    if speakers is not None:
        condition = condition + predictor.cond(speakers)
    condition = predictor.conv_proj(predictor.conv_dds(condition, mask)) * mask
    backwards = list(reversed(predictor.flows))
    # The second flow of training has no effect on what is used of the result.
    for flow in [*backwards[:-2], backwards[-1]]:
        noise, _ = flow(torch.flip(noise, [1]), mask, global_conditioning=condition, reverse=True)
    return noise[:, :1]


def _mask(lengths: torch.Tensor, width: int) -> torch.Tensor:
    """True inside each row (rows, width)."""
    return torch.arange(width)[None] < lengths[:, None]

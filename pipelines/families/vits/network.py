"""VITS (Kim, Kong and Son, arXiv 2106.06103) as in transformers, for batches whose rows do not affect each other.

transformers' own `forward` draws its noise internally and takes one speed and one speaker for all rows. So its parts
are called here: text encoder, durations, alignment, flow. Each row's noise comes from its own generator. The decoder is
a HiFi-GAN whose mel is the latent, so this project's HiFi-GAN decodes, in chunks of several rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.engines.torch_padding import build_length_mask
from pipelines.errors import EngineFailure
from pipelines.family import Tick
from pipelines.vocoders.chunked_inference import synthesise_batch
from pipelines.vocoders.hifigan import HifiGanDimensions, HifiGanGenerator, HifiGanVocoder
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import FrameContext

#: Longest accepted row in seconds: a longer one is no speech, and would exhaust the memory.
_MAX_S = 600


@dataclass(frozen=True, slots=True)
class Row:
    """One passage: symbols, speaker number, rate (1 = as trained), noise scales, and the seed of its noise."""

    ids: Sequence[int]
    speaker: int | None
    rate: float
    noise: float
    duration_noise: float
    seed: int


@dataclass(frozen=True, slots=True)
class WaveOutput:
    """Samples in [−1, 1], and the number of samples of each symbol, in order."""

    samples: NDArray[np.float32]
    durations: NDArray[np.int64]


class VitsNetwork:
    """A VitsModel, called part by part."""

    def __init__(self, model: Any, vocoder_settings: VocoderSettings = VocoderSettings()) -> None:
        self._model = model
        self._config = model.config
        self._decoder = _take_decoder(model, vocoder_settings)
        #: Engine and precision of the decoder, for provenance.
        self.decoder_engine = self._decoder.engine
        self._hop = self._decoder.hop

    @torch.inference_mode()
    def synthesise(self, rows: Sequence[Row], tick: Tick) -> list[WaveOutput]:
        """The waveforms of all rows, in order."""
        if not rows:
            return []
        tick()
        generators = [torch.Generator().manual_seed(row.seed) for row in rows]
        speakers = self._embed_speakers(rows)
        ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True).to(self._model.device)
        lengths = torch.tensor([len(row.ids) for row in rows])
        present = build_length_mask(lengths, ids.shape[1]).to(self._model.device)
        encoded = self._model.text_encoder(
            input_ids=ids, padding_mask=present[:, :, None].float(), attention_mask=present.long(), return_dict=True
        )
        tick()
        frames = self._predict_durations(rows, generators, encoded.last_hidden_state, present, speakers)
        padded_latents = self._compute_latents(rows, generators, encoded, frames, speakers)
        latents = [own[:, :length] for own, length in zip(padded_latents, frames.sum(1).tolist(), strict=True)]
        contexts = [
            FrameContext(speaker=None if speakers is None else speakers[number, :, 0]) for number in range(len(rows))
        ]
        waves = synthesise_batch(self._decoder, latents, contexts, tick)
        return [
            WaveOutput(wave, own[: len(row.ids)].cpu().numpy() * self._hop)
            for row, wave, own in zip(rows, waves, frames, strict=True)
        ]

    def _embed_speakers(self, rows: Sequence[Row]) -> torch.Tensor | None:
        """Speaker embeddings (rows, size, 1); None for a model of one voice."""
        if self._config.num_speakers <= 1:
            return None
        numbers = torch.tensor([row.speaker or 0 for row in rows], device=self._model.device)
        return self._model.embed_speaker(numbers)[:, :, None]

    def _predict_durations(
        self,
        rows: Sequence[Row],
        generators: Sequence[torch.Generator],
        hidden: torch.Tensor,
        present: torch.Tensor,
        speakers: torch.Tensor | None,
    ) -> torch.Tensor:
        """Latent frames of each symbol (rows, symbols), integers; 0 after a row's end."""
        hidden, mask = hidden.transpose(1, 2), present[:, None].float()
        predictor = self._model.duration_predictor
        if self._config.use_stochastic_duration_prediction:
            noise = [
                torch.randn(1, 2, len(row.ids), generator=generator)[0].T * row.duration_noise
                for row, generator in zip(rows, generators, strict=True)
            ]
            start = pad_sequence(noise, batch_first=True).transpose(1, 2).to(hidden.device)
            logs = _sample_durations(predictor, hidden, mask, speakers, start)
        else:
            logs = predictor(hidden, mask, speakers)
        scale = torch.tensor([1.0 / row.rate for row in rows], device=hidden.device)[:, None]
        frames = torch.ceil(torch.exp(logs[:, 0]) * mask[:, 0] * scale)
        longest = _MAX_S * self._config.sampling_rate / self._hop
        if not torch.isfinite(frames).all() or frames.sum(1).max() > longest:
            raise EngineFailure(f"The speech of a passage would be longer than {_MAX_S} s.")
        # A row without frames gets one, as in the library.
        frames[:, 0] += (frames.sum(1) < 1).float()
        return frames.long()

    def _compute_latents(
        self,
        rows: Sequence[Row],
        generators: Sequence[torch.Generator],
        encoded: Any,
        frames: torch.Tensor,
        speakers: torch.Tensor | None,
    ) -> torch.Tensor:
        """The decoder's input (rows, channels, frames), zero after a row's end."""
        latents = []
        for number, (row, generator) in enumerate(zip(rows, generators, strict=True)):
            means, spreads = (
                torch.repeat_interleave(prior[number], frames[number], dim=0)
                for prior in (encoded.prior_means, encoded.prior_log_variances)
            )
            # The library draws into a transposed tensor; torch draws other numbers into a contiguous one.
            noise = torch.empty(1, *means.shape).transpose(1, 2).normal_(generator=generator)[0].T.to(means.device)
            latents.append(means + noise * torch.exp(spreads) * row.noise)
        lengths = frames.sum(1).cpu()
        padded = pad_sequence(latents, batch_first=True).transpose(1, 2)
        mask = build_length_mask(lengths, padded.shape[2])[:, None].float().to(padded.device)
        return self._model.flow(padded, mask, speakers, reverse=True) * mask


def _take_decoder(model: Any, settings: VocoderSettings) -> HifiGanVocoder:
    """The model's decoder as a vocoder of latents; removed from the model, so that its weights are held once."""
    config = model.config
    dimensions = HifiGanDimensions(
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
    generator = HifiGanGenerator(dimensions)
    tensors = {
        name.replace("upsampler.", "ups.", 1).replace("cond.", "cond_layer.", 1): tensor
        for name, tensor in model.decoder.state_dict().items()
        if dimensions.speaker or not name.startswith("cond.")
    }
    generator.load_state_dict(tensors)
    del model.decoder
    rate = config.sampling_rate
    latents = MelConvention(sample_rate_hz=rate, hop=dimensions.hop, bins=dimensions.bins, fmax_hz=rate / 2)
    return HifiGanVocoder(generator, latents, device=model.device, settings=settings)


def _sample_durations(
    predictor: Any, hidden: torch.Tensor, mask: torch.Tensor, speakers: torch.Tensor | None, noise: torch.Tensor
) -> torch.Tensor:
    """Logarithms of durations (rows, 1, symbols): the flows of the stochastic predictor, in reverse from `noise`."""
    condition = predictor.conv_pre(hidden)
    if speakers is not None:
        condition = condition + predictor.cond(speakers)
    condition = predictor.conv_proj(predictor.conv_dds(condition, mask)) * mask
    reversed_flows = list(reversed(predictor.flows))
    # The second flow of training has no effect on the part of the result that is used.
    for flow in [*reversed_flows[:-2], reversed_flows[-1]]:
        noise, _ = flow(torch.flip(noise, [1]), mask, global_conditioning=condition, reverse=True)
    return noise[:, :1]

"""The forward pass, exact for windows of different lengths in one batch: what is padding never colours what is sound.

The layers are transformers' own. Its model would let padding into the group norm of the first convolution (it knows
no mask there), so that a window would be heard differently beside a longer one; here each row is normalised over its
own frames. The layer-norm variants need no such care.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC


class Acoustics(torch.nn.Module):
    """Samples to logits."""

    def __init__(self, model: Wav2Vec2ForCTC) -> None:
        super().__init__()
        # Its parts are found by attribute, which torch's types do not know.
        self._wav2vec2: Any = model.wav2vec2
        self._head = model.lm_head
        #: False where convolutions follow the encoder ("adapters"), which would take padding for sound.
        self.takes_padding = model.wav2vec2.adapter is None
        self.eval()

    def forward(self, samples: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """(rows, samples) → (rows, frames, tokens). `lengths`: samples of each row that are no padding; None = all.

        Frames behind a row's `frames_of` its length mean nothing.
        """
        model = self._wav2vec2
        hidden, frames = self._features(samples, lengths)
        mask = None
        if frames is not None:
            mask = torch.arange(hidden.shape[1], device=hidden.device) < frames[:, None]
        hidden, _ = model.feature_projection(hidden)
        hidden = model.encoder(hidden, attention_mask=mask).last_hidden_state
        if model.adapter is not None:
            hidden = model.adapter(hidden)
        return self._head(hidden)

    def frames_of(self, lengths: torch.Tensor) -> torch.Tensor:
        """Frames that so many samples become."""
        return self._wav2vec2._get_feat_extract_output_lengths(lengths)  # noqa: SLF001 – transformers has no other

    def _features(
        self, samples: torch.Tensor, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The convolutions: (rows, frames, channels), and the frames of each row that are no padding."""
        hidden, frames = samples[:, None], lengths
        for layer in self._wav2vec2.feature_extractor.conv_layers:
            if frames is not None:
                frames = (frames - layer.conv.kernel_size[0]) // layer.conv.stride[0] + 1
            norm = getattr(layer, "layer_norm", None)
            if frames is not None and isinstance(norm, torch.nn.GroupNorm):
                hidden = layer.activation(_normed(layer.conv(hidden), frames, norm))
            else:
                hidden = layer(hidden)
        return hidden.transpose(1, 2), frames


def _normed(hidden: torch.Tensor, frames: torch.Tensor, norm: torch.nn.GroupNorm) -> torch.Tensor:
    """Group norm over the first `frames` of each row. Published models have a group for each channel."""
    rows = []
    for row, length in zip(hidden, frames.tolist(), strict=True):
        done = functional.group_norm(row[None, :, :length], norm.num_groups, norm.weight, norm.bias, norm.eps)
        rows.append(functional.pad(done, (0, row.shape[-1] - length)))
    return torch.cat(rows)

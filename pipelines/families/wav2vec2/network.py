"""The forward pass, exact for windows of different lengths in one batch: padding never affects the result.

The layers are transformers' own. Its model includes padding in the group norm of the first convolution, so that the
result for a window depends on longer ones beside it; here each row is normalised over its own frames. The layer-norm
variants do not have this problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC


class AcousticModel(torch.nn.Module):
    """Maps samples to logits."""

    def __init__(self, model: Wav2Vec2ForCTC) -> None:
        super().__init__()
        # Its parts are attributes that torch's types do not declare.
        self._wav2vec2: Any = model.wav2vec2
        self._head = model.lm_head
        #: False where convolutions follow the encoder ("adapters"), which would include padding.
        self.supports_padding = model.wav2vec2.adapter is None
        self.eval()

    def forward(self, samples: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """(rows, samples) → (rows, frames, tokens). `lengths`: samples of each row without padding; None = all.

        Frames from `count_frames` of a row's length on are undefined.
        """
        model = self._wav2vec2
        hidden, frames = self._extract_features(samples, lengths)
        mask = None
        if frames is not None:
            mask = torch.arange(hidden.shape[1], device=hidden.device) < frames[:, None]
        hidden, _ = model.feature_projection(hidden)
        hidden = model.encoder(hidden, attention_mask=mask).last_hidden_state
        if model.adapter is not None:
            hidden = model.adapter(hidden)
        return self._head(hidden)

    def count_frames(self, lengths: torch.Tensor) -> torch.Tensor:
        """The number of frames for each number of samples."""
        return self._wav2vec2._get_feat_extract_output_lengths(lengths)  # noqa: SLF001 – transformers has no other

    def _extract_features(
        self, samples: torch.Tensor, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Output of the convolutions: (rows, frames, channels), and the frames of each row without padding."""
        hidden, frames = samples[:, None], lengths
        for layer in self._wav2vec2.feature_extractor.conv_layers:
            if frames is not None:
                frames = (frames - layer.conv.kernel_size[0]) // layer.conv.stride[0] + 1
            norm = getattr(layer, "layer_norm", None)
            if frames is not None and isinstance(norm, torch.nn.GroupNorm):
                hidden = layer.activation(_normalise_rows(layer.conv(hidden), frames, norm))
            else:
                hidden = layer(hidden)
        return hidden.transpose(1, 2), frames


def _normalise_rows(hidden: torch.Tensor, frames: torch.Tensor, norm: torch.nn.GroupNorm) -> torch.Tensor:
    """Group norm over the first `frames` of each row. Published models have one group per channel."""
    rows = []
    for row, length in zip(hidden, frames.tolist(), strict=True):
        done = functional.group_norm(row[None, :, :length], norm.num_groups, norm.weight, norm.bias, norm.eps)
        rows.append(functional.pad(done, (0, row.shape[-1] - length)))
    return torch.cat(rows)

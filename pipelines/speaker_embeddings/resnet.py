"""WeSpeaker's ResNet (He et al., arXiv 1512.03385; WeSpeaker, arXiv 2210.17016), with pyannote's parameter names.

An image of bands over time, four layers of residual blocks, mean and deviation over time, a projection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

#: Bands of a frame.
BANDS = 80
#: Three of the four layers halve the image.
_DOWNSAMPLING = 8


@dataclass(frozen=True, slots=True)
class ResNetDimensions:
    """Sizes; the defaults are those of wespeaker-voxceleb-resnet34-LM."""

    #: Residual blocks of each layer.
    blocks: Sequence[int] = (3, 4, 6, 3)
    #: Channels of the first layer; each further one has twice as many.
    width: int = 32
    embedding: int = 256

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> ResNetDimensions:
        """The sizes of a checkpoint. Raises KeyError for a missing tensor."""
        counts = [
            len({name.split(".")[1] for name in tensors if name.startswith(f"layer{number}.")})
            for number in range(1, 5)
        ]
        return cls(counts, tensors["conv1.weight"].shape[0], tensors["seg_1.weight"].shape[0])


class ResNet(nn.Module):
    """Maps features to speaker embeddings."""

    def __init__(self, dimensions: ResNetDimensions) -> None:
        super().__init__()
        width = dimensions.width
        self.conv1, self.bn1 = nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        into, layers = width, []
        for number, count in enumerate(dimensions.blocks):
            out = width << number
            strides = [1 if number == 0 else 2, *[1] * (count - 1)]
            blocks = [_ResidualBlock(out if k else into, out, stride) for k, stride in enumerate(strides)]
            layers.append(nn.Sequential(*blocks))
            into = out
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        self.seg_1 = nn.Linear(2 * into * BANDS // _DOWNSAMPLING, dimensions.embedding)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, frames, 80) → (batch, embedding); nine frames at least."""
        image = functional.relu(self.bn1(self.conv1(features.transpose(1, 2)[:, None])))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            image = layer(image)
        frames = image.flatten(1, 2)
        return self.seg_1(torch.cat([frames.mean(dim=2), frames.std(dim=2)], dim=1))


class _ResidualBlock(nn.Module):
    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or into != out:
            self.shortcut = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        residual = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(image)))))
        return functional.relu(residual + self.shortcut(image))

"""WeSpeaker's ResNet (He et al., arXiv 1512.03385; WeSpeaker, arXiv 2210.17016), by the names that pyannote publishes.

A picture of bands over time, four layers of residual blocks, mean and deviation over time, a projection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

#: Bands of a frame. Three layers of four halve the picture.
BANDS = 80
_HALVED = 8


@dataclass(frozen=True, slots=True)
class ResNetShape:
    """Sizes; those of wespeaker-voxceleb-resnet34-LM are the defaults."""

    #: Residual blocks of each layer.
    blocks: Sequence[int] = (3, 4, 6, 3)
    #: Channels of the first layer; each further one has twice as many.
    width: int = 32
    vector: int = 256

    @classmethod
    def of(cls, tensors: Mapping[str, torch.Tensor]) -> ResNetShape:
        """The sizes of a checkpoint. Raises KeyError for a tensor that is not there."""
        counts = [
            len({name.split(".")[1] for name in tensors if name.startswith(f"layer{number}.")})
            for number in range(1, 5)
        ]
        return cls(counts, tensors["conv1.weight"].shape[0], tensors["seg_1.weight"].shape[0])


class ResNet(nn.Module):
    """Features in, vectors out."""

    def __init__(self, shape: ResNetShape) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, shape.width, 3, padding=1, bias=False), nn.BatchNorm2d(shape.width)
        into, layers = shape.width, []
        for number, count in enumerate(shape.blocks):
            out = shape.width << number
            strides = [1 if number == 0 else 2, *[1] * (count - 1)]
            layers.append(nn.Sequential(*(_Block(out if k else into, out, stride) for k, stride in enumerate(strides))))
            into = out
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        self.seg_1 = nn.Linear(2 * into * BANDS // _HALVED, shape.vector)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, frames, 80) → (batch, vector); nine frames at least."""
        picture = functional.relu(self.bn1(self.conv1(features.transpose(1, 2)[:, None])))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            picture = layer(picture)
        heard = picture.flatten(1, 2)
        return self.seg_1(torch.cat([heard.mean(dim=2), heard.std(dim=2)], dim=1))


class _Block(nn.Module):
    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or into != out:
            self.shortcut = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        change = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(picture)))))
        return functional.relu(change + self.shortcut(picture))

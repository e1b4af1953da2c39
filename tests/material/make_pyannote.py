"""Makes tests/fixtures/pyannote_resnet/: a small random speaker encoder in pyannote's format, and its outputs.

`python -m tests.material.make_pyannote` needs pyannote.audio (4.0.7 made the files in the repository), which nothing
else needs. The file has the layout of its `wespeaker/convert.py`; the vectors are those of its own model.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from tests.audio_factories import load_jfk

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "pyannote_resnet"
#: Slices of jfk.flac, in samples.
SLICES = {"three_seconds": (0, 48_000), "one_second": (52_000, 68_000)}
SEED = 37


def main() -> None:
    """Write the folder."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.embedding.wespeaker.resnet import BasicBlock, ResNet

    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    model = WeSpeakerResNet34()
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    (FOLDER / "shapes.json").write_text(json.dumps(shapes, indent=0) + "\n")
    model.resnet = ResNet(BasicBlock, [1, 2, 1, 1], m_channels=3, feat_dim=80, embed_dim=16, two_emb_layer=False)
    _fit_batch_norms(model)
    model.specifications = Specifications(problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0)
    held = {"state_dict": model.state_dict()}
    model.on_save_checkpoint(held)
    # Older versions of pyannote wrote this too. torch's version has a class of its own.
    held["pyannote.audio"]["versions"]["torch"] = torch.__version__
    torch.save(held, FOLDER / "pytorch_model.bin")
    expected = {}
    with torch.inference_mode():
        for name, (start, end) in SLICES.items():
            wave = torch.from_numpy(load_jfk()[start:end].astype(np.float32) / 32_768)[None, None]
            expected[f"{name}_vector"] = model(wave)[0].numpy()
            expected[f"{name}_features"] = model.compute_fbank(wave)[0].numpy()
    del expected["three_seconds_features"]  # too large, and the others show as much
    np.savez_compressed(FOLDER / "expected.npz", **expected)


def _fit_batch_norms(model: torch.nn.Module) -> None:
    """Set the statistics to those of speech, as in a trained model, so that vectors differ between sounds."""
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.normal_(part.bias, 0, 0.3)
            part.momentum = None
    with torch.no_grad():
        model.train()(torch.from_numpy(load_jfk().reshape(8, 1, -1).astype(np.float32) / 32_768))
    model.eval()


if __name__ == "__main__":
    main()

"""Makes tests/fixtures/speechbrain/: small random speaker encoders in SpeechBrain's format, and their outputs.

`python -m tests.material.make_speechbrain` needs SpeechBrain (1.1.2 made the files in the repository), which nothing
else needs. Vectors and features come from SpeechBrain's own `EncoderClassifier`, loaded from the folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.audio_factories import load_jfk

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "speechbrain"
#: Slices of jfk.flac, in samples.
SLICES = {"three_seconds": (0, 48_000), "one_second": (52_000, 68_000), "short": (20_000, 24_800)}
SEED = 37

_HYPERPARAMS = """\
n_mels: {n_mels}
pretrained_path: {folder}

compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>

mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False

embedding_model: !new:{target}
{settings}

mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False

modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>

pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        mean_var_norm_emb: !ref <mean_var_norm_emb>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        mean_var_norm_emb: !ref <pretrained_path>/mean_var_norm_emb.ckpt
"""

#: Class, settings of the published size, settings of the fixture.
_ENCODERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "ecapa": (
        "speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN",
        {
            "input_size": 80,
            "channels": [1024, 1024, 1024, 1024, 3072],
            "kernel_sizes": [5, 3, 3, 3, 1],
            "dilations": [1, 2, 3, 4, 1],
            "attention_channels": 128,
            "lin_neurons": 192,
        },
        {
            "input_size": 80,
            "channels": [24, 32, 32, 32, 48],
            "kernel_sizes": [5, 3, 3, 3, 1],
            "dilations": [1, 2, 3, 4, 1],
            "attention_channels": 8,
            "lin_neurons": 24,
            "res2net_scale": 4,
            "se_channels": 8,
        },
    ),
    "xvector": (
        "speechbrain.lobes.models.Xvector.Xvector",
        {
            "in_channels": 24,
            "tdnn_blocks": 5,
            "tdnn_channels": [512, 512, 512, 512, 1500],
            "tdnn_kernel_sizes": [5, 3, 3, 1, 1],
            "tdnn_dilations": [1, 2, 3, 1, 1],
            "lin_neurons": 512,
        },
        {
            "in_channels": 24,
            "tdnn_blocks": 5,
            "tdnn_channels": [24, 24, 24, 24, 40],
            "tdnn_kernel_sizes": [5, 3, 3, 1, 1],
            "tdnn_dilations": [1, 2, 3, 1, 1],
            "lin_neurons": 32,
        },
    ),
}


def main() -> None:
    """Write both folders."""

    for name, (target, published, small) in _ENCODERS.items():
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        _write_checkpoint(folder, target, small)
        _write_expected(folder)
        shapes = {key: list(tensor.shape) for key, tensor in _build_network(target, published).state_dict().items()}
        (folder / "shapes.json").write_text(json.dumps(shapes, indent=0) + "\n")


def _build_network(target: str, settings: dict[str, Any]) -> torch.nn.Module:
    from importlib import import_module

    module, _, name = target.rpartition(".")
    network: torch.nn.Module = getattr(import_module(module), name)(**settings)
    return network


def _write_checkpoint(folder: Path, target: str, settings: dict[str, Any]) -> None:
    from speechbrain.lobes.features import Fbank

    torch.manual_seed(SEED)
    bands = settings.get("input_size") or settings["in_channels"]
    network = _build_network(target, settings)
    norms = [part for part in network.modules() if isinstance(part, torch.nn.BatchNorm1d)]
    for norm in norms:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.3)
        norm.momentum = None
    # Statistics of speech, as in a trained model, so that vectors differ between sounds.
    with torch.no_grad():
        features = Fbank(n_mels=bands)(torch.from_numpy(load_jfk().reshape(8, -1).astype(np.float32) / 32_768))
        network.train()(features - features.mean(dim=1, keepdim=True))
    network.eval()
    torch.save(network.state_dict(), folder / "embedding_model.ckpt")
    width = settings["lin_neurons"]
    torch.save(
        {"count": 7, "glob_mean": torch.randn(1, width), "glob_std": torch.ones(1, width)},
        folder / "mean_var_norm_emb.ckpt",
    )
    lines = "\n".join(f"    {key}: {value}" for key, value in settings.items())
    written = _HYPERPARAMS.format(n_mels=bands, folder=folder.name, target=target, settings=lines)
    (folder / "hyperparams.yaml").write_text(written)


def _write_expected(folder: Path) -> None:
    from speechbrain.inference.classifiers import EncoderClassifier
    from speechbrain.utils.fetching import LocalStrategy

    encoder = EncoderClassifier.from_hparams(
        source=str(folder), overrides={"pretrained_path": str(folder)}, local_strategy=LocalStrategy.NO_LINK
    )
    expected = {}
    for name, (start, end) in SLICES.items():
        wave = torch.from_numpy(load_jfk()[start:end].astype(np.float32) / 32_768)[None]
        features = encoder.mods.compute_features(wave)
        expected[f"{name}_features"] = encoder.mods.mean_var_norm(features, torch.ones(1))[0].numpy()
        expected[f"{name}_vector"] = encoder.encode_batch(wave)[0, 0].numpy()
    np.savez_compressed(folder / "expected.npz", **expected)


if __name__ == "__main__":
    main()

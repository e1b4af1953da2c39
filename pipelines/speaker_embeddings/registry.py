"""Speaker encoders in the layout that SpeechBrain publishes: `embedding_model.ckpt`, and `hyperparams.yaml` beside it.

The network and its sizes are read from the tensors. SpeechBrain executes the YAML (its tags name classes to create);
here one line of numbers is read from it. `mean_var_norm_emb.ckpt` and the training's classifier are not used, as in
SpeechBrain's own `encode_batch`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from pipelines.catalog.checkpoint import checkpoint_revision, find_checkpoint
from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import fill_module, load_state_dict
from pipelines.errors import ModelUnavailable

from . import ecapa, xvector
from .encoder import SpeakerEncoder
from .layout import EncoderLayout, EncoderNetwork

#: The first one whose marker is among the tensors builds the network.
LAYOUTS: Sequence[EncoderLayout] = (ecapa.LAYOUT, xvector.LAYOUT)
#: File names of the weights; the first that exists is read.
WEIGHTS = ("embedding_model.safetensors", "embedding_model.ckpt")
_DILATIONS = re.compile(r"^\s*(?:tdnn_)?dilations:\s*\[([\d,\s]+)\]", re.MULTILINE)


def load_encoder(entry: Entry, device: torch.device, *, source: str | None = None) -> SpeakerEncoder:
    """The encoder in the entry's folder, or at `source`: a directory or a Hugging Face id.

    Raises `ModelUnavailable` saying what is missing, unknown or of another shape.
    """
    named = entry if source is None else replace(entry, source=source, revision=None)
    folder = find_checkpoint(named, "|".join(WEIGHTS))
    path = next(folder / name for name in WEIGHTS if (folder / name).is_file())
    tensors = load_state_dict(entry, path)
    try:
        network = _build_network(tensors, _read_dilations(folder / "hyperparams.yaml"))
    except (KeyError, IndexError) as error:
        known = " or ".join(layout.name for layout in LAYOUTS)
        fault = f"it lacks {error}" if isinstance(error, KeyError) else "a tensor has too few dimensions"
        raise ModelUnavailable(f"{entry.name}: {path.name} is no {known} of SpeechBrain: {fault}.") from error
    except ValueError as error:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} has not as many layers as dilations are known: "
            "hyperparams.yaml beside it must list one for each."
        ) from error
    fill_module(entry, network, tensors, file=path)
    return SpeakerEncoder(network, device=device, revision=checkpoint_revision(folder))


def _build_network(tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None) -> EncoderNetwork:
    for layout in LAYOUTS:
        if layout.marker in tensors:
            return layout.build(tensors, dilations)
    raise KeyError(" and ".join(layout.marker for layout in LAYOUTS))


def _read_dilations(path: Path) -> Sequence[int] | None:
    """The dilations that the training's settings list; None where they list none."""
    if not path.is_file():
        return None
    found = _DILATIONS.search(path.read_text(encoding="utf-8", errors="replace"))
    return [int(number) for number in found[1].split(",") if number.strip()] if found else None

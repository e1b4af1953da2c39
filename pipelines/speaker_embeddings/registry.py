"""Speaker encoders in the layout that SpeechBrain publishes: `embedding_model.ckpt`, and `hyperparams.yaml` beside it.

Which network it is, and its sizes, are read off the tensors. The YAML is never run, as SpeechBrain does (its tags name
classes to be made): one line of numbers is read from it. `mean_var_norm_emb.ckpt` and the classifier of the training
are left alone, as in SpeechBrain's own `encode_batch`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .ecapa import Ecapa, EcapaShape
from .encoder import SpeakerEncoder
from .xvector import XVector, XVectorShape

WEIGHTS = ("embedding_model.safetensors", "embedding_model.ckpt")
_DILATIONS = re.compile(r"^\s*(?:tdnn_)?dilations:\s*\[([\d,\s]+)\]", re.MULTILINE)
#: Tensors that one of the networks has and the other has not.
_ECAPA, _XVECTOR = "mfa.conv.conv.weight", "blocks.0.conv.weight"


def open_encoder(entry: Entry, device: torch.device, *, source: str | None = None) -> SpeakerEncoder:
    """The encoder in the entry's folder, or at `source`: a directory or a Hugging Face id.

    Raises `ModelUnavailable` saying what is missing, unknown or of another shape.
    """
    named = entry if source is None else replace(entry, source=source, revision=None)
    folder = weights.checkpoint(named, "|".join(WEIGHTS))
    path = next(folder / name for name in WEIGHTS if (folder / name).is_file())
    tensors = weights.state_dict(entry, path)
    try:
        network, shape = _network(tensors, _dilations(folder / "hyperparams.yaml"))
    except (KeyError, IndexError) as error:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} is no ECAPA-TDNN or x-vector network of SpeechBrain: {_lack(error)}."
        ) from error
    except ValueError as error:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} has not as many layers as dilations are known: "
            "hyperparams.yaml beside it must list one for each."
        ) from error
    weights.fill(entry, network, tensors, file=path)
    return SpeakerEncoder(
        network, bands=shape.bands, width=shape.vector, device=device, revision=weights.revision(folder)
    )


def _network(
    tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None
) -> tuple[torch.nn.Module, EcapaShape | XVectorShape]:
    if _ECAPA in tensors:
        ecapa = EcapaShape.of(tensors, dilations)
        return Ecapa(ecapa), ecapa
    if _XVECTOR in tensors:
        xvector = XVectorShape.of(tensors, dilations)
        return XVector(xvector), xvector
    raise KeyError(f"{_ECAPA} and {_XVECTOR}")


def _lack(error: LookupError) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else "a tensor has too few dimensions"


def _dilations(path: Path) -> Sequence[int] | None:
    """What the settings of the training say of how far apart frames are heard; None where they do not."""
    if not path.is_file():
        return None
    found = _DILATIONS.search(path.read_text(encoding="utf-8", errors="replace"))
    return [int(number) for number in found[1].split(",") if number.strip()] if found else None

"""Load a transformers model from a directory: no network, no code from the checkpoint, no random weights.

Knows no family. The library itself fills tensors that the files lack with random numbers; here that is an error.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import find_nan_tensors
from pipelines.errors import ModelUnavailable

from .torch_engine import resolve_torch_device

if TYPE_CHECKING:
    import torch


def load_pretrained(entry: Entry, model_class: Any, folder: Path, device: str, *, unused: Sequence[str] = ()) -> Any:
    """An instance of a model class of transformers, ready for inference, its weight norms folded into plain weights.

    `unused`: prefixes of tensors that only training needs and that the files may lack. Raises `ModelUnavailable`
    naming tensors that are missing, have another shape or contain NaN, and for a pickle that would run code.
    """
    import torch
    from safetensors import SafetensorError
    from transformers.utils import logging

    target = resolve_torch_device(entry, device)
    # The library's report of tensors is evaluated below; its progress bar does not belong in a worker's log.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        model, report = model_class.from_pretrained(
            folder, local_files_only=True, output_loading_info=True, dtype=torch.float32, ignore_mismatched_sizes=True
        )
    except pickle.UnpicklingError as error:
        raise ModelUnavailable(
            f"{entry.name}: the weights in {folder} are not plain tensors; loading them could run code, so they are "
            "refused. Save the state_dict() as safetensors."
        ) from error
    except (
        SafetensorError,
        RuntimeError,
        ValueError,
        LookupError,
        OSError,
        EOFError,
        AttributeError,
        TypeError,
    ) as error:
        raise ModelUnavailable(f"{entry.name}: {folder} holds no {model_class.__name__}: {error}") from error
    faults = _find_faults(model, report, unused)
    if faults:
        raise ModelUnavailable(f"{entry.name}: {folder} does not fit {entry.family}: it {'; it '.join(faults)}.")
    _fold_weight_norms(model)
    return model.eval().requires_grad_(False).to(target)


def _find_faults(model: torch.nn.Module, report: Mapping[str, Any], unused: Sequence[str]) -> list[str]:
    """What is wrong with the tensors: those that the library `report`s as missing or misshapen, and those with NaN."""
    # An unused tensor that the files lack is uninitialised memory, and may contain NaN.
    used = {name: each for name, each in model.state_dict().items() if not name.startswith(tuple(unused))}
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(tuple(unused)))
    misshapen = sorted(str(each[0]) for each in report["mismatched_keys"])
    return [
        f"{what} {', '.join(names[:8])}"
        for what, names in (
            ("lacks", missing),
            ("has other sizes for", misshapen),
            ("has NaN in", find_nan_tensors(used)),
        )
        if names
    ]


def _fold_weight_norms(model: torch.nn.Module) -> None:
    """Weight norm computes the weight in every call, although inference does not change it."""
    from torch.nn.utils import parametrize

    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")

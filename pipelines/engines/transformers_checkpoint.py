"""A model of the transformers library from a directory: no network, no code from the checkpoint, nothing made up.

Knows no family. The library fills a tensor that the files lack with random numbers and goes on; here that is refused.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import without_numbers
from pipelines.errors import ModelUnavailable

from .torch_engine import torch_device


def pretrained(entry: Entry, kind: Any, folder: Path, device: str, *, unused: Sequence[str] = ()) -> Any:
    """An instance of the model class `kind`, ready to be asked, its weight norms folded into plain weights.

    `unused`: prefixes of tensors that only training needs and that the files may lack. Raises `ModelUnavailable`
    naming what is missing, does not fit or is no number, and for a pickle that would run code.
    """
    import torch
    from safetensors import SafetensorError
    from transformers.utils import logging

    place = torch_device(entry, device)
    # What it would print, a report of tensors and a bar of progress, is judged below or of no use in a worker's log.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        model, report = kind.from_pretrained(
            folder, local_files_only=True, output_loading_info=True, dtype=torch.float32, ignore_mismatched_sizes=True
        )
    except pickle.UnpicklingError as error:
        raise ModelUnavailable(
            f"{entry.name}: the weights in {folder} are not plain tensors; opening them could run code, so they stay "
            "shut. Save the state_dict() as safetensors."
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
        raise ModelUnavailable(f"{entry.name}: {folder} holds no {kind.__name__}: {error}") from error
    # Where the files lack a tensor that is not used, it has whatever the memory had.
    used = {name: each for name, each in model.state_dict().items() if not name.startswith(tuple(unused))}
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(tuple(unused)))
    misshapen = sorted(str(each[0]) for each in report["mismatched_keys"])
    faults = [
        f"{what} {', '.join(names[:8])}"
        for what, names in (
            ("lacks", missing),
            ("has other sizes for", misshapen),
            ("has NaN in", without_numbers(used)),
        )
        if names
    ]
    if faults:
        raise ModelUnavailable(f"{entry.name}: {folder} does not fit {entry.family}: it {'; it '.join(faults)}.")
    _fold_weight_norms(model)
    return model.eval().requires_grad_(False).to(place)


def _fold_weight_norms(model: Any) -> None:
    """Weight norm computes the weight anew in every call; speaking does not change it."""
    from torch.nn.utils import parametrize

    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")

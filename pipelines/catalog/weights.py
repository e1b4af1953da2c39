"""Reads weights files and loads their tensors into modules.

Reads only in ways that cannot run code: safetensors, or torch with `weights_only`. Knows no model: families name the
files and tensors that they need. Imports torch only when it is asked for tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import ModelUnavailable

from .entry import Entry

if TYPE_CHECKING:
    import torch

#: Keys under which training runs save the model, where it is not the whole file.
_MODEL_KEYS = ("state_dict", "model", "generator")
#: Smaller files without a suffix are licences and notes.
_MIN_WEIGHTS_BYTES = 500
#: Most names in a message.
_MAX_NAMES = 8


def load_weights(entry: Entry, path: Path, *, mentioned: Sequence[str] = ()) -> Any:
    """The content of a weights file, on the CPU: a mapping of names to tensors, or the nested mapping that was saved.

    `mentioned`: full names of classes whose objects may be saved beside the tensors; each is replaced with an inert
    object. Raises `ModelUnavailable` for a corrupt file, and for a pickle that would run code.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals([(_InertObject, name) for name in mentioned]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} is not plain tensors; opening it could run code, so it stays shut. "
            f"Save its state_dict() as safetensors. ({str(error).partition('. ')[0]})"
        ) from error
    except (SafetensorError, RuntimeError, ValueError, LookupError, OSError, EOFError, AttributeError) as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} is damaged or no weights file: {error}") from error


class _InertObject:
    """Replaces an object of a class that is not imported: takes any arguments and state, and keeps none."""

    def __new__(cls, *_: Any) -> _InertObject:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


def load_state_dict(entry: Entry, path: Path, *, mentioned: Sequence[str] = ()) -> dict[str, torch.Tensor]:
    """The tensors of a weights file by name, at whichever level the model was saved. `mentioned`: see `load_weights`.

    Raises `ModelUnavailable` as `load_weights` does, and for a file without tensors by name.
    """
    held = load_weights(entry, path, mentioned=mentioned)
    while isinstance(held, Mapping):
        inner = next((held[name] for name in _MODEL_KEYS if isinstance(held.get(name), Mapping)), None)
        if inner is None:
            return {name: tensor for name, tensor in held.items() if hasattr(tensor, "shape")}
        held = inner
    raise ModelUnavailable(f"{entry.name}: {path.name} holds no tensors by name.")


def find_weights_file(entry: Entry, folder: Path) -> Path:
    """The one file of a directory that has weights, whatever its name; safetensors are preferred.

    Raises `ModelUnavailable` for a directory with none or with several.
    """
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    # Some projects publish files without extension ("generator_v1", "g_02500000").
    for suffixes in ((".safetensors",), (".pt", ".pth", ".bin", ".ckpt"), ("",)):
        found = [path for path in files if path.suffix in suffixes and path.stat().st_size > _MIN_WEIGHTS_BYTES]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(path.name for path in found)
            raise ModelUnavailable(f"{entry.name}: {folder} holds several weights ({names}): keep one of them there.")
    raise ModelUnavailable(f"{entry.name}: {folder} holds no weights.")


def fill_module(
    entry: Entry,
    module: torch.nn.Module,
    tensors: Mapping[str, torch.Tensor],
    *,
    spare: Sequence[str] = (),
    file: Path | None = None,
) -> None:
    """Load tensors into a module by name. `spare`: prefixes of names that the file may have beyond the module.

    Raises `ModelUnavailable`, which names the `file` and what is missing, unknown, of another shape or NaN.
    """
    wanted = module.state_dict()
    missing = sorted(wanted.keys() - tensors.keys())
    unknown = sorted(name for name in tensors.keys() - wanted.keys() if not name.startswith(tuple(spare)))
    misshapen = [
        f"{name} {list(tensors[name].shape)} instead of {list(wanted[name].shape)}"
        for name in sorted(wanted.keys() & tensors.keys())
        if tensors[name].shape != wanted[name].shape
    ]
    faults = [
        f"{what} {_list_names(names)}"
        for what, names in (
            ("lacks", missing),
            ("has unknown", unknown),
            ("has", misshapen),
            ("has NaN in", find_nan_tensors(tensors)),
        )
        if names
    ]
    if faults:
        held = file or f"the checkpoint of {entry.source}"
        raise ModelUnavailable(f"{entry.name}: {held} does not fit {entry.family}: it {'; it '.join(faults)}.")
    module.load_state_dict({name: tensors[name] for name in wanted})


def find_nan_tensors(tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """The names of tensors with a NaN, which makes everything computed with them NaN; infinity is legal, in masks."""
    return sorted(name for name, tensor in tensors.items() if tensor.is_floating_point() and bool(tensor.isnan().any()))


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more

"""Tensors out of a file that holds a whole pickled torch module, without one line of what is in it being run.

NVIDIA published WaveGlow that way: `{"model": <module>}`. Unpickling means calling what the file names; here every name
stands for an inert shell that only keeps what it is handed, except for the few of torch that rebuild a tensor. A name
that no torch module needs is refused.
"""

from __future__ import annotations

import collections
import pickle
import tarfile
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

#: What is really called: they rebuild tensors from bytes and can do nothing else.
_REBUILT = {
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("collections", "OrderedDict"),
}
#: Where classes of published modules lie; they become shells.
_SHELLS = ("torch.nn.modules.", "torch.nn.utils.weight_norm", "glow", "waveglow.", "tacotron2.")
_SHELL_NAMES = {("builtins", "set"), ("__builtin__", "set")}


class _Shell:
    """Stands for an object of a class that stays closed."""

    dump_patches = False  # torch asks this of containers whose source text changed

    def __init__(self, *arguments: Any, **named: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)


class _Refused(pickle.UnpicklingError):
    """The pickle names something that no torch module needs."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _REBUILT:
            return super().find_class(module, name)
        known = module.startswith(_SHELLS) and "." not in name
        if known or (module, name) in _SHELL_NAMES:
            return type(name, (_Shell,), {})
        raise _Refused(f"it names {module}.{name}")


def _load(file: Any, **options: Any) -> Any:
    return _Unpickler(file, **options).load()


def module_tensors(entry: Entry, path: Path) -> dict[str, Any]:
    """Names and tensors of the module in the file, as its own state_dict() would give them.

    Raises `ModelUnavailable` for a file that names anything but torch's modules and the published model's own classes.
    """
    import torch

    if tarfile.is_tarfile(path) or _is_torchscript(path):
        raise ModelUnavailable(f"{entry.name}: {path.name} is a tar or a TorchScript archive; save its state_dict().")
    reader = SimpleNamespace(__name__=__name__, Unpickler=_Unpickler, load=_load)
    try:
        with warnings.catch_warnings():
            # Old files carry the text of their classes, and torch would say that ours is another.
            warnings.simplefilter("ignore")
            held = torch.load(path, map_location="cpu", pickle_module=reader, weights_only=False)
    except _Refused as error:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} is not plain tensors; opening it could run code, so it stays shut ({error}). "
            "Save its state_dict() as safetensors."
        ) from error
    except (
        pickle.UnpicklingError,
        RuntimeError,
        ValueError,
        LookupError,
        OSError,
        EOFError,
        AttributeError,
        TypeError,
    ) as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} is damaged or no weights file: {error}") from error
    module = held.get("model") if isinstance(held, dict) else held
    if not isinstance(module, _Shell):
        raise ModelUnavailable(f"{entry.name}: {path.name} holds no module.")
    tensors: dict[str, Any] = {}
    _collect(module, "", tensors)
    return tensors


def _is_torchscript(path: Path) -> bool:
    """torch would hand such a file to its own interpreter, past our unpickler."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("constants.pkl") for name in archive.namelist())


def _collect(module: _Shell, prefix: str, tensors: dict[str, Any]) -> None:
    import torch

    state = vars(module)
    for kind in ("_parameters", "_buffers"):
        for name, tensor in _entries(state.get(kind)):
            if isinstance(tensor, torch.Tensor):
                tensors[prefix + name] = tensor.detach()
    for name, inner in _entries(state.get("_modules")):
        if isinstance(inner, _Shell):
            _collect(inner, f"{prefix}{name}.", tensors)


def _entries(found: Any) -> list[tuple[str, Any]]:
    return list(found.items()) if isinstance(found, collections.OrderedDict | dict) else []

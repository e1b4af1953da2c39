"""Read the tensors of a pickled torch module without running any of the code that the pickle names.

NVIDIA published WaveGlow that way: `{"model": <module>}`. Unpickling calls what the file names. Here every name is
replaced by an inert placeholder class that only keeps its state, except for the few of torch that rebuild a tensor. A
name that no torch module needs is rejected.
"""

from __future__ import annotations

import collections
import pickle
import tarfile
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

#: Names that are really called: they rebuild tensors from bytes and can do nothing else.
_CALLED = {
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("collections", "OrderedDict"),
}
#: Modules with the classes of published models; these classes become placeholders.
_REPLACED_MODULES = ("torch.nn.modules.", "torch.nn.utils.weight_norm", "glow", "waveglow.", "tacotron2.")
_REPLACED_NAMES = {("builtins", "set"), ("__builtin__", "set")}


class _Placeholder:
    """Stands for an object of a class that is not loaded; keeps its attributes."""

    dump_patches = False  # torch reads this of containers whose source text changed

    def __init__(self, *arguments: object, **named: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)


class _ForbiddenName(pickle.UnpicklingError):
    """The pickle names something that no torch module needs."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _CALLED:
            return super().find_class(module, name)
        known = module.startswith(_REPLACED_MODULES) and "." not in name
        if known or (module, name) in _REPLACED_NAMES:
            return type(name, (_Placeholder,), {})
        raise _ForbiddenName(f"it names {module}.{name}")


def _load(file: Any, **options: Any) -> Any:
    return _Unpickler(file, **options).load()


def read_module_tensors(entry: Entry, path: Path) -> dict[str, torch.Tensor]:
    """Names and tensors of the module in the file, as its own state_dict() would give them.

    Raises `ModelUnavailable` for a file that names anything but torch's modules and the published model's own classes.
    """
    import torch

    if tarfile.is_tarfile(path) or _is_torchscript(path):
        raise ModelUnavailable(f"{entry.name}: {path.name} is a tar or a TorchScript archive; save its state_dict().")
    pickle_module = SimpleNamespace(__name__=__name__, Unpickler=_Unpickler, load=_load)
    try:
        with warnings.catch_warnings():
            # Old files carry the source of their classes; torch warns that it differs from the placeholder's.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", pickle_module=pickle_module, weights_only=False)
    except _ForbiddenName as error:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} is not plain tensors; loading it could run code, so it is refused ({error}). "
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
    module = content.get("model") if isinstance(content, dict) else content
    if not isinstance(module, _Placeholder):
        raise ModelUnavailable(f"{entry.name}: {path.name} holds no module.")
    tensors: dict[str, torch.Tensor] = {}
    _collect(module, "", tensors)
    return tensors


def _is_torchscript(path: Path) -> bool:
    """torch would load such a file with its own interpreter, without this module's unpickler."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("constants.pkl") for name in archive.namelist())


def _collect(module: _Placeholder, prefix: str, tensors: dict[str, torch.Tensor]) -> None:
    import torch

    state = vars(module)
    for kind in ("_parameters", "_buffers"):
        for name, tensor in _items(state.get(kind)):
            if isinstance(tensor, torch.Tensor):
                tensors[prefix + name] = tensor.detach()
    for name, inner in _items(state.get("_modules")):
        if isinstance(inner, _Placeholder):
            _collect(inner, f"{prefix}{name}.", tensors)


def _items(found: object) -> list[tuple[str, object]]:
    return list(found.items()) if isinstance(found, collections.OrderedDict | dict) else []

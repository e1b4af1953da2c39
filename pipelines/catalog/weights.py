"""Where a model's weights lie on this machine, what is in them, and what was made of them once.

Opens weights only in ways that cannot run code: safetensors, or torch with `weights_only`. Knows no model: families say
which files and tensors they want. Imports no model runtime until it is asked for tensors.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from pipelines.errors import ModelUnavailable

from .entry import Entry

if TYPE_CHECKING:
    import torch

#: Files that decide what a checkpoint computes; the rest (README, pictures) may change without being another model.
_DECIDING = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".json", ".yaml", ".txt", ".model", ".npz")
_NAMED = 8
#: The same weights once more, for frameworks that nothing here uses, or twice as wide as the model runs.
_FOREIGN = ("*.msgpack", "*.h5", "*.ot", "*.fp32-*")
#: Where a training run saves its model, if not at the top of the file.
_SAVED_UNDER = ("state_dict", "model", "generator")
#: Smaller files without extension are licences and notes.
_SMALLEST_WEIGHTS = 500


def checkpoint(entry: Entry, *required: str) -> Path:
    """The folder with the entry's files: its directory, or its Hugging Face snapshot, cached here or fetched.

    `required`: names that must be in it; "a|b" is satisfied by either. Raises `ModelUnavailable` saying what is
    missing and how to get it.
    """
    source = entry.source or ""
    if source.startswith("s3://"):
        raise ModelUnavailable(
            f"{entry.name}: copy {source} into a directory and name that as `source` in models.toml."
        )
    folder = Path(source).expanduser()
    if not source or (not folder.is_dir() and source.startswith((".", "/", "~"))):
        raise ModelUnavailable(f"{entry.name}: there is no directory {source!r}; name one as `source` in models.toml.")
    if not folder.is_dir():
        found = _snapshot(entry, source, fetch=False) or _snapshot(entry, source, fetch=True)
        if found is None:
            raise _unfetched(entry, source)
        folder = found
    missing = [name for name in required if not any((folder / each).is_file() for each in name.split("|"))]
    if missing:
        wanted = ", ".join(name.replace("|", " or ") for name in missing)
        raise ModelUnavailable(f"{entry.name}: {folder} lacks {wanted}.")
    return folder


def is_to_be_fetched(entry: Entry) -> bool:
    """Whether the entry's own weights are a Hugging Face id that is not cached here: `checkpoint` would fetch them.

    Its components are not looked at: some are opened only when somebody asks for them.
    """
    source = entry.source or ""
    if not source or source.startswith((".", "/", "~", "s3://")) or Path(source).is_dir():
        return False
    return _snapshot(entry, source, fetch=False) is None


def revision(folder: Path) -> str:
    """The commit of a Hugging Face snapshot, else a digest of the files that decide what it computes."""
    if folder.parent.name == "snapshots":
        return folder.name
    return "sha256:" + content_hash(folder)[:16]


def content_hash(folder: Path) -> str:
    """SHA-256 over names and bytes of the files that decide what the checkpoint computes, in hexadecimal."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _DECIDING):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()} {digest}\n".encode())
    return whole.hexdigest()


def converted(folder: Path, form: str, make: Callable[[Path], None]) -> Path:
    """What `make` wrote into an empty directory for this checkpoint: once for each content and `form`, then cached.

    `form` names the conversion and its settings ("ctranslate2-int8"). The cache is the user's cache directory
    (XDG_CACHE_HOME); two processes may convert at once, and the first to finish is kept.
    """
    kept = platformdirs.user_cache_path("voicemill") / "converted" / f"{content_hash(folder)[:32]}-{form}"
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{kept.name}.", dir=kept.parent))
    try:
        make(fresh)
        try:
            fresh.rename(kept)
        except OSError:
            if not kept.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return kept


def config(entry: Entry, path: Path) -> dict[str, Any]:
    """A JSON file of a checkpoint. Raises `ModelUnavailable` when it is not a JSON object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: {path} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise ModelUnavailable(f"{entry.name}: {path} holds no JSON object.")
    return found


def weights(entry: Entry, path: Path, *, mentioned: Sequence[str] = ()) -> Any:
    """What a weights file holds, on the CPU: a mapping of names to tensors, or the nested mapping that was saved.

    `mentioned`: full names of classes whose objects may lie beside the tensors; an inert shell stands for each.
    Raises `ModelUnavailable` for a corrupt file, and for a pickle that would run code.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals([(_Shell, name) for name in mentioned]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} is not plain tensors; opening it could run code, so it stays shut. "
            f"Save its state_dict() as safetensors. ({str(error).partition('. ')[0]})"
        ) from error
    except (SafetensorError, RuntimeError, ValueError, LookupError, OSError, EOFError, AttributeError) as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} is damaged or no weights file: {error}") from error


class _Shell:
    """Stands for an object of a class that stays closed: takes whatever it is made of, and keeps nothing."""

    def __new__(cls, *_: Any) -> _Shell:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


def state_dict(entry: Entry, path: Path, *, mentioned: Sequence[str] = ()) -> dict[str, torch.Tensor]:
    """The tensors of a weights file by name, wherever in it the model was saved. `mentioned`: as for `weights`.

    Raises `ModelUnavailable` as `weights` does, and for a file without tensors.
    """
    held = weights(entry, path, mentioned=mentioned)
    while isinstance(held, Mapping):
        inner = next((held[name] for name in _SAVED_UNDER if isinstance(held.get(name), Mapping)), None)
        if inner is None:
            return {name: tensor for name, tensor in held.items() if hasattr(tensor, "shape")}
        held = inner
    raise ModelUnavailable(f"{entry.name}: {path.name} holds no tensors by name.")


def weights_file(entry: Entry, folder: Path) -> Path:
    """The one file of a directory that holds weights, whatever its name; safetensors before anything else.

    Raises `ModelUnavailable` for a directory with none, and for one with several.
    """
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    # Some projects publish files without extension ("generator_v1", "g_02500000").
    for suffixes in ((".safetensors",), (".pt", ".pth", ".bin", ".ckpt"), ("",)):
        found = [path for path in files if path.suffix in suffixes and path.stat().st_size > _SMALLEST_WEIGHTS]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(path.name for path in found)
            raise ModelUnavailable(f"{entry.name}: {folder} holds several weights ({names}): keep one of them there.")
    raise ModelUnavailable(f"{entry.name}: {folder} holds no weights.")


def fill(
    entry: Entry,
    module: torch.nn.Module,
    tensors: Mapping[str, torch.Tensor],
    *,
    spare: Sequence[str] = (),
    file: Path | None = None,
) -> None:
    """Put tensors into a module, by name. `spare`: prefixes of names that the file may have and the module lacks.

    Raises `ModelUnavailable` naming what is missing, unknown, of another shape or no number; and the `file`.
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
        f"{what} {_few(names)}"
        for what, names in (
            ("lacks", missing),
            ("has unknown", unknown),
            ("has", misshapen),
            ("has NaN in", without_numbers(tensors)),
        )
        if names
    ]
    if faults:
        held = file or f"the checkpoint of {entry.source}"
        raise ModelUnavailable(f"{entry.name}: {held} does not fit {entry.family}: it {'; it '.join(faults)}.")
    module.load_state_dict({name: tensors[name] for name in wanted})


def without_numbers(tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """Names of the tensors in which a value is NaN: whatever is computed with them is NaN too, and no word or sound.

    Infinity is left alone: masks are made of it.
    """
    return sorted(name for name, tensor in tensors.items() if tensor.is_floating_point() and bool(tensor.isnan().any()))


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _snapshot(entry: Entry, source: str, *, fetch: bool) -> Path | None:
    """The folder of a Hugging Face id: cached here or, with `fetch`, fetched."""
    import httpx
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                source, revision=entry.revision, local_files_only=not fetch, ignore_patterns=list(_FOREIGN)
            )
        )
    except (OSError, ValueError, httpx.HTTPError):
        return None


def _unfetched(entry: Entry, source: str) -> ModelUnavailable:
    at = f"{source}@{entry.revision}" if entry.revision else source
    return ModelUnavailable(
        f"The weights of {entry.name} are not on this machine and Hugging Face does not hand them out ({at}). "
        f"Where there is a network: `hf download {source}`; then copy the directory here and name it as `source` in "
        "models.toml."
    )

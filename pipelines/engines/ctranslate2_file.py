"""CTranslate2's weights file, model.bin: read it, write it, and quantise it to integers of fewer bits.

The layout is that of `ModelSpec` in ctranslate2/specs/model_spec.py, version 6: little-endian, each string with its
length and a terminating zero. That module cannot read the file, and imports PyTorch where that is installed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_VERSION = 6
#: Element types by their number in the file; 5 is bfloat16, which NumPy does not have.
_TYPES: Mapping[int, Any] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16, 5: np.uint16}
_NUMBERS = {np.dtype(kind): number for number, kind in _TYPES.items()}
_BFLOAT16 = 5
#: Layers of these names are never quantised by CTranslate2's Whisper.
_CONVOLUTION = "/conv"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The content of a model.bin. Variables are read from disk when they are accessed."""

    specification: str
    revision: int
    #: By name; floating-point ones are float32 or float16.
    variables: Mapping[str, NDArray[Any]]
    #: Second name of a variable → its first.
    aliases: Mapping[str, str]


def read_model(path: Path) -> ModelFile:
    """Raises `ValueError` for a file of another version or layout, or a truncated one."""
    try:
        # An empty file cannot be mapped.
        data = np.memmap(path, np.uint8, "r").data if path.stat().st_size else memoryview(b"")
        return _Reader(data).read()
    except (struct.error, UnicodeDecodeError, KeyError) as error:
        raise ValueError(f"{path} is not a model.bin of version {_VERSION}, or is cut off") from error


def write_model(
    path: Path,
    specification: str,
    revision: int,
    variables: Iterable[tuple[str, NDArray[Any]]],
    aliases: Mapping[str, str],
) -> None:
    """`variables` are written one by one, so that only one needs to be in memory at a time."""
    with path.open("wb") as file:
        file.write(struct.pack("<I", _VERSION))
        _write_string(file, specification)
        file.write(struct.pack("<I", revision))
        count_position, count = file.tell(), 0
        file.write(struct.pack("<I", count))
        for name, value in variables:
            _write_string(file, name)
            file.write(struct.pack("<B", value.ndim))
            file.write(struct.pack(f"<{value.ndim}I", *value.shape))
            file.write(struct.pack("<BI", _NUMBERS[value.dtype], value.nbytes))
            file.write(np.ascontiguousarray(value).data)
            count += 1
        file.write(struct.pack("<I", len(aliases)))
        for alias, name in aliases.items():
            _write_string(file, alias)
            _write_string(file, name)
        file.seek(count_position)
        file.write(struct.pack("<I", count))


def write_reduced_range(source: Path, target: Path, largest: int) -> None:
    """The model of `source` with its matrices as integers of -`largest`…`largest` and a scale for each row.

    All other variables are unchanged. Raises as `read_model` does.
    """
    model = read_model(source)
    matrices = {name for name, value in model.variables.items() if _is_quantisable(name, value)}

    def variables() -> Iterator[tuple[str, NDArray[Any]]]:
        for name, value in model.variables.items():
            if name in matrices:
                yield from _quantise(name, _to_floats(model, name), largest)
            elif name.removesuffix("_scale") not in matrices:
                yield name, value

    scales = {f"{alias}_scale": f"{name}_scale" for alias, name in model.aliases.items() if name in matrices}
    write_model(target, model.specification, model.revision, variables(), {**model.aliases, **scales})


def _is_quantisable(name: str, value: NDArray[Any]) -> bool:
    return value.ndim == 2 and name.endswith("weight") and _CONVOLUTION not in name


def _to_floats(model: ModelFile, name: str) -> NDArray[np.float32]:
    weight = model.variables[name].astype(np.float32)
    scale = model.variables.get(f"{name}_scale")
    return weight if scale is None else weight / scale.reshape(-1, 1)


def _quantise(name: str, weight: NDArray[np.float32], largest: int) -> Iterator[tuple[str, NDArray[Any]]]:
    highest = np.abs(weight).max(axis=1)
    scale = (largest / np.where(highest > 0, highest, largest)).astype(np.float32)
    # A row with an infinite weight or NaN results in NaN, which is detected when the model is loaded.
    scale[~np.isfinite(highest)] = np.nan
    yield name, np.nan_to_num(np.rint(weight * scale[:, None])).astype(np.int8)
    yield f"{name}_scale", scale


class _Reader:
    """Reads a model.bin from its bytes."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def read(self) -> ModelFile:
        if self._number("I") != _VERSION:
            raise KeyError(_VERSION)
        specification, revision = self._string(), self._number("I")
        variables = dict(self._variable() for _ in range(self._number("I")))
        aliases = {self._string(): self._string() for _ in range(self._number("I"))}
        return ModelFile(specification, revision, variables, aliases)

    def _variable(self) -> tuple[str, NDArray[Any]]:
        name = self._string()
        shape = [self._number("I") for _ in range(self._number("B"))]
        number, size = self._number("B"), self._number("I")
        content = self._data[self._at : self._at + size]
        if len(content) < size:
            raise KeyError(name)
        self._at += size
        value = np.frombuffer(content, _TYPES[number]).reshape(shape)
        if number == _BFLOAT16:
            value = (value.astype(np.uint32) << 16).view(np.float32)
        return name, value

    def _number(self, form: str) -> int:
        [value] = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return int(value)

    def _string(self) -> str:
        size = self._number("H")
        text = bytes(self._data[self._at : self._at + size - 1]).decode()
        self._at += size
        return text


def _write_string(file: BinaryIO, text: str) -> None:
    data = text.encode()
    file.write(struct.pack("<H", len(data) + 1) + data + b"\0")

"""Whether CTranslate2's sums of 8-bit products saturate on this processor. Knows arithmetic, no model.

An activation is shifted to 0…255 and multiplied with a weight of -127…127. Processors with VNNI or AMX add such
products in 32 bits. Older ones (AVX2, AVX-512 without VNNI, SSE) have VPMADDUBSW, which adds two of them in 16 bits and
saturates at 32,767, while two products reach 2 · 255 · 127 = 64,770. oneDNN, which CTranslate2 uses on AMD, and MKL,
which it uses on Intel, both use that instruction there. The layer below is the worst case: every activation and weight
has its largest value. A sum of 512 ones is 512 if exact, and 4.05 if it saturates:
(512 / 2 · 32,767 - 512 · 128 · 127) / 127².

Weights of at most `REDUCED_RANGE` keep two products below the limit, so that sums are exact on every processor.
"""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ctranslate2_file import write_model, write_reduced_range

#: Largest weight of 8 bits whose products with two activations of 255 fit into 16 bits.
REDUCED_RANGE = 32_767 // (2 * 255)

_WIDTH = 512
#: One row, and as many as an engine decodes together: libraries have separate kernels for single rows.
_ROWS = (1, 16)
#: Far above the rounding error of float32, far below the error of saturation.
_TOLERANCE = 1e-3
_TOKEN, _UNKNOWN = "one", "<unk>"
_CONFIG = {"unk_token": _UNKNOWN, "bos_token": "<s>", "eos_token": "</s>"}


@cache
def has_exact_int8_sums() -> bool:
    """Whether 8-bit products of the full range are summed without saturation; measured once per process."""
    return all(abs(found / _WIDTH - 1) < _TOLERANCE for found in _measure_sums())


def _measure_sums(largest: int = 127) -> list[float]:
    """The computed sum of 512 ones, for each of `_ROWS`, with weights of at most `largest`."""
    import ctranslate2

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder / "float32.bin", "TransformerEncoderSpec", 1, _build_layer().items(), {})
        write_reduced_range(folder / "float32.bin", folder / "model.bin", largest)
        (folder / "config.json").write_text(json.dumps(_CONFIG))
        (folder / "vocabulary.json").write_text(json.dumps([_TOKEN, _UNKNOWN]))
        encoder = ctranslate2.Encoder(name, compute_type="int8", intra_threads=1)
    states = [np.array(encoder.forward_batch([[_TOKEN]] * rows).last_hidden_state) for rows in _ROWS]
    return [float(found.min()) for found in states]


def _build_layer() -> dict[str, NDArray[Any]]:
    """Variables of a model of one layer whose inputs are all 1 and whose outputs are the sum of its inputs."""
    zeros = np.zeros((_WIDTH, _WIDTH), np.float32)
    layer = "encoder/layer_0"
    return {
        **{f"encoder/{name}": np.array(value, np.int8) for name, value in _SETTINGS.items()},
        "encoder/num_heads": np.array(1, np.int16),
        "encoder/embeddings_0/weight": zeros[:2],
        "encoder/position_encodings/encodings": zeros[:1],
        **_norm(f"{layer}/self_attention/layer_norm", 0.0),
        **_linear(f"{layer}/self_attention/linear_0", np.concatenate([zeros] * 3)),
        **_linear(f"{layer}/self_attention/linear_1", zeros),
        **_norm(f"{layer}/ffn/layer_norm", 1.0),
        **_linear(f"{layer}/ffn/linear_0", zeros + 1),
        **_linear(f"{layer}/ffn/linear_1", np.eye(_WIDTH, dtype=np.float32)),
    }


_SETTINGS = {"activation": 0, "embeddings_merge": 0, "multi_query_attention": 0, "pre_norm": 1, "scale_embeddings": 1}


def _norm(name: str, output: float) -> dict[str, NDArray[Any]]:
    """A normalisation whose output is constant."""
    return {f"{name}/gamma": np.zeros(_WIDTH, np.float32), f"{name}/beta": np.full(_WIDTH, output, np.float32)}


def _linear(name: str, weight: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return {f"{name}/weight": weight, f"{name}/bias": np.zeros(len(weight), np.float32)}

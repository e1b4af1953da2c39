"""Converts a Whisper from CTranslate2's form to Hugging Face's, so that other libraries can load it.

Knows the names and layouts of both forms, and the folders in which the benchmark of engines has them (`WhisperForms`).
Joined matrices are split: queries, keys and values of self-attention, keys and values of cross-attention. Weights of
8 bits are dequantised.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE
from pipelines.engines.ctranslate2_file import ModelFile, read_model
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.families.whisper.accuracy import AccuracyCheck
from pipelines.families.whisper.checkpoint import WhisperCheckpoint, read_checkpoint
from pipelines.families.whisper.decoding import EncoderEngine
from pipelines.families.whisper.engines.conversion import convert_to_ctranslate2, convert_to_reduced_range
from pipelines.families.whisper.engines.ctranslate2_model import CTranslate2Model
from pipelines.families.whisper.engines.torch_module import load_module
from pipelines.families.whisper.tokenizer import Tokenizer
from tests.benchmarks.stt_whisper_weights import write_sized

_GELU = 3
#: Tokens that a random model decodes.
_TOKENS = 50
#: Largest relative difference of the encoder's states between PyTorch and CTranslate2, both in float32.
_SAME = 1e-3
Tensors = Iterator[tuple[str, NDArray[np.float32]]]


def write_huggingface_form(source: Path, target: Path) -> Path:
    """Write config.json, model.safetensors, generation_config.json and tokenizer.json to `target`, in float32.

    Raises `ValueError` for a model.bin that is no Whisper with GELU, or cannot be read.
    """
    from safetensors.numpy import save_file

    model = read_model(source / "model.bin")
    second = {alias: model.variables[name] for alias, name in model.aliases.items()}
    model = dataclasses.replace(model, variables={**model.variables, **second})
    if model.specification != "WhisperSpec" or int(model.variables["decoder/activation"]) != _GELU:
        raise ValueError(f"{source} holds no Whisper with GELU")
    config = json.loads((source / "config.json").read_text())
    target.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in _tensors(model)}, target / "model.safetensors")
    (target / "config.json").write_text(json.dumps(_config(model)))
    (target / "generation_config.json").write_text(json.dumps(_generation(config)))
    copyfile(source / "tokenizer.json", target / "tokenizer.json")
    return target


def _config(model: ModelFile) -> dict[str, Any]:
    """transformers' config.json."""
    width, bins, _ = model.variables["encoder/conv1/weight"].shape
    found: dict[str, Any] = {
        "model_type": "whisper",
        "architectures": ["WhisperForConditionalGeneration"],
        "activation_function": "gelu",
        "d_model": width,
        "num_mel_bins": bins,
        "vocab_size": len(model.variables["decoder/embeddings/weight"]),
        "max_source_positions": len(model.variables["encoder/position_encodings/encodings"]),
        "max_target_positions": len(model.variables["decoder/position_encodings/encodings"]),
    }
    for side in ("encoder", "decoder"):
        found[f"{side}_layers"] = _layers(model, side)
        found[f"{side}_attention_heads"] = int(model.variables[f"{side}/num_heads"])
        found[f"{side}_ffn_dim"] = len(model.variables[f"{side}/layer_0/ffn/linear_0/weight"])
    return found


def _generation(config: dict[str, Any]) -> dict[str, Any]:
    """transformers' generation_config.json; `config` is CTranslate2's config.json."""
    return {
        "suppress_tokens": config.get("suppress_ids", []),
        "begin_suppress_tokens": config.get("suppress_ids_begin", []),
        "alignment_heads": config.get("alignment_heads"),
        "max_length": 448,
    }


def _tensors(model: ModelFile) -> Tensors:
    """All tensors by transformers' names, without the output layer, which is the embedding."""
    yield "model.decoder.embed_tokens.weight", _floats(model, "decoder/embeddings/weight")
    for number in (1, 2):
        for kind in ("weight", "bias"):
            yield f"model.encoder.conv{number}.{kind}", _floats(model, f"encoder/conv{number}/{kind}")
    for side in ("encoder", "decoder"):
        top = f"model.{side}"
        yield f"{top}.embed_positions.weight", _floats(model, f"{side}/position_encodings/encodings")
        yield from _norm(model, f"{side}/layer_norm", f"{top}.layer_norm")
        for layer in range(_layers(model, side)):
            yield from _layer(model, f"{side}/layer_{layer}", f"{top}.layers.{layer}")


def _layer(model: ModelFile, old: str, new: str) -> Tensors:
    yield from _norm(model, f"{old}/self_attention/layer_norm", f"{new}.self_attn_layer_norm")
    yield from _linear(model, f"{old}/self_attention/linear_0", f"{new}.self_attn", "q_proj", "k_proj", "v_proj")
    yield from _linear(model, f"{old}/self_attention/linear_1", f"{new}.self_attn", "out_proj")
    if f"{old}/attention/linear_0/weight" in model.variables:
        yield from _norm(model, f"{old}/attention/layer_norm", f"{new}.encoder_attn_layer_norm")
        yield from _linear(model, f"{old}/attention/linear_0", f"{new}.encoder_attn", "q_proj")
        yield from _linear(model, f"{old}/attention/linear_1", f"{new}.encoder_attn", "k_proj", "v_proj")
        yield from _linear(model, f"{old}/attention/linear_2", f"{new}.encoder_attn", "out_proj")
    yield from _norm(model, f"{old}/ffn/layer_norm", f"{new}.final_layer_norm")
    yield from _linear(model, f"{old}/ffn/linear_0", new, "fc1")
    yield from _linear(model, f"{old}/ffn/linear_1", new, "fc2")


def _norm(model: ModelFile, old: str, new: str) -> Tensors:
    yield f"{new}.weight", _floats(model, f"{old}/gamma")
    yield f"{new}.bias", _floats(model, f"{old}/beta")


def _linear(model: ModelFile, old: str, new: str, *parts: str) -> Tensors:
    """A matrix, split into parts of equal height. Keys have no bias in transformers: it is 0 in every checkpoint."""
    weights = np.split(_floats(model, f"{old}/weight"), len(parts))
    biases = np.split(_floats(model, f"{old}/bias"), len(parts))
    for part, weight, bias in zip(parts, weights, biases, strict=True):
        yield f"{new}.{part}.weight", weight
        if part != "k_proj":
            yield f"{new}.{part}.bias", bias
        elif bias.any():
            raise ValueError(f"{old} has a bias for its keys, which no published Whisper has")


def _floats(model: ModelFile, name: str) -> NDArray[np.float32]:
    value = model.variables[name].astype(np.float32)
    scale = model.variables.get(f"{name}_scale")
    return value if scale is None else value / scale.reshape(-1, 1)


def _layers(model: ModelFile, side: str) -> int:
    names = {name.split("/")[1] for name in model.variables if name.startswith(f"{side}/layer_")}
    return len(names - {"layer_norm"})


# -- all forms --------------------------------------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class WhisperForms:
    """One Whisper in all forms that the candidates load; written by `prepare`."""

    folder: Path

    @cached_property
    def paths(self) -> dict[str, str]:
        """The paths of the forms."""
        return json.loads((self.folder / "forms.json").read_text())

    def entry(self, form: str) -> RecognitionEntry:
        """`form`: "ctranslate2" or "huggingface"."""
        return dataclasses.replace(Catalog().get("whisper-base", "stt"), source=self.paths[form], threads=1)

    @cached_property
    def checkpoint(self) -> WhisperCheckpoint:
        return read_checkpoint(self.entry("huggingface"))

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return Tokenizer(self.entry("huggingface"), self.checkpoint.folder / "tokenizer.json")

    def ctranslate2(self, precision: str) -> CTranslate2Model:
        entry = self.entry("ctranslate2")
        plain = Path(self.paths["ctranslate2"])
        source = convert_to_reduced_range(entry, plain) if precision == INT8_REDUCED_RANGE else plain
        return CTranslate2Model(entry, source, "cpu", precision)

    def encoder(self, kind: str) -> EncoderEngine:
        """Raises `ModelUnavailable` where this processor does not offer it."""
        entry = self.entry("huggingface")
        if kind == "ctranslate2":
            return self.ctranslate2("float32")
        if kind.startswith("onnx"):
            from pipelines.families.whisper.engines.onnx_encoder import OnnxEncoder

            # A graph that is beside the weights is used as it is.
            folder = self.folder / "onnx-int8" if kind == "onnx-int8" else self.checkpoint.folder
            return OnnxEncoder(entry, dataclasses.replace(self.checkpoint, folder=folder), "cpu")
        import torch

        from pipelines.families.whisper.engines.torch_encoder import NumpyEncoder, TorchEncoder, load_bfloat16_encoder

        module = load_module(entry, self.checkpoint)
        if kind == "torch-bfloat16":
            return load_bfloat16_encoder(entry, module, "cpu")
        return NumpyEncoder(TorchEncoder(entry, module, resolve_torch_device(entry, "cpu"), torch.float32))


def prepare(folder: Path, source: Path | None) -> dict[str, Any]:
    """Write all forms of the model in `source`, or of a random one, with the same weights.

    Raises SystemExit where PyTorch and CTranslate2 do not give the same states in float32.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plain = _ctranslate2_form(folder, source)
    paths = {"ctranslate2": str(plain), "huggingface": str(write_huggingface_form(plain, folder / "huggingface"))}
    (folder / "forms.json").write_text(json.dumps(paths))
    model = WhisperForms(folder)
    float32, check = model.ctranslate2("float32"), AccuracyCheck(model.tokenizer)
    states = check.encode(float32, float32.bins)
    np.save(folder / "states.npy", states)
    check.load_reference(plain, lambda: check.compute_reference(float32, states))
    convert_to_reduced_range(model.entry("ctranslate2"), plain)
    _quantise(model, folder / "onnx-int8")
    away = relative_difference(check.encode(model.encoder("torch-float32"), float32.bins), states)
    if away > _SAME:
        raise SystemExit(f"PyTorch and CTranslate2 differ by {away:.1e} in float32: these are not the same weights")
    return {"trained": source is not None, "relative_difference": away, "shape": _shape(model)}


def _ctranslate2_form(folder: Path, source: Path | None) -> Path:
    if source is not None and (source / "model.bin").is_file():
        return source
    published = source or write_sized(folder / "random", "base", tokens=_TOKENS)
    entry = dataclasses.replace(Catalog().get("whisper-base", "stt"), source=str(published))
    return convert_to_ctranslate2(entry, read_checkpoint(entry), Tokenizer(entry, published / "tokenizer.json"))


def _quantise(model: WhisperForms, target: Path) -> None:
    """Quantise the matrices to 7 bits with a scale for each column, by ONNX Runtime."""
    from onnxruntime.quantization import quantize_dynamic

    from pipelines.families.whisper.engines.onnx_encoder import _find_graph

    graph = _find_graph(model.entry("huggingface"), model.checkpoint)
    target.mkdir(exist_ok=True)
    quantize_dynamic(
        graph, target / "encoder_model.onnx", per_channel=True, reduce_range=True, op_types_to_quantize=["MatMul"]
    )


def _shape(model: WhisperForms) -> str:
    config = model.checkpoint.config
    return f"{config['d_model']} wide, {config['encoder_layers']} + {config['decoder_layers']} layers"


def relative_difference(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """The norm of the difference, divided by the norm of `wanted`."""
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def no_tick() -> None:
    """A tick that does nothing."""

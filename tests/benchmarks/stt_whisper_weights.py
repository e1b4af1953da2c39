"""Whisper checkpoints with random weights of published sizes that write a fixed number of tokens."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.whisper_huggingface_checkpoint import SOURCE
from tests.whisper_tokenizer import write_tokenizer

#: Prompt tokens of a window without timestamps: start, language, task, no timestamps.
PROMPT = 4
END = 50_257
#: Suppressed: the end, and timestamps, which would end windows early.
NEVER = [END, *range(50_364, 51_865)]


@dataclass(frozen=True, slots=True)
class Size:
    """The sizes in the config.json of `openai/whisper-…`."""

    d_model: int
    layers: int
    heads: int


SIZES = {"tiny": Size(384, 4, 6), "base": Size(512, 6, 8)}


def write_sized(folder: Path, name: str, *, tokens: int) -> Path:
    """Write a checkpoint in Hugging Face's form that writes `tokens` tokens for every window."""
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    size = SIZES[name]
    torch.manual_seed(37)
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=51_865,
            num_mel_bins=80,
            d_model=size.d_model,
            encoder_layers=size.layers,
            encoder_attention_heads=size.heads,
            encoder_ffn_dim=4 * size.d_model,
            decoder_layers=size.layers,
            decoder_attention_heads=size.heads,
            decoder_ffn_dim=4 * size.d_model,
            suppress_tokens=None,
            begin_suppress_tokens=None,
        )
    )
    model.save_pretrained(folder)
    generation: dict[str, Any] = json.loads((SOURCE / "generation_config.json").read_text())
    generation["suppress_tokens"], generation["max_length"] = NEVER, PROMPT + tokens
    generation["alignment_heads"] = [[size.layers - 1, head] for head in range(size.heads)]
    (folder / "generation_config.json").write_text(json.dumps(generation))
    (folder / "preprocessor_config.json").write_bytes((SOURCE / "preprocessor_config.json").read_bytes())
    write_tokenizer(folder / "tokenizer.json")
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "WhisperTokenizer",
                "eos_token": "<|endoftext|>",
                "bos_token": "<|endoftext|>",
                "unk_token": "<|endoftext|>",
                "pad_token": "<|endoftext|>",
                "model_max_length": 1024,
            }
        )
    )
    return folder


#: Parts of tensor names, transformers' → openai-whisper's; replaced in this order.
_RENAMED = (
    ("model.", ""),
    ("layers", "blocks"),
    ("self_attn_layer_norm", "attn_ln"),
    ("self_attn", "attn"),
    ("encoder_attn_layer_norm", "cross_attn_ln"),
    ("encoder_attn", "cross_attn"),
    ("final_layer_norm", "mlp_ln"),
    ("q_proj", "query"),
    ("k_proj", "key"),
    ("v_proj", "value"),
    ("out_proj", "out"),
    ("fc1", "mlp.0"),
    ("fc2", "mlp.2"),
    ("encoder.layer_norm", "encoder.ln_post"),
    ("decoder.layer_norm", "decoder.ln"),
    ("encoder.embed_positions.weight", "encoder.positional_embedding"),
    ("decoder.embed_positions.weight", "decoder.positional_embedding"),
    ("decoder.embed_tokens", "decoder.token_embedding"),
)


def load_openai_model(folder: Path, name: str) -> Any:
    """Load the checkpoint into openai-whisper's class."""
    from safetensors.torch import load_file
    from whisper.model import ModelDimensions, Whisper

    size = SIZES[name]
    shape = {"state": size.d_model, "head": size.heads, "layer": size.layers}
    model = Whisper(
        ModelDimensions(
            n_mels=80,
            n_audio_ctx=1500,
            n_vocab=51_865,
            n_text_ctx=448,
            **{f"n_{side}_{what}": number for side in ("audio", "text") for what, number in shape.items()},
        )
    )
    tensors = {}
    for key, tensor in load_file(folder / "model.safetensors").items():
        for old, new in _RENAMED:
            key = key.replace(old, new)
        if key != "proj_out.weight":
            tensors[key] = tensor
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    assert not unexpected and all("mask" in key for key in missing), (missing, unexpected, asdict(size))
    return model.eval()

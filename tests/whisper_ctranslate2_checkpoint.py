"""A Whisper with random weights in CTranslate2's layout, as faster-whisper loads it: tiny sizes, no download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

_WIDTH, _HEADS, _LAYERS, _INNER = 16, 2, 2, 32
_MEL, _FRAMES, _POSITIONS, _VOCABULARY = 80, 1500, 448, 51_865
_TEXT_TOKENS = 50_257
#: Bias towards the end token; a higher value makes shorter texts.
_END_BIAS = 4.0
_LANGUAGES = """
    en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml
    cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am
    yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su
""".split()  # noqa: SIM905 – a table to read


def write_ctranslate2_whisper(folder: Path, *, seed: int = 37) -> Path:
    """Write the model into `folder`; it recognises words like `w4711`, the same for the same `seed`."""
    from ctranslate2.specs.whisper_spec import WhisperSpec

    random = np.random.default_rng(seed)
    spec = WhisperSpec(_LAYERS, _HEADS, _LAYERS, _HEADS)
    spec.encoder.conv1.weight = _weights(random, _WIDTH, _MEL, 3)
    spec.encoder.conv2.weight = _weights(random, _WIDTH, _WIDTH, 3)
    spec.encoder.conv1.bias = spec.encoder.conv2.bias = np.zeros(_WIDTH, np.float32)
    spec.encoder.position_encodings.encodings = _weights(random, _FRAMES, _WIDTH)
    spec.decoder.position_encodings.encodings = _weights(random, _POSITIONS, _WIDTH)
    embeddings = _weights(random, _VOCABULARY, _WIDTH)
    # A dimension that is constant in every state raises the score of the end token: texts end after a dozen words.
    embeddings[:, 0] = 0.0
    embeddings[_TEXT_TOKENS, 0] = _END_BIAS
    spec.decoder.embeddings.weight = embeddings
    spec.decoder.projection.weight = embeddings
    for stack in (spec.encoder, spec.decoder):
        _fill_norm(stack.layer_norm)
        if stack is spec.decoder:
            stack.layer_norm.gamma[0], stack.layer_norm.beta[0] = 0.0, 1.0
        for layer in stack.layer:
            _fill_attention(layer.self_attention, random, (3 * _WIDTH, _WIDTH))
            if stack is spec.decoder:
                _fill_attention(layer.attention, random, (_WIDTH, 2 * _WIDTH, _WIDTH))
            _fill_norm(layer.ffn.layer_norm)
            _fill_linear(layer.ffn.linear_0, random, _INNER, _WIDTH)
            _fill_linear(layer.ffn.linear_1, random, _WIDTH, _INNER)
    spec.register_vocabulary(_tokens())
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [220, _TEXT_TOKENS]
    spec.config.lang_ids = list(range(50_259, 50_259 + len(_LANGUAGES)))
    spec.config.alignment_heads = [(layer, head) for layer in range(_LAYERS) for head in range(_HEADS)]
    spec.validate()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(_tokenizer())
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"feature_size": _MEL, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400})
    )
    return folder


def _weights(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.normal(scale=0.3, size=shape).astype(np.float32)


def _fill_linear(linear: Any, random: np.random.Generator, out: int, into: int) -> None:
    linear.weight = _weights(random, out, into)
    linear.bias = np.zeros(out, np.float32)


def _fill_norm(norm: Any) -> None:
    norm.gamma, norm.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)


def _fill_attention(attention: Any, random: np.random.Generator, outs: tuple[int, ...]) -> None:
    _fill_norm(attention.layer_norm)
    for linear, out in zip(attention.linear, outs, strict=True):
        _fill_linear(linear, random, out, _WIDTH)


def _special() -> list[str]:
    names = [
        "endoftext",
        "startoftranscript",
        *_LANGUAGES,
        "translate",
        "transcribe",
        "startoflm",
        "startofprev",
        "nospeech",
        "notimestamps",
        *(f"{step * 0.02:.2f}" for step in range(1501)),
    ]
    return [f"<|{name}|>" for name in names]


def _bytes() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def _tokens() -> list[str]:
    words = [f"Ġw{number}" for number in range(256, _TEXT_TOKENS - 1)]
    # CTranslate2 recognises a multilingual model by the empty token.
    return [*_bytes(), *words, "", *_special()]


def _tokenizer() -> str:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {token: number for number, token in enumerate(_tokens()[:_TEXT_TOKENS])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _special()])
    return tokenizer.to_str()

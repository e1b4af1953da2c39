"""Whisper's tokenizer.json, made from the vocabulary that the openai-whisper package carries."""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.resources import files
from pathlib import Path


def write_tokenizer(path: Path, *, english: bool = False) -> Path:
    """The tokenizer of the multilingual models, or of those that know English alone, as Hugging Face lays it out."""
    path.write_text(_document("gpt2" if english else "multilingual"), encoding="utf-8")
    return path


@lru_cache
def _document(name: str) -> str:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    lines = (files("whisper") / "assets" / f"{name}.tiktoken").read_text().splitlines()
    ranks = {base64.b64decode(token) if token != "=" else b"": int(rank) for token, rank in map(str.split, lines)}
    vocabulary = {_visible(token): rank for token, rank in ranks.items()}
    tokenizer = Tokenizer(models.BPE(vocabulary, _merges(ranks)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _special()])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>") for step in range(1501)])
    return tokenizer.to_str()


def _merges(ranks: dict[bytes, int]) -> list[tuple[str, str]]:
    """Every way to make a token of two others; the tokens' ranks say which comes first."""
    found = [
        (rank, _visible(token[:cut]), _visible(token[cut:]))
        for token, rank in ranks.items()
        for cut in range(1, len(token))
        if token[:cut] in ranks and token[cut:] in ranks
    ]
    return [(left, right) for _, left, right in sorted(found, key=lambda merge: merge[0])]


def _special() -> list[str]:
    from whisper.tokenizer import LANGUAGES

    names = [*list(LANGUAGES)[:99], "translate", "transcribe", "startoflm", "startofprev", "nocaptions", "notimestamps"]
    return [f"<|{name}|>" for name in ("endoftext", "startoftranscript", *names)]


def _visible(token: bytes) -> str:
    return "".join(_letters()[byte] for byte in token)


@lru_cache
def _letters() -> dict[int, str]:
    """GPT-2's printable letter for each byte: itself where it has a shape, else one from 256 on."""
    shaped = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in shaped]
    return {byte: chr(byte) for byte in shaped} | {byte: chr(256 + number) for number, byte in enumerate(others)}

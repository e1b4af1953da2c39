"""Whisper's tokenizer.json, made from the vocabulary in the openai-whisper package."""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.resources import files
from pathlib import Path


def write_tokenizer(path: Path, *, english: bool = False) -> Path:
    """Write the tokenizer of the multilingual or of the English models in Hugging Face's layout."""
    path.write_text(_build_tokenizer("gpt2" if english else "multilingual"), encoding="utf-8")
    return path


@lru_cache
def _build_tokenizer(name: str) -> str:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    lines = (files("whisper") / "assets" / f"{name}.tiktoken").read_text().splitlines()
    ranks = {base64.b64decode(token) if token != "=" else b"": int(rank) for token, rank in map(str.split, lines)}
    vocabulary = {_to_printable(token): rank for token, rank in ranks.items()}
    tokenizer = Tokenizer(models.BPE(vocabulary, _merges(ranks)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _special()])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>") for step in range(1501)])
    return tokenizer.to_str()


def _merges(ranks: dict[bytes, int]) -> list[tuple[str, str]]:
    """Every merge of two tokens into another, in the order of the merged tokens' ranks."""
    found = [
        (rank, _to_printable(token[:cut]), _to_printable(token[cut:]))
        for token, rank in ranks.items()
        for cut in range(1, len(token))
        if token[:cut] in ranks and token[cut:] in ranks
    ]
    return [(left, right) for _, left, right in sorted(found, key=lambda merge: merge[0])]


def _special() -> list[str]:
    from whisper.tokenizer import LANGUAGES

    names = [*list(LANGUAGES)[:99], "translate", "transcribe", "startoflm", "startofprev", "nocaptions", "notimestamps"]
    return [f"<|{name}|>" for name in ("endoftext", "startoftranscript", *names)]


def _to_printable(token: bytes) -> str:
    return "".join(_printable_characters()[byte] for byte in token)


@lru_cache
def _printable_characters() -> dict[int, str]:
    """GPT-2's printable character for each byte: itself where it is printable, else one from 256 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + number) for number, byte in enumerate(others)}

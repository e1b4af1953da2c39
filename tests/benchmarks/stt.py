"""`make bench-stt`: how fast the recognisers hear, beside their peers. `--write` writes docs/benchmarks-stt.md.

`python -m tests.benchmarks.stt whisper` runs one family and only prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from tests.benchmarks.report import Section, machine
from tests.benchmarks.stt_wav2vec2 import wav2vec2_section
from tests.benchmarks.stt_whisper import whisper_sections
from tests.faults.rig import ROOT

_ALL: Mapping[str, Callable[[], Sequence[Section]]] = {
    "whisper": whisper_sections,
    "wav2vec2": lambda: [wav2vec2_section()],
}
_PAGE = ROOT / "docs" / "benchmarks-stt.md"
_PEERS = ("ctranslate2", "faster-whisper", "openai-whisper", "torch", "transformers", "onnxruntime")


def main(arguments: Sequence[str]) -> None:
    """Run, print and perhaps write."""
    names = [name for name in arguments if name != "--write"]
    began = f"{machine()}; {', '.join(f'{name} {version(name)}' for name in _PEERS)}"
    print(began)
    sections: list[Section] = []
    for name in names or _ALL:
        for section in _ALL[name]():
            sections.append(section)
            print(f"\n{section.markdown()}", flush=True)
    if "--write" in arguments:
        _PAGE.write_text(page(sections, began))


def page(sections: Sequence[Section], began: str) -> str:
    """docs/benchmarks-stt.md."""
    head = [
        "# Benchmarks: speech to text", "",
        f"Written by `make bench-stt` on {datetime.now(UTC):%Y-%m-%d}. {began}.", "",
        "Random weights of the real sizes: they cost what trained ones cost, and say nothing. Every contestant has",
        "the same tensors, the same sound, the same number of tokens and of threads; figures are medians with",
        "(lowest–highest).", "",
    ]  # fmt: skip
    return "\n".join(head) + "\n" + "\n".join(section.markdown() for section in sections)


if __name__ == "__main__":
    main(sys.argv[1:])

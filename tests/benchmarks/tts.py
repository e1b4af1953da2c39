"""`make bench-tts`: how fast the neural voices speak, beside transformers. `--write` writes docs/benchmarks-tts.md.

`python -m tests.benchmarks.tts vits` runs one part and only prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec

from tests.benchmarks.report import Section, machine
from tests.benchmarks.tts_acoustic import bark_section, fastspeech2_section, speecht5_section, vits_section
from tests.faults.rig import ROOT


def _vocoders() -> Sequence[Section]:
    if find_spec("tests.benchmarks.tts_vocoders") is None:
        return ()
    from tests.benchmarks.tts_vocoders import vocoder_sections

    found: Sequence[Section] = vocoder_sections()
    return found


_ALL: Mapping[str, Callable[[], Sequence[Section]]] = {
    "fastspeech2": lambda: [fastspeech2_section()],
    "vits": lambda: [vits_section()],
    "speecht5": lambda: [speecht5_section()],
    "bark": lambda: [bark_section()],
    "vocoders": _vocoders,
}
_PEERS = ("torch", "transformers", "onnxruntime")


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
        head = [
            "# Benchmarks: text to speech", "",
            f"Written by `make bench-tts` on {datetime.now(UTC):%Y-%m-%d}. {began}.", "",
            "Random weights of the published sizes cost what trained ones cost, and say nothing. Every contestant",
            "has the same tensors, the same symbols, the same length of speech and the same number of threads; rounds",
            "alternate; figures are medians with (lowest–highest). Real-time factor = seconds of work for a second of",
            "sound: smaller is faster. Processor time does not count what other processes of the machine take.", "",
        ]  # fmt: skip
        page = "\n".join(head) + "\n" + "\n".join(section.markdown() for section in sections)
        (ROOT / "docs" / "benchmarks-tts.md").write_text(page)


if __name__ == "__main__":
    main(sys.argv[1:])

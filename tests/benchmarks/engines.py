"""`make bench-engines [MODEL=folder]`: speed, memory and accuracy of Whisper on CPUs in each engine.

`--write` writes docs/measurements/benchmarks-engines.md. The folder is a Whisper in the form of CTranslate2 or of
Hugging Face; without one the weights are random. Environment variables of the libraries simulate older processors. All
candidates of an instruction set are in memory at once, in processes of their own, and are measured in turn.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.engines.selection import PROBABILITY_LIMIT
from tests.benchmarks.engines_candidates import (
    BATCH,
    CANDIDATES,
    DECODERS,
    LONG,
    NOISES,
    SHORT,
    CandidateProcess,
    ask_in_pairs,
    load_clips,
)
from tests.benchmarks.report import Section, describe_machine, describe_packages, median, render_page
from tests.faults.rig import ROOT

_AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
HERE, OLD_AMD = "this machine as it is", "AVX2, as on older AMD"
SETS: Mapping[str, Mapping[str, str]] = {
    HERE: {},
    "oneDNN without MKL, as on AMD": {"CT2_USE_MKL": "0"},
    OLD_AMD: {**_AVX2, "CT2_USE_MKL": "0", "CT2_FORCE_CPU_ISA": "AVX2"},
    "AVX2, as on older Intel": _AVX2,
}
#: CT2_USE_MKL affects no other library: their encoders are measured once with each kind of instructions.
MEASURED: Mapping[str, Sequence[str]] = {
    name: tuple(CANDIDATES) if name in (HERE, OLD_AMD) else tuple(CANDIDATES)[:4] for name in SETS
}
#: The sets in which recognised texts are compared, and the candidates there: float32 gives the same text everywhere.
RECOGNISED: Mapping[str, Sequence[str]] = {HERE: tuple(CANDIDATES), OLD_AMD: tuple(CANDIDATES)[:4]}
ROUNDS, FEW_ROUNDS = 5, 3
#: Tokens of the window whose total cost is reported.
TEXT = 50
_VERBOSE = {"CT2_VERBOSE": "1", "ONEDNN_VERBOSE": "1", "MKL_VERBOSE": "1"}
_PACKAGES = ("ctranslate2", "torch", "onnxruntime", "transformers")
#: A smaller difference of encoder states is rounding.
_ROUNDING = 1e-3
_FLOAT32, _NONE = next(iter(CANDIDATES)), "–"


@dataclass
class Row:
    """The measurements of a candidate with an instruction set."""

    name: str
    info: dict[str, Any]
    encode: list[float] = field(default_factory=list)
    #: Per round: milliseconds to begin a window, and for a token; empty where another candidate has this decoder.
    alone: list[Sequence[float]] = field(default_factory=list)
    together: list[Sequence[float]] = field(default_factory=list)
    accuracy: dict[str, Any] = field(default_factory=dict)
    recognition: dict[str, Any] = field(default_factory=dict)

    @property
    def is_offered(self) -> bool:
        return bool(self.info["offered"])

    def window(self) -> float:
        """Milliseconds for a window of `TEXT` tokens as the product runs it: in batches where integers allow it."""
        rounds = self.together if self.accuracy["alike"] and self.info["precision"] != "float32" else self.alone
        begin, token = (median([each[number] for each in rounds]) for number in (0, 1))
        return median(self.encode) + begin + TEXT * token


# -- measuring --------------------------------------------------------------------------------------------------------
def probe_libraries(folder: Path, name: str) -> Sequence[str]:
    """A row with the instructions that the libraries log for a set."""
    with tempfile.TemporaryDirectory() as logs:
        for each in ("forms.json", "huggingface", "cache"):
            (Path(logs) / each).symlink_to(folder / each)
        probe = CandidateProcess.run_once(Path(logs), "probe", {**SETS[name], **_VERBOSE})
        log = (Path(logs) / "log.txt").read_text(errors="replace")
    backends = dict(re.findall(r"- (SGEMM|GEMM_S8) backend: (\w+)", log))
    kernels = re.search(r"onednn_verbose\S*,cpu,isa:(.*)", log)
    # "… for Intel(R) 64 architecture Intel(R) Advanced Vector Extensions 2 (Intel(R) AVX2) enabled processors, Lnx …"
    mkl = re.search(r"MKL_VERBOSE (?:Intel|oneMKL).*?\(Intel\(R\) (AVX\S*?)\)( with support for INT8)?", log)
    return (
        name,
        " ".join(f"{key}={value}" for key, value in SETS[name].items()) or _NONE,
        backends.get("GEMM_S8", _NONE).replace("DNNL", "oneDNN"),
        kernels[1].replace("Intel ", "") if kernels else _NONE,
        mkl[1] + (" with INT8" if mkl[2] else "") if mkl else _NONE,
        probe["torch"],
        _yes_or_no(probe["exact"]),
    )


def measure_set(folder: Path, name: str, *, trained: bool) -> list[Row]:
    """Measure all candidates with one instruction set, their rounds in turn."""
    with ExitStack() as stack:
        children: dict[str, CandidateProcess] = {}
        for candidate in MEASURED[name]:
            child = children[candidate] = CandidateProcess(folder, candidate, SETS[name])
            stack.callback(child.close)
        rows = {candidate: Row(candidate, child.read_answer()) for candidate, child in children.items()}
        offered = {key: row for key, row in rows.items() if row.is_offered}
        for turn in range(ROUNDS + 1):
            for key, row in offered.items():
                spent = children[key].ask("encode")["ms"]
                row.encode += [spent] if turn else []  # the first one warms up
        for turn in range(FEW_ROUNDS):
            for key in DECODERS:
                rows[key].alone.append(children[key].ask("decode")["cost"])
                if not turn:
                    rows[key].together.append(children[key].ask("decode_together")["cost"])
        for key, answer in ask_in_pairs(children, list(offered), "measure_accuracy"):
            rows[key].accuracy = answer
        recognised = [key for key in offered if trained and key in RECOGNISED.get(name, ())]
        for key, answer in ask_in_pairs(children, recognised, "recognise"):
            rows[key].recognition = answer
    for row in offered.values():
        same = next(rows[key] for key in DECODERS if rows[key].info["precision"] == row.info["precision"])
        row.alone, row.together = same.alone, same.together
    return list(rows.values())


# -- tables -----------------------------------------------------------------------------------------------------------
def build_set_section(name: str, rows: Sequence[Row], *, trained: bool) -> Section:
    """The table of one instruction set."""
    empty = median([row.info["empty_mib"] for row in rows if row.is_offered])
    section = Section(
        f"Instructions: {name}",
        f"{empty:.0f} MiB are resident before anything is loaded.",
        (
            "",
            "decoder",
            "sums exact",
            "encode a window, ms",
            "begin a text, ms",
            "a token alone, ms",
            f"a token in batches of {BATCH}, ms",
            f"a window of {TEXT} tokens, ms",
            "resident, MiB",
            "error",
            "states from float32",
            "alike in batches",
        ),
    )
    for row in rows:
        if not row.is_offered:
            section.rows.append((row.name, "not offered here", *[_NONE] * 10))
            continue
        figures = [each[1] for each in row.alone], [each[1] for each in row.together]
        away = (f"{row.accuracy['error']:.4f}", f"{row.accuracy['difference']:.4f}") if trained else (_NONE, _NONE)
        section.rows.append(
            (
                row.name,
                row.info["precision"],
                _yes_or_no(row.info["exact"]),
                f"{median(row.encode):,.0f}",
                f"{median([each[0] for each in row.alone]):,.0f}",
                *(f"{median(each):.1f}" for each in figures),
                f"{row.window():,.0f}",
                f"{row.info['resident_mib']:,.0f}",
                *away,
                _yes_or_no(row.accuracy["alike"]),
            )
        )
    return section


def build_texts_section(found: Mapping[str, Sequence[Row]]) -> Section:
    """The table of word error rates."""
    import jiwer
    from whisper_normalizer.english import EnglishTextNormalizer

    plain = EnglishTextNormalizer()
    truth = [plain(text) for _, text in load_clips()]
    section = Section(
        "More speech under noise",
        f"{len(truth)} passages of three voices of Flite, {sum(len(text.split()) for text in truth)} words, under "
        f"{', '.join(f'{kind} noise at {ratio} dB' for kind, ratio in NOISES)} in turn; greedy, no timestamps. "
        "Clips in which a candidate of the set writes a loop, or float32 writes nothing, are counted and left out "
        "for all.",
        ("instructions", "", "words unlike float32's", "word error rate", "its clips with a loop", "clips compared"),
    )
    for name, names in RECOGNISED.items():
        rows = [row for row in found[name] if row.recognition and row.name in names]
        texts = {row.name: [plain(text) for text in row.recognition["texts"]] for row in rows}
        kept = [
            at
            for at in range(len(truth))
            if texts[_FLOAT32][at] and not any(row.recognition["loops"][at] for row in rows)
        ]
        for row in rows:
            recognised = [texts[row.name][at] for at in kept]
            rates = [jiwer.wer([reference[at] for at in kept], recognised) for reference in (texts[_FLOAT32], truth)]
            section.rows.append(
                (
                    name,
                    row.name,
                    *(f"{100 * rate:.1f} %" for rate in rates),
                    str(sum(row.recognition["loops"])),
                    str(len(kept)),
                )
            )
    rate = jiwer.wer([truth[at] for at in kept], [texts[_FLOAT32][at] for at in kept])
    chance = 200 * (rate * (1 - rate) / sum(len(truth[at].split()) for at in kept)) ** 0.5
    section.reading = (
        f"With so few words, word error rates that differ by less than {chance:.0f} points may do so by chance."
    )
    return section


def build_conclusions(found: Mapping[str, Sequence[Row]], *, trained: bool) -> Section:
    """The conclusions from the figures."""
    section = Section("What follows", "", ("instructions", "the product takes", "a window", "float32", "error"))
    for name, rows in found.items():
        by_name = {row.name: row for row in rows}
        first = by_name[DECODERS[1] if by_name[_FLOAT32].info["exact"] else tuple(CANDIDATES)[3]]
        chosen = first if not trained or first.accuracy["error"] <= PROBABILITY_LIMIT else by_name[_FLOAT32]
        error = f"{chosen.accuracy['error']:.4f}" if trained else _NONE
        costs = (f"{chosen.window():,.0f} ms", f"{by_name[_FLOAT32].window():,.0f} ms")
        section.rows.append((name, chosen.name, *costs, error))
    section.method = _RULE
    section.reading = _reading(found) if trained else ""
    return section


_RULE = (
    "The product asks each processor once whether 8-bit sums are exact there. Where they are, it loads weights of 8 "
    "bits. Where they are cut, it loads a decoder of 7 bits, whose sums are exact on every processor, so that windows "
    "can be decoded in batches, and an encoder in float32: 8 bits make it hardly faster there, and 7 bits cost it more "
    "words than 8. It then measures the error, and takes float32 for both where that is above "
    f"{PROBABILITY_LIMIT}. The costs below are of processor time for a window with a text of {TEXT} tokens, decoded as "
    "the product does it."
)


def _reading(found: Mapping[str, Sequence[Row]]) -> str:
    old, here = ({row.name: row for row in found[name] if row.is_offered} for name in (OLD_AMD, HERE))
    float32, full, reduced, mixed = (old[name] for name in tuple(CANDIDATES)[:4])
    exact = [
        row.accuracy["error"]
        for row in old.values()
        if row.info["precision"] == reduced.info["precision"] and row.accuracy["difference"] < _ROUNDING
    ]
    best = min((row for row in here.values() if row.name not in DECODERS), key=Row.window)
    taken = here[DECODERS[1]]
    return (
        "Under the instructions of older AMD processors, weights of the full range have an error of "
        f"{full.accuracy['error']:.3f} and come out {'' if full.accuracy['alike'] else 'un'}alike in batches; weights "
        f"of 7 bits have an error of {reduced.accuracy['error']:.3f}. Encoders in float32, which differ by rounding "
        f"alone, give decoders of 7 bits errors of {min(exact):.3f} to {max(exact):.3f}: smaller differences mean "
        "nothing. With an encoder in float32 and a decoder of 7 bits a window takes "
        f"{mixed.window() / float32.window():.2f} × the time of float32 there, and "
        f"{mixed.window() / full.window():.2f} × that of 8 bits whose sums are cut; "
        f"both models are in memory, {mixed.info['resident_mib']:,.0f} MiB instead of "
        f"{float32.info['resident_mib']:,.0f} MiB for float32 alone. The engine `ctranslate2-int8` takes 7 bits for "
        f"both: {reduced.info['resident_mib']:,.0f} MiB, {reduced.window() / float32.window():.2f} × that of float32. "
        f"On this machine as it is, the cheapest with another library is “{best.name}”: {best.window():,.0f} ms for a "
        f"window, {median(best.encode):,.0f} ms of them for the encoder, where “{taken.name}” takes "
        f"{median(taken.encode):,.0f} ms. The product takes another library only where `engine` in models.toml names "
        "it: the weights have to be in the form of Hugging Face then, and PyTorch has to be installed."
    )


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


# -- the page ---------------------------------------------------------------------------------------------------------
def _build_head(began: str, prepared: Mapping[str, Any]) -> list[str]:
    weights = (
        "Trained weights of a Whisper"
        if prepared["trained"]
        else "Random weights of the real size of Whisper base: they cost what trained ones cost; errors mean nothing "
        "and are left out"
    )
    return [
        "# Benchmarks: engines for Whisper on CPUs",
        "",
        f"Written by `make bench-engines` on {datetime.now(UTC):%Y-%m-%d}. {began}.",
        "",
        f"{weights} ({prepared['shape']}). All candidates have the same numbers as their source: PyTorch's states in "
        f"float32 differ from CTranslate2's by {prepared['difference']:.0e} of their norm. One thread each. Times are "
        f"of the processor, in milliseconds: medians of {ROUNDS} rounds for the encoder and of {FEW_ROUNDS} for the "
        "decoder alone, candidates in turn, and one round for batches. Each candidate is in a process of its own.",
        "",
        f"A token's time is the difference of texts of {LONG} and of {SHORT} tokens. To begin a text, the decoder "
        "reads the encoder's states and the prompt. Candidates with the same decoder have its figures once "
        "measured. The product decodes float32 window by window; the column on batches has it all the same. “Error” is "
        "the mean change of the probabilities of the tokens of the reference recording (accuracy.py). “States from "
        "float32” is the norm of the difference of the encoder's states, divided by their norm in CTranslate2 float32. "
        "The resident memory of two libraries, or of two precisions, is that of both: CTranslate2 cannot load half a "
        "model. Encoders of other libraries are measured once with each kind of instructions: what CT2_USE_MKL decides "
        "does not touch them.",
        "",
    ]


def _libraries(folder: Path) -> Section:
    return Section(
        "Which instructions the libraries honour",
        "What they print when a model is loaded and a window is encoded. ONNX Runtime has no such setting: its kernels "
        "are those of this machine in every set, and its times under AVX2 are too good. PyTorch multiplies float32 by "
        "its own MKL, which follows MKL_ENABLE_INSTRUCTIONS, under every set. A real older processor also has other "
        "clocks, caches and memory: compare candidates within a set, not sets.",
        ("instructions", "environment", "8-bit products of CTranslate2", "oneDNN", "MKL", "PyTorch", "sums exact"),
        [probe_libraries(folder, name) for name in SETS],
    )


def _parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Whisper on CPUs in each engine.")
    parser.add_argument("model", nargs="?", help="a folder with a Whisper; without one the weights are random")
    parser.add_argument("--write", action="store_true", help="write the page in docs/measurements")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run the benchmark and print its tables; write the page with `--write`."""
    options = _parse_arguments(arguments)
    began = f"{describe_machine()}; {describe_packages(*_PACKAGES)}"
    print(began)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = CandidateProcess.run_once(folder, "prepare", {}, *([options.model] if options.model else []))
        sections, found = [_libraries(folder)], dict[str, Sequence[Row]]()
        for each in SETS:
            found[each] = measure_set(folder, each, trained=prepared["trained"])
            sections.append(build_set_section(each, found[each], trained=prepared["trained"]))
            print(sections[-1].markdown(), flush=True)
    if prepared["trained"]:
        sections.append(build_texts_section(found))
    text = render_page(_build_head(began, prepared), [build_conclusions(found, trained=prepared["trained"]), *sections])
    print(text)
    if options.write:
        (ROOT / "docs" / "measurements" / "benchmarks-engines.md").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])

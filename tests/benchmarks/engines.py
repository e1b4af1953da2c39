"""`make bench-engines [MODEL=folder]`: what Whisper costs on CPUs in each engine, and how far it is from float32.

`--write` writes docs/benchmarks-engines.md. A folder is a Whisper in the form of CTranslate2 or of Hugging Face;
without one the weights are random. Older processors are put in place of this one by what the libraries read from the
environment. All candidates of a set are in memory at once, in processes of their own, and are asked in turn.
"""

from __future__ import annotations

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
from tests.benchmarks.engines_candidates import BATCH, CANDIDATES, DECODERS, LONG, NOISES, SHORT, Child, clips, in_pairs
from tests.benchmarks.report import Section, machine, middle, packages, page
from tests.faults.rig import ROOT

_AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
HERE, OLD_AMD = "this machine as it is", "AVX2, as on older AMD"
SETS: Mapping[str, Mapping[str, str]] = {
    HERE: {},
    "oneDNN without MKL, as on AMD": {"CT2_USE_MKL": "0"},
    OLD_AMD: {**_AVX2, "CT2_USE_MKL": "0", "CT2_FORCE_CPU_ISA": "AVX2"},
    "AVX2, as on older Intel": _AVX2,
}
#: What CT2_USE_MKL decides touches no other library: their encoders are measured once with each kind of instructions.
MEASURED: Mapping[str, Sequence[str]] = {
    name: tuple(CANDIDATES) if name in (HERE, OLD_AMD) else tuple(CANDIDATES)[:4] for name in SETS
}
#: Where texts are compared, and by whom: what is in float32 writes the same everywhere.
HEARD: Mapping[str, Sequence[str]] = {HERE: tuple(CANDIDATES), OLD_AMD: tuple(CANDIDATES)[:4]}
ROUNDS, FEW_ROUNDS = 5, 3
#: Tokens of the window whose whole cost is told.
TEXT = 50
_LOUD = {"CT2_VERBOSE": "1", "ONEDNN_VERBOSE": "1", "MKL_VERBOSE": "1"}
_PACKAGES = ("ctranslate2", "torch", "onnxruntime", "transformers")
#: States that differ by less do so by rounding alone.
_ROUNDING = 1e-3
_FLOAT32, _NONE = next(iter(CANDIDATES)), "–"


@dataclass
class Row:
    """What was measured of a candidate under a set of instructions."""

    name: str
    told: dict[str, Any]
    encode: list[float] = field(default_factory=list)
    #: Milliseconds to begin a window and for a token, for each round; empty where another candidate has this decoder.
    alone: list[Sequence[float]] = field(default_factory=list)
    together: list[Sequence[float]] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    heard: dict[str, Any] = field(default_factory=dict)

    @property
    def is_offered(self) -> bool:
        return bool(self.told["offered"])

    def window(self) -> float:
        """Milliseconds for a window of `TEXT` tokens as the product runs it: in batches where integers allow it."""
        rounds = self.together if self.found["alike"] and self.told["precision"] != "float32" else self.alone
        begin, token = (middle([each[number] for each in rounds]) for number in (0, 1))
        return middle(self.encode) + begin + TEXT * token


# -- measuring --------------------------------------------------------------------------------------------------------
def probed(folder: Path, name: str) -> Sequence[str]:
    """What the libraries say that they use under a set, as a row."""
    with tempfile.TemporaryDirectory() as logs:
        for each in ("forms.json", "published", "cache"):
            (Path(logs) / each).symlink_to(folder / each)
        told = Child.once(Path(logs), "probe", {**SETS[name], **_LOUD})
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
        told["torch"],
        _yes(told["exact"]),
    )


def measured_set(folder: Path, name: str, *, trained: bool) -> list[Row]:
    """All candidates under one set of instructions, their rounds in turn."""
    with ExitStack() as stack:
        children: dict[str, Child] = {}
        for candidate in MEASURED[name]:
            child = children[candidate] = Child(folder, candidate, SETS[name])
            stack.callback(child.close)
        rows = {candidate: Row(candidate, child.answer()) for candidate, child in children.items()}
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
        for key, answer in in_pairs(children, list(offered), "examine"):
            rows[key].found = answer
        heard = [key for key in offered if trained and key in HEARD.get(name, ())]
        for key, answer in in_pairs(children, heard, "hear"):
            rows[key].heard = answer
    for row in offered.values():
        same = next(rows[key] for key in DECODERS if rows[key].told["precision"] == row.told["precision"])
        row.alone, row.together = same.alone, same.together
    return list(rows.values())


# -- telling ----------------------------------------------------------------------------------------------------------
def set_section(name: str, rows: Sequence[Row], *, trained: bool) -> Section:
    """The first table, for one set."""
    empty = middle([row.told["empty_mib"] for row in rows if row.is_offered])
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
        away = (f"{row.found['error']:.4f}", f"{row.found['difference']:.4f}") if trained else (_NONE, _NONE)
        section.rows.append(
            (
                row.name,
                row.told["precision"],
                _yes(row.told["exact"]),
                f"{middle(row.encode):,.0f}",
                f"{middle([each[0] for each in row.alone]):,.0f}",
                *(f"{middle(each):.1f}" for each in figures),
                f"{row.window():,.0f}",
                f"{row.told['resident_mib']:,.0f}",
                *away,
                _yes(row.found["alike"]),
            )
        )
    return section


def texts_section(found: Mapping[str, Sequence[Row]]) -> Section:
    """The second table: words."""
    import jiwer
    from whisper_normalizer.english import EnglishTextNormalizer

    plain = EnglishTextNormalizer()
    truth = [plain(text) for _, text in clips()]
    section = Section(
        "More speech under noise",
        f"{len(truth)} passages of three voices of Flite, {sum(len(text.split()) for text in truth)} words, under "
        f"{', '.join(f'{kind} noise at {ratio} dB' for kind, ratio in NOISES)} in turn; greedy, no timestamps. "
        "Clips in which a candidate of the set writes a loop, or float32 writes nothing, are counted and left out "
        "for all.",
        ("instructions", "", "words unlike float32's", "word error rate", "its clips with a loop", "clips compared"),
    )
    for name, names in HEARD.items():
        rows = [row for row in found[name] if row.heard and row.name in names]
        texts = {row.name: [plain(text) for text in row.heard["texts"]] for row in rows}
        kept = [
            at for at in range(len(truth)) if texts[_FLOAT32][at] and not any(row.heard["loops"][at] for row in rows)
        ]
        for row in rows:
            said = [texts[row.name][at] for at in kept]
            rates = [jiwer.wer([wanted[at] for at in kept], said) for wanted in (texts[_FLOAT32], truth)]
            section.rows.append(
                (
                    name,
                    row.name,
                    *(f"{100 * rate:.1f} %" for rate in rates),
                    str(sum(row.heard["loops"])),
                    str(len(kept)),
                )
            )
    rate = jiwer.wer([truth[at] for at in kept], [texts[_FLOAT32][at] for at in kept])
    chance = 200 * (rate * (1 - rate) / sum(len(truth[at].split()) for at in kept)) ** 0.5
    section.reading = (
        f"With so few words, word error rates that differ by less than {chance:.0f} points may do so by chance."
    )
    return section


def conclusions(found: Mapping[str, Sequence[Row]], *, trained: bool) -> Section:
    """What follows, said from the figures."""
    section = Section("What follows", "", ("instructions", "the product takes", "a window", "float32", "error"))
    for name, rows in found.items():
        by_name = {row.name: row for row in rows}
        first = by_name[DECODERS[1] if by_name[_FLOAT32].told["exact"] else tuple(CANDIDATES)[3]]
        chosen = first if not trained or first.found["error"] <= PROBABILITY_LIMIT else by_name[_FLOAT32]
        error = f"{chosen.found['error']:.4f}" if trained else _NONE
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
    whole, full, reduced, mixed = (old[name] for name in tuple(CANDIDATES)[:4])
    exact = [
        row.found["error"]
        for row in old.values()
        if row.told["precision"] == reduced.told["precision"] and row.found["difference"] < _ROUNDING
    ]
    best = min((row for row in here.values() if row.name not in DECODERS), key=Row.window)
    taken = here[DECODERS[1]]
    return (
        f"Under the instructions of older AMD processors, weights of the full range have an error of "
        f"{full.found['error']:.3f} and come out {'' if full.found['alike'] else 'un'}alike in batches; weights of 7 "
        f"bits have an error of {reduced.found['error']:.3f}. Encoders in float32, which differ by rounding alone, "
        f"give decoders of 7 bits errors of {min(exact):.3f} to {max(exact):.3f}: smaller differences mean nothing. "
        f"With an encoder in float32 and a decoder of 7 bits a window takes {mixed.window() / whole.window():.2f} × "
        f"the time of float32 there, and {mixed.window() / full.window():.2f} × that of 8 bits whose sums are cut; "
        f"both models are in memory, {mixed.told['resident_mib']:,.0f} MiB instead of "
        f"{whole.told['resident_mib']:,.0f} MiB for float32 alone. The engine `ctranslate2-int8` takes 7 bits for "
        f"both: {reduced.told['resident_mib']:,.0f} MiB, {reduced.window() / whole.window():.2f} × that of float32. "
        f"On this machine as it is, the cheapest with another library is “{best.name}”: {best.window():,.0f} ms for a "
        f"window, {middle(best.encode):,.0f} ms of them for the encoder, where “{taken.name}” takes "
        f"{middle(taken.encode):,.0f} ms. The product takes another library only where `engine` in models.toml names "
        "it: the weights have to be in the form of Hugging Face then, and PyTorch has to be installed."
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# -- the page ---------------------------------------------------------------------------------------------------------
def _head(began: str, told: Mapping[str, Any]) -> list[str]:
    weights = (
        "Trained weights of a Whisper"
        if told["trained"]
        else "Random weights of the real size of Whisper base: they cost what trained ones cost; errors mean nothing "
        "and are left out"
    )
    return [
        "# Benchmarks: engines for Whisper on CPUs",
        "",
        f"Written by `make bench-engines` on {datetime.now(UTC):%Y-%m-%d}. {began}.",
        "",
        f"{weights} ({told['shape']}). All candidates have the same numbers as their source: PyTorch's states in "
        f"float32 differ from CTranslate2's by {told['difference']:.0e} of their norm. One thread each. Times are of "
        f"the processor, in milliseconds: medians of {ROUNDS} rounds for the encoder and of {FEW_ROUNDS} for the "
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
        [probed(folder, name) for name in SETS],
    )


def main(arguments: Sequence[str]) -> None:
    """Run, print and perhaps write."""
    source = next((name for name in arguments if name != "--write"), None)
    began = f"{machine()}; {packages(*_PACKAGES)}"
    print(began)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = Child.once(folder, "prepare", {}, *([source] if source else []))
        sections, found = [_libraries(folder)], dict[str, Sequence[Row]]()
        for each in SETS:
            found[each] = measured_set(folder, each, trained=told["trained"])
            sections.append(set_section(each, found[each], trained=told["trained"]))
            print(sections[-1].markdown(), flush=True)
    if told["trained"]:
        sections.append(texts_section(found))
    text = page(_head(began, told), [conclusions(found, trained=told["trained"]), *sections])
    print(text)
    if "--write" in arguments:
        (ROOT / "docs" / "benchmarks-engines.md").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The speed of Wav2Vec2 base compared with transformers: random weights, published size, equal sound and threads."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.families.wav2vec2 import load
from pipelines.families.wav2vec2.alphabet import read_alphabet
from pipelines.families.wav2vec2.beam import load_beam
from pipelines.families.wav2vec2.ctc import collapse_path, find_best_path, join_letters
from pipelines.family import TranscriptionInput
from tests.audio_factories import load_jfk
from tests.benchmarks.report import Section, format_range, median
from tests.wav2vec2_checkpoint import FOLDER, make_entry

THREADS = 2
#: Seconds of sound in a round, in windows of so many seconds.
SOUND_S, WINDOWS_S = 30, (10, 30)
ROUNDS = 5
#: Words of the lexicon for the beam search, and words a second of the speech that it searches.
LEXICON, WORDS_PER_S = 20_000, 2.5
RATE = 16_000


_METHOD = (
    f"Random weights of the real size (95 million), {SOUND_S} s of sound in windows of {WINDOWS_S[0]} s and of "
    f"{WINDOWS_S[1]} s, {THREADS} threads, greedy; from samples to text. transformers' model and tokenizer give text "
    f"alone, this family also words with times and confidence. {ROUNDS} rounds, candidates in turn; median (range). "
    "Processor time does not count what other processes of the machine take; the last column compares it."
)


def measure_wav2vec2() -> Section:
    """The table of `make bench-stt` about Wav2Vec2."""
    columns = ("", *(f"{length} s windows" for length in WINDOWS_S), "processor seconds per 30 s", "× transformers")
    section = Section("Wav2Vec2 base: seconds of sound transcribed in a second", _METHOD, columns)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # The cache of the exported graph is not kept.
        patch.setenv("XDG_CACHE_HOME", folder)
        model = _write_base(Path(folder) / "base")
        candidates = {"transformers, float32": _transformers(model)}
        for engine in ("torch", "torch-float32", "onnx"):
            family = load(make_entry(model, engine=engine, threads=THREADS), "cpu")
            candidates[f"this family, {family.engine}"] = _family(family)
        _compare(section, candidates)
        _measure_search(section, model, Path(folder))
    return section


def _compare(section: Section, candidates: dict[str, Callable[[list[np.ndarray]], Any]]) -> None:
    rates: dict[tuple[str, int], list[float]] = {}
    costs: dict[str, list[float]] = {}
    for length in WINDOWS_S:
        windows = _split_windows(length)
        for transcribe in candidates.values():
            transcribe(windows)
        for _ in range(ROUNDS):
            for name, transcribe in candidates.items():
                began, cost = time.perf_counter(), time.process_time()
                transcribe(windows)
                rates.setdefault((name, length), []).append(SOUND_S / (time.perf_counter() - began))
                costs.setdefault(name, []).append(time.process_time() - cost)
    reference = median(costs[next(iter(candidates))])
    gains = {name: reference / median(cost) for name, cost in costs.items()}
    for name in candidates:
        speeds = [format_range(rates[name, length], 1) for length in WINDOWS_S]
        section.rows.append((name, *speeds, format_range(costs[name], 2), f"{gains[name]:.2f}"))
    best = max(list(candidates)[1:], key=lambda name: gains[name])
    section.reading = (
        f"Cheapest: {best}, {gains[best]:.1f} × transformers in float32 by processor time, "
        + " and ".join(
            f"{median(rates[best, length]) / median(rates[next(iter(candidates)), length]):.1f} × by the clock on "
            f"windows of {length} s"
            for length in WINDOWS_S
        )
        + "."
    )


def _measure_search(section: Section, model: Path, folder: Path) -> None:
    """Measure the search alone, on clear speech: posteriors of 0.9 along random words of a large lexicon."""
    entry = make_entry(model, components={"language_model": str(_write_language_model(folder / "words.arpa"))})
    scores = _make_log_posteriors(entry, model)
    alphabet = read_alphabet(entry, model, {"vocab_size": 32, "pad_token_id": 0})
    beam = load_beam(entry, alphabet)
    assert beam is not None
    ways: dict[str, Callable[[], Any]] = {
        "greedy search alone": lambda: list(join_letters(collapse_path(find_best_path(scores), scores, 0), alphabet)),
        f"beam search alone, {LEXICON:,} words, bigrams": lambda: beam.words(scores),
    }
    for name, way in ways.items():
        spent = []
        for _ in range(ROUNDS):
            began = time.process_time()
            way()
            spent.append(time.process_time() - began)
        section.rows.append((name, "", "", f"{median(spent):.3f}", ""))


def _transformers(model: Path) -> Callable[[list[np.ndarray]], Any]:
    import torch
    from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

    torch.set_num_threads(THREADS)
    network = Wav2Vec2ForCTC.from_pretrained(model, local_files_only=True).eval()
    processor = Wav2Vec2Processor.from_pretrained(model, local_files_only=True)

    def transcribe(windows: list[np.ndarray]) -> list[str]:
        texts = []
        with torch.inference_mode():
            for samples in windows:
                sound = samples.astype(np.float32) / 32_768
                values = processor(sound, sampling_rate=RATE, return_tensors="pt").input_values
                texts += processor.batch_decode(network(values).logits.argmax(-1))
        return texts

    return transcribe


def _family(family: Any) -> Callable[[list[np.ndarray]], Any]:
    return lambda windows: family.transcribe([TranscriptionInput(samples) for samples in windows], lambda: None)


def _split_windows(seconds: int) -> list[np.ndarray]:
    sound = np.resize(load_jfk(), SOUND_S * RATE)
    return np.split(sound, SOUND_S // seconds)


def _write_base(folder: Path) -> Path:
    """A model of the published size, with the fixture's tokenizer."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    torch.manual_seed(7)
    Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=32)).save_pretrained(folder)
    for name in ("vocab.json", "tokenizer_config.json", "special_tokens_map.json", "preprocessor_config.json"):
        (folder / name).write_bytes((FOLDER / name).read_bytes())
    return folder


def _lexicon() -> list[str]:
    random = np.random.default_rng(5)
    spelled = {"".join(random.choice(list("ETAONIHSRDLUMWCFGYPBVK"), random.integers(2, 10))) for _ in range(LEXICON)}
    return sorted(spelled)


def _write_language_model(path: Path) -> Path:
    lexicon = _lexicon()
    random = np.random.default_rng(6)
    pairs = {tuple(random.choice(lexicon, 2)) for _ in range(LEXICON)}
    lines = ["\\data\\", f"ngram 1={len(lexicon) + 3}", f"ngram 2={len(pairs)}", "", "\\1-grams:"]
    lines += ["-6\t<unk>", "-99\t<s>\t-0.5", "-1\t</s>", *(f"-4\t{word}\t-0.3" for word in lexicon), "", "\\2-grams:"]
    lines += [*(f"-1\t{first} {second}" for first, second in sorted(pairs)), "", "\\end\\", ""]
    path.write_text("\n".join(lines))
    return path


def _make_log_posteriors(entry: Entry, model: Path) -> np.ndarray:
    """Log posteriors of 30 s: 50 frames a second, a letter and a blank in turn, a pause behind each word."""
    numbers = json.loads((model / "vocab.json").read_text())
    path: list[int] = []
    for word in np.random.default_rng(8).choice(_lexicon(), int(SOUND_S * WORDS_PER_S)):
        for letter in word:
            path += [numbers[letter], 0]
        path += [numbers["|"], 0]
    path = [*path, *[0] * (SOUND_S * 50)][: SOUND_S * 50]
    rows = np.full((len(path), len(numbers)), 0.1 / (len(numbers) - 1))
    rows[np.arange(len(path)), path] = 0.9
    return np.log(rows).astype(np.float32)

"""Four families compared with transformers' own models: published sizes, random weights, fixed lengths."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import SynthesisEntry
from tests.benchmarks.report import Section, format_range, median

#: One thread: several threads spin while they wait for each other, which is slow on a busy machine.
THREADS, ROUNDS = 1, 3
#: Sentences of a batch, symbols of a sentence, frames of a symbol.
BATCH, SYMBOLS, FRAMES = 16, 40, 5
_COLUMNS = ("", "real-time factor", "processor seconds for a second of sound", "× the first line, in processor time")


def tick() -> None:
    """A tick that does nothing."""


def measure_fastspeech2() -> Section:
    """FastSpeech2 and HiFi-GAN, a sentence at a time and sixteen together."""
    from transformers import (
        FastSpeech2ConformerConfig,
        FastSpeech2ConformerHifiGan,
        FastSpeech2ConformerHifiGanConfig,
        FastSpeech2ConformerModel,
    )

    from pipelines.catalog.vocoder_settings import VocoderSettings
    from pipelines.families.fastspeech2.network import FastSpeech2Network, Row
    from pipelines.vocoders.hifigan import ESPNET_MEL
    from pipelines.vocoders.selection import VocoderSelection

    section = Section(
        "FastSpeech2 (Conformer) with HiFi-GAN",
        f"A sentence of {SYMBOLS} symbols, each lasting {FRAMES} frames, {THREADS} thread, {ROUNDS} rounds. The first "
        "line is what `FastSpeech2ConformerWithHifiGan` does: model, then vocoder, in float32. The last two are the "
        f"acoustic model alone, for {BATCH} such sentences.",
        _COLUMNS,
    )
    torch.manual_seed(1)
    model = FastSpeech2ConformerModel(FastSpeech2ConformerConfig()).eval().requires_grad_(False)
    model.duration_predictor.linear.weight.zero_()
    model.duration_predictor.linear.bias.fill_(float(np.log(FRAMES + 1)))
    hifigan = FastSpeech2ConformerHifiGan(FastSpeech2ConformerHifiGanConfig()).eval().requires_grad_(False)
    ids = _symbols(2, 76)
    network, seconds = FastSpeech2Network(_copy_module(model)), SYMBOLS * FRAMES * 256 / 22_050

    def library() -> float:
        with torch.inference_mode():
            hifigan(model(torch.tensor(ids[:1]), return_dict=True).spectrogram)
        return seconds

    def ours(vocoders: VocoderSelection) -> Callable[[], float]:
        def run() -> float:
            vocoders.synthesise([None], [network.synthesise([Row(ids[0])], tick)[0].mel], [0], tick)
            return seconds

        return run

    def acoustic(size: int) -> Callable[[], float]:
        def run() -> float:
            for first in range(0, BATCH, size):
                network.synthesise([Row(row) for row in ids[first : first + size]], tick)
            return BATCH * seconds

        return run

    with tempfile.TemporaryDirectory() as folder:
        hifigan.save_pretrained(folder)
        entry = _entry("fastspeech2", components={"vocoder": folder})
        cpu = torch.device("cpu")
        candidates = {"transformers, float32": library}
        for precision in (None, "float32"):
            vocoders = VocoderSelection(entry, cpu, ESPNET_MEL, VocoderSettings(precision=precision))
            candidates[f"this family, vocoder {vocoders.get(None).engine}"] = ours(vocoders)
        candidates["this family, mel alone, one by one"] = acoustic(1)
        candidates[f"this family, mel alone, {BATCH} together"] = acoustic(BATCH)
        times = _compare(section, candidates)
    section.reading = (
        f"{BATCH} sentences together: {_format_gain(times, -2, -1)} times as fast as one by one by the clock, "
        f"{_format_gain(times, -2, -1, clock=1)} times in processor time."
    )
    return section


def measure_vits() -> Section:
    """VITS at the size of LJ Speech and MMS."""
    from transformers import VitsConfig, VitsModel

    from pipelines.engines.transformers_checkpoint import load_pretrained
    from pipelines.families.vits.network import Row, VitsNetwork

    sentences, symbols = 2, SYMBOLS // 2
    section = Section(
        "VITS",
        f"{sentences} sentences of {symbols} symbols with a blank beside each, all lasting {FRAMES // 2 + 1} frames, "
        f"{THREADS} thread, {ROUNDS} rounds. transformers computes in float32.",
        _COLUMNS,
    )
    torch.manual_seed(1)
    settings = VitsConfig(use_stochastic_duration_prediction=False, vocab_size=178, sampling_rate=22_050)
    model = VitsModel(settings).eval().requires_grad_(False)
    model.duration_predictor.proj.weight.zero_()
    model.duration_predictor.proj.bias.fill_(float(np.log(FRAMES // 2 + 0.5)))
    ids = [[number for symbol in row[:symbols] for number in (symbol, 0)] for row in _symbols(1, 170)[:sentences]]
    # A copy of a module with weight norms shares its class, so that folding would change both: load it again instead.
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        network = VitsNetwork(load_pretrained(_entry("vits", {}), VitsModel, Path(folder), "cpu"))
    seconds = sum(len(row) for row in ids) * (FRAMES // 2 + 1) * 256 / 22_050

    def library() -> float:
        with torch.inference_mode():
            for row in ids:
                model(torch.tensor([row]))
        return seconds

    def ours(size: int) -> Callable[[], float]:
        def run() -> float:
            for first in range(0, len(ids), size):
                network.synthesise([Row(row, None, 1.0, 0.667, 0.8, 7) for row in ids[first : first + size]], tick)
            return seconds

        return run

    candidates = {
        "transformers": library,
        "this family, one by one": ours(1),
        f"this family, {len(ids)} together": ours(len(ids)),
    }
    _compare(section, candidates)
    section.reading = (
        "Nearly all of the work is the decoder, a HiFi-GAN that one sentence fills the processor with: batches save "
        "little on a CPU."
    )
    return section


def measure_speecht5() -> Section:
    """SpeechT5's spectrograms: the library's loop, and rows that grow together."""
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech

    from pipelines.families.speecht5.network import Row, SpeechT5Network

    rounds, letters, rows = 2, 8, 4
    section = Section(
        "SpeechT5, spectrogram alone",
        f"{rows} sentences of {letters} characters that never end by themselves: {letters * 10} steps of two frames "
        f"each, {THREADS} thread, {rounds} rounds, float32. The vocoder is the same HiFi-GAN as above.",
        _COLUMNS,
    )
    torch.manual_seed(1)
    model = SpeechT5ForTextToSpeech(SpeechT5Config()).eval().requires_grad_(False)
    model.speech_decoder_postnet.prob_out.bias.fill_(-100.0)
    network = SpeechT5Network(model)
    vector = np.random.default_rng(1).normal(size=512).astype(np.float32)
    ids = [row[:letters] for row in _symbols(5, 80)[:rows]]
    seconds = rows * letters * 10 * 2 * 256 / 16_000

    def library() -> float:
        for row in ids:
            model.generate_speech(torch.tensor([row]), torch.from_numpy(vector)[None])
        return seconds

    def ours(size: int) -> Callable[[], float]:
        def run() -> float:
            for first in range(0, rows, size):
                network.synthesise(
                    [Row(row, vector, number) for number, row in enumerate(ids[first : first + size])], tick
                )
            return seconds

        return run

    candidates = {
        "transformers": library,
        "this family, one by one": ours(1),
        f"this family, {rows} together": ours(rows),
    }
    times = _compare(section, candidates, rounds=rounds)
    section.reading = (
        f"{rows} sentences together: {_format_gain(times, 1, 2, clock=1)} times as fast in processor time."
    )
    return section


def measure_bark() -> Section:
    """Bark small, all four stages."""
    from transformers import BarkConfig, BarkModel, EncodecConfig

    from pipelines.families.bark.network import BarkNetwork, Row

    rounds, tokens, rows = 0, 25, 2
    section = Section(
        "Bark small, text to sound",
        f"{tokens} semantic tokens (half a second) for each of {rows} sentences, the likeliest token every time, "
        f"{THREADS} thread, one cold round, float32. The last stage fills windows of 13.7 s whatever the "
        "length is: longer sentences have a better factor.",
        _COLUMNS,
    )
    torch.manual_seed(1)
    model = BarkModel(
        BarkConfig(
            semantic_config={"input_vocab_size": 129_600, "output_vocab_size": 10_048},
            coarse_acoustics_config={"input_vocab_size": 12_096, "output_vocab_size": 12_096},
            fine_acoustics_config={"input_vocab_size": 1056, "output_vocab_size": 1056},
            codec_config=EncodecConfig().to_dict(),
        )
    )
    model = model.eval().requires_grad_(False)
    # The end is never the most likely token.
    model.semantic.lm_head.weight[10_000].zero_()
    for name, value in (
        ("semantic_config", {"max_new_tokens": tokens, "eos_token_id": 10_000}),
        ("coarse_acoustics_config", {}),
        ("fine_acoustics_config", {}),
        ("codebook_size", 1024),
        ("sample_rate", 24_000),
    ):
        setattr(model.generation_config, name, value)
    network = BarkNetwork(model)
    ids = [row[:40] for row in _symbols(100, 10_000)[:rows]]
    seconds = rows * (tokens * 150 / 49.9 // 2) / 75

    def library() -> float:
        for row in ids:
            text, mask = torch.zeros(1, 256, dtype=torch.long), torch.zeros(1, 256, dtype=torch.long)
            text[0, : len(row)], mask[0, : len(row)] = torch.tensor(row), 1
            model.generate(input_ids=text, attention_mask=mask)
        return seconds

    def ours(size: int) -> Callable[[], float]:
        def run() -> float:
            for first in range(0, rows, size):
                network.synthesise([Row(row, None, torch.Generator()) for row in ids[first : first + size]], tick)
            return seconds

        return run

    candidates = {"transformers, one by one": library, f"this family, {rows} together": ours(rows)}
    _compare(section, candidates, rounds=rounds)
    return section


# -- the comparison ----------------------------------------------------------------------------------------------------
Times = list[tuple[list[float], list[float]]]


def _compare(section: Section, candidates: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> Times:
    """Fill the section. A candidate returns the seconds of sound that it made.

    Returns, for each candidate in order, seconds of wall and of CPU time for a second of sound.
    """
    torch.set_num_threads(THREADS)
    times: Times = [([], []) for _ in candidates]
    for turn in range(rounds + 1):  # rounds = 0: one cold round
        for run, (wall_times, processors) in zip(candidates.values(), times, strict=True):
            wall, processor = time.perf_counter(), time.process_time()
            made_s = run()
            if turn or not rounds:  # the first round warms up
                wall_times.append((time.perf_counter() - wall) / made_s)
                processors.append((time.process_time() - processor) / made_s)
    for number, (name, clocks) in enumerate(zip(candidates, times, strict=True)):
        section.rows.append(
            (name, *(format_range(clock, 3) for clock in clocks), _format_gain(times, 0, number, clock=1))
        )
    return times


def _format_gain(times: Times, slow: int, fast: int, *, clock: int = 0) -> str:
    return f"{median(times[slow][clock]) / median(times[fast][clock]):.2f}"


def _symbols(low: int, high: int) -> list[list[int]]:
    return np.random.default_rng(3).integers(low, high, (BATCH, SYMBOLS)).tolist()


def _entry(family: str, components: dict[str, str]) -> SynthesisEntry:
    import dataclasses

    return dataclasses.replace(Catalog().get(family, "tts"), components=components, threads=THREADS)


def _copy_module(model: Any) -> Any:
    """A deep copy, since a family changes the modules that it gets."""
    import copy

    return copy.deepcopy(model)

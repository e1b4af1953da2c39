"""The speed of the vocoders, of Tacotron 2 and of YourTTS: published sizes, random weights, equal threads.

HiFi-GAN is compared with transformers' own, and with ONNX Runtime on the same graph and tensors. Tacotron 2 and
YourTTS, which transformers does not have, are compared one sentence at a time with several at once.
"""

from __future__ import annotations

import json
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.engines.onnx_engine import create_session
from pipelines.families.tacotron2.decoder import Decoder
from pipelines.families.tacotron2.dimensions import Tacotron2Dimensions
from pipelines.families.tacotron2.family import SeededDropout
from pipelines.families.tacotron2.network import Tacotron2Network
from pipelines.families.yourtts.dimensions import YourTtsDimensions
from pipelines.families.yourtts.network import Row, YourTtsNetwork
from pipelines.vocoders import hifigan, melgan, waveglow
from pipelines.vocoders.chunked_inference import split_frames, synthesise_batch
from pipelines.vocoders.griffinlim import GriffinLimVocoder
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import ChunkedModel, FrameContext
from tests.benchmarks.report import Section, format_range, median
from tests.checkpoints import FIXTURES, make_entry

THREADS = 1
ROUNDS = 3
#: Frames of 256 samples at 22,050 Hz in a chunk for a vocoder: 3 s.
FRAMES = 256
SECONDS = FRAMES * 256 / 22_050
#: Sentences in a batch of Tacotron 2, symbols and frames of each.
SENTENCES, SYMBOLS, STEPS = 16, 60, 24
#: Sentences of YourTTS, ids of each (every other one a blank), and the frames that each id lasts.
VOICES, IDS, LASTING = 8, 61, 2
#: Settings of the published model that are smaller in the fixture's config.
_YOURTTS_SIZES = {
    "hidden_channels": 192,
    "hidden_channels_ffn_text_encoder": 768,
    "num_layers_text_encoder": 10,
    "num_layers_flow": 4,
    "upsample_initial_channel_decoder": 512,
}

_SAME = (
    f"Random weights of the real size, {THREADS} thread. {ROUNDS} rounds, candidates in turn; median (range). "
    "Processor time leaves out what other processes of the machine take."
)


def measure_vocoders() -> list[Section]:
    """The tables of `make bench-tts` about vocoders, Tacotron 2 and YourTTS."""
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    try:
        return [section() for section in (_measure_hifigan, _measure_tacotron2, _measure_yourtts, _compare_vocoders)]
    finally:
        torch.set_num_threads(threads)


def _measure_hifigan() -> Section:
    config = json.loads((FIXTURES / "hifigan" / "config.json").read_text()) | {"upsample_initial_channel": 512}
    mel = torch.randn(1, 80, FRAMES)
    weights = hifigan.HifiGanGenerator(hifigan.HifiGanDimensions.from_config(config)).state_dict()

    def ours(precision: str) -> hifigan.HifiGanVocoder:
        generator = hifigan.HifiGanGenerator(hifigan.HifiGanDimensions.from_config(config))
        generator.load_state_dict(weights)
        return hifigan.HifiGanVocoder(generator, MelConvention(), settings=VocoderSettings(precision=precision))

    quick, exact, theirs = ours("bfloat16"), ours("float32"), _transformers(weights)
    with tempfile.TemporaryDirectory() as folder:
        session = _export_session(
            hifigan.HifiGanDimensions.from_config(config), weights, mel, Path(folder) / "hifigan.onnx"
        )
        candidates: Mapping[str, Callable[[], Any]] = {
            "transformers, torch float32": lambda: theirs(mel.transpose(1, 2)),
            "ONNX Runtime, float32": lambda: session.run(None, {"mel": mel.numpy()}),
            "this one, float32": lambda: exact.synthesise(mel, [FrameContext()]),
            "this one, bfloat16": lambda: quick.synthesise(mel, [FrameContext()]),
        }
        wall, used = _measure(candidates)
    base = median(used["transformers, torch float32"])
    section = Section(
        "HiFi-GAN V1: seconds of sound made in a second",
        f"A chunk of {FRAMES} frames ({SECONDS:.1f} s). {_SAME}",
        ("", "seconds made in a second", "processor seconds a chunk", "× transformers"),
    )
    for name in candidates:
        rate = format_range([SECONDS / seconds for seconds in wall[name]], 2)
        section.rows.append((name, rate, format_range(used[name], 2), f"{base / median(used[name]):.2f}"))
    made, wanted = quick.synthesise(mel, [FrameContext()]), exact.synthesise(mel, [FrameContext()])
    noise = 20 * torch.log10(wanted.norm() / (made - wanted).norm())
    section.reading = f"What bfloat16 changes lies {noise:.0f} dB below the sound (random weights)."
    return section


def _transformers(weights: Mapping[str, torch.Tensor]) -> Any:
    from transformers import FastSpeech2ConformerHifiGan, FastSpeech2ConformerHifiGanConfig

    model = FastSpeech2ConformerHifiGan(FastSpeech2ConformerHifiGanConfig(normalize_before=False)).eval()
    named = {name.replace("ups.", "upsampler."): tensor for name, tensor in weights.items()}
    model.load_state_dict(named, strict=False)
    return torch.inference_mode()(model)


def _export_session(
    shape: hifigan.HifiGanDimensions, weights: Mapping[str, torch.Tensor], mel: torch.Tensor, path: Path
) -> Any:
    generator = hifigan.HifiGanGenerator(shape).eval().requires_grad_(False)
    generator.load_state_dict(weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(generator, (mel,), str(path), dynamo=False, input_names=["mel"], opset_version=17)
    return create_session(make_entry(threads=THREADS), path, "cpu")


def _compare_vocoders() -> Section:
    flow = waveglow.WaveGlow(waveglow.WaveGlowDimensions(80, 12, 8, 4, 2, 8, 256))
    for name, weight in flow.named_parameters():
        if name.startswith("convinv."):
            torch.nn.init.orthogonal_(weight)
    config = json.loads((FIXTURES / "hifigan" / "config.json").read_text()) | {"upsample_initial_channel": 512}
    vocoders: Mapping[str, tuple[ChunkedModel, int]] = {
        "HiFi-GAN V1": (
            hifigan.HifiGanVocoder(
                hifigan.HifiGanGenerator(hifigan.HifiGanDimensions.from_config(config)), MelConvention()
            ),
            300,
        ),
        "MelGAN": (melgan.MelGanVocoder(melgan.MelGanGenerator(80, 32, 3)), 300),
        "WaveGlow, 256 channels": (waveglow.WaveGlowVocoder(flow), 30),
        "Griffin-Lim, 32 rounds": (GriffinLimVocoder(MelConvention()), 900),
    }
    section = Section(
        "Vocoders: seconds of sound made in a second",
        f"Sounds of some seconds through the chunks; the first sound is that of the first chunk. {_SAME}",
        ("", "seconds made in a second", "first sound after s", "frames", "overlap, frames"),
    )
    for name, (vocoder, frames) in vocoders.items():
        mel = torch.randn(80, frames) - 4

        def whole(vocoder: ChunkedModel = vocoder, mel: torch.Tensor = mel) -> Any:
            return synthesise_batch(vocoder, [mel], [FrameContext()], _no_tick)

        def first(vocoder: ChunkedModel = vocoder, mel: torch.Tensor = mel) -> Any:
            return _synthesise_first_chunk(vocoder, mel)

        wall, _ = _measure({"whole": whole, "first": first}, rounds=2)
        rate = format_range([frames * 256 / 22_050 / seconds for seconds in wall["whole"]], 2)
        section.rows.append((name, rate, format_range(wall["first"], 2), str(frames), str(vocoder.receptive_field)))
    return section


def _synthesise_first_chunk(vocoder: ChunkedModel, mel: torch.Tensor) -> torch.Tensor:
    """What a vocoder would have to compute before its first sound; the product makes whole sentences."""
    chunk = next(split_frames(mel.shape[-1], vocoder.chunk_frames, vocoder.receptive_field))
    return vocoder.synthesise(mel[None, :, chunk.first : chunk.end], [FrameContext()])[0]


def _measure_tacotron2() -> Section:
    network = (
        Tacotron2Network(Tacotron2Dimensions(148, 512, 3, 5, 80, 256, 1024, 128, 32, 31, 1024, 512, 5, 5))
        .eval()
        .requires_grad_(False)
    )
    decoder: Decoder = network.decoder
    decoder.gate_layer.bias.fill_(-100.0)  # never stops by itself
    ids = [[(7 * row + place) % 148 for place in range(SYMBOLS)] for row in range(SENTENCES)]

    def synthesise(rows: Sequence[Sequence[int]]) -> Any:
        dropout = SeededDropout(list(range(len(rows))), network.dimensions.prenet)
        return network.synthesise(rows, dropout, _no_tick, limits=[STEPS] * len(rows))

    def one_by_one() -> None:
        for row in ids:
            synthesise([row])

    wall, used = _measure({"one by one": one_by_one, f"{SENTENCES} at once": lambda: synthesise(ids)}, rounds=3)
    sound_s = SENTENCES * STEPS * 256 / 22_050
    section = Section(
        f"Tacotron 2: {SENTENCES} sentences of {SYMBOLS} symbols and {STEPS} frames",
        f"The acoustic model alone, its gate kept shut. {_SAME}",
        ("", "seconds of mel in a second", "processor seconds", "× one by one"),
    )
    base = median(used["one by one"])
    for name in wall:
        rate = format_range([sound_s / seconds for seconds in wall[name]], 2)
        section.rows.append((name, rate, format_range(used[name], 2), f"{base / median(used[name]):.2f}"))
    return section


def _measure_yourtts() -> Section:
    arguments = json.loads((FIXTURES / "yourtts" / "config.json").read_text())["model_args"]
    network = YourTtsNetwork(YourTtsDimensions.from_config(arguments | _YOURTTS_SIZES)).eval().requires_grad_(False)
    hop, rate_hz = network.dimensions.decoder.hop, 16_000
    decoder = hifigan.HifiGanVocoder(network.waveform_decoder, MelConvention(rate_hz, hop=hop, bins=192))
    ids = [[(7 * number + place) % 165 for place in range(IDS)] for number in range(VOICES)]
    rows = [Row(own, torch.randn(512), number % 3, noise=0.3, draw=torch.randn) for number, own in enumerate(ids)]
    lasting = torch.full((IDS,), LASTING)

    def synthesise(several: Sequence[Row], *, sounds: bool) -> None:
        outputs = network.synthesise(several, [lasting] * len(several))
        if sounds:
            contexts = [FrameContext(speaker=output.speaker) for output in outputs]
            synthesise_batch(decoder, [output.latents for output in outputs], contexts, _no_tick)

    def in_groups(size: int, *, sounds: bool) -> Callable[[], None]:
        def run() -> None:
            for first in range(0, VOICES, size):
                synthesise(rows[first : first + size], sounds=sounds)

        return run

    candidates = {
        f"{part}, {how}": in_groups(size, sounds=sounds)
        for part, sounds in (("text to sound", True), ("without the decoder", False))
        for how, size in (("one by one", 1), (f"{VOICES} at once", VOICES))
    }
    wall, used = _measure(candidates)
    sound_s = VOICES * IDS * LASTING * hop / rate_hz
    section = Section(
        f"YourTTS: {VOICES} sentences of {IDS} ids, {sound_s / VOICES:.1f} s each",
        "Each sentence in a voice of its own; durations are given, and their predictor is left out. The decoder, a "
        f"HiFi-GAN, computes in {decoder.engine.partition('/')[2]}, a sentence after the other. {_SAME}",
        ("", "seconds made in a second", "processor seconds", "× one by one"),
    )
    for name in candidates:
        base = median(used[f"{name.partition(',')[0]}, one by one"])
        rate = format_range([sound_s / seconds for seconds in wall[name]], 2)
        section.rows.append((name, rate, format_range(used[name], 2), f"{base / median(used[name]):.2f}"))
    return section


def _measure(
    candidates: Mapping[str, Callable[[], Any]], *, rounds: int = ROUNDS
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of wall and of CPU time of each candidate, in turn, after a round that does not count."""
    wall: dict[str, list[float]] = {name: [] for name in candidates}
    used: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            started, worked = time.perf_counter(), time.process_time()
            run()
            if number:
                wall[name].append(time.perf_counter() - started)
                used[name].append(time.process_time() - worked)
    return wall, used


def _no_tick() -> None:
    """A tick that does nothing."""

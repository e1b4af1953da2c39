"""How fast the vocoders, Tacotron 2 and YourTTS are at the published sizes: random weights, equal threads.

HiFi-GAN stands beside transformers' own and beside ONNX Runtime on the same graph and tensors. Tacotron 2 and YourTTS,
which transformers has not, stand beside themselves: one sentence at a time, and several at once.
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

from pipelines.catalog.vocoder_settings import Knobs
from pipelines.engines.onnx_engine import onnx_session
from pipelines.families.tacotron2.decoder import Decoder
from pipelines.families.tacotron2.dimensions import Shape
from pipelines.families.tacotron2.family import SeededDropout
from pipelines.families.tacotron2.network import Network
from pipelines.families.yourtts.dimensions import Shape as YourTtsShape
from pipelines.families.yourtts.network import Network as YourTts
from pipelines.families.yourtts.network import Row
from pipelines.vocoders import hifigan, melgan, waveglow
from pipelines.vocoders.chunked_inference import render, stream
from pipelines.vocoders.griffinlim import GriffinLim
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import Place, Tiled
from tests.benchmarks.report import Section, middle, spread
from tests.checkpoints import FIXTURES, make_entry

THREADS = 1
ROUNDS = 3
#: Frames of 256 samples at 22,050 Hz: the tile that a vocoder is given, 3 s.
FRAMES = 256
SECONDS = FRAMES * 256 / 22_050
#: Sentences in a batch of the acoustic model, symbols and frames of each.
SENTENCES, SYMBOLS, STEPS = 16, 60, 24
#: Sentences of YourTTS, ids of each (every other one a blank), and the frames that each id lasts.
VOICES, IDS, LASTING = 8, 61, 2
#: What the fixture's config has smaller than the published one.
_YOURTTS_SIZES = {
    "hidden_channels": 192,
    "hidden_channels_ffn_text_encoder": 768,
    "num_layers_text_encoder": 10,
    "num_layers_flow": 4,
    "upsample_initial_channel_decoder": 512,
}

_SAME = (
    f"Random weights of the real size, {THREADS} thread. {ROUNDS} rounds, contestants in turn; median (range). "
    "Processor time leaves out what other processes of the machine take."
)


def vocoder_sections() -> list[Section]:
    """The tables of `make bench-tts` about vocoders and the models of this part."""
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    try:
        return [section() for section in (_hifigan, _tacotron2, _yourtts, _others)]
    finally:
        torch.set_num_threads(threads)


def _hifigan() -> Section:
    config = json.loads((FIXTURES / "hifigan" / "config.json").read_text()) | {"upsample_initial_channel": 512}
    mel = torch.randn(1, 80, FRAMES)
    weights = hifigan.Generator(hifigan.Shape.of(config)).state_dict()

    def ours(precision: str) -> hifigan.HifiGan:
        generator = hifigan.Generator(hifigan.Shape.of(config))
        generator.load_state_dict(weights)
        return hifigan.HifiGan(generator, MelConvention(), knobs=Knobs(precision=precision))

    quick, exact, theirs = ours("bfloat16"), ours("float32"), _transformers(weights)
    with tempfile.TemporaryDirectory() as folder:
        session = _exported(hifigan.Shape.of(config), weights, mel, Path(folder) / "hifigan.onnx")
        contestants: Mapping[str, Callable[[], Any]] = {
            "transformers, torch float32": lambda: theirs(mel.transpose(1, 2)),
            "ONNX Runtime, float32": lambda: session.run(None, {"mel": mel.numpy()}),
            "this one, float32": lambda: exact.samples(mel, [Place()]),
            "this one, bfloat16": lambda: quick.samples(mel, [Place()]),
        }
        wall, used = _measured(contestants)
    base = middle(used["transformers, torch float32"])
    section = Section(
        "HiFi-GAN V1: seconds of sound made in a second",
        f"A tile of {FRAMES} frames ({SECONDS:.1f} s). {_SAME}",
        ("", "seconds made in a second", "processor seconds a tile", "× transformers"),
    )
    for name in contestants:
        rate = spread([SECONDS / seconds for seconds in wall[name]], 2)
        section.rows.append((name, rate, spread(used[name], 2), f"{base / middle(used[name]):.2f}"))
    made, wanted = quick.samples(mel, [Place()]), exact.samples(mel, [Place()])
    noise = 20 * torch.log10(wanted.norm() / (made - wanted).norm())
    section.reading = f"What bfloat16 changes lies {noise:.0f} dB below the sound (random weights)."
    return section


def _transformers(weights: Mapping[str, torch.Tensor]) -> Any:
    from transformers import FastSpeech2ConformerHifiGan, FastSpeech2ConformerHifiGanConfig

    model = FastSpeech2ConformerHifiGan(FastSpeech2ConformerHifiGanConfig(normalize_before=False)).eval()
    named = {name.replace("ups.", "upsampler."): tensor for name, tensor in weights.items()}
    model.load_state_dict(named, strict=False)
    return torch.inference_mode()(model)


def _exported(shape: hifigan.Shape, weights: Mapping[str, torch.Tensor], mel: torch.Tensor, path: Path) -> Any:
    generator = hifigan.Generator(shape).eval().requires_grad_(False)
    generator.load_state_dict(weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(generator, (mel,), str(path), dynamo=False, input_names=["mel"], opset_version=17)
    return onnx_session(make_entry(threads=THREADS), path, "cpu")


def _others() -> Section:
    flow = waveglow.WaveGlow(waveglow.Shape(80, 12, 8, 4, 2, 8, 256))
    for mixing in flow.convinv:
        torch.nn.init.orthogonal_(mixing.conv.weight)
    config = json.loads((FIXTURES / "hifigan" / "config.json").read_text()) | {"upsample_initial_channel": 512}
    vocoders: Mapping[str, tuple[Tiled, int]] = {
        "HiFi-GAN V1": (hifigan.HifiGan(hifigan.Generator(hifigan.Shape.of(config)), MelConvention()), 300),
        "MelGAN": (melgan.MelGan(melgan.Generator(80, 32, 3)), 300),
        "WaveGlow, 256 channels": (waveglow.WaveGlowVocoder(flow), 30),
        "Griffin-Lim, 32 rounds": (GriffinLim(MelConvention()), 900),
    }
    section = Section(
        "Vocoders: seconds of sound made in a second",
        f"Sounds of some seconds through the tiles; the first sound is that of the first tile. {_SAME}",
        ("", "seconds made in a second", "first sound after s", "frames", "overlap, frames"),
    )
    for name, (vocoder, frames) in vocoders.items():
        mel = torch.randn(80, frames) - 4

        def whole(vocoder: Tiled = vocoder, mel: torch.Tensor = mel) -> Any:
            return render(vocoder, [mel], [Place()], _nobody_asks)

        def first(vocoder: Tiled = vocoder, mel: torch.Tensor = mel) -> Any:
            return next(stream(vocoder, mel))

        wall, _ = _measured({"whole": whole, "first": first}, rounds=2)
        rate = spread([frames * 256 / 22_050 / seconds for seconds in wall["whole"]], 2)
        section.rows.append((name, rate, spread(wall["first"], 2), str(frames), str(vocoder.reach)))
    return section


def _tacotron2() -> Section:
    network = Network(Shape(148, 512, 3, 5, 80, 256, 1024, 128, 32, 31, 1024, 512, 5, 5)).eval().requires_grad_(False)
    decoder: Decoder = network.decoder
    decoder.gate_layer.bias.fill_(-100.0)  # never stops by itself
    ids = [[(7 * row + place) % 148 for place in range(SYMBOLS)] for row in range(SENTENCES)]

    def spoken(rows: Sequence[Sequence[int]]) -> Any:
        dropout = SeededDropout(list(range(len(rows))), network.shape.prenet)
        return network.speak(rows, dropout, _nobody_asks, limits=[STEPS] * len(rows))

    def one_by_one() -> None:
        for row in ids:
            spoken([row])

    wall, used = _measured({"one by one": one_by_one, f"{SENTENCES} at once": lambda: spoken(ids)}, rounds=3)
    sound_s = SENTENCES * STEPS * 256 / 22_050
    section = Section(
        f"Tacotron 2: {SENTENCES} sentences of {SYMBOLS} symbols and {STEPS} frames",
        f"The acoustic model alone, its gate kept shut. {_SAME}",
        ("", "seconds of mel in a second", "processor seconds", "× one by one"),
    )
    base = middle(used["one by one"])
    for name in wall:
        rate = spread([sound_s / seconds for seconds in wall[name]], 2)
        section.rows.append((name, rate, spread(used[name], 2), f"{base / middle(used[name]):.2f}"))
    return section


def _yourtts() -> Section:
    arguments = json.loads((FIXTURES / "yourtts" / "config.json").read_text())["model_args"]
    network = YourTts(YourTtsShape.of(arguments | _YOURTTS_SIZES)).eval().requires_grad_(False)
    hop, rate_hz = network.shape.decoder.hop, 16_000
    decoder = hifigan.HifiGan(network.waveform_decoder, MelConvention(rate_hz, hop=hop, bins=192))
    ids = [[(7 * number + place) % 165 for place in range(IDS)] for number in range(VOICES)]
    rows = [Row(own, torch.randn(512), number % 3, noise=0.3, draw=torch.randn) for number, own in enumerate(ids)]
    lasting = torch.full((IDS,), LASTING)

    def spoken(several: Sequence[Row], *, sounds: bool) -> None:
        said = network.speak(several, [lasting] * len(several))
        if sounds:
            places = [Place(speaker=speaker) for speaker in network.speakers(several)]
            render(decoder, [each.hidden for each in said], places, _nobody_asks)

    def in_groups(size: int, *, sounds: bool) -> Callable[[], None]:
        def run() -> None:
            for first in range(0, VOICES, size):
                spoken(rows[first : first + size], sounds=sounds)

        return run

    contestants = {
        f"{part}, {how}": in_groups(size, sounds=sounds)
        for part, sounds in (("text to sound", True), ("without the decoder", False))
        for how, size in (("one by one", 1), (f"{VOICES} at once", VOICES))
    }
    wall, used = _measured(contestants)
    sound_s = VOICES * IDS * LASTING * hop / rate_hz
    section = Section(
        f"YourTTS: {VOICES} sentences of {IDS} ids, {sound_s / VOICES:.1f} s each",
        "Each sentence in a voice of its own; durations are given, and their predictor is left out. The decoder, a "
        f"HiFi-GAN, computes in {decoder.engine.partition('/')[2]}, a sentence after the other. {_SAME}",
        ("", "seconds made in a second", "processor seconds", "× one by one"),
    )
    for name in contestants:
        base = middle(used[f"{name.partition(',')[0]}, one by one"])
        rate = spread([sound_s / seconds for seconds in wall[name]], 2)
        section.rows.append((name, rate, spread(used[name], 2), f"{base / middle(used[name]):.2f}"))
    return section


def _measured(
    contestants: Mapping[str, Callable[[], Any]], *, rounds: int = ROUNDS
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of wall and of processor time of each, in turn, after a round that does not count."""
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    used: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            started, worked = time.perf_counter(), time.process_time()
            run()
            if number:
                wall[name].append(time.perf_counter() - started)
                used[name].append(time.process_time() - worked)
    return wall, used


def _nobody_asks() -> None:
    """The tick of a benchmark."""

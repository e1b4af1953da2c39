"""Convert checkpoints to the format of CTranslate2, and that to weights of fewer bits. Results are cached.

The first conversion needs PyTorch and transformers.
"""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

from pipelines.catalog.checkpoint import convert_cached
from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE
from pipelines.engines.ctranslate2_file import write_reduced_range
from pipelines.engines.ctranslate2_saturation import REDUCED_RANGE
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.checkpoint import WhisperCheckpoint
from pipelines.families.whisper.tokenizer import Tokenizer

from .torch_module import load_module

#: The precision of OpenAI's published weights; CTranslate2 quantises it to 8 bits when it loads the model.
_PRECISION = "float16"
WEIGHTS = "model.bin"
_COPIED = ("tokenizer.json", "generation_config.json", "preprocessor_config.json")


def convert_to_ctranslate2(entry: RecognitionEntry, checkpoint: WhisperCheckpoint, tokenizer: Tokenizer) -> Path:
    """A folder in the format of CTranslate2: the checkpoint's own, or a conversion in the user's cache.

    Raises `ModelUnavailable` when the weights do not fit, or when the libraries for the conversion are missing.
    """
    if checkpoint.published is None:
        return checkpoint.folder

    def convert(folder: Path) -> None:
        _convert(entry, checkpoint, tokenizer, folder)

    return convert_cached(checkpoint.folder, f"ctranslate2-{_PRECISION}", convert)


def convert_to_reduced_range(entry: RecognitionEntry, folder: Path) -> Path:
    """The model with 8-bit weights whose sums of products are exact on every processor, in the user's cache.

    `folder` is in the format of CTranslate2. Raises `ModelUnavailable` when its model.bin cannot be read.
    """

    def convert(target: Path) -> None:
        for path in folder.iterdir():
            if path.is_file() and path.suffix in (".json", ".txt"):
                copyfile(path, target / path.name)
        write_reduced_range(folder / WEIGHTS, target / WEIGHTS, REDUCED_RANGE)

    try:
        return convert_cached(folder, f"ctranslate2-{INT8_REDUCED_RANGE}", convert)
    except ValueError as error:
        raise ModelUnavailable(f"{entry.name}: {error}") from error


def _convert(entry: RecognitionEntry, checkpoint: WhisperCheckpoint, tokenizer: Tokenizer, folder: Path) -> None:
    module = load_module(entry, checkpoint)
    from ctranslate2.converters.transformers import WhisperLoader

    spec = WhisperLoader().get_model_spec(module)
    spec.register_vocabulary(tokenizer.vocabulary(checkpoint.config["vocab_size"]))
    spec.config.suppress_ids = list(checkpoint.suppressed)
    spec.config.suppress_ids_begin = list(checkpoint.suppressed_first)
    spec.config.lang_ids = sorted(tokenizer.languages.values())
    spec.config.alignment_heads = checkpoint.resolve_alignment_heads()
    spec.validate()
    spec.optimize(quantization=_PRECISION)
    spec.save(str(folder))
    for name in _COPIED:
        if (checkpoint.folder / name).is_file():
            copyfile(checkpoint.folder / name, folder / name)

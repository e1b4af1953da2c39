"""A published checkpoint → the form of CTranslate2; that form → the one with weights of fewer bits. Each once.

The first needs PyTorch and transformers while it converts.
"""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import converted
from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE
from pipelines.engines.ctranslate2_file import write_reduced_range
from pipelines.engines.ctranslate2_saturation import REDUCED_RANGE
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.checkpoint import Checkpoint
from pipelines.families.whisper.tokenizer import Tokenizer

from .torch_module import filled_module

#: What OpenAI published its weights in; CTranslate2 makes 8 bits of it when it loads.
_PRECISION = "float16"
WEIGHTS = "model.bin"
_COPIED = ("tokenizer.json", "generation_config.json", "preprocessor_config.json")


def ctranslate2_folder(entry: Entry, checkpoint: Checkpoint, tokenizer: Tokenizer) -> Path:
    """The folder in the form of CTranslate2: the checkpoint's own, or a conversion, kept in the user's cache.

    Raises `ModelUnavailable` when the weights do not fit, or when what converts them is not installed.
    """
    if checkpoint.published is None:
        return checkpoint.folder

    def convert(folder: Path) -> None:
        _convert(entry, checkpoint, tokenizer, folder)

    return converted(checkpoint.folder, f"ctranslate2-{_PRECISION}", convert)


def reduced_range_folder(entry: Entry, folder: Path) -> Path:
    """The same model with 8-bit weights whose products add up exactly on every processor, kept in the user's cache.

    `folder` is in the form of CTranslate2. Raises `ModelUnavailable` when its model.bin cannot be read.
    """

    def convert(target: Path) -> None:
        for path in folder.iterdir():
            if path.is_file() and path.suffix in (".json", ".txt"):
                copyfile(path, target / path.name)
        write_reduced_range(folder / WEIGHTS, target / WEIGHTS, REDUCED_RANGE)

    try:
        return converted(folder, f"ctranslate2-{INT8_REDUCED_RANGE}", convert)
    except ValueError as error:
        raise ModelUnavailable(f"{entry.name}: {error}") from error


def _convert(entry: Entry, checkpoint: Checkpoint, tokenizer: Tokenizer, folder: Path) -> None:
    module = filled_module(entry, checkpoint)
    from ctranslate2.converters.transformers import WhisperLoader

    spec = WhisperLoader().get_model_spec(module)
    spec.register_vocabulary(tokenizer.vocabulary(checkpoint.config["vocab_size"]))
    spec.config.suppress_ids = list(checkpoint.suppressed)
    spec.config.suppress_ids_begin = list(checkpoint.suppressed_first)
    spec.config.lang_ids = sorted(tokenizer.languages.values())
    spec.config.alignment_heads = checkpoint.heads()
    spec.validate()
    spec.optimize(quantization=_PRECISION)
    spec.save(str(folder))
    for name in _COPIED:
        if (checkpoint.folder / name).is_file():
            copyfile(checkpoint.folder / name, folder / name)

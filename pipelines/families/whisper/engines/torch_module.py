"""A published checkpoint as a module of transformers. Reads weights; runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import fill, weights
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.checkpoint import Checkpoint

if TYPE_CHECKING:
    from transformers import WhisperForConditionalGeneration

#: The output layer is the embedding of the tokens; files hold it once.
_OUTPUT, _EMBEDDING = "proj_out.weight", "model.decoder.embed_tokens.weight"


def filled_module(entry: Entry, checkpoint: Checkpoint) -> WhisperForConditionalGeneration:
    """The model in float32 on the CPU, every tensor from the file: none is left at random.

    Its attention is computed step by step, so that it can be looked at. Raises `ModelUnavailable` when PyTorch or
    transformers is missing, and when the file is damaged or does not fit its config.json.
    """
    try:
        from transformers import WhisperConfig, WhisperForConditionalGeneration
    except ImportError as error:
        raise ModelUnavailable(
            f"{entry.name}: {checkpoint.folder} holds the checkpoint as Hugging Face publishes it; to run or convert "
            "it: pip install 'voicemill[torch]'. Without that, name a folder converted for CTranslate2 as `source`."
        ) from error
    if checkpoint.published is None:
        raise ModelUnavailable(
            f"{entry.name}: {checkpoint.folder} is a conversion for CTranslate2; this engine needs the checkpoint as "
            "Hugging Face publishes it, with model.safetensors or pytorch_model.bin."
        )
    tensors = dict(weights(entry, checkpoint.published))
    if _OUTPUT not in tensors and _EMBEDDING in tensors:
        tensors[_OUTPUT] = tensors[_EMBEDDING]
    try:
        sizes = WhisperConfig(**{**checkpoint.config, "attn_implementation": "eager"})
    except (TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: {checkpoint.folder / 'config.json'} is not usable: {error}") from error
    module = WhisperForConditionalGeneration(sizes)
    fill(entry, module, tensors, file=checkpoint.published)
    return module.eval()

"""Load a published checkpoint as a module of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.entry import RecognitionEntry
from pipelines.catalog.weights import fill_module, load_weights
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.checkpoint import WhisperCheckpoint

if TYPE_CHECKING:
    from transformers import WhisperForConditionalGeneration

#: The output layer shares its weights with the token embedding; files contain them once.
_OUTPUT, _EMBEDDING = "proj_out.weight", "model.decoder.embed_tokens.weight"


def load_module(entry: RecognitionEntry, checkpoint: WhisperCheckpoint) -> WhisperForConditionalGeneration:
    """The model in float32 on the CPU, every tensor from the file: none is initialised at random.

    Its attention is not fused, so that its weights are available. Raises `ModelUnavailable` when PyTorch or
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
    tensors = dict(load_weights(entry, checkpoint.published))
    if _OUTPUT not in tensors and _EMBEDDING in tensors:
        tensors[_OUTPUT] = tensors[_EMBEDDING]
    try:
        whisper_config = WhisperConfig(**{**checkpoint.config, "attn_implementation": "eager"})
    except (TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: {checkpoint.folder / 'config.json'} is not usable: {error}") from error
    module = WhisperForConditionalGeneration(whisper_config)
    fill_module(entry, module, tensors, file=checkpoint.published)
    return module.eval()

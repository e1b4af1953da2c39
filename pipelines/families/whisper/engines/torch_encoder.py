"""Whisper's encoder in PyTorch: fused attention, in float32 or bfloat16.

Each window is encoded by one thread: threads that share a window wait for each other after every layer.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.torch_engine import has_fast_bfloat16, resolve_torch_device
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import Tick

if TYPE_CHECKING:
    import torch
    from transformers import WhisperForConditionalGeneration

#: Windows that are encoded together on a GPU.
_GPU_BATCH = 16


class TorchEncoder:
    """See `EncoderEngine`. Its states are a float tensor on the device."""

    def __init__(
        self,
        entry: RecognitionEntry,
        module: WhisperForConditionalGeneration,
        device: torch.device,
        precision: torch.dtype,
    ) -> None:
        """Copies the encoder of `module`."""
        import torch
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        config = copy(module.config)
        config._attn_implementation = "sdpa"  # noqa: SLF001 – the library has no public setting
        encoder: Any = WhisperEncoder(config)
        encoder.load_state_dict(module.model.encoder.state_dict())
        self._entry = entry
        self._encoder = encoder.to(device, precision).eval()
        self._device, self._precision = device, precision
        threads = entry.threads if device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(threads, "whisper-encoder", initializer=torch.set_num_threads, initargs=(1,))
        self.name = f"torch/{str(precision).rpartition('.')[2]}"

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> torch.Tensor:
        """See `EncoderEngine`."""
        import torch

        step = 1 if self._device.type == "cpu" else _GPU_BATCH
        futures = [self._pool.submit(self._encode_batch, mels[at : at + step]) for at in range(0, len(mels), step)]
        try:
            found = []
            for future in futures:
                tick()
                found.append(future.result())
            return torch.cat(found)
        finally:
            for future in futures:
                future.cancel()

    def _encode_batch(self, mels: NDArray[np.float32]) -> torch.Tensor:
        import torch

        try:
            with torch.inference_mode():
                features = torch.from_numpy(mels).to(self._device, self._precision)
                return self._encoder(features).last_hidden_state
        except RuntimeError as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error

    def close(self) -> None:
        """See `EncoderEngine`."""
        self._pool.shutdown()


class NumpyEncoder:
    """See `EncoderEngine`. The same with its states as a float32 array, for decoders that are not PyTorch's."""

    def __init__(self, encoder: TorchEncoder) -> None:
        self._encoder = encoder
        self.name = encoder.name

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> NDArray[np.float32]:
        """See `EncoderEngine`."""
        return self._encoder.encode(mels, tick).float().cpu().numpy()

    def close(self) -> None:
        """See `EncoderEngine`."""
        self._encoder.close()


def load_bfloat16_encoder(
    entry: RecognitionEntry, module: WhisperForConditionalGeneration, device: str
) -> NumpyEncoder:
    """The encoder for a decoder in CTranslate2. Raises `ModelUnavailable` where bfloat16 would be emulated."""
    import torch

    target = resolve_torch_device(entry, device)
    if not has_fast_bfloat16(target):
        raise ModelUnavailable(
            f"{entry.name}: {device} has no instructions for bfloat16, so that the engine 'bfloat16' would be slow; "
            "leave `engine` out in models.toml."
        )
    return NumpyEncoder(TorchEncoder(entry, module, target, torch.bfloat16))

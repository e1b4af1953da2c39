from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from pipelines.engines import torch_engine
from pipelines.engines.torch_engine import has_fast_bfloat16, resolve_torch_device
from pipelines.errors import ModelUnavailable
from tests.checkpoints import make_entry

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_cpu_gets_the_threads_of_the_entry() -> None:
    for threads in (2, 1):
        assert resolve_torch_device(make_entry(threads=threads), "cpu") == CPU
        assert torch.get_num_threads() == threads


def test_a_cuda_device_that_is_missing_is_refused_by_its_name() -> None:
    with pytest.raises(ModelUnavailable, match="sees no device cuda:63"):
        resolve_torch_device(make_entry(), "cuda:63")


@pytest.mark.parametrize(
    ("capability", "flags", "is_fast"),
    [
        ("AVX512", {"avx512f", "avx512_bf16"}, True),
        ("AVX512", {"avx512f"}, False),
        ("AVX2", {"avx2", "avx512_bf16"}, False),
    ],
)
def test_bfloat16_is_fast_where_torch_and_the_processor_have_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, capability: str, flags: set[str], is_fast: bool
) -> None:
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch_engine, "_cpu_flags", lambda: frozenset(flags))
    assert has_fast_bfloat16(CPU) is is_fast

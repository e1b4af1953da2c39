"""Sums of 8-bit products, in processes that may use only a part of the processor's instructions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from pipelines.engines.ctranslate2_saturation import REDUCED_RANGE, has_exact_int8_sums

#: Instruction sets that add products in 16 bits: no VNNI, no AMX.
OLDER = [
    {"CT2_USE_MKL": "0", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    {"CT2_USE_MKL": "0", "ONEDNN_MAX_CPU_ISA": "SSE41"},
]
CODE = """
from pipelines.engines import ctranslate2_saturation as saturation
sums = [*saturation._measure_sums(), *saturation._measure_sums(saturation.REDUCED_RANGE)]
print(saturation.has_exact_int8_sums(), *sums)
"""


def found(**environment: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return ran.stdout.split()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the limit of 16 bits is one of x86")
@pytest.mark.parametrize("older", OLDER, ids=lambda older: older["ONEDNN_MAX_CPU_ISA"])
def test_older_instructions_saturate_sums_of_the_full_range_and_not_of_the_reduced(older: dict[str, str]) -> None:
    exact, one, many, reduced_one, reduced_many = found(**older)
    cut = (512 / 2 * 32_767 - 512 * 128 * 127) / 127**2
    assert exact == "False"
    assert float(one) == pytest.approx(cut, rel=1e-3) == float(many)
    assert float(reduced_one) == pytest.approx(512, rel=1e-3) == float(reduced_many)


def test_saturation_of_this_processor_is_detected() -> None:
    exact, one, many, reduced_one, reduced_many = found()
    assert exact == str(has_exact_int8_sums())
    sums = [float(one), float(many)]
    assert (exact == "True") == (sums == pytest.approx([512, 512], rel=1e-3))
    assert [float(reduced_one), float(reduced_many)] == pytest.approx([512, 512], rel=1e-3)


def test_range_is_the_largest_whose_products_fit_into_16_bits() -> None:
    assert 2 * 255 * REDUCED_RANGE <= 32_767 < 2 * 255 * (REDUCED_RANGE + 1)
    assert -2 * 255 * REDUCED_RANGE >= -32_768

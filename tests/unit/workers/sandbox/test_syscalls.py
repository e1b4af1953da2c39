"""Kernel calls through the C library."""

from __future__ import annotations

import errno
import os

import pytest

from workers.sandbox import syscalls

_GETPID = {"x86_64": 39, "aarch64": 172}

pytestmark = pytest.mark.skipif(syscalls.MACHINE not in _GETPID, reason="the call's number is not known here")


def test_a_call_returns_the_kernels_answer() -> None:
    assert syscalls.syscall(_GETPID[syscalls.MACHINE]) == os.getpid()


def test_a_failed_call_raises_its_errno() -> None:
    with pytest.raises(OSError) as failed:
        syscalls.syscall(100_000)
    assert failed.value.errno == errno.ENOSYS


def test_a_failed_prctl_raises_its_errno() -> None:
    with pytest.raises(OSError) as failed:
        syscalls.prctl(100_000)
    assert failed.value.errno == errno.EINVAL

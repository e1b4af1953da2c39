"""Kernel calls that Python has no function for, made through the C library."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}
#: As the kernel calls this processor: "x86_64" or "aarch64".
MACHINE = platform.machine()


def syscall(number: int, *arguments: Any) -> int:
    """Raises OSError with the kernel's errno."""
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, value: int = 0) -> None:
    """Raises OSError."""
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def drop_capabilities() -> None:
    """Give up every capability of this process for good, also those in a user namespace. Raises OSError."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    syscall(_CAPSET[MACHINE], ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))


def unshare(flags: int) -> None:
    """Leave namespaces for new ones. Raises OSError where it is not permitted."""
    if not hasattr(_libc, "unshare"):
        raise OSError("this system has no namespaces")
    _checked(_libc.unshare(flags))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result

"""Landlock: a process gives up every file but those beneath the directories it names (Linux 5.13, no privilege needed).

From ABI 4 on (Linux 6.7) TCP goes too, from ABI 6 on abstract sockets and signals to others.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from . import syscalls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
#: Rights of the file system by ABI: everything that a version can deny is denied.
_FS_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS = 0b11  # bind and connect over TCP
_SCOPES = 0b11  # abstract unix sockets, signals
#: Rights that mean something on a plain file; more than these on a file is EINVAL.
_FILE_RIGHTS = _EXECUTE | (1 << 1) | _READ_FILE | (1 << 14) | (1 << 15)


class _Ruleset(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """The kernel's ABI; 0 where there is no Landlock."""
    try:
        return syscalls.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    except OSError:
        return 0


def restrict(*, readable: Iterable[Path], writable: Path) -> None:
    """Keep this thread, and all that it starts, to reading `readable` and to `writable`. Raises OSError.

    Paths that do not exist are skipped. Files that are open already stay usable.
    """
    abi = version()
    if not abi:
        raise OSError("the kernel has no Landlock")
    rights = _FS_RIGHTS[min(abi, 5)]
    ruleset = _Ruleset(rights, _NET_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = syscalls.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        _allow(rules, writable, rights & ~_EXECUTE)
        for path in readable:
            _allow(rules, path, _READ_FILE | _READ_DIR)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        syscalls.syscall(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= _FILE_RIGHTS
        rule = _PathBeneath(rights, parent)
        syscalls.syscall(
            _ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_RULE_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0)
        )
    finally:
        os.close(parent)

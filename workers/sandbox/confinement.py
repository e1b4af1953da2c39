"""The restrictions of a process that parses user input, which it puts on itself, outermost first.

`leave_network` is for the fork server; `confine` for each fork, when all it needs is imported. Every restriction that
this machine permits is applied and named in the return value; what each is worth without the others, and what is *not*
promised, stands in docs/explanation/sandbox.md:

netns     no network interface at all (root, or unprivileged user namespaces)
landlock  no file but this chunk's directory and the installed code (Linux 5.13+)
chroot    the same, where there is no Landlock but CAP_SYS_CHROOT; then nothing can be imported any more
uid       another user, where the controller is root
seccomp   no sockets, no programs, no access to other processes (x86-64, arm64)
hooks     Python's own audit hooks refuse sockets and programs: no restriction for native code
limits    address space, CPU time, file size, open files, no core dump (everywhere)
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from . import landlock, seccomp, syscalls

#: Users that no account has: the range that systemd keeps for transient services.
_FIRST_UID, _UIDS = 61_184, 4_336
#: CAP_CHOWN, CAP_SETGID, CAP_SETUID, as bits of /proc/self/status.
_NEEDED_BY_ROOT = 1 << 0 | 1 << 6 | 1 << 7

_SOURCE_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What one chunk may use."""

    memory_bytes: int
    cpu_s: int
    file_bytes: int
    open_files: int = 256


class OperationForbidden(PermissionError):
    """A sandboxed process asked for a socket or a program."""


def find_obstacle() -> str | None:
    """What keeps this process from confining its forks at all; None where nothing does."""
    if os.getuid() != 0:
        return None
    held = int(next(line for line in _status() if line.startswith("CapEff:")).split()[1], 16)
    if held & _NEEDED_BY_ROOT == _NEEDED_BY_ROOT:
        return None
    return (
        "this root has no right to become another user, so it must not open what users send: "
        "run the worker as an ordinary user, or give it CAP_SETUID, CAP_SETGID and CAP_CHOWN"
    )


def _status() -> list[str]:
    try:
        return Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return [f"CapEff: {_NEEDED_BY_ROOT:x}"]  # no Linux, no capabilities: root may do everything


def leave_network() -> list[str]:
    """Give up every network interface, for this process and its forks. Call before any thread exists.

    Returns the names of the restrictions that this made.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC)
        return ["netns"]
    except OSError:
        if uid == 0:
            # A root without the right to do this (a container's) could in a user namespace of its own, but then could
            # not become another user any more, which protects more: seccomp keeps forks from sockets too.
            return []
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC)
    except OSError:
        return []
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    except OSError:
        # Without a map this process has no user id, but no network either, which was the point.
        return ["netns"]
    return ["netns"]


def probe() -> list[str]:
    """The restrictions that a fork of this process would have, found out by one that ends at once; empty if it failed.

    Call before any thread exists.
    """
    directory = tempfile.mkdtemp(prefix="voicemill-probe-")
    reader, writer = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _report_restrictions(Path(directory), writer)
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as report:
            found = report.read().split()
        os.waitpid(pid, 0)
        return found
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _report_restrictions(directory: Path, writer: int) -> NoReturn:
    try:
        limits = ResourceLimits(resource.RLIM_INFINITY, 60, 1 << 20)
        os.write(writer, " ".join(confine(directory, limits, as_root=os.getuid() == 0)).encode())
    finally:
        # An exception too ends this process alone: nothing was reported then.
        os._exit(0)


def confine(directory: Path, limits: ResourceLimits, *, as_root: bool) -> list[str]:
    """Confine this process to `directory`, for good; the current directory is there afterwards.

    Returns the names of the restrictions. Raises OSError when it is root and cannot become another user: then it must
    not parse user input at all.
    """
    restrictions = ["limits"]
    _set_limits(limits)
    os.chdir(directory)
    uid = _FIRST_UID + os.getpid() % _UIDS
    if as_root:
        os.chown(".", uid, uid)
        os.chmod(".", 0o700)  # noqa: PTH101 – the directory by handle, not by a path that this user may not walk
    restrictions += _restrict_files(Path.cwd())
    if as_root:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        restrictions.append("uid")
    restrictions += _drop_capabilities()
    restrictions += _restrict_calls()
    return restrictions


def _set_limits(limits: ResourceLimits) -> None:
    # A process that ignores the signal of its soft limit is killed by the hard one.
    _set_limit(resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 5)
    _set_limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    _set_limit(resource.RLIMIT_NOFILE, limits.open_files)
    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_AS, limits.memory_bytes)


def _set_limit(which: int, soft: int, hard: int | None = None) -> None:
    _, ceiling = resource.getrlimit(which)
    hard = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def _restrict_files(directory: Path) -> list[str]:
    try:
        landlock.restrict(readable=code_paths(), writable=directory)
        return ["landlock"]
    except OSError:
        pass
    try:
        os.chroot(".")
        return ["chroot"]
    except OSError:
        return []


@cache
def code_paths() -> tuple[Path, ...]:
    """The files that imports and their shared libraries read: installed code, never data of this service."""
    paths = {Path(path) for path in sysconfig.get_paths().values()}
    paths |= {Path(sys.base_prefix) / "lib", Path("/usr/lib"), Path("/usr/local/lib"), Path("/lib"), Path("/lib64")}
    paths |= {Path("/usr/share/zoneinfo"), Path("/etc/localtime"), Path("/etc/ld.so.cache"), Path("/dev/urandom")}
    return (*(path for path in paths if path.is_absolute() and path != Path("/")), _SOURCE_ROOT / "pipelines")


def _drop_capabilities() -> list[str]:
    # In the user namespace of `leave_network` an ordinary user has them all.
    try:
        syscalls.drop_capabilities()
        return ["capabilities"]
    except (OSError, KeyError):
        return []


def _restrict_calls() -> list[str]:
    try:
        seccomp.install_filter()
        return ["seccomp"]
    except OSError:
        sys.addaudithook(_refuse_by_hook)
        return ["hooks"]


def _refuse_by_hook(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork", "os.kill")):
        raise OperationForbidden(f"{event} is not allowed in this process")

"""Whether this process can confine its forks, and which files they may read."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.sandbox import confinement, syscalls

ROOT = Path(__file__).parents[4]


def test_an_ordinary_user_needs_no_capabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(confinement, "_status", lambda: ["CapEff: 0"])
    assert confinement.find_obstacle() is None


@pytest.mark.parametrize(("held", "is_obstacle"), [("00000000000000c1", False), ("ffffffff", False), ("80", True)])
def test_root_needs_the_capabilities_to_become_another_user(
    monkeypatch: pytest.MonkeyPatch, held: str, is_obstacle: bool
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(confinement, "_status", lambda: ["Name: x", f"CapEff:\t{held}"])
    detail = confinement.find_obstacle()
    assert (detail is not None) == is_obstacle
    assert detail is None or "CAP_SETUID" in detail


def test_sandboxes_read_installed_code_and_no_data() -> None:
    paths = confinement.code_paths()
    assert ROOT / "pipelines" in paths
    assert not {Path("/"), ROOT, ROOT / "workers", ROOT / "jobs", Path.home(), Path("/etc"), Path("/tmp")} & set(paths)


def test_a_limit_never_exceeds_the_ceiling_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (100, 100))
    monkeypatch.setattr(resource, "setrlimit", lambda which, values: limits.append(values))
    confinement._set_limit(resource.RLIMIT_NOFILE, 256)
    confinement._set_limit(resource.RLIMIT_NOFILE, 50, 60)
    assert limits == [(100, 100), (50, 60)]


def test_every_limit_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {}
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    confinement._set_limits(confinement.ResourceLimits(memory_bytes=1 << 30, cpu_s=10, file_bytes=1 << 20))
    assert limits == {
        resource.RLIMIT_CPU: (10, 15),
        resource.RLIMIT_FSIZE: (1 << 20, 1 << 20),
        resource.RLIMIT_NOFILE: (256, 256),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_AS: (1 << 30, 1 << 30),
    }


def test_root_becomes_another_user_in_a_root_directory_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the calls alone, so that an ordinary user can run this; really done in tests/integration."""
    calls: list[tuple[object, ...]] = []

    def record(name: str) -> Callable[..., None]:
        return lambda *arguments: calls.append((name, *arguments))

    def refuse(**_: object) -> None:
        raise OSError("not in this kernel")

    for name in ("chown", "chmod", "chroot", "setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, record(name))
    monkeypatch.setattr(confinement, "_set_limits", record("limits"))
    monkeypatch.setattr(confinement.landlock, "restrict", refuse)
    monkeypatch.setattr(confinement.syscalls, "drop_capabilities", record("capabilities"))
    monkeypatch.setattr(confinement.seccomp, "install_filter", record("seccomp"))
    monkeypatch.chdir(tmp_path)
    limits = confinement.ResourceLimits(memory_bytes=1 << 30, cpu_s=10, file_bytes=1 << 20)
    found = confinement.confine(tmp_path, limits, as_root=True)
    uid = confinement._FIRST_UID + os.getpid() % confinement._UIDS
    assert calls == [
        ("limits", limits),
        ("chown", ".", uid, uid),
        ("chmod", ".", 0o700),
        ("chroot", "."),
        ("setgroups", []),
        ("setresgid", uid, uid, uid),
        ("setresuid", uid, uid, uid),
        ("capabilities",),
        ("seccomp",),
    ]
    assert found == ["limits", "chroot", "uid", "capabilities", "seccomp"]


def test_the_network_is_left_for_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[int] = []
    monkeypatch.setattr(confinement.syscalls, "unshare", flags.append)
    assert confinement.leave_network() == ["netns"]
    assert flags == [syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC]


@pytest.mark.parametrize(
    ("event", "is_forbidden"),
    [("socket.connect", True), ("subprocess.Popen", True), ("os.fork", True), ("os.exec", True), ("open", False)],
)
def test_the_audit_hook_refuses_sockets_and_programs(event: str, is_forbidden: bool) -> None:
    if not is_forbidden:
        confinement._refuse_by_hook(event, ())
        return
    with pytest.raises(confinement.OperationForbidden):
        confinement._refuse_by_hook(event, ())

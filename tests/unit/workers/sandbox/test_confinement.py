"""Whether this process can confine its forks, and which files they may read."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from workers.sandbox import confinement

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

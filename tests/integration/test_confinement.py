"""The restrictions that take over where better ones are missing. Each test confines a process of its own, for good."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.machine_speed import deadline

ROOT = Path(__file__).parents[2]

_PROGRAM = """
import encodings.idna, encodings.ascii, json, os, socket, sys
from pathlib import Path
from workers.sandbox import confinement, landlock, seccomp

def absent(*_, **__):
    raise OSError("not in this kernel")

for name in sys.argv[2].split(","):
    {"landlock": lambda: setattr(landlock, "restrict", absent),
     "seccomp": lambda: setattr(seccomp, "install_filter", absent), "": lambda: None}[name]()

def outcome(attempt):
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "did it"

directory = Path(sys.argv[1])
limits = confinement.ResourceLimits(1 << 30, 10, 1 << 20)
restrictions = confinement.confine(directory, limits, as_root=os.getuid() == 0)
print(json.dumps({
    "restrictions": restrictions,
    "directory": os.getcwd(),
    "passwd": outcome(lambda: open("/etc/passwd").read()),
    "own": outcome(lambda: open("mine", "w").write("x")),
    "socket": outcome(lambda: socket.create_connection(("127.0.0.1", 9))),
    "program": outcome(lambda: os.posix_spawn("/bin/true", ["true"], {})),
}))
"""


def confined(tmp_path, without):
    directory = tmp_path / "directory"
    directory.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(directory), without],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=deadline(60),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may change its root directory")
def test_without_landlock_the_root_directory_is_the_chunks(tmp_path):
    found = confined(tmp_path, "landlock")
    assert "chroot" in found["restrictions"] and "landlock" not in found["restrictions"]
    assert found["directory"] == "/"
    assert found["passwd"] == "FileNotFoundError"
    assert found["own"] == "did it"


def test_without_seccomp_pythons_hooks_refuse_sockets_and_programs(tmp_path):
    found = confined(tmp_path, "seccomp")
    assert "hooks" in found["restrictions"] and "seccomp" not in found["restrictions"]
    assert (found["socket"], found["program"]) == ("OperationForbidden", "OperationForbidden")


def test_with_both_there_is_no_need_for_either(tmp_path):
    found = confined(tmp_path, "")
    assert not {"chroot", "hooks"} & set(found["restrictions"])
    assert found["own"] == "did it"

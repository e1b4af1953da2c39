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


_CAPABILITIES = """
import json, os, sys
from pathlib import Path
from workers.sandbox import confinement

def held(status):
    text = os.pread(status, 8192, 0).decode()
    return {line.split()[0]: int(line.split()[1], 16) for line in text.splitlines() if line.startswith("Cap")}

directory = Path(sys.argv[1])
directory.chmod(0o777)
os.chdir(directory)
confinement.code_paths()  # cached: this user may not read where Python is
if os.getuid() == 0:
    os.setgroups([])
    os.setresgid(61000, 61000, 61000)
    os.setresuid(61000, 61000, 61000)
confinement.leave_network()
status = os.open("/proc/self/status", os.O_RDONLY)
before = held(status)
confinement.confine(Path("."), confinement.ResourceLimits(1 << 30, 10, 1 << 20), as_root=False)
print(json.dumps([before, held(status)]))
"""


def test_no_capability_is_left(tmp_path):
    command = [sys.executable, "-c", _CAPABILITIES, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=deadline(60), check=False)
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    if not before["CapEff:"]:
        pytest.skip("an ordinary user gets no user namespace here")
    assert (after["CapEff:"], after["CapPrm:"], after["CapInh:"]) == (0, 0, 0)


def test_the_network_of_a_fork_server_is_an_empty_one():
    program = """
import os, socket
from workers.sandbox.confinement import leave_network
before = os.readlink("/proc/self/ns/net")
print(leave_network(), os.readlink("/proc/self/ns/net") != before, [name for _, name in socket.if_nameindex()])"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    if done.stdout.startswith("[]"):
        pytest.skip("no network namespace of its own is to be had here")
    assert done.stdout == "['netns'] True ['lo']\n"


def test_what_forks_will_have_is_known_before_the_first_one():
    program = "from workers.sandbox.confinement import probe; print(*probe()); print(*probe())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == second and "limits" in first.split() and {"seccomp", "hooks"} & set(first.split())

"""The filter's program, run by an interpreter of the few BPF instructions that it uses."""

from __future__ import annotations

import errno
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from workers.sandbox import seccomp, syscalls

pytestmark = pytest.mark.skipif(not seccomp.is_supported(), reason="no seccomp rules for this processor")

ROOT = Path(__file__).parents[4]
PID = 4711
ALLOW, DENY, UNKNOWN, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000


def decide(number: int, *, argument: int = 0, architecture: int | None = None) -> int:
    """What the filter returns for a call."""
    own, _, _ = seccomp._ARCHITECTURES[syscalls.MACHINE]
    values = {0: number, 4: own if architecture is None else architecture, 16: argument}
    program = [struct.unpack("=HBBI", rule) for rule in seccomp._rules(PID)]
    position = loaded = 0
    while True:
        code, if_true, if_false, value = program[position]
        position += 1
        if code == seccomp._RETURN:
            return value
        if code == seccomp._LOAD:
            loaded = values[value]
        else:
            holds = {
                seccomp._JUMP_EQUAL: loaded == value,
                seccomp._JUMP_SET: bool(loaded & value),
                seccomp._JUMP_GE: loaded >= value,
            }[code]
            position += if_true if holds else if_false


DENIED = sorted({**seccomp._ARCHITECTURES.get(syscalls.MACHINE, (0, 0, {}))[2], **seccomp._EVERYWHERE}.items())


#: What a sandbox must not do, written down once more, so that a lost rule is found. The kernel tries each of them.
DEEDS = {
    "sockets": "socket connect bind listen accept accept4 io_uring_setup io_uring_enter io_uring_register",
    "processes": "fork vfork execve execveat",
    "signals": "kill tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal",
    "other processes": "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp "
    "move_pages migrate_pages perf_event_open",
    "priorities": "setpriority sched_setparam sched_setscheduler sched_setattr ioprio_set",
    "memory past the limit": "memfd_create memfd_secret shmget shmat shmctl semget msgget mq_open",
    "files past Landlock": "open_by_handle_at name_to_handle_at fanotify_init mount umount2 pivot_root chroot "
    "open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr quotactl quotactl_fd acct swapon swapoff",
    "namespaces": "unshare setns personality",
    "keys": "add_key request_key keyctl",
    "kernel": "bpf userfaultfd init_module finit_module delete_module kexec_load kexec_file_load reboot syslog",
    "machine": "settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname",
}
NAMES = sorted(name for names in DEEDS.values() for name in names.split())
TRY_EACH = """
import ctypes, errno, json, sys
from workers.sandbox import seccomp
libc = ctypes.CDLL(None, use_errno=True)
seccomp.install_filter()
found = {}
for name, number in json.loads(sys.argv[1]).items():
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
    found[name] = errno.errorcode.get(ctypes.get_errno(), "") if result == -1 else "done"
print(json.dumps(found))
"""


def test_nothing_that_a_sandbox_must_not_do_lost_its_rule() -> None:
    assert [name for name, _ in DENIED] == NAMES


def test_the_kernel_refuses_every_deed() -> None:
    command = [sys.executable, "-c", TRY_EACH, json.dumps(dict(DENIED))]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == dict.fromkeys(NAMES, "EPERM")


@pytest.mark.parametrize(("name", "number"), DENIED, ids=lambda value: str(value))
def test_a_named_call_is_denied(name: str, number: int) -> None:
    assert decide(number) == DENY


def test_other_calls_are_allowed() -> None:
    denied = {number for _, number in DENIED}
    checked = {seccomp._CLONE3, seccomp._CLONE[syscalls.MACHINE]}
    checked |= {seccomp._TGKILL[syscalls.MACHINE], seccomp._PRLIMIT[syscalls.MACHINE]}
    assert {decide(number) for number in range(450) if number not in denied | checked} == {ALLOW}


def test_threads_are_allowed_processes_and_namespaces_are_not() -> None:
    clone = seccomp._CLONE[syscalls.MACHINE]
    assert decide(clone, argument=0x00010000) == ALLOW
    assert decide(clone, argument=17) == DENY
    assert decide(clone, argument=0x00010000 | 0x40000000) == DENY
    assert decide(seccomp._CLONE3) == UNKNOWN, "the C library falls back to clone"


def test_a_process_may_signal_and_limit_itself_only() -> None:
    assert decide(seccomp._TGKILL[syscalls.MACHINE], argument=PID) == ALLOW
    assert decide(seccomp._TGKILL[syscalls.MACHINE], argument=1) == DENY
    assert decide(seccomp._PRLIMIT[syscalls.MACHINE], argument=0) == ALLOW
    assert decide(seccomp._PRLIMIT[syscalls.MACHINE], argument=1) == DENY


def test_another_architecture_ends_the_process() -> None:
    assert decide(0, architecture=0x40000003) == KILL


def test_x32_calls_are_denied() -> None:
    assert decide(0x40000000 | 41) == DENY

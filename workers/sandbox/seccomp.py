"""A seccomp filter: no sockets, no new processes, no access to others, no memory past the limit (x86-64 and arm64).

A deny list: what is not named here is allowed, because Python and FFmpeg need most of the rest. Refused calls fail with
EPERM. The rules are classic BPF over (syscall number, architecture, arguments). Not `pyseccomp`: it loads libseccomp.so
of the system, which an installation from wheels may lack; without the library there would be no filter at all.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from . import syscalls

_SECCOMP_SET_MODE_FILTER = 1
_FLAG_TSYNC = 1

_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GE, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT = 0, 4, 16

#: Machine → (audit architecture, number of `seccomp`, numbers of what is refused outright).
_ARCHITECTURES = {
    "x86_64": (
        0xC000003E,
        317,
        {
            "shmget": 29,
            "shmat": 30,
            "shmctl": 31,
            "socket": 41,
            "connect": 42,
            "accept": 43,
            "bind": 49,
            "listen": 50,
            "fork": 57,
            "vfork": 58,
            "execve": 59,
            "kill": 62,
            "semget": 64,
            "msgget": 68,
            "ptrace": 101,
            "syslog": 103,
            "rt_sigqueueinfo": 129,
            "personality": 135,
            "setpriority": 141,
            "sched_setparam": 142,
            "sched_setscheduler": 144,
            "pivot_root": 155,
            "adjtimex": 159,
            "chroot": 161,
            "acct": 163,
            "settimeofday": 164,
            "mount": 165,
            "umount2": 166,
            "swapon": 167,
            "swapoff": 168,
            "reboot": 169,
            "sethostname": 170,
            "setdomainname": 171,
            "init_module": 175,
            "delete_module": 176,
            "quotactl": 179,
            "tkill": 200,
            "clock_settime": 227,
            "mq_open": 240,
            "kexec_load": 246,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "ioprio_set": 251,
            "migrate_pages": 256,
            "unshare": 272,
            "move_pages": 279,
            "accept4": 288,
            "rt_tgsigqueueinfo": 297,
            "perf_event_open": 298,
            "fanotify_init": 300,
            "name_to_handle_at": 303,
            "open_by_handle_at": 304,
            "clock_adjtime": 305,
            "setns": 308,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "kcmp": 312,
            "finit_module": 313,
            "sched_setattr": 314,
            "memfd_create": 319,
            "kexec_file_load": 320,
            "bpf": 321,
            "execveat": 322,
            "userfaultfd": 323,
        },
    ),
    "aarch64": (
        0xC00000B7,
        277,
        {
            "ioprio_set": 30,
            "umount2": 39,
            "mount": 40,
            "pivot_root": 41,
            "chroot": 51,
            "quotactl": 60,
            "acct": 89,
            "personality": 92,
            "unshare": 97,
            "kexec_load": 104,
            "init_module": 105,
            "delete_module": 106,
            "clock_settime": 112,
            "syslog": 116,
            "ptrace": 117,
            "sched_setparam": 118,
            "sched_setscheduler": 119,
            "kill": 129,
            "tkill": 130,
            "rt_sigqueueinfo": 138,
            "setpriority": 140,
            "reboot": 142,
            "sethostname": 161,
            "setdomainname": 162,
            "settimeofday": 170,
            "adjtimex": 171,
            "mq_open": 180,
            "msgget": 186,
            "semget": 190,
            "shmget": 194,
            "shmctl": 195,
            "shmat": 196,
            "socket": 198,
            "bind": 200,
            "listen": 201,
            "accept": 202,
            "connect": 203,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "execve": 221,
            "swapon": 224,
            "swapoff": 225,
            "migrate_pages": 238,
            "move_pages": 239,
            "rt_tgsigqueueinfo": 240,
            "perf_event_open": 241,
            "accept4": 242,
            "fanotify_init": 262,
            "name_to_handle_at": 264,
            "open_by_handle_at": 265,
            "clock_adjtime": 266,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "kcmp": 272,
            "finit_module": 273,
            "sched_setattr": 274,
            "memfd_create": 279,
            "bpf": 280,
            "execveat": 281,
            "userfaultfd": 282,
            "kexec_file_load": 294,
        },
    ),
}
#: Newer calls have the same number everywhere. io_uring would open sockets past the filter.
_EVERYWHERE = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_TGKILL = {"x86_64": 234, "aarch64": 131}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_CLONE3 = 435
#: Any of the CLONE_NEW… flags.
_NAMESPACES = 0x7E020080
#: A thread of this process, not a process of its own, which could outlive it and its limits.
_THREAD = 0x00010000


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def is_supported() -> bool:
    """Whether this file knows the processor's call numbers."""
    return os.uname().sysname == "Linux" and syscalls.MACHINE in _ARCHITECTURES


def install_filter() -> None:
    """Put the filter on every thread of this process, for good. Raises OSError."""
    if not is_supported():
        raise OSError(f"no seccomp rules for {syscalls.MACHINE}")
    code = b"".join(_rules(os.getpid()))
    program = _Program(len(code) // 8, code)
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.syscall(
        _ARCHITECTURES[syscalls.MACHINE][1],
        ctypes.c_uint(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_uint(_FLAG_TSYNC),
        ctypes.byref(program),
    )


def _rules(pid: int) -> list[bytes]:
    architecture, _, refused = _ARCHITECTURES[syscalls.MACHINE]
    deny = _ERRNO | errno.EPERM
    rules = [
        _op(_LOAD, _AT_ARCHITECTURE),
        _op(_JUMP_EQUAL, architecture, 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _AT_NUMBER),
        # x32 calls wear the x86-64 architecture and other numbers.
        _op(_JUMP_GE, 0x40000000, 0, 1),
        _op(_RETURN, deny),
    ]
    for number in sorted({*refused.values(), *_EVERYWHERE.values()}):
        rules += [_op(_JUMP_EQUAL, number, 0, 1), _op(_RETURN, deny)]
    # clone3 hides its flags in memory; without it the C library falls back to clone, whose flags can be read.
    rules += [_op(_JUMP_EQUAL, _CLONE3, 0, 1), _op(_RETURN, _ERRNO | errno.ENOSYS)]
    rules += [
        _op(_JUMP_EQUAL, _CLONE[syscalls.MACHINE], 0, 4),
        _op(_LOAD, _AT_FIRST_ARGUMENT),
        _op(_JUMP_SET, _NAMESPACES, 1, 0),
        _op(_JUMP_SET, _THREAD, 1, 0),
        _op(_RETURN, deny),
        _op(_LOAD, _AT_NUMBER),
    ]
    # abort() signals its own threads; prlimit64 on oneself is getrlimit.
    for number, own in ((_TGKILL[syscalls.MACHINE], pid), (_PRLIMIT[syscalls.MACHINE], 0)):
        rules += [
            _op(_JUMP_EQUAL, number, 0, 4),
            _op(_LOAD, _AT_FIRST_ARGUMENT),
            _op(_JUMP_EQUAL, own, 1, 0),
            _op(_RETURN, deny),
            _op(_LOAD, _AT_NUMBER),
        ]
    return [*rules, _op(_RETURN, _ALLOW)]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)

"""The process that the sandboxed cpu processes are forked from: `python -m workers.sandbox.fork_server`.

It imports all code that parses user input, leaves the network, and then forks one confined process for each chunk, so
that a chunk starts in milliseconds in a fresh process, and what one input does to its process affects no other. A
reusable fork runs several chunks that parse no user input, and sends `Idle` after each. The fork server has one thread,
parses no user input itself, holds no secret, and ends with its controller; its forks end with it.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import importlib.util
import os
import pkgutil
import resource
import select
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from jobs.stack_trace import format_stack
from pipelines.catalog.job_kinds import ENGINE_MODULES, ENGINE_RUNTIMES, PIPELINES
from pipelines.text.documents.encoding import load_detectors
from workers.child_process import die_with_parent, prefer_as_oom_victim
from workers.engines.channel import Channel, ChannelClosed
from workers.engines.messages import Command, Confined, Idle, RunStep, StepEvent
from workers.engines.protocol import decode_command, encode_event
from workers.engines.step_runner import run_step

from . import confinement, control_protocol
from .control_protocol import ForkExited, ServerReady, ServerRefused, StartFork

#: Kilobytes by which the memory of a reusable fork may grow.
_GROWTH_KB = 64 << 10


class ForkChannel:
    """`step_runner.StepChannel` of a fork: the channel is this run's alone, and it is stopped by SIGKILL."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def send(self, event: StepEvent) -> None:
        self._channel.send(encode_event(event))

    def receive(self) -> Command:
        return decode_command(self._channel.receive())

    def is_stopped(self) -> bool:
        return False


class ForkServer:
    """Forks on demand and reports how each fork ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._forks: dict[int, int] = {}
        self._as_root = os.getuid() == 0
        self._wake, wake_end = socket.socketpair()
        self._wake.setblocking(False)
        wake_end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_end.fileno(), warn_on_full_buffer=False)
        self._wake_end = wake_end

    def serve(self) -> None:
        """Until the controller is gone."""
        while True:
            readable, _, _ = select.select([self._control, self._wake], [], [])
            if self._wake in readable:
                self._wake.recv(4096)
                self._reap()
            if self._control in readable:
                data, fds, _, _ = socket.recv_fds(self._control, control_protocol.MAX_BYTES, 1)
                if not data:
                    return
                command = control_protocol.decode_command(data)
                if isinstance(command, StartFork):
                    self._fork(command, fds[0])
                else:
                    self._kill(command.id)

    def _fork(self, command: StartFork, fd: int) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            # The machine is short of memory or processes: this chunk waits, those that run go on.
            sys.stderr.write(f"cannot fork: {error}\n")
            self._send(ForkExited(command.id, None))
        else:
            if pid == 0:
                self._run_fork(command, socket.socket(fileno=fd), parent)
            self._forks[pid] = command.id
        os.close(fd)

    def _kill(self, number: int) -> None:
        for pid, known in self._forks.items():
            if known == number:
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self._forks:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._send(ForkExited(self._forks.pop(pid), os.waitstatus_to_exitcode(status)))

    def _send(self, event: control_protocol.Event) -> None:
        self._control.send(control_protocol.encode_event(event))

    def announce_ready(self, restrictions: list[str]) -> None:
        """Tell the controller that forks may be asked for."""
        self._send(ServerReady(restrictions))

    def send_startup_error(self, detail: str) -> None:
        """Tell the controller that there will be no forks on this machine."""
        self._send(ServerRefused(detail))

    def _run_fork(self, command: StartFork, sock: socket.socket, parent: int) -> None:
        """The life of a fork. Never returns."""
        status = 1
        try:
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            prefer_as_oom_victim()
            directory, limits = Path(command.directory), command.limits
            _close_inherited_files(sock, directory / "stderr.txt")
            for name in command.imports:
                importlib.import_module(name)
            restrictions = confinement.confine(directory, limits, as_root=self._as_root)
            # The kernel drops the parent-death signal when the user changes.
            die_with_parent(parent)
            channel = Channel(sock)
            channel.send(encode_event(Confined(restrictions)))
            _serve(channel, _Allowance(limits) if command.reusable else None)
            channel.close()
            status = 0
        except ChannelClosed:
            status = 0
        except MemoryError:
            status = 137
        except Exception as error:  # noqa: BLE001 – it ends this process; the file is kept by the controller
            sys.stderr.write(f"{format_stack(error)}\n")
        finally:
            sys.stderr.flush()
            os._exit(status)


class _Allowance:
    """What a reusable process may use over all its runs, so that each of them has nearly the limits of a fresh one."""

    def __init__(self, limits: confinement.ResourceLimits) -> None:
        self._cpu_s = limits.cpu_s / 10
        self._most_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + _GROWTH_KB

    def is_used_up(self) -> bool:
        """Whether no further run should begin here."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime > self._cpu_s or used.ru_maxrss > self._most_kb


def _serve(channel: Channel, allowance: _Allowance | None) -> None:
    """Do one run; with an allowance one after the other, until that is used up or the channel closes."""
    runs = ForkChannel(channel)
    while True:
        command = runs.receive()
        if not isinstance(command, RunStep):
            continue  # an acknowledgement that the run before did not wait for
        run_step(command, runs)
        if allowance is None or allowance.is_used_up():
            return
        runs.send(Idle())


def _close_inherited_files(sock: socket.socket, errors: Path) -> None:
    """Close every descriptor but the run's socket; what native code prints goes to a file of the run."""
    output = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    keep = sock.fileno()
    os.closerange(3, keep)
    os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))


def import_everything() -> None:
    """Import all modules that plan and stitch may use, those that they import inside functions included.

    A confined fork can perhaps import nothing: its user may not be able to read the code (a Python under /root).
    """
    for kind, spec in PIPELINES.items():
        try:
            spec.load()
        except ImportError as error:
            # Its jobs fail with this; the other kinds go on.
            sys.stderr.write(f"the pipeline of {kind} cannot be imported: {error}\n")
    for name in _list_modules("pipelines"):
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            _import_dependencies(Path(found.origin), package=name.rpartition(".")[0])
    # The libraries that detect encodings read their tables at first use.
    load_detectors()
    # PyAV imports parts of itself when it meets a stream of their kind; NumPy maps files through mmap.
    importlib.import_module("mmap")
    import av

    for part in pkgutil.walk_packages(av.__path__, "av."):
        if part.name != "av.__main__":
            importlib.import_module(part.name)
    # Text in old encodings finds its codec by name; a traceback needs its own modules.
    importlib.import_module("linecache")
    import encodings

    for codec in pkgutil.iter_modules(encodings.__path__):
        if codec.name not in ("mbcs", "oem", "cp65001"):
            importlib.import_module(f"encodings.{codec.name}")


def _list_modules(package: str) -> Iterator[str]:
    """The modules beneath a package that are not of engines; imports the packages on the way."""
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        if _is_engine_code(found.name):
            continue
        if found.ispkg:
            yield from _list_modules(found.name)
        else:
            yield found.name


def _import_dependencies(source: Path, *, package: str) -> None:
    """Import every module that this source file names in an import statement."""
    for node in ast.walk(ast.parse(source.read_bytes())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] in ENGINE_RUNTIMES or _is_engine_code(name):
                continue
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # an extra that is not installed, or a name that is no module


def _is_engine_code(name: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in ENGINE_MODULES)


def main() -> None:
    """Entry of the fork server process."""
    parser = argparse.ArgumentParser(prog="workers.sandbox.fork_server")
    parser.add_argument("--fd", type=int, required=True, help="the controller's control socket")
    parser.add_argument("--parent", type=int, required=True, help="process id of the controller")
    options = parser.parse_args()
    die_with_parent(options.parent)
    server = ForkServer(socket.socket(fileno=options.fd))
    if (detail := confinement.find_obstacle()) is not None:
        server.send_startup_error(detail)
        return
    restrictions = confinement.leave_network()
    import_everything()
    confinement.code_paths()
    restrictions += confinement.probe()
    # What is here now is shared by all forks: keep the collector from touching, and so copying, it.
    gc.collect()
    gc.freeze()
    server.announce_ready(restrictions)
    server.serve()


if __name__ == "__main__":
    main()

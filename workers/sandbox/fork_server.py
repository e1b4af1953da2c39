"""The process that the sandboxed cpu children are forked from: `python -m workers.sandbox.fork_server`.

It imports all that opens user bytes, leaves the network, and then forks one confined process for each chunk, so that a
chunk starts in milliseconds in a pristine process, and what one input does to its process no other ever meets. A fork
that is to be kept serves several chunks which open no user bytes, and says `idle` after each. The template has one
thread, opens no user bytes itself, holds no secret, and ends with its controller; its forks end with it.

Controller → template   run {id, directory, limits, keep} with the fork's socket · kill {id}
Template → controller   ready {walls}, or refused {detail} and its end · exited {id, status}
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import importlib.util
import json
import os
import pkgutil
import resource
import select
import signal
import socket
import sys
from pathlib import Path

import pipelines
from jobs.stack_trace import stack_of
from pipelines.catalog.catalog import PIPELINES
from workers.child_process import die_with_parent, offer_itself_first
from workers.engines import step_runner
from workers.engines.channel import Channel, ChannelClosed, Message

from . import confinement

#: Packages and modules beneath pipelines/ that only engines use.
_ENGINES = ("families", "engines", "vocoders", "loading")
#: What only engines run on, and what few chunks want, which import it themselves. Every page that the template has
#: written costs each fork time: torch alone is 120 MB, scikit-learn with what it brings is 100.
_RUNTIMES = frozenset({"torch", "transformers", "safetensors", "ctranslate2", "tensorrt", "sklearn", "pyrnnoise"})
#: Kilobytes by which the memory of a fork that is kept may grow.
_GROWTH_KB = 64 << 10
#: Bytes of one control message; the chunk itself travels on its own socket.
_CONTROL_BYTES = 1 << 16


class ForkConversation:
    """`perform.Conversation` of a fork: the channel is this chunk's alone, and `stop` is a SIGKILL."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def send(self, event: Message) -> None:
        self._channel.send(event)

    def receive(self) -> Message:
        return self._channel.receive()

    def is_stopped(self) -> bool:
        return False


class Template:
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
                data, fds, _, _ = socket.recv_fds(self._control, _CONTROL_BYTES, 1)
                if not data:
                    return
                message = json.loads(data)
                if message["op"] == "run":
                    self._fork(message, fds[0])
                else:
                    self._kill(message["id"])

    def _fork(self, message: Message, fd: int) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            # The machine is short of memory or processes: this chunk waits, those that run go on.
            sys.stderr.write(f"no fork: {error}\n")
            self._send({"event": "exited", "id": message["id"], "status": None})
        else:
            if pid == 0:
                self._child(message, socket.socket(fileno=fd), parent)
            self._forks[pid] = message["id"]
        os.close(fd)

    def _kill(self, chunk: int) -> None:
        for pid, known in self._forks.items():
            if known == chunk:
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self._forks:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._send({"event": "exited", "id": self._forks.pop(pid), "status": os.waitstatus_to_exitcode(status)})

    def _send(self, event: Message) -> None:
        self._control.send(json.dumps(event).encode())

    def ready(self, walls: list[str]) -> None:
        """Tell the controller that forks may be asked for."""
        self._send({"event": "ready", "walls": walls})

    def refuse(self, detail: str) -> None:
        """Tell the controller that there will be no forks on this machine."""
        self._send({"event": "refused", "detail": detail})

    def _child(self, message: Message, sock: socket.socket, parent: int) -> None:
        """The fork. Never returns."""
        status = 1
        try:
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            offer_itself_first()
            _keep_only(sock, Path(message["directory"]) / "stderr.txt")
            for name in message["imports"]:
                importlib.import_module(name)
            limits = confinement.Limits(**message["limits"])
            walls = confinement.enter(Path(message["directory"]), limits, as_root=self._as_root)
            # The change of user made the kernel forget.
            die_with_parent(parent)
            channel = Channel(sock)
            channel.send({"event": "confined", "walls": walls})
            _serve(channel, _Allowance(limits) if message["keep"] else None)
            channel.close()
            status = 0
        except ChannelClosed:
            status = 0
        except MemoryError:
            status = 137
        except Exception as error:  # noqa: BLE001 – the end of this process; its log file tells the controller why
            sys.stderr.write(f"{stack_of(error)}\n")
        finally:
            sys.stderr.flush()
            os._exit(status)


class _Allowance:
    """What a process that is kept may use over all its chunks, so that each of them finds nearly all of its own."""

    def __init__(self, limits: confinement.Limits) -> None:
        self._cpu_s = limits.cpu_s / 10
        self._most_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + _GROWTH_KB

    def is_used_up(self) -> bool:
        """Whether no further chunk should begin here."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime > self._cpu_s or used.ru_maxrss > self._most_kb


def _serve(channel: Channel, allowance: _Allowance | None) -> None:
    """One chunk; with an allowance one after the other, until that is used up or nobody asks for more."""
    while True:
        run = channel.receive()
        if run["op"] != "run":
            continue  # an acknowledgement that the chunk before did not wait for
        step_runner.perform(run, ForkConversation(channel))
        if allowance is None or allowance.is_used_up():
            return
        channel.send({"event": "idle"})


def _keep_only(sock: socket.socket, errors: Path) -> None:
    """Close every descriptor but the chunk's socket; what native code prints goes to a file of the chunk."""
    output = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    keep = sock.fileno()
    os.closerange(3, keep)
    os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))


def import_everything() -> None:
    """All modules that plan and stitch may use, those that they import inside functions included.

    A confined fork can perhaps import nothing: its user may not be able to read the code (a Python under /root).
    """
    for kind in PIPELINES:
        try:
            step_runner.load_pipeline(kind)
        except ImportError as error:
            # Its jobs fail with this; the other kinds go on.
            sys.stderr.write(f"the pipeline of {kind} cannot be imported: {error}\n")
    for found in pkgutil.walk_packages(pipelines.__path__, "pipelines."):
        if not found.ispkg and not _is_of_engines(found.name):
            spec = importlib.util.find_spec(found.name)
            if spec is not None and spec.origin is not None:
                _import_what_it_imports(Path(spec.origin), package=found.name.rpartition(".")[0])
    # PyAV imports parts of itself when it meets a stream of their kind; NumPy maps files through mmap.
    import mmap  # noqa: F401

    import av

    for part in pkgutil.walk_packages(av.__path__, "av."):
        if part.name != "av.__main__":
            importlib.import_module(part.name)
    # Text in old encodings finds its codec by name; a traceback needs its own modules.
    import encodings
    import linecache  # noqa: F401

    for codec in pkgutil.iter_modules(encodings.__path__):
        if codec.name not in ("mbcs", "oem", "cp65001"):
            importlib.import_module(f"encodings.{codec.name}")


def _import_what_it_imports(source: Path, *, package: str) -> None:
    for node in ast.walk(ast.parse(source.read_bytes())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] in _RUNTIMES or _is_of_engines(name):
                continue
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # an extra that is not installed, or a name that is no module


def _is_of_engines(name: str) -> bool:
    package, _, rest = name.partition(".")
    return package == "pipelines" and rest.partition(".")[0] in _ENGINES


def main() -> None:
    """Entry of the template process."""
    parser = argparse.ArgumentParser(prog="workers.sandbox.fork_server")
    parser.add_argument("--fd", type=int, required=True, help="the controller's control socket")
    parser.add_argument("--parent", type=int, required=True, help="process id of the controller")
    options = parser.parse_args()
    die_with_parent(options.parent)
    template = Template(socket.socket(fileno=options.fd))
    if (detail := confinement.why_not()) is not None:
        template.refuse(detail)
        return
    walls = confinement.leave_network()
    import_everything()
    confinement.code_paths()
    # What is here now is shared by all forks: keep the collector from touching, and so copying, it.
    gc.collect()
    gc.freeze()
    template.ready(walls)
    template.serve()


if __name__ == "__main__":
    main()

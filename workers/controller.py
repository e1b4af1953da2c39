"""The entry of a worker process: `python -m workers.controller --family F`.

Imports no model runtime and parses no user input. Engines are loaded before the first notification is consumed, so that
only a worker with loaded models claims.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import structlog
from celery import signals
from celery.exceptions import SecurityWarning

from jobs.child_environment import engine_environment, sandbox_environment
from jobs.errors import JobsError, Misconfigured
from jobs.logging_setup import configure_logging
from jobs.settings import Settings, read_settings
from jobs.states import CPU_QUEUE
from jobs.worker import find_unprotected
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.checkpoint import has_weights_here
from pipelines.catalog.engines import can_use_gpu
from pipelines.catalog.entry import Entry
from workers.engines.pool import EnginePool
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.pool import SandboxPool
from workers.stack.local_broker import use_local_broker
from workers.stack.readiness import IdleTimer

from . import tasks
from .catalog_file import read_catalog
from .celery_app import make_app
from .liveness import Liveness
from .wiring import broker_url, wire
from .worker import PoolConfig, Worker

_log = structlog.get_logger(__name__)

#: Seconds without progress after which the start of the fork server, or of an engine, ends: a model may be downloading.
_FORK_SERVER_S, _MODEL_S = 60.0, 1800.0
_CHECK_PROGRESS_EVERY_S = 1.0
#: Processor time that counts as progress, as a share of those seconds.
_BUSY_SHARE = 1 / 60
#: Seconds after the start of a graceful stop at which the process exits even if something hangs.
_FORCED_EXIT_S = 55.0


def main() -> int:
    """Run until SIGTERM. Exit code 2: it cannot start as it was asked to."""
    options = _parse()
    given = {} if options.data_dir is None else {"data_dir": options.data_dir.expanduser().absolute()}
    try:
        settings = read_settings(**given)
        configure_logging(json_lines=settings.log_json, pool=options.family, pid=os.getpid())
        return _run(options, use_local_broker(settings))
    except JobsError as error:
        sys.stderr.write(f"voicemill worker: {error.for_operator()}\n")
        return 2


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="voicemill worker")
    parser.add_argument("--family", required=True, help="a model family, or cpu for planning and stitching")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument(
        "--engines", type=int, help="engine processes; unset = cores ÷ the family's threads, 1 on a GPU"
    )
    parser.add_argument("--model", action="append", default=[], help="models to load at the start; may be repeated")
    parser.add_argument("--data-dir", type=Path, help="data directory; unset = VOICEMILL_DATA_DIR")
    parser.add_argument("--parent", type=int, help="process id of the stack; if it has ended, a stop is immediate")
    return parser.parse_args()


def _run(options: argparse.Namespace, settings: Settings) -> int:
    url = broker_url(settings)
    catalog = read_catalog(settings.data_dir)
    engines: EnginePool | SandboxPool
    engines, pool = (
        _sandboxes(options, settings) if options.family == CPU_QUEUE else _engines(options, settings, catalog)
    )
    services = wire(settings, threads=pool.slots + 12)
    worker = Worker(services, pool, engines)
    try:
        worker.pair_storage()
        _wait_until_warm(engines, options, worker.liveness)
        if settings.require_sandbox and isinstance(engines, SandboxPool):
            require_protection(engines.describe().restrictions or ())
        worker.start()
        _consume(worker, url, options.parent)
    finally:
        worker.stop()
    return 0


def _sandboxes(options: argparse.Namespace, settings: Settings) -> tuple[SandboxPool, PoolConfig]:
    slots = options.engines or os.cpu_count() or 1
    limits = ResourceLimits(settings.child_memory_bytes, settings.child_cpu_s, settings.child_file_bytes)
    engines = SandboxPool(
        limits, stall_s=settings.child_stall_s, environment=sandbox_environment(), most_idle=slots + 1
    )
    return engines, PoolConfig(CPU_QUEUE, (CPU_QUEUE,), slots, "cpu", sends_webhooks=True)


def _engines(options: argparse.Namespace, settings: Settings, catalog: Catalog) -> tuple[EnginePool, PoolConfig]:
    entries = [entry for entry in catalog if entry.family == options.family]
    if not entries:
        known = ", ".join(sorted({entry.family for entry in catalog}))
        raise Misconfigured(f"there is no family {options.family!r}; there are cpu, {known}", field="--family")
    if options.device != "cpu" and not any(can_use_gpu(entry) for entry in entries):
        raise Misconfigured(f"{options.family} runs on the CPU only: leave --device out", field="--device")
    preload = _select_preload(options.model, entries)
    count = options.engines or _default_engines(options.device, preload)
    # NumPy's own threads would take every core in every engine, and spin between two calls.
    threads = str(max(entry.threads for entry in preload))
    environment = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, **engine_environment()}
    engines = EnginePool(
        catalog,
        preload,
        count=count,
        device=options.device,
        environment=environment,
        models_toml=settings.data_dir / "models.toml",
        memory_bytes=settings.engine_memory_bytes or _default_memory_bytes(),
        most_models=settings.engine_models,
    )
    queues = sorted({entry.queue for entry in entries})
    name = queues[0] if len(queues) == 1 else options.family
    return engines, PoolConfig(name, queues, count * max(entry.slots for entry in preload), options.device)


def _default_memory_bytes() -> int:
    """Three quarters of what this container, or this machine, has."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = "max"
    return (min(total, int(limit)) if limit.isdigit() else total) * 3 // 4


def _select_preload(names: Sequence[str], entries: Sequence[Entry]) -> list[Entry]:
    """The named models; unset, those whose weights are in their package or directory.

    Without any, the first one whose weights were downloaded, else the first one.
    """
    by_name = {entry.name: entry for entry in entries}
    if unknown := [name for name in names if name not in by_name]:
        raise Misconfigured(f"there is no model {unknown[0]!r}; there are {', '.join(by_name)}", field="--model")
    if names:
        return [by_name[name] for name in names]
    local = [entry for entry in entries if entry.source is None or Path(entry.source).expanduser().is_dir()]
    return local or [next((entry for entry in entries if has_weights_here(entry)), entries[0])]


def _default_engines(device: str, preload: Sequence[Entry]) -> int:
    if device != "cpu":
        return 1
    return max(1, (os.cpu_count() or 1) // max(entry.threads for entry in preload))


def _wait_until_warm(engines: EnginePool | SandboxPool, options: argparse.Namespace, liveness: Liveness) -> None:
    limit_s = _FORK_SERVER_S if options.family == CPU_QUEUE else _MODEL_S
    idle_timer = IdleTimer(least_s=limit_s * _BUSY_SHARE)
    while not engines.wait_until_loaded(_CHECK_PROGRESS_EVERY_S):
        liveness.report()
        # On a machine under heavy load a start takes long, and is none the worse.
        if idle_timer.idle_s([os.getpid()], missing=1) > limit_s:
            reasons = "; ".join(dict.fromkeys(engines.failures()))
            raise Misconfigured(
                f"the engines of {options.family} have made no progress for {limit_s:g} s"
                + (f": {reasons}" if reasons else ""),
                field="--family",
            )
    if not engines.is_warm():
        raise Misconfigured("; ".join(dict.fromkeys(engines.failures())) or "no engine started", field="--family")


def require_protection(restrictions: Sequence[str]) -> None:
    """Raises Misconfigured where sandboxes with these restrictions leave anything open."""
    if unprotected := find_unprotected(restrictions):
        raise Misconfigured(
            f"this machine's kernel does not keep sandboxes from {' and '.join(unprotected)} "
            f"(it has: {', '.join(restrictions) or 'nothing'}). Use Linux 5.13 or later with Landlock and seccomp, or "
            "set VOICEMILL_REQUIRE_SANDBOX=false",
            field="VOICEMILL_REQUIRE_SANDBOX",
        )


def _consume(worker: Worker, url: str, parent: int | None) -> None:
    """Consume notifications in this thread until SIGTERM."""
    app = make_app(url, worker.queues)
    tasks.register_tasks(app, worker.consumers())
    name = f"{worker.pool.name}@{platform.node()}-{os.getpid()}"

    def ready(**_: Any) -> None:
        _log.info("worker_ready", worker=name, queues=",".join(worker.queues), slots=worker.slots.total)
        worker.notify_own_queues()

    def stopping(**_: Any) -> None:
        parent_is_gone = parent is not None and os.getppid() != parent
        threading.Thread(target=worker.stop, kwargs={"at_once": parent_is_gone}, name="stopping", daemon=True).start()
        forced_exit = threading.Timer(_FORCED_EXIT_S, os._exit, args=(1,))
        forced_exit.daemon = True
        forced_exit.start()

    # Celery warns of root because of pickled messages. Ours are JSON, and user input is parsed by another user.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # Celery keeps weak references: these two live as long as this call.
    signals.worker_ready.connect(ready)
    signals.worker_shutting_down.connect(stopping)
    signals.setup_logging.connect(_keep_our_logging)
    app.Worker(
        pool="threads",
        concurrency=worker.slots.total,
        hostname=name,
        queues=worker.queues,
        task_events=False,
        without_mingle=True,
        without_gossip=True,
        loglevel="WARNING",
        quiet=True,
    ).start()


def _keep_our_logging(**_: Any) -> None:
    return


if __name__ == "__main__":
    # Ctrl-C in a terminal is a graceful stop too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())

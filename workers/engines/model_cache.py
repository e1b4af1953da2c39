"""The models of one engine child: loaded on demand, the least recently used one unloaded when there are too many."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from jobs.stack_trace import format_stack
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.checkpoint import find_checkpoint, needs_download
from pipelines.catalog.entry import Entry, SynthesisEntry
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.errors import ModelUnavailable, PipelineError
from pipelines.family import engine_selection

from .batched_family import SharedFamily, share
from .engine_time import EngineClock
from .messages import Event, ModelFetching, ModelLoaded, ModelLoadFailed, ModelLoading, ModelUnloaded


@dataclass(slots=True)
class CachedModel:
    """A loaded family, and how many runs use it at this moment."""

    shared: SharedFamily
    users: int = 0


class ModelCache:
    """Models by entry name. `send` is called with every change; several threads may acquire models at once."""

    def __init__(self, catalog: Catalog, device: str, send: Callable[[Event], None], *, most: int) -> None:
        """`most`: models kept at once; more only while all of them are in use."""
        self._catalog = catalog
        self._device = device
        self._send = send
        self._most = max(1, most)
        self._clock = EngineClock()
        #: In the order of their last use.
        self._loaded: dict[str, CachedModel] = {}
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @contextmanager
    def acquire(self, name: str) -> Iterator[CachedModel]:
        """The model, which stays loaded in the meantime. Raises PipelineError when it cannot be loaded here."""
        with self._lock:
            load_lock = self._loading.setdefault(name, threading.Lock())
        with load_lock:
            model = self._find(name) or self._load(self._catalog.named(name))
        try:
            yield model
        finally:
            with self._lock:
                model.users -= 1
            self._unload_unused()

    def _find(self, name: str) -> CachedModel | None:
        with self._lock:
            model = self._loaded.pop(name, None)
            if model is not None:
                model.users += 1
                self._loaded[name] = model
            return model

    def _load(self, entry: Entry) -> CachedModel:
        started = time.monotonic()
        try:
            if needs_download(entry):
                self._send(ModelFetching(entry.name))
                find_checkpoint(entry)
            self._send(ModelLoading(entry.name))
            family = import_target(entry.target)(entry, self._device)
            # The pipelines too, so that the first chunk does not wait for their import.
            for spec in PIPELINES.values():
                if entry.kind in (spec.model_kind, *spec.helper_kinds):
                    spec.load()
            voices = _list_voices(entry)
        except PipelineError as error:
            self._send(ModelLoadFailed(entry.name, error.detail))
            raise
        except Exception as error:  # the runtimes of models raise what they like
            name = type(error).__name__
            detail = f"{entry.name} cannot be loaded here: unexpected {name}; the log of the worker has the cause."
            # The message too: nothing of a user has been read yet, and it often is all that names the cause.
            sys.stderr.write(f"{entry.name} cannot be loaded here: {error}\n{format_stack(error)}\n")
            self._send(ModelLoadFailed(entry.name, detail))
            raise ModelUnavailable(detail) from error
        model = CachedModel(share(entry, family, self._clock), users=1)
        with self._lock:
            self._loaded[entry.name] = model
        load_s = round(time.monotonic() - started, 3)
        selection = engine_selection(family)
        self._send(
            ModelLoaded(
                model=entry.name,
                revision=str(family.revision),
                engine=str(family.engine),
                selection=asdict(selection) if selection else None,
                voices=voices,
                load_s=load_s,
            )
        )
        return model

    def _unload_unused(self) -> None:
        with self._lock:
            unused = [name for name, model in self._loaded.items() if not model.users]
            unloaded = {name: self._loaded.pop(name) for name in unused[: max(0, len(self._loaded) - self._most)]}
        for name, model in unloaded.items():
            model.shared.close()
            self._send(ModelUnloaded(name))


def _list_voices(entry: Entry) -> list[dict[str, Any]]:
    """The model's voices as JSON; empty for what does not speak."""
    if not isinstance(entry, SynthesisEntry) or entry.voices_target is None:
        return []
    return [asdict(voice) for voice in import_target(entry.voices_target)(entry)]


def import_target(name: str) -> Any:
    """The object that a catalogue's "module:attribute" names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)

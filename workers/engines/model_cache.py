"""The models of one engine child: loaded when they are asked for, the longest unused one dropped when they are many."""

from __future__ import annotations

import importlib
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from pipelines.catalog.catalog import PIPELINES, Catalog
from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import checkpoint, is_to_be_fetched
from pipelines.errors import ModelUnavailable, PipelineError
from pipelines.family import selection_of

from . import step_runner
from .batching import Batcher
from .channel import Message


class Model:
    """A loaded family object and the batcher before it."""

    def __init__(self, family: Any, slots: int) -> None:
        self.family = family
        self.batcher = Batcher(family, slots)
        #: Chunks that use it at this moment.
        self.users = 0

    def close(self) -> None:
        """Give its memory back, as far as its runtime does that."""
        self.batcher.close()
        self.family.close()


class LoadedModels:
    """Models by entry name. `say` is told of every change; several threads may ask at once."""

    def __init__(self, catalog: Catalog, device: str, say: Callable[[Message], None], *, most: int) -> None:
        """`most`: models kept at once; more only while all of them are in use."""
        self._catalog = catalog
        self._device = device
        self._say = say
        self._most = max(1, most)
        #: In the order of their last use.
        self._loaded: dict[str, Model] = {}
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @contextmanager
    def using(self, name: str) -> Iterator[Model]:
        """The model, which stays loaded in the meantime. Raises PipelineError when it cannot be loaded here."""
        with self._lock:
            turn = self._loading.setdefault(name, threading.Lock())
        with turn:
            model = self._take(name) or self._load(self._catalog.named(name))
        try:
            yield model
        finally:
            with self._lock:
                model.users -= 1
            self._drop_unused()

    def _take(self, name: str) -> Model | None:
        with self._lock:
            model = self._loaded.pop(name, None)
            if model is not None:
                model.users += 1
                self._loaded[name] = model
            return model

    def _load(self, entry: Entry) -> Model:
        started = time.monotonic()
        try:
            if is_to_be_fetched(entry):
                self._say({"event": "fetching", "model": entry.name})
                checkpoint(entry)
            self._say({"event": "loading", "model": entry.name})
            family = target(entry.target)(entry, self._device)
            # The code around it too, so that the first chunk does not wait for that.
            for kind in PIPELINES:
                # A model of a third kind works on what others heard or spoke.
                if kind.startswith(f"{entry.kind}.") or entry.kind not in ("tts", "stt"):
                    step_runner.load_pipeline(kind)
            voices = [asdict(voice) for voice in target(entry.voices_target)(entry)] if entry.voices_target else []
        except PipelineError as error:
            self._say({"event": "load_failed", "model": entry.name, "detail": error.detail})
            raise
        except Exception as error:  # the runtimes of models raise what they like
            detail = f"{entry.name} cannot be loaded here: {error}"
            traceback.print_exc()
            self._say({"event": "load_failed", "model": entry.name, "detail": detail})
            raise ModelUnavailable(detail) from error
        model = Model(family, entry.slots)
        model.users = 1
        with self._lock:
            self._loaded[entry.name] = model
        load_s = round(time.monotonic() - started, 3)
        selection = selection_of(family)
        self._say(
            {
                "event": "loaded",
                "model": entry.name,
                "revision": str(family.revision),
                "engine": str(family.engine),
                "selection": asdict(selection) if selection else None,
                "voices": voices,
                "load_s": load_s,
            }
        )
        return model

    def _drop_unused(self) -> None:
        with self._lock:
            unused = [name for name, model in self._loaded.items() if not model.users]
            dropped = {name: self._loaded.pop(name) for name in unused[: max(0, len(self._loaded) - self._most)]}
        for name, model in dropped.items():
            model.close()
            self._say({"event": "unloaded", "model": name})


def target(name: str) -> Any:
    """What a catalogue's "module:attribute" names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)

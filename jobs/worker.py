"""Worker processes as plain values, and what they report about themselves: `workers.info`.

The JSON is written and read here alone. It is read leniently: a worker of another version may have written it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from .job import Json
from .stored_object import StoredBytes
from .worker_counters import CounterValue


class ModelState(StrEnum):
    """What a worker can do with a model."""

    ABSENT = "absent"
    DOWNLOADING = "downloading"
    LOADING = "loading"
    READY = "ready"
    WARM = "warm"
    FAILED = "failed"

    @property
    def is_able(self) -> bool:
        """Whether the model is loaded, or can be loaded at once."""
        return self in (ModelState.READY, ModelState.WARM)

    @property
    def is_expected(self) -> bool:
        """Whether the model is loaded, or will be without anybody's help."""
        return self.is_able or self in (ModelState.DOWNLOADING, ModelState.LOADING)


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that a worker offers. `language`: BCP 47, `und` if unknown."""

    id: str
    name: str
    language: str
    family: str
    model: str
    gender: str | None = None
    sample_rate_hz: int | None = None

    @classmethod
    def from_json(cls, value: object, *, model: str | None = None) -> VoiceInfo | None:
        """None for what is no voice. `model`: whose voice it is where it names none itself."""
        if not isinstance(value, Mapping) or not {"id", "language", "family"} <= value.keys():
            return None
        return cls(
            id=value["id"],
            name=value.get("name", value["id"]),
            language=value["language"],
            family=value["family"],
            # The name of a family stands for its first model in every request.
            model=value.get("model", model or value["family"]),
            gender=value.get("gender"),
            sample_rate_hz=value.get("sample_rate_hz"),
        )


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How a model was loaded. `selection`: JSON of how its engine was chosen, None where nothing was measured."""

    revision: str
    engine: str
    selection: Json | None
    load_s: float

    @classmethod
    def from_json(cls, value: Json) -> LoadReport | None:
        """None where the model was not loaded."""
        if not value.get("engine"):
            return None
        selection = value.get("selection")
        return cls(
            revision=str(value.get("revision", "")),
            engine=str(value["engine"]),
            selection=selection if isinstance(selection, Mapping) else None,
            load_s=float(value.get("load_s", 0.0)),
        )


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model in a worker. `detail`: why it could not be loaded. `voices`: its own, where `WorkerInfo` lists none."""

    state: ModelState = ModelState.ABSENT
    detail: str | None = None
    loaded: LoadReport | None = None
    memory_bytes: int | None = None
    voices: Sequence[VoiceInfo] = ()

    @classmethod
    def from_json(cls, name: str, value: object) -> ModelStatus:
        """The status of the model of this name; `absent` for what is none."""
        if not isinstance(value, Mapping):
            return cls()
        state, memory = value.get("state"), value.get("memory_bytes")
        return cls(
            state=ModelState(state) if state in list(ModelState) else ModelState.ABSENT,
            detail=value.get("detail"),
            loaded=LoadReport.from_json(value),
            memory_bytes=int(memory) if memory is not None else None,
            voices=_voices(value.get("voices"), name),
        )

    def to_json(self) -> dict[str, Any]:
        """Only what is known."""
        voices = [asdict(voice) for voice in self.voices] or None
        details = {"detail": self.detail, "memory_bytes": self.memory_bytes, "voices": voices}
        return {
            "state": self.state.value,
            **(asdict(self.loaded) if self.loaded is not None else {}),
            **{name: value for name, value in details.items() if value is not None},
        }


#: What a sandbox must not reach → the names of the restrictions, each of which prevents that alone.
PROTECTIONS: Mapping[str, frozenset[str]] = {
    "files": frozenset({"landlock", "chroot"}),
    "system calls": frozenset({"seccomp"}),
}


def find_unprotected(restrictions: Sequence[str]) -> list[str]:
    """What sandboxes with these restrictions do not keep from what they open: "files", "system calls".

    The network is not among them: where there is no network namespace, the filter of system calls refuses sockets.
    """
    return [what for what, any_of in PROTECTIONS.items() if not any_of & set(restrictions)]


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker reports; None where it has not, or has nothing of the kind."""

    #: By the name of the catalogue entry.
    models: Mapping[str, ModelStatus] | None = None
    voices: Sequence[VoiceInfo] | None = None
    #: Of its sandboxes; `walls` in the JSON.
    restrictions: Sequence[str] | None = None
    #: What its steps can do with the optional packages that it has: names of pipelines/catalog/features.py.
    features: Sequence[str] | None = None
    engine_rss_bytes: Sequence[int] | None = None
    #: Violations at the sweeper's last audit, by invariant.
    audit: Mapping[str, int] | None = None
    #: The sizes of all objects, as of that audit.
    stored: StoredBytes | None = None
    rss_bytes: int | None = None
    #: For the files of its chunks; while it is short of space it claims none.
    free_bytes: int | None = None
    is_short_of_space: bool | None = None
    counters: Sequence[CounterValue] | None = None

    @property
    def has_sandboxes(self) -> bool:
        """Whether it reports the restrictions of sandboxes; workers of older versions report the network's alone."""
        return "limits" in (self.restrictions or ())

    @property
    def unprotected(self) -> Sequence[str]:
        """What its sandboxes are not kept from; empty for a worker without any."""
        return find_unprotected(self.restrictions or ()) if self.has_sandboxes else ()

    @classmethod
    def from_json(cls, value: Json) -> WorkerInfo:
        """The report in this JSON."""
        models, voices = value.get("models"), value.get("voices")
        reported = models.items() if isinstance(models, Mapping) else ()
        return cls(
            models={name: ModelStatus.from_json(name, each) for name, each in reported} if models is not None else None,
            voices=_voices(voices, None) if voices is not None else None,
            restrictions=value.get("walls"),
            features=value.get("features"),
            engine_rss_bytes=value.get("engine_rss_bytes"),
            audit=value.get("audit"),
            stored=StoredBytes.from_json(value.get("stored")),
            rss_bytes=value.get("rss_bytes"),
            free_bytes=value.get("free_bytes"),
            is_short_of_space=value.get("short_of_space"),
            counters=_counters(value.get("counters")),
        )

    def to_json(self) -> dict[str, Any]:
        """Only what was reported."""
        report: dict[str, Any] = {
            "models": {name: model.to_json() for name, model in self.models.items()}
            if self.models is not None
            else None,
            "voices": [asdict(voice) for voice in self.voices] if self.voices is not None else None,
            "walls": list(self.restrictions) if self.restrictions is not None else None,
            "features": list(self.features) if self.features is not None else None,
            "engine_rss_bytes": list(self.engine_rss_bytes) if self.engine_rss_bytes is not None else None,
            "audit": dict(self.audit) if self.audit is not None else None,
            "stored": self.stored.to_json() if self.stored is not None else None,
            "rss_bytes": self.rss_bytes,
            "free_bytes": self.free_bytes,
            "short_of_space": self.is_short_of_space,
            "counters": [each.to_json() for each in self.counters] if self.counters is not None else None,
        }
        return {name: value for name, value in report.items() if value is not None}


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A row of `workers`, as the process last registered itself."""

    id: str
    queues: Sequence[str]
    slots: int
    device: str
    last_seen: int
    info: WorkerInfo = field(default_factory=WorkerInfo)


def _voices(values: object, model: str | None) -> tuple[VoiceInfo, ...]:
    found = (VoiceInfo.from_json(value, model=model) for value in values) if isinstance(values, list | tuple) else ()
    return tuple(voice for voice in found if voice is not None)


def _counters(values: object) -> tuple[CounterValue, ...] | None:
    if not isinstance(values, list | tuple):
        return None
    found = (CounterValue.from_json(value) for value in values)
    return tuple(value for value in found if value is not None)

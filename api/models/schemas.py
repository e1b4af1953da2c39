"""Models on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import WithJsonSchema

from api.http.schemas import ResponseModel
from jobs.worker import ModelState

#: Written out at the field, without a component schema of its own.
_State = Annotated[ModelState, WithJsonSchema({"enum": list(ModelState), "title": "State", "type": "string"})]


class EngineCandidate(ResponseModel):
    """An engine that a worker tried for a model. `error`: its deviation from float32 on a fixed recording, in the unit
    of the family (docs/explanation/engine-selection.md); null if it was not measured."""

    engine: str
    error: float | None


class ModelBody(ResponseModel):
    """A model that this server knows. `state`: `warm` = loaded in a live worker, `ready` = a live worker can load it,
    `absent` = no live worker has it, `downloading` = its weights are being fetched, `loading` = they are read or
    converted, `failed` = no worker could load it."""

    name: str
    kind: Literal["tts", "stt", "speaker"]
    family: str
    languages: list[str]
    engines: list[str]
    engine: str | None
    #: The deviation of the engine from float32; null if it was not measured.
    engine_error: float | None
    #: A warning about the engine, such as an error above the limit for one that the operator has chosen.
    engine_warning: str | None
    #: The engines that the worker tried, in this order; the last one runs the model.
    engine_candidates: list[EngineCandidate]
    state: _State
    workers: int
    memory_bytes: int | None
    sample_rate_hz: int
    auto: bool
    #: Values of `emotion`, which a model may support in part; empty for recognition models.
    emotions: list[str]
    #: For keys with the scope `admin`: the command that installs the model and starts a worker with it, if no live
    #: worker can run it; null for other keys.
    install: str | None


class ModelList(ResponseModel):
    object: Literal["list"] = "list"
    data: list[ModelBody]

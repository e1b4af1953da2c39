"""Voices that synthesis can use, on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.http.schemas import ResponseModel


class VoicesQuery(BaseModel):
    """Filters of the list of voices."""

    model_config = ConfigDict(extra="forbid")

    language: str | None = Field(
        None, max_length=35, description="BCP 47 tag; regions make no difference: `en` and `en-US` match `en-GB` too."
    )
    family: str | None = Field(None, max_length=50)


class VoiceBody(ResponseModel):
    """A voice of a model of a live worker, or an enrolled one for a model that can clone."""

    id: str
    name: str
    language: str = Field(description="BCP 47 tag; `und` if unknown.")
    family: str
    model: str
    gender: str | None = None
    sample_rate_hz: int | None = None
    preview: str = Field(description="URL of its sample: GET returns the audio, POST makes it.")


class VoiceList(ResponseModel):
    object: Literal["list"] = "list"
    data: list[VoiceBody]

"""Enrolled voices on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from api.http.schemas import ResponseModel


class NewVoiceBody(BaseModel):
    """A voice to enrol."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    consent: bool = Field(
        description="`true`: the person who speaks has agreed to the use of this voice.",
        json_schema_extra={"const": True},
    )
    language: str | None = Field(None, max_length=35, description="BCP 47 tag of what is spoken, for lists.")
    gender: Literal["female", "male"] | None = None

    @field_validator("consent")
    @classmethod
    def _is_given(cls, consent: bool) -> bool:
        if not consent:
            raise ValueError("A voice is enrolled only with the consent of the person who speaks: send consent=true.")
        return consent


class EnrolledVoiceBody(ResponseModel):
    """An enrolled voice, with the size and hash of its recording."""

    id: str
    object: Literal["voice"] = "voice"
    name: str
    language: str | None
    gender: str | None
    bytes: int
    sha256: str
    consented_at: datetime
    created_at: datetime


class EnrolledVoiceList(ResponseModel):
    object: Literal["list"] = "list"
    data: list[EnrolledVoiceBody]

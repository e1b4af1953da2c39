"""Enrolled voices as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from .stored_object import StoredObject


@dataclass(frozen=True, slots=True)
class NewVoice:
    """A voice to be recorded, with the consent of the person."""

    id: str
    tenant_id: str
    name: str
    reference: StoredObject
    language: str | None = None  # BCP 47
    gender: str | None = None


@dataclass(frozen=True, slots=True)
class EnrolledVoice(NewVoice):
    """A row of `voices`."""

    consented_at: int = 0
    created_at: int = 0

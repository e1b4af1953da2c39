"""Enrolled voices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.voice import EnrolledVoice, NewVoice


class VoiceStore(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def add(self, new: NewVoice) -> EnrolledVoice:
        """Record a voice whose recording is stored. The consent is dated now."""

    def get(self, tenant_id: str, voice_id: str) -> EnrolledVoice:
        """Raises NotFound (also for another tenant's)."""

    def list(self, tenant_id: str) -> Sequence[EnrolledVoice]:
        """Oldest first."""

    def delete(self, tenant_id: str, voice_id: str) -> None:
        """Its objects were deleted before. Raises NotFound."""

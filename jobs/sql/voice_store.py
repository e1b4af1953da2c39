"""Enrolled voices: their tenants and the keys of their recordings. A deleted voice leaves no row."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from jobs.errors import NotFound
from jobs.voice import EnrolledVoice, NewVoice

from .clock import db_now_ms
from .database import Database
from .rows import to_voice
from .tables import voices


class SqlVoiceStore:
    """See `VoiceStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, new: NewVoice) -> EnrolledVoice:
        """See VoiceStore.add."""
        insert = (
            sa.insert(voices)
            .values(
                id=new.id,
                tenant_id=new.tenant_id,
                name=new.name,
                language=new.language,
                gender=new.gender,
                reference_key=new.reference.key,
                reference_sha256=new.reference.sha256,
                reference_bytes=new.reference.bytes,
                consented_at=db_now_ms(),
                created_at=db_now_ms(),
            )
            .returning(voices)
        )
        return to_voice(self._db.write(lambda connection: connection.execute(insert).one()))

    def get(self, tenant_id: str, voice_id: str) -> EnrolledVoice:
        """See VoiceStore.get."""
        query = sa.select(voices).where(*_is_voice(tenant_id, voice_id))
        row = self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("There is no such voice.")
        return to_voice(row)

    def list(self, tenant_id: str) -> Sequence[EnrolledVoice]:
        """See VoiceStore.list."""
        query = sa.select(voices).where(voices.c.tenant_id == tenant_id).order_by(voices.c.id)
        return [to_voice(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def delete(self, tenant_id: str, voice_id: str) -> None:
        """See VoiceStore.delete."""
        delete = sa.delete(voices).where(*_is_voice(tenant_id, voice_id)).returning(voices.c.id)
        if self._db.write(lambda connection: connection.execute(delete).one_or_none()) is None:
            raise NotFound("There is no such voice.")


def _is_voice(tenant_id: str, voice_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return voices.c.id == voice_id, voices.c.tenant_id == tenant_id

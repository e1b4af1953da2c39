"""Enrolled voices: who they belong to and where their recordings are. A deleted voice leaves no row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import NotFound
from jobs.job import EnrolledVoice, InputObject, NewVoice

from .clock import db_now_ms
from .database import Database
from .tables import voices


class Voices:
    """Add, read, list and delete voices."""

    _db: Database

    def add_voice(self, new: NewVoice) -> EnrolledVoice:
        """See Store.add_voice."""
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
        return _to_voice(self._db.write(lambda connection: connection.execute(insert).one()))

    def voice(self, tenant_id: str, voice_id: str) -> EnrolledVoice:
        """See Store.voice."""
        query = sa.select(voices).where(*_is(tenant_id, voice_id))
        row = self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("There is no such voice.")
        return _to_voice(row)

    def voices(self, tenant_id: str) -> Sequence[EnrolledVoice]:
        """See Store.voices."""
        query = sa.select(voices).where(voices.c.tenant_id == tenant_id).order_by(voices.c.id)
        return [_to_voice(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def delete_voice(self, tenant_id: str, voice_id: str) -> None:
        """See Store.delete_voice."""
        delete = sa.delete(voices).where(*_is(tenant_id, voice_id)).returning(voices.c.id)
        if self._db.write(lambda connection: connection.execute(delete).one_or_none()) is None:
            raise NotFound("There is no such voice.")

    def voice_objects(self, *, after: str = "", limit: int = 100) -> Sequence[tuple[str, Sequence[InputObject]]]:
        """See Store.voice_objects."""
        query = sa.select(voices).where(voices.c.id > after).order_by(voices.c.id).limit(limit)
        rows = self._db.read(lambda connection: connection.execute(query).all())
        return [(row.id, (_to_voice(row).reference,)) for row in rows]


def _is(tenant_id: str, voice_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return voices.c.id == voice_id, voices.c.tenant_id == tenant_id


def _to_voice(row: Any) -> EnrolledVoice:
    return EnrolledVoice(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        language=row.language,
        gender=row.gender,
        reference=InputObject(row.reference_key, row.reference_sha256, row.reference_bytes),
        consented_at=row.consented_at,
        created_at=row.created_at,
    )

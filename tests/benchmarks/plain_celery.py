"""The baseline: a small application with plain Flask and Celery and the same durability.

Its state is in the same Postgres, committed before the response and at the end; results are on the same disk, with
fsync; tasks are acknowledged late, so that the task of a killed worker is repeated. It has no leases, fences, progress,
cancel or webhooks. The work is the same: `tone` synthesises the text to a WAV file.
"""

from __future__ import annotations

import os
import threading
import uuid
import wave
from pathlib import Path

import psycopg
from celery import Celery
from flask import Flask, Response, jsonify, request

from pipelines.catalog.catalog import Catalog
from pipelines.families import tone
from pipelines.family import SynthesisInput

TABLE = (
    "CREATE TABLE IF NOT EXISTS plain_jobs (id text PRIMARY KEY, state text NOT NULL, text text NOT NULL, result text)"
)

celery = Celery("plain", broker=os.environ.get("PLAIN_BROKER_URL"))
celery.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    task_serializer="json",
    broker_connection_retry_on_startup=True,
)
app = Flask("plain")
_own = threading.local()


def _database() -> psycopg.Connection:
    """The connection of this thread."""
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(os.environ["PLAIN_DATABASE_URL"])
    return _own.connection


@app.post("/speak")
def accept() -> tuple[Response, int]:
    """Insert, commit, enqueue, respond."""
    job_id = uuid.uuid4().hex
    connection = _database()
    connection.execute("INSERT INTO plain_jobs VALUES (%s, 'accepted', %s)", (job_id, request.get_json()["text"]))
    connection.commit()
    speak.delay(job_id)
    return jsonify(id=job_id), 202


@celery.task(name="plain.speak")  # type: ignore[untyped-decorator]
def speak(job_id: str) -> None:
    """Synthesise a job's text to a file."""
    connection = _database()
    row = connection.execute(
        "UPDATE plain_jobs SET state = 'running' WHERE id = %s RETURNING text", (job_id,)
    ).fetchone()
    connection.commit()
    assert row is not None
    synthesiser = tone.load_synthesiser(Catalog().get("tone", "tts"), "cpu")
    [speech] = synthesiser.synthesise([SynthesisInput(row[0], "tone", "en")], lambda: None)
    path = Path(os.environ["PLAIN_DIRECTORY"]) / f"{job_id}.wav"
    with path.open("wb") as file:
        with wave.open(file, "wb") as audio:
            audio.setparams((1, 2, speech.sample_rate_hz, 0, "NONE", ""))
            audio.writeframes(speech.samples.tobytes())
        file.flush()
        os.fsync(file.fileno())
    connection.execute("UPDATE plain_jobs SET state = 'succeeded', result = %s WHERE id = %s", (str(path), job_id))
    connection.commit()

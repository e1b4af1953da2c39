"""Request bodies: JSON within a limit, and forms whose file goes straight to the storage while it is hashed.

Nothing is spooled: fields are small and held, the file passes through in blocks. The server hands a body that was cut
off on as if it had ended, so the end is believed only when the closing boundary and the promised length are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from flask import Request
from pydantic import BaseModel
from pydantic_core import from_json
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from jobs.job import StoredPart
from jobs.storage.storage import Storage, Upload

from .errors import CutOff, Invalid, Malformed, TooLarge, WrongMediaType

BLOCK = 256 << 10
MAX_PARTS = 400
#: Bytes of all fields of a form together, and of what stands between them.
MAX_FIELDS = 1 << 20
#: After a refusal so much of the body is still read, so that the client gets to see the answer.
DRAIN = 8 << 20
FILE_FIELD = "file"


@dataclass(slots=True)
class Form:
    """What a form held. `upload` is open until `complete`; whoever leaves `received_form` before aborts it."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file_name: str | None = None
    upload: Upload | None = None
    file_bytes: int = 0

    def complete(self) -> StoredPart:
        """Make the file an object of the storage. Raises StorageUnavailable."""
        assert self.upload is not None
        part, self.upload = self.upload.complete(), None
        return part


def read_json(request: Request, *, limit: int) -> bytes:
    """The body as it came. Raises WrongMediaType, TooLarge, CutOff."""
    if request.mimetype != "application/json":
        raise WrongMediaType("Send application/json.", headers={"Accept": "application/json"})
    body = bytearray()
    for block in _blocks(request, limit=limit):
        body += block
    return bytes(body)


def parse_json(body: bytes) -> dict[str, Any]:
    """The body as an object. Raises Malformed."""
    try:
        # Not the standard library's: it takes NaN and half surrogates, which nothing behind us can store.
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed("The body is not JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.")
    return value


@contextmanager
def received_form(request: Request, storage: Storage, key: str, *, limit: int) -> Iterator[Form]:
    """The request's form, its file streamed to `key`. Raises Malformed, CutOff, TooLarge, Invalid, StorageUnavailable.

    Leaving the block without `complete` removes what was stored.
    """
    boundary = request.mimetype_params.get("boundary")
    if request.mimetype != "multipart/form-data" or not boundary:
        raise WrongMediaType("Send multipart/form-data.", headers={"Accept": "multipart/form-data"})
    form = Form()
    reader = _FormReader(form, storage, key, limit=limit)
    try:
        reader.read(_blocks(request, limit=limit + MAX_FIELDS), boundary.encode())
        yield form
    finally:
        if form.upload is not None:
            form.upload.abort()


class _FormReader:
    """Feeds the blocks of a body to the decoder and its events to a `Form`."""

    def __init__(self, form: Form, storage: Storage, key: str, *, limit: int) -> None:
        self._form = form
        self._storage = storage
        self._key = key
        self._limit = limit
        self._field: str | None = None
        self._value = bytearray()
        self._held = 0

    def read(self, blocks: Iterator[bytes], boundary: bytes) -> None:
        decoder = MultipartDecoder(boundary, max_form_memory_size=MAX_FIELDS, max_parts=MAX_PARTS)
        try:
            for block in blocks:
                decoder.receive_data(block)
                self._take(decoder)
            decoder.receive_data(None)
            self._take(decoder)
        except RequestEntityTooLarge as error:
            raise TooLarge(f"A form has at most {MAX_PARTS} parts, and its fields {MAX_FIELDS} bytes.") from error
        except ValueError as error:
            if decoder.complete:
                raise CutOff("The form ended before its closing boundary; send it again.") from error
            raise Malformed("The body is not a readable form.") from error

    def _take(self, decoder: MultipartDecoder) -> None:
        while True:
            event = decoder.next_event()
            if isinstance(event, NeedData):
                return
            if isinstance(event, File):
                self._begin_file(event)
            elif isinstance(event, Field):
                self._begin_field(event.name)
            elif isinstance(event, Data):
                self._data(event)
            elif isinstance(event, Epilogue):
                return

    def _begin_file(self, event: File) -> None:
        if event.name != FILE_FIELD:
            raise Invalid.field(
                event.name or "body", f"The file goes into the field `{FILE_FIELD}`.", code="extra_forbidden"
            )
        if self._form.file_name is not None:
            raise Invalid.field(FILE_FIELD, "Send one file.", code="too_many_files")
        self._field = None
        self._form.file_name = clean_name(event.filename)
        self._form.upload = self._storage.open_upload(self._key)

    def _begin_field(self, name: str | None) -> None:
        if not name:
            raise Malformed("A part of the form has no name.")
        if name == FILE_FIELD:
            raise Invalid.field(FILE_FIELD, "Send the file as a file, with a filename.", code="file_expected")
        self._field = name
        self._value.clear()

    def _data(self, event: Data) -> None:
        if self._field is None:
            self._file_data(event.data)
            return
        self._value += event.data
        self._held += len(event.data)
        if self._held > MAX_FIELDS:
            raise TooLarge(f"The fields of a form have at most {MAX_FIELDS} bytes together.")
        if not event.more_data:
            try:
                self._form.fields.setdefault(self._field, []).append(self._value.decode())
            except UnicodeDecodeError as error:
                raise Invalid.field(self._field, "The field is not UTF-8.", code="not_utf8") from error

    def _file_data(self, data: bytes) -> None:
        upload = self._form.upload
        assert upload is not None
        self._form.file_bytes += len(data)
        if self._form.file_bytes > self._limit:
            raise TooLarge(f"A file has at most {self._limit} bytes here.")
        if data:
            upload.write(data)


def form_arguments(model: type[BaseModel], fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """The fields of a form as the model takes them: lists repeat or take commas, objects are JSON. Raises Invalid."""
    kinds = _field_kinds(model)
    return {name: _form_value(name, values, kinds.get(name, set())) for name, values in fields.items()}


def clean_name(name: str) -> str:
    """A client's file name as a label: the last part of the path, printable, its last 200 characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(character for character in last if character.isprintable())[-200:] or "upload"


def _form_value(name: str, values: list[str], kinds: set[str]) -> Any:
    if "array" in kinds:
        return [item for value in values for item in (part.strip() for part in value.split(",")) if item]
    if len(values) > 1:
        raise Invalid.field(name, "Send this field once.", code="repeated")
    if "object" in kinds:
        try:
            return from_json(values[0], allow_inf_nan=False)
        except ValueError as error:
            raise Invalid.field(name, "In a form this field is a JSON object.", code="json_invalid") from error
    return values[0]


@cache
def _field_kinds(model: type[BaseModel]) -> dict[str, set[str]]:
    return {name: _kinds(schema) for name, schema in model.model_json_schema()["properties"].items()}


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    return {schema["type"]} if "type" in schema else {kind.get("type", "") for kind in schema.get("anyOf", ())}


def _blocks(request: Request, *, limit: int) -> Iterator[bytes]:
    """The body in blocks. Raises TooLarge (at once where a length is promised), CutOff."""
    promised = request.content_length
    stream: BinaryIO = request.environ["wsgi.input"]
    if promised is not None and promised > limit:
        if "Expect" not in request.headers:  # who waits for our word has sent nothing yet, and never will
            _drain(stream, min(promised, DRAIN))
        raise _too_large(limit)
    terminated = request.environ.get("wsgi.input_terminated", False)
    received = 0
    while promised is None or received < promised:
        if promised is None and not terminated:
            return
        block = stream.read(BLOCK if promised is None else min(BLOCK, promised - received))
        if not block:
            break
        received += len(block)
        if received > limit:
            _drain(stream, DRAIN)
            raise _too_large(limit)
        yield block
    if promised is not None and received < promised:
        raise CutOff(f"The body ended after {received} of {promised} bytes; send it again.")


def _drain(stream: BinaryIO, most: int) -> None:
    while most > 0:
        block = stream.read(min(BLOCK, most))
        if not block:
            return
        most -= len(block)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body has more than the {limit} bytes that this route takes.")

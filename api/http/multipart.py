"""Forms (multipart/form-data): small fields in memory, one file streamed into the storage while it is hashed.

The file is never written to a temporary file. A form counts as complete only with its closing boundary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from flask import Request
from pydantic import BaseModel
from pydantic_core import from_json
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from jobs.storage.storage import Storage, Upload
from jobs.stored_object import StoredObject

from .body import read_blocks
from .errors import IncompleteBody, Invalid, Malformed, TooLarge, UnsupportedMediaType

MAX_PARTS = 400
#: Bytes of all fields of a form together; also of everything between the parts.
MAX_FIELD_BYTES = 1 << 20
FILE_FIELD = "file"
FORM_TYPE = "multipart/form-data"


@dataclass(slots=True)
class Form:
    """A received form. `upload` is open until `complete`; `receive_form` aborts one that is still open."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file_name: str | None = None
    upload: Upload | None = None
    file_bytes: int = 0

    def complete(self) -> StoredObject:
        """Store the file under the key of the form. Raises StorageUnavailable."""
        assert self.upload is not None
        part, self.upload = self.upload.complete(), None
        return part


@contextmanager
def receive_form(request: Request, storage: Storage, key: str, *, limit: int) -> Iterator[Form]:
    """Read the request's form and stream its file of at most `limit` bytes to `key`.

    The file is removed if the block ends without `Form.complete`. Raises UnsupportedMediaType, Malformed,
    IncompleteBody, TooLarge, Invalid, StorageUnavailable.
    """
    boundary = request.mimetype_params.get("boundary")
    if request.mimetype != FORM_TYPE:
        raise UnsupportedMediaType(f"Send {FORM_TYPE}.", headers={"Accept": FORM_TYPE})
    if not boundary:
        raise UnsupportedMediaType(
            f"The Content-Type {FORM_TYPE} lacks the boundary of its parts: let the HTTP library set that header.",
            headers={"Accept": FORM_TYPE},
        )
    form = Form()
    reader = _FormReader(form, storage, key, limit=limit)
    try:
        reader.read(read_blocks(request, limit=limit + MAX_FIELD_BYTES), boundary.encode())
        yield form
    finally:
        if form.upload is not None:
            form.upload.abort()


class _FormReader:
    """Passes the blocks of a body to the decoder, and its events to a `Form`."""

    def __init__(self, form: Form, storage: Storage, key: str, *, limit: int) -> None:
        self._form = form
        self._storage = storage
        self._key = key
        self._limit = limit
        self._field: str | None = None
        self._value = bytearray()
        self._field_bytes = 0

    def read(self, blocks: Iterator[bytes], boundary: bytes) -> None:
        decoder = MultipartDecoder(boundary, max_form_memory_size=MAX_FIELD_BYTES, max_parts=MAX_PARTS)
        try:
            for block in blocks:
                decoder.receive_data(block)
                self._process_events(decoder)
            decoder.receive_data(None)
            self._process_events(decoder)
        except RequestEntityTooLarge as error:
            raise TooLarge(f"A form has at most {MAX_PARTS} parts, and its fields {MAX_FIELD_BYTES} bytes.") from error
        except UnicodeDecodeError as error:
            raise Malformed("The body is not a readable form: write the headers of its parts in UTF-8.") from error
        except ValueError as error:
            if decoder.complete:
                raise IncompleteBody("The form ended before its closing boundary; send it again.") from error
            raise Malformed("The body is not a readable form.") from error

    def _process_events(self, decoder: MultipartDecoder) -> None:
        while True:
            event = decoder.next_event()
            if isinstance(event, NeedData):
                return
            if isinstance(event, File):
                self._begin_file(event)
            elif isinstance(event, Field):
                self._begin_field(event.name)
            elif isinstance(event, Data):
                self._add_data(event)
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

    def _add_data(self, event: Data) -> None:
        if self._field is None:
            self._write_file(event.data)
            return
        self._value += event.data
        self._field_bytes += len(event.data)
        if self._field_bytes > MAX_FIELD_BYTES:
            raise TooLarge(f"The fields of a form have at most {MAX_FIELD_BYTES} bytes together.")
        if not event.more_data:
            try:
                self._form.fields.setdefault(self._field, []).append(self._value.decode())
            except UnicodeDecodeError as error:
                raise Invalid.field(self._field, "The field is not UTF-8.", code="not_utf8") from error

    def _write_file(self, data: bytes) -> None:
        upload = self._form.upload
        assert upload is not None
        self._form.file_bytes += len(data)
        if self._form.file_bytes > self._limit:
            raise TooLarge(f"A file has at most {self._limit} bytes here.")
        if data:
            upload.write(data)


def form_arguments(model: type[BaseModel], fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """The fields of a form as arguments of the model. Raises Invalid.

    A list repeats its field or separates its items by commas, an object is JSON.
    """
    types = _field_types(model)
    return {name: _parse_value(name, values, types.get(name, set())) for name, values in fields.items()}


def clean_name(name: str) -> str:
    """A client's file name as a label: the last part of its path, printable characters only, at most the last 200."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(character for character in last if character.isprintable())[-200:] or "upload"


def _parse_value(name: str, values: list[str], types: set[str]) -> Any:
    if "array" in types:
        return [item for value in values for item in (part.strip() for part in value.split(",")) if item]
    if len(values) > 1:
        raise Invalid.field(name, "Send this field once.", code="repeated")
    if "object" in types:
        try:
            return from_json(values[0], allow_inf_nan=False)
        except ValueError as error:
            raise Invalid.field(name, "In a form this field is a JSON object.", code="json_invalid") from error
    return values[0]


@cache
def _field_types(model: type[BaseModel]) -> dict[str, set[str]]:
    return {name: _schema_types(schema) for name, schema in model.model_json_schema()["properties"].items()}


def _schema_types(schema: Mapping[str, Any]) -> set[str]:
    return {schema["type"]} if "type" in schema else {option.get("type", "") for option in schema.get("anyOf", ())}

"""The catalogue entry for a request: the named one, or for `auto` the first that a worker can run, now or soon."""

from __future__ import annotations

from collections.abc import Iterable

from jobs.errors import NoWorker
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.language_tags import supports_language

from .live_workers import LiveWorkers

AUTO = "auto"
_NOUNS = {"tts": "speech synthesis", "stt": "transcription"}


def choose_model(catalog: Catalog, workers: LiveWorkers, *, kind: str, model: str, language: str | None) -> Entry:
    """`kind`: "tts" or "stt". A model whose worker restarts is chosen too, after those that run: its job waits.

    Raises UnsupportedOption for an unknown name; for `auto` ModelUnavailable where no model knows the language, and
    NoWorker where no worker of the kind was seen for a day.
    """
    if model != AUTO:
        return catalog.get(model, kind)
    entries = [entry for entry in catalog.of_kind(kind) if entry.auto]
    live = [entry for entry in entries if workers.able_to_run(entry)]
    if (found := _first_for(language, live)) is not None:
        return found
    expected = [entry for entry in entries if entry not in live and workers.is_expected(entry)]
    if (found := _first_for(language, expected)) is not None:
        return found
    if live or expected:
        known = ", ".join(entry.name for entry in [*live, *expected])
        detail = f"No running {kind} model knows the language {language!r}; running: {known}."
        raise ModelUnavailable(detail, field="language", for_caller=detail)
    raise NoWorker(
        f"No worker for {_NOUNS.get(kind, kind)} was seen here for a day. Try again later, or tell the operator of "
        "this server; GET /audio/models lists what runs."
    )


def start_command(entry: Entry) -> str:
    """The command that installs what the model needs and starts a worker with it; for operators only.

    What is installed on the workers' machines is not known here: the command may be repeated.
    """
    start = f"voicemill worker --family {entry.family} --model {entry.name}"
    return f"{entry.install} && {start}" if entry.install else start


def _first_for(language: str | None, entries: Iterable[Entry]) -> Entry | None:
    any_language = language in (None, AUTO)
    return next((each for each in entries if any_language or supports_language(each.languages, str(language))), None)

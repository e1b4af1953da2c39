"""The web process and the one-shot programs run with the extra `server` alone: no model runtime, no audio library.

A child process is refused every module of a distribution that the extra does not bring; so whoever makes the web
process import more has to add it to the extra, and `HEAVY` names what may never be there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.services.machine_speed import deadline

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "av",
    "babel",
    "ctranslate2",
    "faster-whisper",
    "huggingface-hub",
    "lxml",
    "num2words",
    "numpy",
    "onnxruntime",
    "pocketsphinx",
    "scikit-learn",
    "soxr",
    "tensorrt",
    "tokenizers",
    "torch",
    "transformers",
}
PROGRAM = r"""
import importlib, json, pkgutil, sys
from pathlib import Path

refused = frozenset(json.loads(sys.stdin.read()))

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())

import api, jobs
for package in (api, jobs):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name not in ("api.wsgi", "api.rsgi"):  # they open the services that the environment names
            importlib.import_module(found.name)
for module in ("migrations.__main__", "workers.new_key", "workers.maintenance.audit", "workers.celery_app"):
    importlib.import_module(module)

from api.app import create_app
from api.wiring import build_services
from jobs.settings import Settings
from migrations import upgrade

settings = Settings(data_dir=Path(sys.argv[1]), broker_url="redis://127.0.0.1:1/0")
upgrade(settings.resolved_database_url())
services = build_services(settings)
services.store.keys.ensure_tenant("main")
_, key = services.store.keys.create("main", "test", ["read", "submit", "admin"])
client = create_app(services).test_client()
client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"

form = (
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\npocketsphinx\r\n'
    b'--b\r\nContent-Disposition: form-data; name="diarize"\r\n\r\ntrue\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--b--\r\n'
)
answers = [
    client.get("/livez"),
    client.get("/openapi.json"),
    client.get("/audio/models"),
    client.get("/tts/voices"),
    client.get("/audio/metrics"),
    client.post("/tts/synthesize", json={"text": "A book.", "model": "espeak", "format": "mp3"}),
    client.post("/tts/synthesize", json={"ssml": "<speak>A book.</speak>", "model": "espeak", "language": "de"}),
    client.post("/stt/transcribe", data=form, content_type="multipart/form-data; boundary=b"),
    client.get("/jobs"),
]
print(json.dumps([answer.status_code for answer in answers]))
services.close()
"""


def brought_by_server() -> set[str]:
    """Normalised names of what `pip install 'voicemill[server]'` brings, as far as it is installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [Requirement(each) for each in [*project["dependencies"], *project["optional-dependencies"]["server"]]]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        for extra in {"", *wanted.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                needed = metadata.requires(name) or []
            except metadata.PackageNotFoundError:
                continue
            waiting += [
                each for each in map(Requirement, needed) if not each.marker or each.marker.evaluate({"extra": extra})
            ]
    return {name for name, _ in seen}


def test_extra_of_the_web_process_brings_no_model_runtime() -> None:
    brought = brought_by_server()
    assert {"flask", "sqlalchemy", "celery", "redis", "boto3"} <= brought
    assert sorted(brought & HEAVY) == []


def test_extra_of_the_workers_contains_that_of_the_server() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert "voicemill[server]" in extras["worker"]


@pytest.mark.timeout(120)
def test_web_process_serves_without_anything_that_its_extra_does_not_bring(tmp_path: Path) -> None:
    brought = brought_by_server() | {"voicemill"}
    refused = {
        module
        for module, owners in metadata.packages_distributions().items()
        if not brought & {canonicalize_name(owner) for owner in owners}
    }
    assert {"numpy", "onnxruntime", "ctranslate2", "av"} <= refused
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        input=json.dumps(sorted(refused)),
        capture_output=True,
        text=True,
        timeout=deadline(60),
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert json.loads(run.stdout.splitlines()[-1]) == [200, 200, 200, 200, 200, 202, 202, 202, 200]

"""compose.yaml and the images: pinned, checked, without anonymous volumes, and no secret in an environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.settings import SECRETS

FOLDER = Path(__file__).resolve().parents[3] / "docker"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
#: They end when their work is done.
ONE_SHOT = {"bucket", "migrations", "new-key"}
#: Directories for which images of other projects declare a volume.
FOREIGN_VOLUMES = {"postgres": ["/var/lib/postgresql/data"], "redis": ["/data"], "storage": ["/data"]}
#: Images that are built here, and what a container of them writes.
OUR_VOLUMES = {"voicemill-api": ["/data"], "voicemill-worker": ["/data", "/weights"]}
OUR_VOLUMES["voicemill-gpu-worker"] = OUR_VOLUMES["voicemill-worker"]

images = pytest.mark.parametrize("path", sorted(FOLDER.glob("*.Dockerfile")), ids=lambda path: path.name)
services = pytest.mark.parametrize("name", SERVICES)


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Directory of the container → the named volume, or "tmpfs"."""
    named = dict(reversed(volume.split(":")[:2]) for volume in service.get("volumes", ()))
    return named | dict.fromkeys(service.get("tmpfs", ()), "tmpfs")


def is_pinned(image: str) -> bool:
    tag = image.partition(":")[2]
    return bool(re.search(r"\d", tag)) and tag != "latest"


@services
def test_image_of_a_service_is_pinned_or_built_here(name: str) -> None:
    service = SERVICES[name]
    assert is_pinned(service["image"]) or service["image"] in OUR_VOLUMES
    assert "minio" not in service["image"]


@images
def test_base_of_an_image_is_pinned(path: Path) -> None:
    bases = re.findall(r"^FROM (\S+)", path.read_text(), re.M)
    assert bases
    assert [base for base in bases if not is_pinned(base)] == []


@services
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        return
    file = FOLDER / Path(service.get("build", {}).get("dockerfile", "none")).name
    checked = file.is_file() and re.search(r"^HEALTHCHECK ", file.read_text(), re.M)
    assert checked or "healthcheck" in service


def test_services_wait_for_a_store_that_answers() -> None:
    assert SERVICES["bucket"]["depends_on"]["storage"] == {"condition": "service_healthy"}


@services
def test_no_service_has_an_anonymous_volume(name: str) -> None:
    service = SERVICES[name]
    written = FOREIGN_VOLUMES.get(name) or OUR_VOLUMES[service["image"]]
    given = mounts(service)
    assert [directory for directory in written if directory not in given] == []
    assert {volume for volume in given.values() if volume != "tmpfs"} <= COMPOSE["volumes"].keys()


@images
def test_our_images_declare_no_volume(path: Path) -> None:
    assert not re.search(r"^VOLUME", path.read_text(), re.M)


def test_no_two_workers_share_a_data_directory() -> None:
    workers = {name: service for name, service in SERVICES.items() if "worker" in service["image"]}
    directories = [mounts(service)["/data"] for service in workers.values()]
    assert len(workers) >= 4
    assert len(set(directories)) == len(directories)
    # Compose refuses to start several containers of a service whose container has a name.
    assert all("container_name" in service for service in workers.values())


@services
def test_secrets_come_from_files(name: str) -> None:
    service = SERVICES[name]
    environment = service.get("environment", {})
    plain = {f"VOICEMILL_{secret.upper()}" for secret in SECRETS if secret != "storage_url"}
    assert not plain & environment.keys()
    for variable, value in environment.items():
        if re.search("PASSWORD|SECRET|CREDENTIALS|_FILE$", variable):
            assert variable.endswith("_FILE"), variable
            assert value.startswith("/run/secrets/"), variable
        assert "${" not in value or variable == "VOICEMILL_PUBLIC_URL", variable
    mounted = {f"/run/secrets/{secret}" for secret in service.get("secrets", ())}
    named = set(re.findall(r"/run/secrets/[\w.]+", yaml.safe_dump(service)))
    assert named <= mounted
    assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()


@services
def test_ports_are_open_on_this_machine_only(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", ()) if not port.startswith("127.0.0.1:")] == []


def test_image_of_the_web_process_has_its_extra_alone() -> None:
    installed = re.findall(r'pip install --constraint \S+ "\.\[(.*?)\]"', (FOLDER / "api.Dockerfile").read_text())
    assert installed == ["server"]
    assert SERVICES["flower"]["image"] == SERVICES["migrations"]["image"] == SERVICES["api"]["image"]


def test_only_the_web_process_counts_in_several_processes() -> None:
    # In any other program of the image the library would look for a directory that nobody makes.
    text = (FOLDER / "api.Dockerfile").read_text()
    assert not re.search(r"^ENV .*PROMETHEUS_MULTIPROC_DIR", text, re.M)
    assert "export PROMETHEUS_MULTIPROC_DIR=/tmp/prometheus" in text


def versions(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if "==" in line and not line.startswith("#")]
    return {name.lower().replace("_", "-"): version for name, version in (line.split("==") for line in lines)}


def test_gpu_image_replaces_exactly_the_versions_that_differ() -> None:
    own, tested = versions(FOLDER / "gpu-constraints.txt"), versions(FOLDER.parent / "constraints.txt")
    text = (FOLDER / "gpu-worker.Dockerfile").read_text()
    [left_out] = re.findall(r"grep -ivE '\^\((.*?)\)=='", text)
    # Two constraints of one package that disagree cannot be installed.
    assert own.keys() & tested.keys() == set(left_out.split("|"))
    # The versions whose wheels the table in the file compares.
    for package in ("torch", "onnxruntime-gpu"):
        assert f"{package} {own[package]}" in text
    assert f"ctranslate2 {tested['ctranslate2']}" in text
    assert own["torch"] == tested["torch"]
    assert own["onnxruntime-gpu"] == tested["onnxruntime"]


def test_gpu_image_has_torch() -> None:
    [extras] = re.findall(r"^ARG EXTRAS=(\S+)", (FOLDER / "gpu-worker.Dockerfile").read_text(), re.M)
    assert {"worker", "torch"} <= set(extras.split(","))

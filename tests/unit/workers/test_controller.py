"""What a worker process is asked for on its command line."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import pytest

from jobs.errors import Misconfigured
from jobs.settings import Settings
from pipelines.catalog.catalog import Catalog
from workers import controller


def options(**changes: Any) -> argparse.Namespace:
    return argparse.Namespace(
        **{"family": "tone", "device": "cpu", "engines": None, "model": [], "parent": None, **changes}
    )


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings(data_dir=tmp_path)


def test_an_unknown_family_is_refused_with_the_choices(settings: Settings) -> None:
    with pytest.raises(Misconfigured, match=r"no family 'parrot'.*espeak") as refused:
        controller._engines(options(family="parrot"), settings, Catalog())
    assert refused.value.field == "--family"


def test_a_family_for_the_cpu_is_refused_a_gpu(settings: Settings) -> None:
    with pytest.raises(Misconfigured) as refused:
        controller._engines(options(device="cuda"), settings, Catalog())
    assert refused.value.field == "--device"


def test_named_models_are_loaded_at_the_start_and_unknown_ones_refused() -> None:
    entries = [entry for entry in Catalog() if entry.family == "tone"]
    assert controller._select_preload(["tone-listener"], entries) == [Catalog().named("tone-listener")]
    with pytest.raises(Misconfigured, match="tone-listener") as refused:
        controller._select_preload(["parrot"], entries)
    assert refused.value.field == "--model"


def test_unless_models_are_named_those_with_weights_of_their_own_are_loaded() -> None:
    entries = [entry for entry in Catalog() if entry.family == "tone"]
    assert controller._select_preload([], entries) == entries


def test_unless_models_are_named_those_with_weights_on_this_machine_are_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    entries = [entry for entry in Catalog() if entry.family == "whisper"]
    own = replace(entries[0], name="mine", source=str(tmp_path))
    monkeypatch.setattr(controller, "has_weights_here", lambda entry: entry.name == entries[2].name)
    assert controller._select_preload([], [*entries, own]) == [own]
    assert controller._select_preload([], entries) == [entries[2]]
    monkeypatch.setattr(controller, "has_weights_here", lambda entry: False)
    assert controller._select_preload([], entries) == [entries[0]]


def test_a_gpu_has_one_engine_and_a_processor_as_many_as_it_has_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    (entry,) = [Catalog().named("tone")]
    assert controller._default_engines("cuda", [entry]) == 1
    assert controller._default_engines("cpu", [entry]) == 8 // entry.threads


def test_an_engine_may_use_three_quarters_of_the_memory() -> None:
    import psutil

    assert 0 < controller._default_memory_bytes() <= psutil.virtual_memory().total * 3 // 4


def test_an_unusable_setting_ends_with_status_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICEMILL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("VOICEMILL_BROKER_URL", raising=False)
    monkeypatch.setattr("sys.argv", ["worker", "--family", "tone"])
    monkeypatch.setattr(controller, "configure_logging", lambda **_: None)
    assert controller.main() == 2
    assert "VOICEMILL_BROKER_URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("restrictions", "named"),
    [(["limits", "hooks"], "files and system calls"), (["limits", "landlock"], "from system calls"), ([], "nothing")],
)
def test_a_demanded_sandbox_that_is_not_there_is_refused(restrictions: list[str], named: str) -> None:
    with pytest.raises(Misconfigured, match=named) as refused:
        controller.require_protection(restrictions)
    assert refused.value.field == "VOICEMILL_REQUIRE_SANDBOX"


def test_a_demanded_sandbox_needs_no_network_namespace() -> None:
    controller.require_protection(["limits", "chroot", "seccomp"])

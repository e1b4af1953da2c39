"""Which models an engine child keeps, and when it unloads one."""

import json
import sys
import threading
from dataclasses import replace

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import ModelUnavailable
from pipelines.family import EngineSelection, EngineTrial
from workers.engines.messages import ModelFetching, ModelLoaded, ModelLoadFailed, ModelLoading, ModelUnloaded
from workers.engines.model_cache import ModelCache
from workers.engines.protocol import encode_event

LOADS: list[str] = []
CLOSED: list[str] = []


class Family:
    revision, engine = "7", "numpy/float32"

    def __init__(self, name):
        self.name = name
        if name == "c":
            self.selection = EngineSelection(0.02, [EngineTrial("numpy/int8", 0.3), EngineTrial("numpy/float32", 0.0)])

    def synthesise(self, requests, tick):
        raise AssertionError("nothing is synthesised here")

    def close(self):
        CLOSED.append(self.name)


def load(entry, device):
    LOADS.append(entry.name)
    if entry.name == "absent":
        raise ModelUnavailable("pip install it")
    if entry.name == "odd":
        raise KeyError("weights")
    return Family(entry.name)


def entry(name):
    return SynthesisEntry(name=name, family="f", target=f"{__name__}:load", engines=("numpy",), languages=("*",))


@pytest.fixture
def sent():
    return []


@pytest.fixture
def models(sent, monkeypatch):
    LOADS.clear()
    CLOSED.clear()
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Family.__module__])
    catalog = Catalog([entry(name) for name in ("a", "b", "c", "absent", "odd")])
    return ModelCache(catalog, "cpu", sent.append, most=2)


def use(models, *names):
    for name in names:
        with models.acquire(name):
            pass


def events(sent):
    return [(type(event), event.model) for event in sent]


def test_a_model_is_loaded_once(models, sent):
    use(models, "a", "a", "a")
    assert LOADS == ["a"]
    assert events(sent) == [(ModelLoading, "a"), (ModelLoaded, "a")]
    assert sent[1].revision == "7"


def test_weights_that_are_not_here_are_fetched_before_they_are_loaded(sent, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # nothing is asked of the network
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Family.__module__])
    (tmp_path / "folder").mkdir()
    local, hub = replace(entry("a"), source=str(tmp_path / "folder")), replace(entry("b"), source="someone/model")
    models = ModelCache(Catalog([local, hub]), "cpu", sent.append, most=2)
    use(models, "a")
    with pytest.raises(ModelUnavailable, match="cannot be downloaded from Hugging Face"):
        use(models, "b")
    cached = tmp_path / "models--someone--model"
    (cached / "snapshots" / "c0ffee").mkdir(parents=True)
    (cached / "snapshots" / "c0ffee" / "config.json").write_text("{}")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("c0ffee")
    use(models, "b")
    assert events(sent) == [
        (ModelLoading, "a"),
        (ModelLoaded, "a"),
        (ModelFetching, "b"),
        (ModelLoadFailed, "b"),
        (ModelLoading, "b"),
        (ModelLoaded, "b"),
    ]


def test_many_threads_that_want_it_load_it_once(models):
    threads = [threading.Thread(target=use, args=(models, "a")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert LOADS == ["a"]


def test_past_the_limit_the_least_recently_used_is_unloaded(models, sent):
    use(models, "a", "b", "a", "c")
    assert CLOSED == ["b"]
    assert events(sent)[-1] == (ModelUnloaded, "b")
    use(models, "a")
    assert LOADS == ["a", "b", "c"]


def test_what_is_in_use_stays(models):
    with models.acquire("a"):
        use(models, "b", "c")
        assert "a" not in CLOSED
    use(models, "a")
    assert LOADS.count("a") == 1


def test_an_unloaded_model_is_loaded_again_when_it_is_wanted(models):
    use(models, "a", "b", "c", "a")
    assert LOADS == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("absent", "pip install it"),
        ("odd", "odd cannot be loaded here: unexpected KeyError; the log of the worker has the cause."),
    ],
)
def test_what_cannot_be_loaded_says_why_each_time(models, sent, name, detail):
    for _ in range(2):
        with pytest.raises(ModelUnavailable), models.acquire(name):
            pass
    assert [event.detail for event in sent if isinstance(event, ModelLoadFailed)] == [detail, detail]


def test_the_log_has_the_cause_of_an_unexpected_failure(models, capsys):
    with pytest.raises(ModelUnavailable), models.acquire("odd"):
        pass
    log = capsys.readouterr().err
    assert log.startswith("odd cannot be loaded here: 'weights'\n")
    assert log.endswith("builtins.KeyError\n") and "in load\n" in log


def test_model_reports_its_engine_and_the_candidates_that_were_measured(models, sent):
    use(models, "a", "c")
    loaded = {event.model: event for event in sent if isinstance(event, ModelLoaded)}
    assert loaded["a"].engine == "numpy/float32" and loaded["a"].selection is None
    assert loaded["c"].selection == {
        "limit": 0.02,
        "candidates": [{"engine": "numpy/int8", "error": 0.3}, {"engine": "numpy/float32", "error": 0.0}],
        "warning": "",
    }
    json.dumps([encode_event(event) for event in sent])

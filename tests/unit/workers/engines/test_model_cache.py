"""Which models an engine child holds, and when it lets one go."""

import json
import sys
import threading
from dataclasses import replace

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.family import Candidate, Selection
from workers.engines.model_cache import LoadedModels

LOADS: list[str] = []
CLOSED: list[str] = []


class Family:
    revision, engine = "7", "numpy/float32"

    def __init__(self, name):
        self.name = name
        if name == "c":
            self.selection = Selection(0.02, [Candidate("numpy/int8", 0.3), Candidate("numpy/float32", 0.0)])

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
    return Entry(name=name, kind="tts", family="f", target=f"{__name__}:load", engines=("numpy",), languages=("*",))


@pytest.fixture
def said():
    return []


@pytest.fixture
def models(said, monkeypatch):
    LOADS.clear()
    CLOSED.clear()
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Family.__module__])
    catalog = Catalog([entry(name) for name in ("a", "b", "c", "absent", "odd")])
    return LoadedModels(catalog, "cpu", said.append, most=2)


def use(models, *names):
    for name in names:
        with models.using(name):
            pass


def events(said):
    return [(event["event"], event["model"]) for event in said]


def test_a_model_is_loaded_once(models, said):
    use(models, "a", "a", "a")
    assert LOADS == ["a"]
    assert events(said) == [("loading", "a"), ("loaded", "a")]
    assert said[1]["revision"] == "7"


def test_weights_that_are_not_here_are_fetched_before_they_are_loaded(said, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # nothing is asked of the network
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Family.__module__])
    (tmp_path / "folder").mkdir()
    local, hub = replace(entry("a"), source=str(tmp_path / "folder")), replace(entry("b"), source="someone/model")
    models = LoadedModels(Catalog([local, hub]), "cpu", said.append, most=2)
    use(models, "a")
    with pytest.raises(ModelUnavailable, match="Hugging Face does not hand them out"):
        use(models, "b")
    cached = tmp_path / "models--someone--model"
    (cached / "snapshots" / "c0ffee").mkdir(parents=True)
    (cached / "snapshots" / "c0ffee" / "config.json").write_text("{}")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("c0ffee")
    use(models, "b")
    assert events(said) == [
        ("loading", "a"),
        ("loaded", "a"),
        ("fetching", "b"),
        ("load_failed", "b"),
        ("loading", "b"),
        ("loaded", "b"),
    ]


def test_many_threads_that_want_it_load_it_once(models):
    threads = [threading.Thread(target=use, args=(models, "a")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert LOADS == ["a"]


def test_past_the_limit_the_one_unused_for_longest_goes(models, said):
    use(models, "a", "b", "a", "c")
    assert CLOSED == ["b"]
    assert events(said)[-1] == ("unloaded", "b")
    use(models, "a")
    assert LOADS == ["a", "b", "c"]


def test_what_is_in_use_stays(models):
    with models.using("a"):
        use(models, "b", "c")
        assert "a" not in CLOSED
    use(models, "a")
    assert LOADS.count("a") == 1


def test_a_dropped_model_is_loaded_again_when_it_is_wanted(models):
    use(models, "a", "b", "c", "a")
    assert LOADS == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("name", "detail"), [("absent", "pip install it"), ("odd", "odd cannot be loaded here: 'weights'")]
)
def test_what_cannot_be_loaded_says_why_each_time(models, said, name, detail):
    for _ in range(2):
        with pytest.raises(ModelUnavailable), models.using(name):
            pass
    assert [event["detail"] for event in said if event["event"] == "load_failed"] == [detail, detail]


def test_model_tells_its_engine_and_what_was_measured_before_it_was_chosen(models, said):
    use(models, "a", "c")
    told = {event["model"]: event for event in said if event["event"] == "loaded"}
    assert told["a"]["engine"] == "numpy/float32" and told["a"]["selection"] is None
    assert told["c"]["selection"] == {
        "limit": 0.02,
        "candidates": [{"engine": "numpy/int8", "error": 0.3}, {"engine": "numpy/float32", "error": 0.0}],
        "warning": "",
    }
    json.dumps(said)

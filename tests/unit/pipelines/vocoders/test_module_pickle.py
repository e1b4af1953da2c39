from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path

import pytest
import torch
from torch import nn

from pipelines.errors import ModelUnavailable
from pipelines.vocoders.module_pickle import read_module_tensors
from tests.checkpoints import FIXTURES, make_entry


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


class WaveGlow(nn.Module):
    """A module of the published name, whose unpickling would run code of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Conv1d(2, 3, 1)
        self.register_buffer("counts", torch.arange(4))
        self.flows = nn.ModuleList([nn.Conv1d(2, 2, 1, bias=False)])

    def __setstate__(self, state):
        raise AssertionError("code of the file was run")


@pytest.fixture
def saved_as_published(monkeypatch):
    """Pickles name the class as `glow.WaveGlow`; old ones carry its source text, which torch would compare."""
    module = types.ModuleType("glow")
    module.__file__ = __file__
    module.WaveGlow = WaveGlow
    monkeypatch.setitem(sys.modules, "glow", module)
    monkeypatch.setattr(WaveGlow, "__module__", "glow")


@pytest.mark.usefixtures("saved_as_published")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
def test_tensors_come_out_under_their_names_and_no_class_is_run(tmp_path, zipped):
    module = WaveGlow()
    torch.save({"model": module, "iteration": 3}, tmp_path / "model.pt", _use_new_zipfile_serialization=zipped)
    found = read_module_tensors(make_entry(), tmp_path / "model.pt")
    wanted = module.state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.usefixtures("saved_as_published")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
def test_code_planted_beside_a_module_is_refused_and_not_run(tmp_path, zipped):
    trap = tmp_path / "was_run"
    held = {"model": WaveGlow(), "optimizer": Planted(trap)}
    torch.save(held, tmp_path / "model.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelUnavailable, match="could run code"):
        read_module_tensors(make_entry(), tmp_path / "model.pt")
    assert not trap.exists()


@pytest.mark.parametrize(
    "name",
    [
        "posix system",
        "builtins eval",
        "builtins getattr",
        "torch._utils _rebuild_wrapper_subclass",
        "os system",
        "torch.nn.modules.linear os.system",
        "torch load",
        "torch.hub load",
    ],
)
def test_names_that_no_module_needs_are_refused(tmp_path, name):
    module, _, attribute = name.partition(" ")
    path = tmp_path / "model.pt"
    magic = [pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    call = b"\x80\x04" + _text(module) + _text(attribute) + b"\x93" + _text("true") + b"\x85R."
    path.write_bytes(b"".join(magic) + call)
    with pytest.raises(ModelUnavailable, match="could run code"):
        read_module_tensors(make_entry(), path)


def _text(words: str) -> bytes:
    return b"\x8c" + bytes([len(words)]) + words.encode()


def test_a_script_archive_is_refused_before_torch_runs_it(tmp_path):
    with pytest.warns(DeprecationWarning) if sys.version_info >= (3, 14) else _quiet():
        torch.jit.save(torch.jit.trace(nn.Linear(1, 1), torch.zeros(1, 1)), tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="TorchScript"):
        read_module_tensors(make_entry(), tmp_path / "model.pt")


def _quiet():
    import warnings

    return warnings.catch_warnings(action="ignore")


def test_a_damaged_file_is_refused(tmp_path):
    whole = (FIXTURES / "waveglow" / "checkpoint_pickled_module.pt").read_bytes()
    (tmp_path / "model.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match="damaged"):
        read_module_tensors(make_entry(), tmp_path / "model.pt")


def test_a_file_without_a_module_is_refused(tmp_path):
    torch.save({"model": 3}, tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="no module"):
        read_module_tensors(make_entry(), tmp_path / "model.pt")

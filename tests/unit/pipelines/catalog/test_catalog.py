"""The catalogue: how models are found, what `models.toml` adds, and that reading it costs no model runtime."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entries import ENTRIES
from pipelines.catalog.entry import ENTRY_TYPES, Entry, RecognitionEntry, SynthesisEntry
from pipelines.errors import UnsupportedOption

ROOT = Path(__file__).parents[4]
RUNTIMES = (
    "torch",
    "transformers",
    "onnxruntime",
    "ctranslate2",
    "tensorrt",
    "faster_whisper",
    "pocketsphinx",
    "numpy",
)


def make_entry(kind: type[Entry] = SynthesisEntry, **changes) -> Entry:
    """A valid entry; one override per test."""
    fields = {
        "name": "parrot-small",
        "family": "parrot",
        "target": "pipelines.families.parrot:load",
        "engines": ("numpy",),
        "languages": ("en",),
    }
    return kind(**{**fields, **changes})


def write_toml(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text)
    return path


def brought_by(requirements: list[str]) -> set[str]:
    """Normalised names of all packages that these requirements bring, as far as they are installed here."""
    found: set[str] = set()
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            needed = []
        if name not in found:
            waiting += [
                each for each in map(Requirement, needed) if not each.marker or each.marker.evaluate({"extra": ""})
            ]
        found.add(name)
    return found


@pytest.fixture(scope="module")
def packages():
    """Module → packages that hold it."""
    return metadata.packages_distributions()


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.needs], ids=lambda entry: entry.name)
def test_what_a_model_needs_is_brought_by_its_install_line(entry, packages):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    # It is run where a worker is installed.
    wanted = [*project["dependencies"], *extras["server"], *extras["worker"]]
    for extra in entry.extra.split(",") if entry.extra else ():
        assert f"voicemill[{entry.extra}]" in entry.install
        wanted += extras[extra]
    bare = {canonicalize_name(Requirement(package).name) for package in entry.bare_packages}
    assert all(f"pip install --no-deps {package}" in entry.install for package in entry.bare_packages)
    brought = brought_by(wanted) | bare
    missing = [
        module
        for module in entry.needs
        if module in packages and not brought & {canonicalize_name(each) for each in packages[module]}
    ]
    assert missing == []


def test_install_line_of_a_package_without_its_dependencies_is_a_command():
    assert Catalog().named("resemblyzer").install == (
        "pip install 'voicemill[torch,speakers]' && pip install --no-deps resemblyzer==0.1.4"
    )
    assert make_entry().install == ""


def test_model_is_found_by_its_name():
    assert Catalog().get("whisper-base", "stt").name == "whisper-base"


def test_family_name_stands_for_its_first_model():
    first = next(entry for entry in ENTRIES if entry.family == "whisper")
    assert Catalog().get("whisper", "stt") is first


def test_family_name_of_two_kinds_is_resolved_by_the_kind():
    assert Catalog().get("tone", "tts").name == "tone"
    assert Catalog().get("tone", "stt").name == "tone-listener"


def test_unknown_model_is_refused_by_field_with_the_choices():
    with pytest.raises(UnsupportedOption) as caught:
        Catalog().get("parrot", "tts")
    assert caught.value.field == "model"
    assert "'parrot'" in caught.value.detail
    assert "espeak" in caught.value.detail
    assert "whisper-base" not in caught.value.detail


def test_model_of_the_other_kind_is_refused():
    with pytest.raises(UnsupportedOption):
        Catalog().get("whisper-base", "tts")


def test_sources_of_whisper_are_those_of_faster_whisper():
    from faster_whisper.utils import _MODELS

    named = {entry.name.removeprefix("whisper-"): entry.source for entry in ENTRIES if entry.family == "whisper"}
    assert named == {size: source for size, source in _MODELS.items() if size not in ("large-v1", "large", "turbo")}
    languages = {entry.languages for entry in ENTRIES if "distil" in entry.name}
    assert languages == {("en",)}


def test_queue_holds_every_model_of_a_family():
    sizes = {entry.name for entry in Catalog().of_queue("stt.whisper")}
    assert sizes == {entry.name for entry in ENTRIES if entry.family == "whisper"}
    assert len(sizes) > 1


def test_auto_prefers_the_families_that_need_no_weights():
    assert [next(e.name for e in Catalog().of_kind(kind) if e.auto) for kind in ("tts", "stt")] == [
        "espeak",
        "pocketsphinx-en-us",
    ]


def test_auto_never_takes_the_family_that_is_for_tests():
    assert [entry.name for entry in ENTRIES if entry.auto and entry.family == "tone"] == []


@pytest.mark.parametrize(
    ("speed", "seconds"),
    [(0.1, 30.0), (1.0, 30.0), (2.5, 75.0), (40.0, 1200.0), (2000.0, 1200.0)],
    ids=["slow", "real time", "pocketsphinx", "at the ceiling", "past it"],
)
def test_chunk_is_half_a_minute_of_work_within_bounds(speed, seconds):
    assert make_entry(RecognitionEntry, speed=speed).chunk_seconds == seconds


def test_model_whose_library_is_missing_is_not_installed():
    assert not make_entry(needs=("no_such_library_here",)).installed
    assert make_entry(needs=("json",)).installed


def test_models_toml_adds_a_model(tmp_path):
    path = write_toml(
        tmp_path,
        """
        [[model]]
        name = "whisper-mine"
        kind = "stt"
        family = "whisper"
        target = "pipelines.families.whisper:load"
        engines = ["ctranslate2"]
        languages = ["cy"]
        source = "/srv/weights/mine"
        options = ["vocabulary"]
        """,
    )
    entry = Catalog.read(path).get("whisper-mine", "stt")
    assert entry.queue == "stt.whisper"
    assert entry.options == {"vocabulary"}
    assert entry.source == "/srv/weights/mine"


def test_models_toml_may_replace_a_model(tmp_path):
    path = write_toml(
        tmp_path,
        """
        [[model]]
        name = "espeak"
        kind = "tts"
        family = "espeak"
        target = "pipelines.families.espeak:load"
        engines = ["espeak-ng"]
        languages = ["en"]
        default_voice = "en-gb"
        """,
    )
    assert Catalog.read(path).get("espeak", "tts").default_voice == "en-gb"


def test_missing_models_toml_adds_nothing(tmp_path):
    assert list(Catalog.read(tmp_path / "models.toml")) == list(ENTRIES)


MINIMAL = """
[[model]]
name = "mine"
kind = "{kind}"
family = "f"
target = "f:load"
engines = []
languages = []
"""


def read_error(tmp_path, text):
    path = write_toml(tmp_path, text)
    with pytest.raises(ValueError) as raised:
        Catalog.read(path)
    return str(raised.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("kind", ENTRY_TYPES)
def test_unknown_key_is_refused_with_the_kind_and_its_keys(tmp_path, kind):
    told = read_error(tmp_path, MINIMAL.format(kind=kind) + 'colour = "green"\n')
    assert told.startswith(
        f"model mine: A model of the kind '{kind}' has no key 'colour'. The keys of this kind: name, "
    )
    assert all(f" {field.name}" in told for field in dataclasses.fields(ENTRY_TYPES[kind]))
    assert told.endswith("docs/reference/models.md explains each.")


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        ("tts", 'defualt_voice = "a"', "'tts' has no key 'defualt_voice'; did you mean 'default_voice'?"),
        ("stt", "punctuate = true", "'stt' has no key 'punctuate'; did you mean 'punctuates'?"),
        ("speaker", "same-voice = 0.5", "'speaker' has no key 'same-voice'; did you mean 'same_voice'?"),
        ("tts", 'vad = "energy"', "'tts' has no key 'vad': it is for 'stt'."),
        ("speaker", "varies = true\nvad = 'energy'", "'varies': it is for 'tts'. A model of the kind 'speaker' has no"),
    ],
)
def test_unknown_key_is_refused_with_the_one_that_was_meant(tmp_path, kind, line, told):
    assert told in read_error(tmp_path, f"{MINIMAL.format(kind=kind)}{line}\n")


@pytest.mark.parametrize("kind", ENTRY_TYPES)
def test_missing_keys_are_named(tmp_path, kind):
    assert read_error(tmp_path, f'[[model]]\nname = "mine"\nkind = "{kind}"\nfamily = "f"\nengines = []\n') == (
        f"model mine: Missing: target, languages. A model of the kind '{kind}' needs name, family, target, engines, "
        "languages. docs/reference/models.md explains each."
    )


def test_table_without_a_name_is_refused_by_its_number(tmp_path):
    text = MINIMAL.format(kind="stt") + '[[model]]\nkind = "stt"\n'
    assert read_error(tmp_path, text).startswith("model number 2: Missing: name, family, target, ")


@pytest.mark.parametrize(
    ("kind", "line"),
    [("tts", 'vad = "energy"'), ("stt", "vocoder_settings = { sigma = 0.7 }"), ("speaker", 'default_voice = "a"')],
)
def test_field_of_another_kind_of_model_is_refused_by_name(tmp_path, kind, line):
    table = MINIMAL.format(kind=kind)
    assert type(Catalog.read(write_toml(tmp_path, table)).named("mine")) is ENTRY_TYPES[kind]
    with pytest.raises(ValueError, match=rf"model mine: .*'{line.split()[0]}'"):
        Catalog.read(write_toml(tmp_path, table + line))


def test_unknown_kind_is_refused_with_the_choices(tmp_path):
    with pytest.raises(ValueError, match="model mine: kind = 'vision': it is one of tts, stt, speaker"):
        Catalog.read(write_toml(tmp_path, '[[model]]\nname = "mine"\nkind = "vision"\n'))


TACOTRON = """
[[model]]
name = "mine"
kind = "tts"
family = "tacotron2"
target = "pipelines.families.tacotron2:load"
engines = ["torch"]
languages = ["en"]
"""


def test_models_toml_sets_the_vocoders_of_a_model(tmp_path):
    settings = 'options = ["vocoder"]\nvocoder_settings = { sigma = 0.75, denoiser = 0.1 }\n'
    entry = Catalog.read(write_toml(tmp_path, TACOTRON + settings)).get("mine", "tts")
    assert entry.vocoder_settings == {"sigma": 0.75, "denoiser": 0.1}


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("sigmma = 0.7", "sigmma = 0.7: there is no such setting; there are sigma, denoiser, iterations, precision"),
        ("sigma = 3.0", "sigma = 3.0: it is a number from 0 to 2"),
        ('denoiser = "much"', "denoiser = 'much': it is a number from 0 to 1"),
        ("denoiser = true", "denoiser = True: it is a number"),
        ("sigma = nan", "sigma = nan: it is a number"),
        ("iterations = 1.5", "iterations = 1.5: it is a whole number from 1 to 500"),
        ('precision = "int8"', "precision = 'int8': it is one of float32, bfloat16"),
    ],
)
def test_a_wrong_setting_of_a_vocoder_is_refused_with_the_model_and_the_cure(tmp_path, setting, told):
    table = f'{TACOTRON}options = ["vocoder"]\nvocoder_settings = {{ {setting} }}\n'
    with pytest.raises(ValueError, match=f"model mine: vocoder_settings.{told}"):
        Catalog.read(write_toml(tmp_path, table))


def test_settings_for_a_model_without_vocoders_are_refused(tmp_path):
    with pytest.raises(ValueError, match="model mine: vocoder_settings are for models with"):
        Catalog.read(write_toml(tmp_path, f"{TACOTRON}vocoder_settings = {{ sigma = 0.7 }}\n"))


def test_reading_the_catalogue_loads_no_model_runtime():
    code = (
        f"import sys, pipelines.catalog.catalog, pipelines.requests; print([m for m in {RUNTIMES} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"

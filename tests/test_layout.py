"""The shape of the repository: names, docstrings, the catalogue's promises, what must never stand in a tracked file."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from jobs.settings import Settings
from pipelines.catalog.catalog import PIPELINES
from pipelines.catalog.entries import ENTRIES
from pipelines.requests import REQUESTS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "workers", "pipelines", "jobs", "framework", "migrations")
SAYS_NOTHING = re.compile(r"(^|_)(utils?|helpers?|common|base|misc|core|managers?)$")
CLASS_SAYS_NOTHING = re.compile(r"(Manager|Helper|Utils?|Impl)$")
#: Directories that tools make and that git ignores.
GENERATED = {".git", ".venv", "__pycache__", "build", "dist", "voicemill.egg-info"}

# Put together from pieces, so that this file is no finding of its own search.
MACHINE_PATHS = re.compile(
    "|".join(["/" + "work/", "/" + "root/", "/" + r"home/(?!someone/)[a-z]+/", "/" + "Users/[a-z]+/"])
)
REGISTRIES = re.compile(
    "|".join(["index" + "-url", "find" + "-links", "python" + "hosted", "/" + r"simple/?['\"]", "trusted" + "-host"])
)


#: `tests/…/test_x.py` or `tests/…/test_x.py::test_y` in a page.
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def tracked_files() -> list[Path]:
    """What git would commit; in a copy without git, all that no tool made."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and not GENERATED & set(p.relative_to(ROOT).parts)]


FILES = tracked_files()
MODULES = [path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES]
SCRIPTS = [path for path in FILES if path.suffix == ".py" and path not in MODULES]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def texts() -> list[tuple[str, str]]:
    """Name and text of every tracked file that is text."""
    found = []
    for path in FILES:
        try:
            found.append((name(path), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


# -- names and docstrings -------------------------------------------------------------------------------------------
def test_no_file_name_says_nothing():
    assert [name(p) for p in FILES if p.suffix in {".py", ""} and SAYS_NOTHING.search(p.stem)] == []


def test_no_folder_name_says_nothing():
    folders = {folder for path in FILES for folder in path.relative_to(ROOT).parts[:-1]}
    assert [folder for folder in sorted(folders) if SAYS_NOTHING.search(folder)] == []


def test_no_class_name_says_nothing():
    found = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and CLASS_SAYS_NOTHING.search(node.name)
    ]
    assert found == []


def test_every_module_opens_with_a_docstring():
    """A unit test's place and name say already which module it is about."""
    without = [
        name(path)
        for path in MODULES + SCRIPTS
        if not name(path).startswith("tests/unit/")
        if (text := path.read_text(encoding="utf-8")).strip() and ast.get_docstring(ast.parse(text)) is None
    ]
    assert without == []


def test_no_module_has_the_name_of_a_standard_or_installed_one():
    third_parties = {
        "celery",
        "redis",
        "torch",
        "onnxruntime",
        "tensorrt",
        "flask",
        "sqlalchemy",
        "boto3",
        "websockets",
    }
    clashing = [p for p in PACKAGES if p in sys.stdlib_module_names]
    clashing += [name(p) for p in MODULES if p.stem in third_parties]
    assert clashing == []


# -- waiting in tests --------------------------------------------------------------------------------------------------
def test_timeouts_of_tests_grow_with_the_load():
    """`deadline(60)` instead of 60. A moment below a second is no deadline but a look."""
    found = [
        f"{name(path)}:{node.value.lineno} timeout={ast.unparse(node.value)}"
        for path in FILES
        if path.suffix == ".py" and name(path).startswith("tests/") and "benchmarks" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "timeout" and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, int | float) and node.value.value >= 1
    ]
    assert found == []


def test_answer_of_poll_is_never_dropped():
    """It raises nothing: who drops its answer goes on although nothing came."""
    found = [
        f"{name(path)}:{node.lineno}"
        for path in FILES
        if path.suffix == ".py" and name(path).startswith("tests/")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "poll"
    ]
    assert found == []


# -- what must never stand in a tracked file --------------------------------------------------------------------------
@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRIES], ids=["paths of one machine", "package registries"])
def test_no_tracked_file_holds(pattern: re.Pattern[str]):
    found = [
        f"{file}:{text.count(chr(10), 0, hit.start()) + 1} {hit.group()}"
        for file, text in texts()
        for hit in pattern.finditer(text)
    ]
    assert found == []


def test_every_extra_that_a_text_names_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {
        (file, extra.strip())
        for file, text in texts()
        for found in re.findall(r"voicemill\[([\w, -]+)\]", text)
        for extra in found.split(",")
    }
    assert len(named) > 10
    assert sorted((file, extra) for file, extra in named if extra not in extras) == []


# -- the catalogue ----------------------------------------------------------------------------------------------------
def module_file(target: str) -> Path:
    """The file, or the folder's __init__, of the module in "module:name"."""
    path = ROOT / target.split(":")[0].replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def resolve(target: str) -> object:
    """What "module:name" stands for; skips the test where a library that the module needs is not installed."""
    module, attribute = target.split(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in PACKAGES:
            raise
        pytest.skip(f"{error.name} is not installed")


def test_model_names_are_unique():
    names = [entry.name for entry in ENTRIES]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_catalogue_entry_points_at_code_that_exists(entry):
    targets = [target for target in (entry.target, entry.voices_target) if target]
    assert [target for target in targets if not module_file(target).is_file()] == []
    assert all(callable(resolve(target)) for target in targets)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_queue_of_an_entry_is_its_kind_and_family(entry):
    assert re.fullmatch(r"(tts|stt|speaker)\.[a-z0-9_]+", entry.queue)
    assert entry.target.startswith(f"pipelines.families.{entry.family}")


def test_every_family_is_listed_in_the_catalogue():
    folder = ROOT / "pipelines" / "families"
    written = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    written |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert written == {entry.target.split(":")[0].split(".")[2] for entry in ENTRIES}


@pytest.mark.parametrize("kind", PIPELINES)
def test_pipeline_of_a_job_kind_has_the_three_functions(kind: str):
    assert module_file(PIPELINES[kind]).is_file()
    pipeline = resolve(PIPELINES[kind])
    assert [step for step in ("plan", "work", "stitch") if not callable(getattr(pipeline, step, None))] == []


def test_every_job_kind_has_its_request():
    assert set(PIPELINES) == set(REQUESTS)


# -- the verbs and the pages ------------------------------------------------------------------------------------------
def test_make_help_lists_every_verb():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^\.PHONY:(.*)$", makefile, re.M)[0].split())
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in shown.splitlines()} == verbs
    assert verbs == set(re.findall(r"^([a-z-]+):", makefile, re.M))


def test_make_test_runs_every_folder_of_tests():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    run = set(" ".join(re.findall(r"^(?:QUICK|WHOLE) := \$\(wildcard (.*)\)$", makefile, re.M)).split())
    with_tests = {path.relative_to(ROOT).parts[1] for path in FILES if path.name.startswith("test_")}
    folders = {f"tests/{part}" for part in with_tests if not part.endswith(".py")}
    assert folders - {"tests/gpu", "tests/benchmarks"} <= run


def settings_page():
    """docs/build_settings.py as a module."""
    spec = importlib.util.spec_from_file_location("build_settings", ROOT / "docs" / "build_settings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_settings_table_of_the_docs_is_that_of_the_code():
    module = settings_page()
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run: python docs/build_settings.py"


def test_settings_table_names_every_field():
    module = settings_page()
    written = {row[0] for row in module.rows((ROOT / "jobs" / "settings.py").read_text(encoding="utf-8"))}
    assert written == {f"VOICEMILL_{field.upper()}" for field in Settings.model_fields}


def test_tests_that_the_pages_name_exist():
    named = [(file, hit) for file, text in texts() if file.endswith(".md") for hit in TEST_NAME.findall(text)]
    assert len(named) > 10
    missing = []
    for file, (path, test) in named:
        source = ROOT / path
        if not source.exists() or (test and f"def {test}(" not in source.read_text(encoding="utf-8")):
            missing.append(f"{file}: {path}::{test}")
    assert missing == []


# -- the ways to start it ---------------------------------------------------------------------------------------------
STARTERS = [ROOT / "Procfile", ROOT / "docker" / "compose.yaml", *sorted((ROOT / "docker").glob("*.Dockerfile"))]


@pytest.mark.parametrize("path", STARTERS, ids=name)
def test_settings_of_a_starter_are_settings(path: Path):
    used = set(re.findall(r"\bVOICEMILL_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert used <= {f"VOICEMILL_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("path", STARTERS, ids=name)
def test_modules_of_a_starter_exist(path: Path):
    text = path.read_text(encoding="utf-8")
    modules = re.findall(r"-m[ \",]+([a-z_.]+)", text) + re.findall(r"--app[ \",]+([a-z_.]+)", text)
    modules += re.findall(r"\b([a-z_.]+):app\b", text)
    ours = [module for module in modules if module.split(".")[0] in PACKAGES]
    assert [module for module in ours if importlib.util.find_spec(module) is None] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docker").glob("*.Dockerfile")), ids=name)
def test_image_gets_every_package_and_nothing_that_is_not_there(path: Path):
    copied = [line.split()[1:-1] for line in path.read_text().splitlines() if re.match(r"COPY (?!--from)", line)]
    sources = {source for line in copied for source in line}
    assert [source for source in sorted(sources) if not (ROOT / source).exists()] == []
    assert set(PACKAGES) <= sources


def test_links_between_the_pages_lead_somewhere():
    links = [
        (file, target)
        for file, text in texts()
        if file.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
        if "://" not in target
    ]
    assert links
    assert [link for link in links if not (ROOT / link[0]).parent.joinpath(link[1]).exists()] == []

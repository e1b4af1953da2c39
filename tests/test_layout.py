"""The shape of the repository: names, docstrings, the catalogue's promises, what must never stand in a tracked file."""

from __future__ import annotations

import ast
import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from jobs.settings import SECRETS, Settings
from pipelines.catalog.entries import ENTRIES
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.requests import REQUESTS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "workers", "pipelines", "jobs", "framework", "migrations", "voicemill")
SAYS_NOTHING = re.compile(r"(^|_)(utils?|helpers?|common|base|misc|core|managers?)$")
CLASS_SAYS_NOTHING = re.compile(r"(Manager|Helper|Utils?|Impl)$")
#: Directories that tools make and that git ignores.
GENERATED = {".git", ".venv", "__pycache__", "build", "dist", "voicemill.egg-info"}

# Put together from pieces, so that this file is no finding of its own search.
MACHINE_PATHS = re.compile(
    r"(?<![\w>])/("
    + "|".join(["work" + "/", "root" + "/", "home" + r"/(?!someone/)[a-z]+/", "Users" + "/[a-z]+/"])
    + ")"
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


#: Words of a private vocabulary, each with the standard term that stands in its place (docs/glossary.md).
STANDARD_TERMS = {
    "bell": "notification",
    "bells": "notifications",
    "ring": "notify",
    "rings": "notifies",
    "rung": "notified",
    "doorbell": "dispatch",
    "setback": "failure",
    "setbacks": "failures",
    "endings": "transitions",
    "adopt": "reuse",
    "adoption": "chunk_reuse",
    "presence": "worker_registration",
    "bury": "on_exit",
    "obituary": "exit_error",
    "obituaries": "exit_errors",
    "walls": "restrictions",
    "refusal": "error",
    "forget": "delete",
    "forgetting": "deletion",
    "lent": "voice_references",
    "orphan": "uncertain_input",
    "orphans": "uncertain_inputs",
    "truth": "reference",
    "truths": "references",
    "asking": "request_builder",
    "manner": "prosody",
    "takes": "renditions",
    "grades": "scores",
    "mend": "repair",
    "mended": "repaired",
    "mends": "repairs",
    "mending": "repair",
    "hear": "recognise",
    "hears": "supports_language",
    "heard": "recognised",
    "hearing": "recognition",
    "listener": "recogniser",
    "likeness": "similarity",
    "breath": "clause",
    "breaths": "clauses",
    "sayings": "formatters",
    "voiceprint": "speaker_embedding",
    "voiceprints": "speaker_embeddings",
    "knob": "setting",
    "knobs": "settings",
    "stretch": "segment_window",
    "speller": "tokenizer",
    "stranger": "user",
    "strangers": "users",
    "misbehaved": "protocol_violation",
    "told": "known",
    "deaf": "unresponsive",
    "again": "retry",
    "tile": "chunk",
    "tiles": "chunks",
    "lend": "hold",
    "lends": "holds",
    "blame": "cause",
    "blames": "is caused by",
    "blamed": "charged",
    "blaming": "not caused by",
}
#: The same of expressions, which only prose holds.
STANDARD_EXPRESSIONS = {
    "stand-in": "fake or default",
    "stand-ins": "fakes or defaults",
    "voice print": "speaker embedding",
    "voice prints": "speaker embeddings",
    "gives back": "returns",
    "given back": "returned",
    "told apart": "distinguished",
}
#: Of these, words that are plain English in a sentence: in prose, and in the names of tests, which are sentences.
PLAIN_WORDS = frozenset({"again", "asking", "endings", "takes", "told"})
#: "Ground truth" is the field's own term for what a test compares with.
PLAIN_WORDS_OF_TESTS = PLAIN_WORDS | {"truth"}
#: Prose without its code, whose fields and values on the wire stay as they are.
CODE_IN_PROSE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.S | re.M)
WORD_OF_A_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def named_things(path: Path) -> list[str]:
    """Names of a module, of what it defines or assigns, and of its log events."""
    found = [path.stem]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=word) | ast.AsyncFunctionDef(name=word) | ast.ClassDef(name=word):
                found.append(word)
            case ast.arg(arg=word):
                found.append(word)
            case ast.Name(id=word, ctx=ast.Store()) | ast.Attribute(attr=word, ctx=ast.Store()):
                # Variables, attributes, fields of classes; targets of for, with and comprehensions.
                found.append(word)
            case ast.ExceptHandler(name=str(word)) | ast.MatchAs(name=str(word)) | ast.MatchStar(name=str(word)):
                found.append(word)
            case ast.MatchMapping(rest=str(word)) | ast.alias(asname=str(word)):
                found.append(word)
            case ast.Call(
                func=ast.Attribute(attr="debug" | "info" | "warning" | "error" | "exception"),
                args=[ast.Constant(value=str(word)), *_],
            ):
                found.append(word)
    return found


def replaced_words(text: str, allowed: frozenset[str] = frozenset()) -> set[str]:
    """The words of a name or a text that a standard term replaced, each with that term."""
    return {
        f"{text}: say {STANDARD_TERMS[word.lower()]}"
        for word in WORD_OF_A_NAME.findall(text)
        if word.lower() in STANDARD_TERMS and word.lower() not in allowed
    }


def replaced_terms(prose: str, allowed: frozenset[str] = PLAIN_WORDS) -> set[str]:
    """The words and expressions of a text that a standard term replaced, each with that term."""
    terms = {term: say for term, say in STANDARD_TERMS.items() if term not in allowed} | STANDARD_EXPRESSIONS
    pattern = re.compile(rf"\b({'|'.join(sorted(terms, key=len, reverse=True))})\b", re.I)
    return {f"{hit}: say {terms[hit.lower()]}" for hit in pattern.findall(CODE_IN_PROSE.sub("", prose))}


def prose_of(source: str) -> list[str]:
    """Docstrings and comments of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    return [
        *(token.string for token in tokens if token.type == tokenize.COMMENT),
        *filter(None, map(ast.get_docstring, nodes)),
    ]


@pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=name)
def test_docstrings_and_comments_use_the_terms_of_the_glossary(path: Path):
    allowed = PLAIN_WORDS if path in MODULES else PLAIN_WORDS_OF_TESTS
    prose = prose_of(path.read_text(encoding="utf-8"))
    assert set().union(*(replaced_terms(text, allowed) for text in prose)) == set()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_names_use_the_terms_of_the_glossary(path: Path):
    assert set().union(*(replaced_words(thing) for thing in named_things(path))) == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_names_of_tests_and_scripts_use_the_terms_of_the_glossary(path: Path):
    assert set().union(*(replaced_words(thing, PLAIN_WORDS_OF_TESTS) for thing in named_things(path))) == set()


def is_configuration(path: Path) -> bool:
    """YAML, TOML, Dockerfiles, shell and make; neither the book nor what others wrote."""
    if name(path).startswith(("demo/book/", "tests/fixtures/")):
        return False
    if path.suffix in {".yaml", ".yml", ".toml", ".Dockerfile", ".env", ".sh"} or path.name in {"Makefile", "Procfile"}:
        return True
    return path.suffix == "" and path.read_bytes()[:2] == b"#!"


@pytest.mark.parametrize("path", filter(is_configuration, FILES), ids=name)
def test_configuration_uses_the_terms_of_the_glossary(path: Path):
    """Its names and its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert set().union(*(replaced_words(line, PLAIN_WORDS) for line in lines)) == set()
    assert set().union(*map(replaced_terms, lines)) == set()


def test_terms_are_looked_for_in_every_kind_of_name_and_configuration(tmp_path: Path):
    """The tests above find nothing; this one shows that they could."""
    source = tmp_path / "module.py"
    source.write_text(
        """
class Rung:
    a_field: int
    def bury(self, listener): self.refusal = 1
for heard in (): pass
with open("x") as walls: pass
found = [each for knob, each in ()]
try: pass
except OSError as orphan: pass
import json as truth
log.info("doorbell", count=1)
"""
    )
    found = [thing for thing in named_things(source) if replaced_words(thing)]
    assert set(found) == {
        "Rung",
        "bury",
        "listener",
        "refusal",
        "heard",
        "walls",
        "knob",
        "orphan",
        "truth",
        "doorbell",
    }
    assert replaced_words("# Bells only") and replaced_words("VOICEMILL_BELL") and not replaced_words("label: ringing")
    prose = prose_of(
        '"""A stranger."""\nclass A:\n    def b(self):\n        """Gives back."""  # the knobs of `bell`\n'
    )
    assert set().union(*map(replaced_terms, prose)) == {
        "stranger: say user",
        "Gives back: say returns",
        "knobs: say settings",
    }
    kinds = {path.suffix or path.name for path in FILES if is_configuration(path)}
    assert kinds >= {".yaml", ".yml", ".toml", ".Dockerfile", "Makefile", "Procfile", "run"}


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


# -- suppressions ------------------------------------------------------------------------------------------------------
SUPPRESSION = re.compile(r"# (?:type: ignore|noqa)\b")
SUPPRESSION_WITH_CODE = re.compile(
    r"# (?:type: ignore\[[a-z, -]+\]|noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*)(?P<reason> +[–#-] \w.+)?$"
)


def test_suppressions_have_a_code_and_a_reason():
    """`# noqa: S608 – reason`, or the reason as a comment in the line above."""
    found = []
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for above, (number, line) in zip(["", *lines], enumerate(lines, 1), strict=False):
            if not SUPPRESSION.search(line):
                continue
            match = SUPPRESSION_WITH_CODE.search(line)
            if match is None or not (match["reason"] or above.lstrip().startswith("# ")):
                found.append(f"{name(path)}:{number}")
    assert found == []


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
    targets = [target for target in (entry.target, getattr(entry, "voices_target", None)) if target]
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
    assert module_file(PIPELINES[kind].target).is_file()
    pipeline = resolve(PIPELINES[kind].target)
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
    """The module docs/build_settings.py."""
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
    files = {f"VOICEMILL_{field.upper()}_FILE" for field in SECRETS}
    assert used - files <= {f"VOICEMILL_{field.upper()}" for field in Settings.model_fields}


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


LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
#: `jobs/sql/chunk_queue/claims.py` or `workers/stack/` in a page, from the root of the repository.
QUOTED_PATH = re.compile(
    r"`((?:api|workers|pipelines|jobs|framework|migrations|tests|demo|docs|docker)/[\w./<>*-]*|[\w.-]+\.(?:md|toml))(?:::\w+)?`"
)
#: `pipelines.errors` in a page; more dots than one may end in a name of the module.
QUOTED_MODULE = re.compile(r"`((?:api|workers|pipelines|jobs|framework|migrations)(?:\.\w+)+)`")
#: Names of files that are no files of the repository.
ELSEWHERE = {"models.toml"}
#: Of the client, and of long tests.
OTHER_SETTINGS = {"VOICEMILL_URL", "VOICEMILL_API_KEY", "VOICEMILL_ACCEPT", "VOICEMILL_SOAK_MINUTES"}


def test_the_formatter_is_nowhere_switched_off():
    switch = re.compile(r"#\s*fmt: (?:off|skip)")
    assert switch.search("#" + " fmt: off")
    assert [file for file, text in texts() if file.endswith(".py") and switch.search(text)] == []


def pages() -> list[tuple[str, str]]:
    """Name and text of the pages; not of the book, the fixtures and the changelog, which speaks of older versions."""
    return [(file, text) for file, text in texts() if file.endswith(".md") and _is_page(file)]


def _is_page(file: str) -> bool:
    return file.startswith("docs/") or file in {"README.md", "CONTRIBUTING.md", "SECURITY.md"}


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    titles = (title.replace("`", "") for title in re.findall(r"^#+ (.+)$", prose, re.M))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_between_the_pages_lead_somewhere():
    found = [
        (file, target, anchor)
        for file, text in texts()
        if file.endswith(".md") and not file.startswith("tests/fixtures/documents/")
        for target, anchor in LINK.findall(text)
        if "://" not in target
    ]
    assert len(found) > 100
    broken = []
    for file, target, anchor in found:
        path = (ROOT / file).parent / target if target else ROOT / file
        if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
            broken.append(f"{file}: {target}#{anchor}")
    assert broken == []


def test_map_of_the_docs_names_every_page():
    text = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / target).resolve() for target, _ in LINK.findall(text) if target and "://" not in target}
    written = {path.resolve() for path in (ROOT / "docs").rglob("*.md")} - {(ROOT / "docs" / "README.md").resolve()}
    assert sorted(map(str, written - linked)) == []


def test_paths_that_the_pages_quote_exist():
    quoted = [(file, path) for file, text in pages() for path in QUOTED_PATH.findall(text)]
    assert len(quoted) > 100
    missing = [
        f"{file}: {path}"
        for file, path in quoted
        if path not in ELSEWHERE and "<" not in path and not list(ROOT.glob(path.rstrip("/")))
    ]
    assert missing == []


def exists(dotted: str) -> bool:
    """Whether `pipelines.errors` is a module, or `pipelines.errors.BadInput` a name in one."""
    module, _, attribute = dotted.rpartition(".")
    if module_file(dotted).is_file():
        return True
    return "." in module and module_file(module).is_file() and hasattr(import_module(module), attribute)


def test_modules_that_the_pages_quote_exist():
    quoted = [(file, dotted) for file, text in pages() for dotted in QUOTED_MODULE.findall(text)]
    assert [(file, dotted) for file, dotted in quoted if not exists(dotted)] == []


def test_pages_that_the_code_names_exist():
    named = {
        (file, page)
        for file, text in texts()
        if not file.endswith(".md")
        for page in re.findall(r"\bdocs/[\w/-]+\.md\b", text)
    }
    assert len(named) > 10
    assert sorted((file, page) for file, page in named if not (ROOT / page).is_file()) == []


def test_pages_use_the_words_of_the_glossary():
    assert [(file, found) for file, text in pages() for found in sorted(replaced_terms(text))] == []


def test_settings_that_the_pages_name_exist():
    known = {f"VOICEMILL_{field.upper()}" for field in Settings.model_fields} | OTHER_SETTINGS
    known |= {f"VOICEMILL_{field.upper()}_FILE" for field in SECRETS}
    named = {(file, name) for file, text in pages() for name in re.findall(r"\bVOICEMILL_[A-Z_]*[A-Z]\b", text)}
    assert len(named) > 20
    # `VOICEMILL_CHILD_…` names several.
    assert sorted((file, name) for file, name in named if not any(each.startswith(name) for each in known)) == []


def test_architecture_says_where_fifteen_things_are():
    """The table “Where do I find …”; that its paths exist is checked above."""
    text = (ROOT / "docs" / "dev" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (`.+) \|$", text.split("## Where do I find")[1].split("\n## ")[0], re.M)
    assert len(rows) >= 15
    assert [thing for thing, places in rows if not QUOTED_PATH.findall(places)] == []

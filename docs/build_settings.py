"""Writes the table of docs/reference/settings.md from jobs/settings.py: variable, default and docstring of each field.

Run it after a change of a setting:  python docs/build_settings.py
"""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "settings.md"
BEGIN, END = "<!-- settings: written by docs/build_settings.py -->", "<!-- end of settings -->"


def _default(value: ast.expr | None) -> str:
    """The default as text: the first argument of Field(…), with arithmetic evaluated."""
    if isinstance(value, ast.Call):
        value = value.args[0] if value.args else None
    if value is None:
        return "computed"
    source = ast.unparse(value)
    # The expression is a literal or arithmetic of literals in our own file; names are not known to it.
    number = eval(source, {"__builtins__": {}})  # noqa: S307
    if number is None or number == ():
        return "unset"
    if isinstance(number, bool):
        return str(number).lower()
    return f"{number:,.10g}" if isinstance(number, float) else f"{number:,}" if isinstance(number, int) else str(number)


def rows(source: str) -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of every field of the class `Settings` in the text of its module."""
    body = next(n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "Settings").body
    found = []
    for field, docstring in pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if not (isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant)):
            raise ValueError(f"{field.target.id} has no docstring")
        meaning = " ".join(str(docstring.value.value).split())
        found.append((f"VOICEMILL_{field.target.id.upper()}", _default(field.value), meaning))
    return found


def table(source: str) -> str:
    """The table as Markdown."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {default} | {meaning.replace('|', '&#124;')} |" for name, default, meaning in rows(source)]
    return "\n".join(lines)


def page() -> str:
    """The text of docs/reference/settings.md with the current table."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    settings = (ROOT / "jobs" / "settings.py").read_text(encoding="utf-8")
    return f"{before}{BEGIN}\n{table(settings)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

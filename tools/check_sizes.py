"""Refuse functions above 80 lines and classes above 400. File sizes: loq.toml.

A line counts unless it is part of a docstring. There is no list of exceptions, and the limits
only go down.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FUNCTION_LINES = 80
MAX_CLASS_LINES = 400
FOLDERS = ("src", "tests", "tools", "benchmarks")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def violations(path: Path, source: str) -> Iterator[str]:
    """Yield one line for each definition in `source` that is too long."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, Definition):
            continue
        is_class = isinstance(node, ast.ClassDef)
        limit = MAX_CLASS_LINES if is_class else MAX_FUNCTION_LINES
        lines = num_lines(node)
        if lines > limit:
            kind = "class" if is_class else "function"
            yield f"{path}:{node.lineno}: {kind} {node.name} has {lines} lines, allowed are {limit}"


def num_lines(node: Definition) -> int:
    """Return how many lines a definition takes without its decorators and all docstrings in it."""
    documented = 0
    for part in ast.walk(node):
        if isinstance(part, Definition) and ast.get_docstring(part, clean=False) is not None:
            docstring = part.body[0]
            documented += (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return (node.end_lineno or node.lineno) - node.lineno + 1 - documented


def main() -> int:
    """Check the checkout that this file lies in; return the exit status."""
    root = Path(__file__).resolve().parent.parent
    files = [root / "hatch_build.py"]
    for folder in FOLDERS:
        files += sorted((root / folder).rglob("*.py"))
    found = [
        line
        for path in files
        for line in violations(path.relative_to(root), path.read_text(encoding="utf-8"))
    ]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

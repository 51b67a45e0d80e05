"""Where things stand in the repository, and how they are written."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {"supervisor", "http", "tests", "bench", "docs", "examples"}
"""Where Python code stands."""

MOST_LINES = 300
"""In a file of the two packages."""


def code() -> dict[str, str]:
    """The sources of the two packages, by their file names."""
    paths = [path for folder in ("supervisor", "http") for path in (ROOT / folder).rglob("*.py")]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def in_git() -> list[str]:
    """What is, or is about to be, in the repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listing = ("git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard")
    names = subprocess.check_output(listing, cwd=ROOT, text=True).splitlines()
    return sorted({name for name in names if (ROOT / name).is_file()})


def test_http_has_no_init_file() -> None:
    """With one, any Python started in the root would take the folder for the standard library's http."""
    assert not (ROOT / "http" / "__init__.py").exists()


def test_python_code_stands_in_its_folders_alone() -> None:
    found = [name for name in in_git() if name.endswith((".py", ".pyi"))]

    assert {name.split("/")[0] for name in found} <= FOLDERS


def test_no_file_of_code_is_too_long_to_be_one_idea() -> None:
    lengths = {name: len(source.splitlines()) for name, source in code().items()}

    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_file_names_a_registry_or_a_path_of_somebody_s_machine() -> None:
    somewhere = re.compile(rb"pypi\.org|pythonhosted\.org|npmjs\.org|/simple\b/|(?<![\w./-])/(root|work)\b/")
    found = [name for name in in_git() if somewhere.search((ROOT / name).read_bytes())]

    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    trees = {name: ast.parse(source) for name, source in code().items()}

    assert [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_everything_public_at_the_top_of_a_module_says_what_it_promises() -> None:
    silent = [
        f"{name}: {node.name}"
        for name, source in code().items()
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]

    assert silent == []

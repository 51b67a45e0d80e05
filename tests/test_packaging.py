"""What is installed: the wheel, its two packages, and the pins that the install goes by."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = (ROOT / "requirements.txt").read_text()
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def python(*argv: str, cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run this Python as if nothing were installed but what lies in `path`: -S leaves the site out."""
    return subprocess.run(
        [sys.executable, "-S", *argv],
        cwd=cwd,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources by the setuptools of this environment."""
    sources, target = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copyfile(ROOT / name, sources / name)
    for name in ("supervisor", "http"):
        copytree(ROOT / name, sources / name, ignore=ignore_patterns("__pycache__"))
    built = python("-c", BUILD, str(target), cwd=sources, path=sysconfig.get_path("purelib"))
    assert built.returncode == 0, built.stderr
    return target / built.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A search path with the unpacked wheel and what it depends on, away from the sources."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return f"{folder}:{sysconfig.get_path('purelib')}:{sysconfig.get_path('platlib')}"


def test_the_wheel_holds_every_file_of_the_two_folders_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    files = (path for folder in ("supervisor", "http") for path in (ROOT / folder).rglob("*"))
    here = {f"ennio/{path.relative_to(ROOT)}" for path in files if path.is_file()}
    assert packed == {name for name in here if "__pycache__" not in name}


def test_the_wheel_declares_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "ennio = ennio.http.cli:main" in archive.read(name).decode()


def test_every_entry_point_leads_to_something_in_the_wheel(installed: str, tmp_path: Path) -> None:
    groups = PROJECT["project"]["entry-points"].values()
    targets = [target for group in groups for target in group.values()]
    targets += PROJECT["project"]["scripts"].values()
    load = "import pkgutil, sys; [pkgutil.resolve_name(target) for target in sys.argv[1:]]"

    loaded = python("-c", load, *targets, cwd=tmp_path, path=installed)

    assert loaded.returncode == 0, loaded.stderr


def test_both_packages_can_be_imported_from_an_installed_wheel(installed: str, tmp_path: Path) -> None:
    where = "import ennio.supervisor, ennio.http.client as c; print(ennio.supervisor.__file__, c.__file__)"

    imported = python("-c", where, cwd=tmp_path, path=installed)

    assert imported.returncode == 0, imported.stderr
    folder = installed.partition(":")[0]
    assert all(file.startswith(folder) for file in imported.stdout.split())


def test_the_supervisor_cannot_be_imported_by_its_folder_s_name() -> None:
    imported = python("-c", "import supervisor", cwd=ROOT)

    assert imported.returncode != 0
    assert "ImportError: import it as ennio.supervisor" in imported.stderr


@pytest.mark.parametrize("module", ["http.server", "http.client", "http.cookies"])
def test_a_python_started_in_the_root_finds_the_standard_library_s_http(module: str) -> None:
    imported = python("-c", f"import {module} as m; print(m.__file__)", cwd=ROOT)

    assert imported.returncode == 0, imported.stderr
    assert Path(imported.stdout.strip()).is_relative_to(sysconfig.get_path("stdlib"))


def test_every_dependency_is_pinned_at_a_version_that_pyproject_allows() -> None:
    project, pins = PROJECT["project"], dict[str, set[str]]()
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    asked += PROJECT["build-system"]["requires"]
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", PINS, re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(version)

    for requirement in map(Requirement, asked):
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not pinned: run `make lock`"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_every_pin_has_a_hash() -> None:
    blocks = re.split(r"^(?=\S)", PINS, flags=re.MULTILINE)

    assert [block for block in blocks if "==" in block and "--hash=sha256:" not in block] == []
    assert any("==" in block for block in blocks)

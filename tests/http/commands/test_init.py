import subprocess
from pathlib import Path

import pytest

from ennio.http.commands.first_config import init
from ennio.http.commands.terminal import Failure
from ennio.supervisor.config import load


def git(folder: Path, *arguments: str) -> None:
    config = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    subprocess.run(["git", *config, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path, branch: str = "main") -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet", f"--initial-branch={branch}")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=first")
    return folder


def test_what_it_writes_is_a_configuration_that_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top = repository(tmp_path / "app")
    init(top)
    config = load(top / "ennio.toml")
    (project,) = config.projects
    assert (project.id, project.path, project.default_branch, project.agent) == ("app", top, "main", "demo")
    assert (config.host, config.port) == ("127.0.0.1", 3000)
    assert "ennio start" in capsys.readouterr().out


def test_it_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init(repository(tmp_path / "app"))
    said = capsys.readouterr().out
    assert str(tmp_path / "app" / "ennio.toml") in said
    assert 'ennio spawn app -p "' in said


def test_inside_of_a_repository_its_top_is_meant(tmp_path: Path) -> None:
    top = repository(tmp_path / "app")
    (top / "src").mkdir()
    init(top / "src")
    assert (top / "ennio.toml").is_file()


@pytest.mark.parametrize("name", ["ennio.toml", "ennio.yaml", "ennio.yml"])
def test_a_configuration_that_is_there_is_left_alone(tmp_path: Path, name: str) -> None:
    top = repository(tmp_path / "app")
    (top / name).write_text("mine")
    with pytest.raises(Failure, match="is there already") as caught:
        init(top)
    assert caught.value.code == 2
    assert [path.read_text() for path in top.glob("ennio.*")] == ["mine"]


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    top = repository(tmp_path / "app")
    (top / "ennio.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Failure, match="is there already"):
        init(top)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="in no git repository") as caught:
        init(tmp_path)
    assert caught.value.code == 2
    with pytest.raises(Failure, match="is no folder"):
        init(tmp_path / "missing")


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(Failure, match="has no commit yet"):
        init(tmp_path)
    assert not (tmp_path / "ennio.toml").exists()


def branch_chosen(top: Path) -> str:
    init(top)
    return load(top / "ennio.toml").projects[0].default_branch


def test_main_is_chosen_even_from_another_branch(tmp_path: Path) -> None:
    top = repository(tmp_path / "app")
    git(top, "switch", "--quiet", "--create", "feat")
    assert branch_chosen(top) == "main"


def test_without_main_and_master_the_current_branch_is_chosen(tmp_path: Path) -> None:
    assert branch_chosen(repository(tmp_path / "app", "trunk")) == "trunk"


def test_what_origin_calls_its_default_goes_first(tmp_path: Path) -> None:
    top = repository(tmp_path / "app")
    git(top, "branch", "develop/next")
    git(top, "update-ref", "refs/remotes/origin/develop/next", "HEAD")
    git(top, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop/next")
    assert branch_chosen(top) == "develop/next"


def test_a_detached_head_without_a_known_branch_is_refused(tmp_path: Path) -> None:
    top = repository(tmp_path / "app", "trunk")
    git(top, "switch", "--quiet", "--detach")
    with pytest.raises(Failure, match="no branch checked out"):
        init(top)


@pytest.mark.parametrize(("folder", "name"), [("My App (2)", "My-App-2"), ("hé h", "h-h"), ("漢", "project")])
def test_the_project_s_name_is_an_id(tmp_path: Path, folder: str, name: str) -> None:
    top = repository(tmp_path / folder)
    init(top)
    assert load(top / "ennio.toml").projects[0].id == name

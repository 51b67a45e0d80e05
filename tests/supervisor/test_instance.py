import shutil
from pathlib import Path

import pytest

from ennio.supervisor.errors import ConfigError
from ennio.supervisor.instance import instance_of


def test_a_folder_keeps_its_name_and_two_folders_differ(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir(), other.mkdir()
    assert instance_of(one) == instance_of(one)
    assert instance_of(one) != instance_of(other)


def test_a_copy_has_a_name_of_its_own_and_a_folder_that_was_moved_keeps_its(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.mkdir()
    name = instance_of(one)
    shutil.copytree(one, tmp_path / "copy")
    one.rename(tmp_path / "moved")
    assert instance_of(tmp_path / "moved") == name
    assert instance_of(tmp_path / "copy") != name


@pytest.mark.parametrize("garbage", [b"", b"../x\n", b"\xff\xfe"[:0], b"0123456789abcdef0123456789abcdef"])
def test_a_name_that_is_none_is_made_anew(garbage: bytes, tmp_path: Path) -> None:
    (tmp_path / "instance").write_bytes(garbage)
    assert len(instance_of(tmp_path)) == 16
    assert instance_of(tmp_path) == instance_of(tmp_path)


def test_a_folder_that_cannot_keep_it_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    with pytest.raises(ConfigError, match="instance"):
        instance_of(tmp_path)

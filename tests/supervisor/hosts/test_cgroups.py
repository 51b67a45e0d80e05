import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ennio.supervisor.hosts.cgroups import Cgroup, Cgroups, own_place
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.records import Usage

HERE = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"


@pytest.fixture
def groups() -> Iterator[Cgroups]:
    groups = Cgroups(f"test{os.getpid()}", own_place())
    if not groups.usable:
        pytest.skip("no control group can be made here")
    yield groups
    groups.remove_empty()


@pytest.mark.parametrize(
    ("mounts", "ours", "place"),
    [
        (HERE, "9:pids:/a\n0::/\n", "/sys/fs/cgroup/unified/"),
        (HERE, "0::/user.slice/me\n", "/sys/fs/cgroup/unified/user.slice/me"),
        (HERE.replace(" / ", " /box "), "0::/box/in\n", "/sys/fs/cgroup/unified/in"),
        (HERE.replace(" / ", " /box "), "0::/boxes/in\n", None),
        (HERE.replace("unified", r"a\040b"), "0::/\n", "/sys/fs/cgroup/a b"),
        (HERE, "0::/../outside\n", None),
        (HERE, "9:pids:/a\n", None),
        (HERE.replace("cgroup2", "tmpfs"), "0::/\n", None),
        ("", "0::/\n", None),
        ("garbage\n - \n", "0::/\n", None),
    ],
)
def test_the_own_place_is_found_where_it_is_mounted(
    mounts: str, ours: str, place: str | None, tmp_path: Path
) -> None:
    (tmp_path / "mounts").write_text(mounts)
    (tmp_path / "ours").write_text(ours)
    found = own_place(str(tmp_path / "mounts"), str(tmp_path / "ours"))
    assert found == (place and Path(place))


def test_a_folder_that_is_no_control_group_is_not_used_and_left_as_it_was(tmp_path: Path) -> None:
    assert not Cgroups("x", tmp_path).usable
    assert not Cgroups("x", tmp_path / "nowhere").usable
    assert list(tmp_path.iterdir()) == []
    assert Cgroups("x", None).make("app-1.1", None, None) is None


def test_whoever_is_in_a_group_is_listed_and_killed_at_once(groups: Cgroups) -> None:
    group = groups.make("app-1.1", 1 << 30, 100)
    assert group
    with subprocess.Popen(["sleep", "20"]) as process:
        (group.path / "cgroup.procs").write_text(str(process.pid))
        assert group.pids() == [process.pid]
        group.remove()  # which does nothing: somebody is in it
        groups.remove_empty()
        began = time.monotonic()
        group.kill()
        assert process.wait() == -9
    assert time.monotonic() - began < 5
    group.remove()
    assert not group.path.exists()


def test_a_group_is_found_again_by_its_name_and_no_other_is(groups: Cgroups, tmp_path: Path) -> None:
    group = groups.make("app-1.1", None, None)
    assert group
    found = groups.find("app-1.1", str(group.path))
    assert found
    assert found.path == group.path
    forged = tmp_path / group.path.parent.name / "app-1.1"
    forged.mkdir(parents=True)
    (forged / "cgroup.kill").touch()
    link = group.path.parent.parent / "nothing"
    for stated in (
        None,
        "",
        "/",
        str(group.path.parent),
        str(group.path.parent.parent),
        str(forged),
        str(link),
    ):
        assert groups.find("app-1.1", stated) is None
    assert groups.find("app-1.2", str(group.path)) is None
    group.remove()
    assert groups.find("app-1.1", str(group.path)) is None


def test_what_the_kernel_counts_is_told_and_what_it_does_not_count_is_not(tmp_path: Path) -> None:
    assert Cgroup(tmp_path).usage() is None
    (tmp_path / "cgroup.procs").write_text("1\n2\n")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "cgroup.procs").write_text("3\n")
    assert Cgroup(tmp_path).usage() is None
    (tmp_path / "memory.stat").write_text("anon 4000\nfile 999999\nshmem 96\n")
    assert Cgroup(tmp_path).usage() == Usage(3, 4096)
    assert sorted(Cgroup(tmp_path).pids()) == [1, 2, 3]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is always best effort")
def test_containment_is_what_can_be_done(groups: Cgroups, tmp_path: Path) -> None:
    assert LocalHost(cgroup_root=None).containment == "shim+marker"
    assert LocalHost(cgroup_root=tmp_path).containment == "shim+marker"
    host = LocalHost("containment")
    assert host.containment == "cgroup+shim"
    host._cgroups.remove_empty()

"""Control groups of our own (cgroups(7), cgroup-v2.rst of the kernel): all in one can be killed at once."""

import os
import re
from contextlib import suppress
from pathlib import Path

import structlog

from ..records import Usage

_log = structlog.get_logger()


class Cgroup:
    """The control group of one incarnation."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def kill(self) -> None:
        """Send SIGKILL to all that is in it, which no fork can outrun. They end some time later."""
        _tell(self.path / "cgroup.kill", "1")

    def pids(self) -> list[int]:
        """Return the pids of whatever is in it, or in a group below that its agent made."""
        found = list[int]()
        for file in self.path.rglob("cgroup.procs"):
            with suppress(OSError):
                found += map(int, file.read_text().split())
        return found

    def usage(self) -> Usage | None:
        """Return what the kernel counts for it and the groups below, or None where it does not count here.

        Of its memory what is its own: `memory.current` holds the page cache too, which costs nobody anything.
        """
        with suppress(OSError, ValueError):
            stat = dict(line.split() for line in (self.path / "memory.stat").read_text().splitlines())
            return Usage(len(self.pids()), int(stat["anon"]) + int(stat["shmem"]))
        return None

    def remove(self) -> None:
        """Remove it, and the groups that its agent made below it, when nothing is in them."""
        for folder, _, _ in os.walk(self.path, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)

    def retire(self) -> None:
        """Remove it, and the folder of its data folder's groups when it was the last one there."""
        self.remove()
        with suppress(OSError):
            os.rmdir(self.path.parent)


class Cgroups:
    """The control groups of the agents of one data folder, `ennio-INSTANCE/NAME` below `root`.

    `root` None: there is no place for any. A group costs its agents nothing, so one is made wherever one
    can be; what a leftover one still holds stays there until it is ended.
    """

    def __init__(self, instance: str, root: Path | None) -> None:
        self._folder = self._found(root / f"ennio-{instance}") if root else None

    @property
    def usable(self) -> bool:
        """Whether agents can be put into groups here."""
        return self._folder is not None

    def make(self, name: str, memory_bytes: int | None, processes: int | None) -> Cgroup | None:
        """Make a group, with these limits where they can be set; None when it cannot be made."""
        if self._folder is None:
            return None
        try:
            _prepare(self._folder)
            group = Cgroup(self._folder / name)
            group.path.mkdir(exist_ok=True)
        except OSError as error:
            _log.warning("an agent gets no control group", name=name, error=error.strerror)
            return None
        for file, limit in (("memory.max", memory_bytes), ("pids.max", processes)):
            if limit is not None:
                _tell(group.path / file, str(limit))
        return group

    def find(self, name: str, stated: str | None) -> Cgroup | None:
        """Return the group of this name that an earlier server made, where a shim says that it stood.

        That server may have run in another place of the hierarchy, so the place is believed, but only if
        it is in the hierarchy, and one that ennio gives to this very name.
        """
        if self._folder is None or stated is None:
            return None
        path = Path(stated)
        if path.name != name or path.parent.name != self._folder.name or ".." in path.parts:
            return None
        with suppress(OSError):
            if path.lstat().st_dev == self._folder.parent.stat().st_dev and not path.is_symlink():
                return Cgroup(path)
        return None

    def remove_empty(self) -> None:
        """Remove what earlier servers left and nobody is in; also the folder itself when nothing is left."""
        if self._folder is not None:
            with suppress(OSError):
                for path in self._folder.iterdir():
                    if path.is_dir():
                        Cgroup(path).remove()
                os.rmdir(self._folder)

    def _found(self, folder: Path) -> Path | None:
        """Make the folder, and return it if it can kill."""
        try:
            _prepare(folder)
        except OSError:
            return None
        if os.access(folder / "cgroup.kill", os.W_OK) and os.access(folder.parent / "cgroup.procs", os.W_OK):
            return folder
        Cgroup(folder).remove()
        return None


def _prepare(folder: Path) -> None:
    """Make a folder for groups, with the controllers of memory and pids where they can be had."""
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        for place in (folder.parent, folder):
            for controller in ("memory", "pids"):
                _tell(place / "cgroup.subtree_control", f"+{controller}")


def _tell(file: Path, text: str) -> None:
    """Write to a file of the kernel's, if it is there and takes that."""
    with suppress(OSError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def own_place(mounts: str = "/proc/self/mountinfo", ours: str = "/proc/self/cgroup") -> Path | None:
    """Return the folder of the cgroup (version 2) in which this process is, or None where there is none."""
    with suppress(OSError):
        lines = Path(ours).read_text().splitlines()
        path = next((line[3:] for line in lines if line.startswith("0::")), None)
        for line in Path(mounts).read_text().splitlines() if path else ():
            head, _, tail = line.partition(" - ")
            fields = head.split()
            if path and len(fields) > 4 and tail.startswith("cgroup2 "):
                return _below(_plain(fields[4]), _plain(fields[3]), path)
    return None


def _below(mount_point: str, mounted: str, path: str) -> Path | None:
    """Return where the cgroup `path` is seen, when of the hierarchy `mounted` is what stands there."""
    if mounted != "/":
        if path != mounted and not path.startswith(f"{mounted}/"):
            return None
        path = path.removeprefix(mounted)
    return None if ".." in path.split("/") else Path(f"{mount_point}/{path}")


def _plain(field: str) -> str:
    """Undo the octal escapes of proc_pid_mountinfo(5)."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)

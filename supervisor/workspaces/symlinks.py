"""Symlinks from a workspace to what its sessions share, such as a `.env` that is not committed."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Protocol

from ..errors import Invalid


class Symlink(Protocol):
    """`target` in the workspace leads to `source`, which is taken from the project's path."""

    @property
    def source(self) -> Path: ...
    @property
    def target(self) -> str: ...


def link(links: Iterable[Symlink], *, workspace: Path, project: Path) -> None:
    """Make the symlinks, and the folders they stand in. Raises `Invalid`, which names the target."""
    for each in links:
        source = project / each.source
        try:
            _link_one(source, workspace, each.target)
        except OSError as error:
            raise Invalid(f"the symlink {each.target} cannot be made: {error.strerror}") from error


def _link_one(source: Path, workspace: Path, target: str) -> None:
    if not source.exists():
        raise Invalid(f"the symlink {target} would lead to {source.name}, which does not exist")
    parts = PurePosixPath(target).parts
    if not parts or target.startswith("/") or ".." in parts or "\0" in target:
        raise Invalid(f"the symlink {target!r} is not inside of the workspace")
    if any(part.lower() == ".git" for part in parts):
        raise Invalid(f"the symlink {target} would be among git's own files")
    place = workspace / target
    parent, top = os.path.realpath(place.parent), os.path.realpath(workspace)
    if os.path.commonpath((parent, top)) != top:
        raise Invalid(f"the symlink {target} would leave the workspace: a folder on its way is a symlink")
    if os.path.lexists(place):
        raise Invalid(f"the symlink {target} cannot be made: there is something of that name already")
    place.parent.mkdir(parents=True, exist_ok=True)
    # The last step stays as it is: where the source is itself a symlink, whoever re-points it is followed.
    place.symlink_to(os.path.join(os.path.realpath(source.parent), source.name))

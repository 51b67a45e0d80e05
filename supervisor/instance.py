"""The name by which what outlives a server is told to be its data folder's."""

import re
import secrets
from pathlib import Path

from .errors import ConfigError

_NAME = re.compile(r"([0-9a-f]{16}) (\d+)\n")


def instance_of(data_dir: Path) -> str:
    """Return the folder's name, which is made once and stays. Call it with the folder's lock held.

    A copy of the folder gets a name of its own: what runs is the original's. The name is no secret: it is in
    the environment of every agent. Raises `ConfigError` when it cannot be kept.
    """
    file = data_dir / "instance"
    try:
        place = data_dir.stat().st_ino
        known = _NAME.fullmatch(file.read_text()) if file.exists() else None
        if known and int(known[2]) == place:
            return known[1]
        name = secrets.token_hex(8)
        fresh = file.with_suffix(".new")
        fresh.write_text(f"{name} {place}\n")
        fresh.rename(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"data_dir: the file `instance` in it cannot be used: {error}") from error
    return name

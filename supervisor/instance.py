"""The name by which what outlives a server is told to be its data folder's."""

import re
import secrets
from pathlib import Path

from .errors import ConfigError

_NAME = re.compile(r"[0-9a-f]{16}")


def instance_of(data_dir: Path) -> str:
    """Return the folder's name, which is made once and stays. Call it with the folder's lock held.

    It is no secret: it is in the environment of every agent. Raises `ConfigError` when it cannot be kept.
    """
    file = data_dir / "instance"
    try:
        if file.exists() and _NAME.fullmatch(known := file.read_text().strip()):
            return known
        name = secrets.token_hex(8)
        fresh = file.with_suffix(".new")
        fresh.write_text(f"{name}\n")
        fresh.rename(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"data_dir: the file `instance` in it cannot be used: {error}") from error
    return name

"""The environment that agents, hooks and git start from."""

import re
from collections.abc import Mapping
from pathlib import Path

_MISDIRECTING = re.compile(
    "GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|COMMON_DIR|INDEX_FILE|PREFIX|INTERNAL_SUPER_PREFIX|NAMESPACE"
    "|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|SHALLOW_FILE|GRAFT_FILE|CONFIG"
    "|NO_REPLACE_OBJECTS|REPLACE_REF_BASE|(LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS|TRACE.*)"
)

_OWN = re.compile(
    "NOTIFY_SOCKET|WATCHDOG_(PID|USEC)|OTEL_EXPORTER_OTLP_((TRACES|METRICS|LOGS)_)?HEADERS|ENNIO_(TOKEN|URL)"
)


def shared(env: Mapping[str, str]) -> dict[str, str]:
    """Return `env` without what is the server's alone: its way to systemd, to a collector of traces, and to
    a server of ennio, if its operator has one there.

    An agent that had NOTIFY_SOCKET could tell that the server is well or stopping (sd_notify(3)), and the
    headers for a collector hold its secrets.
    """
    return {name: value for name, value in env.items() if not _OWN.fullmatch(name)}


def undirected(env: Mapping[str, str], *, ceiling: Path) -> dict[str, str]:
    """Return `env` without what would lead git to another repository than the folder it is run in.

    What `git rev-parse --local-env-vars` lists goes, but for the operator's own GIT_CONFIG_COUNT. Git
    will not look for a repository in `ceiling` or above it: a workspace that lost its `.git` must not be
    taken for a part of whatever encloses it. Git never asks a terminal.
    """
    kept = {name: value for name, value in env.items() if not _MISDIRECTING.fullmatch(name)}
    return {**kept, "GIT_CEILING_DIRECTORIES": str(ceiling), "GIT_TERMINAL_PROMPT": "0"}

"""What must hold between keys, and between keys and this machine: the server's own part."""

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from .agent_rules import agent_problems
from .draft import Draft
from .money_rules import money_problems
from .plugin_rules import plugin_problems
from .problems import Key, Problem, walk
from .project_rules import project_problems
from .reaction_rules import reaction_problems
from .variables import holds_secrets

_TELLING = 8
"""From so many characters on, a token inside another string is no coincidence."""


def problems(draft: Draft) -> Iterator[Problem]:
    """Yield whatever is wrong with keys that are good by themselves."""
    yield from _who_gets_in(draft)
    yield from _certificate(draft)
    yield from _grace(draft)
    yield from agent_problems(draft)
    yield from _token_stays_here(draft)
    yield from money_problems(draft)
    yield from plugin_problems(draft)
    yield from reaction_problems(draft)
    yield from project_problems(draft)


def _who_gets_in(draft: Draft) -> Iterator[Problem]:
    if draft.settings.api_token is None and not _is_loopback(draft.settings.host):
        yield Problem(
            ("host",), "is reachable from other machines, which needs an `api_token`; 127.0.0.1 does not"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _certificate(draft: Draft) -> Iterator[Problem]:
    cert, key = draft.settings.tls_cert, draft.settings.tls_key
    if cert is None and key is None:
        return
    if cert is None or key is None:
        told, missing = ("tls_key", "tls_cert") if cert is None else ("tls_cert", "tls_key")
        yield Problem((told,), f"does nothing without `{missing}`")
        return
    files = {"tls_cert": draft.path(cert), "tls_key": draft.path(key)}
    unreadable = [Problem((name,), why) for name, path in files.items() if (why := _unreadable(path))]
    yield from unreadable
    if not unreadable and not _is_pair(**files):
        yield Problem(("tls_cert",), "and `tls_key` are no PEM certificate with its own, unencrypted key")


def _unreadable(path: Path) -> str | None:
    try:
        path.open("rb").close()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _is_pair(tls_cert: Path, tls_key: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls_cert, tls_key, password=lambda: "")
    except (OSError, ValueError):
        return False
    return True


def _grace(draft: Draft) -> Iterator[Problem]:
    timeouts = draft.settings.timeouts
    if timeouts.kill_grace is not None and timeouts.kill_grace >= timeouts.kill:
        says = f"must be less than `timeouts.kill`, which is {timeouts.kill:g}"
        yield Problem(("timeouts", "kill_grace"), says)


def _token_stays_here(draft: Draft) -> Iterator[Problem]:
    """Agents get neither the API token nor a variable that holds it."""
    used = draft.expansion.used
    secret = used.get(("api_token",), frozenset())
    for key, names in used.items():
        if names & secret and not holds_secrets(key):
            variable = min(names & secret)
            yield Problem(key, f"uses ${{{variable}}}, which is the API token's and nothing else's")
    token = draft.settings.api_token
    if token is None:
        return
    text = token.get_secret_value()
    for key, value in _what_agents_get(draft):
        if isinstance(value, str) and (value == text or (len(text) >= _TELLING and text in value)):
            yield Problem(key, "holds the API token, which agents do not get")


def _what_agents_get(draft: Draft) -> Iterator[tuple[Key, Any]]:
    yield from walk(draft.expansion.data.get("agents", {}), ("agents",))
    for index, project in enumerate(draft.settings.projects):
        passthrough = project.agent_config.passthrough
        yield from walk(passthrough, ("projects", index, "agent_config", "passthrough"))

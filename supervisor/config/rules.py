"""What must hold between keys, and between keys and this machine: the server's part and the agents'."""

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from .draft import Draft
from .problems import Key, Problem, nearest, walk
from .project_rules import project_problems
from .schema import AgentTable
from .variables import holds_secrets

_TELLING = 8
"""From so many characters on, a token inside another string is no coincidence."""


def problems(draft: Draft) -> Iterator[Problem]:
    """Yield whatever is wrong with keys that are good by themselves."""
    yield from _who_gets_in(draft)
    yield from _certificate(draft)
    yield from _grace(draft)
    for name, agent in draft.settings.agents.items():
        yield from _agent(draft, name, agent)
    yield from _token_stays_here(draft)
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


def _agent(draft: Draft, name: str, agent: AgentTable) -> Iterator[Problem]:
    key: Key = ("agents", name)
    built_in = draft.installed["agents"]
    if name in built_in:
        for own in ("command", "protocol"):
            if getattr(agent, own) is not None:
                says = "is for custom agents, and this one is built in; give yours another name"
                yield Problem((*key, own), says)
        return
    if agent.program is not None:
        says = "is for built-in agents; the first word of a custom agent's `command` says where it is"
        yield Problem((*key, "program"), says)
    if agent.command is None:
        yield Problem(
            key, f"has no `command`, and no agent of that name is built in; {nearest(name, built_in)}"
        )
    elif not agent.command[0].strip():
        yield Problem((*key, "command", 0), "must name a program")


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
    for key, value in walk(draft.expansion.data.get("agents", {}), ("agents",)):
        if isinstance(value, str) and (value == text or (len(text) >= _TELLING and text in value)):
            yield Problem(key, "holds the API token, which agents do not get")

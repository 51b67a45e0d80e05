"""An installed `ennio` whose projects are at a host of the tests' own."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accounts import until
from installed import Server, running, settings

from .github import GitHub, Pull
from .gitlab import GitLab
from .inbox import Inbox
from .replies import Json

POLL = 0.1
"""Seconds between looks at the host."""

PATIENCE = 35.0
"""Seconds in which whatever happens at the host must have come to the session."""

ONCE = ["sh", "-c", "read line; echo heard $line; exit 1"]
"""An agent that hears one line, and fails."""

FINE = ["sh", "-c", "read line; echo heard $line; exit 0"]
"""An agent that hears one line, and is done."""


def project(host: GitHub | GitLab, name: str, agent: str = "cat", more: str = "", **options: Any) -> str:
    """Return the configuration of a project at a host: its issues and its pull requests are there."""
    plugin, base = ("github", "") if isinstance(host, GitHub) else ("gitlab", "/api/v4")
    both = {"owner": host.owner, "repo": host.repo, "token": host.token, "api_url": host.url + base}
    tracker = {key: value for key, value in options.items() if key.startswith("on_spawn")}
    scm = {key: value for key, value in options.items() if key not in tracker}
    lines = [f'[[projects]]\nname = "{name}"\npath = "repo"\nagent = "{agent}"', more]
    for kind, table in (("tracker_config", both | tracker), ("scm_config", both | scm)):
        lines.append(f"[projects.{kind}]\nplugin = {json.dumps(plugin)}\n[projects.{kind}.config]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    return "\n".join(lines)


def configuration(*projects: str, inbox: Inbox | None = None, top: str = "", poll: float = POLL) -> str:
    """Return a whole configuration; `top` are further tables."""
    parts = [f"poll_interval = {poll}", top]
    if inbox:
        parts.append(f'[[notifiers]]\nname = "ops"\nplugin = "webhook"\nconfig = {{ url = "{inbox.url}" }}')
    return settings("\n\n".join(projects), "\n\n".join(parts), once=ONCE, fine=FINE)


@dataclass
class Work:
    """A server, a host that it looks at, and who is told."""

    server: Server
    host: GitHub
    inbox: Inbox
    spawned: list[str] = field(default_factory=list)

    def spawn(self, project: str = "app", **wishes: str) -> Json:
        """Spawn a session, and wait until its agent was heard of."""
        session = self.server.spawn(project, **wishes)
        self.spawned.append(session["id"])
        return session

    def pull(self, session: Json, **more: Any) -> Pull:
        """Open a pull request from a session's branch."""
        return self.host.open_pull(session["branch"], **more)

    def session(self, session: Json) -> Json:
        """Return a session as it is now."""
        now: Json = self.server.data("GET", f"/sessions/{session['id']}")
        return now

    def becomes(self, session: Json, *words: str, seconds: float = PATIENCE) -> Json:
        """Wait until a session has one of these statuses, and return it."""
        until(
            lambda: self.session(session)["status"] in words,
            seconds,
            lambda: (
                words,
                self.session(session)["status"],
                self.types(session),
                self.server.log.read_text(),
            ),
        )
        return self.session(session)

    def stays(self, session: Json, word: str, looks: int = 3) -> None:
        """See that a session has a status, and keeps it over some looks of the server."""
        for _ in range(looks):
            assert self.session(session)["status"] == word, self.types(session)
            self.looked()
        assert self.session(session)["status"] == word, self.types(session)

    def looked(self, times: int = 1) -> None:
        """Wait until the host was asked again so many times."""
        for _ in range(times):
            before = len(self.host.requests)
            until(lambda seen=before: len(self.host.requests) > seen, PATIENCE)  # type: ignore[misc]
            time.sleep(POLL / 2)

    def happened(self, session: Json, *types: str) -> list[Json]:
        """Return a session's events, of these types alone."""
        found: list[Json] = self.server.data("GET", f"/sessions/{session['id']}/events")
        return [one for one in found if not types or one["event_type"] in types]

    def types(self, session: Json) -> list[str]:
        """Return the types of a session's events."""
        return [one["event_type"] for one in self.happened(session)]

    def news(self, session: Json) -> list[str]:
        """Return the types of a session's events, without those that come by themselves in time.

        An agent falls silent, and GitHub works out whether a pull request can be merged.
        """
        return [one for one in self.types(session) if one not in {"ActivityChanged", "PrUpdated"}]

    def until_event(self, session: Json, event_type: str, times: int = 1, seconds: float = PATIENCE) -> Json:
        """Wait until something has happened so many times, and return the last of these events."""
        until(
            lambda: self.types(session).count(event_type) >= times,
            seconds,
            lambda: (event_type, times, self.types(session), self.server.log.read_text()),
        )
        return self.happened(session, event_type)[-1]

    def hears(self, session: Json, words: str, seconds: float = PATIENCE) -> str:
        """Wait until a session's agent has heard this."""
        return self.server.wait_for(session["id"], words, seconds)

    def heard(self, session: Json, words: str) -> int:
        """Return how often a session's agent has heard this."""
        return self.server.text(session["id"]).count(words)

    def clear(self) -> None:
        """Have the host well, and no session left."""
        self.host.heal()
        for session_id in self.spawned:
            self.server.http.delete(f"/sessions/{session_id}")
        self.spawned.clear()


@contextmanager
def at_work(
    folder: Path,
    projects: Callable[[GitHub], Sequence[str]] = lambda _: (),
    top: str = "",
    poll: float = POLL,
) -> Iterator[Work]:
    """Run a server with the project `app` at a host, and further `projects` there."""
    with GitHub() as host, Inbox() as inbox:
        tables = [project(host, "app"), *projects(host)]
        with running(folder, configuration(*tables, inbox=inbox, top=top, poll=poll)) as server:
            yield Work(server, host, inbox)

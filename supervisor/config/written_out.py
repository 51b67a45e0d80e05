"""Secrets that are written out in a file which other users can read: the operator is warned of each."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from .draft import Draft
from .problems import Key, dotted, walk

_SECRET = re.compile(r"token|secret|passw|authorization|api.?key", re.IGNORECASE)
"""By names like these secrets go, among the options of any plugin and in headers."""

_SECRET_URLS = {"slack": "url", "apprise": "urls"}
"""Options of which each value is a secret as a whole, by plugin."""


def written_out(draft: Draft) -> Iterator[str]:
    """Yield a warning for each secret that stands in the file itself. No secret is in it."""
    if not draft.document.open_to_others:
        return
    settings, used = draft.settings, draft.expansion.used
    if settings.api_token is not None and ("api_token",) not in used:
        yield _warning(draft, "`api_token` stands", "the token")
    url = settings.database_url
    if url is not None and urlsplit(url.get_secret_value()).password and ("database_url",) not in used:
        yield _warning(draft, "the password of `database_url` stands", "the URL")
    for kind, key, table in draft.plugins():
        for place, value in walk(table.config, (*key, "config")):
            option = place[len(key) + 1 :]
            if isinstance(value, str) and place not in used and _is_secret(kind, table.plugin, option):
                yield _warning(draft, f"`{dotted(place)}` stands", "it")


def _is_secret(kind: str, plugin: str, option: Key) -> bool:
    if kind == "notifiers" and _SECRET_URLS.get(plugin) == option[0]:
        return True
    return any(isinstance(part, str) and _SECRET.search(part) for part in option)


def _warning(draft: Draft, what: str, it: str) -> str:
    return (
        f"{what} in {draft.document.name}, which other users can read: "
        f"`chmod 600` it, or take {it} from the environment with ${{VARIABLE}}"
    )

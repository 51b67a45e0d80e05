"""Which repository is spoken of, where its API is, and by what it is called on the web."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import httpx2

from ...errors import Invalid
from ...options import Options
from ..tokens import token
from ..web import Web
from ..words import one_line

PUBLIC = "https://api.github.com"

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")
"""Letters, digits and hyphens; of an enterprise's managed users also one underscore.
https://docs.github.com/en/enterprise-cloud@latest/admin/concepts/identity-and-access-management/username-considerations-for-external-authentication
"""
_REPO = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NUMBER = re.compile(r"#?([1-9][0-9]{0,9})")
_ISSUE = re.compile(r"/([^/]+)/([^/]+)/issues/([1-9][0-9]{0,9})/?")
_ENTERPRISE = "/api/v3"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository at one GitHub: `owner`/`repo` at the API `api_url`, which takes `token`."""

    owner: str
    repo: str
    token: str = field(repr=False)
    api_url: str

    @classmethod
    def of(cls, options: Options) -> "Repository":
        """Read `owner`, `repo`, `token` and `api_url`. Raises `ConfigError`."""
        owner, repo = options.required("owner"), options.required("repo")
        if not _OWNER.fullmatch(owner):
            raise options.wrong("owner", "must be the name of a GitHub user or organization, like `octocat`")
        if not _REPO.fullmatch(repo) or repo in {".", ".."} or repo.lower().endswith(".git"):
            raise options.wrong(
                "repo", "must be the name of a GitHub repository alone, without its owner and without `.git`"
            )
        url = options.url("api_url", PUBLIC)
        parts = urlsplit(url)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise options.wrong("api_url", "must have no user, query or fragment")
        return cls(owner, repo, token(options), url)

    @property
    def name(self) -> str:
        """What it is called in messages: the same for the same repository, however it was written."""
        where = "" if self.api_url.lower() == PUBLIC else f" at {urlsplit(self.api_url).netloc.lower()}"
        return f"github {self.owner}/{self.repo}".lower() + where

    @property
    def path(self) -> str:
        """The path of all that belongs to it in the API."""
        return f"/repos/{self.owner}/{self.repo}"

    def web(self, setting: str, transport: httpx2.AsyncBaseTransport | None) -> Web:
        """Return the way to ask it. `setting` is where the token stands."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return Web(self.name, self.api_url, headers, transport=transport, setting=setting)

    def is_called(self, full_name: str) -> bool:
        """Whether `full_name` is its `owner/repo`; GitHub takes no notice of case there."""
        return full_name.lower() == f"{self.owner}/{self.repo}".lower()

    def issue(self, text: str) -> str:
        """Return the number that a text means: `42`, `#42`, or the issue's URL. Raises `Invalid`."""
        given = text.strip()
        number = _NUMBER.fullmatch(given)
        if number is not None:
            return number[1]
        shown = one_line(text)
        try:
            parts = urlsplit(given)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError as error:
            raise Invalid(f"`{shown}` is no URL and no number of an issue of {self.name}") from error
        found = _ISSUE.fullmatch(parts.path)
        if parts.scheme not in _PORTS or "@" in parts.netloc or found is None:
            raise Invalid(
                f"`{shown}` is no issue of {self.name}: give its number, like 42, or its URL, "
                f"which ends in {self.owner}/{self.repo}/issues/NUMBER"
            )
        if (parts.hostname, port) not in self._hosts() or not self.is_called(f"{found[1]}/{found[2]}"):
            raise Invalid(f"`{shown}` is an issue of another repository than {self.name}")
        return found[3]

    def _hosts(self) -> set[tuple[str | None, int | None]]:
        """Return the hosts and ports where its pages are.

        An enterprise's API is below its web site or at `api.` before it:
        https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
        """
        api = urlsplit(self.api_url)
        if api.hostname == "api.github.com":
            return {(host, port) for host in ("github.com", "www.github.com") for port in _PORTS.values()}
        if (api.hostname or "").endswith(".ghe.com"):
            return {((api.hostname or "").removeprefix("api."), port) for port in _PORTS.values()}
        own = (api.hostname, _port(api))
        if api.path.endswith(_ENTERPRISE):
            return {own}
        return {own, ("github.com", 443)}


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)

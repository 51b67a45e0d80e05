"""One project at one GitLab: how it is configured, where its API is, and which URLs are its own."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

import httpx2

from ...errors import Invalid
from ...options import Options
from ..tokens import token
from ..web import Web

GITLAB = "https://gitlab.com/api/v4"
_SEGMENT = re.compile(r"[\w.][\w.-]*", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_WANTED = "must be the project's full path, such as `group/project`, or its number"


@dataclass(frozen=True, slots=True)
class Place:
    """A project, by its full path or by its number, at the GitLab whose API is at `api`."""

    project: str
    api: str
    token: str = field(repr=False)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        there = "" if self.api.lower() == GITLAB else f" at {urlsplit(self.api).netloc.lower()}"
        return f"gitlab {self.project.lower()}{there}"

    @property
    def path(self) -> str:
        """Where the project is in the API.

        https://docs.gitlab.com/api/rest/#namespaced-paths
        """
        return f"/projects/{quote(self.project, safe='')}"

    def web(self, setting: str, transport: httpx2.AsyncBaseTransport | None) -> Web:
        """Return the way to ask its API, for what is configured in this table.

        https://docs.gitlab.com/api/rest/authentication/
        """
        return Web(self.name, self.api, {"PRIVATE-TOKEN": self.token}, setting=setting, transport=transport)

    def is_ours(self, path: str | None, number: int | None) -> bool:
        """Return whether a project with this path and number is this one."""
        if _NUMBER.fullmatch(self.project):
            return number == int(self.project)
        return path is not None and path.lower() == self.project.lower()

    def issue(self, text: str) -> str:
        """Return the number of the issue that is meant by a number or by a URL in this project.

        Raises `Invalid`, which says what is wrong with it.
        """
        number = text.strip().removeprefix("#")
        if _NUMBER.fullmatch(number):
            return number
        if "://" not in text:
            raise Invalid(f"an issue of {self.name} is named by its number or its URL, not by {text[:100]!r}")
        return self._issue_by_url(text.strip())

    def _issue_by_url(self, text: str) -> str:
        if _NUMBER.fullmatch(self.project):
            raise Invalid(f"{self.name} is configured by its number; name its issue by the issue's number")
        try:
            url, api = urlsplit(text), urlsplit(self.api)
            same = url.scheme in {"http", "https"} and _where(url) == _where(api)
        except ValueError as error:
            raise Invalid(f"{text[:100]!r} is no URL") from error
        if not same:
            raise Invalid(f"{text[:100]!r} is not at the GitLab of {self.name}")
        root = api.path.removesuffix("/api/v4").lower() + "/"
        form = re.compile(rf"{re.escape(root)}(.+?)(?:/-)?/(?:issues|work_items)/([1-9][0-9]{{0,9}})/?")
        found = form.fullmatch(unquote(url.path).lower())
        if found is None:
            raise Invalid(f"{text[:100]!r} is no URL of an issue; one ends with /-/issues/ and its number")
        if found[1] != self.project.lower():
            raise Invalid(f"{text[:100]!r} is not an issue of {self.name}")
        return found[2]


def place(options: Options) -> Place:
    """Read where a project is: `project`, or `owner` and `repo`; `token`; `api_url`.

    Raises `ConfigError`.
    """
    given = options.text("project")
    owner, repo = options.text("owner"), options.text("repo")
    if given is not None and (owner or repo):
        raise options.wrong("project", "says what `owner` and `repo` say; give one of both")
    if given is None and (owner or repo):
        given = f"{options.required('owner').strip('/')}/{options.required('repo').strip('/')}"
    project = (given or options.required("project")).strip("/")
    segments = project.split("/")
    if not _NUMBER.fullmatch(project) and (len(segments) < 2 or not all(map(_good, segments))):
        raise options.wrong("project", _WANTED)
    api = options.url("api_url", GITLAB)
    parts = urlsplit(api)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise options.wrong("api_url", "must have no user, query or fragment")
    return Place(project, api, token(options))


def _good(segment: str) -> bool:
    return bool(_SEGMENT.fullmatch(segment)) and segment.strip(".") != ""


def _where(url: SplitResult) -> tuple[str | None, int | None]:
    """Return the host, and the port unless it is the usual one."""
    return url.hostname, None if url.port in {80, 443} else url.port

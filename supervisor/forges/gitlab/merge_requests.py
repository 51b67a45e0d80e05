"""The merge requests of a GitLab project.

https://docs.gitlab.com/api/merge_requests/
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import httpx2

from ...errors import Conflict, ForgeRefused, NotFound
from ...options import Options
from ...records import Failure, Hint, PullRequest, Sought
from ..fields import mapping, text, understood, words
from ..together import together
from .facts import Facts, chosen, read_facts
from .hooks import hint, proved
from .inquiry import Inquiry
from .place import place
from .reviews import Opinions

REMEMBERED = 500
"""Of how many merge requests it is remembered what was said of them."""


class GitLabMergeRequests:
    """The ports `Scm` and `Hooked`.

    Configured by `project` (or `owner` and `repo`), `token`, `api_url`; by `webhook_secret`, without which
    it hears nothing; and by `ignore_authors`, usernames whose comments do not count. Raises `ConfigError`
    for any other key.
    """

    kind = "gitlab"

    def __init__(self, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._place = place(options)
        self._secret = options.text("webhook_secret")
        ignored = frozenset(name.lower().removeprefix("@") for name in options.texts("ignore_authors"))
        options.done()
        self.listens = self._secret is not None
        self.name = self._place.name
        self._path = self._place.path
        self._web = self._place.web("scm_config", transport)
        self._inquiry = Inquiry(self._web, self._path, ignored)
        self._project_id: int | None = None
        self._said: OrderedDict[int, tuple[datetime, str, Opinions]] = OrderedDict()

    @property
    def wait(self) -> float:
        """Seconds until it should be asked again without need, by GitLab's own limits."""
        return self._web.wait

    async def look(self, sought: Sought, *, thorough: bool) -> PullRequest | None:
        """Return all facts of a branch's merge request; None when there is none, or none with a commit yet.

        What people said is asked for when the merge request says that it changed, or with `thorough`;
        checks always. Of one that is no longer open it is only what the merge request itself says.
        """
        facts = await self._found(sought)
        if facts is None or (facts.open and not facts.head):
            return None
        self._project_id = facts.project_id
        if not facts.open:
            return facts.pull()
        ask = partial(self._inquiry.checks, facts), partial(self._opinions, facts, thorough)
        checks, opinions = await together(*ask)
        return facts.pull(checks, opinions)

    async def failures(self, pull: PullRequest) -> Sequence[Failure]:
        """Return its failing checks with the end of their logs, as far as those can be had."""
        return await self._inquiry.failures(pull)

    async def merge(self, pull: PullRequest) -> None:
        """Squash and merge it, if its head is still `pull.head`. Raises `Conflict` when GitLab will not.

        https://docs.gitlab.com/api/merge_requests/#merge-a-merge-request
        """
        path = f"{self._path}/merge_requests/{pull.number}"
        try:
            given = await self._web.send("PUT", f"{path}/merge", {"squash": True, "sha": pull.head})
        except ForgeRefused as error:
            # GitLab says 401 also when the token is good and its user may not merge.
            raise ForgeRefused(
                f"{self.name} does not let us merge !{pull.number}; has the token's user that right? {error}"
            ) from error
        with understood(self.name, f"merging !{pull.number}"):
            told = mapping(given)
            if text(told, "state") == "opened" and (why := words(told, "merge_error")):
                raise Conflict(f"{self.name} could not merge !{pull.number}: {why[:300]}")

    def hear(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        """Return what has changed by a webhook's word; None without the secret, or of another project.

        Raises `Invalid` for a body that was proved and cannot be understood.
        """
        if self._secret is None or not proved(headers, self._secret):
            return None
        return hint(body, self._place, self._project_id)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._web.aclose()

    async def _found(self, sought: Sought) -> Facts | None:
        """Return the one that is known, unless it is over and the branch has another one that is open."""
        known = None if sought.number is None else await self._one(sought.number)
        if known is not None and known.open and known.counts(sought):
            return known
        listed = await self._web.get_all(
            f"{self._path}/merge_requests",
            most=100,
            source_branch=sought.branch,
            state="all",
            order_by="created_at",
            sort="desc",
        )
        with understood(self.name, f"the merge requests of {sought.branch}"):
            best = chosen(listed, sought)
        if best is None or (known is not None and known.number == best.number):
            return None if best is None else known
        return await self._one(best.number)

    async def _one(self, number: int) -> Facts | None:
        """Return a merge request, or None when it is not there."""
        try:
            given = await self._web.get(f"{self._path}/merge_requests/{number}")
        except NotFound:
            return None
        with understood(self.name, f"!{number}"):
            return read_facts(given)

    async def _opinions(self, facts: Facts, thorough: bool) -> Opinions:
        kept = self._said.get(facts.number)
        if kept is not None and kept[:2] == (facts.updated_at, facts.head) and not thorough:
            self._said.move_to_end(facts.number)
            return kept[2]
        opinions = await self._inquiry.opinions(facts)
        self._said[facts.number] = (facts.updated_at, facts.head, opinions)
        self._said.move_to_end(facts.number)
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        return opinions

"""What GitHub sends by itself: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from ...errors import Invalid
from ...records import Hint
from ..signatures import signed
from ..words import parse
from .repository import Repository

_HEADS = "refs/heads/"
_FORM = "application/x-www-form-urlencoded"
_CHECKED = ("check_run", "check_suite", "workflow_run", "workflow_job")


def heard(repository: Repository, secret: str | None, headers: Mapping[str, str], body: bytes) -> Hint | None:
    """Return what a delivery says has changed in this repository; None when it does not prove to be about it.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    given = {name.lower(): value for name, value in headers.items()}
    scheme, _, signature = given.get("x-hub-signature-256", "").partition("=")
    if not secret or scheme != "sha256" or not signed(body, secret, signature):
        return None
    event = _event(body, given.get("content-type", ""))
    name = _at(event, "repository", "full_name")
    if not isinstance(name, str):
        return Hint()
    return _hint(event) if repository.is_called(name) else None


def _event(body: bytes, content_type: str) -> Mapping[str, Any]:
    """Return the event, which comes as JSON or, as a hook may be set up, in a form's field `payload`."""
    try:
        if content_type.partition(";")[0].strip().lower() == _FORM:
            body = parse_qs(body.decode(), strict_parsing=True)["payload"][0].encode()
        event = parse(body)
    except (ValueError, LookupError) as error:
        raise Invalid("the delivery is no JSON, though it is signed; is a proxy changing it?") from error
    if not isinstance(event, dict):
        raise Invalid("the delivery is no JSON object, though it is signed")
    return event


def _hint(event: Mapping[str, Any]) -> Hint:
    checked = [_at(event, kind) for kind in _CHECKED]
    checked.append(_at(event, "check_run", "check_suite"))
    ref = _at(event, "ref")
    branches = [_at(event, "pull_request", "head", "ref"), *(_at(one, "head_branch") for one in checked)]
    branches += [_at(one, "name") for one in _list(event, "branches")]
    if isinstance(ref, str) and ref.startswith(_HEADS):
        branches.append(ref.removeprefix(_HEADS))
    numbers = [_at(event, "pull_request", "number"), *_numbers(checked)]
    if _at(event, "issue", "pull_request") is not None:
        numbers.append(_at(event, "issue", "number"))
    commits = [_at(event, "pull_request", "head", "sha"), _at(event, "sha"), _at(event, "after")]
    commits += [_at(one, "head_sha") for one in checked]
    return Hint(
        branches=frozenset(_texts(branches)),
        numbers=frozenset(one for one in numbers if isinstance(one, int) and not isinstance(one, bool)),
        commits=frozenset(one for one in _texts(commits) if one.strip("0")),  # zeros: the branch is gone
    )


def _numbers(checked: Iterable[Any]) -> Iterator[Any]:
    for one in checked:
        yield from (_at(pull, "number") for pull in _list(one, "pull_requests"))


def _texts(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and value)


def _list(of: Any, key: str) -> list[Any]:
    found = _at(of, key)
    return found if isinstance(found, list) else []


def _at(of: Any, *keys: str) -> Any:
    for key in keys:
        of = of.get(key) if isinstance(of, dict) else None
    return of

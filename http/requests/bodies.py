"""The bodies that requests may have: their fields, and what may stand in them."""

import hashlib
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails

from ennio.supervisor import BranchName, Invalid, Order, ProjectId

from . import patterns
from .strict_json import shown

_LONGEST_ROLE = 256
_LONGEST_ISSUE = 300


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    if not value.strip():
        raise ValueError("must not be blank")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("is no valid Unicode: half of a surrogate pair stands in it") from error
    return value


def _project_id(value: str) -> str:
    return _parsed(ProjectId, value)


def _branch(value: str) -> str:
    return _parsed(BranchName, value)


def _issue(value: str) -> str:
    """Take whatever may name an issue, an id or a URL: which of them there are, its tracker knows."""
    if len(value) > _LONGEST_ISSUE or not value.isprintable():
        raise ValueError(f"must be at most {_LONGEST_ISSUE} printable characters")
    return value


def _role(value: str) -> str:
    if len(value) > _LONGEST_ROLE or not value.isprintable():
        raise ValueError(f"must be at most {_LONGEST_ROLE} printable characters")
    return value


def _parsed(kind: type[ProjectId] | type[BranchName], value: str) -> str:
    try:
        return kind.parse(value)
    except Invalid as error:
        raise ValueError(str(error)) from error


Text = Annotated[str, AfterValidator(_text), WithJsonSchema(patterns.TEXT)]


class Body(BaseModel):
    """A body has its own fields alone, and each has its own type: nothing is converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class SpawnBody(Body):
    """What an agent is to be started on: `POST /sessions`."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["prompt"]}, {"required": ["issue_id"]}]}
    )

    project_id: Annotated[Text, AfterValidator(_project_id), WithJsonSchema(patterns.IDENTIFIER)]
    issue_id: Annotated[Text, AfterValidator(_issue), WithJsonSchema(patterns.printable(_LONGEST_ISSUE))] = ""
    prompt: Text = ""
    branch: Annotated[Text, AfterValidator(_branch), WithJsonSchema(patterns.BRANCH)] = ""
    role: Annotated[Text, AfterValidator(_role), WithJsonSchema(patterns.printable(_LONGEST_ROLE))] = ""

    @model_validator(mode="after")
    def _has_work(self) -> Self:
        if not self.issue_id and not self.prompt:
            raise ValueError("one of issue_id and prompt is needed")
        return self

    def order(self) -> Order:
        """Return it as the supervisor takes it."""
        return Order(
            project_id=ProjectId(self.project_id),
            issue_id=self.issue_id or None,
            prompt=self.prompt or None,
            branch=self.branch or None,
            role=self.role or None,
        )


class SendBody(Body):
    """What the agent is told, and how it gets to an agent that is busy: `POST /sessions/{id}/send`."""

    message: Text
    mode: Literal["queue", "steer", "interrupt"] = "queue"


class DecisionBody(Body):
    """Whether an agent gets the permission it asks for: `POST /sessions/{id}/approvals/{approval_id}`."""

    decision: Literal["allow", "deny"]


class RestoreBody(Body):
    """What the restored agent is told first, if anything: `POST /sessions/{id}/restore`."""

    prompt: Text = ""


class LoginBody(Body):
    """The code that lets a browser in: `POST /login`."""

    code: Text


class PruneBody(Body):
    """How long ago the sessions ended that are to be forgotten: `POST /prune`."""

    days: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0

    def days_or(self, configured: float | None) -> float:
        """Return the days that were asked for, else the configured ones; `Invalid` where there are none."""
        if "days" in self.model_fields_set:
            return self.days
        if configured is None:
            raise Invalid(
                "days is missing (--days N at the prompt), and the configuration has no [retention] days"
            )
        return configured


def fingerprint(wanted: Body) -> bytes:
    """Return a digest by which a body is told from another."""
    return hashlib.sha256(wanted.model_dump_json().encode()).digest()


B = TypeVar("B", bound=Body)

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is no field here; there are: {fields}",
    "string_type": "must be a string",
    "float_type": "must be a number",
    "greater_than_equal": "must be {ge:g} or more",
    "string_unicode": "a field's name is no valid Unicode",
    "value_error": "{error}",
}


def read_as(kind: type[B], content: dict[str, Any]) -> B:
    """Return a body as its own kind, or raise `Invalid`, which names each field that is wrong."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise Invalid("; ".join(_sentence(detail, kind) for detail in details[:5])) from error


def _sentence(detail: ErrorDetails, kind: type[Body]) -> str:
    words = _SENTENCES.get(detail["type"], detail["msg"])
    says = words.format(fields=", ".join(kind.model_fields), **detail.get("ctx", {}))
    field = ".".join(str(part) for part in detail["loc"])
    return f"{shown(field)[1:-1]} {says}" if field else says

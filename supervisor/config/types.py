"""Single values of the configuration: what each may be, whatever stands around it."""

import re
import warnings
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from ..branches import BranchName
from ..errors import Invalid
from ..ids import Id
from .problems import nearest

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)
"""A table takes its own keys alone, and each with its own type: nothing is converted."""

PLACEHOLDERS = ("prompt", "session_id", "branch", "model", "workspace", "message_file")
"""What a custom agent's command may hold in braces; `message_file` has a rule of its own."""

CONVERSATION = "conversation_id"
"""What its `resume` may hold beside these."""

LONGEST_PREFIX = 55
"""A session's id is its prefix, a dash and 8 characters, 64 in all."""

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*")
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\[\]:/?#@]+)(?::(0|[1-9][0-9]{0,4}))?")
_PREFIX = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_PREFIX}}}")
_BRACES = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OTHER_DATABASE = re.compile(
    r"((?:sqlite|postgresql|postgres|mysql|mariadb|mssql|oracle|mongodb|redis|duckdb|https?|file)(?:\+[a-z]+)?):"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_OWN_VARIABLES = {
    "ENNIO_SESSION_ID",
    "ENNIO_PROJECT_ID",
    "ENNIO_BRANCH",
    "ENNIO_ISSUE_ID",
    "ENNIO_ROLE",
    "ENNIO_MARK",
}


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 100:
        raise ValueError("must be 1 to 100 printable characters, and not blank")
    return text


def _notifier(text: str) -> str:
    """It is a part of a URL's path too."""
    if "/" in _name(text) or text in {".", ".."}:
        raise ValueError("must have no `/`, and be more than dots")
    return text


def _id(text: str) -> str:
    try:
        return Id.parse(text)
    except Invalid:
        raise ValueError("must be 1 to 64 of A-Z a-z 0-9 - _") from None


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError(f"must be 1 to {LONGEST_PREFIX} of A-Z a-z 0-9 - _")
    return text


def _branch(text: str) -> str:
    try:
        return BranchName.parse(text)
    except Invalid:
        raise ValueError("is no valid branch name (see git-check-ref-format(1))") from None


def _host(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        if len(text) > 253 or not _HOST.fullmatch(text):
            raise ValueError("must be a host name or an IP address, without port, brackets or `*`") from None
        return text.lower()


def _origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text.lower())
    if not found:
        raise ValueError("must be a web origin like `https://example.com:8443`, without a path or `*`")
    scheme, host, port = found.groups()
    if scheme == "file" or (port and int(port) > 65535):
        raise ValueError("must be a web origin like `https://example.com:8443`")
    try:
        host = f"[{_host(host[1:-1])}]" if host.startswith("[") else _host(host)
    except ValueError:
        raise ValueError("must name a host by its ASCII name or its address") from None
    canonical = f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else "")
    if canonical != text:
        raise ValueError("must be written as browsers send it: in lower case, without a default port")
    return text


def _token(secret: SecretStr) -> SecretStr:
    token = secret.get_secret_value()
    if not token or not all("!" <= character <= "~" for character in token):
        raise ValueError("must be printable ASCII without spaces, and not empty: it travels in a header")
    return secret


def _database_url(secret: SecretStr) -> SecretStr:
    """Whatever else stands in it, a refusal names at most the scheme: the rest may hold a password."""
    url = secret.get_secret_value()
    taken = "it takes `sqlite:PATH` and `postgresql://...`"
    if found := re.match(r"sqlite:(?:///|(?!//))(.*)", url, re.DOTALL):
        if not found[1].strip() or found[1] == ":memory:":
            raise ValueError("must name the file that `sqlite:` is to use")
    elif url.startswith("postgresql://"):
        try:
            _ = urlsplit(url).port
        except ValueError:
            says = (
                "is no valid URL; in names and passwords `@`, `:`, `/`, `[` and `%` are written as %40, ..."
            )
            raise ValueError(says) from None
    elif found := _OTHER_DATABASE.match(url):
        raise ValueError(f"has the scheme `{found[1]}`, which is not supported; {taken}")
    else:
        raise ValueError(f"is no URL of a database; {taken}")
    return secret


def placeholders(text: str) -> set[str]:
    """Return the names that stand in braces in an argument."""
    return set(_BRACES.findall(text))


def _argument(text: str) -> str:
    if CONVERSATION in placeholders(text):
        raise ValueError(f"holds {{{CONVERSATION}}}, which stands in `resume` alone")
    return _filled(text, PLACEHOLDERS)


def _resume_argument(text: str) -> str:
    return _filled(text, (*PLACEHOLDERS, CONVERSATION))


def _filled(text: str, known: tuple[str, ...]) -> str:
    if re.search(r"\{\{\w+\}\}", text):
        raise ValueError("holds `{{...}}`; a placeholder stands in single braces, and `{{` is no escape")
    for name in _BRACES.findall(text):
        if name not in known:
            says = "holds a name in braces that is no placeholder"
            raise ValueError(f"{says}; {nearest(name, known)}")
    return text


def _pattern(text: str) -> str:
    """The expression itself is in no refusal: parts of it may be the environment's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(text)
    except re.error as error:
        where = "" if error.pos is None else f": look at character {error.pos + 1}"
        raise ValueError(f"is no valid regular expression (Python's `re`){where}") from None
    except (OverflowError, RecursionError):
        raise ValueError("is a regular expression with too large a number, or too deep, in it") from None
    if pattern.search(""):
        raise ValueError("matches an empty line too, and so any screen")
    return text


def _variable(name: str) -> str:
    if not name or "=" in name or not name.isprintable() or " " in name:
        raise ValueError("is no name of a variable")
    if name in _OWN_VARIABLES:
        raise ValueError("is set by ennio itself for each session")
    return name


def _model(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise ValueError("is no name of a model: 1 to 200 printable characters")
    return name


def _target(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("must stay in the workspace: a relative path without `..`")
    if not path.parts or path.parts[0] == ".git":
        raise ValueError("must name a path in the workspace, outside of .git")
    return str(path)


def _repository(text: str) -> str:
    if text.startswith("-"):
        raise ValueError("must not begin with `-`, which git would take for an option")
    return _text(text)


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
NotifierName = Annotated[str, AfterValidator(_notifier)]
SafeId = Annotated[str, AfterValidator(_id)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Branch = Annotated[str, AfterValidator(_branch)]
HostName = Annotated[str, AfterValidator(_host)]
Origin = Annotated[str, AfterValidator(_origin)]
Token = Annotated[SecretStr, AfterValidator(_token)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
Argument = Annotated[str, AfterValidator(_argument)]
ResumeArgument = Annotated[str, AfterValidator(_resume_argument)]
Pattern = Annotated[str, AfterValidator(_pattern)]
ModelName = Annotated[str, AfterValidator(_model)]
Variable = Annotated[str, AfterValidator(_variable)]
Repository = Annotated[str, AfterValidator(_repository)]
Target = Annotated[str, AfterValidator(_target)]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Times = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Grace = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
Dollars = Annotated[float, Field(gt=0, le=1_000_000_000, allow_inf_nan=False)]
NoDollars = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
"""Zero is meant too."""
OutputBytes = Annotated[int, Field(ge=1 << 16)]

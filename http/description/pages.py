"""The operations that give the pages and the files that they are made of."""

from collections.abc import Iterable

from ..routes.page import PATHS
from .assets import FILES
from .operation import Answer, Header, Operation, Parameter, Plain, Section

_ETAG = Header("ETag", "What the file is now.")
_if_none_match = Parameter(
    "If-None-Match", "header", {"type": "string"}, "The ETag of what is there already."
)
_UNCHANGED = Answer("It is still the same.", status=304, headers=(_ETAG,))
_HTML = Plain("text/html")
_NO_FILE = "There is no such file; told to those alone who have the token."


def _file(names: Iterable[str]) -> Parameter:
    known = sorted(names)
    words = {"type": "string", "enum": known}
    return Parameter("file", "path", words, "The file's name.", known[0], required=True)


def _page(path: str, id: str, summary: str) -> Operation:
    return Operation(
        method="GET",
        path=path,
        id=id,
        summary=summary,
        words="It holds no data.",
        parameters=(_if_none_match,),
        answers=(Answer("The page.", (_HTML,), headers=(_ETAG,)), _UNCHANGED),
        free=True,
    )


def _files(path: str, id: str, summary: str, names: Iterable[str], kinds: tuple[str, ...]) -> Operation:
    return Operation(
        method="GET",
        path=f"{path}/{{file}}",
        id=id,
        summary=summary,
        parameters=(_file(names), _if_none_match),
        answers=(Answer("The file.", tuple(map(Plain, kinds)), headers=(_ETAG,)), _UNCHANGED),
        refusals={401: "There is no such file, and the token is missing or wrong.", 404: _NO_FILE},
        free=True,
    )


PAGES = Section(
    "Pages",
    "For people with a browser. The pages ask this API for what they show, with the token of their reader.",
    (
        _page("/", "operatorsPage", "Get the operators' page"),
        _files(
            "/page",
            "operatorsPageFile",
            "Get a file of the operators' page",
            {path.removeprefix("/page/") for path in PATHS if path.startswith("/page/")},
            ("text/html", "text/css", "text/javascript", "image/svg+xml"),
        ),
        _page("/docs", "docsPage", "Get a readable page of this description"),
        _files(
            "/docs",
            "docsPageFile",
            "Get a file of that page",
            FILES,
            ("text/css", "text/javascript"),
        ),
    ),
)

"""The files of the page: who gets them, how, and what does not stand in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from installed import Server, running, settings

from ennio.http.routes.page import PATHS

FOLDER = Path(__file__).parents[3] / "http" / "page"
MOST_LINES = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("page"), settings(top='api_token = "s3cret"')) as one:
        yield one


def test_the_page_needs_no_token_and_may_run_its_own_files_alone(server: Server) -> None:
    answer = httpx2.get(server.url)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    host = server.url.removeprefix("http://")
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
        "connect-src": f"'self' ws://{host} wss://{host}", "base-uri": "'none'", "form-action": "'none'",
        "frame-ancestors": "'none'",
    }  # fmt: skip
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_host_that_a_policy_cannot_name_is_not_in_it(server: Server) -> None:
    answer = httpx2.get(server.url, headers={"Host": "[::1]:80"})

    assert "connect-src 'self';" in answer.headers["content-security-policy"]


def test_a_foreign_host_gets_no_page(server: Server) -> None:
    assert httpx2.get(server.url, headers={"Host": "evil.example"}).status_code == 403


def test_every_file_is_served_with_its_type_and_asked_for_anew_by_its_tag(server: Server) -> None:
    types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    with httpx2.Client(base_url=server.url) as client:
        for path in PATHS - {"/"}:
            answer = client.get(path)
            assert answer.headers["content-type"].startswith(types[Path(path).suffix])
            assert answer.content == (FOLDER / Path(path).name).read_bytes()
            assert answer.headers["cache-control"] == "no-cache"
            again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            head = client.head(path)
            assert (head.status_code, head.headers["content-length"]) == (200, str(len(answer.content)))


@pytest.mark.parametrize(
    "path", ["/page/", "/page/none.js", "/page/..%2froutes%2fpage.py", "/page/%2e%2e/app.py", "//"]
)
def test_nothing_else_is_told_of_without_a_token(server: Server, path: str) -> None:
    assert httpx2.get(f"{server.url}{path}").status_code == 401
    with_token = httpx2.get(f"{server.url}{path}", headers={"Authorization": "Bearer s3cret"})
    assert with_token.status_code == 404


def test_no_file_is_too_long_to_be_one_idea() -> None:
    lengths = {file.name: len(file.read_text().splitlines()) for file in FOLDER.iterdir()}

    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_script_can_make_markup_or_code_of_text() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacent|DOMParser|document\.write|\beval\(|new Function|ContextualF"
    scripts = {file.name: file.read_text() for file in FOLDER.glob("*.js")}

    assert [name for name, source in scripts.items() if re.search(ways, source)] == []


def test_nothing_comes_from_elsewhere_and_nothing_stands_inline() -> None:
    known = {"http://www.w3.org/2000/svg"}  # a namespace is no address
    for file in FOLDER.iterdir():
        source = re.sub(r"^\s*(//|/?\*).*$", "", file.read_text(), flags=re.MULTILINE)
        assert set(re.findall(r"https?://[\w./-]+", source)) <= known, file.name
    html = (FOLDER / "index.html").read_text()
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", html) == []

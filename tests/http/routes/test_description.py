"""The description as it is given: to programs with the token, to people as a page without data."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient

from ennio.http.description import SECTIONS, document
from ennio.http.description.assets import FILES
from ennio.http.routes.description import DOCS
from ennio.supervisor import Config

HERE = {"Host": "localhost"}
WITH_TOKEN = {**HERE, "Authorization": "Bearer sesame"}


@pytest.fixture
def closed(client_of: Callable[[Config], HttpClient], config: Config) -> HttpClient:
    """A client of a server that asks for a token."""
    return client_of(replace(config, api_token=SecretStr("sesame")))


async def test_the_description_is_told_to_those_who_have_the_token(
    closed: HttpClient, config: Config
) -> None:
    refused = await closed.get("/api/v1/openapi.json", headers=HERE)
    assert refused.status_code == 401

    told = await closed.get("/api/v1/openapi.json", headers=WITH_TOKEN)
    assert told.content_type == "application/json"
    assert await told.get_json() == document(SECTIONS, config.timeouts)


@pytest.mark.parametrize("path", sorted(DOCS))
async def test_the_page_needs_no_token_and_may_do_nothing_but_speak_to_its_server(
    closed: HttpClient, path: str
) -> None:
    answer = await closed.get(path, headers=HERE)

    assert answer.status_code == 200
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy.pop("img-src") == "'self' data:"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert {name for name, allowed in policy.items() if allowed == "'self'"} == {
        "script-src",
        "style-src",
        "connect-src",
    }
    again = await closed.get(path, headers={**HERE, "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


async def test_the_page_is_made_of_files_of_this_server_alone(closed: HttpClient) -> None:
    page = await (await closed.get("/docs", headers=HERE)).get_data(as_text=True)

    named = set(re.findall(r'(?:src|href)="([^"]*)"', page))
    assert named == {"/", "data:,", *(f"/docs/{name}" for name in FILES)}
    assert "<script>" not in page
    for name in ("docs.js", "docs.css"):
        ours = await (await closed.get(f"/docs/{name}", headers=HERE)).get_data(as_text=True)
        assert not re.search(r"https?:|url\(|import", ours)


async def test_other_files_of_the_package_are_not_there(closed: HttpClient) -> None:
    for path in ("/docs/index.html", "/docs/", "/docs/../app.py", "/docs/favicon-16x16.png"):
        assert (await closed.get(path, headers=WITH_TOKEN)).status_code == 404
        assert (await closed.get(path, headers=HERE)).status_code == 401

"""`dashboard`: the operators' page, with a code that lets a browser in once."""

import json
import os
import shutil
from pathlib import Path

import pytest
from canned import Canned, Prompt, on_a_terminal

CODES = "POST /api/v1/login-codes"
MADE = {"code": "kbT6-_/x", "expires_at": "2026-01-02T03:09:05Z"}


def test_its_address_is_printed_for_programs(ennio: Prompt, server: Canned) -> None:
    server.answer(CODES, MADE)
    url = f"http://127.0.0.1:{server.server_port}/#code=kbT6-_/x"
    assert ennio("dashboard") == (0, f"{url}\n", "")
    code, out, _ = ennio("--format", "json", "dashboard")
    assert (code, json.loads(out)) == (0, {"url": url, "expires_at": MADE["expires_at"]})
    assert server.asked == [(CODES, None)] * 2


def test_a_wildcard_host_is_no_address_for_a_browser(ennio: Prompt, server: Canned, tmp_path: Path) -> None:
    server.answer(CODES, MADE)
    file = tmp_path / "ennio.toml"
    file.write_text(f'host = "0.0.0.0"\napi_token = "secret"\n{file.read_text()}')
    assert ennio("dashboard")[1].startswith(f"http://127.0.0.1:{server.server_port}/#code=")


def test_a_refusal_opens_nothing(ennio: Prompt, server: Canned) -> None:
    server.answer(CODES, "the token is wrong", status=401)
    assert ennio("dashboard") == (1, "", "ennio: the token is wrong\n")


@pytest.mark.usefixtures("ennio")
@pytest.mark.parametrize("there", [True, False])
def test_at_a_terminal_a_browser_gets_it(server: Canned, tmp_path: Path, there: bool) -> None:
    browser = tmp_path / "browser"
    if there:
        browser.write_text('#!/bin/sh\necho "the browser was given: $*"\n')
        browser.chmod(0o755)
    server.answer(CODES, MADE)
    (tmp_path / "git").symlink_to(shutil.which("git") or "")
    path = os.environ["PATH"] if there else str(tmp_path)  # none of the system's either
    code, said = on_a_terminal(["dashboard"], tmp_path, BROWSER=f"{browser} %s", PATH=path)
    assert code == 0
    if there:
        assert f"the browser was given: http://127.0.0.1:{server.server_port}/#code=" in said
    else:
        assert "open that address yourself, within five minutes" in said

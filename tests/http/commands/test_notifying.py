"""The commands about notifiers: what they ask of the server, and what they show."""

import json

from canned import Canned, Prompt

N = "/api/v1/notifiers"
OPS, DESK = {"name": "ops", "plugin": "slack"}, {"name": "the-desk", "plugin": "desktop"}


def test_notifiers_are_listed(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {N}", [OPS, DESK])
    code, out, _ = ennio("notify", "list")
    assert code == 0
    assert out == "NAME      PLUGIN\nops       slack\nthe-desk  desktop\n"


def test_without_any_that_is_said(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {N}", [])
    assert ennio("notify", "list") == (0, "no notifier is configured\n", "")


def test_a_test_is_sent(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {N}/ops/test", "sent")
    assert ennio("notify", "test", "ops") == (0, "sent a test by ops\n", "")
    assert server.asked == [(f"POST {N}/ops/test", None)]


def test_whatever_a_notifier_is_called_it_stays_one_part_of_the_path(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {N}/%2E%2E%2Fa%20b/test", "sent")
    assert ennio("notify", "test", "../a b")[0] == 0


def test_a_test_that_fails_is_told_in_the_words_of_the_server(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {N}/ops/test", "hooks.example answered 404 (Not Found): no_service", status=502)
    code, out, error = ennio("notify", "test", "ops")
    assert (code, out) == (1, "")
    assert error == "ennio: hooks.example answered 404 (Not Found): no_service\n"


def test_as_json_the_answers_stay_as_they_are(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {N}", [OPS])
    server.answer(f"POST {N}/ops/test", "sent")
    assert json.loads(ennio("--format", "json", "notify", "list")[1]) == [OPS]
    assert ennio("--format", "json", "notify", "test", "ops")[1] == '"sent"\n'

"""The parts of the page that only compute, run in the browser one by one."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from ennio.http.views import BudgetView, SessionView, SpendView

from . import office
from .looking import Look, look
from .pretended import Pretended, ago, pull, session


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Look]:
    api = Pretended()
    with look(browser, api.url) as seen:
        seen.live()
        yield seen
    api.close()


def test_what_is_pretended_is_a_part_of_what_is_real() -> None:
    api = Pretended()
    office.fill(api)
    api.close()

    assert all(set(one) <= set(SessionView.model_fields) for one in api.sessions.values())
    assert all(set(one) <= set(BudgetView.model_fields) for one in api.budgets)
    assert all(set(one) <= set(SpendView.model_fields) for one in api.spend)


STREAM = (
    ': hello\nretry: 1000\n\nid: 1\nevent: a\ndata: {"x": "ä"}\n\nid: 2\rdata: one\rdata:two\r\r'
    ": alive\r\n\r\ndata\r\n\r\nid\ndata: 3\n\ndata: no end"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_of_events_may_be_cut_anywhere(modules: Look, size: int) -> None:
    script = """async ([text, size]) => {
      const { Parser } = await import("/page/stream.js");
      const found = [];
      const parser = new Parser((event) => found.push(event));
      for (let at = 0; at < text.length; at += size) parser.feed(text.slice(at, at + size));
      return found;
    }"""
    assert modules.run(script, [STREAM, size]) == [
        {"id": "1", "type": "a", "data": '{"x": "ä"}'},
        {"id": "2", "type": "message", "data": "one\ntwo"},
        {"id": "2", "type": "message", "data": ""},
        {"id": "", "type": "message", "data": "3"},
    ]


ASKED = [{"id": "a1", "tool": "Bash", "summary": "rm x"}, {"id": "a2", "tool": "Edit", "summary": "y"}]
GONE: dict[str, Any] = {"pid": None, "activity": "Exited"}
FAILING, PASSING = pull(1, "t", failing=["lint", "e2e"]), pull(1, "t", ci="passing")
CHANGES = "a reviewer asks for changes; no agent runs"


@pytest.mark.parametrize(
    ("changes", "asked", "alerts", "group", "why"),
    [
        ({}, [], {}, "working", ""),
        ({"approvals": 2}, ASKED, {}, "needs", "asks for Bash: rm x (and 1 more)"),
        ({"activity": "WaitingInput", "activity_reason": "Yes or no?"}, [], {}, "needs", "Yes or no?"),
        ({"status": "CiFailed", "pull_request": FAILING}, [], {}, "needs", "CI fails: lint, e2e"),
        ({"status": "CiFixFailed", **GONE}, [], {}, "needs", "CI fails again: its checks; no agent runs"),
        ({"status": "Exited", **GONE, "exit_code": 3}, [], {}, "needs", "its agent ended with 3"),
        ({"status": "PrOpen", **GONE, "reason": "it crashed"}, [], {}, "needs", "it crashed"),
        ({}, [], {"escalated": {"words": "told twice", "at": ago()}}, "needs", "told twice"),
        ({}, [], {"budget": {"words": "85 % of 20 USD", "at": ago()}}, "needs", "85 % of 20 USD"),
        ({}, [], {"limit": {"words": "old", "at": ago(days=2)}}, "working", ""),
        ({"status": "MergeConflicts", **GONE}, [], {}, "needs", "conflicts with its base; no agent runs"),
        ({"status": "MergeConflicts"}, [], {}, "working", ""),
        ({"status": "ChangesRequested"}, [], {}, "working", ""),
        ({"status": "ChangesRequested", **GONE}, [], {}, "needs", CHANGES),
        ({"status": "Approved", "pull_request": PASSING}, [], {}, "needs", "ready to merge"),
        ({"status": "CiFixSent", "pull_request": FAILING}, [], {}, "working", "told of lint, e2e"),
        ({"status": "Done", **GONE}, [], {}, "ended", ""),
        ({"status": "FromTheFuture"}, [], {}, "working", ""),
    ],
)  # fmt: skip
def test_a_session_is_placed_by_what_needs_a_human(
    modules: Look, changes: dict[str, Any], asked: list[Any], alerts: dict[str, Any], group: str, why: str
) -> None:
    script = "async (given) => (await import('/page/groups.js')).placed(...given)"
    found = modules.run(script, [session("s", **changes), asked, alerts])

    assert (found["group"], found["why"]) == (group, why)


def test_who_called_an_operator_is_remembered_until_it_is_settled(modules: Look) -> None:
    script = "async (events) => (await import('/page/alerts.js')).ofHistory(events)"

    def event(kind: str, **data: Any) -> dict[str, Any]:
        return {"event_type": kind, "timestamp": ago(), "message": kind, "data": data}

    stuck = event("ReactionEscalated", reaction="agent-stuck", words="says nothing")
    failing = event("ReactionEscalated", reaction="ci-failed", words="still fails")
    active, idle = event("ActivityChanged", activity="Active"), event("ActivityChanged", activity="Idle")
    assert "escalated" in modules.run(script, [stuck, idle])
    assert "escalated" not in modules.run(script, [stuck, active])
    assert "escalated" in modules.run(script, [failing, active])
    assert "escalated" not in modules.run(script, [failing, event("StatusChanged")])
    near = [event("BudgetNear", words="b"), event("LimitNear")]
    assert set(modules.run(script, near)) == {"budget", "limit"}
    assert modules.run(script, [*near, event("SessionRestored")]) == {}


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ({"key": "a"}, {"keys": "a"}),
        ({"key": "ß"}, {"keys": "ß"}),
        ({"key": "😀"}, {"keys": "😀"}),
        ({"key": "@", "ctrlKey": True, "altKey": True}, {"keys": "@"}),
        ({"key": "c", "ctrlKey": True}, {"key": "C-c"}),
        ({"key": "Tab", "shiftKey": True}, {"key": "BTab"}),
        ({"key": "PageUp"}, {"key": "PageUp"}),
        ({"key": "F5"}, {"key": "F5"}),
        ({"key": "F6"}, None),
        ({"key": "Shift"}, None),
        ({"key": "1", "ctrlKey": True}, None),
        ({"key": "l", "metaKey": True}, None),
    ],
)
def test_a_key_is_sent_by_its_name_in_tmux(modules: Look, key: dict[str, Any], sent: Any) -> None:
    assert modules.run("async (key) => (await import('/page/typing.js')).keyOf(key)", key) == sent


def test_a_text_that_is_pasted_is_typed_line_by_line_without_control_characters(modules: Look) -> None:
    script = "async (text) => (await import('/page/typing.js')).keysOf(text)"

    assert modules.run(script, "one\r\n\ttwo\x1b[31m\n") == [
        {"keys": "one"}, {"key": "Enter"}, {"keys": "two[31m"}, {"key": "Enter"},
    ]  # fmt: skip
    assert [len(one["keys"]) for one in modules.run(script, "x" * 2500)] == [1000, 1000, 500]


IMAGE = "<img src=x onerror=alert(1)><script>alert(1)</script>"
MARKUP = [
    ("plain &lt;b&gt; &amp;amp; &#x27;", "plain <b> &amp; '", []),
    ('<span class="bold" data-fg="#ff0000">red</span> then', "red then", [("bold", "rgb(255, 0, 0)")]),
    ('<span data-fg="#ff0000" onclick="x()">x</span>', '<span data-fg="#ff0000" onclick="x()">x', []),
    ('<span style="position:fixed">x</span>', '<span style="position:fixed">x', []),
    ('<span class="bold tabs evil">x</span>', "x", [("bold", "")]),
    (IMAGE, IMAGE, []),
    ("</span></span>&nbsp;&#60;<", "&nbsp;&#60;<", []),
]  # fmt: skip


@pytest.mark.parametrize(("markup", "text", "spans"), MARKUP)
def test_markup_of_a_screen_means_text_and_known_spans_alone(
    modules: Look, markup: str, text: str, spans: list[tuple[str, str]]
) -> None:
    script = """async (markup) => {
      const root = document.createElement("pre");
      root.append((await import("/page/markup.js")).nodesOf(markup));
      const all = [...root.querySelectorAll("*")];
      const spans = all.map((one) => [one.className, one.style.color]);
      return { text: root.textContent, tags: all.map((one) => one.tagName), spans };
    }"""
    found = modules.run(script, markup)

    assert found["text"] == text
    assert set(found["tags"]) <= {"SPAN"}
    assert [tuple(one) for one in found["spans"]] == spans


@pytest.mark.parametrize(
    ("said", "shown"),
    [("\x1b[1;31mred\x1b[0m", "red"), ("a\r\nb\rc", "a\nb\nc"), ("\x1b]0;title\x07x\x00\x07\ty", "x\ty")],
)
def test_what_only_a_terminal_can_show_is_left_out(modules: Look, said: str, shown: str) -> None:
    assert modules.run("async (text) => (await import('/page/output.js')).plain(text)", said) == shown


def test_children_are_arranged_with_as_few_moves_as_can_be(modules: Look) -> None:
    script = """async ([before, after]) => {
      const { arrange } = await import("/page/dom.js");
      const made = (id) => Object.assign(document.createElement("i"), { id });
      const nodes = Object.fromEntries([...before, ...after].map((name) => [name, made(name)]));
      const parent = document.createElement("div");
      parent.append(...before.map((name) => nodes[name]));
      const watch = new MutationObserver(() => {});
      watch.observe(parent, { childList: true });
      arrange(parent, after.map((name) => nodes[name]));
      const moved = watch.takeRecords().flatMap((one) => [...one.addedNodes]).length;
      return [[...parent.children].map((one) => one.id), moved];
    }"""
    for before, after, moves in [
        ("abcd", "abcd", 0), ("abcd", "dabc", 1), ("abcd", "bcda", 1), ("abcd", "acd", 0),
        ("abcd", "abxcd", 1),
        ("abcd", "dcba", 3), ("", "ab", 2), ("abcdef", "fbcdae", 2),
    ]:  # fmt: skip
        order, moved = modules.run(script, [list(before), list(after)])
        assert "".join(order) == after
        assert moved <= moves + 1

"""The scripts, and how one is played.

Which step comes next is worked out from the request alone: how often tools were called since a person last
said something. So many agents share one model, retries change nothing, and resumed conversations work.
"""

import itertools
import json
import re
import threading
import uuid
from dataclasses import dataclass, field, replace

from . import tools
from .conversation import EACH, Answer, Failure, Json, Question, counted

NAME = re.compile(r"\[\[([\w-]+)\]\]")


@dataclass(frozen=True)
class Step:
    """One answer. `text` may hold {turn}, {user} and {result}.

    `more` are arguments for a shell that knows them. `fails` is what HTTP answers instead, the first `times`
    times, or always.
    """

    text: str = ""
    shell: str = ""
    write: tuple[str, str] | None = None
    more: Json = field(default_factory=dict)
    again: bool = False
    hangs: bool = False
    cut: bool = False
    fails: Failure | None = None
    times: int | None = None


FILE, CONTENT = "hello.txt", "hello from the model\n"
"""What `write` and `both` write."""

MADE, PRINTED = "shell.txt", "hi-from-shell"
"""The file that `shell`, `ask` and `both` make, and what they print."""

SLEEPS = "tail -f /dev/null"
"""What `sleep` runs: it never ends."""

ESCALATED: Json = {"sandbox_permissions": "require_escalated", "justification": "scripted"}
"""How Codex is made to ask, whatever its sandbox allows. Where it may not ask, it runs no such command."""

_WRITE = Step("Writing a file.", write=(FILE, CONTENT))
_SHELL = Step("Running a command.", shell=f"echo {PRINTED} | tee {MADE}")
_ASK = replace(_SHELL, more=ESCALATED)
_DONE = Step("DONE turn={turn} result=<{result}>")

SCRIPTS: dict[str, tuple[Step, ...]] = {
    "echo": (Step("ECHO turn={turn} user=<{user}>"),),
    "write": (_WRITE, _DONE),
    "shell": (_SHELL, _DONE),
    "ask": (_ASK, _DONE),
    "both": (_WRITE, _SHELL, _DONE),
    "sleep": (Step("Sleeping.", shell=SLEEPS), _DONE),
    "loop": (Step(shell="echo again >> loop.txt", again=True),),
    "hang": (Step("RELEASED user=<{user}>", hangs=True),),
    "cut": (Step("this answer is cut off in the middle of its stream", cut=True),),
    "e401": (Step(fails=Failure(401)),),
    "e429": (Step(fails=Failure(429, retry_after=1)),),
    "e429x2": (Step("RECOVERED user=<{user}>", fails=Failure(429, retry_after=1), times=2),),
    "e500": (Step(fails=Failure(500)),),
    "limit": (Step(fails=Failure(429, kind="limit")),),
    "brieflimit": (Step("OVER user=<{user}>", fails=Failure(429, kind="limit", lasts=5), times=1),),
}


class Player:
    """Answers questions by the scripts. Remembers only how often it has failed."""

    def __init__(self) -> None:
        self._failed: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget the failures."""
        with self._lock:
            self._failed.clear()

    def play(self, question: Question) -> Answer | Failure:
        """Return the answer to a question."""
        if question.aside:
            wanted = question.schema
            return Answer("A title" if wanted is None else json.dumps(tools.smallest(wanted)))
        known = [name for name in NAME.findall(question.user) if name in SCRIPTS]
        name = ["echo", *known][-1]
        steps = SCRIPTS[name]
        step = steps[0] if steps[0].again else steps[min(question.step, len(steps) - 1)]
        if step.fails and self._fails(f"{name} {question.user}", step.times):
            return step.fails
        return self._answer(question, step)

    def _fails(self, key: str, times: int | None) -> bool:
        with self._lock:
            self._failed[key] = failed = self._failed.get(key, 0) + 1
        return times is None or failed <= times

    def _answer(self, question: Question, step: Step) -> Answer:
        text = step.text.replace("{turn}", str(len(question.heard)))
        text = text.replace("{user}", question.user).replace("{result}", question.result[:400])
        answer = Answer(text, usage=counted(question.vendor, EACH), hangs=step.hangs, cut=step.cut)
        if step.shell:
            tools.run(question, answer, step.shell, step.more)
        elif step.write:
            tools.write(question, answer, *step.write)
        answer.id = f"{next(self._numbers):04d}{uuid.uuid4().hex[:16]}"
        return answer

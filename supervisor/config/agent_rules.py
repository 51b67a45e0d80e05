"""What must hold in an agent's table, and between it and the projects that use the agent."""

from collections.abc import Iterator

from .draft import Draft
from .problems import Key, Problem, dotted, nearest
from .schema import AgentTable, ProjectTable
from .types import CONVERSATION, placeholders

_CUSTOM = ("command", "protocol", "resume")
_MARKS = ("ready", "working", "asks")

_TELLS_NO_CONVERSATION = frozenset({"lines", "screen"})
"""Protocols in which an agent never says what its conversation is called."""

_TAKES_PERMISSIONS = frozenset({"acp", "app-server"})
"""Protocols in which a custom agent is told what it may do."""

_TAKES_A_MODEL = frozenset({"app-server"})
"""Protocols in which an agent is told its model, whatever its command holds."""

_IN_A_TERMINAL = frozenset({"lines", "screen"})
"""Protocols that a person can read and type, and a terminal does not garble."""


def agent_problems(draft: Draft) -> Iterator[Problem]:
    """Yield whatever is wrong with the agents' tables, and with what projects ask of their agents."""
    for name, agent in draft.settings.agents.items():
        if name in draft.installed["agents"]:
            yield from _built_in(draft, name, agent)
        else:
            yield from _custom(draft, name, agent)
            yield from _where_it_runs(draft, name, agent)
    for index, project in enumerate(draft.settings.projects):
        agent = draft.settings.agents.get(draft.agent_of(project), AgentTable())
        if agent.command is not None:
            yield from _options(project, agent, ("projects", index, "agent_config"))


def _built_in(draft: Draft, name: str, agent: AgentTable) -> Iterator[Problem]:
    key: Key = ("agents", name)
    for own in _CUSTOM:
        if getattr(agent, own) is not None:
            yield Problem(
                (*key, own), "is for custom agents, and this one is built in; give yours another name"
            )
    runtimes = {draft.runtime_of(project) for _, project in _users(draft, name)}
    if runtimes <= {"process"}:
        for mark in _marks(agent):
            says = 'does nothing: no project runs this agent in a terminal, with `runtime = "tmux"`'
            yield Problem((*key, mark), says)


def _custom(draft: Draft, name: str, agent: AgentTable) -> Iterator[Problem]:
    key: Key = ("agents", name)
    if agent.program is not None:
        says = "is for built-in agents; the first word of a custom agent's `command` says where it is"
        yield Problem((*key, "program"), says)
    if agent.command is None:
        known = nearest(name, draft.installed["agents"])
        yield Problem(key, f"has no `command`, and no agent of that name is built in; {known}")
        return
    protocol = agent.protocol or "lines"
    for argv in ("command", "resume"):
        yield from _argv(getattr(agent, argv) or [], (*key, argv), protocol)
    if agent.resume is not None:
        yield from _resume(agent.resume, (*key, "resume"), protocol)
    if protocol != "screen":
        for mark in _marks(agent):
            yield Problem((*key, mark), f"does nothing: the `protocol` is `{protocol}`, not `screen`")
    elif not agent.ready:
        yield Problem((*key, "ready"), "is missing: without it nobody sees when the agent may be typed to")


def _argv(argv: list[str], key: Key, protocol: str) -> Iterator[Problem]:
    if argv and not argv[0].strip():
        yield Problem((*key, 0), "must name a program")
    for index, argument in enumerate(argv):
        if "message_file" in placeholders(argument) and protocol != "one-shot":
            says = f'holds {{message_file}}, which is for `protocol = "one-shot"`; here it is `{protocol}`'
            yield Problem((*key, index), says)


def _resume(argv: list[str], key: Key, protocol: str) -> Iterator[Problem]:
    if protocol in _TELLS_NO_CONVERSATION:
        says = f"does nothing: in the `protocol` `{protocol}` no agent says what its conversation is called"
        yield Problem(key, says)
    elif not any(CONVERSATION in placeholders(argument) for argument in argv):
        yield Problem(key, f"must hold {{{CONVERSATION}}}: it says which conversation to go on with")


def _where_it_runs(draft: Draft, name: str, agent: AgentTable) -> Iterator[Problem]:
    protocol, key = agent.protocol or "lines", ("agents", name, "protocol")
    for index, project in _users(draft, name):
        runtime, who = draft.runtime_of(project), dotted(("projects", index))
        if runtime == "tmux" and protocol not in _IN_A_TERMINAL:
            says = (
                f'= "{protocol}" is nothing for a terminal, in which `{who}` runs this agent: take `lines` '
                'or `screen` here, or `runtime = "process"` there'
            )
            yield Problem(key, says)
        elif runtime == "process" and protocol == "screen":
            says = f'= "screen" needs a terminal: say `runtime = "tmux"` in `{who}`, which runs this agent'
            yield Problem(key, says)


def _options(project: ProjectTable, agent: AgentTable, key: Key) -> Iterator[Problem]:
    """What a project asks of a custom agent must have a way to reach it."""
    wanted = any("model" in placeholders(word) for word in (*(agent.command or ()), *(agent.resume or ())))
    given, protocol = project.agent_config.model is not None, agent.protocol or "lines"
    if given and not wanted and protocol not in _TAKES_A_MODEL:
        yield Problem((*key, "model"), "does nothing: the agent's command holds no {model}")
    if wanted and not given:
        yield Problem((*key, "model"), "is missing: the agent's command holds {model}")
    if project.agent_config.permissions is not None and protocol not in _TAKES_PERMISSIONS:
        says = f"does nothing: with the protocol `{protocol}` a custom agent's `command` says what it may do"
        yield Problem((*key, "permissions"), says)
    if project.agent_config.passthrough:
        says = "does nothing: the options of a custom agent stand in its `command`"
        yield Problem((*key, "passthrough"), says)


def _marks(agent: AgentTable) -> list[str]:
    return [mark for mark in _MARKS if getattr(agent, mark)]


def _users(draft: Draft, name: str) -> Iterator[tuple[int, ProjectTable]]:
    for index, project in enumerate(draft.settings.projects):
        if draft.agent_of(project) == name:
            yield index, project

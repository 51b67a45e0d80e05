"""What each field of a body or an answer means, but for sessions: those have a page of their own."""

from pydantic import BaseModel

from ..requests.bodies import DecisionBody, LoginBody, PruneBody, RestoreBody, SendBody, SpawnBody
from ..routes.agentapi import MessageBody
from ..views import (
    ApprovalView,
    BudgetView,
    CodeView,
    EventView,
    EvidenceView,
    FoundAgentView,
    IssueView,
    LimitsView,
    MessageView,
    NotifierView,
    OutputView,
    PassView,
    ProjectLimitsView,
    ProjectView,
    PrunedView,
    ReactionView,
    ResyncView,
    SpendView,
    SystemView,
    TimeoutsView,
    WhyView,
)
from ..views.agentapi import ConversationView, SaidView, StatusView, TakenView, UpdateView
from .fields_of_sessions import OF_PULLS, OF_SESSIONS

_SAID = {
    "id": "in the order of the conversation",
    "role": "whose words they are",
    "time": "when they were said; of the agent's, when they last grew",
}

MEANINGS: dict[type[BaseModel], dict[str, str]] = {
    **OF_SESSIONS,
    **OF_PULLS,
    SpawnBody: {
        "project_id": "a configured project",
        "issue_id": "the issue to work on, in the words of the project's tracker or by its URL; its title, "
        "text and labels come first in what the agent is told",
        "prompt": "what the agent is told first, after the project's `agent_rules`",
        "branch": "the branch to work on, made if it is not there, at most 200 bytes; without it a name is "
        "made of the issue, or of the session's id",
        "role": "a word for people and for the agent's environment",
    },
    SendBody: {
        "message": "the text; its inner newlines stay",
        "mode": "how it gets to a busy agent: after the present turn, within it, or by breaking it off",
    },
    DecisionBody: {"decision": "whether the agent may"},
    RestoreBody: {"prompt": "what the agent is told first, if anything"},
    PruneBody: {
        "days": "those that ended at least so many days ago; without it `days` of `[retention]` in the "
        "configuration"
    },
    LoginBody: {"code": "what `login-codes` answered; within 5 minutes, and once"},
    MessageBody: {
        "content": "what to say to the agent",
        "type": "`user`; the dialect's `raw` is refused, for keys cannot be typed here",
    },
    MessageView: {
        "id": "its name in this session",
        "text": "what was sent",
        "mode": "how it was sent",
        "state": "how far it has come",
        "reason": "why it failed, in words",
        "created_at": "when it was sent",
    },
    ApprovalView: {
        "id": "its name in its session",
        "session_id": "whose it is",
        "project_id": "whose it is",
        "tool": "what the agent wants to use, as it calls that",
        "summary": "one line: the command, the file",
        "input": "all that the agent says of it; a string where that was too long and has been cut",
        "asked_at": "when it was asked for",
        "deadline": "when it is denied without an answer",
    },
    OutputView: {
        "text": "valid UTF-8; what was none became U+FFFD",
        "cursor": "where to go on; opaque, URL-safe ASCII",
        "truncated": "something before this text was dropped",
    },
    ResyncView: {"reason": "why, in words"},
    EvidenceView: {"at": "when it was seen", "what": "what it was, in words"},
    WhyView: {
        "status": "as the session has it",
        "status_reason": "why it is Exited or Killed, or why its agent is being ended",
        "activity": "as the session has it",
        "activity_reason": "as the session has it",
        "evidence": "what was seen, oldest first: the last 50 events, and the last 64 things that the agent "
        "showed",
    },
    EventView: {
        "id": "a UUID of version 7: later events have later ones",
        "event_type": "what happened",
        "priority": "how much an operator should care",
        "session_id": "to which session",
        "project_id": "in which project",
        "timestamp": "when",
        "message": "one sentence for people",
        "data": "the particulars of its type",
    },
    IssueView: {
        "id": "how the tracker calls it; a spawn takes it as `issue_id`",
        "title": "what it is about",
        "url": "where it is; null where the tracker does not say",
        "labels": "what it is about",
        "open": "whether it is; all in this list are",
    },
    ReactionView: {
        "action": "what is done",
        "enabled": "whether it is",
        "notifiers": "the notifiers that hear of it, by name",
    },
    ProjectView: {
        "id": "what it is called where a `project_id` is asked for",
        "name": "what it is called",
        "path": "its repository on the server's machine",
        "repo": "where it is cloned from, without credentials",
        "default_branch": "on which new branches are based",
        "session_prefix": "how its sessions' ids begin",
        "max_sessions": "how many may be active at once; null: no limit",
        "agent": "which agent its sessions have",
        "runtime": "how the agent is held",
        "workspace": "where it works",
        "model": "which model it is to use; null: the agent's own choice",
        "base": "where new branches start: `local` or `origin`",
        "tracker": "the plugin by which its issues are known; null without",
        "scm": "the plugin by which its pull requests are known; null without",
        "reactions": "what is done when something happened, by the reaction's name",
        "notifiers": "all notifiers that hear of something, by name",
    },
    SpendView: {
        "day": "which one, in UTC",
        "project_id": "which project",
        "cost_usd": "what its sessions have spent then, in US dollars",
    },
    BudgetView: {
        "scope": "whose spending counts in it",
        "project_id": "which project's; null with another scope",
        "period": "how long it lasts",
        "limit_usd": "how much may be spent in a period, in US dollars",
        "spent_usd": "how much was spent in this one; null with the scope `session`, where each session has "
        "an account of its own",
        "held_usd": "how much of the rest is held for sessions that run; null likewise",
        "remaining_usd": "how much is left; null likewise",
        "period_start": "when this period began; null with the period `total`",
        "period_end": "when the next one begins; null with the period `total`",
    },
    NotifierView: {"name": "what it is called", "plugin": "what does it"},
    PrunedView: {
        "pruned": "the ids of those that were forgotten",
        "kept": "the ids of those that were kept for their uncommitted work",
    },
    CodeView: {"code": "what lets a browser in, once", "expires_at": "when it ends"},
    PassView: {"token": "good for whatever `api_token` is", "expires_at": "when it ends"},
    FoundAgentView: {
        "name": "the agent, as the configuration calls it",
        "version": "of its program; null when that tells none, and for custom agents",
    },
    TimeoutsView: {
        "spawn": "until an agent runs",
        "send": "until a message is given",
        "kill": "until everything of an agent is gone",
        "kill_grace": "from asking an agent to end to forcing it",
    },
    ProjectLimitsView: {
        "max_sessions": "active at the same time",
        "output_bytes": "kept of each session",
        "wall_clock": "seconds that an agent may run",
        "idle": "seconds without output",
        "memory_bytes": "of all its processes together",
        "processes": "at the same time",
        "turns": "in one run of the agent",
    },
    LimitsView: {
        "body_bytes": "of a request",
        "connections": "held at the same time",
        "timeouts": "of operations",
        "projects": "by the id of each project",
    },
    SystemView: {
        "version": "ennio's own",
        "containment": "how surely a tree of processes can be ended here: `cgroup+shim`, `shim+marker` or "
        "`best-effort`",
        "trouble": "why nothing can be stored just now, in words; null when all is well",
        "agents": "the projects' agents whose program is on this machine",
        "limits": "what is bounded: sizes in bytes, durations in seconds; null is no limit",
    },
    StatusView: {
        "status": "`running` while the agent works, `stable` while it waits or does not run",
        "agent_type": "which agent it is, as the dialect calls it",
    },
    SaidView: {**_SAID, "content": "the words"},
    UpdateView: {**_SAID, "message": "the words"},
    ConversationView: {"messages": "what was said, oldest first"},
    TakenView: {"ok": "it was"},
}
"""Each field of each model that is read or written, in half a sentence."""

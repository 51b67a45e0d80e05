"""What each field of a session and of its pull request means."""

from pydantic import BaseModel

from ..views import PullView, SessionView

OF_SESSIONS: dict[type[BaseModel], dict[str, str]] = {
    SessionView: {
        "id": "the project's `session_prefix`, a dash, and random letters and digits",
        "project_id": "the project that it works on",
        "status": "where it stands; of the pull request while there is one",
        "activity": "what its agent does; null while it is not known",
        "branch": "the branch that the agent works on; null until it is known",
        "pr_url": "where its pull request is; null while none is known",
        "agent_name": "the agent, as the configuration calls it",
        "pr_number": "the number of its pull request; null while none is known",
        "pull_request": "what is known of that; null while none is known",
        "issue_id": "the issue that it works on, as its tracker calls it; else null",
        "issue_title": "what that was called when the session was spawned",
        "issue_url": "where that is",
        "role": "what was asked for, else null",
        "parent": "the session whose agent has spawned it; null where an operator has",
        "workspace_path": "where the agent works; null before that is there and after it was removed",
        "base_commit": "the commit on which the work began",
        "base_ref": "the full name of the ref that gave that commit; null where that is not known",
        "base_warning": "why the work may have begun at an old state; null when it has not",
        "pid": "the agent's process while it runs",
        "attach": "what to type on the server's machine to see an agent in a terminal; null without one",
        "activity_reason": "why, in words: what it waits for, what blocks it",
        "model": "the model that the agent says it uses; null until it says so",
        "conversation": "the agent's own name for its conversation, with which a restore goes on",
        "turns": "how many turns the agent has had since it was last started",
        "tokens_in": "tokens that its models have read since the session was spawned",
        "tokens_out": "tokens that they have written, reasoning included",
        "cost_usd": "what that has cost, in US dollars",
        "cost_is_estimated": "some of it was reckoned from prices: the agent does not say what it costs",
        "cost_is_complete": "false: some tokens were of a model that nobody has a price for",
        "approvals": "how many permissions its agent waits for",
        "held_until": "its agent's account is at its usage limit, and is given nothing before this moment",
        "host_trouble": "why the code host cannot be asked for its pull request; null when all is well",
        "notices_waiting": "how many words to operators are still to be given to a notifier",
        "starts": "how often its agent has been started",
        "restarts": "how many of these the restart policy has made that still count against its `intensity`",
        "exit_code": "how the agent ended: its exit code, or minus the number of the signal that ended it",
        "reason": "why it is Exited or Killed, in words",
        "created_at": "when it was spawned; RFC 3339, in UTC, as all times here",
        "started_at": "when its agent was started for the present or the last time",
        "last_activity_at": "when the agent last printed something",
        "ended_at": "when its agent ended, while none runs",
    }
}

OF_PULLS: dict[type[BaseModel], dict[str, str]] = {
    PullView: {
        "number": "how its code host counts it; of GitLab within its project",
        "url": "where it is",
        "title": "what it is called",
        "state": "whether it is still to be decided on",
        "draft": "whether it is one",
        "head": "the commit that is asked to be merged",
        "conflicts": "whether it has conflicts with its base; null while the code host does not know",
        "ci": "what the checks of `head` say together",
        "failing": "the names of those that fail",
        "review": "what the reviews come to; null where they come to nothing",
        "review_asked": "whether a reviewer was asked and has not answered",
    }
}

"""What an agent is told first."""

from collections.abc import Sequence

from .plain import plain
from .records import Issue


def compose(prompt: str | None, rules: Sequence[str], issue: Issue | None = None) -> str:
    """Join the issue, the project's rules and the caller's prompt, a blank line between them."""
    parts = [_told(issue) if issue else "", "\n".join(rules), prompt or ""]
    return "\n\n".join(part for part in parts if part.strip())


def _told(issue: Issue) -> str:
    lines = [f"Issue {issue.id}: {issue.title}"]
    if issue.labels:
        lines.append(f"Labels: {', '.join(issue.labels)}")
    if issue.url:
        lines.append(issue.url)
    head = "\n".join(lines)
    return plain(f"{head}\n\n{issue.body.strip()}").rstrip()

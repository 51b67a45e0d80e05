"""What an agent is told first."""

from collections.abc import Sequence


def compose(prompt: str | None, rules: Sequence[str]) -> str:
    """Join the project's rules and the caller's prompt, a blank line between them."""
    parts = ["\n".join(rules), prompt or ""]
    return "\n\n".join(part for part in parts if part.strip())

"""What there is to be done in a project, as its tracker tells."""

from ..shapes import Issue
from .ask_server import Options, ask, configuration
from .tables import as_json, table
from .terminal import hint, say


def issues(options: Options, project_id: str, limit: int | None) -> None:
    """List the open issues of a project."""
    found = ask(
        configuration(options),
        lambda client: client.issues(project_id, limit=limit),
        f"asking for the issues of {project_id}",
    )
    if options.json:
        say(as_json(found))
    elif found:
        say(table(("ISSUE", "LABELS", "TITLE"), [_row(issue) for issue in found]))
        hint(f"`ennio spawn {project_id} -i ISSUE` starts an agent on one")
    else:
        say(f"{project_id} has no open issue")


def _row(issue: Issue) -> tuple[str, str, str]:
    return issue["id"], ", ".join(issue["labels"]) or "-", issue["title"]

"""What several commands take."""

from typing import Annotated

import typer

SessionArgument = Annotated[str, typer.Argument(metavar="ID", help="The session.")]
ProjectArgument = Annotated[str | None, typer.Argument(metavar="PROJECT", help="Of this project alone.")]
ApprovalArgument = Annotated[
    str, typer.Argument(metavar="APPROVAL", help="The permission, as `approvals` names it.")
]

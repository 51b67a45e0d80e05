"""The ports: what the core asks of the world. Adapters implement them and are found by `plugins.load`.

A port is small: a fake of any of them is under 40 lines. Whatever an adapter raises on purpose is an
`EnnioError`; foreign exceptions are translated once, where they first appear.
"""

from .agents import Agent, Asking, Dialogue, Interruptible, Memory, Steerable, Watching
from .hosts import Holder, Host, LastWord, Process
from .runtimes import Attachable, Runtime, Screened, Shown, Terminal
from .stores import Answers, Step, Store
from .workspaces import Removal, Stray, Workspace

__all__ = [
    "Agent",
    "Answers",
    "Asking",
    "Attachable",
    "Dialogue",
    "Holder",
    "Host",
    "Interruptible",
    "LastWord",
    "Memory",
    "Process",
    "Removal",
    "Runtime",
    "Screened",
    "Shown",
    "Steerable",
    "Step",
    "Store",
    "Stray",
    "Terminal",
    "Watching",
    "Workspace",
]

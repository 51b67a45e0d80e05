"""The ports: what the core asks of the world. Adapters implement them and are found by `plugins.load`.

A port is small: a fake of any of them is under 40 lines. Whatever an adapter raises on purpose is an
`EnnioError`; foreign exceptions are translated once, where they first appear.
"""

from .agents import Agent, Dialogue
from .hosts import Holder, Host, LastWord, Process
from .runtimes import Attachable, Runtime, Terminal
from .stores import Answers, Store
from .workspaces import Removal, Stray, Workspace

__all__ = [
    "Agent",
    "Answers",
    "Attachable",
    "Dialogue",
    "Holder",
    "Host",
    "LastWord",
    "Process",
    "Removal",
    "Runtime",
    "Store",
    "Stray",
    "Terminal",
    "Workspace",
]

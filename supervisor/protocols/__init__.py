"""The ports: what the core asks of the world. Adapters implement them and are found by `plugins.load`.

A port is small: a fake of any of them is under 40 lines. Whatever an adapter raises on purpose is an
`EnnioError`; foreign exceptions are translated once, where they first appear.
"""

from .agents import Agent, Asking, Dialogue, Interruptible, Memory, Steerable, Watching
from .forges import Announcing, Hooked, Scm, Tracker
from .hosts import Holder, Host, LastWord, Process
from .notifiers import Notifier
from .runtimes import Attachable, Picture, Runtime, Screened, Shown, Terminal, Touchable
from .stores import Answers, Step, Store
from .workspaces import Removal, Stray, Workspace

__all__ = [
    "Agent",
    "Announcing",
    "Answers",
    "Asking",
    "Attachable",
    "Dialogue",
    "Holder",
    "Hooked",
    "Host",
    "Interruptible",
    "LastWord",
    "Memory",
    "Notifier",
    "Picture",
    "Process",
    "Removal",
    "Runtime",
    "Scm",
    "Screened",
    "Shown",
    "Steerable",
    "Step",
    "Store",
    "Stray",
    "Terminal",
    "Touchable",
    "Tracker",
    "Watching",
    "Workspace",
]

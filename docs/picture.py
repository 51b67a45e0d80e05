"""Draw the picture of the README: a real server, real commands, their real output. python docs/picture.py"""

import io
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
ENNIO = Path(sys.executable).with_name("ennio")
IDENTITY = ("-c", "user.name=demo", "-c", "user.email=demo@localhost")
CONFIG = """port = 0
data_dir = "state"

[[projects]]
name = "demo"
path = "repo"
agent = "demo"
"""
COMMANDS = (
    'ennio spawn demo -p "write hello.txt Hello from ennio"',
    'ennio send ID "commit Say hello"',
    "ennio logs ID",
    'ennio spawn demo -b feat/forks -p "fork 3"',
    "ennio status",
    "ennio session kill ID",
    "ennio session list --all",
)
FORMAT = re.sub(r"\s*(@font-face \{\{.*?\}\}|<!--.*?-->)", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def shown(folder: Path) -> Text:
    """Run the commands one after the other in `folder`; return what a terminal would show."""
    picture, last = Text(), ""
    for command in COMMANDS:
        words = command.replace("ID", last).split(" ", 1)[1]
        said = subprocess.check_output([ENNIO, *shlex.split(words)], cwd=folder, text=True)
        said = said.replace(str(folder), "~/demo")
        if words.startswith("spawn") and not last:
            last = said.split()[0]
        picture.append("$ ", "bold green").append(f"ennio {words}\n", "bold").append(said)
        time.sleep(0.5)
    return picture


def draw() -> str:
    """Return the picture as SVG, with nothing from an outside host in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ennio.toml").write_text(CONFIG)
        subprocess.run(["git", "init", "-q", "-b", "main", "repo"], cwd=folder, check=True)
        commit = ["git", *IDENTITY, "commit", "-q", "--allow-empty", "-m", "Begin"]
        subprocess.run(commit, cwd=folder / "repo", check=True)
        server = subprocess.Popen([ENNIO, "start"], cwd=folder, stderr=subprocess.DEVNULL)
        try:
            time.sleep(3)
            text = shown(folder)
        finally:
            server.terminate()
            server.wait()
    console = Console(record=True, width=110, file=io.StringIO())
    console.print(text, highlight=False)
    return console.export_svg(title="ennio", code_format=FORMAT)


if __name__ == "__main__":
    (HERE / "at-work.svg").write_text(draw())

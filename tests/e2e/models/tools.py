"""How a script's wish becomes a call of a tool: each agent has names of its own for tools and arguments."""

import re
from pathlib import Path
from typing import Any

from .conversation import AIDER, Answer, Json, Question, Tool

SHELLS = ("Bash", "bash", "shell_command", "exec_command", "run_shell_command", "shell")
WRITERS = ("Write", "write", "write_file")
FOLDER = re.compile(
    r"(?:<cwd>|[Ww]orking (?:in the )?directory(?: is)?|Workspace Directories|currently in the directory)"
    r"[:*`'\s-]*(/[^\s<`'\",]+)"
)
"""How agents tell their model where they run: several want absolute paths of it."""


def run(question: Question, answer: Answer, command: str, more: Json) -> None:
    """Have the answer call whatever runs a shell command. `more` goes where the tool knows it."""
    tool = _offered(question, SHELLS)
    if tool is None:
        answer.text += f"\nno tool runs commands: {[tool.name for tool in question.tools]}"
        return
    answer.tool = tool.name
    wanted = {("command", "cmd"): command, ("description",): "Run a scripted command"}
    answer.args = _filled(tool.schema, wanted)
    answer.args |= {key: value for key, value in more.items() if key in tool.schema.get("properties", {})}


def write(question: Question, answer: Answer, name: str, content: str) -> None:
    """Have the answer call whatever writes a file in the agent's folder."""
    if AIDER in question.system + question.words:
        block = f"<<<<<<< SEARCH\n=======\n{content}>>>>>>> REPLACE"
        answer.text += f"\n\n{name}\n```\n{block}\n```\n"
    elif tool := _offered(question, WRITERS):
        path = str(folder(question) / name)
        answer.tool = tool.name
        answer.args = _filled(tool.schema, {("file_path", "filePath", "path"): path, ("content",): content})
    elif tool := next((tool for tool in question.tools if tool.name == "apply_patch"), None):
        lines = "".join(f"+{line}\n" for line in content.splitlines())
        patch = f"*** Begin Patch\n*** Add File: {name}\n{lines}*** End Patch\n"
        answer.tool = tool.name
        if tool.freeform:
            answer.raw = patch
        else:
            answer.args = _filled(tool.schema, {("input", "patch", "patchText"): patch})
    else:
        run(question, answer, f"cat > {name} <<'EOF'\n{content}EOF", {})


def folder(question: Question) -> Path:
    """Return the folder that the agent says it runs in; prompts hold made-up ones as examples too."""
    for found in FOLDER.findall(question.system + "\n" + question.words):
        if (path := Path(found.rstrip("."))).is_dir():
            return path
    return Path()


def smallest(schema: Json) -> Any:
    """Return the smallest value that a JSON schema, or Gemini's dialect of it, allows."""
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return smallest(schema[key][0])
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type") or ("object" if "properties" in schema else "string")
    kind = (kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        properties = schema.get("properties") or {}
        return {key: smallest(properties.get(key) or {}) for key in schema.get("required") or properties}
    return {"array": [], "number": 0, "integer": 0, "boolean": False, "null": None}.get(kind, "ok")


def _offered(question: Question, names: tuple[str, ...]) -> Tool | None:
    offered = {tool.name: tool for tool in question.tools if not tool.freeform}
    return next((offered[name] for name in names if name in offered), None)


def _filled(schema: Json, wanted: dict[tuple[str, ...], str]) -> Json:
    """Return arguments that hold each wanted value under the name that the schema has for it."""
    properties: Json = schema.get("properties") or {}
    args: Json = {}
    for names, value in wanted.items():
        for name in [name for name in names if name in properties][:1]:
            listed = str(properties[name].get("type")).lower() == "array"
            args[name] = ["bash", "-lc", value] if listed else value
    missing = [name for name in schema.get("required") or [] if name not in args]
    return args | {name: smallest(properties.get(name) or {}) for name in missing}

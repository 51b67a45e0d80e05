"""The real agents that the tests drive: where they are, what leads them to the model, and what they tell."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from e2e.models.conversation import EACH, Usage, counted

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / ".agents" / "node_modules" / ".bin"
"""Where `make agents` puts them."""

IDLE_AFTER = 4
"""Seconds; also how long an agent may be silent in the middle of a turn until it is called blocked."""

PERMISSIONS = ("ask", "full")
"""There is a project of each name, in which its agent has these."""

PRICE = {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}
"""Of the scripted model, in dollars for a million tokens: what Claude Code reckons with for CLAUDE_MODEL."""

CLAUDE_MODEL = "claude-sonnet-4-5"


@dataclass(frozen=True)
class Real:
    """One real agent. `name` is what ennio calls it, `program` the command's own name.

    `resumes`: a restart goes on with its conversation. gemini 0.61.0 loads one once, and then never again.
    """

    name: str
    program: str
    vendor: str
    model: str = "scripted"
    resumes: bool = True

    @property
    def path(self) -> Path:
        """Where its program is, if it is installed."""
        return PROGRAMS / self.program

    @property
    def told(self) -> Usage:
        """What the agent lets one know of an answer that has cost EACH.

        gemini 0.61.0 says nothing of what was cached or thought in the answer to a prompt of ACP.
        """
        usage = counted(self.vendor, EACH)
        if self.program == "gemini":
            return Usage(fresh=usage.fresh + usage.cache_read, output=usage.output)
        return usage

    def cost(self, answers: int) -> Decimal:
        """Return what so many answers cost, in dollars."""
        usage, price = self.told, {name: Decimal(str(dollars)) for name, dollars in PRICE.items()}
        each = usage.fresh * price["input"] + (usage.output + usage.reasoning) * price["output"]
        each += usage.cache_read * price["cache_read"] + usage.cache_write * price["cache_write"]
        return each * answers / 1_000_000


REAL = {
    "claude": Real("claude-code", "claude", "anthropic", CLAUDE_MODEL),
    "codex": Real("codex", "codex", "responses"),
    "opencode": Real("opencode", "opencode", "chat", "model/scripted"),
    "gemini": Real("gemini", "gemini", "gemini", resumes=False),
}


def environment(agent: Real, home: Path, model: str, *, subscription: bool = False) -> dict[str, str]:
    """Return the variables that lead an agent to a model's address; write its settings to its home.

    claude 2.1.197 tells of an account's limits with a subscription alone, and then tries nothing again after
    429; with an API key it does.
    """
    xdg = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    own = {"HOME": str(home), "TMPDIR": str(home / "tmp"), **xdg}
    match agent.program:
        case "claude":
            key = "CLAUDE_CODE_OAUTH_TOKEN" if subscription else "ANTHROPIC_API_KEY"
            return {**own, "ANTHROPIC_BASE_URL": model, key: "sk-ant-scripted"}
        case "codex":
            _write(home / ".codex" / "config.toml", _CODEX.format(model=model))
            return {**own, "CODEX_HOME": str(home / ".codex"), "SCRIPTED_KEY": "key"}
        case "opencode":
            _write(home / "config" / "opencode" / "opencode.json", json.dumps(_opencode(model)))
            offline = ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH")
            return {**own, **dict.fromkeys((*offline, "OPENCODE_DISABLE_LSP_DOWNLOAD"), "1")}
        case _:
            _write(home / ".gemini" / "settings.json", json.dumps(_GEMINI))
            keys = {"GEMINI_API_KEY": "key", "GOOGLE_GEMINI_BASE_URL": model}
            return {**own, **keys, "GEMINI_CLI_NO_RELAUNCH": "true"}


_CODEX = """\
model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
[sandbox_workspace_write]
exclude_slash_tmp = true
[model_providers.scripted]
name = "scripted"
base_url = "{model}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
"""
"""Without `exclude_slash_tmp` its sandbox leaves empty folders behind in /tmp, .git among them (0.169.0)."""

_GEMINI = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"enableAutoUpdate": False},
}


def _opencode(model: str) -> dict[str, Any]:
    """Without a `limit` it tells a client nothing of its costs (1.18.33)."""
    cost = {name: dollars for name, dollars in PRICE.items() if name != "cache_write"}
    limit = {"context": 200_000, "output": 32_000}
    one = {"tool_call": True, "cost": cost, "limit": limit}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{model}/v1", "apiKey": "key"},
        "models": {"scripted": one},
    }
    return {
        "autoupdate": False,
        "share": "disabled",
        "model": "model/scripted",
        "provider": {"model": provider},
    }


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def configuration(agent: Real, env: dict[str, str]) -> str:
    """Return an ennio.toml with a project for each of the PERMISSIONS."""
    parts = [
        f'port = 0\ndata_dir = "state"\nidle_after = {IDLE_AFTER}',
        f"[agents.{agent.name}]\nprogram = {json.dumps(str(agent.path))}",
        f"[agents.{agent.name}.env]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in env.items()),
        f'[prices."{agent.model}"]\n' + "\n".join(f"{name} = {dollars}" for name, dollars in PRICE.items()),
    ]
    for name in PERMISSIONS:
        options = f'{{ model = "{agent.model}", permissions = "{name}" }}'
        parts.append(f'[[projects]]\nname = "{name}"\npath = "repo"\nagent = "{agent.name}"')
        parts[-1] += f"\nagent_config = {options}"
    return "\n\n".join(parts)

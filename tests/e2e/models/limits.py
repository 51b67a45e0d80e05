"""How each vendor says that the account's usage limit is reached."""

import time

from .conversation import Failure, Json

SECONDS = 3600
"""Until the account may be used again."""

MESSAGE = "The usage limit of this account has been reached."

GEMINI_DETAILS: list[Json] = [
    {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [
            {
                "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
                "quotaId": "GenerateRequestsPerDayPerProjectPerModel",
                "quotaValue": "50",
            }
        ],
    },
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{SECONDS}s"},
]
"""A quota of a day is what Gemini CLI gives up at; one of a minute it waits for."""


def anthropic_headers(lasts: int = SECONDS) -> dict[str, str]:
    """Return the headers by which a subscription's limit is told."""
    name = "anthropic-ratelimit-unified"
    resets = str(int(time.time()) + lasts)
    return {
        f"{name}-status": "rejected",
        f"{name}-reset": resets,
        f"{name}-representative-claim": "five_hour",
        f"{name}-overage-status": "rejected",
        f"{name}-overage-disabled-reason": "org_level_disabled",
        f"{name}-5h-status": "rejected",
        f"{name}-5h-reset": resets,
        f"{name}-5h-utilization": "1.0",
        "x-should-retry": "false",
    }


def openai_error(why: Failure) -> tuple[Json, dict[str, str]]:
    """Return an error of OpenAI: its body and its headers."""
    kinds = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
    error: Json = {
        "message": f"scripted error {why.status}",
        "type": kinds.get(why.status, "server_error"),
        "param": None,
        "code": kinds.get(why.status, str(why.status)),
    }
    if why.kind == "limit":
        error |= {
            "message": MESSAGE,
            "type": "usage_limit_reached",
            "code": "insufficient_quota",
            "plan_type": "plus",
            "resets_at": int(time.time()) + why.lasts,
            "resets_in_seconds": why.lasts,
        }
        return {"error": error}, _openai_headers(why.lasts)
    return {"error": error}, {}


def _openai_headers(lasts: int) -> dict[str, str]:
    """Return the headers by which Codex learns how much of its account's windows is used."""
    name = "x-codex-primary"
    return {
        f"{name}-used-percent": "100.0",
        f"{name}-window-minutes": "300",
        f"{name}-reset-at": str(int(time.time()) + lasts),
    }

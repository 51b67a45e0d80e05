"""The operations that need no token, since what comes there has another proof; and how browsers get in."""

from typing import Literal

from ..requests.bodies import LoginBody
from ..views import CodeView, PassView
from .examples import EXAMPLES
from .operation import Answer, Data, Operation, Parameter, Section, Taken

_ACCEPTED = Answer("Taken in: what it is about is looked at.", (Data(Literal["accepted"], "accepted"),), 202)
_UNPROVED = "It is not proved to come from a repository that is configured with this secret."
_NOBODY = "No project has a `webhook_secret` for this kind of code host."
_WORDS = "What is sent is never taken for a fact: it says where to look. The secret is `webhook_secret` of "
_WORDS += "the project's `scm_config`."


def _webhook(kind: str, title: str, proof: Parameter, example: object) -> Operation:
    return Operation(
        method="POST",
        path=f"/api/v1/webhooks/{kind}",
        id=f"hear{title}",
        summary=f"Hear from {title} that something has changed",
        words=_WORDS,
        parameters=(proof,),
        body=Taken({kind: example}, schema={"type": "object"}),
        answers=(_ACCEPTED,),
        refusals={
            400: "It is proved, and cannot be understood.",
            401: _UNPROVED,
            404: _NOBODY,
        },
        free=True,
        unchallenged=True,
    )


WEBHOOKS = Section(
    "Webhooks",
    "What code hosts send by themselves. They prove that they know the secret.",
    (
        _webhook(
            "github",
            "GitHub",
            Parameter(
                "X-Hub-Signature-256",
                "header",
                {"type": "string"},
                "`sha256=` and the HMAC-SHA256 of the body, under the secret, in hexadecimal.",
                "sha256=" + "0" * 64,
                required=True,
            ),
            {"action": "opened", "repository": {"full_name": "me/my-app"}},
        ),
        _webhook(
            "gitlab",
            "GitLab",
            Parameter("X-Gitlab-Token", "header", {"type": "string"}, "The secret.", "s3cr3t", required=True),
            {"object_kind": "merge_request", "project": {"path_with_namespace": "me/my-app"}},
        ),
    ),
)

LOGIN = Section(
    "Login",
    "How a browser is let in without anybody typing the token.",
    (
        Operation(
            method="POST",
            path="/api/v1/login-codes",
            id="makeLoginCode",
            summary="Make a code that lets a browser in once",
            words="It needs no body. The code lasts 5 minutes.",
            answers=(Answer("The code.", (Data(CodeView, EXAMPLES[CodeView]),)),),
        ),
        Operation(
            method="POST",
            path="/api/v1/login",
            id="login",
            summary="Change such a code for a token",
            words="The token lasts 12 hours, and no longer than the server.",
            body=Taken({"code": {"code": EXAMPLES[CodeView]["code"]}}, LoginBody),
            answers=(Answer("The token.", (Data(PassView, EXAMPLES[PassView]),)),),
            refusals={401: "The code is wrong, too old, or was used."},
            free=True,
        ),
    ),
)

"""A browser's way in: a code that works once is changed for a token."""

from datetime import UTC, datetime

from quart import Blueprint, Response
from werkzeug.exceptions import Unauthorized

from ..requests import asked
from ..requests.bodies import LoginBody, read_as
from ..requests.passes import Passes
from ..requests.strict_json import parse
from ..responses import view
from ..views import CodeView, PassView


def logins(passes: Passes) -> Blueprint:
    """Return the routes by which a browser gets in."""
    routes = Blueprint("logins", __name__, url_prefix="/api/v1")

    @routes.post("/login-codes")
    async def make_code() -> Response:
        code, ends = passes.new_code()
        return view(CodeView(code=code, expires_at=_moment(ends)))

    @routes.post("/login")
    async def login() -> Response:
        wanted = read_as(LoginBody, parse(await asked.body()))
        redeemed = passes.redeem(wanted.code)
        if redeemed is None:
            raise Unauthorized("the code was used already, or is too old: `ennio dashboard` makes a new one")
        token, ends = redeemed
        return view(PassView(token=token, expires_at=_moment(ends)))

    return routes


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

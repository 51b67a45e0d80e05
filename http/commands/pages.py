"""Getting to pages: of a pull request, and the operators' own."""

import sys
import webbrowser
from urllib.parse import quote, urlsplit

from .ask_server import Options, ask, configuration, whereabouts
from .tables import as_json
from .terminal import Failure, hint, is_terminal, one_line, say


def open_pull_request(options: Options, session_id: str) -> None:
    """Print the address of a session's pull request, and on a terminal open it in a browser.

    Raises `Failure` for a session that has none.
    """
    session = ask(configuration(options), lambda client: client.get(session_id), f"asking for {session_id}")
    url = session["pr_url"]
    if url is None:
        why = session.get("host_trouble") or "none was found on its branch"
        raise Failure(one_line(f"no pull request of {session_id} is known: {why}"))
    if not _is_page(url):
        raise Failure(one_line(f"the server says that the page is `{url}`, and that is none: refused"))
    say(as_json(url) if options.json else url)
    if not options.json and is_terminal(sys.stdout) and not webbrowser.open(url):
        hint("no browser can be started here: open that address yourself")


def open_dashboard(options: Options) -> None:
    """Print the address of the operators' page with a code that lets a browser in once, and open it."""
    config = configuration(options)
    made = ask(config, lambda client: client.login_code(), "asking for a way in")
    url = f"{whereabouts(config)}/#code={quote(made['code'])}"
    say(as_json({"url": url, "expires_at": made["expires_at"]}) if options.json else url)
    if not options.json and is_terminal(sys.stdout) and not webbrowser.open(url):
        hint("no browser can be started here: open that address yourself, within five minutes")


def _is_page(url: str) -> bool:
    """Whether a browser may be given this: whoever answers in a server's place must not get more."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\`|^")
    return plain and parts.scheme in {"http", "https"} and bool(parts.hostname)

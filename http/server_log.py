"""The log: one JSON object a line on stderr, or readable lines on a terminal; no control character is raw."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def set_up_log(stream: TextIO = sys.stderr) -> None:
    """Send every log line of this process, whoever writes it, to `stream`."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        stamp,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    line = logging.StreamHandler(stream)
    line.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *(_for_people() if stream.isatty() else _for_programs()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [line]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every step, at every start


def _for_programs() -> list[Processor]:
    # ensure_ascii escapes the control characters beyond ASCII too
    return [structlog.processors.JSONRenderer(ensure_ascii=True, default=str)]


def _for_people() -> list[Processor]:
    return [_printable, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]


def _printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape what a terminal would obey. The lines of a traceback stay lines, indented."""
    shown: EventDict = {}
    for key, value in event.items():
        text = value if isinstance(value, str) else str(value)
        if key == "exception":
            shown[key] = "\n".join("  " + _escaped(line) for line in text.splitlines())
        else:
            shown[key] = _escaped(text)
    return shown


def _escaped(text: str) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)

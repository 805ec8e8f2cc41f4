"""Structured logs (one JSON object a line, or readable on a terminal), joined to requests and traces by context."""

import logging
import sys
from typing import Any, Final

import structlog
from structlog.typing import EventDict

from foundation.context import current, trace_id

_QUIET: Final = {
    "asyncio": logging.WARNING,
    "authlib": logging.WARNING,  # when it debugs it writes down the tokens it issues
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "alembic": logging.WARNING,
    "dbos": logging.ERROR,
    "urllib3": logging.WARNING,
    "watchfiles": logging.WARNING,
}


def configure(*, level: str = "INFO", json: bool | None = None) -> None:
    """Set up logging for the process: standard error, JSON unless it is a terminal."""
    as_json = json if json is not None else not sys.stderr.isatty()
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _joined,
    ]
    renderer: list[Any] = (
        [_short_traceback, structlog.processors.JSONRenderer()]
        if as_json
        # Locals in a traceback could hold a customer's data or a secret: they are never rendered.
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _joined(_logger: Any, _method: str, event: EventDict) -> EventDict:
    context = current()
    event.setdefault("request_id", context.request_id)
    event.setdefault("trace_id", trace_id(context.traceparent))
    if context.run:
        event.setdefault("run", context.run)
        event.setdefault("step", context.step)
    return event


def _short_traceback(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The traceback as text, without locals."""
    return structlog.processors.format_exc_info(_logger, _method, event)

"""What the libraries log, for --debug."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from sharectl.model.text import printable


class _Printable(logging.Formatter):
    """Formats each message as one line, because what servers send is logged as well."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - of the class above
        """In one line."""
        return printable(super().formatMessage(record))


def log_all() -> None:
    """Show it on stderr."""
    logging.basicConfig(level=logging.DEBUG, handlers=[handler_for(sys.stderr)])


def handler_for(stream: TextIO) -> logging.Handler:
    """What shows it on `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Printable("%(name)s: %(message)s"))
    return handler

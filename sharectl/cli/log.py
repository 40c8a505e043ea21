"""What the libraries log, for --debug."""

from __future__ import annotations

import logging

from sharectl.model.text import printable


class _Printable(logging.Formatter):
    """A line for each message: what servers send is logged as well."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - of the class above
        """In one line."""
        return printable(super().formatMessage(record))


def log_all() -> None:
    """Show it on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG, handlers=[handler])

"""The header Retry-After: seconds, or a date (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")


def seconds_of(header: str | None, now: str | None) -> float | None:
    """How many seconds to wait.

    Args:
        header: Retry-After.
        now: the header Date of the same answer: the server's clock may differ from ours.

    Returns None for no header, and for one that is neither; 0 for a date that has passed.
    """
    if header is None:
        return None
    if _SECONDS.fullmatch(header.strip()):
        return float(header)
    then = _date(header)
    if then is None:
        return None
    return max(0.0, (then - (_date(now) or datetime.now(UTC))).total_seconds())


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

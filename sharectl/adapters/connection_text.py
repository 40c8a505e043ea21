"""Failed connections in one sentence: requests nests the reason in the reprs of its own objects.

For example "Unable to establish connection to http://h:5000/v3: HTTPConnectionPool(host='h',
port=5000): Max retries exceeded with url: /v3 (Caused by NewConnectionError('...: [Errno 111]
Connection refused'))".
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_FAILED = re.compile(
    r"(?:Unable to establish connection to|SSL exception connecting to|Unexpected exception for)"
    r" (?P<url>\S+): (?P<nested>.*)",
    re.DOTALL,
)
_REASONS = (
    re.compile(r"\[(?:Errno -?\d+|SSL: \w+|SSL)\] ([^'\")(]+)"),  # the system's or OpenSSL's words
    re.compile(r"\w+\((?:-?\d+, )?['\"]([^'\"]+)"),  # the innermost exception's
)
_PORTS = {"http": 80, "https": 443}


def plain(text: str) -> str:
    """`text` with a failed connection in it told as host, port and reason."""
    return _FAILED.sub(_sentence, text)


def failed_at(text: str) -> str | None:
    """Host and port of the failed connection in `text`; None if there is none."""
    found = _FAILED.search(text)
    return host_and_port(found["url"]) if found else None


def _sentence(match: re.Match[str]) -> str:
    return f"cannot connect to {host_and_port(match['url'])}: {reason(match['nested'])}"


def reason(nested: str) -> str:
    """The reason alone, out of what requests says."""
    found = next((words for form in _REASONS if (words := form.findall(nested))), None)
    return found[-1].strip(" :") if found else nested


def host_and_port(url: str) -> str:
    """Where `url` leads; the URL itself if that cannot be told."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return url
    host = parts.hostname or ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

"""What requests says of a failed connection, as a sentence."""

from __future__ import annotations

import pytest

from sharectl.adapters.connection_text import host_and_port, plain

_POOL = "HTTPConnectionPool(host='h.example', port=5000): Max retries exceeded with url: /v3 "


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Unable to establish connection to http://h.example:5000/v3: " + _POOL + "(Caused by"
            " NewConnectionError(\"HTTPConnection(host='h.example', port=5000): Failed to"
            ' establish a new connection: [Errno 111] Connection refused"))',
            "cannot connect to h.example:5000: Connection refused",
        ),
        (
            "Unable to establish connection to http://h.example:5000/v3: " + _POOL + "(Caused by"
            " NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f1>: Failed to"
            " establish a new connection: [Errno 113] No route to host'))",
            "cannot connect to h.example:5000: No route to host",
        ),
        (
            "Unable to establish connection to http://h.example:5000/v3: " + _POOL + "(Caused by"
            " NameResolutionError(\"HTTPConnection(host='h.example', port=5000): Failed to"
            " resolve 'h.example' ([Errno -2] Name or service not known)\"))",
            "cannot connect to h.example:5000: Name or service not known",
        ),
        (
            "SSL exception connecting to https://h.example/v3: HTTPSConnectionPool(host="
            "'h.example', port=443): Max retries exceeded with url: /v3 (Caused by SSLError("
            "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify"
            " failed: self-signed certificate (_ssl.c:992)')))",
            "cannot connect to h.example:443: certificate verify failed: self-signed certificate",
        ),
        (
            "Unable to establish connection to http://[2001:db8::1]:8786/v2: ('Connection"
            " aborted.', RemoteDisconnected('Remote end closed connection without response'))",
            "cannot connect to [2001:db8::1]:8786: Remote end closed connection without response",
        ),
        (
            "Unable to establish connection to http://h.example:8786/v2: ('Connection aborted.',"
            " ConnectionResetError(104, 'Connection reset by peer'))",
            "cannot connect to h.example:8786: Connection reset by peer",
        ),
        (
            "Unexpected exception for http://h.example:99999/v3: Failed to parse: it",
            "cannot connect to http://h.example:99999/v3: Failed to parse: it",
        ),
        ("Request to http://h.example:5000/v3 timed out",
         "Request to http://h.example:5000/v3 timed out"),
        ("The server is on fire. (HTTP 500)", "The server is on fire. (HTTP 500)"),
    ],
)  # fmt: skip
def test_plain(text: str, sentence: str) -> None:
    assert plain(text) == sentence


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://h.example/v3", "h.example:80"),
        ("https://user:secret@h.example/v3", "h.example:443"),
        ("nonsense", "nonsense"),
    ],
)
def test_host_and_port(url: str, place: str) -> None:
    assert host_and_port(url) == place

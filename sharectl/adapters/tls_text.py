"""Why a TLS connection failed, out of what OpenSSL says of it, and what mends that."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

Setting = Callable[[str], str]


@dataclass(frozen=True)
class TlsFault:
    """A cause that lies in certificates or settings.

    `what` goes on after "Keystone at h:5000"; `hint` is what mends it.
    """

    what: str
    hint: str


_EXPIRED = re.compile(r"certificate has expired", re.IGNORECASE)
_NOT_YET = re.compile(r"certificate is not yet valid", re.IGNORECASE)
_NAME = re.compile(r"mismatch, certificate is not valid|doesn't match|hostname mismatch", re.I)
_UNTRUSTED = re.compile(r"verify failed:? ?(?P<why>[^'\")(]*)", re.IGNORECASE)
_NO_TLS = re.compile(r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL|HTTP_REQUEST")
_OF_CLIENT = re.compile(
    r"CERTIFICATE_REQUIRED|ALERT_\w*CERTIFICATE|ALERT_UNKNOWN_CA|ALERT_HANDSHAKE_FAILURE"
    r"|alert certificate required|alert bad certificate|alert unknown ca",
    re.IGNORECASE,
)


def tls_fault(text: str, place: str, address: str, setting: Setting) -> TlsFault | None:
    """The cause; None where it may be the server's or the network's alone.

    Args:
        text: what requests says.
        place: host and port of the server.
        address: what says that it is to be asked there.
        setting: says of a key of the cloud what it is taken from.
    """
    show = f"openssl s_client -connect {shlex.quote(place)} -showcerts </dev/null"
    if _EXPIRED.search(text) or _NOT_YET.search(text):
        when = "has expired" if _EXPIRED.search(text) else "is not valid yet"
        return TlsFault(
            f"has a certificate that {when}",
            f"see whether this host's clock is right (date), else let it be renewed; see: {show}",
        )
    if _NAME.search(text):
        return TlsFault(
            "has a certificate for another name",
            f"see which names it has: {show}; mend {address}, or the certificate",
        )
    if _NO_TLS.search(text):
        return TlsFault("does not speak TLS", f"see whether {address} has to begin with http:")
    if found := _UNTRUSTED.search(text):
        why = found["why"].strip()
        return TlsFault(
            f"has a certificate that is not trusted here{f' ({why})' if why else ''}",
            f"name the file with its CA's certificate: {setting('cacert')}; see it with: {show}",
        )
    if _OF_CLIENT.search(text):
        return TlsFault(
            "does not accept this client's certificate, or wants one",
            f"name one: {setting('cert')}, and {setting('key')}",
        )
    return None

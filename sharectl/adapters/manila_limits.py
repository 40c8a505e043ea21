"""How much of an answer is read, whoever gives it: a broken proxy may send without end.

A page of a thousand shares takes some 3 MiB.
"""

from __future__ import annotations

from typing import Any

from keystoneauth1.session import Session, TCPKeepAliveAdapter

from sharectl.adapters.manila_answers import Malformed
from sharectl.host_files import KIB, MIB

_MOST = 32 * MIB  # of a body, unpacked
_CHUNK = 64 * KIB


class _Bounded(TCPKeepAliveAdapter):
    """The adapter of keystoneauth1 itself, for answers of a bounded size."""

    def send(self, *arguments: Any, **options: Any) -> Any:
        """The answer, with its body read. Raises `Malformed` for one that is too large."""
        answer = super().send(*arguments, **options)
        taken = bytearray()
        for chunk in answer.iter_content(_CHUNK):
            taken += chunk
            if len(taken) > _MOST:
                answer.close()
                raise Malformed(f"an answer of more than {_MOST // MIB} MiB")
        answer._content = bytes(taken)
        return answer


def limit(session: Session) -> Session:
    """`session`, with what it receives limited."""
    for scheme in list(session.session.adapters):
        session.session.mount(scheme, _Bounded())
    return session

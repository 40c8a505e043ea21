"""Plugin: each hint that any test brings about names commands that parse, and with options too.

The tests bring about nearly every error of the product, with names and paths of every kind, so that
what is put together at run time is seen as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sharectl.errors import Explained
from sharectl.hints import Context
from tests.typed.parsing import faults

_CHOSEN = Context("qemu+unix:///system?socket=/a;b", "my cloud", Path("/etc/a, b.toml"))
_seen: set[str] = set()
_make, _say = Explained.__init__, Explained._said


def _noting_init(self: Explained, message: str, *, hint: str | None = None) -> None:
    _make(self, message, hint=hint)
    _note(hint)


def _noting_said(self: Explained, message: str, hint: str | None) -> Any:
    _note(hint)
    return _say(self, message, hint)


def collected() -> frozenset[str]:
    """The hints of this test so far."""
    return frozenset(_seen)


def _note(hint: str | None) -> None:
    if hint is not None:
        _seen.add(hint)


setattr(Explained, "__init__", _noting_init)  # noqa: B010 - which mypy lets pass
setattr(Explained, "_said", _noting_said)  # noqa: B010


@pytest.fixture(autouse=True)
def _hints_can_be_typed() -> Iterator[None]:
    """What was hinted meanwhile is parsed."""
    _seen.clear()
    yield
    hints = [text for hint in sorted(_seen) for text in (hint, _CHOSEN.complete(hint))]
    assert [fault for hint in hints for fault in faults(hint)] == []

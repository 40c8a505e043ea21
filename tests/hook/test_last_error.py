"""A start that was refused is kept in the record, if that costs the start nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sharectl.errors import Busy, SharectlError, StoreError
from sharectl.hook import before_start as hook
from tests.hook.starting import Start, starting
from tests.operations.reconciling import run_reconcile


def _refuse(start: Start) -> str:
    start.app.mounts.stale.add(start.mapping.mount_point)
    return start.refused()


def test_why_a_start_was_refused_is_kept_and_a_good_start_clears_it() -> None:
    start = starting()
    intent = start.mapping.intent
    text = _refuse(start)
    message = text.partition("guest: ")[2].partition("; ")[0]
    assert start.mapping.last_error == f"a start was refused: {message}"
    assert start.mapping.intent is intent
    start.app.mounts.stale.clear()
    start.prepare()
    assert start.mapping.last_error is None


def test_reconcile_clears_it() -> None:
    start = starting()
    _refuse(start)
    start.app.mounts.stale.clear()
    start.app.domains.dead = False
    assert run_reconcile(start.app).problems == ()
    assert start.mapping.last_error is None


@pytest.mark.parametrize("error", [Busy("held"), StoreError("read-only"), OSError("read-only")])
def test_a_store_that_takes_nothing_changes_nothing(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []

    @contextmanager
    def refusing(wait: float | None = None) -> Iterator[None]:
        waited.append(wait)
        raise error
        yield

    start = starting()
    before = start.mapping
    monkeypatch.setattr(start.app.store, "transaction", refusing)
    assert "is of no use any more" in _refuse(start)
    assert start.mapping == before
    (seconds,) = waited
    assert seconds is not None
    assert seconds < 1


def test_what_another_domain_has_is_not_noted_in_its_record() -> None:
    start = starting()
    disk = f"{start.mapping.mount_point}/disk.img"
    devices = f"<devices><disk><source file='{disk}'/></disk></devices>"
    xml = f"<domain><name>other</name><uuid>x</uuid>{devices}</domain>"
    start.app.mounts.stale.add(start.mapping.mount_point)
    with pytest.raises(SharectlError, match="is of no use any more"):
        hook.prepare(start.app, xml)
    assert start.mapping.last_error is None

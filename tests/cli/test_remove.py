"""remove, as the one who types it sees it."""

from __future__ import annotations

from typing import Any

import pytest

from sharectl.cli.terminal import Terminal
from sharectl.errors import ExitCode
from sharectl.ports.events import Events
from tests.cli.running import run
from tests.operations.scenarios import HOST_ADDRESS, World, attached, nfs


def _stubborn() -> tuple[World, Any]:
    """A world whose Manila does not withdraw the rule."""
    world, _ = attached(nfs)
    world.app.shares.not_denied = {HOST_ADDRESS}
    app: Any = world.app
    app.events = Events(Terminal(quiet=True))
    return world, app


@pytest.mark.parametrize("force", [True, False])
def test_what_is_left_behind_is_told_with_the_command_that_finishes_it(force: bool) -> None:
    world, app = _stubborn()
    result = run(app, "remove", "guest", "docs", "--yes", *["--force"] * force)
    assert result.exit_code == (ExitCode.PARTIAL if force else ExitCode.REFUSED)
    error, hint = result.stderr.splitlines()
    assert "Manila could not withdraw access rule" in error
    assert ("left behind, and recorded as detaching" in error) is force
    assert hint == (
        "sharectl: hint: its back end refuses; ask the operator of Manila; then:"
        f" sharectl remove guest {world.share_id}"
    )


def test_force_that_leaves_nothing_is_a_success() -> None:
    world, app = _stubborn()
    world.app.shares.not_denied = set()
    result = run(app, "remove", "guest", "docs", "--yes", "--force")
    assert (result.exit_code, result.output) == (0, "")
    assert app.store.load() == ()

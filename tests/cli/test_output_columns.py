"""Columns that there are not: told before anything is looked at or changed."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from sharectl.errors import ExitCode
from tests.cli.running import invoke
from tests.operations.scenarios import nfs

_COMMANDS = (
    ("add", "guest", "docs"),
    ("list",),
    ("list", "guest", "--long"),
    ("show", "guest", "docs"),
    ("shares",),
    ("hook", "status"),
)


@pytest.mark.parametrize("option", ["-c", "--sort-column"])
@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
def test_no_such_column_is_told_before_any_work(command: tuple[str, ...], option: str) -> None:
    nothing_to_work_with = SimpleNamespace()
    result = invoke(*command, option, "Bogus", app=nothing_to_work_with)
    assert result.exit_code == ExitCode.USAGE
    assert "there is no column 'Bogus'" in result.stderr
    assert "hint: columns are: " in result.stderr


def test_add_with_no_such_column_attaches_nothing() -> None:
    world = nfs()
    before = world.app.snapshot()
    result = invoke("add", "guest", "docs", "-c", "Bogus", app=world.app)
    assert result.exit_code == ExitCode.USAGE
    assert world.app.snapshot() == before


def test_a_record_of_one_can_be_sorted() -> None:
    world = nfs()
    options = ["-f", "json", "-c", "share_id", "--sort-column", "Tag"]
    result = invoke("add", "guest", "docs", *options, app=world.app)
    assert result.exit_code == ExitCode.OK
    assert json.loads(result.stdout) == {"Share ID": world.share_id}

"""What a human at a terminal is told beyond the results."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sharectl.cli import columns
from sharectl.cli.listing import tell_health
from sharectl.cli.rich_table import print_table
from sharectl.engine.records import change
from sharectl.errors import ExitCode
from sharectl.model.enums import Intent
from sharectl.operations.list import list_mappings
from tests.cli.running import run
from tests.fakes.mounts import umount
from tests.operations.scenarios import World, attached, cephfs, nfs

_HEADINGS = ("Domain", *columns.LIST, *columns.LONG)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal on stdin and stderr, as far as questions are concerned."""
    stream = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("sharectl.cli.options.sys", SimpleNamespace(stdin=stream, stderr=stream))


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("verb", [("forget",), ("remove", "--force")], ids=" ".join)
@pytest.mark.parametrize("sure", [True, False])
def test_a_question_that_is_not_answered_with_yes_changes_nothing(
    verb: tuple[str, ...], sure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.confirm", lambda *_arguments, **_options: sure)
    world, _ = attached(nfs)
    before = world.app.snapshot()
    result = run(world.app, *verb, "guest", "docs")
    if sure:
        assert (result.exit_code, world.app.store.load()) == (0, ())
        return
    assert result.exit_code == ExitCode.INTERRUPTED
    error, hint = result.stderr.splitlines()
    assert error == "sharectl: error: not confirmed"
    assert "nothing was changed" in hint
    assert world.app.snapshot() == before


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("option", ["--yes", "--dry-run"])
@pytest.mark.parametrize("verb", [("forget",), ("remove", "--force")], ids=" ".join)
def test_what_needs_no_answer_is_not_asked(
    verb: tuple[str, ...], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.confirm", lambda *_, **__: pytest.fail("asked"))
    world, _ = attached(nfs)
    assert run(world.app, *verb, "guest", "docs", option).exit_code == 0


def test_reconcile_says_that_there_is_nothing_to_do_and_that_nothing_was_done() -> None:
    world, _ = attached(nfs)
    assert run(world.app, "reconcile").stdout == ""
    assert world.app.heard.notes == ["nothing to do"]
    umount(world.app.mounts, world.mount_point)
    world.app.restart()
    planned = run(world.app, "reconcile", "--dry-run")
    assert planned.exit_code == ExitCode.DRIFT
    assert world.app.heard.notes == ["a dry run: nothing was changed"]
    world.app.restart()
    assert run(world.app, "reconcile").stdout == planned.stdout != ""
    assert world.app.heard.notes == []


def test_a_dry_run_of_adopt_does_not_speak_as_if_it_were_done() -> None:
    world, _ = attached(nfs)
    with world.app.store.transaction() as store:
        store.delete(store.mappings[0].id)
    assert run(world.app, "adopt", "-n").stdout == "guest docs: would be adopted\n"
    assert run(world.app, "adopt").stdout == "guest docs: adopted\n"


def _told(world: World) -> list[str]:
    app: Any = world.app
    app.restart()
    tell_health(app, list_mappings(app, None, examine=True))
    notes: list[str] = app.heard.notes
    return notes


def test_advice_names_the_share_that_it_is_for() -> None:
    world, _ = attached(cephfs)
    assert _told(world) == []
    umount(world.app.mounts, world.mount_point)
    assert _told(world) == [
        "hint: guest data: not-mounted: mount it again: sharectl reconcile guest"
    ]


def test_advice_for_a_share_that_is_being_detached_is_not_to_mount_it_again() -> None:
    world, _ = attached(cephfs)
    mapping = change(world.app, world.app.store.load()[0], Intent.DETACHING, "it went wrong")
    umount(world.app.mounts, world.mount_point)
    (told,) = _told(world)
    assert told.startswith(
        "hint: guest data: not-mounted: half detached; finish it: sharectl remove "
    )
    assert told.endswith(f" {mapping.domain_uuid} {mapping.share_id}")


def test_how_to_mount_is_for_a_whole_record_of_a_share_that_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tty = SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("sharectl.cli.show.sys", tty)
    world, _ = attached(cephfs)
    assert "mount -t virtiofs" in run(world.app, "show", "guest", "data").stdout
    assert "virtiofs" not in run(world.app, "show", "guest", "data", "-c", "Health").stdout
    assert "virtiofs" not in run(world.app, "show", "guest", "data", "-f", "value").stdout
    umount(world.app.mounts, world.mount_point)
    world.app.restart()
    result = run(world.app, "show", "guest", "data")
    assert "virtiofs" not in result.stdout
    assert "mount it again: sharectl reconcile guest" in "".join(world.app.heard.notes)


@pytest.mark.parametrize(("width", "tables"), [(120, 2), (400, 1)])
def test_many_columns_that_do_not_fit_are_one_table_for_each_row(
    width: int, tables: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    row = tuple(f"{heading} with some more words" for heading in _HEADINGS)
    print_table(_HEADINGS, [row, row], header=True)
    shown = capsys.readouterr().out
    assert shown.count("╭") == tables
    assert [shown.count(cell) for cell in row] == [2] * len(row)
    assert max(len(line) for line in shown.splitlines()) <= width


_ID = "9aeba170-9387-45aa-b3d5-63b92b13a896"
_SHARES = ("ID", "Name", "Size", "Share Proto", "Status", "Domains")


@pytest.mark.parametrize(
    ("width", "headings", "row", "rules"),
    [
        (120, _SHARES, (_ID, "templates", 1, "CEPHFS", "available", None), 1),
        (80, _SHARES, (_ID, "templates", 1, "CEPHFS", "available", None), 0),
        (80, _SHARES, (_ID, "a much longer name", 1, "CEPHFS", "available", None), 0),
        (80, _SHARES, (_ID, "a much longer name", 1, "CEPHFS", "available", "web1, web2, db"), 2),
        (120, ("Domain", *columns.LIST), ("web1", _ID, "inactive", _ID), 1),
        (80, ("Domain", *columns.LIST), ("web1", _ID, "inactive", _ID), 1),
        (60, ("Domain", *columns.LIST), ("web1", _ID, "inactive", "docs"), 0),
        (60, ("UUID", "Domain UUID"), (_ID, _ID), 2),
        (60, ("Field", "Value"), ("Export Location", _ID), 1),
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_no_id_is_broken(  # noqa: PLR0917 - a row of the table
    width: int, headings: tuple[str, ...], row: tuple[str | int | None, ...], rules: int,
    header: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Frames that are drawn for two rows: one, none where it has no room, one for each row."""
    monkeypatch.setenv("COLUMNS", str(width))
    print_table(headings, [row, row], header=header)
    shown = capsys.readouterr().out
    assert shown.count(_ID) >= 2
    assert max(len(line) for line in shown.splitlines()) <= width
    assert shown.count("╭") == rules
    for cell in row:
        assert cell is None or all(shown.count(word) >= 2 for word in str(cell)[:12].split())

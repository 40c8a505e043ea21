"""Every way out but success is two lines: what failed, and what to do or to type next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from sharectl.adapters.json_store import JsonStore
from sharectl.app import RealApp
from sharectl.cli.terminal import Terminal
from sharectl.config import Config
from sharectl.errors import (
    Denied,
    ExitCode,
    Explained,
    Interrupted,
    SharectlError,
    Unavailable,
)
from sharectl.ports import App
from sharectl.ports.events import Events
from tests.cli.running import run
from tests.fakes import FakeApp


def _kinds(of: type[SharectlError] = SharectlError) -> Iterator[type[SharectlError]]:
    yield of
    for kind in of.__subclasses__():
        yield from _kinds(kind)


_KINDS = tuple(_kinds())


def _fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    def fail(_verb: str) -> None:
        raise error

    app = FakeApp()
    monkeypatch.setattr(app.host, "check_root", fail)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return app


@pytest.mark.parametrize("kind", [*_KINDS, Interrupted], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("hint", [None, "type this"])
def test_an_error_is_two_lines(
    kind: type[Explained], hint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _fail_with(kind("it went wrong", hint=hint), monkeypatch)
    result = run(app, "-q", "add", "vm1", "docs")
    assert (result.exit_code, result.stdout) == (kind.exit_code, "")
    error, second = result.stderr.splitlines()
    assert error == "sharectl: error: it went wrong"
    usual = "sudo sharectl -q add vm1 docs" if kind is Denied else kind.usual_hint
    assert second == f"sharectl: hint: {hint or usual}"


def test_what_only_root_may_do_is_to_be_typed_again_with_sudo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = _fail_with(Denied("it is root's"), monkeypatch)
    result = run(app, "remove", "vm 1", "docs", "--force", "-y", "-v")
    assert result.exit_code == ExitCode.PERMISSION
    hint = result.stderr.splitlines()[-1]
    assert hint == "sharectl: hint: sudo sharectl remove 'vm 1' docs --force -y -v"


def test_sudo_is_no_advice_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _fail_with(Denied("a policy of libvirt forbids it"), monkeypatch)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    result = run(app, "remove", "vm1", "docs")
    assert result.exit_code == ExitCode.PERMISSION
    assert result.stderr.splitlines()[-1] == f"sharectl: hint: {SharectlError.usual_hint}"


def test_so_is_what_only_root_may_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_arguments: object, **_options: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    app: Any = FakeApp()
    app.store = JsonStore(Path("/nowhere/mappings.json"))
    monkeypatch.setattr(Path, "stat", closed)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    hint = run(app, "list", "-f", "json").stderr.splitlines()[-1]
    assert hint == "sharectl: hint: sudo sharectl list -f json"


@pytest.mark.parametrize(
    ("verb", "works_on"),
    [
        ("add", "mounts, domains and sharectl's records"),
        ("forget", "sharectl's records"),
        ("hook install", "the hooks of libvirt"),
    ],
)
def test_the_reason_why_it_takes_root_is_that_of_the_verb(
    verb: str, works_on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    app: Any = FakeApp()
    monkeypatch.setattr(app, "host", RealApp(Config(), app.events).host)
    more = ("guest", "docs") if verb in ("add", "forget") else ()
    first, hint = run(app, *verb.split(), *more).stderr.splitlines()
    assert first == f"sharectl: error: {verb} must be run as root, to whom {works_on} belong"
    assert hint == f"sharectl: hint: sudo sharectl {' '.join((verb, *more))}"


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_a_problem_of_reconcile_is_two_lines(
    kind: type[SharectlError], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sharectl.engine.tally import Tally
    from sharectl.model.outcome import Outcome

    def fail(app: App, _request: object) -> Outcome:
        tally = Tally(app.events)
        tally.failed(kind("it went wrong"))
        return tally.outcome

    monkeypatch.setattr("sharectl.cli.reconcile.reconcile", fail)
    app: Any = FakeApp()
    app.events = Events(Terminal(quiet=True))
    result = run(app, "reconcile")
    silent = issubclass(kind, Unavailable)
    assert result.exit_code == (ExitCode.UNAVAILABLE if silent else ExitCode.PARTIAL)
    assert result.stderr.splitlines() == [
        "sharectl: error: it went wrong", f"sharectl: hint: {kind.usual_hint}"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (click.Abort(), ExitCode.INTERRUPTED),
        (click.ClickException("it went wrong"), ExitCode.INTERNAL),
        (click.FileError("x"), ExitCode.INTERNAL),
        (ZeroDivisionError(), ExitCode.INTERNAL),
    ],
    ids=repr,
)
def test_what_is_no_error_of_ours_is_two_lines_too(
    error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(_fail_with(error, monkeypatch), "add", "vm1", "docs")
    assert (result.exit_code, result.stdout) == (status, "")
    first, second = result.stderr.strip().splitlines()  # Click puts an empty line behind ^C
    assert first.startswith("sharectl: error: ")
    assert second.startswith("sharectl: hint: ")
    assert "sharectl list" in second or "--debug" in second

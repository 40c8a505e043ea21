"""Every way out but success is two lines: what failed, and what to do or to type next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import pytest

from sharectl.cli.progress import StderrReporter
from sharectl.errors import ExitCode, SharectlError
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
    return app


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("hint", [None, "type this"])
def test_an_error_is_two_lines(
    kind: type[SharectlError], hint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _fail_with(kind("it went wrong", hint=hint), monkeypatch)
    result = run(app, "-q", "add", "vm1", "docs")
    assert (result.exit_code, result.stdout) == (kind.exit_code, "")
    error, second = result.stderr.splitlines()
    assert error == "sharectl: error: it went wrong"
    assert second == f"sharectl: hint: {hint or kind.usual_hint}"


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_a_problem_of_reconcile_is_two_lines(
    kind: type[SharectlError], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sharectl.operations.outcome import Listener, Outcome, Progress

    def fail(_app: object, _request: object, listener: Listener) -> Outcome:
        progress = Progress(listener)
        progress.failed(kind("it went wrong"))
        return progress.outcome

    monkeypatch.setattr("sharectl.cli.reconcile.reconcile", fail)
    app: Any = FakeApp()
    app.report = StderrReporter(quiet=True)
    result = run(app, "reconcile")
    assert result.exit_code == ExitCode.PARTIAL
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

"""Outputs that are full, closed or read by nobody: what was done is done, and told so."""

from __future__ import annotations

import ast
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import sharectl.cli
from sharectl.cli.terminal import Terminal
from sharectl.errors import ExitCode, Refused, Unavailable
from sharectl.hook import dispatch as hook
from sharectl.operations.add import add
from sharectl.ports import App
from sharectl.ports.events import Events
from tests.cli.running import run_on
from tests.fakes.mounts import umount
from tests.operations.scenarios import World, attached, nfs


@pytest.fixture
def full() -> Iterator[io.TextIOWrapper]:
    """A disk without room."""
    stream = open("/dev/full", "w")  # noqa: PTH123, SIM115 - closed below
    yield stream
    with suppress(OSError):
        stream.close()


@pytest.fixture
def gone() -> Iterator[io.TextIOWrapper]:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    yield stream
    with suppress(OSError):
        stream.close()


_FULL = "sharectl: error: cannot write the output: No space left on device"
_DONE = "; what was asked for is done"
_HINT = "sharectl: hint: see how things stand: sharectl list"


@pytest.mark.parametrize("form", ["table", "json", "yaml", "csv", "value"])
@pytest.mark.parametrize("verb", [("list",), ("show", "guest", "docs"), ("shares",)])
def test_a_full_disk_is_two_lines(form: str, verb: tuple[str, ...], full: io.TextIOWrapper) -> None:
    world, _ = attached(nfs)
    status, stderr = run_on(world.app, full, *verb, "-f", form)
    assert status == ExitCode.IO
    assert stderr.splitlines() == [_FULL + _DONE, _HINT]


@pytest.mark.parametrize("form", ["table", "json", "yaml", "csv", "value"])
def test_a_reader_that_has_enough_hears_nothing(form: str, gone: io.TextIOWrapper) -> None:
    world, _ = attached(nfs)
    assert run_on(world.app, gone, "list", "-f", form) == (ExitCode.OK, "")


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("add", "--help")], ids=" ".join)
def test_help_and_version(
    words: tuple[str, ...], full: io.TextIOWrapper, gone: io.TextIOWrapper
) -> None:
    status, stderr = run_on(nfs().app, full, *words)
    assert (status, stderr.splitlines()[0]) == (ExitCode.IO, _FULL + _DONE)
    assert run_on(nfs().app, gone, *words) == (ExitCode.OK, "")


@pytest.mark.parametrize("stream", ["full", "gone"])
def test_add_is_done_and_says_so(stream: str, request: pytest.FixtureRequest) -> None:
    world = nfs()
    status, stderr = run_on(
        world.app, request.getfixturevalue(stream), "add", "guest", "docs", "-f", "json"
    )
    assert len(world.app.store.load()) == 1
    assert status == (ExitCode.IO if stream == "full" else ExitCode.OK)
    assert stderr.splitlines() == ([_FULL + _DONE, _HINT] if stream == "full" else [])
    assert add(world.app, world.request).actions == ()


def _two_unmounted() -> World:
    world, _ = attached(nfs)
    umount(world.app.mounts, world.mount_point)
    world.app.restart()
    return world


@pytest.mark.parametrize("stream", ["full", "gone"])
def test_reconcile_goes_on(stream: str, request: pytest.FixtureRequest) -> None:
    world = _two_unmounted()
    status, _ = run_on(world.app, request.getfixturevalue(stream), "reconcile")
    assert status == (ExitCode.IO if stream == "full" else ExitCode.OK)
    assert len(world.app.mounts.list()) == 3 + 1


@pytest.mark.parametrize("stream", ["full", "gone"])
def test_what_reconcile_could_not_do_is_not_hidden_by_the_output(
    stream: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sharectl.engine.tally import Tally
    from sharectl.model.outcome import Outcome

    def half(app: App, _request: object) -> Outcome:
        tally = Tally(app.events)
        tally.changed("one")
        tally.failed(Refused("two", hint="mend it"))
        return tally.outcome

    monkeypatch.setattr("sharectl.cli.reconcile.reconcile", half)
    app: Any = nfs().app
    app.events = Events(Terminal())
    status, stderr = run_on(app, request.getfixturevalue(stream), "reconcile")
    assert status == ExitCode.PARTIAL
    lines = stderr.splitlines()
    assert lines[:2] == ["sharectl: error: two", "sharectl: hint: mend it"]
    assert lines[2:] == ([_FULL, _HINT] if stream == "full" else [])


@pytest.mark.parametrize("stream", ["full", "gone"])
def test_forget_does_not_forget_what_it_could_not_say(
    stream: str, request: pytest.FixtureRequest
) -> None:
    """What is left is in no record then, and would be known to nobody."""
    world, _ = attached(nfs)
    before = world.app.store.load()
    status, stderr = run_on(
        world.app, request.getfixturevalue(stream), "forget", "guest", "docs", "-y"
    )
    assert (status, world.app.store.load()) == (ExitCode.IO, before)
    assert stderr.startswith("sharectl: error: nothing was forgotten")


def test_nobody_reads_the_progress(full: io.TextIOWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    app = nfs().app
    app.events = Events(Terminal(verbose=True))
    monkeypatch.setattr(sys, "stderr", full)
    for words, status in ((("add", "guest", "docs"), 0), (("show", "guest", "none"), 3)):
        assert run_on(app, io.StringIO(), *words, stderr=full)[0] == status
    assert len(app.store.load()) == 1


def test_what_the_system_refuses_is_no_lost_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe to a server that breaks must not pass for a reader that has enough."""
    for error, status in (
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), ExitCode.IO),
        (OSError(errno.EMFILE, "Too many open files", "/x"), ExitCode.IO),
        (MemoryError(), ExitCode.IO),
        (Unavailable("no answer"), ExitCode.UNAVAILABLE),
        (ZeroDivisionError(), ExitCode.INTERNAL),
    ):
        app = nfs().app

        def fail(_verb: str, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(app.host, "check_root", fail)
        found, stderr = run_on(app, io.StringIO(), "add", "guest", "docs")
        assert (found, len(stderr.splitlines())) == (status, 2), error


def test_an_argument_that_is_no_text() -> None:
    status, stderr = run_on(nfs().app, io.StringIO(), "show", "guest", "\udcff")
    assert status == ExitCode.USAGE
    assert stderr.splitlines()[0] == "sharectl: error: '\\udcff' is no UTF-8 text"


@pytest.mark.parametrize("stream", [None, "full"])
def test_the_hook_ends_as_it_would(
    stream: str | None, full: io.TextIOWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise Refused("two\nlines \x1b[31m and \u202e")

    event = ("guest", "prepare", "begin", "-")
    monkeypatch.setattr(sys, "stderr", full if stream else None)
    assert hook.run(broken, event, lambda: b"<domain/>") == 1
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stderr", heard)
    assert hook.run(broken, event, lambda: b"<domain/>") == 1
    assert heard.getvalue() == (
        f"sharectl: two lines \\x1b[31m and \\u202e; {Refused.usual_hint}\n"
    )


def _writers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("print", "click.echo", "click.secho", "sys.stdout.write"):
                yield name
            if name.endswith("stderr.write"):
                yield name


def test_only_one_module_writes() -> None:
    top = Path(sharectl.cli.__file__).parents[1]
    texts = {path: path.read_text() for path in top.rglob("*.py")}
    found = {
        str(path.relative_to(top)): set(_writers(ast.parse(text)))
        for path, text in texts.items()
        if any(word in text for word in ("echo(", "print(", ".write("))
    }
    assert {path: names for path, names in found.items() if names} == {
        "cli/streams.py": {"sys.stdout.write", "sys.stderr.write"},
        "hook/dispatch.py": {"sys.stderr.write"},  # without Click, see there
    }

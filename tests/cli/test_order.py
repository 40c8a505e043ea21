"""Global options before and behind the command, and what stands at the wrong place."""

from __future__ import annotations

from typing import Any

import pytest

from sharectl import cli
from sharectl.cli.terminal import Terminal
from sharectl.config import Config
from sharectl.ports.events import Events
from tests.cli.running import run
from tests.operations.scenarios import attached, nfs

_HERE = ("list", "guest", "-f", "value", "-c", "Status")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the command line asks of the configuration and of the progress on stderr."""
    world, _ = attached(nfs)
    found: list[dict[str, Any]] = []

    def load(file: object, connect: str | None, os_cloud: str | None) -> Config:
        found.append({"config": file and str(file), "connect": connect, "os_cloud": os_cloud})
        return Config()

    def build(_settings: Config, events: Events) -> Any:
        (terminal,) = events.listeners
        assert isinstance(terminal, Terminal)
        found[-1] |= {"verbose": terminal._verbose, "quiet": terminal._quiet}
        return world.app

    monkeypatch.setattr(cli, "_settings", load)
    monkeypatch.setattr(cli, "_build", build)
    return found


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("-v",), {"verbose": True}),
        (("--quiet",), {"quiet": True}),
        (("--os-cloud", "demo"), {"os_cloud": "demo"}),
        (("--os-cloud=demo", "-v"), {"os_cloud": "demo", "verbose": True}),
        (("--os-cloud", "list"), {"os_cloud": "list"}),
        (("--connect", "test:///default", "-q"), {"connect": "test:///default", "quiet": True}),
        (("--config", "x.toml"), {"config": "x.toml"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_global_options_are_taken_anywhere(
    words: tuple[str, ...], meant: dict[str, Any], asked: list[dict[str, Any]]
) -> None:
    for place in range(len(_HERE) + 1):
        if _HERE[place - 1] in ("-f", "-c"):
            continue  # between an option and its value
        result = run(None, *_HERE[:place], *words, *_HERE[place:])  # type: ignore[arg-type]
        assert (result.exit_code, result.stdout) == (0, "inactive\n"), result.stderr
    usual = {"config": None, "connect": None, "os_cloud": None, "verbose": False, "quiet": False}
    assert len(asked) > 4
    assert asked == [usual | meant] * len(asked)


def test_one_without_its_value_swallows_nothing() -> None:
    result = run(attached(nfs)[0].app, "list", "--os-cloud")
    assert result.exit_code == 2
    assert "option '--os-cloud' requires an argument" in result.stderr


def test_what_is_behind_two_dashes_is_no_option() -> None:
    result = run(attached(nfs)[0].app, "list", "--", "-v")
    assert "domain '-v' does not exist" in result.stderr


def test_the_words_of_hook_run_are_those_of_libvirt(monkeypatch: pytest.MonkeyPatch) -> None:
    events = []

    def note(_app: object, event: object, _read: object, **_others: object) -> int:
        events.append(event)
        return 0

    monkeypatch.setattr("sharectl.cli.hook.run", note)
    event = ("--config", "prepare", "begin", "-v")
    for words in (event, ("--", *event)):
        run(attached(nfs)[0].app, "-q", "hook", "run", *words)
    assert events == [event, event]


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("-f json list", "list -f json"),
        ("--format=json list guest --long", "list guest --long --format=json"),
        ("-q -c Status show guest docs", "-q show guest docs -c Status"),
        ("-f json", None),
        ("--bogus list", None),
    ],
)
def test_an_option_of_a_command_before_it_is_told_where_it_belongs(
    typed: str, right: str | None
) -> None:
    result = run(attached(nfs)[0].app, *typed.split())
    error, hint = result.stderr.splitlines()
    assert result.exit_code == 2
    assert error.startswith("sharectl: error: no such option")
    asked_for = f"type: sharectl {right}" if right else "see: sharectl --help"
    assert hint == f"sharectl: hint: {asked_for}"

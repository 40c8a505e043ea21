"""Options that several commands share."""

from __future__ import annotations

import pytest

from tests.cli.running import run
from tests.fakes import FakeApp
from tests.operations.scenarios import nfs

_MEMORY = "--enable-shared-memory"
_WITH_TIMEOUT = (("add", "vm1", "docs"), ("remove", "vm1", "docs"), ("reconcile",), ("adopt",))


@pytest.mark.parametrize("seconds", ["nan", "NaN", "inf", "-inf", "-1", "1e9", "soon"])
@pytest.mark.parametrize("verb", _WITH_TIMEOUT, ids=" ".join)
def test_a_timeout_that_would_never_end_is_refused(verb: tuple[str, ...], seconds: str) -> None:
    result = run(FakeApp(), *verb, f"--timeout={seconds}")
    assert (result.exit_code, result.stdout) == (2, "")
    error, hint = result.stderr.splitlines()
    assert error == (
        f"sharectl: error: invalid value for '--timeout': {seconds!r} is not a number of seconds"
        " from 0 to 86400"
    )
    assert hint == f"sharectl: hint: see: sharectl {verb[0]} --help"


@pytest.mark.parametrize("seconds", ["0", "0.5", "1e3", "86400"])
def test_seconds_from_none_to_a_day(seconds: str) -> None:
    assert run(FakeApp(), "adopt", f"--timeout={seconds}").exit_code == 0


@pytest.mark.parametrize(
    "verb", [("add", "guest", "docs"), ("reconcile",), ("adopt",)], ids=" ".join
)
def test_yes_is_accepted_where_nothing_is_asked_and_said_to_be(verb: tuple[str, ...]) -> None:
    assert run(nfs().app, *verb, "--yes").exit_code == 0
    assert "this command never asks" in run(FakeApp(), verb[0], "--help").stdout


@pytest.mark.parametrize("words", [(), ("hook",)], ids=" ".join)
def test_no_summary_of_a_command_is_cut(words: tuple[str, ...]) -> None:
    help_text = run(FakeApp(), *words, "--help").stdout
    assert "Commands:" in help_text
    assert "..." not in help_text.partition("Commands:")[2]


def test_no_help_speaks_of_ranges_in_symbols() -> None:
    assert "<=" not in run(FakeApp(), "add", "--help").stdout


@pytest.mark.parametrize("kind", ["memfd", "file", "hugepages"])
def test_a_kind_of_memory_without_its_equals_sign(kind: str) -> None:
    for words in (("guest", "docs", _MEMORY, kind), (_MEMORY, kind, "guest", "docs")):
        result = run(nfs().app, "add", *words)
        error, hint = result.stderr.splitlines()
        assert result.exit_code == 2
        assert error.startswith("sharectl: error: got unexpected extra argument")
        assert hint.endswith(f"with an equals sign: {_MEMORY}={kind}")


def test_other_mistakes_and_domains_called_so_have_nothing_to_do_with_memory() -> None:
    result = run(nfs().app, "add", "guest", "docs", "x", _MEMORY)
    assert result.stderr.endswith("see: sharectl add --help\n")
    result = run(nfs().app, "add", _MEMORY, "file", "docs")
    assert "domain 'file' does not exist" in result.stderr

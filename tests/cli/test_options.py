"""Options that several commands share."""

from __future__ import annotations

import pytest

from tests.cli.running import run
from tests.fakes import FakeApp

_WITH_TIMEOUT = (("add", "vm1", "docs"), ("remove", "vm1", "docs"), ("reconcile",), ("adopt",))


@pytest.mark.parametrize("seconds", ["nan", "NaN", "inf", "-inf", "-1", "1e9", "soon"])
@pytest.mark.parametrize("verb", _WITH_TIMEOUT, ids=" ".join)
def test_a_timeout_that_would_never_end_is_refused(verb: tuple[str, ...], seconds: str) -> None:
    result = run(FakeApp(), *verb, f"--timeout={seconds}")
    assert (result.exit_code, result.stdout) == (2, "")
    error, hint = result.stderr.splitlines()
    assert "'--timeout'" in error
    assert hint == f"sharectl: hint: see: sharectl {verb[0]} --help"

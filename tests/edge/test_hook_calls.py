"""The hook with each of its calls made to fail: one line, and no start that is not right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sharectl.hook import __main__ as hook
from tests.edge.hook_cases import CASES, Told, hook_run
from tests.edge.inject import Report, inject

pytestmark = pytest.mark.processes


@pytest.mark.lab
@pytest.mark.parametrize("name", CASES)
def test_each_call_raises(tmp_path: Path, name: str) -> None:
    report = Report()
    inject(hook_run(tmp_path, CASES[name]), report, size=2)
    assert not report.wrong, "\n".join(report.wrong)


def test_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr(sys, "stderr", told)
    assert hook.main([]) == 2
    assert told.text.startswith("sharectl: usage: python3 -m sharectl.hook CONFIG DOMAIN ")
    assert hook.main([""]) == hook.main(["", "one"]) == 0


def test_library_that_cannot_be_loaded() -> None:
    """A start is refused in one line; what may not fail does not ask for it."""
    code = "import sys; sys.modules['lxml'] = None\nfrom sharectl.hook import __main__ as hook\n"
    hint = f"see what it lacks: {sys.executable} -c 'import lxml'\n"
    for operation, status in (("prepare", 1), ("reconnect", 0)):
        words = ["", "one", operation, "begin", "-"]
        argv = [sys.executable, "-c", f"{code}sys.exit(hook.main({words}))"]
        done = subprocess.run(argv, input=b"<domain/>", capture_output=True, check=False)
        told = done.stderr.decode()
        assert done.returncode == status, told
        assert not status or told.startswith("sharectl: library lxml cannot be loaded: ")
        assert not status or told.endswith(hint)
        assert told.count("\n") == status

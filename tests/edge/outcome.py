"""How a use of the adapters ends, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import Result

from sharectl.errors import ExitCode, SharectlError
from sharectl.foreign import as_ours
from tests.edge.calls import PARSERS, Watch, watching
from tests.edge.inject import Run

_TOLD = {ExitCode.OK, ExitCode.DRIFT, ExitCode.PARTIAL}


def wrong_with(error: SharectlError) -> str:
    """What is not as the contract has it; nothing if all is well."""
    if error.exit_code is ExitCode.INTERNAL:
        return "status 1"
    if "\n" in error.message or "\n" in error.advice or not error.message:
        return "not two lines"
    return ""


def wrong_with_use(use: Callable[[], object], *, foreign: type[Exception] = MemoryError) -> str:
    """The same of what `use()` raises.

    Foreign exceptions stop in the adapters, but for lack of memory, what the parsers raise while
    they write, and `foreign`: the boundary above makes errors of ours of these.
    """
    try:
        use()
    except SharectlError as error:
        return wrong_with(error)
    except Exception as error:  # noqa: BLE001 - which is what is looked for
        ours = as_ours(error)
        if ours is None:
            return f"not ours: {type(error).__name__}"
        passes = isinstance(error, MemoryError | foreign) or any(
            f"library {name} failed" in ours.message for name in PARSERS
        )
        return wrong_with(ours) if passes else "it leaves the adapter"
    return ""


def run_of(
    prepare: Callable[[], Callable[[], object]], *, foreign: type[Exception] = MemoryError
) -> Run:
    """For `inject`: what `prepare()` gives is used, and watched."""

    def run(watch: Watch) -> str:
        use = prepare()
        with watching(watch):
            return wrong_with_use(use, foreign=foreign)

    return run


def wrong_with_result(result: Result) -> str:
    """What is not as the contract has it of a command that has ended."""
    if result.exit_code not in set(ExitCode) - {ExitCode.INTERNAL}:
        return "status"
    if "Traceback" in result.output or not isinstance(result.exception, (SystemExit, type(None))):
        return "traceback"
    lines = result.stderr.splitlines()
    errors = [line for line in lines if line.startswith("sharectl: error: ")]
    if result.exit_code not in _TOLD and not errors:
        return "no error line"
    if any(not line.startswith("sharectl: ") for line in lines):
        return "a line of somebody else"
    if not all(line.isprintable() for line in (*lines, *result.stdout.splitlines())):
        return "a control character"
    return ""

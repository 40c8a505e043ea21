"""The one error boundary: whatever is raised becomes two lines on stderr and an exit code."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from typing import Any, NoReturn

import click

from sharectl.cli.streams import drop, say_error
from sharectl.errors import Denied, ExitCode, Interrupted, SharectlError


class Misused(click.UsageError):
    """A mistake for which we know better what to type than to see the help."""

    def __init__(self, message: str, ctx: click.Context, hint: str) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class Boundary(click.Group):
    """A group that ends the program, as the contract has it, for every way out."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the command line and exit."""
        kwargs["standalone_mode"] = False
        _leave(self._status(args, kwargs))

    def _status(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        try:
            result = super().main(*args, **kwargs)
            sys.stdout.flush()
        except click.UsageError as error:
            return _usage(error)
        except click.ClickException as error:
            return _report(error.format_message(), SharectlError.usual_hint, error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            return _report("interrupted", Interrupted.usual_hint, ExitCode.INTERRUPTED)
        except OSError as error:  # of the output: what else fails is told in `invoke`
            drop(sys.stdout)
            text = f"cannot write the output: {error.strerror}"
            return _report(text, "the rest is done; see: sharectl list", ExitCode.IO)
        return result if isinstance(result, int) else ExitCode.OK

    def make_context(
        self, info_name: str | None, args: list[str], *others: Any, **kwargs: Any
    ) -> click.Context:
        """Parse the command line; --help and --version print here."""
        typed = tuple(args)
        try:
            ctx = super().make_context(info_name, args, *others, **kwargs)
        except BrokenPipeError:
            _end_of_pipe()
        ctx.meta["sharectl.typed"] = typed
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors are told here, where --debug is known."""
        try:
            return super().invoke(ctx)
        except SharectlError as error:
            ctx.meta.get("sharectl.done", int)()
            if ctx.meta.get("sharectl.debug"):
                _print_traceback()
            ctx.exit(_report(error.message, _advice(error, ctx), error.exit_code))
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _end_of_pipe()
        except Exception as error:  # noqa: BLE001 - a traceback is no error message
            ctx.meta.get("sharectl.done", int)()
            if ctx.meta.get("sharectl.debug"):
                _print_traceback()
            text = f"internal error: {type(error).__name__}: {error}"
            hint = "run it again with --debug and report what it prints"
            ctx.exit(_report(text, hint, ExitCode.INTERNAL))


def _advice(error: SharectlError, ctx: click.Context) -> str:
    """The hint; for what only root may do, the whole command, which nobody but we knows."""
    if not isinstance(error, Denied) or error.advice != Denied.usual_hint:
        return error.advice
    return f"sudo {shlex.join(['sharectl', *ctx.meta.get('sharectl.typed', ())])}"


def _end_of_pipe() -> NoReturn:
    """The reader of our output has enough, as with `sharectl list | head -1`.

    Click itself would exit with status 1.
    """
    drop(sys.stdout)
    raise click.exceptions.Exit(ExitCode.OK)


def _print_traceback() -> None:
    import traceback

    traceback.print_exc()


def _usage(error: click.UsageError) -> int:
    path = error.ctx.command_path if error.ctx is not None else "sharectl"
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    hint = error.hint if isinstance(error, Misused) else f"see: {path} --help"
    return _report(message, hint, ExitCode.USAGE)


def _report(message: str, hint: str, code: int) -> int:
    say_error(message, hint)
    return int(code)


def _leave(code: int) -> NoReturn:
    """Exit; without waiting for threads that hang in a library call that was given up."""
    sys.stderr.flush()
    if threading.active_count() > 1 and threading.current_thread() is threading.main_thread():
        os._exit(code)
    sys.exit(code)

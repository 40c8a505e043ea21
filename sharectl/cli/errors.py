"""The error boundary: every exception becomes two lines on stderr and an exit status."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import click

from sharectl.cli.streams import begin, drawing, lost, say, say_error, was_refused
from sharectl.errors import Denied, ExitCode, Explained, Interrupted, SharectlError
from sharectl.foreign import as_ours
from sharectl.host_files import reason_of


class Misused(click.UsageError):
    """A mistake for which there is a better hint than to read the help."""

    def __init__(self, message: str, ctx: click.Context | None, hint: str) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class Boundary(click.Group):
    """A group that ends the program with the documented exit status in every case."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the command line and exit."""
        kwargs["standalone_mode"] = False
        begin()
        _leave(_ended(self._status(args, kwargs)))

    def _status(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        try:
            result = super().main(*args, **kwargs)
        except click.UsageError as error:
            return _usage(error)
        except click.ClickException as error:
            return _report(error.format_message(), SharectlError.usual_hint, error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            return _report("interrupted", Interrupted.usual_hint, ExitCode.INTERRUPTED)
        return result if isinstance(result, int) else ExitCode.OK

    def make_context(
        self, info_name: str | None, args: list[str], *others: Any, **kwargs: Any
    ) -> click.Context:
        """Parse the command line; --help and --version print here."""
        typed = tuple(args)
        _check_text(typed)
        ctx: click.Context | None = None
        with drawing():
            ctx = super().make_context(info_name, args, *others, **kwargs)
        if ctx is None:
            raise click.exceptions.Exit(ExitCode.OK)
        ctx.meta["sharectl.typed"] = typed
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Errors are reported here, where --debug is known."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Interrupted as error:
            ctx.exit(_report(error.message, _advice(error, ctx), error.exit_code))
        except Exception as error:  # noqa: BLE001 - a traceback is no error message
            if isinstance(error, OSError) and was_refused():
                ctx.exit(ExitCode.OK)  # Click itself prints the help of a command
            if ctx.meta.get("sharectl.debug"):
                _print_traceback()
            ours = as_ours(error)
            if ours is not None:
                ctx.exit(_report(ours.message, _advice(ours, ctx), ours.exit_code))
            text = f"internal error: {type(error).__name__}: {error}"
            hint = "run it again with --debug and report what it prints"
            ctx.exit(_report(text, hint, ExitCode.INTERNAL))


def _check_text(words: tuple[str, ...]) -> None:
    """Refuse names that are not valid text; neither libvirt nor Manila has such names."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise Misused(f"{word!r} is no UTF-8 text", None, "see: sharectl --help") from error


def _ended(code: int) -> int:
    """The exit status, if stdout may not have accepted everything.

    A reader that closes the pipe early is no error, as with `sharectl list | head -1`; Click itself
    would exit with status 1. The work has been done, so its own exit status is kept.
    """
    error = lost()
    if error is None or isinstance(error, BrokenPipeError):
        return code
    done = "" if code else "; what was asked for is done"
    text = f"cannot write the output: {reason_of(error)}{done}"
    return _report(text, "see how things stand: sharectl list", code or ExitCode.IO)


def _advice(error: Explained, ctx: click.Context) -> str:
    """The hint; if only root may do something, with the whole command line, known only here."""
    if not isinstance(error, Denied) or error.advice != Denied.usual_hint:
        complete: Callable[[str], str] = ctx.meta.get("sharectl.complete", str)
        return complete(error.advice)
    if os.geteuid() == 0:
        return SharectlError.usual_hint
    return f"sudo {shlex.join(['sharectl', *ctx.meta.get('sharectl.typed', ())])}"


def _print_traceback() -> None:
    import traceback

    for line in traceback.format_exc().splitlines():
        say(line)


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
    """Exit without waiting for threads that hang in a library call that was given up."""
    with suppress(OSError):
        sys.stderr.flush()
    if threading.active_count() > 1 and threading.current_thread() is threading.main_thread():
        os._exit(code)
    sys.exit(code)

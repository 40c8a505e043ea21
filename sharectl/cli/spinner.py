"""Shows on a terminal what is being done, until something else is printed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

_drawn: list[tuple[Any, Any]] = []  # the live display and its wheel, while there is one


def spin(text: str) -> None:
    """Show `text` beside a wheel on stderr, in place of what was there.

    Each text is drawn at once, even if it is replaced before the next turn of the wheel.
    """
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    with suppress(OSError):  # the terminal is gone
        if _drawn:
            live, wheel = _drawn[0]
            wheel.update(text=Text(text))
            live.refresh()
            return
        console = Console(stderr=True)
        form = "dots" if console.encoding.startswith("utf") else "line"
        wheel = Spinner(form, Text(text), style="green")
        live = Live(wheel, console=console, transient=True)
        _drawn.append((live, wheel))
        live.start(refresh=True)


def stop() -> None:
    """Remove the spinner. Everything that prints calls this first."""
    while _drawn:
        with suppress(OSError):
            _drawn.pop()[0].stop()

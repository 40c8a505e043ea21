"""Text as it is shown on standard output."""

from __future__ import annotations

import json
import sys

from sharectl.model.text import is_visible, printable


def shown(text: str) -> str:
    """`text` in one line, with what the output cannot show as backslash escapes."""
    plain = printable(text)
    if plain.isascii():
        return plain
    encoding = _encoding()
    return plain.encode(encoding, "backslashreplace").decode(encoding)


def json_lines(value: object) -> list[str]:
    """`value` as a JSON document, where each such character is an escape of JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=not _takes(value))
    lines = text.split("\n")
    return [line if line.isascii() and line.isprintable() else _escaped(line) for line in lines]


def _takes(value: object) -> bool:
    """Whether the output has each character of `value`."""
    try:
        json.dumps(value, ensure_ascii=False).encode(_encoding())
    except UnicodeEncodeError:
        return False
    return True


def _escaped(line: str) -> str:
    return "".join(c if is_visible(c) else json.dumps(c)[1:-1] for c in line)


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def width(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    import unicodedata

    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""Text from outside, made safe for a terminal, a journal and line-wise scripts."""

from __future__ import annotations

import re

# Letters and marks to Unicode, and nothing to be seen: what Python takes for printable of the
# property Default_Ignorable_Code_Point, and the braille blank. The selectors U+FE00 to U+FE0F are
# not among them: with one a sign is an emoji.
_INVISIBLE = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0100-\U000e01ef]"
)


def printable(text: str) -> str:
    """`text` in one line, with control and invisible characters as backslash escapes."""
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(c if is_visible(c) else _escape(c) for c in text)


def is_visible(character: str) -> bool:
    """Whether a terminal shows the character and does nothing else."""
    return character.isprintable() and not _INVISIBLE.match(character)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

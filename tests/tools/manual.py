"""Manual pages as text by section, so that tests can hold them against the code.

Understood is the part of man(7) that our pages use: sections, tagged paragraphs, fonts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

# The arguments of these are set in two fonts by turns, without blanks between.
_BY_TURNS = frozenset({".BR", ".RB", ".BI", ".IB", ".IR", ".RI"})
_IN_ONE_FONT = frozenset({".B", ".I"})
_ARGUMENT = re.compile(r'"([^"]*)"|(\S+)')
_ESCAPES = {r"\-": "-", r"\(dq": '"', r"\(lq": '"', r"\(rq": '"', r"\(bu": "*"}


@dataclass
class Section:
    """A section or subsection: its text, line by line, and the tags of its tagged paragraphs.

    `entries` are the lines of each tagged paragraph, by its tag.
    """

    lines: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    entries: dict[str, list[str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text as one line."""
        return " ".join(self.lines)


def sections(page: Path) -> dict[str, Section]:
    """The sections of a manual page, by title; subsections stand on their own."""
    found: dict[str, Section] = {}
    current, tagged = Section(), False
    for line in page.read_text().splitlines():
        macro = line.split(" ", 1)[0]
        if macro in (".SH", ".SS"):
            current = found.setdefault(_text(line.partition(" ")[2]), Section())
        elif macro in (".TP", ".TQ"):
            tagged = True
        elif not line.startswith(".") or macro in _BY_TURNS | _IN_ONE_FONT:
            text = _line(line)
            current.lines.append(text)
            if tagged:
                current.tags.append(text)
                current.entries[text] = []
            elif current.tags:
                current.entries[current.tags[-1]].append(text)
            tagged = False
    return found


def _line(line: str) -> str:
    macro, _, rest = line.partition(" ")
    if macro not in _BY_TURNS | _IN_ONE_FONT:
        return _text(line)
    words = [quoted or plain for quoted, plain in _ARGUMENT.findall(rest)]
    return _text(("" if macro in _BY_TURNS else " ").join(words))


def _text(text: str) -> str:
    text = re.sub(r"\\f.", "", text)
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text

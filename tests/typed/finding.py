"""The commands in a text: where each begins and ends.

A command ends where a reader would end it: at a semicolon, at a comma or a colon before a blank, at
a closing bracket, at `&&`, or where the text ends. What is quoted is part of it.
"""

from __future__ import annotations

import re
import shlex

# As `sharectl.hints` finds them: "another sharectl removed it" names none.
_BEGIN = re.compile(
    r"(?<![\w/.'-])(?:virsh (?=-c |[a-z])|openstack (?=--os-cloud |share |token |catalog )"
    r"|sharectl (?=--|(?:VERBS)\b))"
)
_END = re.compile(r";|[,:](?=\s|$)|\)|\s&&|\s\|\s|\s>\s|\n|$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def commands_in(text: str, verbs: tuple[str, ...]) -> list[list[str]]:
    """The words of each command in `text`; `verbs` are those of sharectl."""
    begin = re.compile(_BEGIN.pattern.replace("VERBS", "|".join(verbs)))
    quoted = [found.span() for found in _QUOTED.finditer(text)]

    def is_quoted(place: int) -> bool:
        return any(start < place < end for start, end in quoted)

    found = []
    for start in begin.finditer(text):
        if is_quoted(start.start()):
            continue
        ends = (end.start() for end in _END.finditer(text, start.end()))
        found.append(shlex.split(text[start.start() : next(e for e in ends if not is_quoted(e))]))
    return found

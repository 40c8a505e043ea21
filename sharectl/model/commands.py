"""Words of the commands that hints name: safe to paste into a shell, and never ambiguous."""

from __future__ import annotations

import re
import shlex

# A name that no shell, no option parser and no look-up by id takes for something else.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]*")
_UUID_DIGITS = 32


def domain_word(name: str, uuid: str = "") -> str:
    """The word that means this domain to both virsh and sharectl.

    Args:
        name: the domain's name.
        uuid: its UUID, where that is known.

    Returns the name where that is plain, and the UUID otherwise: virsh takes `1` for an id, what
    looks like a UUID for one, and `-x` for an option.
    """
    if _is_plain(name):
        return name
    return uuid or word(name)


def _is_plain(name: str) -> bool:
    return bool(_PLAIN.fullmatch(name)) and not is_like_uuid(name)


def is_like_uuid(text: str) -> bool:
    """Whether libvirt would read `text` as a UUID: 32 hexadecimal digits, dashes left out."""
    digits = text.replace("-", "")
    return len(digits) == _UUID_DIGITS and all(c in "0123456789abcdefABCDEF" for c in digits)


def word(text: str) -> str:
    """`text` as one argument for a shell. Behind `--` if it would be taken for an option."""
    quoted = shlex.quote(text)
    return f"-- {quoted}" if text.startswith("-") else quoted


def join(*arguments: str, options: tuple[str, ...] = ()) -> str:
    """A command for a shell; `options` stand before a `--` where an argument begins with a dash.

    Args:
        arguments: program, verb and positional arguments.
        options: what goes with them.
    """
    if any(item.startswith("-") for item in arguments):
        program, verb, *rest = arguments
        return shlex.join([program, verb, *options, "--", *rest])
    return shlex.join([*arguments, *options])

"""What the values of the configuration file may be."""

from __future__ import annotations

import re
from typing import Any

from sharectl.errors import ConfigError

MOST_SECONDS = 3600.0  # for any of the times
# Manila takes 255 characters. Ceph names a file after the id and cannot for the longest of these:
# the rule could never be withdrawn. Periods are refused by Manila, commas end a mount option.
_CEPHX_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@:+-]{0,127}")
_LONGEST_WORD = 200  # of the file, in an error


def checked(where: str, name: str, value: Any, default: Any, choices: tuple[str, ...]) -> Any:
    """`value` as the field wants it. Raises `ConfigError`.

    Args:
        where: file and key, for errors.
        name: the field.
        value: what the file has.
        default: the field's; the kind is that of the default, text where that is None.
        choices: the only values; empty for any.
    """
    if isinstance(default, float):
        return _seconds(where, value)
    if isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{where} must be a list of strings")
        return tuple(_text(where, item) for item in value)
    if not isinstance(value, str):
        raise ConfigError(f"{where} must be a string")
    return _chosen(where, name, _text(where, value), choices)


def _chosen(where: str, name: str, value: str, choices: tuple[str, ...]) -> str:
    if choices and value not in choices:
        raise ConfigError(f"{where} must be one of {', '.join(choices)}")
    if name == "cephfs_access_to" and not _CEPHX_ID.fullmatch(value):
        raise ConfigError(
            f"{where} must be a cephx id: at most 128 letters, digits and _ - @ : +",
            hint="leave it out, and sharectl takes an id of this host's own for each share",
        )
    if name == "nfs_access_to":
        _check_network(where, value)
    return value


def _seconds(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{where} must be a number of seconds above 0")
    if not 0 < value <= MOST_SECONDS:  # also for what is not a number
        raise ConfigError(f"{where} must be a number of seconds above 0, up to {MOST_SECONDS:g}")
    return float(value)


def _text(where: str, text: str) -> str:
    """No program takes NUL, and a line break would begin another setting elsewhere."""
    if any(ord(character) < 0x20 or character == "\x7f" for character in text):
        raise ConfigError(f"{where} must not have control characters in it")
    return text


def _check_network(where: str, text: str) -> None:
    from ipaddress import ip_network

    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ConfigError(f"{where} must be an IP address, or a network as ADDRESS/BITS") from error


def short(text: str) -> str:
    """A text of the file as an error shows it."""
    return text if len(text) <= _LONGEST_WORD else f"{text[:_LONGEST_WORD]}..."

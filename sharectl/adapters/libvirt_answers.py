"""What libvirt's objects answer, read with suspicion.

The bindings hand on what they are given. By what is returned here it is decided whether a domain
runs and what it uses, so that nothing may pass for "no" or "nothing" that is not libvirt's word.
"""

from __future__ import annotations

import re
from typing import Any

from sharectl.errors import BackendError
from sharectl.model.xml import parse

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_SHOWN = 100


def text(value: object, what: str) -> str:
    """A text that is not empty, and that can be written as UTF-8.

    Args:
        value: what libvirt has returned.
        what: what it should be, for the message of the `BackendError`.
    """
    if not (isinstance(value, str) and value and _is_unicode(value)):
        raise _strange(value, what)
    return value


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def number(value: object, what: str) -> int:
    """A count or a version. Arguments and errors are those of `text`."""
    if not (isinstance(value, int) and 0 <= value < 2**63):
        raise _strange(value, what)
    return int(value)


def yes(value: object, what: str) -> bool:
    """1 or 0. Arguments and errors are those of `text`."""
    if not (isinstance(value, int) and value in (0, 1)):
        raise _strange(value, what)
    return bool(value)


def objects(value: object, what: str) -> list[Any]:
    """A list of libvirt's own objects. Arguments and errors are those of `text`."""
    if not isinstance(value, list):
        raise _strange(value, what)
    return value


def uuid(domain: Any) -> str:
    """The UUID of libvirt's object `domain`. Raises `BackendError`."""
    value = domain.UUIDString()
    if not (isinstance(value, str) and _UUID.fullmatch(value)):
        raise _strange(value, "the UUID of a domain")
    return value


def name(domain: Any) -> str:
    """The name of libvirt's object `domain`. Raises `BackendError`."""
    return text(domain.name(), "the name of a domain")


def definition(domain: Any, flags: int) -> tuple[str, Any]:
    """The XML of libvirt's object `domain` and its root element.

    Raises `BackendError` for what is no XML, and for XML that is not of this domain: edited, it
    would become the definition of another one.
    """
    xml = text(domain.XMLDesc(flags), "the XML of a domain")
    root = parse(xml)
    if root.tag != "domain" or root.findtext("uuid") != uuid(domain):
        raise BackendError(f"libvirt gave XML for domain {name(domain)} that is not its own")
    return xml, root


def _strange(value: object, what: str) -> BackendError:
    return BackendError(f"libvirt gave {ascii(value)[:_MOST_SHOWN]} as {what}")

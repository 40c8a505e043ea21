"""What libvirt keeps on disk of its domains, read while it cannot tell.

libvirt lists domains with a lock on each, and a domain keeps its lock while a hook of its start
runs: no list is answered then. The system's libvirt has each domain in one of two folders before it
tells anybody of it, whether its daemon is libvirtd or virtqemud.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sharectl.errors import SharectlError, Unavailable, said
from sharectl.host_files import MIB, Unreadable, listed, read_text
from sharectl.model.domain_xml import paths
from sharectl.model.host import SYSTEM
from sharectl.model.xml import parse

DEFINITIONS, STATES = Path("/etc/libvirt/qemu"), Path("/run/libvirt/qemu")
_MOST = 64 * MIB


@dataclass(frozen=True)
class OnDisk:
    """What the files say of one domain; `paths` are those of its definition and its state."""

    uuid: str
    name: str
    paths: frozenset[str]


def read(uri: str) -> dict[str, OnDisk] | None:
    """All domains by UUID; None for a libvirt other than the system's, whose folders are elsewhere.

    Only a domain without a definition that is just being started is not among them.

    Raises `Unavailable` when a file cannot be read: then it is not known which domains there are.
    """
    if uri != SYSTEM or not os.path.isdir(DEFINITIONS):  # noqa: PTH112 - never raises
        return None
    found: dict[str, OnDisk] = {}
    for path in (*_files(DEFINITIONS), *_files(STATES)):
        for item in _domain(path):
            known = found.get(item.uuid)
            paths = item.paths | known.paths if known else item.paths
            found[item.uuid] = OnDisk(item.uuid, item.name, paths)
    return found


def _files(folder: Path) -> list[Path]:
    try:
        return listed(folder, ".xml")
    except Unreadable as error:
        raise _unseen(folder, error.reason) from error


def _unseen(path: Path, why: object) -> Unavailable:
    return Unavailable(
        f"libvirt does not say which domains it has, and {path} cannot be read: {why}",
        hint="see what libvirt waits for: virsh list --all",
    )


def _domain(path: Path) -> tuple[OnDisk, ...]:
    """Of one file; none when the file is gone: libvirt deletes it with the domain."""
    try:
        return _parsed(read_text(path, _MOST))
    except FileNotFoundError:
        return ()
    except (Unreadable, SharectlError) as error:
        raise _unseen(path, error) from error
    except Exception as error:
        raise _unseen(path, said(error)) from error


def _parsed(text: str) -> tuple[OnDisk, ...]:
    root = parse(text)
    domain = root if root.tag == "domain" else root.find("domain")
    uuid = domain.findtext("uuid") if domain is not None else None
    if domain is None or uuid is None:
        return ()
    return (OnDisk(uuid, domain.findtext("name") or uuid, paths(domain)),)

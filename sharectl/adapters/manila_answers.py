"""Manila's answers, read with suspicion: shares, export locations and access rules.

Each function takes JSON as it came, and raises `Malformed` for what Manila never sends. What is
between here and there may answer with anything: an HTML page, an empty body, another service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sharectl.model.enums import RuleState
from sharectl.model.hindrance import Hindrance, hindrance_of
from sharectl.model.share import AccessRule, ExportLocation, Share

HIDDEN = "******"  # in place of the client and the key of a rule that another user locked
_NEWEST_MAJOR = "v2"
_MICROVERSION = re.compile(r"2\.(\d{1,9})")
# Such an ID can name a folder and be part of an address.
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")

Json = Mapping[str, Any]


class Malformed(ValueError):
    """Not an answer of Manila's."""


def content(body: object, name: str) -> Json:
    """The object `name` of an answer."""
    found = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(found, Mapping):
        raise Malformed(f"an answer without {name!r}")
    return found


def items(body: object, name: str) -> tuple[Json, ...]:
    """The list `name` of an answer, each with an ID; never empty because it is missing."""
    found = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        raise Malformed(f"an answer without a list of {name!r}")
    if not all(isinstance(item, Mapping) and isinstance(item.get("id"), str) for item in found):
        raise Malformed(f"a list of {name!r} with other things in it")
    return tuple(found)


def is_version_document(body: object) -> bool:
    """Whether it is what Manila answers at the root of its API: the microversions it speaks."""
    try:
        return bool(newest_version(body))
    except Malformed:
        return False


def newest_version(body: object) -> tuple[int, int]:
    """The newest microversion in the document at the root of Manila's API."""
    found = [
        (2, int(match[1]))
        for item in items(body, "versions")
        if item["id"].startswith(_NEWEST_MAJOR)
        and (match := _MICROVERSION.fullmatch(str(item.get("version"))))
    ]
    if not found:
        raise Malformed("an answer without Manila's versions")
    return max(found)


def share(found: Json, locations: tuple[ExportLocation, ...]) -> Share:
    """A share of a detailed answer."""
    return Share(
        id=ident(found),
        name=_text(found, "name", default=""),
        protocol=_text(found, "share_proto", default="").upper(),
        status=_text(found, "status"),
        project_id=_text({"project_id": None, **found}, "project_id", default=""),
        size_gib=_size(found),
        export_locations=locations,
        metadata=_metadata(found),
        hindrance=hindrance(found),
    )


def ident(found: Json) -> str:
    """The ID of a share or rule."""
    if not _ID.fullmatch(_text(found, "id")):
        raise Malformed(f"the impossible ID {found['id'][:80]!r}")
    return str(found["id"])


def _text(found: Json, name: str, default: str | None = None) -> str:
    """The text `name`; `default` where it is null, if null is possible."""
    if name not in found:
        raise Malformed(f"something without {name!r}")
    value = found[name] if found[name] is not None else default
    if not isinstance(value, str):
        raise Malformed(f"something whose {name!r} is no text")
    return value


def _size(found: Json) -> int:
    size = found.get("size", "missing")
    if size is None:
        return 0  # of a share that is being taken into Manila
    if isinstance(size, bool) or not isinstance(size, int):
        raise Malformed("a share with an impossible size")
    return size


def _metadata(found: Json) -> Mapping[str, str]:
    """Keys and values; whoever may write them may write numbers."""
    metadata = found.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise Malformed("something with impossible metadata")
    return MappingProxyType({str(key): str(value) for key, value in metadata.items()})


def hindrance(found: Json) -> Hindrance | None:
    """What hinders its use; `is_soft_deleted` is told since microversion 2.69."""
    purged_at, task_state = found.get("scheduled_to_be_deleted_at"), found.get("task_state")
    return hindrance_of(
        str(found["id"]),
        str(found["status"]),
        task_state=str(task_state) if task_state else None,
        soft_deleted=found.get("is_soft_deleted") is True,
        purged_at=str(purged_at) if purged_at else None,
    )


def locations(found: tuple[Json, ...]) -> tuple[ExportLocation, ...]:
    """All but those for admins only, the preferred ones first."""
    usable = [
        ExportLocation(
            _text(item, "path"),
            item.get("preferred") is True,
            _text({"id": None, **item}, "id", default=""),
        )
        for item in found
        if not item.get("is_admin_only")
    ]
    return tuple(sorted(usable, key=lambda item: not item.preferred))


def old_locations(found: Json) -> tuple[ExportLocation, ...]:
    """Before 2.9 the share itself lists its export locations."""
    paths = found.get("export_locations") or ()
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str) for path in paths):
        raise Malformed("a share with impossible export locations")
    return tuple(ExportLocation(path) for path in paths)


def rule(found: Json, *, with_metadata: bool) -> AccessRule:
    """An access rule.

    Args:
        found: as Manila shows it.
        with_metadata: whether the server is new enough to have any (2.45).
    """
    to = _text(found, "access_to")
    return AccessRule(
        id=ident(found),
        access_type=_text(found, "access_type"),
        access_to=None if to == HIDDEN else to,
        access_level=_text(found, "access_level"),
        state=_state(_text(found, "state")),
        metadata=_metadata(found) if with_metadata else None,
    )


def key(found: Json) -> tuple[str, str | None]:
    """The ID of a rule and its cephx key, None where there is none yet."""
    text = _text({"access_key": None, **found}, "access_key", default="")
    return ident(found), text or None


def _state(word: str) -> RuleState:
    """Manila's state; `new` and `out_of_sync` of servers before 2.28 mean not yet applied."""
    old = {"new": RuleState.QUEUED_TO_APPLY, "out_of_sync": RuleState.APPLYING}
    try:
        return old.get(word) or RuleState(word)
    except ValueError:
        return RuleState.UNKNOWN

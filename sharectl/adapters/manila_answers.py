"""Manila's answers, read with suspicion: shares, export locations and access rules.

Each function takes JSON as it came, and raises `Malformed` for what Manila never sends. What is
between here and there may answer with anything: an HTML page, an empty body, another service.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sharectl.model.enums import RuleState
from sharectl.model.hindrance import Hindrance, hindrance_of
from sharectl.model.share import AccessRule, ExportLocation, Share

HIDDEN = "******"  # in place of the client and the key of a rule that another user locked
_NEWEST_MAJOR = "v2"

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
        return any(
            item["id"].startswith(_NEWEST_MAJOR) and _is_microversion(item["version"])
            for item in items(body, "versions")
        )
    except (Malformed, KeyError):
        return False


def _is_microversion(text: object) -> bool:
    major, _, minor = str(text).partition(".")
    return (major, minor.isdigit()) == ("2", True)


def share(found: Json, locations: tuple[ExportLocation, ...]) -> Share:
    """A share of a detailed answer."""
    metadata = found.get("metadata") or {}
    try:
        return Share(
            id=found["id"],
            name=str(found["name"] or ""),
            protocol=str(found["share_proto"] or "").upper(),
            status=str(found["status"]),
            project_id=str(found.get("project_id") or ""),
            size_gib=int(found["size"] or 0),
            export_locations=locations,
            metadata=MappingProxyType({str(key): str(value) for key, value in metadata.items()}),
            hindrance=hindrance(found),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"a share without its {error}") from error


def hindrance(found: Json) -> Hindrance | None:
    """What hinders its use; `is_soft_deleted` is told since microversion 2.69."""
    purged_at = found.get("scheduled_to_be_deleted_at")
    return hindrance_of(
        str(found["id"]),
        str(found["status"]),
        task_state=found.get("task_state"),
        soft_deleted=found.get("is_soft_deleted") is True,
        purged_at=str(purged_at) if purged_at else None,
    )


def locations(found: tuple[Json, ...]) -> tuple[ExportLocation, ...]:
    """All but those for admins only, the preferred ones first."""
    try:
        usable = [
            ExportLocation(
                str(item["path"]), bool(item.get("preferred", False)), str(item.get("id") or "")
            )
            for item in found
            if not item.get("is_admin_only", False)
        ]
    except KeyError as error:
        raise Malformed(f"an export location without its {error}") from error
    return tuple(sorted(usable, key=lambda item: not item.preferred))


def old_locations(found: Json) -> tuple[ExportLocation, ...]:
    """Before 2.9 the share itself lists its export locations."""
    paths = found.get("export_locations") or ()
    if not isinstance(paths, list | tuple):
        raise Malformed("a share with impossible export locations")
    return tuple(ExportLocation(str(path)) for path in paths)


def rule(found: Json, *, with_metadata: bool) -> AccessRule:
    """An access rule.

    Args:
        found: as Manila shows it.
        with_metadata: whether the server is new enough to have any (2.45).
    """
    metadata = found.get("metadata") or {}
    try:
        to = found["access_to"]
        return AccessRule(
            id=str(found["id"]),
            access_type=str(found["access_type"]),
            access_to=None if to == HIDDEN else str(to),
            access_level=str(found["access_level"]),
            state=_state(found["state"]),
            metadata=MappingProxyType({str(key): str(value) for key, value in metadata.items()})
            if with_metadata
            else None,
        )
    except (KeyError, AttributeError) as error:
        raise Malformed(f"an access rule without its {error}") from error


def _state(word: object) -> RuleState:
    """Manila's state; `new` and `out_of_sync` of servers before 2.28 mean not yet applied."""
    old = {"new": RuleState.QUEUED_TO_APPLY, "out_of_sync": RuleState.APPLYING}
    try:
        return old.get(str(word)) or RuleState(str(word))
    except ValueError:
        return RuleState.UNKNOWN

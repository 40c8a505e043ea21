"""The schema of the store: versions, the steps between them, mappings as documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sharectl.model.enums import AccessLevel, AccessType, Intent, SharedMemory, ShareProtocol
from sharectl.model.mapping import ShareMapping

VERSION = 4
# From each older version to the next; a stored sample of each lies in tests/data/store.
_STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: lambda document: _with_fields(document, outdated_rules=[], project_id=""),
    2: lambda document: _with_fields(document, libvirt_uri="", cloud="", auth_url="", device=""),
    3: lambda document: _with_fields(document, location_chosen=False),
}
_ENUMS: dict[str, type[StrEnum]] = {
    "protocol": ShareProtocol,
    "access_type": AccessType,
    "access_level": AccessLevel,
    "intent": Intent,
    "shared_memory": SharedMemory,
}
_TIMES = ("created_at", "updated_at")
_OPTIONAL = {"filesystem_name", "rule_id", "shared_memory", "last_error"}
_TYPES: dict[str, type] = {  # the others are texts
    **dict.fromkeys(_TIMES, datetime),
    "owns_rule": bool,
    "location_chosen": bool,
    "controllers": tuple,
    "outdated_rules": tuple,
}
# These are paths, or words for libvirt and Manila: the others are only shown.
_EXACT = ("id", "domain_uuid", "share_id", "mount_point", "export_location", "device", "tag")
_FILE_NAMES = ("id", "domain_uuid", "share_id")
_ITEMS = {"controllers": int, "outdated_rules": str}


class TooNew(Exception):
    """The store was written by a newer sharectl."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version
        self.known = VERSION


def stamp() -> dict[str, Any]:
    """The table that names the schema version of a document."""
    return {"schema": {"1": {"version": VERSION}}}


def migrate(document: dict[str, Any]) -> dict[str, Any]:
    """`document` in the present version. Raises `TooNew`, `KeyError`, `TypeError`, `ValueError`.

    A document without a table of mappings is damaged: it must not read as an empty store.
    """
    version = document["schema"]["1"]["version"]
    if not isinstance(version, int) or isinstance(version, bool):
        raise TypeError(f"schema version {version!r}")
    if version > VERSION:
        raise TooNew(version)
    for step in range(version, VERSION):
        document = _STEPS[step](document)
    _check_records(document["mappings"])
    return document


def _check_records(records: dict[str, Any]) -> None:
    """TinyDB numbers the records, and each mapping has one."""
    seen: set[str] = set()
    for key, record in records.items():
        if not (key.isascii() and key.isdigit()):
            raise ValueError(f"record {key!r} has no number")
        name = str(record.get("id"))
        if name in seen:
            raise ValueError(f"two records have the id {name!r}")
        seen.add(name)


def _with_fields(document: dict[str, Any], **new: Any) -> dict[str, Any]:
    mappings = document["mappings"]
    return {**document, "mappings": {key: {**item, **new} for key, item in mappings.items()}}


def document(mapping: ShareMapping) -> dict[str, Any]:
    """The mapping as JSON values."""
    values = {field.name: getattr(mapping, field.name) for field in fields(mapping)}
    for name in _TIMES:
        values[name] = values[name].isoformat(timespec="seconds")
    for name in _ITEMS:
        values[name] = list(values[name])
    return {key: str(v) if isinstance(v, StrEnum) else v for key, v in values.items()}


def mapping(values: dict[str, Any]) -> ShareMapping:
    """The mapping that `document` was made from. Raises `KeyError`, `TypeError`, `ValueError`."""
    parsed = {name: values[name] for name in _FIELDS}
    for name, kind in _ENUMS.items():
        if parsed[name] is not None or name not in _OPTIONAL:
            parsed[name] = kind(parsed[name])
    for name in _TIMES:
        parsed[name] = datetime.fromisoformat(parsed[name])
        if parsed[name].tzinfo is None:
            raise ValueError(f"{name} has no time zone")
    for name in _ITEMS:
        if not isinstance(parsed[name], list):
            raise TypeError(f"{name} is {parsed[name]!r}")
        parsed[name] = tuple(parsed[name])
    _check_types(parsed)
    return ShareMapping(**parsed)


def _check_types(parsed: dict[str, Any]) -> None:
    for name, value in parsed.items():
        kind = _TYPES.get(name, str)
        if not isinstance(value, kind) and not (value is None and name in _OPTIONAL):
            raise TypeError(f"{name} is {value!r}")
    for name, kind in _ITEMS.items():
        if not all(type(item) is kind for item in parsed[name]):
            raise TypeError(f"{name} are {parsed[name]!r}")


def check_names(mapping: ShareMapping) -> None:
    """Raise `ValueError` for what the system does not take as a name where it will be one."""
    for name in _EXACT:
        text = getattr(mapping, name)
        if not _is_usable(name, text):
            raise ValueError(f"{name} is {text!r}")


def _is_usable(name: str, text: str) -> bool:
    """Linux has names that are no text, but none with NUL."""
    if b"\0" in text.encode(errors="surrogateescape"):
        return False
    if name == "mount_point":
        return text.startswith("/")
    return name not in _FILE_NAMES or "/" not in text


_FIELDS = tuple(field.name for field in fields(ShareMapping))

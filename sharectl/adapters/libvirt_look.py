"""Looks at domains one by one, so that one which libvirt cannot answer for holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import libvirt

from sharectl.adapters import deadline, libvirt_files, libvirt_observe
from sharectl.adapters import libvirt_answers as answers
from sharectl.adapters.libvirt_connection import Connection, translate
from sharectl.adapters.libvirt_observe import or_none
from sharectl.errors import BackendError, SharectlError, Unavailable
from sharectl.model.domain import Domain, DomainsSeen, UnseenDomain

_LIST_SECONDS = _DOMAIN_SECONDS = 2.0
_LIST = "list"
# Of errors: libvirt itself has gone, and nothing more can be asked.
_LOST = (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE)


@dataclass(frozen=True)
class _Known:
    """A domain that is to be looked at, and what is known of it beforehand."""

    uuid: str
    name: str = ""
    object: Any = None


class Looks:
    """The looks at the domains of one libvirt.

    A call that hangs is never made a second time while it does: what it was for stays unseen.
    """

    def __init__(self, connection: Connection) -> None:
        self._libvirt = connection
        self._hanging: dict[str, threading.Event] = {}
        self._listing: threading.Event | None = None

    def look(self, uuids: Iterable[str] | None, *, brief: bool) -> DomainsSeen:
        """As `Domains.look`."""
        uri = self._libvirt.name
        end = time.monotonic() + self._libvirt.timeout
        known = self._all(uri, end) if uuids is None else {uuid: _Known(uuid) for uuid in uuids}
        free = {uuid: item for uuid, item in known.items() if not self._hangs(uuid)}
        seen = self._look(uri, free, end, brief=brief)
        unseen = [uuid for uuid in known if uuid not in free or uuid in seen.hanging]
        self._hanging.update(seen.hanging)
        domains = {uuid: item for uuid, item in seen.results.items() if isinstance(item, Domain)}
        errors: dict[str, SharectlError] = {
            **{uuid: self._hung(uuid) for uuid in unseen},
            **{uuid: self._no_time(uuid) for uuid in seen.skipped},
            **{uuid: e for uuid, e in seen.results.items() if isinstance(e, SharectlError)},
        }
        return DomainsSeen(domains, _unseen(uri, known, errors), frozenset({uri}))

    def _hangs(self, uuid: str) -> bool:
        return uuid in self._hanging and not self._hanging[uuid].is_set()

    def _hung(self, uuid: str) -> Unavailable:
        return Unavailable(
            f"libvirt at {self._libvirt.uri} does not answer for domain {uuid}: a hook or a job"
            " holds it",
            hint="see whether a hook runs (pgrep -fa libvirt/hooks), or which job it has"
            f" (virsh domjobinfo {uuid})",
        )

    def _no_time(self, uuid: str) -> Unavailable:
        return Unavailable(
            f"domain {uuid} was not looked at: libvirt at {self._libvirt.uri} took more than"
            f" {self._libvirt.timeout:g} s for others",
            hint=f"look again once it answers: virsh domstate {uuid}",
        )

    def _all(self, uri: str, end: float) -> dict[str, _Known]:
        """By libvirt's word, or by its files while a domain that hangs keeps it silent."""
        if self._listing is None or self._listing.is_set():
            listed = self._list()
            if listed is not None:
                return {item.uuid: item for item in listed}
        files = libvirt_files.read(uri)
        known = {uuid: _Known(uuid, item.name) for uuid, item in (files or {}).items()}
        if not known:
            raise Unavailable(
                f"libvirt at {self._libvirt.uri} does not say which domains it has: one of them"
                " hangs, or libvirt does",
                hint="see: virsh list --all",
            )
        return known

    def _list(self) -> tuple[_Known, ...] | None:
        """What libvirt says; None when it hangs."""
        connection = self._libvirt.connection

        def ask(_what: str) -> tuple[_Known, ...]:
            return tuple(
                _Known(answers.uuid(domain), answers.name(domain), domain)
                for domain in answers.objects(connection.listAllDomains(), "its domains")
            )

        try:
            seconds = min(_LIST_SECONDS, self._libvirt.timeout)
            done = deadline.each([_LIST], ask, seconds, seconds, lambda: None)
        except Exception as error:
            raise translate(error, self._libvirt.uri) from error
        if _LIST in done.hanging:
            self._listing = done.hanging[_LIST]
            self._libvirt.leave_behind()
        return done.results.get(_LIST)

    def _look(
        self, uri: str, known: dict[str, _Known], end: float, *, brief: bool
    ) -> deadline.Series[str, Domain | SharectlError | None]:
        """At each; None is one that is gone."""
        observe = libvirt_observe.glimpse if brief else libvirt_observe.observe
        first = self._libvirt.connection

        def one(uuid: str) -> Domain | SharectlError | None:
            connection, item = self._libvirt.connection, known[uuid]
            try:
                domain = item.object if connection is first else None
                domain = domain or or_none(connection.lookupByUUIDString, uuid)
                return None if domain is None else _of(uuid, observe(uri, domain))
            except Exception as error:  # noqa: BLE001 - also XML that cannot be read
                return self._failed(error, item)

        left = max(0.1, end - time.monotonic())
        done = deadline.each(known, one, min(_DOMAIN_SECONDS, left), left, self._go_on)
        if done.hanging:
            self._libvirt.leave_behind()
        return done

    def _go_on(self) -> None:
        """In another connection; it fails when it is not a domain that hangs but libvirt."""
        self._libvirt.leave_behind()
        _ = self._libvirt.connection

    def _failed(self, error: Exception, item: _Known) -> SharectlError | None:
        told = translate(error, self._libvirt.uri, item.name or item.uuid)
        if not isinstance(error, libvirt.libvirtError):
            return told
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        if error.get_error_domain() in _LOST:
            raise told from error
        return told


def _of(uuid: str, domain: Domain) -> Domain:
    if domain.uuid != uuid:
        raise BackendError(f"libvirt gave domain {domain.uuid} for {uuid}")
    return domain


def _unseen(
    uri: str, known: dict[str, _Known], errors: dict[str, SharectlError]
) -> dict[str, UnseenDomain]:
    """With what libvirt's files say of them, where these can be read."""
    if not errors:
        return {}
    try:
        files = libvirt_files.read(uri) or {}
    except Unavailable:
        files = {}
    found = {}
    for uuid, error in errors.items():
        on_disk = files.get(uuid)
        name = known[uuid].name or (on_disk.name if on_disk else uuid)
        found[uuid] = UnseenDomain(uuid, name, error, on_disk.paths if on_disk else None)
    return found

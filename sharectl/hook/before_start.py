"""The libvirt hook: before a domain starts, each of its shares is mounted, or it does not start.

It works from the domain's XML, the store, mountinfo and the key files alone. libvirt waits for
it, so it never calls libvirt (https://libvirt.org/hooks.html#calling-libvirt-functions-from-within-a-hook-script),
and Manila may be down. It takes a lock only to mount, and to keep in the record why a start was
refused.

A filesystem gives a share to the guest, so the domain must have a record of its own for it: not
what another domain has, nor what the domain's metadata says, which anybody may have written. A
disk image, or whatever else the domain has on a share's mount, is the admin's use of the mount:
that must be there and right as well, if the share is recorded for any domain of the host.

Why a domain cannot slip through while its share is being removed: `remove` first records
`detaching` and then looks once more which domains run, before it unmounts; libvirt makes a domain
active before it calls the hook, which then reads the store. So either the hook sees `detaching`
and refuses, or `remove` sees the domain and leaves the mount. Its look at a domain that is
starting gets no answer before the hook is done, while it holds the share's lock; it gives that
look up after a moment, so that the hook can wait for the lock as long as for anything.

A machine or a file server that is busy is no reason to refuse: what is waited for, be it another
hook that mounts the same share, gets nearly all of the time that there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sharectl.engine.deadlines import Deadline
from sharectl.engine.records import one_line
from sharectl.errors import MountFailed, Refused, SharectlError
from sharectl.hook.recorded_mount import (
    about,
    check_source,
    find,
    label,
    mount_recorded,
    seconds_left,
)
from sharectl.model import starting
from sharectl.model.domain import is_within
from sharectl.model.enums import Health
from sharectl.model.export_location import servers
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import mounted_at
from sharectl.model.starting import Need, Starting

if TYPE_CHECKING:
    from sharectl.ports import HostPorts

DEADLINE_SECONDS = 20.0  # for all shares of a domain together
_PROBE_SECONDS = 15.0  # for the file servers to answer, side by side
_NOTE_SECONDS = 0.5  # for the lock of the store, to keep why a start was refused
_REFUSED = "a start was refused: "


def concerns(app: HostPorts, xml: str) -> bool:
    """Whether a domain has anything that lies on a share, however its path is written.

    Args:
        app: the ports; of them only the mounts.
        xml: the domain's XML as libvirt gives it to hooks.
    """
    return bool(_read(app, xml).paths)


def prepare(app: HostPorts, xml: str) -> None:
    """Make sure that each share of the domain is mounted, and from the right source.

    Args:
        app: the ports; of them the store, mounts, locks, secrets, the clock and the host's name.
        xml: the domain's XML as libvirt gives it to hooks.

    Raises `SharectlError` when the domain must not start; the message names share and domain.
    """
    domain = _read(app, xml)
    if not domain.paths:
        return
    deadline = Deadline.after(app.clock, DEADLINE_SECONDS)
    needed = _recorded(app, domain)
    mounts = app.mounts.list()
    missing, present = [], []
    for need, mapping in needed:
        with _kept(app, domain, mapping):
            mount = mounted_at(mounts, mapping.mount_point)
            if mount is None:
                missing.append((need, mapping))
            else:
                check_source(mapping, mount)
                present.append(mapping)
    _check_answers(app, domain, present, deadline)
    for need, mapping in missing:
        with _kept(app, domain, mapping):
            mount_recorded(app, domain, need, mapping, deadline)
    for _need, mapping in needed:
        if (mapping.last_error or "").startswith(_REFUSED):
            _record(app, mapping, None)


def _read(app: HostPorts, xml: str) -> Starting:
    """The domain, with what lies on our mounts alone."""
    domain = starting.read(xml)
    return domain.below(str(app.config.mount_base), app.mounts.resolve(domain.paths))


@contextmanager
def _kept(app: HostPorts, domain: Starting, mapping: ShareMapping) -> Iterator[None]:
    """As `about`, and keep in the domain's own record why it does not start."""
    with about(domain, label(mapping)):
        try:
            yield
        except SharectlError as error:
            if mapping.domain_uuid == domain.uuid:
                _record(app, mapping, _REFUSED + one_line(error))
            raise


def _record(app: HostPorts, mapping: ShareMapping, last_error: str | None) -> None:
    """If that can be done at once: no start waits for it, or fails because of it."""
    with suppress(SharectlError, OSError), app.store.transaction(_NOTE_SECONDS) as store:
        for item in store.mappings:
            if item.id == mapping.id and item.last_error != last_error:
                store.put(item.with_intent(item.intent, app.clock.now(), last_error))


def _recorded(app: HostPorts, domain: Starting) -> tuple[tuple[Need, ShareMapping], ...]:
    """What is to be mounted, each once, and what needs it."""
    try:
        mappings = app.store.load()
    except SharectlError as error:
        text = f"domain {domain.name} has shares, and {error.message}"
        raise type(error)(text, hint=error.hint) from error
    found: dict[str, tuple[Need, ShareMapping]] = {}
    for need in starting.needs(domain):
        names = (label(item) for item in mappings if is_within(need.path, item.mount_point))
        share_id = starting.share_below(need.path, str(app.config.mount_base))
        with about(domain, next(names, share_id)):
            mapping = find(app, mappings, domain, need)
        if mapping is not None:
            found.setdefault(mapping.mount_point, (need, mapping))
    return tuple(found.values())


def _check_answers(
    app: HostPorts, domain: Starting, mappings: list[ShareMapping], deadline: Deadline
) -> None:
    groups: dict[tuple[str, ...], list[str]] = {}
    for item in mappings:
        by = servers(item.protocol, item.export_location)
        groups.setdefault(by, []).append(item.mount_point)
    answers = app.mounts.probe(groups.values(), seconds_left(app, deadline, _PROBE_SECONDS))
    for item in mappings:
        with _kept(app, domain, item):
            _check_answer(item, answers[item.mount_point])


def _check_answer(mapping: ShareMapping, answer: Health) -> None:
    if answer is Health.OK:
        return
    by = ", ".join(servers(mapping.protocol, mapping.export_location))
    if answer is Health.UNREACHABLE:
        raise Refused(
            f"file server {by} does not answer",
            hint="check that it is up, then start the domain again",
        )
    raise MountFailed(
        f"its mount from file server {by} is of no use any more ({answer})",
        hint="mend it with: sharectl reconcile",
    )

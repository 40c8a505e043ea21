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
starting may have to wait until the hook is done, while it holds the share's lock; so the hook
waits for that lock only for a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sharectl.errors import Busy, MountFailed, Refused, ServerDead, SharectlError, Unavailable
from sharectl.model import starting
from sharectl.model.domain import is_within
from sharectl.model.enums import AccessType, Health
from sharectl.model.event import Task
from sharectl.model.export_location import servers
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_use import is_right
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.starting import Need, Starting
from sharectl.operations.announce import announced
from sharectl.operations.deadlines import Deadline
from sharectl.operations.mounting import mount_share
from sharectl.operations.records import one_line

if TYPE_CHECKING:
    from sharectl.ports import App

DEADLINE_SECONDS = 20.0  # for all shares of a domain together
BOOT_SECONDS = 120.0  # for all shares of the host; libvirt's daemon starts after it
_PROBE_SECONDS = 3.0  # for one file server to answer
_LOCK_SECONDS = 5.0
_NOTE_SECONDS = 0.5  # for the lock of the store, to keep why a start was refused
_REFUSED = "a start was refused: "


def concerns(app: App, xml: str) -> bool:
    """Whether a domain has anything that lies on a share, however its path is written.

    Args:
        app: the ports; of them only the mounts.
        xml: the domain's XML as libvirt gives it to hooks.
    """
    return bool(_read(app, xml).paths)


def prepare(app: App, xml: str) -> None:
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
    missing = []
    for need, mapping in needed:
        with _kept(app, domain, mapping):
            mount = mounted_at(mounts, mapping.mount_point)
            if mount is None:
                missing.append((need, mapping))
            else:
                _check_source(mapping, mount)
                _check_answers(app, mapping, deadline)
    for need, mapping in missing:
        with _kept(app, domain, mapping):
            _mount(app, domain, need, mapping, deadline)
    for _need, mapping in needed:
        if (mapping.last_error or "").startswith(_REFUSED):
            _record(app, mapping, None)


def mount_all(app: App) -> tuple[SharectlError, ...]:
    """Mount each recorded share that is not mounted, as at boot; returns what failed.

    Neither libvirt nor Manila is asked: at boot libvirt is to start after it, and the mounts
    need no credentials but the key files. The file servers are waited for side by side.
    """
    from concurrent.futures import ThreadPoolExecutor  # no domain's start needs it

    deadline = Deadline.after(app.clock, BOOT_SECONDS)
    mounts = app.mounts.list()
    wanted = {item.mount_point: item for item in app.store.load() if item.wanted}
    groups: dict[tuple[str, ...], list[ShareMapping]] = {}
    for mapping in wanted.values():
        if mounted_at(mounts, mapping.mount_point) is None:
            by = servers(mapping.protocol, mapping.export_location)
            groups.setdefault(by, []).append(mapping)
    with ThreadPoolExecutor(max(1, len(groups))) as pool:
        failures = pool.map(lambda group: _mount_of_server(app, group, deadline), groups.values())
        return tuple(error for found in failures for error in found)


def _mount_of_server(
    app: App, mappings: list[ShareMapping], deadline: Deadline
) -> list[SharectlError]:
    """Mount what lies on one file server, which is waited for once if it does not answer."""
    failures: list[SharectlError] = []
    dead: ServerDead | None = None
    for mapping in mappings:
        owner = starting.of_record(mapping)
        (need,) = starting.needs(owner)
        try:
            with _about(owner, _label(mapping)):
                if dead is not None:
                    by = ", ".join(servers(mapping.protocol, mapping.export_location))
                    raise Unavailable(f"file server {by} did not answer before", hint=dead.hint)
                _mount(app, owner, need, mapping, deadline)
        except ServerDead as error:
            dead = error
            failures.append(error)
        except SharectlError as error:
            failures.append(error)
    return failures


def _read(app: App, xml: str) -> Starting:
    """The domain, with what lies on our mounts alone."""
    domain = starting.read(xml)
    return domain.below(str(app.config.mount_base), app.mounts.resolve(domain.paths))


@contextmanager
def _about(domain: Starting, share: str) -> Iterator[None]:
    """What goes wrong inside is told as a matter of this share and domain."""
    try:
        yield
    except SharectlError as error:
        error.message = f"share {share} of domain {domain.name}: {error.message}"
        raise


@contextmanager
def _kept(app: App, domain: Starting, mapping: ShareMapping) -> Iterator[None]:
    """As `_about`; why the domain does not start is kept in its own record."""
    try:
        with _about(domain, _label(mapping)):
            yield
    except SharectlError as error:
        if mapping.domain_uuid == domain.uuid:
            _record(app, mapping, _REFUSED + one_line(error))
        raise


def _record(app: App, mapping: ShareMapping, last_error: str | None) -> None:
    """If that can be done at once: no start waits for it, or fails because of it."""
    with suppress(SharectlError, OSError), app.store.transaction(_NOTE_SECONDS) as store:
        for item in store.mappings:
            if item.id == mapping.id and item.last_error != last_error:
                store.put(item.with_intent(item.intent, app.clock.now(), last_error))


def _label(mapping: ShareMapping) -> str:
    return mapping.share_name or mapping.share_id


def _recorded(app: App, domain: Starting) -> tuple[tuple[Need, ShareMapping], ...]:
    """What is to be mounted, each once, and what needs it."""
    try:
        mappings = app.store.load()
    except SharectlError as error:
        error.message = f"domain {domain.name} has shares, and {error.message}"
        raise
    found: dict[str, tuple[Need, ShareMapping]] = {}
    for need in starting.needs(domain):
        names = (_label(item) for item in mappings if is_within(need.path, item.mount_point))
        share_id = starting.share_below(need.path, str(app.config.mount_base))
        with _about(domain, next(names, share_id)):
            mapping = _find(app, mappings, domain, need)
        if mapping is not None:
            found.setdefault(mapping.mount_point, (need, mapping))
    return tuple(found.values())


def _find(
    app: App, mappings: tuple[ShareMapping, ...], domain: Starting, need: Need
) -> ShareMapping | None:
    base = str(app.config.mount_base)
    return starting.find(mappings, domain, need, base, lambda: app.host.identity)


def _check_source(mapping: ShareMapping, mount: HostMount) -> None:
    if not is_right(mapping, mount):
        raise Refused(
            f"{mapping.mount_point} is a mount of {mount.label}, not of"
            f" {mapping.export_location} ({mapping.access_level})",
            hint="mend it with: sharectl reconcile",
        )


def _check_answers(app: App, mapping: ShareMapping, deadline: Deadline) -> None:
    mount_point = mapping.mount_point
    timeout = _left(app, deadline, _PROBE_SECONDS)
    answer = app.mounts.probe([[mount_point]], timeout)[mount_point]
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


def _left(app: App, deadline: Deadline, at_most: float) -> float:
    """Seconds that a step may take, above 0."""
    left = min(at_most, deadline.remaining(app.clock))
    if left <= 0:
        raise Refused(
            f"its turn did not come within {deadline.seconds:g} s",
            hint="the file servers are slow; start the domain again, what is mounted stays",
        )
    return left


def _mount(app: App, domain: Starting, need: Need, seen: ShareMapping, deadline: Deadline) -> None:
    """Mount, unless another has done it while we waited for the lock."""
    try:
        with app.locks.share(seen.share_id, _left(app, deadline, _LOCK_SECONDS)):
            mapping = _find(app, app.store.load(), domain, need)
            if mapping is None:
                return
            mount = mounted_at(app.mounts.list(), mapping.mount_point)
            if mount is not None:
                _check_source(mapping, mount)
                return
            key_file = app.secrets.file(mapping.share_id)
            if key_file is None and mapping.access_type is AccessType.CEPHX:
                raise Refused(
                    f"it is not mounted, and the key of {mapping.access_to} is not on this host",
                    hint="fetch it with: sharectl reconcile",
                )
            timeout = _left(app, deadline, app.config.mount_timeout)
            with announced(app, Task.MOUNT, mapping):
                mount_share(app, mapping, key_file, timeout)
    except Busy as error:
        raise Busy(
            f"it is not mounted, and {error.message}",
            hint="start the domain again when that one is done",
        ) from error

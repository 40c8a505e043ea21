"""The libvirt hook: before a domain starts, each of its shares is mounted, or it does not start.

It works from the domain's XML, the store, mountinfo and the key files alone. libvirt waits for
it, so it never calls libvirt (https://libvirt.org/hooks.html#calling-libvirt-functions-from-within-a-hook-script),
and Manila may be down. It takes a lock only to mount.

Why a domain cannot slip through while its share is being removed: `remove` first records
`detaching` and then looks once more which domains run, before it unmounts; libvirt makes a domain
active before it calls the hook, which then reads the store. So either the hook sees `detaching`
and refuses, or `remove` sees the domain and leaves the mount. Its look at a domain that is
starting may have to wait until the hook is done, while it holds the share's lock; so the hook
waits for that lock only for a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharectl.errors import Busy, MountFailed, Refused, ServerDead, SharectlError, Unavailable
from sharectl.model import domain_xml
from sharectl.model.domain import is_within
from sharectl.model.enums import AccessType, Health
from sharectl.model.export_location import servers
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_use import is_right
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.provenance import mapping_of, marks
from sharectl.model.xml import parse
from sharectl.operations.deadlines import Deadline
from sharectl.operations.mounting import mount_share

if TYPE_CHECKING:
    from sharectl.model.mark import Mark
    from sharectl.ports import App

DEADLINE_SECONDS = 20.0  # for all shares of a domain together
BOOT_SECONDS = 120.0  # for all shares of the host; libvirt's daemon starts after it
_PROBE_SECONDS = 3.0  # for one file server to answer
_LOCK_SECONDS = 5.0


@dataclass(frozen=True)
class _Starting:
    """The domain that is about to start, and where its filesystems that are ours come from.

    `marks` are what its metadata says of them: it may come from another host.
    """

    uuid: str
    name: str
    sources: tuple[str, ...]
    marks: tuple[Mark, ...] = ()


def prepare(app: App, xml: str) -> None:
    """Make sure that each share of the domain is mounted, and from the right source.

    Args:
        app: the ports; of them the store, mounts, locks, secrets and the clock.
        xml: the domain's XML as libvirt gives it to hooks.

    Raises `SharectlError` when the domain must not start; the message names share and domain.
    """
    domain = _read(xml, str(app.config.mount_base))
    if not domain.sources:
        return
    deadline = Deadline.after(app.clock, DEADLINE_SECONDS)
    needed = _recorded(app, domain)
    mounts = app.mounts.list()
    missing = []
    for mapping in needed:
        with _about(domain, _label(mapping)):
            mount = mounted_at(mounts, mapping.mount_point)
            if mount is None:
                missing.append(mapping)
            else:
                _check_source(mapping, mount)
                _check_answers(app, mapping, deadline)
    for mapping in missing:
        with _about(domain, _label(mapping)):
            _mount(app, domain, mapping, deadline)


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
        owner = _Starting(mapping.domain_uuid, mapping.domain_name, (mapping.mount_point,))
        try:
            with _about(owner, _label(mapping)):
                if dead is not None:
                    by = ", ".join(servers(mapping.protocol, mapping.export_location))
                    raise Unavailable(f"file server {by} did not answer before", hint=dead.hint)
                _mount(app, owner, mapping, deadline)
        except ServerDead as error:
            dead = error
            failures.append(error)
        except SharectlError as error:
            failures.append(error)
    return failures


def _read(xml: str, base: str) -> _Starting:
    root = parse(xml)
    sources = (item.source for item in domain_xml.filesystems(root))
    ours = dict.fromkeys(path for path in sources if path is not None and is_within(path, base))
    uuid, name = root.findtext("uuid") or "", root.findtext("name") or ""
    return _Starting(uuid, name, tuple(ours), marks(root))


@contextmanager
def _about(domain: _Starting, share: str) -> Iterator[None]:
    """What goes wrong inside is told as a matter of this share and domain."""
    try:
        yield
    except SharectlError as error:
        error.message = f"share {share} of domain {domain.name}: {error.message}"
        raise


def _label(mapping: ShareMapping) -> str:
    return mapping.share_name or mapping.share_id


def _recorded(app: App, domain: _Starting) -> tuple[ShareMapping, ...]:
    """For each source the mapping that says what is to be mounted there, each once.

    Where none is recorded, that of the domain's own mark, if it is mounted as that says.
    """
    try:
        mappings = app.store.load()
    except SharectlError as error:
        error.message = f"domain {domain.name} has shares, and {error.message}"
        raise
    found: dict[str, ShareMapping] = {}
    for source in domain.sources:
        names = (_label(item) for item in mappings if is_within(source, item.mount_point))
        with _about(domain, next(names, source.rpartition("/")[2])):
            if any(is_within(source, item.mount_point) for item in mappings):
                mapping = _find(mappings, domain, source)
            else:
                mapping = _marked(app, domain, source)
        found[mapping.mount_point] = mapping
    return tuple(found.values())


def _find(mappings: tuple[ShareMapping, ...], domain: _Starting, source: str) -> ShareMapping:
    """The mapping by the domain's UUID, since its name may be another's by now.

    A copy of a domain has no mapping of its own: the share is then mounted for the original.
    """
    there = [item for item in mappings if is_within(source, item.mount_point)]
    own = [item for item in there if item.domain_uuid == domain.uuid]
    for mapping in own or there:
        if mapping.wanted:
            return mapping
    if own:
        raise Refused(
            "it is being detached",
            hint=f"finish that: sharectl remove {domain.name} {own[0].share_id}",
        )
    raise _unrecorded(source)


def _marked(app: App, domain: _Starting, source: str) -> ShareMapping:
    """A domain that migrates to this host is not defined here yet, so nobody could record it.

    That the right export lies there is all that its guest needs; what is not mounted is not
    mounted here, since no record would say that it is ours.
    """
    mounts = app.mounts.list()
    for mark in domain.marks:
        if is_within(source, mark.mount_point):
            mapping = mapping_of(mark, domain.uuid, domain.name, app.clock.now())
            mount = mounted_at(mounts, mapping.mount_point)
            if mount is not None and is_right(mapping, mount):
                return mapping
    raise _unrecorded(source)


def _unrecorded(source: str) -> Refused:
    return Refused(
        f"no share is recorded for {source}",
        hint="record and mount it: sharectl adopt; for a domain that is to migrate to here, after"
        " virsh migrate --offline --persistent; else take the filesystem out with virsh edit",
    )


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


def _mount(app: App, domain: _Starting, mapping: ShareMapping, deadline: Deadline) -> None:
    """Mount, unless another has done it while we waited for the lock."""
    try:
        with app.locks.share(mapping.share_id, _left(app, deadline, _LOCK_SECONDS)):
            mapping = _find(app.store.load(), domain, mapping.mount_point)
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
            mount_share(app, mapping, key_file, timeout)
    except Busy as error:
        raise Busy(
            f"it is not mounted, and {error.message}",
            hint="start the domain again when that one is done",
        ) from error

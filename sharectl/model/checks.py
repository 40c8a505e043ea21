"""The checks before `add`: each a function that says what is wrong, why, and what to do.

They are pure; the order in which they are asked is in `operations.preflight`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sharectl.errors import BackendError, Refused, UsageError
from sharectl.model import memory_xml
from sharectl.model.commands import domain_word, word
from sharectl.model.domain import Domain, Filesystem, is_within
from sharectl.model.enums import SharedMemory, ShareProtocol
from sharectl.model.host import HostFacts
from sharectl.model.mapping import ShareMapping, add_command, has_device, has_live_device, serves
from sharectl.model.mapping_checks import tag_taken
from sharectl.model.share import Share
from sharectl.model.xml import parse

_LIBVIRT = (6, 2, 0)  # first with <driver type='virtiofs'/>
_QEMU = (5, 0, 0)  # first with vhost-user-fs that libvirt drives
_LONGEST_IDENT = 255  # of names in libvirt and Manila


def check_ident(kind: str, ident: str) -> str:
    """A name or ID that could exist; raises `UsageError` for one that cannot."""
    if not ident or len(ident) > _LONGEST_IDENT or not ident.isprintable():
        raise UsageError(
            f"{ident[:60]!r} cannot be the name or ID of a {kind}",
            hint=f"names have 1 to {_LONGEST_IDENT} printable characters",
        )
    return ident


def check_share_id(share_id: str) -> str:
    """A share ID from Manila that can safely name a folder and a lock file."""
    if not share_id.replace("-", "").isalnum() or not share_id.isascii() or len(share_id) > 64:
        raise BackendError(f"Manila gave a share the impossible ID {share_id[:80]!r}")
    return share_id


def check_domain_state(domain: Domain) -> None:
    """Persistent, shut off, and without a saved state that would come back without the share."""
    name = domain.name
    if not domain.persistent:
        raise transient(name, domain.uuid)
    check_shut_off(domain)


def ambiguous(ident: str, found: Mapping[str, str]) -> Refused:
    """The refusal of a word that is one domain's name and another's id or UUID.

    Args:
        ident: the word.
        found: the names of the domains that it may mean, by UUID.
    """
    # One whose very UUID is the word is reached by its name only.
    words = (word(name) if uuid == ident else uuid for uuid, name in found.items())
    return Refused(
        f"{ident!r} is the name of one domain and the id or UUID of another: it may be"
        f" {' or '.join(found)}",
        hint=f"name the one that is meant by {' or '.join(words)}; see: virsh list --all --uuid"
        " --name",
    )


def transient(name: str, uuid: str) -> Refused:
    """A domain that runs without a definition, as after `virsh undefine`."""
    target = domain_word(name, uuid)
    return Refused(
        f"domain {name} is transient: it has no definition to put a share into, and is gone when"
        " it is shut off",
        hint=f"make it persistent: virsh dumpxml --inactive {target} > {target}.xml &&"
        f" virsh define {target}.xml",
    )


def check_shut_off(domain: Domain) -> None:
    """Not running, and no managed-save image, which is a running domain put to sleep."""
    target = domain.word
    if domain.running:
        raise Refused(
            f"domain {domain.name} is running; its shares can only change while it is shut off",
            hint=f"virsh shutdown {target}, wait until it is off, then run it again",
        )
    if domain.managed_save:
        raise Refused(
            f"domain {domain.name} has a managed-save image, which restores the definition that it"
            " was saved with",
            hint=f"virsh start {target}, shut it down inside, and run it again; or drop the saved"
            f" state, as if by pulling the plug: virsh managedsave-remove {target}",
        )


def is_out(mapping: ShareMapping, domain: Domain) -> bool:
    """Whether the domain has nothing of it any more: what is left to do leaves it alone."""
    there = has_device(mapping, domain) or has_live_device(mapping, domain)
    return not (mapping.wanted or there)


def snapshot_warning(domain: Domain) -> str | None:
    """What to warn of when the domain has snapshots."""
    if not domain.snapshots:
        return None
    count = f"{domain.snapshots} snapshot" + ("s" if domain.snapshots > 1 else "")
    return (
        f"domain {domain.name} has {count}: reverting to one brings back a definition without"
        " this change, and never the files of a share"
    )


def check_shared_memory(domain: Domain, enable: SharedMemory | None, again: str = "") -> None:
    """Shared memory as libvirt defines it, now or after it has been enabled.

    Args:
        domain: as it is defined.
        enable: the kind of memory that it is to be given; None for none.
        again: the command that gives it shared memory; empty for the one that was typed, with
            --enable-shared-memory.
    """
    if domain.shared_memory:
        return
    after = memory_xml.enable(domain.xml, enable or SharedMemory.MEMFD)
    if not memory_xml.has_shared_memory(parse(after)):
        raise Refused(
            f"domain {domain.name} has NUMA cells whose memory is private, which overrides the"
            " memory backing",
            hint=f"virsh edit {domain.word}, and set memAccess='shared' on every <cell>",
        )
    if enable is None:
        first = again or "run it again with --enable-shared-memory"
        raise Refused(
            f"domain {domain.name} has no shared memory, and virtiofs requires it",
            hint=f"{first}, or add with virsh edit"
            f" {domain.word}: {memory_xml.memory_backing(SharedMemory.MEMFD)}",
        )
    _check_source(domain, enable)


def _check_source(domain: Domain, enable: SharedMemory) -> None:
    """What the domain says of the source of its memory is somebody's decision, which stays."""
    have = memory_xml.source(domain.xml)
    wanted = {SharedMemory.MEMFD: "memfd", SharedMemory.FILE: "file"}.get(enable, have)
    if have in (None, wanted) and have != "anonymous":
        return
    keep = "run it again with --enable-shared-memory=file; or " if have == "file" else ""
    new = "memfd" if wanted == "anonymous" else wanted
    raise Refused(
        f"domain {domain.name} has its memory from source {have!r}, which"
        f" --enable-shared-memory={enable} does not change",
        hint=f"{keep}virsh edit {domain.word}, and make it <source type='{new}'/>",
    )


def check_host(host: HostFacts) -> None:
    """libvirt, QEMU and virtiofsd new enough and present."""
    _check_version("libvirt", host.libvirt, _LIBVIRT)
    if host.qemu is None:
        raise Refused(
            f"libvirt at {host.uri} finds no QEMU", hint="install qemu-system for this machine"
        )
    _check_version("QEMU", host.qemu, _QEMU)
    if host.virtiofsd.problem is not None:
        raise Refused(
            f"libvirt cannot start virtiofsd because of {host.virtiofsd.problem}",
            hint="correct that file or move it to another folder, then run the same command again",
        )
    if host.virtiofsd.path is None or not host.virtiofs:
        raise Refused(
            "this host has no virtiofsd, which serves the share to the guest",
            hint="install virtiofsd (Debian 12: qemu-system-common; later: virtiofsd)",
        )


def _check_version(what: str, have: tuple[int, int, int], need: tuple[int, int, int]) -> None:
    if have < need:
        raise Refused(
            f"{what} {_dotted(have)} is too old: virtiofs needs {_dotted(need)}",
            hint=f"upgrade {what} on this host",
        )


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(str(part) for part in version)


def unrecorded_device(
    domain: Domain, share: str, mount_base: str, recorded: Collection[str] = ()
) -> Filesystem | None:
    """The filesystem of a share that the store does not know, as after its loss.

    Args:
        domain: what it has by now.
        share: an ID, or a name that a mark in the domain's metadata may have.
        mount_base: the folder of our mount points.
        recorded: IDs of the domain's shares that the store does know; a mark may have the name
            that one of them had.
    """
    marked = {item.share_id for item in domain.marks if share in (item.share_id, item.share_name)}
    ours = {f"{mount_base}/{share_id}" for share_id in {share, *marked}.difference(recorded)}
    return next(
        (it for it in domain.filesystems if any(is_within(it.source, folder) for folder in ours)),
        None,
    )


def how_to_record(domain: Domain, share: str, device: Filesystem) -> str:
    """The command that records a share that the domain has: it takes over what is there."""
    command = add_command(domain.word, share, device.tag, readonly=device.readonly)
    return f"record it again: {command}"


def check_place(mapping: ShareMapping, domain: Domain, mount_base: str) -> None:
    """The tag is free, or it is that of the very filesystem that is to be: that is recorded."""
    there = unrecorded_device(domain, mapping.share_id, mount_base)
    if there is not None and there.tag != mapping.tag:
        raise Refused(
            f"domain {domain.name} has share {mapping.share_id} already, with tag {there.tag}, and"
            " the store does not know of it",
            hint=how_to_record(domain, mapping.share_id, there),
        )
    for item in (*domain.filesystems, *domain.live_filesystems):
        if item.tag == mapping.tag and not serves(item, mapping):
            what = f"the filesystem for {item.source or 'a socket'}"
            raise tag_taken(mapping.tag, domain.name, what)


def check_share(share: Share) -> ShareProtocol:
    """Available, not hindered, and of a protocol that can be mounted; returns the protocol."""
    if share.hindrance is not None:
        raise Refused(f"share {share.id} {share.hindrance}", hint=share.hindrance.hint)
    if share.status != "available":
        raise Refused(
            f"share {share.id} is in status {share.status!r}, not 'available'",
            hint=f"see why: openstack share show {share.id}",
        )
    return check_protocol(share)


def check_protocol(share: Share) -> ShareProtocol:
    """Of a protocol that can be mounted; returns the protocol."""
    try:
        return ShareProtocol(share.protocol)
    except ValueError as error:
        raise Refused(
            f"share {share.id} has protocol {share.protocol}, and only NFS and CEPHFS can be"
            " attached",
            hint="see what can: sharectl shares",
        ) from error

"""A domain that is about to start, and the share mappings that its start depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sharectl.errors import Refused
from sharectl.model import commands, domain_xml
from sharectl.model.domain import Filesystem, is_within
from sharectl.model.enums import AccessLevel
from sharectl.model.identity import HostIdentity
from sharectl.model.mapping import ShareMapping, add_command
from sharectl.model.mark import Mark
from sharectl.model.provenance import marks
from sharectl.model.xml import parse

Mappings = tuple[ShareMapping, ...]


@dataclass(frozen=True)
class Starting:
    """What libvirt is about to start, or what a record says of it.

    `filesystems` are all that it has; `others` are the other host paths in its XML. `marks` are
    what its metadata says, which anybody may have written.
    """

    uuid: str
    name: str
    filesystems: tuple[Filesystem, ...] = ()
    others: frozenset[str] = frozenset()
    marks: tuple[Mark, ...] = ()

    @property
    def word(self) -> str:
        """The domain in a command to type; see `commands.domain_word`."""
        return commands.domain_word(self.name, self.uuid)

    @property
    def paths(self) -> frozenset[str]:
        """All host paths in its XML."""
        return self.others | {item.source for item in self.filesystems if item.source}

    def below(self, base: str, forms: Mapping[str, str]) -> Starting:
        """The same with what lies below `base` alone, each path in its one form."""

        def ours(path: str | None) -> bool:
            return path is not None and is_within(forms.get(path), base)

        return replace(
            self,
            filesystems=tuple(
                replace(item, source=forms[item.source])
                for item in self.filesystems
                if item.source is not None and ours(item.source)
            ),
            others=frozenset(forms[path] for path in self.others if ours(path)),
        )


def read(xml: str) -> Starting:
    """The domain of `xml`. Raises `BackendError` when that is no XML."""
    root = parse(xml)
    filesystems = domain_xml.filesystems(root)
    others = domain_xml.paths(root) - {item.source for item in filesystems}
    uuid, name = root.findtext("uuid") or "", root.findtext("name") or ""
    return Starting(uuid, name, filesystems, others, marks(root))


def of_record(mapping: ShareMapping) -> Starting:
    """The domain as its record has it, for what is mounted before any domain starts."""
    return Starting(mapping.domain_uuid, mapping.domain_name, (mapping.filesystem,))


@dataclass(frozen=True)
class Need:
    """A path below our mount points that a start depends on.

    A filesystem gives the guest the share, so that needs the domain's own record. Any other path,
    such as a disk image on the share, is the admin's use of this host's mount: `filesystem` is
    None, and a record of whatever domain tells what is to be mounted there.
    """

    path: str
    filesystem: Filesystem | None = None


def needs(domain: Starting) -> tuple[Need, ...]:
    """What the start depends on; `domain` as `Starting.below` gives it."""
    of_guest = (Need(item.source, item) for item in domain.filesystems if item.source is not None)
    return (*of_guest, *(Need(path) for path in sorted(domain.others)))


def find(
    mappings: Mappings, domain: Starting, need: Need, base: str, host: Callable[[], HostIdentity]
) -> ShareMapping | None:
    """The mapping that says what is to be mounted for the need.

    It goes by the domain's UUID, since its name may be another's by now. None for a path that is
    no filesystem and lies on no share that is attached to any domain.

    Raises `Refused` when the domain has the filesystem and no record of its own gives it that:
    a copy of a domain, one that was reverted to a snapshot, one that comes from another host.

    Args:
        mappings: all that are recorded.
        domain: what starts.
        need: the path.
        base: the folder of our mount points.
        host: gives this host's name and ID, to know marks of other hosts.
    """
    there = [item for item in mappings if is_within(need.path, item.mount_point)]
    own = [item for item in there if item.domain_uuid == domain.uuid]
    wanted = [item for item in own if item.wanted]
    if need.filesystem is None:
        wanted += [item for item in there if item.wanted]
    if wanted or need.filesystem is None:
        return next(iter(wanted), None)
    if own:
        raise Refused(
            "it is being detached",
            hint=f"finish that: sharectl remove {domain.word} {own[0].share_id}",
        )
    share_id = share_below(need.path, base)
    raise _unrecorded(domain, need.filesystem, share_id, host())


def share_below(path: str, base: str) -> str:
    """The name of the mount point below `base` that `path` lies on: the share's ID."""
    return path.removeprefix(base).strip("/").partition("/")[0]


def _unrecorded(domain: Starting, item: Filesystem, share_id: str, host: HostIdentity) -> Refused:
    target = domain.word
    out = f"take the filesystem out: virsh edit {target}"
    mark = next((item for item in domain.marks if item.share_id == share_id), None)
    if not share_id:
        hint = out
    elif mark is not None and not mark.is_of(host.name, host.id):
        hint = (
            f"record it: sharectl adopt {target}; for a domain that migrates to this host, after:"
            f" virsh migrate --offline --persistent {target} DESTINATION; if it is not to have the"
            f" share, {out}"
        )
    else:
        read_only = item.readonly or (mark is not None and mark.access_level == AccessLevel.RO)
        command = add_command(target, share_id, item.tag, readonly=read_only)
        hint = f"if it is to have the share: {command}; if not, {out}"
    return Refused(f"the domain has a filesystem for {item.source}, and no record of it", hint=hint)

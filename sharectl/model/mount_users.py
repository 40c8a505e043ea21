"""Who uses a share's mount: domains by their definitions, processes by what they serve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sharectl.errors import InUse, Unavailable
from sharectl.model.action import MountShare, ReplaceMount
from sharectl.model.commands import word
from sharectl.model.domain import Domain, is_within
from sharectl.model.host_domains import HostDomains
from sharectl.model.mapping import ShareMapping, serves
from sharectl.model.mount_use import holders
from sharectl.model.mounts import ServedMount
from sharectl.model.observed import Observed


def held(mapping: ShareMapping, observed: Observed) -> tuple[ServedMount, ...]:
    """The processes that serve the share, or what lies at its mount point; see `holders`."""
    if not observed.served:
        return ()
    mounts = observed.host_mounts or observed.mounts
    return holders(mapping, mounts, observed.notes, observed.served)


@dataclass(frozen=True)
class User:
    """Who runs with a mount, for a message, and the command that stops it."""

    runs: str
    stop: str


def who(domains: tuple[Domain, ...], processes: tuple[ServedMount, ...]) -> User | None:
    """The running domains, or else the processes that serve what no known domain has."""
    if domains:
        first = domains[0].word
        names = ", ".join(item.name for item in domains)
        return User(f"domain {names} runs", f"virsh shutdown {first}, wait until it is off")
    if processes:
        listed = ", ".join(f"{item.command} with PID {item.pid}" for item in processes)
        stop = f"see whose process it is: ps -ww -fp {processes[0].pid}, wait until it has ended"
        return User(f"{listed} runs", stop)
    return None


def runs_with(mapping: ShareMapping, observed: Observed) -> User | None:
    """Who runs with the mapping's mount."""
    using = live_users(mapping.mount_point, observed.domains or ())
    return who(using, held(mapping, observed))


def users(focus: ShareMapping, observed: Observed) -> tuple[Domain, ...]:
    """The domains that use the mapping's mount point once its own filesystem is out.

    Anything in a domain's live or persistent definition that lies on the mount counts, a disk for
    one.
    """
    return tuple(
        domain
        for domain in observed.domains or ()
        if _uses(domain, focus, own=domain is observed.domain(focus))
    )


def _uses(domain: Domain, focus: ShareMapping, *, own: bool) -> bool:
    if not own:
        return domain.uses(focus.mount_point)
    others = [item for item in domain.filesystems if not serves(item, focus)]
    served = {item.source for item in domain.filesystems if serves(item, focus)}
    places = {item.source for item in (*others, *domain.live_filesystems)} | (domain.paths - served)
    return any(is_within(path, focus.mount_point) for path in places)


def live_users(mount_point: str, domains: Iterable[Domain]) -> tuple[Domain, ...]:
    """The running domains that work with what is at `mount_point`."""
    return tuple(domain for domain in domains if domain.works_with(mount_point))


def check_mountable(action: MountShare, observed: Observed) -> None:
    """Raise `InUse` while a guest runs with the mount point, though nothing is mounted there.

    Its virtiofsd serves what lay there when it started, an empty folder in the worst case: a mount
    on top would hide that the guest writes elsewhere.
    """
    mount_point = action.mapping.mount_point
    if (by := runs_with(action.mapping, observed)) is not None:
        raise InUse(
            f"nothing is mounted at {mount_point}, and {by.runs} with what lay there when it"
            " started",
            hint=f"{by.stop}, see what it has written there: ls -la {word(mount_point)}; then:"
            " sharectl reconcile",
        )


def in_folder(mount_point: str, served: tuple[ServedMount, ...]) -> tuple[ServedMount, ...]:
    """Those that serve the mount point itself, which was empty: `root` ends with its name."""
    name = "/" + mount_point.rpartition("/")[2]
    return tuple(
        item for item in served if item.mount.root.removesuffix("//deleted").endswith(name)
    )


def check_replaceable(action: ReplaceMount, observed: Observed) -> None:
    """Raise while a guest is served from the mount, or when that is not known.

    A guest keeps what its virtiofsd has opened: it would go on with the old mount, unseen.

    Raises `InUse`, or `Unavailable` when a domain that may use it could not be looked at.
    """
    mapping = action.mapping
    what = f"{mapping.mount_point} {action.found} and has to be replaced"
    check_known(what, observed)
    if (by := runs_with(mapping, observed)) is not None:
        raise InUse(f"{what}, and {by.runs} with it", hint=f"{by.stop}, then: sharectl reconcile")


def check_known(what: str, observed: Observed) -> None:
    """Raise `Unavailable` when a domain that may use the mount could not be looked at."""
    domains: HostDomains | None = observed.domains
    unseen = [item for item in observed.mappings if domains is None or domains.is_unseen(item)]
    if unseen:
        raise Unavailable(
            f"{what}, and it is not known whether domain {unseen[0].domain_name} runs with it",
            hint="see whether libvirt answers: virsh list --all; then: sharectl reconcile",
        )
    for item in observed.mappings:
        if domains is not None and (error := domains.why_unknown(item.mount_point)):
            raise error.about(f"{what}, and it is not known who runs with it")

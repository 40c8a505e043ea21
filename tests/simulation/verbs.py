"""What a simulated process does: the words of a step, made an operation on its ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sharectl.errors import Refused
from sharectl.hook import before_start as hook
from sharectl.hook.at_boot import mount_all
from sharectl.model.enums import AccessLevel, SharedMemory
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.forget import forget_mapping, look
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from sharectl.operations.remove import RemoveRequest, remove
from tests.simulation.libvirt import SESSION
from tests.simulation.ports import SimApp
from tests.simulation.scheduler import Process

if TYPE_CHECKING:
    from sharectl.ports import App
    from tests.simulation.host import Host
    from tests.simulation.world import World


def make(world: World, host: Host, name: str, words: list[str]) -> Process:
    """A process called `name` that does what `words` say, as `add guest docs ro`."""
    run = _VERBS[words[0]]
    return Process(name, " ".join(words), lambda process: run(world, host, process, words[1:]))


def is_verb(word: str) -> bool:
    """Whether a process can do it."""
    return word in _VERBS


def app_of(world: World, host: Host, process: Process, flags: list[str] | None = None) -> App:
    """The ports of a process; with the flag `session`, its libvirt is another one."""
    config = host.config
    if "session" in (flags or ()):
        config = replace(config, libvirt_uri=SESSION)
    return SimApp(process, world, host, config)


def _add(world: World, host: Host, process: Process, words: list[str]) -> object:
    domain, share, *flags = words
    level = AccessLevel.RO if "ro" in flags else AccessLevel.RW
    timeout = 0.0 if "nowait" in flags else 60.0
    request = AddRequest(
        domain, share, level=level, shared_memory=SharedMemory.MEMFD, timeout=timeout
    )
    return add(app_of(world, host, process, flags), request)


def _remove(world: World, host: Host, process: Process, words: list[str]) -> object:
    domain, share, *flags = words
    timeout = 0.0 if "nowait" in flags else 60.0
    request = RemoveRequest(domain, share, "force" in flags, timeout)
    return remove(app_of(world, host, process, flags), request)


def _reconcile(world: World, host: Host, process: Process, words: list[str]) -> object:
    request = ReconcileRequest(prune="prune" in words)
    return reconcile(app_of(world, host, process, words), request)


def _adopt(world: World, host: Host, process: Process, words: list[str]) -> object:
    return adopt(app_of(world, host, process, words), AdoptRequest())


def _forget(world: World, host: Host, process: Process, words: list[str]) -> object:
    app = app_of(world, host, process)
    forget_mapping(app, look(app, *words))
    return None


def _boot(world: World, host: Host, process: Process, words: list[str]) -> object:
    return mount_all(app_of(world, host, process))


def _start(world: World, host: Host, process: Process, words: list[str]) -> object:
    """libvirt starts a domain: it is active first, then the hook is asked, then virtiofsd runs."""
    libvirt = host.session if "session" in words else host.domains
    uuid = libvirt.uuid_of(words[0])
    if uuid is None:
        raise Refused(f"there is no domain {words[0]}")
    owned = frozenset(m.share_id for m in host.store.mappings if m.domain_uuid == uuid)
    xml = libvirt.begin_start(uuid)
    try:
        if host.hook and libvirt is host.domains:
            hook.prepare(app_of(world, host, process), xml)
        process.breathe()
    except BaseException:
        libvirt.stop(uuid)
        raise
    libvirt.end_start(uuid)
    world.started(host, libvirt, uuid, owned)
    return None


_VERBS: dict[str, Callable[[World, Host, Process, list[str]], object]] = {
    "add": _add,
    "remove": _remove,
    "reconcile": _reconcile,
    "adopt": _adopt,
    "forget": _forget,
    "boot": _boot,
    "start": _start,
}

"""The shared memory of a domain, which virtiofs needs."""

from __future__ import annotations

from sharectl.engine.steps.site import Site
from sharectl.errors import NotFound
from sharectl.model.action import DisableSharedMemory, EnableSharedMemory


def enable(site: Site, action: EnableSharedMemory) -> None:
    with site.domain_lock(action.domain_uuid), site.app.interrupts.shielded():
        site.app.domains.enable_shared_memory(action.domain_uuid, action.kind)


def disable(site: Site, action: DisableSharedMemory) -> None:
    with site.domain_lock(action.domain_uuid), site.app.interrupts.shielded():
        try:
            why = site.app.domains.disable_shared_memory(action.domain_uuid, action.kind)
        except NotFound:
            return
    if why is not None:
        site.app.events.warn(
            f"domain {action.domain_name} keeps the shared memory that sharectl gave it: {why}"
        )

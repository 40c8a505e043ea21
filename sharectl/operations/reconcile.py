"""reconcile: make the host, Manila and libvirt agree with the store.

One survey shows which shares need something; only those are locked, looked at again and
converged. A failure of one does not stop the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sharectl.engine.fallback import Dead
from sharectl.engine.mounting import sweep
from sharectl.engine.orphans import leftovers
from sharectl.engine.repair import Repair
from sharectl.engine.survey import Scope, survey
from sharectl.engine.tally import Tally
from sharectl.engine.withdrawal import finish_withdrawals
from sharectl.errors import SharectlError, Unavailable
from sharectl.model import checks
from sharectl.model.enums import Health
from sharectl.model.export_location import servers
from sharectl.model.health import health_of
from sharectl.model.health import problem as problem_of
from sharectl.model.host import check_local, check_system
from sharectl.model.mapping import ShareMapping
from sharectl.model.outcome import Outcome
from sharectl.operations.lookup import of_domain

if TYPE_CHECKING:
    from sharectl.model.observed import Observed
    from sharectl.model.survey import Survey
    from sharectl.ports import App

_LOCK_SECONDS = 10.0  # for another sharectl that works on the same share


@dataclass(frozen=True)
class ReconcileRequest:
    """What the admin or cron asked for.

    Attributes:
        domains: those to reconcile; none for all of the host.
        dry_run: only plan.
        prune: take away what belongs to domains that are gone, and mounts in no record.
        timeout: seconds to wait for Manila, for each share.
    """

    domains: tuple[str, ...] = ()
    dry_run: bool = False
    prune: bool = False
    timeout: float = 60.0


def reconcile(app: App, request: ReconcileRequest) -> Outcome:
    """See the module; each change and problem is an event when it happens.

    Raises `Busy` at once when another reconcile runs, `Interrupted` where a signal stopped it.
    """
    app.interrupts.install()
    app.host.check_root("reconcile")
    check_local(app.config.libvirt_uri)  # else it would go on as if libvirt were down
    for ident in request.domains:
        checks.check_ident("domain", ident)
    with app.locks.reconcile():
        if not request.dry_run:
            sweep(app)
        chosen = _chosen(app, request.domains)
        seen = survey(app, chosen, Scope(every_domain=True))
        if request.prune and seen.domains is not None:
            check_system(app.domains.host().uri)
        chosen = _renamed(app, chosen, seen, record=not request.dry_run)
        run = _Run(app, request, seen, Tally(app.events))
        for error in seen.unseen:
            run.tally.unseen(error)
        for mappings in _by_share(chosen):
            run.share(mappings)
        run.name_the_ill(chosen)
        if not request.domains:
            finish_withdrawals(app, run.tally, dry_run=request.dry_run, timeout=request.timeout)
            if run.tally.outcome.changes and not request.dry_run:
                # What was forgotten may have left a mount to somebody who has no record.
                seen = survey(app, (), Scope(manila=False, servers=False, every_domain=True))
            leftovers(
                app, seen, run.tally,
                prune=request.prune, dry_run=request.dry_run, timeout=request.timeout,
            )  # fmt: skip
    return run.tally.outcome


def _silent_servers(silent: Iterable[ShareMapping]) -> Iterator[Unavailable]:
    """One error for each file server that does not answer: there is nothing to be done here."""
    shares: dict[str, set[str]] = {}
    for item in silent:
        server = ", ".join(servers(item.protocol, item.export_location))
        shares.setdefault(server, set()).add(item.share_name or item.share_id)
    for server, names in shares.items():
        yield Unavailable(
            f"file server {server} does not answer; it has share {', '.join(sorted(names))}",
            hint="check that it is up; guests go on when it is back",
        )


def _chosen(app: App, domains: tuple[str, ...]) -> tuple[ShareMapping, ...]:
    mappings = app.store.load()
    if not domains:
        return mappings
    found = {item.id: item for ident in domains for item in of_domain(app, mappings, ident)}
    return tuple(found.values())


def _renamed(
    app: App, chosen: tuple[ShareMapping, ...], seen: Survey, *, record: bool
) -> tuple[ShareMapping, ...]:
    """The mappings with the names of now, and where domain and share are, also recorded."""
    new = {item.id: now for item in chosen if (now := _with_names(item, seen)) != item}
    if new and record:
        with app.store.transaction() as store:
            for item in store.mappings:
                if item.id in new:
                    store.put(_with_names(item, seen))
    return tuple(new.get(item.id, item) for item in chosen)


def _with_names(mapping: ShareMapping, seen: Survey) -> ShareMapping:
    domain = seen.domains.find(mapping) if seen.domains is not None else None
    share = seen.share(mapping.share_id)
    return replace(
        mapping,
        domain_name=domain.name if domain is not None else mapping.domain_name,
        libvirt_uri=domain.libvirt_uri if domain is not None else mapping.libvirt_uri,
        share_name=share.name if share is not None and share.name else mapping.share_name,
        project_id=mapping.project_id or (share.project_id if share is not None else ""),
    )


def _by_share(mappings: Iterable[ShareMapping]) -> Iterable[tuple[ShareMapping, ...]]:
    groups: dict[str, list[ShareMapping]] = {}
    for item in mappings:
        groups.setdefault(item.share_id, []).append(item)
    return (tuple(group) for group in groups.values())


@dataclass
class _Run:
    app: App
    request: ReconcileRequest
    seen: Survey
    tally: Tally
    touched: set[str] = field(default_factory=set)
    dead: Dead = field(default_factory=dict)

    def name_the_ill(self, chosen: tuple[ShareMapping, ...]) -> None:
        """Tell of all that is not well and that nothing was told of: it could not be mended."""
        told = self.tally.ill
        if self.request.dry_run:
            told = told | self.touched
        rest = [item for item in chosen if item.id not in told]
        silent = []
        for mapping, observed in self._looked_at(rest):
            health = health_of(mapping, observed)
            if health is Health.UNREACHABLE:
                silent.append(mapping)
            elif mapping.wanted and health is not Health.UNKNOWN:  # of which `unseen` tells
                problem = problem_of(health, mapping, observed)
                if problem is not None:
                    self.tally.failed(problem, mapping)
        for error in _silent_servers(silent):
            self.tally.failed(error)

    def _looked_at(self, mappings: list[ShareMapping]) -> Iterator[tuple[ShareMapping, Observed]]:
        """Each with what was seen of it, again if anything was done for it."""
        mended = {item.id for item in mappings} & self.touched
        for mapping in mappings:
            if mapping.id not in mended:
                yield mapping, self.seen.observed(mapping)
        if mended:
            stored = tuple(item for item in self.app.store.load() if item.id in mended)
            again = survey(self.app, stored, Scope())
            yield from ((item, again.observed(item)) for item in stored)

    def share(self, mappings: tuple[ShareMapping, ...]) -> None:
        """Reconcile the mappings of one share."""
        repair = Repair(
            self.app, self.seen, self.tally, self.dead,
            prune=self.request.prune, timeout=self.request.timeout,
        )  # fmt: skip
        needy = [item for item in mappings if repair.needs(item)]
        if not needy:
            return
        if self.request.dry_run:
            self.touched.update(item.id for item in needy)
            for item in needy:
                repair.preview(item)
            return
        self.touched.update(item.id for item in needy)
        try:
            with self.app.locks.share(needy[0].share_id, _LOCK_SECONDS):
                repair.share(tuple(needy))
        except SharectlError as error:
            self.tally.failed(error, needy[0])

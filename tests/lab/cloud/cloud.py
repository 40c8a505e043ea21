"""`Cloud`: Keystone, Manila and, if wanted, Ceph, for a run of tests or a demonstration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import yaml

from tests.lab import processes
from tests.lab.cloud import build, configs, servers
from tests.lab.cloud.api import Api, Location, Lock, Rule, Share
from tests.lab.cloud.backends import DUMMY, Backend
from tests.lab.cloud.backends import ceph as ceph_backend
from tests.lab.cloud.ceph import Ceph
from tests.lab.cloud.database import ManilaDatabase
from tests.lab.cloud.places import ADMIN, DEMO, Account
from tests.lab.cloud.servers import Server

_TIMEOUT_S = 60
# Drivers of real storage try again for longer, say while a file system is busy.
_DELETION_TIMEOUT_S = 180


@dataclass
class Cloud:
    """The running cloud. Shares belong to the project of `DEMO` unless said otherwise.

    `keystone`, `manila` and `ceph` can be stopped, started and frozen one by one.
    """

    folder: Path
    backends: tuple[Backend, ...]
    keystone: Server
    manila: Server
    ceph: Ceph | None
    _clients: dict[Account, Api] = field(default_factory=dict)

    @classmethod
    def start(
        cls, run_folder: Path, *, ceph: bool = False, backends: Sequence[Backend] = ()
    ) -> Self:
        """Start everything below `run_folder`, with the dummy back end and what is asked for.

        Raises `processes.LabError` when a part does not come up.
        """
        storage = Ceph(run_folder / "ceph") if ceph else None
        chosen = (DUMMY, *((_on(storage),) if storage else ()), *backends)
        cloud = cls(
            run_folder,
            chosen,
            servers.keystone(run_folder),
            servers.manila(run_folder, chosen),
            storage,
        )
        try:
            cloud._start()
        except BaseException:
            cloud.stop()
            raise
        return cloud

    def _start(self) -> None:
        servers.prepare(self.folder, self.backends)
        self.keystone.launch()
        if self.ceph:
            self.ceph.start()
        self.manila.launch()
        self.keystone.wait()
        self.manila.wait()
        for backend in self.backends:
            if backend.name not in build.SHARE_TYPES:
                self._create_type(backend)

    def stop(self) -> None:
        """End all processes. Safe to repeat."""
        self.manila.stop()
        self.keystone.stop()
        if self.ceph:
            self.ceph.stop()

    @property
    def database(self) -> ManilaDatabase:
        """For what no API offers."""
        return ManilaDatabase(self.folder / "manila/manila.db")

    @property
    def clouds_yaml(self) -> Path:
        """Has the clouds admin, demo, mate, other and, for older APIs, demo-2.44 and so on."""
        return self.folder / "clouds.yaml"

    def add_cloud(self, name: str, *, auth: Mapping[str, str] | None = None, **keys: str) -> None:
        """Add an entry to clouds.yaml: that of demo with other `auth` and other `keys`.

        Say `add_cloud("typo", auth={"password": "x"})`, `add_cloud("far", region_name="Far")`.
        """
        entries = yaml.safe_load(self.clouds_yaml.read_text())["clouds"]
        demo = entries[DEMO.user]
        entries[name] = demo | keys | {"auth": demo["auth"] | dict(auth or {})}
        self.clouds_yaml.write_text(configs.clouds_yaml(entries))

    def environment(self, cloud: str = "demo") -> dict[str, str]:
        """Variables that make OpenStack's libraries use `cloud`."""
        return {"OS_CLIENT_CONFIG_FILE": str(self.clouds_yaml), "OS_CLOUD": cloud}

    @property
    def admin(self) -> Api:
        """Manila as its administrator sees it."""
        return self.as_account(ADMIN)

    def as_account(self, account: Account) -> Api:
        """Manila as `account` sees it."""
        return self._clients.setdefault(account, Api(account))

    def create_share(
        self,
        name: str,
        protocol: str = "NFS",
        *,
        backend: str = "dummy",
        account: Account = DEMO,
        metadata: Mapping[str, str] | None = None,
        exports: Iterable[Location] | None = None,
        wait: bool = True,
    ) -> Share:
        """Create a share of 1 GiB; wait until it is available, or in error.

        Words in `name` ask for failures and delays (`server.faults`). `exports` replaces the
        export locations, whatever they contain, for shares of this name.
        """
        if exports is not None:
            self._give_exports(name, exports)
        request = {"name": name, "share_proto": protocol, "size": 1, "share_type": backend}
        body = {"share": {**request, "metadata": dict(metadata or {})}}
        share_id = self.as_account(account).post("/shares", body)["share"]["id"]
        if wait:
            self._wait_for_share(share_id)
        return self.share(share_id)

    def share(self, share_id: str) -> Share:
        """The share as the admin sees it; raises `ApiError` with status 404 when it is gone."""
        return Share.from_json(self.admin.get(f"/shares/{share_id}")["share"])

    def shares(self) -> list[Share]:
        """All shares of all projects."""
        found = self.admin.get("/shares/detail", all_tenants="1")["shares"]
        return [Share.from_json(share) for share in found]

    def export_locations(self, share_id: str) -> list[Location]:
        """All export locations, those for the admin alone included."""
        found = self.admin.get(f"/shares/{share_id}/export_locations")["export_locations"]
        return [Location.from_json(location) for location in found]

    def delete_share(self, share_id: str) -> None:
        """Delete it behind everybody's back, whatever state it is in, and wait until it is gone."""
        self.admin.action(share_id, "force_delete")
        self._wait(lambda: self.database.share_status(share_id) is None, f"share {share_id} to go")

    def set_status(self, share_id: str, status: str) -> None:
        """Set the share's status as an admin can, say to `error`."""
        self.admin.action(share_id, "reset_status", {"status": status})

    def rename(self, share_id: str, name: str) -> None:
        """Give the share another name, and so take back the faults that its name asks for."""
        self.admin.call("PUT", f"/shares/{share_id}", {"share": {"display_name": name}})

    def move_export(self, share_id: str, old: str, new: str) -> None:
        """Let the export location `old` be `new`, as after a migration of the share."""
        self.database.move_export(share_id, old, new)

    def allow(
        self,
        share_id: str,
        access_to: str,
        *,
        access_type: str = "ip",
        level: str = "rw",
        account: Account = DEMO,
        wait: bool = True,
    ) -> Rule:
        """Add a rule that is not sharectl's, and wait until it is active, or in error."""
        wish = {"access_type": access_type, "access_to": access_to, "access_level": level}
        rule_id = self.as_account(account).action(share_id, "allow_access", wish)["access"]["id"]
        if wait:
            self.wait_for_rule(rule_id)
        return self.rule(rule_id)

    def wait_for_rule(self, rule_id: str) -> None:
        """Wait until the rule is active or in error."""
        self._wait(lambda: self.database.rule_state(rule_id) in ("active", "error"),
                   f"rule {rule_id} to be applied")  # fmt: skip

    def rule(self, rule_id: str) -> Rule:
        """One rule, with its key, as the admin sees it."""
        return Rule.from_json(self.admin.get(f"/share-access-rules/{rule_id}")["access"])

    def rules(self, share_id: str) -> list[Rule]:
        """The share's rules, with their keys, as the admin sees them."""
        found = self.admin.get("/share-access-rules", share_id=share_id)["access_list"]
        return [Rule.from_json(rule) for rule in found]

    def deny(self, share_id: str, rule_id: str) -> None:
        """Take a rule away behind its owner's back, locked or not, and wait until it is gone."""
        # Not by deleting its locks: the lock that Manila put on the share as well would stay.
        self.admin.action(share_id, "deny_access", {"access_id": rule_id, "unrestrict": True})
        self._wait(lambda: self.database.rule_state(rule_id) is None, f"rule {rule_id} to go")

    def locks(self) -> list[Lock]:
        """The resource locks of all projects."""
        found = self.admin.get("/resource-locks", all_projects="true")["resource_locks"]
        return [Lock.from_json(lock) for lock in found]

    def purge(self) -> None:
        """Remove all shares, rules and locks, in whatever state they are; start what is down."""
        self.keystone.start()
        self.manila.start()
        self.database.forget_locks_and_faults()
        real = [share for share in self.shares() if share.backend not in ("", DUMMY.name)]
        for share in real:
            self.admin.action(share.id, "force_delete")
        for share in real:
            self._wait_for_end(share)
        self.database.forget_shares()
        self._exports.unlink(missing_ok=True)

    @property
    def _exports(self) -> Path:
        return self.folder / "manila/exports.json"

    def _wait_for_share(self, share_id: str) -> None:
        self._wait(lambda: self.database.share_status(share_id) != "creating",
                   f"share {share_id} to be created")  # fmt: skip

    def _wait_for_end(self, share: Share) -> None:
        ends = (None, "error_deleting")
        what = f"share {share.id} on {share.backend} to go"
        self._wait(
            lambda: self.database.share_status(share.id) in ends, what, timeout=_DELETION_TIMEOUT_S
        )

    def _wait(
        self, condition: Callable[[], bool], what: str, *, timeout: float = _TIMEOUT_S
    ) -> None:
        """Conditions look into the database: to poll the API would slow down what it waits for."""
        processes.wait_until(condition, timeout=timeout, what=what, interval=0.02)

    def _give_exports(self, name: str, exports: Iterable[Location]) -> None:
        content = json.loads(self._exports.read_text()) if self._exports.exists() else {}
        content[name] = [
            {"path": location.path, "is_admin_only": location.admin_only,
             "metadata": {"preferred": location.preferred}}
            for location in exports
        ]  # fmt: skip
        self._exports.write_text(json.dumps(content))

    def _create_type(self, backend: Backend) -> None:
        specs = {"driver_handles_share_servers": "False", "share_backend_name": backend.name}
        wish = {"name": backend.name, "extra_specs": specs, "share_type_access:is_public": True}
        self.admin.post("/types", {"share_type": wish})


def _on(storage: Ceph) -> Backend:
    return ceph_backend(conf=str(storage.conf), python_path=storage.python_path,
                        environment=storage.environment)  # fmt: skip

"""What the end-to-end tests work with: sharectl as a process, and a look at all that it touches."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libvirt
from lxml import etree

from sharectl.model.mounts import parse_mountinfo
from tests.e2e.hosts import SANDBOX, Host, mountinfo
from tests.lab.cloud.api import Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.guest import Guest

_TIMEOUT_S = 300
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """How a run of sharectl ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    def ok(self) -> Result:
        """This result, if it is a success."""
        assert self.status == 0, f"exit {self.status}\n{self.stdout}\n{self.stderr}"
        return self


@dataclass(frozen=True)
class Snapshot:
    """Everything that sharectl can change, in a form that can be compared."""

    mappings: dict[str, tuple[str, str]]
    mounts: tuple[tuple[str, str], ...]
    folders: tuple[str, ...]
    secrets: tuple[str, ...]
    rules: tuple[tuple[str, str, str], ...]
    locks: int
    domains: dict[str, str]


@dataclass
class World:
    """One test's host: state and runtime folders of its own beside the session's real parts."""

    cloud: Cloud
    connection: Any
    folder: Path
    guests: list[Guest] = field(default_factory=list)
    config: str = ""
    shares: tuple[Share, ...] | None = None
    """The shares to look at, when others are at work beside; None for all."""
    host: Host = SANDBOX
    """Where sharectl runs, and `connection` leads; `folder` is the same there and here."""

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def runtime(self) -> Path:
        return self.folder / "run"

    @property
    def store(self) -> Path:
        return self.state / "mappings.json"

    def environment(
        self, cloud: str = "demo", extra: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """What sharectl runs with."""
        (self.folder / "config.toml").write_text(self.config)
        ours = {
            "PYTHONPATH": str(ROOT),  # not every host has sharectl installed
            "SHARECTL_STATE_DIR": str(self.state),
            "SHARECTL_RUNTIME_DIR": str(self.runtime),
        }
        return self.host.environment({**ours, **self.cloud.environment(cloud), **(extra or {})})

    def argv(self, *arguments: str) -> list[str]:
        """The command line of sharectl, with this world's configuration."""
        options = ["--config", str(self.folder / "config.toml")]
        return [self.host.python, "-m", "sharectl", *options, *arguments]

    def sharectl(
        self,
        *arguments: str,
        cloud: str = "demo",
        extra: Mapping[str, str] | None = None,
        input: str | None = None,  # noqa: A002 - the name that subprocess.run has
    ) -> Result:
        """Run sharectl and wait for it; --config is left out of the commands in its hints."""
        done = subprocess.run(
            self.host.command(self.argv(*arguments)), env=self.environment(cloud, extra), cwd=ROOT,
            input=input or "", capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, self.without_config(done.stderr))

    def without_config(self, told: str) -> str:
        """What is told, without the --config of `argv` in the commands of its hints."""
        return told.replace(f"sharectl --config {self.folder / 'config.toml'} ", "sharectl ")

    def start(self, *arguments: str, cloud: str = "demo") -> subprocess.Popen[str]:
        """Run sharectl in the background."""
        return subprocess.Popen(
            self.host.command(self.argv(*arguments)), env=self.environment(cloud), cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def guest(self, name: str, **options: Any) -> Guest:
        """Define a domain; it is gone after the test."""
        guest = Guest.define(self.connection, name, self.folder / "guests", **options)
        self.guests.append(guest)
        return guest

    def reconnect(self) -> None:
        """Open libvirt again after its daemon was restarted."""
        self.connection = libvirt.open(self.host.uri)
        self.guests = [Guest.named(g.name, self.connection, g.run) for g in self.guests]

    def mount_point(self, share_id: str) -> Path:
        return self.runtime / "mnt" / share_id

    def mappings(self) -> dict[str, Any]:
        """The documents in the store."""
        if not self.store.exists():
            return {}
        document = json.loads(self.store.read_text())
        return {item["id"]: item for item in document.get("mappings", {}).values()}

    def mounts(self) -> tuple[tuple[str, str], ...]:
        """Mount points and sources below the runtime folder."""
        found = parse_mountinfo(mountinfo(self.host))
        base = f"{self.runtime}/"
        return tuple((m.mount_point, m.source) for m in found if m.mount_point.startswith(base))

    def unmount(self, mount_point: str, *options: str) -> None:
        """As an administrator does it."""
        argv = self.host.command(["umount", *options, mount_point])
        subprocess.run(argv, env=self.host.environment(), check=True)

    def snapshot(self) -> Snapshot:
        """Look at everything."""
        base = self.runtime / "mnt"
        seen = self.cloud.shares() if self.shares is None else self.shares
        found = [(share, rule) for share in seen for rule in self.cloud.rules(share.id)]
        ours = {item.id for pair in found for item in pair}
        return Snapshot(
            mappings={
                key: (item["share_id"], item["intent"]) for key, item in self.mappings().items()
            },
            mounts=self.mounts(),
            folders=tuple(sorted(p.name for p in base.glob("*"))),
            secrets=tuple(
                sorted(
                    path.name
                    for folder in (self.state / "secrets", self.runtime / "ceph-fuse")
                    for path in folder.glob("*")
                )
            ),
            rules=tuple(sorted((s.name, rule.access_to, rule.state) for s, rule in found)),
            locks=sum(
                self.shares is None or lock.resource_id in ours for lock in self.cloud.locks()
            ),
            domains={guest.name: canonical(guest.domain) for guest in self.guests},
        )

    def clean(self) -> None:
        """Take away whatever the test has left."""
        for guest in self.guests:
            guest.remove()
        for mount_point, _source in self.mounts():
            self.unmount(mount_point, "-l")
        shutil.rmtree(self.folder)


def canonical(domain: Any) -> str:
    """The persistent definition; libvirt itself reorders controllers when it rewrites one.

    Of a domain that is not defined it is empty.
    """
    try:
        root = etree.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return ""
        raise
    devices = root.find("devices")
    assert devices is not None
    devices[:] = sorted(devices, key=lambda item: (str(item.tag), etree.tostring(item).strip()))
    return "\n".join(line.strip() for line in etree.tostring(root, encoding="unicode").splitlines())

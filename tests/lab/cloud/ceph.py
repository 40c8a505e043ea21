"""A one-node Ceph in memory: one monitor, one manager, one OSD, one MDS, one file system."""

from __future__ import annotations

import base64
import json
import os
import signal
import struct
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import processes
from tests.lab.cloud import build, configs
from tests.lab.cloud.places import ADDRESS, MON_PORT_V1, MON_PORT_V2

MONITORS = f"[v2:{ADDRESS}:{MON_PORT_V2},v1:{ADDRESS}:{MON_PORT_V1}]"

_CAPS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mds": "allow *", "mgr": "allow *"},
    "mgr.x": {"mon": "allow profile mgr", "osd": "allow *", "mds": "allow *"},
    "osd.0": {"mon": "allow profile osd", "mgr": "allow profile osd", "osd": "allow *"},
    "mds.m": {"mon": "allow profile mds", "mgr": "allow profile mds", "mds": "allow *",
              "osd": "allow *"},
    "client.manila": {"mgr": "allow rw", "mon": "allow r"},
}  # fmt: skip
"""The monitor is born with all of these, so that no key has to be asked for later."""


@dataclass
class Ceph:
    """The cluster in `folder`; nothing of it outlives `stop`."""

    folder: Path
    daemons: dict[str, processes.Daemon] = field(default_factory=dict)

    @property
    def conf(self) -> Path:
        return self.folder / "ceph.conf"

    @property
    def environment(self) -> dict[str, str]:
        """What programs and Python bindings of the unpacked Ceph need."""
        libraries = _libraries()
        return {"LD_LIBRARY_PATH": f"{libraries}:{libraries}/ceph"}

    @property
    def python_path(self) -> tuple[str, ...]:
        """A folder with Ceph's Python bindings and nothing else of Debian's Python."""
        return (str(self.folder / "python"),)

    def start(self, timeout: float = 60) -> None:
        """Create the cluster, start its daemons, and wait until subvolumes can be made.

        Raises `processes.LabError` when that takes longer than `timeout` seconds.
        """
        self._prepare()
        self._start_daemon("mon", "a")
        self._start_daemon("mgr", "x")
        osd_uuid = str(uuid.uuid4())
        self._run("ceph-osd", "-c", str(self.conf), "-i", "0", "--mkfs", "--osd-uuid", osd_uuid,
                  "--no-mon-config")  # fmt: skip
        osd_key = self._keyring("osd.0").read_text().split()[-1]
        self._admin("create", osd_uuid, osd_key, timeout=timeout)
        self._start_daemon("osd", "0")
        self._start_daemon("mds", "m")
        self._admin("wait", timeout=timeout)

    def stop(self) -> None:
        """Kill the daemons: everything is in memory, there is nothing to save."""
        for daemon in self.daemons.values():
            daemon.stop(timeout=0)
        self.daemons.clear()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All daemons accept connections and never answer, as a dead file server does."""
        for daemon in self.daemons.values():
            os.kill(daemon.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for daemon in self.daemons.values():
                os.kill(daemon.pid, signal.SIGCONT)

    def command(self, prefix: str, **arguments: object) -> str:
        """The output of `ceph PREFIX`, run as its admin, say `command("auth ls")`."""
        return self._admin("run", json.dumps({"prefix": prefix, **arguments}), timeout=30)

    def _prepare(self) -> None:
        """Write configuration, keys and the monitor's store."""
        for name in ("mon", "mgr", "osd", "mds", "log", "run", "python", "modules"):
            (self.folder / name).mkdir(parents=True)
        self._link_python_modules()
        self.conf.write_text(_ceph_conf(self.folder))
        keys = {entity: _new_key() for entity in _CAPS}
        for entity, key in keys.items():
            self._keyring(entity).write_text(_keyring({entity: key}))
        every_key = self.folder / "initial.keyring"  # not in `mon`, which has to be empty
        every_key.write_text(_keyring(keys))
        monmap = self.folder / "monmap"
        self._run("monmaptool", "--create", "--fsid", _fsid(self.conf), "--addv", "a", MONITORS,
                  str(monmap))  # fmt: skip
        self._run("ceph-mon", "-c", str(self.conf), "-i", "a", "--mkfs", "--monmap", str(monmap),
                  "--keyring", str(every_key))  # fmt: skip

    def _start_daemon(self, kind: str, name: str) -> None:
        argv = (_root() / f"usr/bin/ceph-{kind}", "-c", self.conf, "-i", name, "-f")
        log = self.folder / f"log/{kind}.out"
        self.daemons[kind] = processes.start(argv, log=log, env=self._environment())

    def _admin(self, *arguments: str, timeout: float) -> str:
        """Run server/ceph_admin.py; the deadline is ours, since librados' calls can hang."""
        argv, environment = build.module_command("ceph_admin", str(self.conf), *arguments)
        environment["PYTHONPATH"] += ":" + ":".join(self.python_path)
        try:
            done = subprocess.run(argv, env=environment | self.environment, timeout=timeout,
                                  capture_output=True, text=True, check=False)  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise processes.LabError(f"Ceph: no answer to {arguments} in {timeout:g} s") from error
        if done.returncode:
            raise processes.LabError(f"Ceph: {arguments} failed\n{done.stderr}")
        return done.stdout

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([_root() / "usr/bin" / program, *arguments],
                              env=self._environment(), capture_output=True, text=True,
                              check=False)  # fmt: skip
        if done.returncode:
            raise processes.LabError(f"{program} failed\n{done.stdout}{done.stderr}")

    def _environment(self) -> Mapping[str, str]:
        modules = _root() / "usr/lib/python3/dist-packages"
        path = "/usr/sbin:/usr/bin:/sbin:/bin"
        return {**self.environment, "PATH": path, "PYTHONPATH": str(modules)}

    def _keyring(self, entity: str) -> Path:
        return self.folder / _keyring_name(entity)

    def _link_python_modules(self) -> None:
        """Choose the bindings for Manila, and the modules of the manager."""
        bindings = _root() / "usr/lib/python3/dist-packages"
        # All of dist-packages would shadow the venv's own packages.
        for module in (*bindings.glob("rados.*.so"), bindings / "ceph_argparse.py"):
            (self.folder / "python" / module.name).symlink_to(module)
        # The manager loads whatever it finds; with all thirty modules that takes 8 s.
        for name in ("volumes", "orchestrator", "mgr_module.py", "mgr_util.py"):
            (self.folder / "modules" / name).symlink_to(_root() / "usr/share/ceph/mgr" / name)


def _root() -> Path:
    return build.ceph()


def _libraries() -> Path:
    return next(_root().glob("usr/lib/*-linux-gnu"))


def _fsid(conf: Path) -> str:
    return next(line.split()[-1] for line in conf.read_text().splitlines() if "fsid" in line)


def _new_key() -> str:
    """A cephx secret: type 1 (AES), creation time, length, 16 random bytes."""
    secret = struct.pack("<HIIH", 1, int(time.time()), 0, 16) + os.urandom(16)
    return base64.b64encode(secret).decode()


def _keyring_name(entity: str) -> str:
    return f"{entity.strip('.')}.keyring"


def _keyring(keys: Mapping[str, str]) -> str:
    return configs.ini({
        entity: {**{f"caps {kind}": f'"{cap}"' for kind, cap in _CAPS[entity].items()}, "key": key}
        for entity, key in keys.items()
    })  # fmt: skip


def _ceph_conf(folder: Path) -> str:
    libraries = _libraries()
    return configs.ini({
        "global": {
            "fsid": uuid.uuid4(),
            "mon initial members": "a",
            "mon host": MONITORS,
            "public network": f"{ADDRESS}/32",
            "ms bind ipv6": False,
            "plugin dir": libraries / "ceph",
            "osd class dir": libraries / "rados-classes",
            "erasure code dir": libraries / "ceph/erasure-code",
            "mgr module path": folder / "modules",
            "run dir": folder / "run",
            "crash dir": folder / "log",
            "log file": folder / "log/$name.log",
            "admin socket": folder / "run/$name.asok",
            "pid file": folder / "run/$name.pid",
            **{f"{kind} data": folder / kind for kind in ("mon", "mgr", "osd", "mds")},
            **_ONE_NODE,
        },
        **{entity.strip("."): {"keyring": folder / _keyring_name(entity)} for entity in _CAPS},
    })  # fmt: skip


_ONE_NODE = {
    "osd pool default size": 1,
    "osd pool default min size": 1,
    "osd pool default pg num": 8,
    "osd pool default pgp num": 8,
    "osd crush chooseleaf type": 0,
    "osd objectstore": "memstore",
    # A limit, not an allocation. Manila takes it for the capacity, and so it has to be ample.
    "memstore device bytes": 1 << 40,
    "mon allow pool size one": True,
    "mon warn on pool no redundancy": False,
    "mon pg warn min per osd": 0,
    "auth allow insecure global id reclaim": False,
    "mgr initial modules": "",
    # The monitor gathers changes for a second before it decides on them; there is nobody to ask.
    "paxos propose interval": 0.02,
    "paxos min wait": 0.01,
}

"""One node: a Debian 13 host of its own, in namespaces inside the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import cache, libvirtd, processes, sandbox
from tests.lab.guest import Guest, domain_xml, image
from tests.lab.guest.image import Image
from tests.lab.private_root import ADDRESS, HOSTNAME
from tests.lab.processes import Daemon, LabError, wait_until
from tests.lab.trixie.chroot import chroot

CHECKOUT = Path(__file__).parents[3]

_GUESTS = Path("/run/guests")  # consoles and command sockets, as the node sees them
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_HIGHEST_NUMBER = 99
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}


@dataclass
class Node:
    """A running node. Its guests end with it; so do the mounts that were made in it.

    The node and the sandbox see each other at `address` and 10.99.0.1, and nodes see each other.
    /tmp, the checkout, the lab's cache and the folder `run` are the same inside and outside.
    """

    number: int
    run_folder: Path
    _first: Daemon
    pid: int
    _opened: list[Any] = field(default_factory=list)

    @classmethod
    def start(cls, number: int, run: Path, shared: Sequence[Path] = ()) -> Node:
        """Start node `number` (1 to 99), with its libvirtd; `run` takes its files and logs.

        The folders `shared`, too, are the same inside and outside.

        Raises LabError outside the sandbox, or when something does not come up.
        """
        if not sandbox.inside():
            raise LabError("a node runs in the sandbox only: python -m tests.lab run -- ...")
        if not 1 <= number <= _HIGHEST_NUMBER:
            raise LabError(f"no node can have the number {number}")
        own = run / _name(number)
        shutil.rmtree(own, ignore_errors=True)
        (own / "guests").mkdir(parents=True)
        seen = (Path("/tmp"), CHECKOUT, cache.CACHE, run, *shared)
        binds = [f"{path}:{path}" for path in seen] + [f"{own / 'guests'}:{_GUESTS}"]
        program = [sys.executable, "-m", "tests.lab.trixie.first_process"]
        ready = own / "pid"
        first = processes.start(
            [*program, _name(number), chroot(), ready, *binds], log=own / "log", cwd=CHECKOUT
        )
        wait_until(ready.exists, timeout=20, what=_name(number), daemon=first, interval=0.005)
        node = cls(number, run, first, int(ready.read_text()))
        node._connect_network()
        node._configure()
        node.checked(["virtlogd", "-d"])
        node._start_libvirtd()
        return node

    @property
    def name(self) -> str:
        """Its host name."""
        return _name(self.number)

    @property
    def address(self) -> str:
        """Where the sandbox and the other nodes reach it."""
        return _address(self.number)

    @property
    def uri(self) -> str:
        """The libvirt URI by which the sandbox reaches it."""
        return f"qemu+unix:///system?socket={self.path('/run/libvirt/libvirt-sock')}"

    @property
    def connection(self) -> Any:
        """A libvirt connection from outside; a new one after `restart`."""
        import libvirt

        if not self._opened:
            self._opened.append(libvirt.open(self.uri))
        return self._opened[0]

    @property
    def python(self) -> str:
        """Its Python, with all that sharectl needs but sharectl."""
        return "python3"

    def path(self, inside: str | Path) -> Path:
        """How the sandbox reaches a file of the node's."""
        return Path(f"/proc/{self.pid}/root") / str(inside).lstrip("/")

    def command(self, argv: Sequence[str | Path]) -> list[str]:
        """The command line that runs `argv` in the node, for subprocess; killed, it kills that.

        The environment is passed on as it is: `environment` is one that fits.
        """
        enter = ["nsenter", "-t", str(self.pid), "-m", "-u", "-n", "-i", "-p"]
        return [*enter, "setpriv", "--pdeathsig", "KILL", *map(str, argv)]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Few variables, and `extra`."""
        return {**_ENVIRONMENT, **(extra or {})}

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        extra: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run `argv` in the node and wait for it, with `extra` added to its environment.

        Raises subprocess.TimeoutExpired after `timeout` seconds; it is killed then.
        """
        return subprocess.run(
            self.command(argv), env=self.environment(extra), input=stdin,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def checked(self, argv: Sequence[str | Path], *, stdin: str = "") -> str:
        """Run `argv` in the node; its output. Raises LabError if it fails."""
        done = self.run(argv, stdin=stdin)
        if done.returncode != 0:
            raise LabError(f"{self.name}: {argv[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def sharectl(
        self, *arguments: str, extra: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run this checkout's sharectl in the node, by the node's Python."""
        environment = {"PYTHONPATH": str(CHECKOUT), **(extra or {})}
        return self.run([self.python, "-m", "sharectl", *arguments], extra=environment, stdin=stdin)

    def define(self, name: str, *, script: str = "", **options: Any) -> Guest:
        """Define a domain as `Guest.define` does. It can be migrated to any other node."""
        images = self.run_folder / "images"
        images.mkdir(exist_ok=True)
        parts = image()
        own: Image = parts.with_script(script, images / f"{name}.initramfs")
        xml = domain_xml(name, image=own, run=_GUESTS, **options)
        return self._guest(name, self.connection.defineXML(xml))

    def guest(self, name: str) -> Guest:
        """A domain that is here already: migrated here, or defined before a restart.

        Raises libvirt.libvirtError if there is none.
        """
        return self._guest(name, self.connection.lookupByName(name))

    def remove_guests(self) -> None:
        """Destroy and undefine all domains of the node."""
        for domain in self.connection.listAllDomains():
            self._guest(domain.name(), domain).remove()

    def install_hook(self, script: str) -> Path:
        """Make `script` the hook of libvirt's QEMU driver, in force at once; where it lies."""
        hook = self.path(libvirtd.HOOKS / "qemu")
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(script)
        hook.chmod(0o755)
        self.checked(["pkill", "-HUP", "-x", "libvirtd"])
        return hook

    def restart(self) -> None:
        """Start libvirtd anew; guests, virtlogd and mounts stay."""
        self._stop_libvirtd()
        self._start_libvirtd()

    def stop(self) -> None:
        """End the node and everything in it. Safe to repeat."""
        if not self._first.alive():
            return
        kept = libvirtd.kept_for(os.uname().release, chroot())
        if self.path(libvirtd.LEARNED).exists() and not kept.exists():
            libvirtd.keep(self.path(libvirtd.LEARNED), kept)
        self._disconnect()
        self._first.stop()

    def _guest(self, name: str, domain: Any) -> Guest:
        return Guest(name, domain, self.run_folder / self.name / "guests")

    def _configure(self) -> None:
        files = {
            "qemu.conf": f'{libvirtd.FILES["qemu.conf"]}migration_host = "{self.address}"\n',
            "libvirtd.conf": f"""\
auth_unix_rw = "none"
host_uuid = "5f1c2a60-8a4e-4c5b-9d0e-6c61620013{self.number:02}"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
""",
        }
        for name, text in files.items():
            self.path(f"/etc/libvirt/{name}").write_text(text)
        hosts = [f"127.0.0.1 localhost\n{ADDRESS} {HOSTNAME}\n"]
        hosts += [f"{_address(n)} {_name(n)}\n" for n in range(1, _HIGHEST_NUMBER + 1)]
        self.path("/etc/hosts").write_text("".join(hosts))
        self.path("/etc/hostname").write_text(f"{self.name}\n")
        if (kept := libvirtd.kept_for(os.uname().release, chroot())).exists():
            shutil.copytree(kept, self.path(libvirtd.LEARNED), dirs_exist_ok=True)

    def _connect_network(self) -> None:
        """A cable to the sandbox, which passes on what is for other nodes."""
        here, there = f"10.99.{self.number}.1", f"{self.address}/24"
        outside = f"""\
link add {self.name} type veth peer name eth0 netns /proc/1/ns/net
addr add {here}/24 dev {self.name}
link set {self.name} up
"""
        # The program and /proc are of the node, the network is not.
        subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "ip", "-batch", "-"],
            input=outside, text=True, check=True, env=_ENVIRONMENT,
        )  # fmt: skip
        inside = f"addr add {there} dev eth0\nlink set eth0 up\nroute add default via {here}\n"
        self.checked(["ip", "-batch", "-"], stdin=inside)
        _FORWARDING.write_text("1")

    def _start_libvirtd(self) -> None:
        self.checked(["libvirtd", "-d", "-l"])
        wait_until(
            lambda: libvirtd.answers(self.uri), timeout=20, what=f"libvirtd of {self.name}",
            daemon=self._first, interval=0.01,
        )  # fmt: skip

    def _stop_libvirtd(self) -> None:
        self._disconnect()
        pid = self.path("/run/libvirtd.pid").read_text().strip()
        self.checked(["kill", pid])
        gone = self.path(f"/proc/{pid}")
        wait_until(lambda: not gone.exists(), timeout=20, what="the end of libvirtd", interval=0.01)

    def _disconnect(self) -> None:
        while self._opened:
            self._opened.pop().close()


def _name(number: int) -> str:
    return f"node{number}"


def _address(number: int) -> str:
    return f"10.99.{number}.2"

"""One guest on a libvirt connection."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.lab.guest.image import image
from tests.lab.guest.xml import command_socket, console_log, domain_xml
from tests.lab.processes import LabError, wait_until

_numbers = count(1)


@dataclass(frozen=True)
class Guest:
    """A defined domain that boots the tiny guest. `domain` is libvirt's own object."""

    name: str
    domain: Any
    run: Path

    @classmethod
    def define(
        cls, connection: Any, name: str, run: Path, *, script: str = "", **options: Any
    ) -> Guest:
        """Define the domain `name`, whose guest runs `script` (sh, as root, in /).

        `share TAG` in it mounts a virtiofs tag at /mnt/TAG. Console, initramfs and socket are
        written to the folder `run`; `options` are those of `domain_xml`.
        """
        run.mkdir(parents=True, exist_ok=True)
        parts = image().with_script(script, run / f"{name}.initramfs")
        xml = domain_xml(name, image=parts, run=run, **options)
        return cls(name, connection.defineXML(xml), run)

    @classmethod
    def named(cls, name: str, connection: Any, run: Path) -> Guest:
        """One that was defined before, as is needed on another connection.

        Raises libvirt.libvirtError if there is no such domain.
        """
        return cls(name, connection.lookupByName(name), run)

    def start(self) -> None:
        """Start it with an empty console log. Raises libvirt.libvirtError."""
        console_log(self.run, self.name).unlink(missing_ok=True)
        self.domain.create()

    def console(self) -> str:
        """All that the guest has printed since it was started."""
        try:
            return console_log(self.run, self.name).read_text(errors="replace").replace("\r", "")
        except FileNotFoundError:
            return ""

    def wait_for(self, text: str, timeout: float = 30) -> str:
        """Wait until the console shows `text`; return the console. Raises LabError."""

        def shown() -> bool:
            return text in self.console()

        self._wait(lambda: shown() or not self.domain.isActive(), timeout, repr(text))
        if not shown():  # it may have been the last it printed
            raise LabError(f"{self.name} ended without {text!r}:\n{self.console()}")
        return self.console()

    def wait_off(self, timeout: float = 30) -> str:
        """Wait until the domain is shut off; return its console. Raises LabError."""
        self._wait(lambda: not self.domain.isActive(), timeout, "shut off")
        return self.console()

    def sh(self, command: str, timeout: float = 10) -> tuple[int, str]:
        """Run a shell command in the running guest: its status, and its output and errors.

        Raises LabError after `timeout` seconds; the command then still blocks the line.
        """
        mark = f"lab-{next(_numbers)}-"
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(timeout)
            line.connect(str(command_socket(self.run, self.name)))
            line.sendall(f"( {command}\n) </dev/null 2>&1; echo {mark}$?.\n".encode())
            output = self._received(line, mark, timeout)
        text, _, status = output.rpartition(mark)
        return int(status.partition(".")[0]), text

    def remove(self) -> None:
        """Destroy and undefine it with all that libvirt keeps about it. Safe to repeat."""
        import libvirt

        with contextlib.suppress(libvirt.libvirtError):
            self.domain.destroy()
        with contextlib.suppress(libvirt.libvirtError):
            self.domain.undefineFlags(
                libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
                | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
                | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
                | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
            )

    def _received(self, line: socket.socket, mark: str, timeout: float) -> str:
        received, deadline = "", time.monotonic() + timeout
        while not (mark in received and received.endswith(".\n")):
            line.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = line.recv(65536)
            except TimeoutError:
                raise LabError(f"{self.name} did not answer; got {received!r}") from None
            if not data:
                raise LabError(f"{self.name} ended; got {received!r}")
            received += data.decode(errors="replace").replace("\r", "")
        return received

    def _wait(self, condition: Any, timeout: float, what: str) -> None:
        try:
            wait_until(condition, timeout=timeout, what=f"{self.name}: {what}")
        except LabError as error:
            raise LabError(f"{error}; its console:\n{self.console()[-3000:]}") from None

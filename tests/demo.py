"""make demo: the main job on the real parts, as an admin would see it."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import dataclass, field

from tests.lab import sandbox
from tests.lab.processes import LabError, wait_until
from tests.lab.vm.virt import VmGuest
from tests.stage import Stage, stage

_BOLD, _PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
_GUEST_SCRIPT = """\
share docs; share data
cat /mnt/docs/hello /mnt/data/hello
echo "written by the guest" | tee /mnt/docs/from-guest > /mnt/data/from-guest
mount | grep virtiofs
"""


class DemoFailed(Exception):
    """A command did not do what it should."""


@dataclass
class Demo:
    """A play on the stage."""

    stage: Stage
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """A remark between the commands."""
        print(f"\n{_BOLD}# {text}{_PLAIN}", flush=True)

    def run(self, command: str, *, status: int = 0, terminal: bool = True) -> str:
        """Show a command, run it on the host's terminal, show what it prints.

        virsh goes without one: on a terminal it asks for an agent of polkit, which is not there.

        Raises `DemoFailed` when it ends with another status.
        """
        print(f"{_BOLD}$ {command}{_PLAIN}", flush=True)
        environment = {**self.stage.environment, "COLUMNS": "160"}
        printed = bytearray()

        def show(data: bytes) -> None:
            printed.extend(data)
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

        argv = ["sh", "-c", f"exec {command}"]
        if terminal:
            argv = ["script", "-qefc", f"stty cols 160; exec {command}", "/dev/null"]
        with self.stage.vm.start(argv, env=environment) as remote:
            ended = remote.wait(show, show, timeout=300)
        if ended != status:
            raise DemoFailed(f"{command!r} ended with status {ended}, not {status}")
        return printed.decode(errors="replace")

    def expect(self, what: str, holds: bool) -> None:
        """Check something that the output above should have shown."""
        if not holds:
            raise DemoFailed(f"not true: {what}")

    def play(self, guest: VmGuest) -> None:
        """The main job."""
        shares = self.stage.shares
        self.say("Which shares could be attached?")
        self.run("sharectl shares")
        self.say("Attach one of each protocol to the domain web1, which is shut off")
        for name in shares:
            self.run(f"sharectl add web1 {name} --tag {name}")
        self.run("sharectl list")
        self.run("findmnt -lt nfs4,ceph -o TARGET,SOURCE,FSTYPE")
        self.say("Put a file on each, start the domain, and look at the guest's own console")
        for name, share_id in shares.items():
            path = f"/run/sharectl/mnt/{share_id}"
            self.run(f"sh -c {shlex.quote(f'echo hello from {name} > {path}/hello')}")
        self._start(guest)
        self.say("What the guest wrote is on the file servers")
        for share_id in shares.values():
            text = self.run(f"cat /run/sharectl/mnt/{share_id}/from-guest")
            self.expect("the guest wrote to the share", "written by the guest" in text)
        self.say("While it runs")
        shown = self.run("sharectl show web1 docs")
        self.expect("status active, health ok", "active" in shown and "ok" in shown)
        self.run("sharectl remove web1 docs", status=4)
        self.say("Stop it and detach")
        self.run("virsh destroy web1", terminal=False)
        for name in shares:
            self.run(f"sharectl remove web1 {name}")
        self.run("sharectl list")
        self._nothing_left()

    def _start(self, guest: VmGuest) -> None:
        self.run("virsh start web1", terminal=False)
        wait_until(lambda: "script ended with status" in guest.console(), timeout=120,
                   what="the guest to mount its shares", interval=0.5)  # fmt: skip
        console = guest.console()
        print("".join(f"  web1 | {line}\n" for line in console.splitlines() if line.strip()))
        self.expect("the guest read both files",
                    "hello from docs" in console and "hello from data" in console)  # fmt: skip

    def _nothing_left(self) -> None:
        self.say("Nothing is left: neither mount nor device, and Manila's access lists are empty")
        mounts = self.run("findmnt -lt nfs4,ceph", status=1)
        self.expect("no mount is left", "sharectl" not in mounts)
        for name, share_id in self.stage.shares.items():
            rules = self.stage.cloud.rules(share_id)
            print(f"Manila, access rules of {name}: {rules or 'none'}")
            self.expect(f"no access rule of {name} is left", not rules)


def main() -> int:
    """Set the stage, play, and say how it went."""
    if not sandbox.inside():
        print("demo: run: make demo", file=sys.stderr)
        return 1
    start = time.monotonic()
    try:
        _play()
    except (DemoFailed, LabError, OSError) as error:
        print(f"\ndemo: FAILED: {error}", file=sys.stderr)
        return 1
    print(f"\ndemo: all of it worked, in {time.monotonic() - start:.0f} s")
    return 0


def _play() -> None:
    print("demo: starting Keystone, Manila, Ceph, and the VM that is the hypervisor host",
          flush=True)  # fmt: skip
    with stage() as made:
        guest = made.virt.define("web1", script=_GUEST_SCRIPT, stay=True)
        Demo(made).play(guest)


if __name__ == "__main__":
    sys.exit(main())

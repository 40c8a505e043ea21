"""SIGKILL anywhere in add, remove and reconcile of an NFS share that the kernel mounts.

One chain of kills, each followed by one reconcile: after an add the share is attached or gone,
after a reconcile it is attached, after a remove it is gone. So each has the next one's situation.

The VM is slow, so the usual run has the boundaries that NFS has a part in, before and after mounts
and access rules; the others are those of `tests.e2e.kills`. With SHARECTL_KILL_ROUNDS it has all.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest

from tests.e2e.faulty import How, Job, When
from tests.e2e.vm_host import VmHost
from tests.e2e.world import Result
from tests.lab.cloud.api import Share
from tests.lab.vm.channel import ENVIRONMENT, Remote
from tests.lab.vm.machine import COMMON, PROJECT
from tests.lab.vm.virt import VmGuest

pytestmark = pytest.mark.lab

_ALL = "SHARECTL_KILL_ROUNDS" in os.environ
_ROUNDS = int(os.environ.get("SHARECTL_KILL_ROUNDS", "2"))
_ANSWER_S = 180
_FOLDER = COMMON / "vm-kills"
_VERBS = {
    "add": ("add", "web1", "docs", "--tag", "docs"),
    "remove": ("remove", "web1", "docs"),
    "reconcile": ("reconcile",),
}
_LOOK = """\
cat /var/lib/sharectl/mappings.json; echo; echo --
cat /proc/self/mountinfo | grep -c " $1 "; ls /run/sharectl/mnt; echo --
virsh dumpxml --inactive web1
"""


class _Child:
    """`tests.e2e.faulty` in the VM."""

    def __init__(self, host: VmHost) -> None:
        _FOLDER.mkdir(exist_ok=True)
        self._host = host
        self._lines: SimpleQueue[str] = SimpleQueue()
        python = PROJECT / ".venv/bin/python"
        self._remote: Remote = host.vm.start([python, "-m", "tests.e2e.faulty"], cwd=PROJECT)
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._remote.wait(lambda data: self._lines.put(data.decode()), lambda _data: None)

    def run(self, verb: str, at: int | None = None, delay: float | None = None) -> Result:
        """Run sharectl; killed after its effect `at`, or `delay` seconds after the first."""
        environment = {**ENVIRONMENT, **self._host.cloud.environment("demo")}
        when, number = (When.AFTER, at) if delay is None else (When.DURING, 0)
        output, calls = _FOLDER / "output", _FOLDER / "calls"
        calls.write_text("")
        job = Job(_VERBS[verb], environment, str(output), str(calls),
                  number, when, How.SIGKILL, delay or 0)  # fmt: skip
        self._remote.write(job.to_line().encode())
        status = int(self._lines.get(timeout=_ANSWER_S))
        return Result(status, "", output.read_text())

    def calls(self) -> list[tuple[str, float]]:
        """The effects of the last run, and how long each took."""
        lines = (line.split() for line in (_FOLDER / "calls").read_text().splitlines())
        return [(name, float(seconds)) for name, seconds in lines]

    def close(self) -> None:
        self._remote.close_input()
        self._reader.join(_ANSWER_S)


@dataclass
class _Chain:
    """The host between two kills."""

    host: VmHost
    share: Share
    child: _Child
    problems: list[str] = field(default_factory=list)

    def attached(self) -> bool | None:
        """Whether the share is fully attached or fully gone; None when it is neither."""
        path = f"/run/sharectl/mnt/{self.share.id}"
        seen = self.host.vm.run(["sh", "-c", _LOOK, "look", path], check=False).stdout
        store, mounts, xml = seen.split("--\n", 2)
        mappings = json.loads(store).get("mappings", {}).values() if store.strip() else ()
        intents = [item["intent"] for item in mappings]
        rules = [rule.state for rule in self.host.cloud.rules(self.share.id)]
        found = intents, mounts.split(), rules, "<filesystem" in xml
        if found == (["attached"], ["1", self.share.id], ["active"], True):
            return True
        if found == ([], ["0"], [], False):
            return False
        self.problems.append(f"neither attached nor gone: {found}")
        return None

    def kill(self, verb: str, **how: Any) -> None:
        """Have the verb something to do, kill it, and let a reconcile bring it to an end."""
        if self.attached() is (verb == "add"):
            self.child.run("remove" if verb == "add" else "add").ok()
        if verb == "reconcile":
            self.lose_everything()
        self.child.run(verb, **how)
        before = len(self.problems)
        mended = self.child.run("reconcile")
        now = self.attached()
        if mended.status != 0:
            self.problems.append(f"reconcile: exit {mended.status}: {mended.stderr}")
        if now is {"remove": True, "reconcile": False}.get(verb):
            self.problems.append(f"attached: {now}")
        self.problems[before:] = [f"{verb}, {how}: {text}" for text in self.problems[before:]]

    def lose_everything(self) -> None:
        """Mount and rule are taken away behind sharectl's back."""
        path = f"/run/sharectl/mnt/{self.share.id}"
        self.host.vm.run(["sh", "-c", f"umount {path} && rmdir {path}"])
        for rule in self.host.cloud.rules(self.share.id):
            self.host.cloud.deny(self.share.id, rule.id)

    def effects(self) -> dict[str, list[tuple[str, float]]]:
        """Those of runs that nothing happens to."""
        found = {}
        for verb in ("add", "reconcile", "remove"):
            if verb == "reconcile":
                self.lose_everything()
            self.child.run(verb).ok()
            found[verb] = self.child.calls()
        return found


@pytest.fixture
def chain(host: VmHost, guest: VmGuest) -> Iterator[_Chain]:
    share = host.cloud.create_share("docs", backend="lvm")
    child = _Child(host)
    yield _Chain(host, share, child)
    child.close()


def _alternating(kills: list[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Those that need the share attached between those that need it gone, as far as they reach."""
    gone = [kill for kill in kills if kill[0] == "add"]
    attached = [kill for kill in kills if kill[0] != "add"]
    attached.sort(key=lambda kill: kill[0] == "remove")
    while gone or attached:
        if gone:
            yield gone.pop()
        while attached:
            kill = attached.pop()
            yield kill
            if kill[0] == "remove":
                break


def _boundaries(calls: list[tuple[str, float]]) -> Iterator[int]:
    """The numbers of the effects after which it is killed."""
    for at, pair in enumerate(pairwise([*calls, ("", 0.0)])):
        if _ALL or any(name.startswith(("mounts.", "shares.")) for name, _seconds in pair):
            yield at


def test_one_reconcile_ends_it(chain: _Chain, capsys: pytest.CaptureFixture[str]) -> None:
    effects = chain.effects()
    kills: list[tuple[str, dict[str, Any]]] = [
        (verb, {"at": at}) for verb, calls in effects.items() for at in _boundaries(calls)
    ]
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    for _ in range(_ROUNDS):
        verb = dice.choice(list(_VERBS))
        longest = 1.2 * sum(seconds for _name, seconds in effects[verb])
        kills.append((verb, {"delay": dice.uniform(0, longest)}))
    for verb, how in _alternating(kills):
        chain.kill(verb, **how)
    with capsys.disabled():
        print(f"\nNFS: {len(kills)} kills, {_ROUNDS} of them at random times, seed {seed}")
    assert chain.problems == []
    chain.child.run("reconcile").ok()
    assert chain.child.calls() == []

"""Histories drawn from a seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from tests.simulation.world import DOMAINS, SHARES

# What may happen, and how often; "second" is the second host.
PROCESSES = {
    "add": 10, "remove": 8, "start": 6, "reconcile": 4, "prune": 2, "adopt": 1, "boot": 1,
    "session": 1, "forget": 1,
}  # fmt: skip
MEDDLING = {"run": 14, "kill": 2, "signal": 2, "fail": 2, "lose": 1, "late": 1}
EVENTS = {
    "stop": 5, "undefine": 1, "rename": 1, "snapshot": 1, "revert": 1, "clone": 1, "slash": 1,
    "tag": 1, "drop": 1, "umount": 1, "cover": 1, "reboot": 1, "hook": 1, "libvirt": 1, "mute": 1,
    "server": 1, "manila": 2, "lies": 1, "withdraw": 1, "allow": 1, "error": 1, "swap": 1,
    "delete": 1, "user": 1, "driver": 1, "unplug": 1, "daemon": 1, "disk": 1, "migrate": 1,
    "slow": 1, "loses-store": 1, "nat": 0, "moves": 1, "bins": 1, "forge": 1,
}  # fmt: skip
ALL = {**PROCESSES, **MEDDLING, **EVENTS, "second": 0}
_LONGEST = 22


def draw(seed: int, without: Collection[str] = (), often: Collection[str] = ()) -> list[str]:
    """The steps of the history `seed`.

    Nothing of the kinds in `without` happens; what is in `often` does more than usual.
    """
    weights = {kind: weight for kind, weight in ALL.items() if kind not in without}
    weights |= {kind: max(6, ALL[kind]) for kind in often if ALL[kind]}
    dice = _Dice(Random(seed), weights)
    return dice.beginning() + [
        step for _number in range(dice.random.randint(2, _LONGEST)) for step in dice.steps()
    ]


class _Dice:
    def __init__(self, random: Random, weights: Mapping[str, int]) -> None:
        self.random = random
        self.kinds, self.weights = list(weights), list(weights.values())
        self.second = 2 if "second" in weights else 0

    def steps(self) -> list[str]:
        """One thing that happens, as one step or two."""
        kind = self.random.choices(self.kinds, self.weights)[0]
        if kind in PROCESSES:
            return self._process(kind)
        if kind in MEDDLING:
            return [self._meddle(kind)]
        return [self._world(kind)]

    def beginning(self) -> list[str]:
        """Mostly something is attached already, and sometimes the hook is not installed."""
        steps = ["h1 hook off"] if "hook" in self.kinds and self.random.random() < 0.15 else []
        for _number in range(self.random.choice([0, 1, 1, 2, 3])):
            level = self.pick("", "", "", " ro")
            slot = "p1" if self.random.random() < 0.8 or not self.second else "q1"
            steps += [f"{slot} add {self.pick(*DOMAINS)} {self.pick(*SHARES)}{level}"]
            steps += [f"{slot} run 300"]
        if "nat" in self.kinds and self.random.random() < 0.2:
            steps.insert(0, "h1 nat")
        return steps

    def pick(self, *words: str) -> str:
        """One of them."""
        return self.random.choice(words)

    def slot(self) -> str:
        """Mostly the same host."""
        return self.random.choices(["p1", "p2", "p3", "q1"], [5, 5, 3, self.second])[0]

    def _turns(self) -> int:
        return self.random.choice([1, 2, 3, 5, 8, 13, 21, 34, 55])

    def _process(self, kind: str) -> list[str]:
        slot, domain, share = self.slot(), self.pick(*DOMAINS), self.pick(*SHARES)
        if kind == "start" and "clone" in self.kinds:
            domain = self.pick(*DOMAINS, "copy")
        flags = {
            "add": ["", "", "", "", " ro", " nowait"],
            "remove": ["", "", "", "", " force", " nowait"],
        }.get(kind, [""])
        words = {
            "add": f"add {domain} {share}", "remove": f"remove {domain} {share}",
            "start": f"start {domain}", "prune": "reconcile prune",
            "forget": f"forget {domain} {share}",
            "session": self.pick(
                f"remove {domain} {share} session", f"add mine {share} session",
                f"remove mine {share} session", "reconcile session", "reconcile prune session",
                "start mine session",
            ),
        }.get(kind, kind)  # fmt: skip
        begun = f"{slot} {words}{self.pick(*flags)}"
        if (ends := [it for it in ("kill", "signal") if it in self.kinds]) and (
            self.random.random() < 0.15
        ):
            after = [f"{slot} run {self.random.randint(1, 45)}", f"{slot} {self.pick(*ends)}"]
            return [begun, *after, f"{slot} run 300"]
        turns = self._turns() if self.random.random() < 0.5 else 300
        return [begun, f"{slot} run {turns}"]

    def _meddle(self, kind: str) -> str:
        return f"{self.slot()} {kind}" + (f" {self._turns()}" if kind == "run" else "")

    def _world(self, kind: str) -> str:
        host = self.random.choices(["h1", "h2"], [5, self.second / 2])[0]
        domain, share = self.pick(*DOMAINS), self.pick(*SHARES)
        words = {
            "stop": f"{host} stop {domain}",
            "undefine": f"{host} undefine {domain}",
            "rename": f"{host} rename " + self.pick("guest renamed", "renamed guest"),
            "snapshot": f"{host} snapshot {domain}",
            "revert": f"{host} revert {domain}",
            "clone": f"{host} clone {domain} copy",
            "slash": f"{host} edit {domain} {share} slash",
            "tag": f"{host} edit {domain} {share} tag",
            "drop": f"{host} edit {domain} {share} drop",
            "umount": f"{host} umount {share}",
            "cover": f"{host} cover {share}",
            "driver": f"{host} edit {domain} {share} driver",
            "unplug": f"{host} unplug {domain} {share}",
            "daemon": f"{host} daemon {domain} {share}",
            "disk": f"{host} disk {domain} {share}",
            "migrate": f"{host} migrate {domain}",
            "slow": f"{host} slow {share}",
            "loses-store": f"{host} loses-store",
            "forge": f"{host} forge {domain} {share}",
            "bins": f"manila bins {share}",
            "moves": f"manila moves {share}",
            "reboot": f"{host} reboot",
            "hook": f"{host} hook " + self.pick("on", "off"),
            "libvirt": f"{host} libvirt " + self.pick("down", "up", "up"),
            "mute": f"{host} mute {domain}",
            "server": f"{host} server {share}",
            "manila": "manila is " + self.pick("down", "up", "up"),
            "lies": "manila lies",
            "withdraw": f"manila withdraw {share}",
            "allow": "manila allow docs " + self.pick("ro", "rw"),
            "error": f"manila error {share}",
            "swap": "manila swap",
            "delete": f"manila delete {share}",
            "user": "manila user " + self.pick("other", "maker"),
        }  # fmt: skip
        return words[kind]

"""A host, its libvirt and a Manila in memory, which keep the rules of the real ones.

They refuse what the real parts refuse (a mount without an access rule, a second rule for the same
address, a virtiofs filesystem without shared memory), so that an operation that works on them has
done things in an order that can work. Faults are asked for by attributes, or put between the
operation and the ports by `tests.fakes.faults`.
"""

from __future__ import annotations

from tests.fakes.app import FakeApp
from tests.fakes.domains import FakeDomains
from tests.fakes.hook_host import FakeHookHost
from tests.fakes.mounts import FakeMounts
from tests.fakes.process import FakeClock, FakeHost, FakeInterrupts, FakeLocks, Heard
from tests.fakes.shares import FakeShares
from tests.fakes.store import FakeSecrets, MemoryStore

__all__ = [
    "FakeApp",
    "FakeClock",
    "FakeDomains",
    "FakeHookHost",
    "FakeHost",
    "FakeInterrupts",
    "FakeLocks",
    "FakeMounts",
    "FakeSecrets",
    "FakeShares",
    "Heard",
    "MemoryStore",
]

"""sharectl on the real parts, with a fault at one of its calls: the child's side.

`python -m tests.e2e.faulty` imports sharectl once, reads a job from each line of its input, runs
it in a process of its own, and answers with that process's exit status. So a signal is a real
one, and a run costs a third of what a start of Python does.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import keystoneauth1.loading
import openstack.config  # noqa: F401

import sharectl
from sharectl import app, cli
from sharectl.errors import MountFailed, SharectlError, StoreError, Unavailable
from sharectl.ports import Transaction

# Calls without effect. Whatever else a port has or gets is a point where a fault can strike.
READS = {
    "domains": {"host", "look", "find"},
    "shares": {"project_id", "cloud", "find", "list", "rules", "survey", "key"},
    "mounts": {
        "list",
        "check_client",
        "local_address",
        "probe",
        "leftovers",
        "notes",
        "served",
        "resolve",
        "volatile",
    },
    "secrets": {"file"},
    "store": {"load", "mappings"},
    "withdrawals": {"list"},
}
ERRORS: dict[str, type[SharectlError]] = {
    "domains": Unavailable,
    "shares": Unavailable,
    "mounts": MountFailed,
    "secrets": StoreError,
    "store": StoreError,
    "withdrawals": StoreError,
}
_LONGEST_S = 100


class When(StrEnum):
    """On which side of the effect, or on its way."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class How(StrEnum):
    """What goes wrong."""

    ERROR = "error"
    SIGTERM = "sigterm"
    SIGKILL = "sigkill"


@dataclass(frozen=True)
class Job:
    """A run of sharectl.

    Its output goes to the file `output`, its calls with effect to the file `calls`: the name
    and the seconds that it took. `at` is the number of the call that the fault strikes, from 0;
    one that strikes on the way does so `delay` seconds after the start.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str]
    output: str
    calls: str
    at: int | None = None
    when: When = When.BEFORE
    how: How = How.ERROR
    delay: float = 0

    def to_line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


class Injector:
    """Writes down every call with an effect, and breaks one."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._made = 0

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`function`, which is the method `name` of a port, with the fault if it is the one."""
        when = self._job.when if self._made == self._job.at else None
        self._made += 1
        if when is When.BEFORE:
            self._strike(name)
        if when is When.DURING:
            threading.Timer(self._job.delay, self._strike, [name]).start()
        start = time.monotonic()
        result = function(*args, **kwargs)
        with Path(self._job.calls).open("a") as log:
            log.write(f"{name} {time.monotonic() - start:.3f}\n")
        if when is When.AFTER:
            self._strike(name)
        return result

    def _strike(self, name: str) -> None:
        if self._job.how is How.SIGTERM:
            os.kill(os.getpid(), signal.SIGTERM)
        elif self._job.how is How.SIGKILL:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise _error(name, lost_answer=self._job.when is When.AFTER)


def _error(name: str, *, lost_answer: bool) -> SharectlError:
    kind = ERRORS[name.partition(".")[0]]
    if kind is Unavailable:
        return Unavailable(f"{name} was broken", uncertain=lost_answer)
    return kind(f"{name} was broken")


class Port:
    """A port whose calls with effect go through the injector."""

    def __init__(self, name: str, target: Any, injector: Injector) -> None:
        self._name = name
        self._target = target
        self._injector = injector

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._target, method)
        if method in READS[self._name]:
            return found
        return partial(self._injector.call, f"{self._name}.{method}", found)

    @contextmanager
    def transaction(self, wait: float | None = None) -> Iterator[Transaction]:
        """The store's: its changes are methods of what it yields."""
        with self._target.transaction(wait) as opened:
            yield cast(Transaction, Port(self._name, opened, self._injector))


def faulty_app(injector: Injector) -> type[app.RealApp]:
    """The real application, its ports behind `injector`."""
    members = {name: _through(name, injector) for name in READS}
    made = type("FaultyApp", (app.RealApp,), members)
    for name, member in members.items():
        member.__set_name__(made, name)
    return made


def _through(name: str, injector: Injector) -> cached_property[Port]:
    real = app.RealApp.__dict__[name].func
    return cached_property(lambda self: Port(name, real(self), injector))


def _import_everything() -> None:
    """What sharectl imports late, once for all runs: it is a third of what a run costs."""
    for module in pkgutil.walk_packages(sharectl.__path__, "sharectl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    keystoneauth1.loading.get_plugin_loader("password")  # looks through all packages


def _run(job: Job) -> None:
    signal.alarm(_LONGEST_S)
    output = os.open(job.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(job.environment)
    sys.argv = ["sharectl", *job.arguments]
    app.RealApp = faulty_app(Injector(job))  # type: ignore[misc]
    cli.main()


def main() -> None:
    """Serve jobs until the end of the input."""
    _import_everything()
    for line in sys.stdin:
        values = json.loads(line)
        job = Job(**{**values, "when": When(values["when"]), "how": How(values["how"])})
        pid = os.fork()
        if pid == 0:
            _run(job)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()

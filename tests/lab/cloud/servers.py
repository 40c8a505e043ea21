"""Keystone and Manila as processes that tests may stop, start and freeze."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import processes
from tests.lab.cloud import api, build, configs, places
from tests.lab.cloud.api import Api, ApiError
from tests.lab.cloud.backends import Backend


@dataclass
class Server:
    """One server. `ready` says whether it answers; a connection error counts as no."""

    argv: Sequence[str | Path]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], bool]
    _daemon: processes.Daemon | None = field(default=None)

    def launch(self) -> None:
        """Start the process without waiting for it."""
        self._daemon = processes.start(self.argv, log=self.log, env=self.environment)

    def wait(self, timeout: float = 60) -> None:
        """Wait until it answers; raises `processes.LabError` with the end of its log."""
        processes.wait_until(self._answers, timeout=timeout, what=f"{self.log.stem} to answer",
                             daemon=self._daemon)  # fmt: skip

    def start(self) -> None:
        """Start it, unless it runs, with the state it had, and wait until it answers."""
        if self._daemon is None or not self._daemon.alive():
            self.launch()
            self.wait()

    def stop(self) -> None:
        """Kill it: connections are refused from now on. What it was doing is lost."""
        if self._daemon is not None:
            self._daemon.stop(timeout=0)
            self._daemon = None

    @contextmanager
    def down(self) -> Iterator[None]:
        """An outage: connections are refused inside the block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside the block, connections are accepted and never answered."""
        if self._daemon is None:
            raise processes.LabError(f"{self.log.stem} is not running")
        os.kill(self._daemon.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._daemon.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return self.ready()
        except OSError:
            return False


def prepare(folder: Path, backends: tuple[Backend, ...]) -> None:
    """Write databases, keys, configuration and clouds.yaml for a fresh start."""
    state = build.state()
    _prepare_keystone(folder / "keystone", state)
    _prepare_manila(folder / "manila", state, backends)
    (folder / "clouds.yaml").write_text(configs.clouds_yaml(configs.clouds()))


def keystone(folder: Path) -> Server:
    """Keystone with the files that `prepare` wrote."""

    def ready() -> bool:
        return bool(api.exchange("GET", places.KEYSTONE_URL, None, {}))

    argv, environment = build.module_command("keystone", str(folder / "keystone/keystone.conf"))
    return Server(argv, environment, folder / "keystone/keystone.out", ready)


def manila(folder: Path, backends: tuple[Backend, ...]) -> Server:
    """Manila with the files that `prepare` wrote; ready when its scheduler knows all back ends."""
    admin = Api(places.ADMIN)

    def ready() -> bool:
        try:
            pools = admin.get("/scheduler-stats/pools")["pools"]
        except ApiError:  # Keystone is not up yet, or Manila cannot reach it
            return False
        return {pool["backend"] for pool in pools} >= {backend.name for backend in backends}

    argv, environment = build.module_command("manila", str(folder / "manila/manila.conf"))
    for backend in backends:
        environment |= backend.environment
    path = [environment["PYTHONPATH"], *(part for one in backends for part in one.python_path)]
    environment["PYTHONPATH"] = ":".join(path)
    return Server(argv, environment, folder / "manila/manila.out", ready)


def _prepare_keystone(folder: Path, state: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copytree(state / "fernet", folder / "fernet")
    shutil.copy2(state / "keystone.db", folder)
    (folder / "keystone.conf").write_text(configs.keystone_conf(folder))


def _prepare_manila(folder: Path, state: Path, backends: tuple[Backend, ...]) -> None:
    for part in ("locks", "coordination"):
        (folder / part).mkdir(parents=True)
    shutil.copy2(state / "manila.db", folder)
    conf = folder / "manila.conf"
    conf.write_text(configs.manila_conf(folder, build.venv(), backends))
    shipped = (build.venv() / "etc/manila/api-paste.ini").read_text()
    (folder / "api-paste.ini").write_text(configs.api_paste(shipped, conf))

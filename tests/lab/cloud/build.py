"""What the cloud needs and what takes long: built once per machine, kept in the cache."""

from __future__ import annotations

import functools
import os
import sqlite3
import subprocess
import sys
import venv as stdlib_venv
from collections.abc import Sequence
from pathlib import Path

from tests.lab import cache, packages
from tests.lab.cloud import configs, places

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
SHARE_TYPES = ("dummy", "ceph", "lvm")
"""Present from the start; types of other back ends are created when the cloud starts."""

Argv = Sequence[str | Path]

_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "PYTHONWARNINGS": "ignore",
}
_REQUIREMENTS = HERE / "requirements.txt"
_STATE_SOURCES = (HERE / "places.py", *sorted((HERE / "server").glob("seed_*.py")))


@functools.cache
def venv() -> Path:
    """A venv with Manila, Keystone and a WSGI server, of the Python that runs this."""

    def build(folder: Path) -> None:
        stdlib_venv.create(folder, with_pip=True)
        pip = (folder / "bin/pip", "install", "--quiet", "--no-deps", "-r", _REQUIREMENTS)
        _run(pip, dict(os.environ))

    return cache.built("cloud-venv", f"{sys.version} {_REQUIREMENTS.read_text()}", build)


def state() -> Path:
    """A folder with both databases and the token keys, as right after an installation.

    It has the users, projects, catalogue and share types, and no share.
    """

    def build(folder: Path) -> None:
        (folder / "keystone.conf").write_text(configs.keystone_conf(folder))
        _keystone_manage(folder, "fernet_setup", "--keystone-user=root", "--keystone-group=root")
        _keystone_manage(folder, "db_sync")
        urls = (f"--bootstrap-{kind}-url={places.KEYSTONE_URL}"
                for kind in ("public", "internal", "admin"))  # fmt: skip
        _keystone_manage(folder, "bootstrap", f"--bootstrap-password={places.ADMIN.password}",
                         f"--bootstrap-region-id={places.REGION}", *urls)  # fmt: skip
        _run_module("seed_keystone", str(folder / "keystone.conf"))
        _run_module("seed_manila", str(folder / "manila.db"), *SHARE_TYPES)
        for name in ("keystone.db", "manila.db"):
            _use_write_ahead_log(folder / name)

    conf = configs.keystone_conf(Path("/state"))
    recipe = cache.digest(conf, *SHARE_TYPES, _REQUIREMENTS, *_STATE_SOURCES)
    return cache.built("cloud-state", recipe, build)


@functools.cache
def ceph() -> Path:
    """Debian's Ceph daemons and Python bindings, unpacked; `ceph-fuse` is installed."""
    packages.install("ceph-fuse")  # brings no service, and sharectl calls it
    return packages.unpacked(
        "ceph", "ceph-mon", "ceph-mgr", "ceph-osd", "ceph-mds", "python3-rados",
        "python3-ceph-argparse",
    )  # fmt: skip


def module_command(name: str, *arguments: str) -> tuple[Argv, dict[str, str]]:
    """The command line and environment that run tests.lab.cloud.server.`name` in the venv."""
    argv: Argv = (venv() / "bin/python", "-m", f"tests.lab.cloud.server.{name}", *arguments)
    return argv, {**_ENVIRONMENT, "PYTHONPATH": str(CHECKOUT)}


def _run_module(name: str, *arguments: str) -> None:
    argv, environment = module_command(name, *arguments)
    _run(argv, environment)


def _keystone_manage(folder: Path, *arguments: str) -> None:
    program = venv() / "bin/keystone-manage"
    argv: Argv = (program, f"--config-file={folder}/keystone.conf", *arguments)
    _run(argv, _ENVIRONMENT)


def _run(argv: Argv, environment: dict[str, str]) -> None:
    """Run to the end; on failure the error holds what was printed."""
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}\n{done.stdout}{done.stderr}")


def _use_write_ahead_log(database: Path) -> None:
    """Let readers go on while another thread writes; a property of the file from now on."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()

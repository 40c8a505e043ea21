"""Debian packages for the lab: installed on the machine, or only unpacked into the cache.

Whatever brings system services (NFS server, LVM, Ceph daemons) is unpacked only: installing it
would enable its units on a machine that runs systemd. What is installed starts nothing, since
dpkg is told by a policy file that no service may be started.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.lab import cache

_POLICY = Path("/usr/sbin/policy-rc.d")
_APT = (
    "apt-get",
    "-qq",
    "--no-install-recommends",
    "-o", "DPkg::Lock::Timeout=900",
    "-o", "Dpkg::Options::=--force-confold",
)  # fmt: skip
# /bin, /sbin and /lib* are links into /usr on Debian 12; unpacked packages still name both.
_USR_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def missing(names: Sequence[str]) -> list[str]:
    """Those of `names` that dpkg does not have installed."""
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *names],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    have = {line.split()[1] for line in query.stdout.splitlines() if line.startswith("installed ")}
    return [name for name in names if name not in have]


def install(*names: str) -> None:
    """Install what is missing of `names`; no service is started or restarted by it."""
    if not missing(names):
        return
    with cache.locked("apt"):
        wanted = missing(names)
        if not wanted:
            return
        print(f"lab: apt-get install {' '.join(wanted)}", flush=True)
        with _no_service_starts():
            apt("install", "-y", *wanted)


def unpacked(name: str, *names: str) -> Path:
    """A folder with `names`, and those of their dependencies that the machine lacks, unpacked.

    Nothing is installed and no maintainer script runs.
    """

    def build(folder: Path) -> None:
        debs = folder / ".debs"
        (debs / "partial").mkdir(parents=True)
        with cache.locked("apt"):
            apt("install", "-y", "--reinstall", "--download-only",
                 "-o", f"Dir::Cache::archives={debs}", *names)  # fmt: skip
        extract(debs, folder)

    return cache.built(name, " ".join(names), build)


def extract(debs: Path, folder: Path, *, without: Sequence[str] = ()) -> None:
    """Unpack the .deb files of `debs` into the new `folder`, and delete them.

    What lies below the paths `without` is left out.
    """
    for part in _USR_MERGED:
        (folder / "usr" / part).mkdir(parents=True, exist_ok=True)
        (folder / part).symlink_to(f"usr/{part}")
    options = [f"--exclude=./{path}" for path in without]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(lambda deb: _extract(deb, folder, options), debs.glob("*.deb")))


def _extract(deb: Path, folder: Path, options: Sequence[str]) -> None:
    """Unpack one .deb; folders that are links in `folder` (usr-merge) stay links."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as source:
        subprocess.run(
            ["tar", "-x", "--keep-directory-symlink", "-C", folder, *options],
            stdin=source.stdout, check=True,
        )  # fmt: skip
    if source.returncode:
        raise RuntimeError(f"dpkg-deb could not read {deb.name}")
    deb.unlink()


def apt(*arguments: str, options: Sequence[str] = ()) -> None:
    """Run apt-get with `options`; when it fails, refresh its package lists once and try again.

    Raises subprocess.CalledProcessError.
    """
    get = [*_APT, *options]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    first = subprocess.run([*get, *arguments], env=environment, check=False, capture_output=True)
    if first.returncode == 0:
        return
    subprocess.run([*get, "update"], env=environment, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*get, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Forbid service starts while dpkg works, unless the machine has a policy of its own."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()

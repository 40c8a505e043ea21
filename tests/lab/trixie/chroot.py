"""Debian 13 in a folder: its packages unpacked into the cache, nothing installed.

No maintainer script runs; of what they would do, the few things that count here are done below.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tests.lab import cache, libvirtd, packages, pythons, sandbox
from tests.lab.processes import LabError

SUITE = "trixie"

_LIBVIRT = ("libvirt-daemon", "libvirt-daemon-driver-qemu", "libvirt-clients", "virtiofsd",
            "qemu-system-x86")  # fmt: skip
# What sharectl calls; what it imports is in `pythons`.
_PROGRAMS = ("python3", "mount", "nfs-common", "ceph-fuse")
# Packages that every Debian has are nobody's dependency.
_ESSENTIAL = ("bash", "coreutils", "dash", "findutils", "grep", "iproute2",
              "libc-bin", "mawk", "procps", "sed", "util-linux")  # fmt: skip
_PYTHON = (*pythons.DEBIAN, *pythons.DEBIAN_TEST_TOOLS)
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
_CERTIFICATES = "usr/share/ca-certificates/mozilla"
# Importing them once at the end keeps their compiled form, and shows that they load.
_MODULES = (
    "libvirt, lxml.etree, click, rich.table, tinydb, yaml, openstack, manilaclient.client,"
    " pytest, hypothesis, greenlet"
)


def chroot() -> Path:
    """The folder, built on the first call: about 90 MB to download, 350 MB on disk."""
    return cache.built(SUITE, cache.digest(Path(__file__), *_PYTHON), _build)


def setup() -> None:
    """Build it if need be; needs the network."""
    chroot()


def _build(folder: Path) -> None:
    if sandbox.inside():
        raise LabError(
            f"the lab has no {SUITE} yet: python -m tests.lab setup, outside the sandbox"
        )
    state = folder / ".apt"
    _download(state)
    for name in ("mnt", "run", "var"):
        (folder / name).mkdir()
    (folder / "var/run").symlink_to("../run")
    packages.extract(state / "archives", folder, without=_LEFT_OUT)
    shutil.rmtree(state)
    for name, line in libvirtd.USERS.items():
        master = (folder / f"usr/share/base-passwd/{name}.master").read_text()
        (folder / "etc" / name).write_text(f"{master}{line}\n")
    (folder / "usr/bin/awk").symlink_to("mawk")
    authorities = sorted((folder / _CERTIFICATES).glob("*.crt"))
    bundle = "".join(path.read_text() for path in authorities)
    (folder / "etc/ssl/certs/ca-certificates.crt").write_text(bundle)
    environment = {"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C.UTF-8"}
    imports = ["chroot", str(folder), "python3", "-c", f"import {_MODULES}"]
    subprocess.run(imports, env=environment, check=True)


def _download(state: Path) -> None:
    """Fetch the packages with all that they depend on into `state`/archives.

    apt works as on this machine (proxies, keys), but with package lists of its own and as if
    nothing was installed.
    """
    for name in ("lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True)
    source = state / "sources.list"
    source.write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {SUITE} main\n")
    settings = {
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": os.devnull,
        "Dir::Etc::preferencesparts": os.devnull,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": os.devnull,
        "Dir::Cache": state,
        "Acquire::Languages": "none",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    names = (*_LIBVIRT, *_PROGRAMS, *_PYTHON, *_ESSENTIAL)
    packages.apt("install", "-y", "--download-only", *names, options=options)


def _mirror() -> str:
    """Where this machine's own apt gets Debian from. Raises LabError."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    query = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages",
             f"Release: {codename}", "Component: main"]  # fmt: skip
    done = subprocess.run(query, capture_output=True, text=True, check=True)
    if not done.stdout:
        raise LabError(f"apt has no source of Debian {codename} main to tell where {SUITE} is")
    return done.stdout.split()[0]

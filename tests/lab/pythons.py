"""Pythons whose libraries are older than those of the venv that runs the tests.

==========  ==================================================================================
`lowest`    exactly the lower bounds that pyproject.toml declares
`debian12`  Debian 12's own packages, unpacked; the Python is the machine's /usr/bin/python3
==========  ==================================================================================

Debian 13's are those of the lab's nodes (`tests.lab.trixie`). sharectl itself is not installed
in them: they take it from the current folder or from PYTHONPATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from tests import dependencies
from tests.lab import cache, packages

# The versions of what the dependencies need in turn. pip would take the newest of each, and one
# day these no longer go with releases that are so much older.
_CONSTRAINTS = Path(__file__).with_name("lowest.txt")
_DEBIAN_PYTHON = "/usr/bin/python3"
_DEBIAN_MODULES = "/usr/lib/python3/dist-packages"
DEBIAN = ("python3-libvirt", "python3-lxml", "python3-click", "python3-rich", "python3-tinydb",
          "python3-yaml", "python3-openstacksdk", "python3-manilaclient",
          "python3-keystoneauth1")  # fmt: skip
"""Debian's names of what pyproject.toml declares."""
DEBIAN_TEST_TOOLS = ("python3-pytest", "python3-hypothesis", "python3-greenlet",
                     "python3-cryptography")  # fmt: skip
_DEBIAN_LIBRARIES = ("libvirt0", "libxslt1.1", "libyaml-0-2")


def setup() -> None:
    """Build them if need be; needs the network."""
    for path in BY_NAME.values():
        path()


def lowest() -> Path:
    """The Python with the lowest versions; the first call takes a minute."""
    bounds = {**dependencies.lowest(), **dependencies.lowest_test_tools()}
    wanted = [f"{name}=={version}" for name, version in bounds.items()]

    def build(folder: Path) -> None:
        venv.create(folder, with_pip=True)
        # setuptools for its pkg_resources, which was part of every venv in those days.
        _run(folder / "bin/pip", "install", "-q", "-c", _CONSTRAINTS, "setuptools", *wanted)

    recipe = f"{sys.version} {' '.join(wanted)} {_CONSTRAINTS.read_text()}"
    return cache.built("lowest", recipe, build) / "bin/python"


def debian12() -> Path:
    """The Python with Debian 12's packages; the first call downloads about 30 MB."""
    packages.install("python3-venv", *_DEBIAN_LIBRARIES)
    unpacked = packages.unpacked("debian-12", *DEBIAN, *DEBIAN_TEST_TOOLS)

    def build(folder: Path) -> None:
        _run(_DEBIAN_PYTHON, "-m", "venv", "--without-pip", folder)
        (site,) = folder.glob("lib/python3.*/site-packages")
        # What the machine had of the dependencies was not unpacked: it is Debian's as well.
        folders = (f"{unpacked}{_DEBIAN_MODULES}", _DEBIAN_MODULES)
        (site / "debian.pth").write_text("\n".join(folders))

    return (
        cache.built("debian-12-venv", cache.digest(str(unpacked), Path(__file__)), build)
        / "bin/python"
    )


BY_NAME: dict[str, Callable[[], Path]] = {"lowest": lowest, "debian-12": debian12}


def _run(*argv: str | Path) -> None:
    """Run to the end; on failure the error holds what was printed."""
    done = subprocess.run(argv, env=dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}\n{done.stdout}{done.stderr}")

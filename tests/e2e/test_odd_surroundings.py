"""Working folders, environments, streams and limits that no command counts on."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile

import pytest

from tests.e2e.world import ROOT, Result, World

pytestmark = pytest.mark.lab

_NAME = "共有 \U0001f600"


@pytest.fixture
def attached(world: World) -> World:
    world.guest("vm1")
    world.guest("vm2")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.cloud.create_share(_NAME, "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    return world


def _sh(world: World, before: str, *words: str, after: str = "", **extra: str) -> Result:
    """Run it in a shell, after `before` and with the redirections of `after`."""
    script = f"{before}\nexec {shlex.join(world.argv(*words))} {after}"
    done = subprocess.run(
        ["bash", "-c", script], env=world.environment() | extra, cwd=ROOT, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    decode = extra.get("PYTHONIOENCODING", "utf-8")
    told = world.without_config(done.stderr.decode(decode))
    return Result(done.returncode, done.stdout.decode(decode), told)


_LOOKS = (
    ("list",),
    ("list", "--long"),
    ("show", "vm1", "docs"),
    ("shares",),
    ("reconcile", "--dry-run"),
    ("hook", "status", "--no-probe"),
    ("adopt", "--dry-run"),
    ("forget", "vm1", "docs", "--dry-run"),
    ("add", "vm1", "docs", "--dry-run"),
    ("remove", "vm1", "docs", "--dry-run"),
)


def test_no_verb_counts_on_them(attached: World) -> None:
    gone = tempfile.mkdtemp()
    surroundings = (
        f"mkdir -p {gone}; cd {gone}; rmdir {gone}; unset HOME",
        "export HOME=/dev/null LANG=nonsense; exec <&-; umask 0777",
        # Libraries make their caches there.
        f"export HOME={attached.folder}/none LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
    )
    for verb in _LOOKS:
        healthy = attached.sharectl(*verb)
        assert healthy.status in (0, 5), verb
        for before in surroundings:
            found = _sh(attached, before, *verb)
            assert found.status == healthy.status, (verb, before, found)
            assert found.stderr == healthy.stderr, (verb, before)
            if "POSIX" not in before:
                assert found.stdout == healthy.stdout, (verb, before)


@pytest.mark.parametrize(
    ("form", "encoding"), [("table", "ascii"), ("json", "latin-1"), ("value", "latin-1")]
)
def test_a_name_that_the_encoding_lacks(attached: World, form: str, encoding: str) -> None:
    """The work of `add` is done when it prints; all other cases are in tests/cli."""
    words = ("-v", "add", "vm2", _NAME, "-f", form, "-c", "Share Name", "-c", "Status")
    added = _sh(attached, "", *words, PYTHONIOENCODING=encoding).ok()
    if form == "json":
        assert json.loads(added.stdout)["Share Name"] == _NAME
    else:
        assert "\\u5171\\u6709" in added.stdout
    assert "inactive" in added.stdout
    assert "Traceback" not in added.stderr


def test_a_full_output_of_add(attached: World) -> None:
    added = _sh(attached, "", "add", "vm2", "docs", after=">/dev/full")
    assert (added.status, added.stdout) == (74, "")
    assert added.stderr.splitlines() == [
        "sharectl: error: cannot write the output: No space left on device; what was asked for is"
        " done",
        "sharectl: hint: see how things stand: sharectl list",
    ]
    assert len(attached.mappings()) == 2
    assert attached.sharectl("add", "vm2", "docs").ok().stderr == ""


def test_a_state_folder_without_room(attached: World) -> None:
    before = attached.snapshot()
    attached.state.rename(attached.folder / "kept")
    attached.state.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(attached.state)], check=True
    )
    try:
        # The older backup makes room when it is replaced.
        (attached.folder / "kept" / "mappings.json.bak").unlink()
        for file in (attached.folder / "kept").iterdir():
            subprocess.run(["cp", "-a", str(file), str(attached.state)], check=True)
        with (attached.state / "filler").open("wb", buffering=0) as filler:
            filler.truncate(0)
            while _filled(filler.fileno()):
                pass
        refused = attached.sharectl("add", "vm2", "docs")
        assert refused.status == 74
        error, hint = refused.stderr.splitlines()
        assert "No space left on device" in error
        assert f"df -h {attached.state}" in hint
        assert attached.snapshot() == before
        (attached.state / "filler").unlink()
        attached.sharectl("add", "vm2", "docs").ok()
    finally:
        subprocess.run(["umount", "-l", str(attached.state)], check=True)


def _filled(number: int) -> bool:
    try:
        return os.write(number, bytes(4096)) > 0
    except OSError:
        return False


# The interpreter itself needs files to start: it gets the limit when it is up.
_LIMITED = """
import resource, sys
from sharectl.cli import main
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv.pop(1)),) * 2)
main()
"""


@pytest.mark.parametrize("verb", [("list", "--long"), ("show", "vm1", "docs"), ("reconcile",)])
def test_too_few_open_files(attached: World, verb: tuple[str, ...]) -> None:
    """Wherever they run out, it is no mistake of ours, and the backup is no cure for it."""
    seen = set()
    for limit in range(4, 24, 2):
        done = subprocess.run(
            [sys.executable, "-c", _LIMITED, str(limit), *attached.argv(*verb)[3:]],
            env=attached.environment(), cwd=ROOT, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        seen.add(done.returncode)
        assert done.returncode != 1, (limit, done.stderr)
        assert "Traceback" not in done.stderr, (limit, done.stderr)
        assert f"cp {attached.store}" not in done.stderr, (limit, done.stderr)
    assert 0 in seen
    assert seen & {69, 74, 78}


def test_odd_files(attached: World) -> None:
    for path, status in ((attached.store, 74), (attached.folder / "odd.toml", 78)):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        config = ["--config", str(path)] if status == 78 else []
        result = attached.sharectl(*config, "list")
        assert (result.status, len(result.stderr.splitlines())) == (status, 2)
        path.unlink()

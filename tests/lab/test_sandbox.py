"""The sandbox passes through what it should, and lets nothing out or survive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import sandbox
from tests.lab.processes import wait_until

pytestmark = pytest.mark.lab

_SAY_NAMESPACE = "import os; print(os.readlink('/proc/self/ns/pid'), flush=True)\n"
_HOST = """\
import libvirt, pathlib, sys
from tests.lab import libvirtd
libvirtd.start(pathlib.Path("/run/lab"))
connection = libvirt.open(libvirtd.URI)
connection.defineXML("<domain type='qemu'><name>same</name><memory>1024</memory>"
                     "<os><type>hvm</type></os></domain>")
print([domain.name() for domain in connection.listAllDomains()], flush=True)
sys.stdin.read()
"""


def _argv(*command: str) -> list[str]:
    return [sys.executable, "-m", "tests.lab", "run", "--", *command]


def _environment() -> dict[str, str]:
    """That of a caller outside, so that a sandbox in the sandbox is made."""
    return {name: value for name, value in os.environ.items() if name != sandbox.INSIDE}


def _run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _argv(*command), env=_environment(), input=text, capture_output=True, text=True,
        check=False, timeout=30,
    )  # fmt: skip


@contextmanager
def _started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A sandbox that has printed nothing yet; killed at the end if it still runs."""
    with subprocess.Popen(
        _argv(*command), env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _members(namespace: str) -> list[int]:
    """The processes in the PID namespace that readlink(2) names so."""
    found = []
    for link in Path("/proc").glob("[0-9]*/ns/pid"):
        try:
            if str(link.readlink()) == namespace:
                found.append(int(link.parts[2]))
        except OSError:  # it ended meanwhile, or is a kernel thread
            continue
    return found


def _groups() -> list[Path]:
    """The control groups of sandboxes in this sandbox."""
    return list(Path("/sys/fs/cgroup").glob("sharectl-lab-*"))


@pytest.mark.parametrize(
    ("command", "status"), [("exit 3", 3), ("kill -KILL $$", 137), ("exec /nowhere", 127)]
)
def test_exit_status(command: str, status: int) -> None:
    assert _run("sh", "-c", command).returncode == status


def test_input_and_output_pass_through() -> None:
    done = _run("sh", "-c", "cat; echo oops >&2", text="hello\n")
    assert (done.stdout, done.stderr) == ("hello\n", "oops\n")


def test_unknown_command_is_said() -> None:
    done = _run("no-such-program")
    assert done.returncode == 127
    assert done.stderr == "lab: no-such-program: No such file or directory\n"


def test_root_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(sandbox.INSIDE, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert sandbox.run(["true"]) == 125
    assert (
        capsys.readouterr().err == "lab: the sandbox needs root (it makes namespaces and mounts)\n"
    )


def test_what_is_seen_inside() -> None:
    script = """
        test ! -e /dev/kvm || exit 1
        test "$(ls /var/lib/sharectl /etc/sharectl /var/lib/libvirt | grep -v :)" = "" || exit 2
        test "$(cat /proc/1/comm)" = "$(ps -o comm= -p 1)" || exit 3
        test "$(ls /sys/class/net)" = lo || exit 4
        test "$(cat /sys/fs/cgroup/cgroup.procs | grep -cx 1)" = 1 || exit 5
    """
    assert _run("sh", "-c", script).returncode == 0


def test_writes_stay_inside() -> None:
    places = [f"{folder}/sandbox-test" for folder in ("/etc", "/var/lib", "/var/log", "/run")]
    done = _run("sh", "-c", f"touch {' '.join(places)} && ls {' '.join(places)}")
    assert done.stdout.split() == sorted(places)
    assert not [place for place in places if Path(place).exists()]


def test_two_at_once_do_not_meet() -> None:
    with _started(sys.executable, "-c", _HOST) as one, _started(sys.executable, "-c", _HOST) as two:
        assert (_line(one), _line(two)) == ("['same']", "['same']")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_the_caller(number: signal.Signals) -> None:
    script = "readlink /proc/self/ns/pid; setsid sleep 1000 & trap '' HUP; sleep 1000; sleep 1000"
    with _started("sh", "-c", script) as process:
        namespace = _line(process)
        wait_until(lambda: len(_members(namespace)) >= 4, timeout=5, what="the sandbox")
        process.send_signal(number)
        wait_until(lambda: not _members(namespace), timeout=5, what="an empty namespace")


def test_daemons_do_not_survive_a_killed_caller() -> None:
    with _started(sys.executable, "-c", _SAY_NAMESPACE + _HOST) as process:
        namespace = _line(process)
        assert _line(process) == "['same']"
        assert len(_members(namespace)) >= 4  # PID 1, Python, virtlogd, libvirtd
        process.kill()
        wait_until(lambda: not _members(namespace), timeout=5, what="an empty namespace")
        wait_until(lambda: not _groups(), timeout=5, what="the end of its control group")


def test_libvirt_fixture_outside_gives_the_way_in(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("def test_x(libvirtd): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.lab.fixtures_libvirt",
         "-p", "no:cacheprovider", str(tmp_path)],
        env=_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "run: make test, or python -m tests.lab run -- pytest ..." in done.stdout

"""The hook script itself, run by the real shell, with a recorder where Python would be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sharectl.model.hook_files import Caller, cron_table, hook_script, unit

pytestmark = pytest.mark.processes

DATA = Path(__file__).parents[2] / "sharectl/data"
MOUNTS = "/run/sharectl/mnt"
SHARE = f"<source dir='{MOUNTS}/5a5a'/>"
# What libvirt gives to its hooks, and no more.
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
RECORDER = """#!{python}
import json, os, pathlib, sys
record = [sys.argv[1:], dict(os.environ), sys.stdin.buffer.read().decode()]
pathlib.Path({file!r}).write_text(json.dumps(record))
print("no hook may say anything here")
sys.exit({status})
"""


class Script:
    """A hook below `folder`, and what it does."""

    def __init__(self, folder: Path, status: int = 0) -> None:
        self.record = folder / "record"
        self.state = folder / "state"
        self.state.mkdir(parents=True)
        recorder = folder / "python"
        recorder.write_text(
            RECORDER.format(python=sys.executable, file=str(self.record), status=status)
        )
        recorder.chmod(0o755)
        self.caller = Caller(
            "1.2.3", str(recorder), folder / "config.toml", self.state, Path("/run/sharectl"),
            Path(MOUNTS), self.state / "hook.stamp",
        )  # fmt: skip
        self.path = folder / "hook"
        self.path.write_text(hook_script((DATA / "hook.sh").read_text(), self.caller))
        self.path.chmod(0o755)

    def run(self, *arguments: str, xml: str = SHARE) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path, *arguments], input=xml, env=ENVIRONMENT, cwd="/",
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    @property
    def called(self) -> bool:
        return self.record.exists()


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path / "it's here; $(touch no) & <there>")


HOSTILE = [
    "web1", "-n", "--help", "-c exit 3", "a b", "$(touch /tmp/owned)", "`id`", "a\nb", "'\"\\", "*",
    "%s%n", "ünï", "!!", "",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_python_gets_everything_as_it_is(script: Script, name: str) -> None:
    xml = f"<domain>\n  <name>{name} $(id) `id` %s \\n</name>\n{SHARE}</domain>"
    done = script.run(name, "prepare", "begin", "-", xml=xml)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    arguments, environment, given = json.loads(script.record.read_text())
    config = str(script.caller.config_file)
    assert arguments == ["-I", "-m", "sharectl.hook", config, name, "prepare", "begin", "-"]
    assert given == xml
    assert environment["SHARECTL_STATE_DIR"] == str(script.state)
    assert environment["SHARECTL_RUNTIME_DIR"] == "/run/sharectl"


def test_its_refusal_is_passed_on(tmp_path: Path) -> None:
    script = Script(tmp_path / "refusing", status=1)
    assert script.run("web1", "prepare", "begin", "-").returncode == 1


@pytest.mark.parametrize(
    "event",
    [
        ("prepare", "end"), ("start", "begin"), ("started", "begin"), ("stopped", "end"),
        ("release", "end"), ("migrate", "begin"), ("restore", "begin"), ("reconnect", "begin"),
        ("attach", "begin"), ("", ""),
    ],
    ids=lambda event: event[0],
)  # fmt: skip
def test_other_events_end_at_once(tmp_path: Path, event: tuple[str, str]) -> None:
    script = Script(tmp_path / "refusing", status=1)
    done = script.run("web1", *event, "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not script.called
    assert script.caller.stamp.exists()


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<domain/>",
        "<source file='/srv/sharectl.img'/>",
        "<source file='/run/sharectl/other'/>",
        "<source file='/mnt/disk'/>",
        "<name>sharectl-hook-probe-1</name>",
        "<source file='/srv'/>" * 500_000,
    ],
    ids=["none", "empty", "elsewhere", "ours", "mnt", "probe", "huge"],
)
def test_without_a_filesystem_or_our_folder_python_is_not_started(script: Script, xml: str) -> None:
    done = script.run("web1", "prepare", "begin", "-", xml=xml)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not script.called


@pytest.mark.parametrize("quote", ["'", '"'])
def test_our_mount_points_are_found_in_huge_xml(script: Script, quote: str) -> None:
    source = f"<source dir={quote}{MOUNTS}/5a5a{quote}/>"
    xml = "<disk/>\n" * 700_000 + source + "<disk/>\n" * 700_000
    script.run("web1", "prepare", "begin", "-", xml=xml)
    assert json.loads(script.record.read_text())[2].count("\n") == 1_400_000


@pytest.mark.parametrize(
    "xml",
    [
        "<source file='/run//sharectl/mnt/5a5a/disk'/>",
        "<source file='/var/run/sharectl//mnt/5a5a/disk'/>",
        "<source file='/run/./sharectl/./mnt/5a5a'/>",
        "<source file='/run/sharectl/../sharectl/mnt/5a5a'/>",
        "<filesystem type='mount'><source dir='/srv/alias'/></filesystem>",
        "<filesystem><source dir='/srv/alias'/></filesystem>",
    ],
)
def test_a_share_is_found_however_its_path_is_written(script: Script, xml: str) -> None:
    script.run("web1", "prepare", "begin", "-", xml=xml)
    assert script.called


def test_a_runtime_folder_that_xml_has_to_escape_is_found(tmp_path: Path) -> None:
    script = Script(tmp_path / "x")
    caller = script.caller.__class__(
        **{**vars(script.caller), "mount_base": Path("/run/a&b's*/mnt")}
    )
    script.path.write_text(hook_script((DATA / "hook.sh").read_text(), caller))
    script.run("web1", "prepare", "begin", "-", xml="<source dir='/run/a&amp;b&apos;s*/mnt/1'/>")
    assert script.called


def test_without_its_state_folder_it_does_the_same(script: Script) -> None:
    script.state.rmdir()
    done = script.run("web1", "prepare", "begin", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert script.called


def test_a_stamp_that_cannot_be_written_stops_no_start(script: Script) -> None:
    script.caller.stamp.mkdir()  # as on a full disk, or one that is read-only
    done = script.run("web1", "prepare", "begin", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert script.called


def test_each_call_renews_the_stamp(script: Script) -> None:
    script.caller.stamp.touch()
    os.utime(script.caller.stamp, (0, 0))
    script.run("web1", "release", "end", "-")
    assert script.caller.stamp.stat().st_mtime > 0


@pytest.mark.parametrize("name", ["sharectl-mounts.service", "sharectl-reconcile.service"])
def test_units_quote_for_systemd(script: Script, name: str) -> None:
    text = unit((DATA / name).read_text(), script.caller)
    (command,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert command.startswith(f'ExecStart="{script.caller.python.replace("$", "$$")}" "-I" "-m"')
    assert f'"SHARECTL_STATE_DIR={script.state}"' in text
    assert "@" not in text.replace("@reboot", "")


def _fields(line: str) -> int:
    return 1 if line.startswith("@") else 5


def test_the_cron_table_runs_by_its_shell(script: Script, tmp_path: Path) -> None:
    table = cron_table((DATA / "sharectl.cron").read_text(), script.caller)
    lines = [line for line in table.splitlines() if line and line[0] in "@*"]
    run: Callable[[str], object] = lambda command: subprocess.run(  # noqa: E731
        ["/bin/sh", "-c", command], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL
    )
    seen = []
    for line in lines:
        user, command = line.split(None, _fields(line) + 1)[-2:]
        assert user == "root"
        run(command.replace("\\%", "%"))
        seen.append(json.loads(script.record.read_text())[0])
    config = str(script.caller.config_file)
    assert seen == [
        ["-I", "-m", "sharectl.hook", config, "-", "boot", "begin", "-"],
        ["-I", "-m", "sharectl", "--config", config, "reconcile"],
    ]

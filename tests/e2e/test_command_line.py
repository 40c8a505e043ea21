"""What a user of the command line sees: cliff's formats, terminals, pipes, mistakes."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest
from cliff.lister import Lister
from cliff.show import ShowOne

from tests.e2e.terminal import hang_up_at, on_terminal
from tests.e2e.world import ROOT, Result, World
from tests.lab import processes, shells
from tests.lab.cloud.cloud import Cloud
from tests.lab.libvirtd import URI

pytestmark = pytest.mark.lab

_LONG_TAG = "a-tag.of:36_characters--------------"
LIST_COLUMNS = ("Domain", "Share ID", "Status", "Tag")


@pytest.fixture(scope="module")
def attached(cloud: Cloud, libvirtd: object) -> Iterator[World]:
    """Three mappings, which no test changes for good."""
    world = World(cloud, libvirt.open(URI), Path(tempfile.mkdtemp(prefix="world-", dir="/run")))
    for name in ("vm2", "vm10"):
        world.guest(name)
    for name in ("docs", "data"):
        cloud.create_share(name, "CEPHFS", backend="ceph")
    world.sharectl("add", "vm2", "docs", "--tag", _LONG_TAG).ok()
    world.sharectl("add", "vm10", "docs", "--tag", "b").ok()
    world.sharectl("add", "vm2", "data", "--tag", "c").ok()
    yield world
    world.clean()
    cloud.purge()


def _cliff(kind: type[Any], columns: Sequence[str], data: Any, arguments: Sequence[str]) -> str:
    """What a command of the OpenStack client prints for this data, through cliff itself."""

    class Verb(kind):  # type: ignore[misc]
        def take_action(self, _arguments: object) -> tuple[Sequence[str], Any]:
            return columns, data

    printed = io.StringIO()
    verb = Verb(SimpleNamespace(stdout=printed), None)
    verb.run(verb.get_parser("verb").parse_args(list(arguments)))
    return printed.getvalue()


_OPTIONS = (
    ("-f", "json"),
    ("-f", "yaml"),
    ("-f", "value"),
    ("-f", "table"),
    (),
    ("-f", "json", "-c", "Tag", "-c", "Share ID"),
    ("-f", "value", "-c", "Status"),
    ("-f", "table", "-c", "Tag"),
)


@pytest.mark.parametrize(
    "options",
    (
        *_OPTIONS,
        ("-f", "csv"),
        ("-f", "csv", "-c", "Tag"),
        ("-f", "value", "--sort-column", "Tag"),
        ("-f", "json", "--sort-column", "Status", "--sort-column", "Domain"),
        ("-f", "value", "-c", "Domain", "--sort-column", "Share ID"),
    ),
    ids=" ".join,
)
def test_list_prints_what_cliff_prints(attached: World, options: tuple[str, ...]) -> None:
    mappings = sorted(attached.mappings().values(), key=lambda item: str(item["created_at"]))
    rows = [(item["domain_name"], item["share_id"], "inactive", item["tag"]) for item in mappings]
    rows.sort(key=lambda row: row[0])
    result = attached.sharectl("list", *options).ok()
    assert result.stdout == _cliff(Lister, LIST_COLUMNS, rows, options)
    assert result.stderr == ""


@pytest.mark.parametrize("options", _OPTIONS, ids=" ".join)
def test_show_prints_what_cliff_prints(attached: World, options: tuple[str, ...]) -> None:
    (mapping,) = (item for item in attached.mappings().values() if item["tag"] == _LONG_TAG)
    record = {
        "Export Location": mapping["export_location"], "Share ID": mapping["share_id"],
        "Status": "inactive", "Tag": mapping["tag"], "UUID": mapping["id"], "Domain": "vm2",
        "Domain UUID": mapping["domain_uuid"], "Share Name": "docs", "Protocol": "CEPHFS",
        "Access Level": "rw", "Access Type": "cephx", "Access To": mapping["access_to"],
        "Mount Point": mapping["mount_point"], "Health": "ok", "Last Error": None,
        "Requested By": "root", "Created At": mapping["created_at"],
        "Updated At": mapping["updated_at"],
    }  # fmt: skip
    result = attached.sharectl("show", "vm2", "docs", *options).ok()
    assert result.stdout == _cliff(ShowOne, tuple(record), tuple(record.values()), options)
    assert result.stderr == ""


def test_without_header(attached: World) -> None:
    for form, separator, above in (("table", "|", 3), ("csv", ",", 1)):
        full = attached.sharectl("list", "-f", form).ok().stdout.splitlines()
        bare = attached.sharectl("list", "-f", form, "--no-header").ok().stdout.splitlines()
        cells = [[[cell.strip() for cell in line.split(separator)] for line in lines]
                 for lines in (full[above:], bare[above // 2 :])]  # fmt: skip
        assert cells[0][:3] == cells[1][:3]
        assert len(bare) == len(full) - (above + 1) // 2


def test_nothing_wraps_or_glitters_in_a_pipe(attached: World) -> None:
    narrow = {"COLUMNS": "20", "TERM": "xterm-256color", "FORCE_COLOR": "1"}
    for arguments in (("list",), ("show", "vm2", "docs")):
        result = attached.sharectl(*arguments, extra=narrow).ok()
        assert "\x1b" not in result.stdout + result.stderr
        lengths = {len(line) for line in result.stdout.splitlines()}
        assert len(lengths) == 1
        assert lengths.pop() > 60


def test_a_table_on_a_terminal(attached: World) -> None:
    screen = on_terminal(attached, "show", "vm2", "docs")
    assert screen.status == 0
    assert screen.text.startswith("╭")
    assert _LONG_TAG in screen.text
    assert screen.coloured
    plain = on_terminal(attached, "show", "vm2", "docs", extra={"NO_COLOR": "1"})
    assert not plain.coloured
    assert plain.text == screen.text


def test_a_narrow_terminal_cuts_nothing(attached: World) -> None:
    lines = on_terminal(attached, "list", columns=80).text.splitlines()
    assert max(len(line) for line in lines) <= 80
    last = "".join(line.split("│")[4].strip() for line in lines if line.startswith("│"))
    assert _LONG_TAG in last


def test_show_on_a_terminal_says_how_to_mount_in_the_guest(attached: World) -> None:
    text = on_terminal(attached, "show", "vm2", "docs").text
    lines = [line.strip() for line in text.splitlines()]
    assert f"mount -t virtiofs {_LONG_TAG} /mnt" in lines
    assert f"{_LONG_TAG} /mnt virtiofs rw,nofail 0 0" in lines
    assert "virtiofs" not in on_terminal(attached, "show", "vm2", "docs", "-f", "value").text


def test_in_tmux(attached: World) -> None:
    tmux = [str(shells.program("tmux")), "-S", str(attached.folder / "tmux"), "-f", "/dev/null"]
    words = [*attached.argv("list"), ";", "sleep", "30"]
    environment = attached.environment(extra=shells.environment()) | {"TERM": "xterm-256color"}
    subprocess.run([*tmux, "new-session", "-d", "-x", "130", "-y", "20", " ".join(words)],
                   env=environment, cwd=ROOT, check=True)  # fmt: skip

    def shown() -> str:
        done = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True,
                              check=True, env=environment)  # fmt: skip
        return done.stdout if "╰" in done.stdout else ""

    try:
        text = processes.wait_until(shown, timeout=30, what="the table in tmux")
    finally:
        subprocess.run([*tmux, "kill-server"], env=environment, check=True)
    assert _LONG_TAG in text
    assert len({len(line) for line in text.splitlines() if line}) == 1


def test_progress_is_for_terminals_only(attached: World) -> None:
    quiet = attached.sharectl("remove", "vm2", "data").ok()
    assert (quiet.stdout, quiet.stderr) == ("", "")
    screen = on_terminal(attached, "add", "vm2", "data", "--tag", "c", "-f", "value",
                         "-c", "Status", streams=("stderr",))  # fmt: skip
    assert (screen.status, screen.other) == (0, "inactive\n")
    assert "grant rw access" in screen.text
    assert screen.raw.rstrip().endswith("\x1b[2K")  # the last line is wiped


def _into_a_closed_pipe(world: World, stream: str, *arguments: str) -> Result:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        world.argv(*arguments), env=world.environment(), cwd=ROOT, text=True, check=False,
        stdout=writer if stream == "stdout" else subprocess.PIPE,
        stderr=writer if stream == "stderr" else subprocess.PIPE,
    )  # fmt: skip
    os.close(writer)
    return Result(done.returncode, done.stdout or "", done.stderr or "")


@pytest.mark.parametrize("verb", [("list",), ("list", "-f", "json"), ("show", "vm2", "docs"),
                                  ("--help",)], ids=" ".join)  # fmt: skip
def test_a_reader_that_has_enough(attached: World, verb: tuple[str, ...]) -> None:
    """As with `sharectl list | head -1`, but whatever the pipe could hold."""
    assert _into_a_closed_pipe(attached, "stdout", *verb) == Result(0, "", "")


def test_nobody_reads_the_progress(attached: World) -> None:
    """That is no reason to undo."""
    removed = _into_a_closed_pipe(attached, "stderr", "-v", "remove", "vm10", "docs")
    added = _into_a_closed_pipe(attached, "stderr", "-v", "add", "vm10", "docs", "--tag", "b",
                                "-f", "value", "-c", "Status")  # fmt: skip
    assert [removed, added] == [Result(0, "", ""), Result(0, "inactive\n", "")]


def test_closed_streams_and_a_full_disk(attached: World) -> None:
    for redirection, status in (("2>&-", 3), (">&- 2>&- <&-", 3), (">/dev/full", 3)):
        script = f"exec {' '.join(attached.argv('show', 'vm2', 'nothing'))} {redirection}"
        done = subprocess.run(["sh", "-c", script], env=attached.environment(), cwd=ROOT,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert (done.returncode, done.stdout) == (status, "")
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr


def test_a_lost_connection_undoes(attached: World) -> None:
    attached.cloud.create_share("slow-rule-3s", "CEPHFS", backend="ceph")
    before = attached.snapshot()
    assert hang_up_at(attached, "wait until", "add", "vm10", "slow-rule-3s") == 130
    assert attached.snapshot() == before


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("lst",), "no such command 'lst'. Did you mean 'list'?", "sharectl --help"),
        (("shwo",), "no such command 'shwo'. Did you mean 'show'?", "sharectl --help"),
        (("frobnicate",), "no such command 'frobnicate'", "sharectl --help"),
        (("--bogus",), "no such option '--bogus'", "sharectl --help"),
        (("list", "--bogus"), "no such option '--bogus'", "sharectl list --help"),
        (("list", "a", "b"), "unexpected extra argument (b)", "sharectl list --help"),
        (("list", "-f", "xml"), "'xml' is not one of", "sharectl list --help"),
        (("list", "-c", "Size"), "there is no column 'Size'", "Domain, Share ID, Status, Tag"),
        (("add",), "missing argument 'DOMAIN'", "sharectl add --help"),
        (("add", "vm2"), "missing argument 'SHARE'", "sharectl add --help"),
        (("add", "vm2", "docs", "--timeout", "soon"), "--timeout", "sharectl add --help"),
        (("remove", "vm2", ""), "cannot be the name or ID", "printable"),
        (("--config", "/nowhere", "list"), "/nowhere does not exist", "man sharectl-config"),
    ],
    ids=str,
)
def test_a_mistake_is_two_lines(
    attached: World, words: tuple[str, ...], error: str, hint: str
) -> None:
    result = attached.sharectl(*words)
    first, second = result.stderr.splitlines()
    assert result.status == (78 if "--config" in words else 2)
    assert result.stdout == ""
    assert first.startswith("sharectl: error: ")
    assert error in first
    assert second.startswith("sharectl: hint: ")
    assert hint in second


def test_no_words_at_all(attached: World) -> None:
    done = subprocess.run(attached.argv()[:3], env=attached.environment(), cwd=ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "sharectl: error: missing command\nsharectl: hint: see: sharectl --help\n"
    )

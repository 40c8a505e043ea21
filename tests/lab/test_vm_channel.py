"""Commands in the lab VM behave as `subprocess` has it."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.processes import wait_until
from tests.lab.vm.channel import Channel, CommandFailed
from tests.lab.vm.machine import COMMON, PROJECT

pytestmark = pytest.mark.lab


def test_streams_status_environment_and_folder_are_kept_apart(vm: Channel) -> None:
    script = 'echo "$WORD in $PWD"; echo trouble >&2; exit 7'

    done = vm.run(["sh", "-c", script], env={"WORD": "ho"}, cwd=PROJECT / "tests", check=False)

    assert (done.returncode, done.stdout, done.stderr) == (
        7,
        f"ho in {PROJECT}/tests\n",
        "trouble\n",
    )


def test_failure_raises_with_what_was_printed(vm: Channel) -> None:
    with pytest.raises(CommandFailed, match="No such file") as caught:
        vm.run(["ls", "/nowhere"])
    assert caught.value.returncode == 2


def test_what_cannot_be_executed_raises(vm: Channel) -> None:
    with pytest.raises(FileNotFoundError):
        vm.run(["no-such-program"])
    with pytest.raises(PermissionError):
        vm.run(["/etc/passwd"])


def test_killed_command_has_a_negative_status(vm: Channel) -> None:
    assert vm.run(["sh", "-c", "kill -TERM $$"], check=False).returncode == -15


def test_more_than_any_buffer_holds_goes_through(vm: Channel) -> None:
    text = "0123456789abcde\n" * (1 << 16)
    assert vm.run(["cat"], input=text).stdout == text


def test_input_may_be_left_unread(vm: Channel) -> None:
    assert vm.run(["head", "-c", "3"], input="abc" * (1 << 20)).stdout == "abc"


def test_timeout_kills_the_process_group(vm: Channel) -> None:
    script = "echo started; sleep 1234 & sleep 1234"

    with pytest.raises(subprocess.TimeoutExpired) as caught:
        vm.run(["sh", "-c", script], timeout=2)

    assert caught.value.output == "started\n"
    assert vm.run(["pgrep", "-f", "^sleep 1234"], check=False).stdout == ""


def test_hanging_up_kills_the_command(vm: Channel) -> None:
    with vm.start(["sleep", "4321"]):
        pass

    def gone() -> bool:
        return vm.run(["pgrep", "-f", "^sleep 4321"], check=False).returncode == 1

    wait_until(gone, timeout=10, what="the command to end")


def test_background_process_is_not_waited_for(vm: Channel) -> None:
    start = time.monotonic()
    assert vm.run(["sh", "-c", "sleep 60 & echo done"]).stdout == "done\n"
    assert time.monotonic() - start < 30
    vm.run(["pkill", "-x", "sleep"])


def test_several_commands_run_at_once(vm: Channel) -> None:
    with ThreadPoolExecutor() as pool:
        results = [pool.submit(vm.run, ["sh", "-c", f"sleep 1; echo {n}"]) for n in range(4)]
        assert [result.result().stdout for result in results] == [f"{n}\n" for n in range(4)]


def test_common_folder_shows_changes_both_ways_at_once(vm: Channel) -> None:
    shared = COMMON / "note"
    for word in ("first", "second"):
        shared.write_text(word)
        assert vm.run(["cat", shared]).stdout == word
    vm.run(["sh", "-c", f"echo third >{shared}"])
    assert shared.read_text() == "third\n"
    shared.unlink()


def test_what_the_vm_writes_stays_in_the_vm(vm: Channel) -> None:
    vm.run(["touch", "/usr/bin/of-the-vm"])
    assert not Path("/usr/bin/of-the-vm").exists()

"""The Debian 13 tier is what the tests above it take it for: real hosts of the newer stack."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import libvirt
import pytest

from tests.lab.cloud.cloud import Cloud
from tests.lab.fixtures_libvirt import DomainFactory
from tests.lab.fixtures_trixie import NodeFactory
from tests.lab.guest.xml import filesystem_xml
from tests.lab.processes import wait_until
from tests.lab.trixie import Node

pytestmark = pytest.mark.lab

_LIVE = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
_HOOK = """\
#!/bin/sh
echo "$*" >>{folder}/calls
cat >{folder}/"$2".xml
"""


def _read_only(source: Path, tag: str) -> str:
    return filesystem_xml(source, tag).replace("</filesystem>", "<readonly/></filesystem>")


def test_versions_are_those_of_debian_13(trixie: Node) -> None:
    assert trixie.connection.getLibVersion() // 1_000_000 == 11
    assert trixie.connection.getVersion() // 1_000_000 == 10
    assert "virtiofsd 1.13" in trixie.checked(["/usr/libexec/virtiofsd", "--version"])
    assert trixie.checked(["python3", "--version"]).startswith("Python 3.13")


def test_sharectl_runs_on_its_libvirt_and_python(trixie: Node) -> None:
    assert trixie.sharectl("list", "-f", "json").stdout == "[]\n"
    missing = trixie.sharectl("list", "nobody")
    assert (missing.returncode, missing.stdout) == (3, "")
    assert "'nobody' does not exist" in missing.stderr


def test_sharectl_attaches_a_share_of_the_cloud(
    trixie_nodes: NodeFactory, clean_cloud: Cloud
) -> None:
    node, share = trixie_nodes(), clean_cloud.create_share("docs", "CEPHFS", backend="ceph")
    credentials = clean_cloud.environment("demo")
    guest = node.define("tier", script="share docs; echo hello >/mnt/docs/new")

    added = node.sharectl("add", "tier", "docs", "--tag", "docs", extra=credentials)
    assert added.returncode == 0, added.stderr
    guest.start()
    guest.wait_off()

    assert node.checked(["cat", f"/run/sharectl/mnt/{share.id}/new"]) == "hello\n"
    (rule,) = clean_cloud.rules(share.id)
    assert rule.access_to.startswith(f"sharectl-{node.name}-")
    removed = node.sharectl("remove", "tier", "docs", extra=credentials)
    assert removed.returncode == 0, removed.stderr
    assert not clean_cloud.rules(share.id)


def test_guest_writes_one_share_and_its_root_cannot_write_a_read_only_one(
    trixie_domain: DomainFactory, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "from-host").write_text(f"hello {folder.name}\n")
    guest = trixie_domain(
        "tier",
        script="share one; share two; cat /mnt/*/from-host; echo hello host >/mnt/one/answer;"
        " echo no >/mnt/two/new; rm /mnt/two/from-host",
        devices=filesystem_xml(first, "one") + _read_only(second, "two"),
    )

    guest.start()
    console = guest.wait_off()

    assert "hello first\nhello second\n" in console
    assert (first / "answer").read_text() == "hello host\n"
    assert console.count("Read-only file system") == 2
    assert [path.name for path in second.iterdir()] == ["from-host"]


def test_guest_with_a_share_migrates_and_goes_on_writing(
    trixie: Node, trixie_peer: Node, trixie_domain: DomainFactory, tmp_path: Path
) -> None:
    guest = trixie_domain(
        "tier",
        script="share one; exec 5>/mnt/one/count;"
        " while :; do n=$((n + 1)); echo $n >&5; usleep 50000; done",
        devices=filesystem_xml(tmp_path, "one"),
    )
    written = tmp_path / "count"

    def numbers() -> list[int]:
        return [int(line) for line in written.read_text().splitlines()]

    guest.start()
    wait_until(lambda: written.exists() and len(numbers()) > 5, timeout=30, what="a count")
    guest.domain.migrate3(trixie_peer.connection, {}, _LIVE)
    before = len(numbers())
    wait_until(lambda: len(numbers()) > before + 5, timeout=30, what="a count from the other host")

    assert not guest.domain.isActive()
    moved = trixie_peer.guest("tier")
    assert moved.domain.isActive()
    assert moved.sh("hostname") == (0, "guest\n")
    moved.remove()
    found = numbers()
    assert found == list(range(1, len(found) + 1))


def test_hook_is_called_with_the_domain_on_standard_input(
    trixie_nodes: NodeFactory, tmp_path: Path
) -> None:
    node = trixie_nodes()
    node.install_hook(_HOOK.format(folder=tmp_path))
    guest = node.define("tier", devices=filesystem_xml(tmp_path, "one"))

    guest.start()
    guest.domain.destroy()
    calls = tmp_path / "calls"
    wait_until(lambda: "release" in calls.read_text(), timeout=10, what="the last hook")

    assert calls.read_text().splitlines() == [
        "tier prepare begin -",
        "tier start begin -",
        "tier started begin -",
        "tier stopped end -",
        "tier release end destroyed",
    ]
    assert f"<source dir='{tmp_path}'/>" in (tmp_path / "prepare.xml").read_text()


def test_failing_hook_refuses_the_start_with_its_words(trixie_nodes: NodeFactory) -> None:
    node = trixie_nodes()
    node.install_hook("#!/bin/sh\necho not mounted >&2; exit 1\n")
    guest = node.define("tier")

    with pytest.raises(libvirt.libvirtError, match="not mounted"):
        guest.start()


def test_guest_outlives_a_restart_of_the_daemon(trixie_nodes: NodeFactory) -> None:
    node = trixie_nodes()
    node.define("tier", stay=True).start()

    node.restart()

    assert node.guest("tier").domain.isActive()


def test_nodes_and_the_sandbox_reach_each_other(trixie: Node, trixie_peer: Node) -> None:
    assert trixie.checked(["virsh", "-c", f"qemu+tcp://{trixie_peer.name}/system", "uri"])
    remote = libvirt.open(f"qemu+tcp://{trixie.address}/system")
    assert remote.getHostname() == trixie.name
    remote.close()


def test_mounts_and_processes_of_a_node_end_with_it(trixie_nodes: NodeFactory) -> None:
    node = trixie_nodes()
    node.checked(["mount", "-t", "tmpfs", "inside", "/mnt"])
    sleep = subprocess.Popen(node.command(["sleep", "1000"]), env=node.environment())
    seen = json.loads(node.checked(["findmnt", "--json", "/mnt"]))

    node.stop()

    assert seen["filesystems"][0]["source"] == "inside"
    assert "inside" not in Path("/proc/self/mountinfo").read_text()
    assert sleep.wait(timeout=10) != 0

"""The completions are fresh, and in each shell they offer what can be typed there."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sharectl.adapters.json_store import JsonStore
from sharectl.model.mapping import ShareMapping
from tests.completions.shells import FOLDER, Offer, bash, fish, zsh
from tests.lab import shells
from tests.operations import scenarios
from tests.tools import command_tree, completions

IN_EACH_SHELL = pytest.mark.parametrize(
    "offer",
    [
        pytest.param(bash, marks=pytest.mark.processes),
        pytest.param(fish, marks=pytest.mark.lab),
        pytest.param(zsh, marks=pytest.mark.lab),
    ],
)
_DOMAINS = ["web1", "web2"]
# Tells what it was called with, and whether it could ask somebody at a terminal.
_VIRSH = """#!/bin/sh
echo "virsh $*" >>"$CALLS"
(: </dev/tty) 2>/dev/null && echo "has a terminal" >>"$CALLS"
printf 'web1\\nweb2\\n\\n'
"""
_CLOUDS = """# of nobody
clouds:

  # the first
  demo:
    auth:
      username: secret
  prod.eu-1: {auth: {username: secret}}
cache:
  expiration: {}
"""
_MUST_NOT_RUN = '#!/bin/sh\necho "$0" >>"$CALLS"\n'
_HANGS = "#!/bin/sh\nexec sleep 60\n"


class Host:
    """A host with a fake virsh, and a store with two shares of web1 and one of web2."""

    def __init__(self, folder: Path) -> None:
        self.calls = folder / "calls"
        self.calls.touch()
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.program("virsh", _VIRSH)
        for name in ("sharectl", "python", "python3", "openstack"):
            self.program(name, _MUST_NOT_RUN)
        self.environment = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "HOME": str(folder),
            "TERM": "dumb",
            "CALLS": str(self.calls),
            "SHARECTL_STATE_DIR": str(folder / "state"),
            "OS_CLIENT_CONFIG_FILE": str(folder / "nothing.yaml"),
        }
        clouds = folder / ".config/openstack/clouds.yaml"
        clouds.parent.mkdir(parents=True)
        clouds.write_text(_CLOUDS)
        self.docs = _mapping("web1", "docs")
        self.odd = _mapping("web1", 'say "hi"')
        self.other = _mapping("web2", "other")
        self.store = JsonStore(folder / "state/mappings.json")
        with self.store.transaction() as store:
            for mapping in (self.docs, self.odd, self.other):
                store.put(mapping)

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)


def _mapping(domain: str, share: str) -> ShareMapping:
    world = scenarios.nfs()
    world.add()
    mapping = world.app.store.load()[0]
    return replace(mapping, id=share, domain_name=domain, share_name=share, share_id=f"id-{share}")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_files_are_fresh() -> None:
    generated = completions.generate(command_tree.read())
    assert {path.name for path in FOLDER.iterdir()} == set(generated)
    for name, text in generated.items():
        assert (FOLDER / name).read_text() == text, "run: python -m tests.tools.completions"


@IN_EACH_SHELL
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sharectl rem", ["remove"]),
        ("sharectl -v --os-cloud show re", ["reconcile", "remove"]),
        ("sharectl --ver", ["--verbose", "--version"]),
        ("sharectl list --so", ["--sort-column"]),
        ("sharectl list --ver", ["--verbose"]),
        ("sharectl hook --os", ["--os-cloud"]),
        ("sharectl list --format y", ["yaml"]),
        ("sharectl list -f c", ["csv"]),
        ("sharectl show web1 docs -c he", ["health"]),
        ("sharectl list --sort-column share_", ["share_id", "share_name"]),
        ("sharectl shares --column si", ["size"]),
        ("sharectl hook status -c l", ["last_run", "live"]),
        ("sharectl --os-cloud ", ["demo", "prod.eu-1"]),
        ("sharectl show --os-cloud=p", ["prod.eu-1"]),
        ("sharectl add --enable-shared-memory=h", ["hugepages"]),
        ("sharectl list ", _DOMAINS),
        ("sharectl list -v ", _DOMAINS),
        ("sharectl --quiet remove --timeout 5 web", _DOMAINS),
        ("sharectl add web1 ", []),
        ("sharectl nonsense ", []),
    ],
)
def test_words(host: Host, offer: Offer, line: str, offered: list[str]) -> None:
    found = offer(line, host.environment)
    assert sorted(item.rpartition("=")[2] for item in found) == offered


@IN_EACH_SHELL
def test_commands(host: Host, offer: Offer) -> None:
    names = [command.name for command in command_tree.read().commands]
    assert sorted(offer("sharectl ", host.environment)) == sorted(names)


@IN_EACH_SHELL
def test_shares_are_those_of_the_domain(host: Host, offer: Offer) -> None:
    for domain in ("web1", "-y web1"):
        found = offer(f"sharectl remove {domain} ", host.environment)
        assert "docs" in found
        assert not any("other" in item for item in found)
    by_uuid = offer(f"sharectl show {host.docs.domain_uuid} do", host.environment)
    assert by_uuid == ["docs"]


@IN_EACH_SHELL
def test_nothing_is_started_but_virsh_and_that_cannot_ask(host: Host, offer: Offer) -> None:
    for line in ("sharectl ", "sharectl show ", "sharectl show web1 ", "sharectl add web1 "):
        offer(line, host.environment)
    (call,) = host.calls.read_text().splitlines()
    assert call == "virsh --connect qemu:///system --readonly --quiet list --all --name"


@IN_EACH_SHELL
def test_libvirt_is_the_one_of_this_host(host: Host, offer: Offer) -> None:
    local = "sharectl --connect test:///default list "
    assert sorted(offer(local, host.environment)) == _DOMAINS
    assert "virsh --connect test:///default " in host.calls.read_text()
    assert sorted(offer("sharectl list --connect test:///default ", host.environment)) == _DOMAINS
    assert host.calls.read_text().count("virsh --connect test:///default ") == 2
    for remote in ("qemu+ssh://far/system", "qemu://far/system", "qemu+ssh:///system"):
        assert offer("sharectl list ", {**host.environment, "LIBVIRT_DEFAULT_URI": remote}) == []
        assert offer(f"sharectl --connect={remote} list ", host.environment) == []
    assert "far" not in host.calls.read_text()
    assert "ssh" not in host.calls.read_text()


@IN_EACH_SHELL
def test_what_hangs_or_fails_offers_nothing(host: Host, offer: Offer) -> None:
    host.program("virsh", _HANGS)
    start = time.monotonic()
    assert offer("sharectl list ", host.environment) == []
    assert time.monotonic() - start < 10
    (host.programs / "virsh").unlink()
    for tool in ("virsh", "awk", "setsid"):
        host.program(tool, "#!/bin/sh\necho no >&2\nexit 1\n")
    assert offer("sharectl list ", host.environment) == []
    nowhere = {**host.environment, "SHARECTL_STATE_DIR": "/nowhere"}
    assert offer("sharectl show web1 ", nowhere) == []


@pytest.mark.processes
def test_bash_quotes_what_the_shell_would_take_apart(host: Host) -> None:
    host.program("virsh", "#!/bin/sh\nprintf 'db one\\na:b\\n'\n")
    assert bash("sharectl list d", host.environment) == ["db\\ one"]
    assert bash("sharectl list a:", host.environment) == ["b"]


@pytest.mark.processes
def test_bash_offers_files_for_the_configuration(host: Host) -> None:
    assert f"{host.calls}" in bash(f"sharectl --config {host.calls.parent}/", host.environment)


@pytest.mark.lab
@pytest.mark.parametrize("name", ["fish", "zsh"])
def test_syntax(name: str) -> None:
    file = {"fish": "sharectl.fish", "zsh": "_sharectl"}[name]
    subprocess.run(
        [shells.program(name), "-n", FOLDER / file], env=shells.environment(), check=True
    )

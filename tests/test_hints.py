"""Commands in hints carry the global options that were given."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharectl.config import Config
from sharectl.hints import Context
from tests.cli.running import run
from tests.operations.scenarios import attached, nfs

CHOSEN = Context("qemu+unix:///system?socket=/x", "lab", Path("/etc/x.toml"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("virsh start web1", "virsh -c 'qemu+unix:///system?socket=/x' start web1"),
        ("see why: openstack share show s", "see why: openstack --os-cloud lab share show s"),
        (
            "then: sharectl reconcile",
            "then: sharectl --connect 'qemu+unix:///system?socket=/x' --os-cloud lab --config"
            " /etc/x.toml reconcile",
        ),
        ("openstack --os-cloud other share list", "openstack --os-cloud other share list"),
        ("another sharectl removed it meanwhile", "another sharectl removed it meanwhile"),
        ("it is named 'x; virsh start y'", "it is named 'x; virsh start y'"),
    ],
)
def test_commands_get_what_they_need(text: str, expected: str) -> None:
    assert CHOSEN.complete(text) == expected
    assert Context().complete(text) == text


def test_the_hint_of_an_error() -> None:
    world = nfs()
    world.app.domains.start(world.uuid)
    arguments = ["--connect", "qemu:///session", "add", "guest", "docs"]
    result = run(world.app, *arguments)
    assert "hint: virsh -c qemu:///session shutdown guest" in result.stderr


def test_what_the_configuration_names_is_given_to_other_programs_alone() -> None:
    settings = Config(libvirt_uri="qemu:///session", manila_cloud="lab")
    text = "virsh list; openstack share list; sharectl list"
    assert Context().configured(settings, {}).complete(text) == (
        "virsh -c qemu:///session list; openstack --os-cloud lab share list; sharectl list"
    )
    known = {"LIBVIRT_DEFAULT_URI": "qemu:///session", "OS_CLOUD": "lab"}
    assert Context().configured(settings, known).complete(text) == text
    assert Context().configured(Config(), {}).complete(text) == text


def test_a_warning_says_what_to_type_as_an_error_does() -> None:
    world, _ = attached(nfs)
    world.app.domains.dead = True
    assert run(world.app, "list").exit_code == 0
    assert world.app.heard.warnings == [
        "status and health are incomplete: no answer from libvirt at qemu:///system in 10 s; see"
        " whether it answers: virsh list --all"
    ]

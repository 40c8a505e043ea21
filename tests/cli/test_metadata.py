"""metadata, as the one who types it sees it."""

from __future__ import annotations

import json
from base64 import b64decode

from sharectl.errors import ExitCode
from tests.cli.running import run
from tests.operations.scenarios import attached, nfs


def test_show_prints_what_the_guest_would_get() -> None:
    world, _ = attached(nfs)
    result = run(world.app, "metadata", "show", "guest")
    data = json.loads(result.stdout)
    assert [item["share_id"] for item in data["devices"]] == [world.share_id]
    assert (data["uuid"], data["name"]) == (world.uuid, "guest")
    assert len(b64decode(data["random_seed"])) == 512


def test_show_of_a_domain_without_shares() -> None:
    world, _ = attached(nfs)
    data = json.loads(run(world.app, "metadata", "show", "neighbour").stdout)
    assert (data["name"], data["devices"]) == ("neighbour", [])


def test_show_of_an_unknown_domain() -> None:
    world, _ = attached(nfs)
    result = run(world.app, "metadata", "show", "nobody")
    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.stdout == ""


def test_show_of_a_domain_that_is_gone() -> None:
    world, _ = attached(nfs)
    world.app.domains.undefine(world.uuid)
    assert run(world.app, "metadata", "show", "guest").exit_code == ExitCode.NOT_FOUND


def test_show_says_when_libvirt_does_not_answer() -> None:
    world, _ = attached(nfs)
    world.app.domains.dead = True
    assert run(world.app, "metadata", "show", "guest").exit_code == ExitCode.UNAVAILABLE

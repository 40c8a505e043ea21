"""Commands in messages can be pasted into a shell, whatever a domain is named."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl.errors import Refused, SharectlError
from sharectl.model import commands
from sharectl.model.health import TEXTS, hint
from sharectl.operations import hook
from sharectl.ports import App
from tests.fakes.mounts import umount
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World, attached, nfs

SOURCES = sorted((Path(__file__).parents[1] / "sharectl").rglob("*.py"))
NASTY = ["a;reboot", "-x", "--all", "1", "d0d0d0d0-0000-4000-8000-000000000002", "$(id)", "the vm"]
UUID = "c0c0c0c0-0000-4000-8000-000000000001"
_COMMAND = re.compile(
    r"((virsh|sharectl) [a-z-]+|umount|findmnt|fuser|ls|mv|cp|df|rmdir) ([-\w]+ )*$"
)
_UNSAFE = re.compile(r"(^|[._])(name(\(\))?|mount_point|folder|parent)$")


@given(st.text(min_size=1) | st.sampled_from(NASTY))
def test_a_name_is_one_word_of_a_shell(name: str) -> None:
    words = shlex.split(commands.domain_word(name))
    assert words == (["--", name] if name.startswith("-") else [name])
    known = commands.domain_word(name, UUID)
    assert known in (name, UUID)
    assert shlex.split(known) == [known]
    assert not known.startswith("-")
    assert not known.isdigit()


@pytest.mark.parametrize("name", NASTY)
def test_names_that_are_not_plain_give_way_to_the_uuid(name: str) -> None:
    assert commands.domain_word(name, UUID) == UUID


def test_options_stand_before_what_looks_like_one() -> None:
    assert commands.join("sharectl", "add", "-x", "s", options=("--tag", "t")) == (
        "sharectl add --tag t -- -x s"
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_command_has_a_name_as_it_is(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr):
            continue
        text = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value)
            elif isinstance(part, ast.FormattedValue):
                bare = bool(_UNSAFE.search(ast.unparse(part.value)))
                assert not (_COMMAND.search(text) and bare), f"{path}: {ast.unparse(node)}"
                text += "x"


def _errors(world: World) -> list[SharectlError]:
    """What add, remove, reconcile and the hook say when things stand badly."""
    found: list[SharectlError] = []
    app, uuid = world.app, world.uuid
    (mapping,) = app.store.load()

    def told(action: object) -> None:
        try:
            action()  # type: ignore[operator]
        except SharectlError as error:
            found.append(error)

    told(world.asking(domain=uuid, tag="another").add)
    xml = app.domains.find(uuid).xml
    app.domains.start(uuid)
    told(lambda: world.remove(share=mapping.share_id, domain=uuid))
    umount(app.mounts, mapping.mount_point)
    found += run_reconcile(app).problems
    app.domains.stop(uuid)
    app.domains.set(uuid, managed_save=True)
    told(lambda: world.remove(share=mapping.share_id, domain=uuid))
    app.domains.set(uuid)
    told(lambda: _start(app, xml.replace(uuid, UUID)))
    app.domains.undefine(uuid)
    found += run_reconcile(app).problems
    return found


def _start(app: App, xml: str) -> None:
    hook.prepare(app, xml)


@pytest.mark.parametrize("name", NASTY)
def test_no_hint_has_a_nasty_name_as_it_is(name: str) -> None:
    world, _ = attached(nfs)
    uuid = world.uuid
    world.app.domains.rename(uuid, name)
    (mapping,) = world.app.store.load()
    run_reconcile(world.app)  # records the name
    (mapping,) = world.app.store.load()
    assert mapping.domain_name == name
    for health in TEXTS:
        said = hint(health, mapping) or ""
        assert f" {name}" not in said
    named = world.asking(domain=uuid)
    errors = _errors(named)
    assert len(errors) > 5
    for error in errors:
        assert not re.search(rf"(virsh|sharectl) [a-z -]*{re.escape(name)}( |$|;)", error.advice)


@pytest.mark.parametrize("by", ["id", "uuid"])
def test_a_recorded_domain_named_like_an_id_or_uuid_of_another_is_refused(by: str) -> None:
    world, _ = attached(nfs)
    app, uuid = world.app, world.uuid
    other = app.domains.find("neighbour").uuid
    word = "1" if by == "id" else other
    app.domains.start(other)
    app.domains.rename(uuid, word)
    run_reconcile(app)
    for named in (word, other) if by == "uuid" else (word,):
        with pytest.raises(Refused, match="is the name of one domain and the id or UUID"):
            world.remove(domain=named)
    assert app.store.load()
    world.remove(domain=uuid)
    assert app.store.load() == ()

"""Commands in messages can be pasted into a shell, whatever a domain is named."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharectl import hints
from sharectl.errors import Refused, SharectlError
from sharectl.hook import before_start as hook
from sharectl.model import commands
from sharectl.model.health import TEXTS, hint
from sharectl.ports import App
from tests.fakes.mounts import umount
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World, attached, nfs
from tests.typed import watch
from tests.typed.parsing import VERBS, faults

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


def _texts(tree: ast.Module) -> Iterator[str]:
    """The text literals but docstrings; in an f-string `x` for each value."""
    docs = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    docs = [node for node in docs if isinstance(node.value, ast.Constant)]
    parts = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    skipped = {id(item) for node in (*docs, *parts) for item in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(i.value) if isinstance(i, ast.Constant) else "x" for i in node.values)
        elif isinstance(node, ast.Constant) and id(node) not in skipped:
            yield str(node.value)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_commands_in_texts_parse(path: Path) -> None:
    """Whatever the product may print names commands that can be typed as they stand."""
    found = [fault for text in _texts(ast.parse(path.read_text())) for fault in faults(text)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("sharectl remove web1", "Missing argument 'SHARE'"),
        ("then: sharectl reconcile web1, with its guests shut off", None),
        ("see sharectl reconcile web1 with its guests shut off --now", "No such option"),
        ("another sharectl removed it meanwhile", None),
        ("sharectl --connect 'qemu+unix:///system?socket=/a;b' list 'a; b'", None),
        ("sharectl add -- -x docs", None),
        ("sharectl add web1 docs --tag", "requires an argument"),
        ("sharectl remvoe web1 docs", None),
        ("virsh shutdown web1; virsh start web1 again", "2 arguments, and it takes 1"),
        ("virsh reset web1", "no such command"),
        ("virsh -c qemu:///session list --every", "unknown options"),
        ("openstack --os-cloud lab share access delete s r --unrestrict", None),
        ("openstack share access delete s", "1 arguments, and it takes 2"),
    ],
)
def test_what_cannot_be_typed_is_noticed(text: str, wrong: str | None) -> None:
    found = faults(text)
    assert bool(found) is (wrong is not None)
    assert wrong is None or wrong in found[0]


def test_hints_are_collected_whenever_they_are_made() -> None:
    error = Refused("it is so", hint="see: sharectl list")
    error.hinting("see: sharectl shares")
    error.and_so("it stays so", "see: sharectl hook status")
    made = {"see: sharectl list", "see: sharectl shares", "see: sharectl hook status"}
    assert made <= watch.collected()


def test_options_are_given_to_each_verb() -> None:
    assert set(hints._VERBS.split("|")) == set(VERBS)


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

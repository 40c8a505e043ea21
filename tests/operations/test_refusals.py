"""Everything that add refuses before its first effect: error, hint, exit status, and no change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from sharectl.errors import ExitCode, SharectlError
from sharectl.model.domain import Filesystem
from sharectl.model.enums import AccessLevel, AccessType, RuleState, SharedMemory, ShareProtocol
from sharectl.model.host import Virtiofsd
from sharectl.model.share import Access
from tests.fakes.faults import FaultyApp, Injector
from tests.operations.scenarios import HOST_ADDRESS, World, cephfs, nfs, private_memory

Arrange = Callable[[World], object]
_NO_DAEMON = Virtiofsd(None)
_OK = Access(AccessType.IP, HOST_ADDRESS, AccessLevel.RW)


@dataclass(frozen=True)
class Row:
    """What is there, what is asked for, and what must come of it; {s} is the share's ID."""

    name: str
    code: ExitCode
    message: str
    hint: str
    arrange: Arrange = lambda world: None
    ask: Callable[[World], World] = lambda world: world
    make: Callable[[], World] = nfs


def _facts(**facts: object) -> Arrange:
    return lambda world: world.app.domains.upgrade(**facts)


def _edit(old: str, new: str) -> Arrange:
    return lambda world: world.app.domains.edit(world.uuid, old, new)


def _share(protocol: str = "NFS", *paths: str, **fields: object) -> Callable[[World], World]:
    """Ask for a new share like that."""

    def ask(world: World) -> World:
        world.app.shares.create("odd", protocol, *(paths or ("192.0.2.1:/odd",)), **fields)
        return replace(world.asking(share="odd"), share="odd")

    return ask


def _rule(level: AccessLevel, state: RuleState) -> Arrange:
    access = replace(_OK, level=level)
    return lambda world: world.app.shares.add_rule(world.share_id, access, state=state)


def _filesystem(tag: str) -> Arrange:
    item = Filesystem(tag, "/srv/old")
    return lambda world: world.app.domains.attach_filesystem(world.uuid, item)


def _added(world: World) -> None:
    world.add()


def _added_elsewhere(world: World) -> None:
    world.asking(domain="neighbour").add()


def _leaving(world: World) -> None:
    world.add()
    world.app.mounts.busy = {world.mount_point}
    with pytest.raises(SharectlError):
        world.remove()


def _locked(world: World) -> None:
    world.app.locks.taken_elsewhere = {world.share_id}


def _set(port: str, attribute: str, value: object) -> Arrange:
    return lambda world: setattr(getattr(world.app, port), attribute, value)


def _ask(**changes: object) -> Callable[[World], World]:
    return lambda world: world.asking(**changes)


_R, _U, _N = ExitCode.REFUSED, ExitCode.USAGE, ExitCode.NOT_FOUND


ROWS = (
    Row("not root", ExitCode.PERMISSION, "add must be run as root", "",
        _set("host", "root", False)),
    Row("no domain name", _U, "'' cannot be the name or ID of a domain", "1 to 255",
        ask=_ask(domain="")),
    Row("control character", _U, "'a\\nb' cannot be", "printable", ask=_ask(share="a\nb")),
    Row("overlong name", _U, "cannot be the name or ID of a share", "255",
        ask=_ask(share="a" * 256)),
    Row("bad tag", _U, "tag 'a b' is not 1 to 36", "--tag", ask=_ask(tag="a b")),
    Row("tag with a dash", _U, "tag '-t' is not", "--tag", ask=_ask(tag="-t")),
    Row("long tag", _U, "is not 1 to 36", "--tag", ask=_ask(tag="a" * 37)),
    Row("no such domain", _N, "domain 'nobody' does not exist", "", ask=_ask(domain="nobody")),
    Row("no such share", _N, "share 'nothing' does not exist", "", ask=_ask(share="nothing")),
    Row("two shares of a name", _R, "2 shares are named 'docs'", "",
        lambda world: world.app.shares.create("docs", "NFS", "192.0.2.1:/twin")),
    Row("transient", _R, "domain guest is transient", "virsh dumpxml --inactive guest",
        lambda world: world.app.domains.make_transient(world.uuid)),
    Row("running", _R, "domain guest is running", "virsh shutdown guest",
        lambda world: world.app.domains.start(world.uuid)),
    Row("managed save", _R, "domain guest has a managed-save image",
        "virsh managedsave-remove guest",
        lambda world: world.app.domains.set(world.uuid, managed_save=True)),
    Row("private memory", _R, "domain plain has no shared memory, and virtiofs requires it",
        "--enable-shared-memory, or add with virsh edit plain: <memoryBacking>"
        '<source type="memfd"/><access mode="shared"/></memoryBacking>',
        ask=_ask(shared_memory=None), make=private_memory),
    Row("private cells", _R, "domain guest has NUMA cells whose memory is private",
        "memAccess='shared'",
        _edit("<vcpu>", "<cpu><numa><cell memAccess='private'/></numa></cpu><vcpu>"),
        _ask(shared_memory=SharedMemory.MEMFD)),
    Row("old libvirt", _R, "libvirt 6.1.0 is too old: virtiofs needs 6.2.0", "upgrade libvirt",
        _facts(libvirt=(6, 1, 0))),
    Row("old QEMU", _R, "QEMU 4.2.1 is too old: virtiofs needs 5.0.0", "upgrade QEMU",
        _facts(qemu=(4, 2, 1))),
    Row("no QEMU", _R, "finds no QEMU", "install qemu-system", _facts(qemu=None)),
    Row("no virtiofsd", _R, "no virtiofsd", "install virtiofsd", _facts(virtiofsd=_NO_DAEMON)),
    Row("broken description", _R, "cannot start virtiofsd because of /etc/qemu/v.json: it is",
        "correct that file", _facts(virtiofsd=Virtiofsd(None, "/etc/qemu/v.json: it is not JSON"))),
    Row("no virtiofs", _R, "no virtiofsd", "install virtiofsd", _facts(virtiofs=False)),
    Row("no mount helper", _R, "this host cannot mount NFS", "",
        _set("mounts", "unmountable", {ShareProtocol.NFS})),
    Row("no CephFS client", _R, "this host cannot mount CEPHFS", "",
        _set("mounts", "unmountable", {ShareProtocol.CEPHFS}), make=cephfs),
    Row("not available", _R, "is still being created (status creating)",
        "openstack share show {s}", ask=_share(status="creating")),
    Row("CIFS", _R, "has protocol CIFS", "sharectl shares", ask=_share("CIFS", "//nas/odd")),
    Row("no export location", _R, "has no export location", "openstack share show {s}",
        ask=_share(export_locations=())),
    Row("hostile location", _R, "export location '-o:/x' is refused: '-o' is not", "operator",
        ask=_share("NFS", "-o:/x")),
    Row("tag of a foreign filesystem", _R,
        "tag t is already taken in domain guest by the filesystem for /srv/old", "--tag",
        _filesystem("t"), _ask(tag="t")),
    Row("tag of another share", _R, "tag t is already taken in domain guest by", "--tag",
        lambda world: world.asking(share="other", tag="t").add(), _ask(tag="t")),
    Row("share ID taken as a tag", _R, "tag {s} is already taken", "--tag",
        lambda world: _filesystem(world.share_id)(world)),
    Row("other tag", _R, "share {s} is already attached to domain guest with tag {s}, read-write",
        "sharectl remove guest {s}", _added, _ask(tag="t")),
    Row("other level", _R, "is already attached to domain guest", "sharectl remove guest {s}",
        _added, _ask(level=AccessLevel.RO)),
    Row("other level elsewhere", _R, "share {s} is attached read-write to domain neighbour, and"
        " one host mount serves all domains", "attach it read-write", _added_elsewhere,
        _ask(level=AccessLevel.RO)),
    Row("still being detached", _R, "share {s} is still being detached from domain guest",
        "sharectl remove guest {s}", _leaving),
    Row("foreign rule too little", _R, "was not made by sharectl and only gives ro access",
        "openstack share access delete {s} rule-", _rule(AccessLevel.RO, RuleState.ACTIVE)),
    Row("foreign rule in error", _R, "was not made by sharectl and is in state error",
        "openstack share access delete {s} rule-", _rule(AccessLevel.RW, RuleState.ERROR)),
    Row("libvirt is down", ExitCode.UNAVAILABLE, "no answer from libvirt", "",
        _set("domains", "dead", True)),
    Row("Manila is down", ExitCode.UNAVAILABLE, "OpenStack does not answer", "",
        _set("shares", "dead", True)),
    Row("store unreadable", ExitCode.IO, "cannot be read", "", _set("store", "unreadable", True)),
    Row("busy", ExitCode.BUSY, "sharectl add (pid 42) holds the lock of share {s}", "", _locked),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.name))
def test_refusal(row: Row) -> None:
    world = row.make()
    row.arrange(world)
    world = row.ask(world)
    app, injector = world.app, Injector(world.app)

    with pytest.raises(SharectlError) as caught:
        world.add(FaultyApp(injector))

    app.shares.dead = False
    share = next((item.id for item in app.shares.list() if item.name == world.share), "")
    assert caught.value.exit_code is row.code
    assert row.message.format(s=share) in caught.value.message
    assert row.hint.format(s=share) in (caught.value.hint or "")
    assert injector.changes == []
    assert app.locks.held == ()


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name != "busy"], ids=lambda r: str(r.name)
)
def test_dry_run_refuses_the_same(row: Row) -> None:
    world = row.make()
    row.arrange(world)
    world = row.ask(world).asking(dry_run=True)
    with pytest.raises(SharectlError) as caught:
        world.add()
    assert caught.value.exit_code is row.code

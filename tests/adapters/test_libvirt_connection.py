"""What is made of libvirt's URIs and errors, without any libvirt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from sharectl.adapters.libvirt_connection import open_local, translate
from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.adapters.libvirt_probe import start_and_destroy
from sharectl.errors import (
    BackendError,
    Denied,
    NotFound,
    Refused,
    SharectlError,
    Unavailable,
)
from sharectl.model.host import check_local
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from tests.fakes.mounts import umount
from tests.operations.scenarios import attached, nfs

_REMOTE = ("qemu+ssh://other/system", "qemu+ssh://root@other:2222/system", "qemu://other/system",
           "qemu+tls://[::1]/system", "qemu+tcp://127.0.0.1/system", "xen://other")  # fmt: skip
_LOCAL = ("qemu:///system", "qemu:///session", "qemu+unix:///system?socket=/x", "", "alias")


@pytest.mark.parametrize("uri", _REMOTE)
def test_a_uri_that_names_a_host_is_refused_unopened(uri: str) -> None:
    for call in (
        lambda: LibvirtDomains(uri, 1).find("guest"),
        lambda: LibvirtDomains(uri, 1).look([]),
        lambda: LibvirtDomains(uri, 1).look(),
        lambda: start_and_destroy(uri, 1),
    ):
        with pytest.raises(Refused, match="another host") as caught:
            call()
        assert caught.value.hint is not None
        assert "--connect qemu:///system" in caught.value.hint


@pytest.mark.parametrize("uri", _LOCAL)
def test_a_uri_of_this_host_is_none_of_another(uri: str) -> None:
    check_local(uri)


@pytest.mark.parametrize(
    ("uri", "why"), [("qemu+ssh://other/system", "another host"), ("lxc:///system", "QEMU")]
)
def test_an_alias_of_another_libvirt_is_refused(
    uri: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Connection:
        def getURI(self) -> str:  # noqa: N802 - libvirt's name
            return uri

    monkeypatch.setattr(libvirt, "open", lambda _uri: Connection())
    with pytest.raises(Refused, match=why):
        open_local("alias", 1)


@pytest.mark.parametrize("verb", ["add", "remove", "remove --force", "reconcile", "adopt"])
def test_no_verb_changes_anything_for_the_libvirt_of_another_host(verb: str) -> None:
    world, _ = attached(nfs)
    app: Any = world.app
    before = app.snapshot()
    umount(app.mounts, world.mount_point)  # reconcile would have something to do
    unmounted = app.snapshot()
    real, app.domains = app.domains, LibvirtDomains(_REMOTE[0], 1)
    app.reconfigure(libvirt_uri=_REMOTE[0])
    calls: dict[str, Callable[[], object]] = {
        "add": world.add,
        "remove": world.remove,
        "remove --force": lambda: world.remove(force=True),
        "reconcile": lambda: reconcile(app, ReconcileRequest()),
        "adopt": lambda: adopt(app, AdoptRequest()),
    }
    with pytest.raises(Refused, match="another host"):
        calls[verb]()
    app.domains = real
    assert app.snapshot() == unmounted != before


def _error(code: int, domain: int = libvirt.VIR_FROM_QEMU) -> libvirt.libvirtError:
    error = libvirt.libvirtError("unused")
    error.err = (code, domain, "cannot acquire state change lock", 2, None, None, None, 0, 0)
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_error(libvirt.VIR_ERR_OPERATION_TIMEOUT), Unavailable),
        (_error(libvirt.VIR_ERR_NO_DOMAIN), NotFound),
        (_error(libvirt.VIR_ERR_ACCESS_DENIED), Denied),
        (_error(libvirt.VIR_ERR_OPERATION_INVALID), Refused),
        (_error(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_RPC), Unavailable),
        (_error(libvirt.VIR_ERR_INTERNAL_ERROR), BackendError),
    ],
)
def test_errors_of_libvirt_by_situation(
    error: libvirt.libvirtError, kind: type[SharectlError]
) -> None:
    translated = translate(error, "qemu:///system")
    assert type(translated) is kind
    assert "cannot acquire state change lock" in translated.message


def test_a_domain_that_another_job_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `virsh domjobinfo`, which shows the job; the change may yet happen."""

    class Domain:
        def name(self) -> str:
            return "web1"

        def XMLDesc(self, _flags: int) -> str:  # noqa: N802 - libvirt's name
            raise _error(libvirt.VIR_ERR_OPERATION_TIMEOUT)

    class Connection:
        def getURI(self) -> str:  # noqa: N802 - libvirt's name
            return "qemu:///system"

        def lookupByUUIDString(self, _name: str) -> Domain:  # noqa: N802 - libvirt's name
            return Domain()

    monkeypatch.setattr(libvirt, "open", lambda _uri: Connection())
    with pytest.raises(Unavailable, match="busy with domain web1") as caught:
        LibvirtDomains("qemu:///system", 1).unmark("uuid", "mapping")
    assert caught.value.uncertain
    assert caught.value.hint is not None
    assert "virsh domjobinfo web1" in caught.value.hint

"""Each call to libvirt, and to lxml on its way, made to fail and to lie in every way."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.errors import ExitCode, NotFound, SharectlError
from sharectl.model.domain import DomainsSeen, UnseenDomain
from tests.edge import doors
from tests.edge.calls import Watch, watching
from tests.edge.faults import faults, product
from tests.edge.lies import chosen
from tests.edge.outcome import wrong_with
from tests.edge.world import URI, libvirt_of_test, prepare, uses

_USES = tuple(uses(""))
_EVERY = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.lab)])


@pytest.fixture(scope="module")
def uuid() -> Iterator[str]:
    """Of the one domain."""
    with libvirt_of_test() as found:
        yield found


@pytest.fixture(autouse=True)
def _no_garbage() -> Iterator[None]:
    """An object of libvirt that is freed between a failed call and its exception takes the reason.

    The bindings ask for the last error of the thread, and to free something resets that.
    """
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _result(use: Callable[[LibvirtDomains], object], watch: Watch) -> Any:
    """What comes of it: a result, or an error of sharectl's; nothing else may be raised."""
    try:
        with watching(watch):
            result = use(LibvirtDomains(URI, 5))
    except SharectlError as error:
        result = error
    assert watch.done, result
    return result


def _told(result: Any) -> list[SharectlError]:
    if isinstance(result, SharectlError):
        return [result]
    unseen: dict[str, UnseenDomain] = getattr(result, "unseen", {})
    return [item.error for item in unseen.values()]


def _seen(uuid: str, name: str) -> Watch:
    prepare(uuid, name)
    with watching(Watch()) as seen, suppress(NotFound):
        uses(uuid)[name](LibvirtDomains(URI, 5))
    return seen


@pytest.mark.lab
@pytest.mark.parametrize("name", _USES)
def test_whatever_a_call_raises_is_told_as_libvirts(uuid: str, name: str) -> None:
    """With every fault; test_every_call has one for each, among the tests that need no lab."""
    calls = list(_seen(uuid, name).seen)
    assert {call.callee for call in calls} >= {"open", "virConnect.getURI"}
    for call, make in product(calls):
        prepare(uuid, name)
        for error in _told(_result(uses(uuid)[name], Watch({call: make()}))):
            assert not wrong_with(error), (str(call), make(), error)


def _is_sound(result: Any, uuid: str) -> bool:
    """A lie that is not seen to be one gives values of the right types all the same."""
    if not isinstance(result, DomainsSeen):
        return True
    for domain in result.domains.values():
        texts = [domain.uuid, domain.name, domain.xml, *domain.paths]
        texts += [item.tag for item in (*domain.filesystems, *domain.live_filesystems)]
        flags = [domain.persistent, domain.running, domain.managed_save, domain.shared_memory]
        if not all(type(item) is str and item.encode() is not None for item in texts):
            return False
        if not all(type(item) is bool for item in flags) or type(domain.snapshots) is not int:
            return False
    return True


@_EVERY
@pytest.mark.parametrize("name", _USES)
def test_whatever_a_call_returns_is_read_with_suspicion(uuid: str, name: str, every: bool) -> None:
    true = _seen(uuid, name).true
    assert len(true) > 1
    for call, index, lie in chosen(true, every=every, size=1):
        prepare(uuid, name)
        result = _result(uses(uuid)[name], Watch(lies={call: lie}))
        for error in _told(result):
            assert not wrong_with(error), (str(call), index, error)
        assert _is_sound(result, uuid), (str(call), index, result)


def test_call_that_is_added_is_found(uuid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has thought of, in a function that is new."""
    code = "def _host(self, connection):\n    return connection.getHostname()\n"
    namespace: dict[str, Any] = {}
    module = "sharectl.adapters.libvirt_new"
    exec(doors.with_doors(code, "libvirt_new.py", module, doors.sites()), namespace)
    monkeypatch.setattr(LibvirtDomains, "_host", namespace["_host"])
    with watching(Watch()) as seen:
        LibvirtDomains(URI, 5).host()
    (new,) = [call for call in seen.seen if call.callee == "virConnect.getHostname"]
    assert new.site.module == module
    for make in faults(new):
        result = _result(lambda domains: domains.host(), Watch({new: make()}))
        (error,) = _told(result)
        assert error.exit_code is not ExitCode.INTERNAL

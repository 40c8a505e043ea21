"""Each call to libvirt, made to fail in every way: an error with the library's own status."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.errors import ExitCode, SharectlError
from sharectl.model.domain import UnseenDomain
from tests.edge.calls import Call, Watch, watching
from tests.edge.faults import faults, product, sample
from tests.edge.world import URI, libvirt_of_test, prepare, uses

_USES = tuple(uses(""))


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


def _fails(use: Callable[[LibvirtDomains], object], call: Call, fault: Exception) -> Any:
    """What comes of it: a result, or an error of sharectl's; nothing else may be raised."""
    watch = Watch(call, fault)
    try:
        with watching(watch):
            result = use(LibvirtDomains(URI, 5))
    except SharectlError as error:
        result = error
    assert watch.raised, result
    return result


def _told(result: Any) -> list[SharectlError]:
    if isinstance(result, SharectlError):
        return [result]
    unseen: dict[str, UnseenDomain] = getattr(result, "unseen", {})
    return [item.error for item in unseen.values()]


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.lab)])
@pytest.mark.parametrize("name", _USES)
def test_whatever_a_call_raises_is_told_as_libvirts(uuid: str, name: str, every: bool) -> None:
    """The calls are found by running it once, so that a new one is not left out."""
    use = uses(uuid)[name]
    prepare(uuid, name)
    with watching(Watch()) as seen:
        use(LibvirtDomains(URI, 5))
    calls = [call for call in seen.seen if call.package == "libvirt"]
    assert {call.callee for call in calls} >= {"connect", "getURI"}
    for call, make in product(calls) if every else sample(calls):
        prepare(uuid, name)
        for error in _told(_fails(use, call, make())):
            assert error.exit_code is not ExitCode.INTERNAL, (call, make())
            assert "\n" not in error.message, (call, make())


def test_call_that_is_added_is_found(uuid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has thought of, in a function that is new."""
    code = "def _host(self, connection):\n    return connection.getHostname()\n"
    namespace: dict[str, Any] = {"__name__": "sharectl.adapters.libvirt_new"}
    exec(code, namespace)
    monkeypatch.setattr(LibvirtDomains, "_host", namespace["_host"])
    with watching(Watch()) as seen:
        LibvirtDomains(URI, 5).host()
    (new,) = [call for call in seen.seen if call.callee == "getHostname"]
    assert new.module == "sharectl.adapters.libvirt_new"
    for make in faults(new):
        (error,) = _told(_fails(lambda domains: domains.host(), new, make()))
        assert error.exit_code is not ExitCode.INTERNAL

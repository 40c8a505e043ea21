"""What Manila's adapter is asked for, at a small OpenStack inside the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import yaml

from sharectl.adapters.manila_clouds import ManilaClouds
from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.config import Config
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access
from sharectl.ports.events import Events
from tests.adapters.openstack_server import PROJECT, SHARE_ID, OpenStack, rule, serving, share
from tests.edge.uses import Place
from tests.model.things import MAPPING

_ACCESS = Access(AccessType.IP, "192.0.2.9", AccessLevel.RW)
_OTHER = "5a5a5a5a-0000-4000-8000-000000000002"
_HERE = {"username": "demo", "password": "secret-word", "project_name": "demo",
         "user_domain_name": "Default", "project_domain_name": "Default"}  # fmt: skip
Shares = Callable[[ManilaShares], object]

ASKS: dict[str, Shares] = {
    "list": lambda shares: shares.list(),
    "find": lambda shares: shares.find("docs"),
    "find, nothing": lambda shares: shares.find(_OTHER),
    "rules": lambda shares: shares.rules(SHARE_ID),
    "survey": lambda shares: shares.survey({SHARE_ID, _OTHER}),
    "key": lambda shares: shares.key(SHARE_ID, "r1"),
    "grant": lambda shares: shares.grant(SHARE_ID, _ACCESS, {"a": "b"}),
    "annotate": lambda shares: shares.annotate(SHARE_ID, "r1", {"a": "b", "c": ""}),
    "revoke": lambda shares: shares.revoke(SHARE_ID, "r1"),
    "project": lambda shares: (shares.project_id(), shares.cloud()),
}


@contextmanager
def openstack(folder: Place) -> Iterator[OpenStack]:
    """A cloud `demo` in the only clouds.yaml that there is."""
    with serving() as served:
        file = folder.folder / "clouds.yaml"
        auth = {**_HERE, "auth_url": f"{served.url}/v3"}
        file.write_text(yaml.safe_dump({"clouds": {"demo": {"auth": auth}}}))
        variables = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        variables["OS_CLIENT_CONFIG_FILE"] = str(file)
        with patch.dict(os.environ, variables, clear=True):
            yield served


def fresh(served: OpenStack) -> None:
    """The share and its rule, as they were."""
    served.manila.shares.clear()
    served.manila.shares[SHARE_ID] = share()
    served.manila.rules[:] = [rule()]


def shares() -> ManilaShares:
    """The real client, with a session of its own."""
    return ManilaShares(ManilaSession(Credentials("demo"), 5, patience=0), lambda _why: None)


def of_record() -> object:
    """By what a record says of the cloud."""
    origin = replace(MAPPING, cloud="demo", auth_url="http://127.0.0.1:1/v3", project_id=PROJECT)
    return ManilaClouds(Config(manila_cloud="demo"), Events(), lambda _why: None).of(origin).list()

"""Where the lab's cloud listens, and who may log in."""

from __future__ import annotations

from dataclasses import dataclass

ADDRESS = "10.99.0.1"
"""On the sandbox's loopback. Not 127.0.0.1, so that a VM with user networking reaches it."""

KEYSTONE_PORT = 5000
MANILA_PORT = 8786
MON_PORT_V2 = 3300
MON_PORT_V1 = 6789

KEYSTONE_URL = f"http://{ADDRESS}:{KEYSTONE_PORT}/v3"
REGION = "RegionOne"

OLDER_APIS = {8707: "2.7", 8744: "2.44", 8745: "2.45", 8780: "2.80", 8781: "2.81", 8782: "2.82"}
"""Port of the same Manila -> the newest microversion it admits to on that port."""


def manila_url(port: int = MANILA_PORT) -> str:
    """The endpoint of the API on `port`, as the catalogue names it."""
    return f"http://{ADDRESS}:{port}/v2"


@dataclass(frozen=True)
class Account:
    """A user who can log in to one project."""

    user: str
    project: str
    roles: tuple[str, ...] = ("member", "reader")

    @property
    def password(self) -> str:
        return f"{self.user}-password"


ADMIN = Account("admin", "admin", ("admin",))
MANILA = Account("manila", "service", ("admin", "service"))
DEMO = Account("demo", "demo")
MATE = Account("mate", "demo")
OTHER = Account("other", "other")

CLOUDS = (ADMIN, DEMO, MATE, OTHER)
"""Those with an entry, by user name, in `clouds.yaml`."""

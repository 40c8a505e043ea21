"""Which credentials a share is looked at with: those of this run, or those its record names.

A record has the cloud's name in clouds.yaml (none if the credentials came from OS_* variables),
the address of Keystone and the project. The credentials of this run are used wherever they are
good for that project; so an admin can see to all projects, and a change of names in clouds.yaml
harms nothing. Otherwise the cloud that the record names is used, if it still is what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.config import Config
from sharectl.errors import ConfigError
from sharectl.ports import Origin
from sharectl.ports.events import Events

_THE_RECORD = "the record of the share"


class ManilaClouds:
    """The clouds of one process, each with one session, made when it is first asked for.

    Args:
        config: names the cloud of this run.
        events: hear of what is asked of OpenStack.
        unlocked: as for `ManilaShares`.
    """

    def __init__(self, config: Config, events: Events, unlocked: Callable[[str], None]) -> None:
        self._config = config
        self._events = events
        self._unlocked = unlocked
        self._made: dict[str | None, ManilaShares] = {}

    def here(self) -> ManilaShares:
        """The cloud of this run. Nothing is asked of it yet."""
        return self._of(self._config.manila_cloud, self._config.cloud_named_by)

    def of(self, origin: Origin) -> ManilaShares:
        """The cloud that has the share of `origin`.

        Raises `ConfigError` when no credentials for it are to be had, with what is needed; and
        `Unavailable`, since the project of credentials is only known by logging in.
        """
        if not (origin.cloud or origin.auth_url or origin.project_id):
            return self.here()  # recorded by an earlier version
        try:
            here = self.here()
            name, url = here.cloud()
            known = origin.cloud == name if origin.cloud and name else False
            if (known or _same_keystone(url, origin.auth_url)) and _good_for(here, origin):
                return here
        except ConfigError:
            if not origin.cloud:
                raise
            name = ""
        if not origin.cloud:
            raise _needed(origin, "this run has other credentials")
        if origin.cloud != name:
            there = self._of(origin.cloud, _THE_RECORD)
            if _good_for(there, origin):
                return there
        raise _needed(origin, f"cloud {origin.cloud} is of another project now")

    def _of(self, name: str | None, named_by: str) -> ManilaShares:
        if name not in self._made:
            config = self._config
            session = ManilaSession(
                Credentials(name, named_by), config.manila_timeout, config.patience, self._events
            )
            self._made[name] = ManilaShares(session, self._unlocked)
        return self._made[name]


def _good_for(shares: ManilaShares, origin: Origin) -> bool:
    return not origin.project_id or shares.serves(origin.project_id)


def _same_keystone(url: str, recorded: str) -> bool:
    """Whether both are addresses of one Keystone; one that is not recorded may be any."""
    return not recorded or _place(url) == _place(recorded)


def _place(url: str) -> tuple[str, str, str]:
    """An address without what may differ: case, a slash at the end, the version of the API."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    for version in ("/v3", "/v2.0"):
        path = path.removesuffix(version)
    return parts.scheme.lower(), parts.netloc.lower(), path.rstrip("/")


def _needed(origin: Origin, why: str) -> ConfigError:
    by = f"cloud {origin.cloud}" if origin.cloud else "OS_* variables"
    project = f"project {origin.project_id} at {origin.auth_url or 'its Keystone'}"
    return ConfigError(
        f"the share was attached with {by} for {project}, and {why}",
        hint="name a cloud of clouds.yaml for that project with --os-cloud, or set the OS_*"
        " variables for it",
    )

"""Credentials of one cloud, by openstack.config: the loader that `openstack` itself uses.

It reads clouds.yaml and the OS_* variables. What it says of a mistake names neither the file nor
the variable to mend, so that this is told here.
"""

from __future__ import annotations

import os
import shlex
from functools import cached_property
from typing import Any

from keystoneauth1 import exceptions as auth_errors

from sharectl.errors import ConfigError

_BAD = "no usable credentials"
_HOW = "--os-cloud, OS_CLOUD or manila.cloud of the configuration file"
_DAMAGED = (
    "look at the first of ./clouds.yaml, ~/.config/openstack/clouds.yaml and"
    " /etc/openstack/clouds.yaml that there is, or at the file named by OS_CLIENT_CONFIG_FILE"
)
_NO_FILE = (
    "no clouds.yaml can be read: look after /etc/openstack/clouds.yaml, or set the OS_* variables"
)
# What the loader, and the plugins that it makes, raise over values of the wrong type.
WRONG = (TypeError, ValueError, AttributeError, LookupError, OSError)
_MADE_UP = ("envvars", "defaults")  # the loader's own names, for clouds that are in no file


class Credentials:
    """What is needed to log in, read when it is first asked for.

    Args:
        cloud: the name of a cloud in clouds.yaml; None for OS_* variables.
        named_by: who said so, for errors: `OS_CLOUD`.
    """

    def __init__(self, cloud: str | None, named_by: str = "") -> None:
        self._cloud = cloud
        self._named_by = named_by

    @cached_property
    def _loader(self) -> Any:
        from openstack import exceptions
        from openstack.config import OpenStackConfig

        try:
            return OpenStackConfig()
        except exceptions.ConfigException as error:
            raise ConfigError(f"{_BAD}: {error}", hint=self.hint) from error
        except WRONG as error:
            raise ConfigError(f"{_BAD}: clouds.yaml is damaged: {error}", hint=_DAMAGED) from error

    @cached_property
    def region(self) -> Any:
        """The cloud as openstack.config has it. Raises `ConfigError`."""
        from openstack import exceptions

        loader = self._loader
        if self._cloud and self._cloud not in self._cloud_names:
            by = f", named by {self._named_by}," if self._named_by else ""
            where = loader.config_filename or "any clouds.yaml that can be read"
            raise ConfigError(
                f"{_BAD}: cloud {self._cloud!r}{by} is not in {where}", hint=self.hint
            )
        try:
            return loader.get_one(cloud=self._cloud)
        except (exceptions.ConfigException, auth_errors.ClientException, *WRONG) as error:
            raise self.unusable(error) from error

    @cached_property
    def auth(self) -> Any:
        """The plugin that logs in. Raises `ConfigError`."""
        try:
            plugin = self.region.get_auth()
        except (auth_errors.ClientException, *WRONG) as error:
            raise self.unusable(error) from error
        if plugin is None:
            raise self.unusable("there are none")
        return plugin

    @property
    def cloud(self) -> str:
        """The cloud's name in clouds.yaml; empty for OS_* variables."""
        return "" if self._name in _MADE_UP else self._name

    @property
    def service(self) -> str:
        """Whom a request asks now: Keystone until the login, and then Manila."""
        return "Manila" if getattr(self.auth, "auth_ref", None) is not None else "Keystone"

    @property
    def url_setting(self) -> str:
        """What the address of Keystone is taken from."""
        if self._name in _MADE_UP:
            return "OS_AUTH_URL"
        return f"auth_url of cloud {self._name} in {self._loader.config_filename}"

    def unusable(self, why: object) -> ConfigError:
        """The error for credentials with which nothing can be done."""
        if self._name not in _MADE_UP:
            where = f"cloud {self._name} in {self._loader.config_filename}"
            return ConfigError(f"{_BAD}: {why}", hint=f"complete or mend {where}")
        if os.environ.get("OS_AUTH_URL"):
            hint = f"complete the OS_* variables, or name a cloud of clouds.yaml with {_HOW}"
            return ConfigError(f"{_BAD}: {why}", hint=hint)
        return ConfigError("no cloud is chosen, and OS_AUTH_URL is not set", hint=self.hint)

    @property
    def hint(self) -> str:
        """Where credentials come from, and which clouds there are to choose from."""
        loader = self.__dict__.get("_loader")
        if loader is None:
            return f"name a cloud of clouds.yaml with {_HOW}, or set the OS_* variables"
        if not loader.config_filename:
            return _NO_FILE
        names = ", ".join(name for name in self._cloud_names if name not in _MADE_UP)
        return f"{loader.config_filename} has: {names or 'no cloud'}; name one with {_HOW}"

    @property
    def _cloud_names(self) -> list[str]:
        """The clouds of the file; none if what stands there cannot be clouds."""
        try:
            return [str(name) for name in self._loader.get_cloud_names()]
        except WRONG:
            return []

    def command(self, words: str) -> str:
        """`openstack WORDS`, as it is to be typed to use these credentials."""
        chosen = [] if self._name in _MADE_UP else ["--os-cloud", self._name]
        return f"{shlex.join(['openstack', *chosen])} {words}"

    @property
    def _name(self) -> str:
        return str(self._cloud or self._loader.default_cloud or _MADE_UP[-1])

"""Credentials of one cloud, by openstack.config: the loader that `openstack` itself uses.

It reads clouds.yaml and the OS_* variables. What it says of a mistake names neither the file nor
the variable to mend, so that this is told here.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import requests
from keystoneauth1 import exceptions as auth_errors

from sharectl.adapters import deadline
from sharectl.adapters import manila_clouds_yaml as clouds_yaml
from sharectl.adapters.connection_text import reason
from sharectl.adapters.manila_credential_faults import culprit, fault_of, lacking_token, missing
from sharectl.errors import ConfigError, SharectlError, Unavailable

T = TypeVar("T")
_BAD = "no usable credentials"
_HOW = "--os-cloud, OS_CLOUD or manila.cloud of the configuration file"
_FILE = "OS_CLIENT_CONFIG_FILE"
_NO_FILE = (
    "no clouds.yaml can be read: look after /etc/openstack/clouds.yaml, or set the OS_* variables"
)
_MADE_UP = ("envvars", "defaults")  # the loader's own names, for clouds that are in no file
_PROFILE_SECONDS = 30.0  # a cloud may name a web server as its profile, which is asked


@dataclass(frozen=True)
class Place:
    """Where a service is, as far as the configuration says: its address, or how to find that."""

    endpoint: str | None
    interface: str | None
    region: str | None


class Credentials:
    """What is needed to log in, read when it is first asked for.

    Whatever is wrong with it raises `ConfigError`, with the file and the key, or the variable.

    Args:
        cloud: the name of a cloud in clouds.yaml; None for OS_* variables.
        named_by: who said so, for errors: `OS_CLOUD`.
    """

    def __init__(self, cloud: str | None, named_by: str = "") -> None:
        self._cloud = cloud
        self._named_by = named_by

    @cached_property
    def _document(self) -> tuple[str, Any]:
        """The clouds.yaml that is read and what it has; no name and None if there is none."""
        from openstack.config import loader

        named = [path for path in (os.environ.get(_FILE),) if path]
        return clouds_yaml.look([*named, *loader.CONFIG_FILES]) or ("", None)

    @cached_property
    def _loader(self) -> Any:
        file, document = self._document
        from openstack.config import OpenStackConfig, loader

        named = [path for path in (os.environ.get("OS_CLIENT_SECURE_FILE"),) if path]
        others = [clouds_yaml.look(list(paths))
                  for paths in ([*named, *loader.SECURE_FILES], loader.VENDOR_FILES)]  # fmt: skip
        secure, vendor = ([found[0]] if found else [] for found in others)
        if document is not None and (wrong := clouds_yaml.wrong_key(document, None)):
            raise ConfigError(f"{_BAD}: in {file} {wrong}", hint=f"mend {file}")
        try:
            return OpenStackConfig(
                config_files=[file] if file else [], secure_files=secure, vendor_files=vendor
            )
        except Exception as error:
            where = " and ".join(filter(None, [file, *secure, "the OS_* and STATSD_* variables"]))
            raise ConfigError(f"{_BAD}: {_said(error)}", hint=f"look at {where}") from error

    @cached_property
    def region(self) -> Any:
        """The cloud as openstack.config has it."""
        if self._cloud and self._cloud not in self._cloud_names:
            raise self._unknown_cloud(self._cloud)
        loader = self._loader
        return self.read(
            lambda: deadline.call(
                lambda: loader.get_one(cloud=self._cloud), _PROFILE_SECONDS, "its profile"
            )
        )

    def _unknown_cloud(self, name: str) -> ConfigError:
        by = f", named by {self._named_by}," if self._named_by else ""
        file, document = self._document
        if document and name in map(str, document.get("clouds") or ()):
            return ConfigError(
                f"{_BAD}: the name of cloud {name!r}{by} is no text in {file}",
                hint=f"write it in quotation marks there: '{name}'",
            )
        named = os.environ.get(_FILE)
        missed = f"; {named}, named by {_FILE}, cannot be read" if named and named != file else ""
        where = file or "any clouds.yaml that can be read"
        return ConfigError(f"{_BAD}: cloud {name!r}{by} is not in {where}{missed}", hint=self.hint)

    @cached_property
    def auth(self) -> Any:
        """The plugin that logs in."""
        plugin = self.read(self.region.get_auth)
        if plugin is None:
            raise self.unusable("there are none")
        if lacking := lacking_token(self.region.config, self.setting):
            raise self.unusable(lacking)
        return plugin

    @property
    def auth_url(self) -> str:
        """The address of Keystone; empty for a plugin that needs none."""
        return str(getattr(self.auth, "auth_url", None) or "")

    @cached_property
    def tls(self) -> tuple[Any, Any]:
        """What to verify servers with, and the certificate of this client; as for requests."""
        verify, certificate = self.read(self.region.get_requests_verify_args)
        return verify, certificate

    def place(self, service: str) -> Place:
        """Where the service of that type is."""
        region = self.region
        return self.read(
            lambda: Place(
                region.get_endpoint(service),
                region.get_interface(service),
                region.get_region_name(service),
            )
        )

    def read(self, function: Callable[[], T]) -> T:
        """`function()`, which asks the loader; whatever it raises is a matter of credentials."""
        try:
            return function()
        except deadline.DeadlinePassed as error:
            raise Unavailable(
                f"the profile of cloud {self._name} cannot be had: {error.message}",
                hint=f"see {self.setting('profile')}",
            ) from error
        except (requests.ConnectionError, requests.Timeout) as error:
            raise Unavailable(
                f"the profile of cloud {self._name} cannot be had: {reason(str(error))}",
                hint=f"see {self.setting('profile')}",
            ) from error
        except SharectlError:
            raise
        except Exception as error:
            raise self.unusable(error) from error

    @property
    def cloud(self) -> str:
        """The cloud's name in clouds.yaml; empty for OS_* variables."""
        return "" if self._made_up else self._name

    @property
    def service(self) -> str:
        """Whom a request asks now: Keystone until the login, and then Manila."""
        auth = self.__dict__.get("auth")  # if it has been asked for
        return "Keystone" if getattr(auth, "auth_ref", auth) is None else "Manila"

    @property
    def url_setting(self) -> str:
        """What the address of Keystone is taken from."""
        return self.setting("auth_url")

    def setting(self, key: str) -> str:
        """What `key` of the cloud is taken from: a variable, or a key in a file."""
        if self._made_up:
            return f"OS_{key.upper()}"
        return f"{key} of cloud {self._name} in {self._document[0]}"

    def unusable(self, why: object) -> ConfigError:
        """The error for credentials with which nothing can be done.

        Args:
            why: what was raised, or a reason; if a value is seen to be wrong, that is told.
        """
        told = missing(why, self.setting) or self.fault() or _said(why)
        if told == _said(why) and isinstance(why, Exception):
            told = f"{self._culprit()}{told}"
        if not self._made_up:
            where = f"cloud {self._name} in {self._document[0]}"
            return ConfigError(f"{_BAD}: {told}", hint=f"complete or mend {where}")
        if os.environ.get("OS_AUTH_URL"):
            hint = (
                f"complete or mend the OS_* variables, or name a cloud of clouds.yaml with {_HOW}"
            )
            return ConfigError(f"{_BAD}: {told}", hint=hint)
        return ConfigError("no cloud is chosen, and OS_AUTH_URL is not set", hint=self.hint)

    def fault(self) -> str | None:
        """The first value that is seen to be wrong, and how; None if all look right.

        Looked for only when something has failed: what works is not forbidden.
        """
        document = self._document[1]
        if not self._made_up and (wrong := clouds_yaml.wrong_key(document, self._name)):
            return wrong
        region = self.__dict__.get("region")
        if region is not None:
            return fault_of(region.config, self.setting)
        entry = self._loader.cloud_config["clouds"].get(self._name)
        return fault_of(entry, self.setting) if isinstance(entry, dict) else None

    def _culprit(self) -> str:
        """The key that the loader cannot take, for a message; empty if that is not seen."""
        entry = self._loader.cloud_config["clouds"].get(self._name)
        if "region" in self.__dict__ or not isinstance(entry, dict):
            return ""
        key = culprit(entry, self._works)
        return f"{self.setting(key)} cannot be used: " if key else ""

    def _works(self) -> bool:
        """Whether the loader can use what the cloud has now."""
        loader = self._loader
        if "profile" in loader.cloud_config["clouds"].get(self._name, {}):
            return False  # a server may be asked for it, and it is not worth that
        try:
            loader.get_one(cloud=self._cloud)
        except Exception:  # noqa: BLE001 - that it fails is what is asked
            return False
        return True

    @property
    def hint(self) -> str:
        """Where credentials come from, and which clouds there are to choose from."""
        if "_loader" not in self.__dict__:
            return f"name a cloud of clouds.yaml with {_HOW}, or set the OS_* variables"
        file = self._document[0]
        if not file:
            return _NO_FILE
        names = ", ".join(name for name in self._cloud_names if name not in _MADE_UP)
        return f"{file} has: {names or 'no cloud'}; name one with {_HOW}"

    @property
    def _cloud_names(self) -> list[str]:
        return [name for name in self._loader.get_cloud_names() if isinstance(name, str)]

    def command(self, words: str) -> str:
        """`openstack WORDS`, as it is to be typed to use these credentials."""
        chosen = [] if self._made_up else ["--os-cloud", self._name]
        return f"{shlex.join(['openstack', *chosen])} {words}"

    @property
    def _made_up(self) -> bool:
        return self._name in _MADE_UP

    @property
    def _name(self) -> str:
        return str(self._cloud or self._loader.default_cloud or _MADE_UP[-1])


def _said(why: object) -> str:
    """`why` as one line, with the kind of an exception that is not made for readers."""
    text = " ".join(str(why).split())[:300]
    made_to_be_read = not isinstance(why, Exception) or isinstance(
        why, auth_errors.ClientException | OSError
    )
    if made_to_be_read and text:
        return text
    name = type(why).__name__
    return text if name in ("ConfigException", "Exception") else f"{name}: {text}"

"""Commands in hints, with the global options without which they would ask somebody else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharectl.config import Config

_QUOTED = re.compile(r"('[^']*')")
_VERBS = "add|remove|list|show|shares|reconcile|adopt|forget|hook|metadata"
_COMMANDS = re.compile(
    rf"(?<![\w/.-])(?:(virsh) (?=[a-z])|(openstack) (?=share )|(sharectl) (?=(?:{_VERBS})\b))"
)


@dataclass(frozen=True)
class Context:
    """What was chosen on the command line, or by the configuration.

    Attributes:
        connect: the URI of --connect, for virsh and sharectl.
        cloud: the name of --os-cloud, for openstack and sharectl.
        config_file: the file of --config, for sharectl.
        configured_uri: a URI that the configuration names, of which virsh does not know.
        configured_cloud: likewise for openstack.
    """

    connect: str | None = None
    cloud: str | None = None
    config_file: Path | None = None
    configured_uri: str | None = None
    configured_cloud: str | None = None

    def configured(self, settings: Config, environment: Mapping[str, str]) -> Context:
        """The same with what `settings` have beyond `environment`, which other programs read."""
        usual = environment.get("LIBVIRT_DEFAULT_URI") or "qemu:///system"
        uri, cloud = settings.libvirt_uri, settings.manila_cloud
        return replace(
            self,
            configured_uri=uri if uri != usual else None,
            configured_cloud=cloud if cloud != environment.get("OS_CLOUD") else None,
        )

    def complete(self, text: str) -> str:
        """`text` with the options in each command that it names; quoted names stay as they are."""
        parts = _QUOTED.split(text)
        return "".join(
            part if index % 2 else _COMMANDS.sub(self._with_options, part)
            for index, part in enumerate(parts)
        )

    def _with_options(self, found: re.Match[str]) -> str:
        program = next(name for name in found.groups() if name)
        words: list[str] = []
        if (uri := self.connect or self.configured_uri) and program == "virsh":
            words += ["-c", uri]
        if self.connect and program == "sharectl":
            words += ["--connect", self.connect]
        if self.cloud and program == "sharectl":
            words += ["--os-cloud", self.cloud]
        if (cloud := self.cloud or self.configured_cloud) and program == "openstack":
            words += ["--os-cloud", cloud]
        if self.config_file and program == "sharectl":
            words += ["--config", str(self.config_file)]
        return shlex.join([program, *words]) + " "

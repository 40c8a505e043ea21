"""Commands in hints, with the global options without which they would ask somebody else."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

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
    """

    connect: str | None = None
    cloud: str | None = None
    config_file: Path | None = None

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
        if self.connect and program == "virsh":
            words += ["-c", self.connect]
        if self.connect and program == "sharectl":
            words += ["--connect", self.connect]
        if self.cloud and program in ("sharectl", "openstack"):
            words += ["--os-cloud", self.cloud]
        if self.config_file and program == "sharectl":
            words += ["--config", str(self.config_file)]
        return shlex.join([program, *words]) + " "

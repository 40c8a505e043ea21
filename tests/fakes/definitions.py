"""Definitions of the fake's domains: made as an admin has them, and read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sharectl.model import domain_xml, memory_xml, provenance
from sharectl.model.domain import Filesystem
from sharectl.model.domain_xml import paths
from sharectl.model.mark import Mark
from sharectl.model.xml import parse, to_text

_XML = """<domain type='kvm'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <metadata>
    <app:note xmlns:app='https://example.org/app'>keep me</app:note>
  </metadata>
  <memory unit='KiB'>1048576</memory>
{memory}  <vcpu>1</vcpu>
  <!-- a comment of the admin -->
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
  </devices>
</domain>
"""
_SHARED = """  <memoryBacking>
    <source type='memfd'/>
    <access mode='shared'/>
  </memoryBacking>
"""


def definition(name: str, uuid: str, *, shared_memory: bool) -> str:
    """That of a new domain."""
    memory = _SHARED if shared_memory else ""
    return to_text(parse(_XML.format(name=name, uuid=uuid, memory=memory)))


@dataclass(frozen=True)
class Read:
    """What a definition says."""

    shared_memory: bool
    filesystems: tuple[Filesystem, ...]
    marks: tuple[Mark, ...]
    paths: frozenset[str]


@lru_cache(maxsize=1000)
def read(xml: str) -> Read:
    """What the definition says; the same few texts come up again."""
    root = parse(xml)
    return Read(
        memory_xml.has_shared_memory(root),
        domain_xml.filesystems(root),
        provenance.marks(root),
        paths(root),
    )

"""A host with Debian 13's libvirt 11.3, QEMU 10 and Rust virtiofsd, inside the sandbox.

Its kernel is the machine's; everything else of it is its own.

===============  ===========================================================
`chroot`         Debian 13 in a folder, built into the cache
`first_process`  a node's namespaces, and what is seen in them
`node`           one node: run commands in it, define guests, migrate them
===============  ===========================================================
"""

from tests.lab.trixie.chroot import chroot, setup
from tests.lab.trixie.node import Node

__all__ = ["Node", "chroot", "setup"]

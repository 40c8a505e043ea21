"""The lab's VM: a stock Debian kernel around a command, for what the machine's own kernel lacks.

============  =====================================================================
`image`       kernel, initramfs and unpacked packages, built once per machine
`machine`     `booted`: a VM under QEMU without KVM, up in about four seconds
`channel`     run commands in it as `subprocess` does; `agent.c` is the other end
`host`         a hypervisor host that boots systemd and can be rebooted
`cli`         ``python -m tests.lab vm -- COMMAND``, or a shell
============  =====================================================================

The VM's root is the machine's own, read-only below a layer in memory, with packages on top that
the machine lacks. So programs, the cache and the checkout have the same paths in both.
"""

from __future__ import annotations


def setup() -> None:
    """Build and install what is missing."""
    from tests.lab.vm import host
    from tests.lab.vm.image import image

    image()
    image(*host.MODULES)
    host.programs()

"""A guest that only exists so that libvirt calls its hooks."""

from __future__ import annotations

import os

import libvirt

from sharectl.adapters import deadline
from sharectl.adapters.libvirt_connection import open_local, translate
from sharectl.errors import BackendError

# It is destroyed before its CPU runs. Emulated, so that it needs no /dev/kvm.
_XML = """
<domain type='qemu'>
  <name>sharectl-hook-probe-{pid}</name>
  <memory unit='MiB'>16</memory>
  <os><type>hvm</type></os>
  <devices>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""
_FLAGS = libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_AUTODESTROY


def start_and_destroy(uri: str, timeout: float) -> None:
    """Start a paused transient guest at `uri` and destroy it, within `timeout` seconds.

    Raises what opening the connection does, or `BackendError` when libvirt cannot start it.
    """
    connection = open_local(uri, timeout)

    def work() -> None:
        try:
            connection.createXML(_XML.format(pid=os.getpid()), _FLAGS).destroy()
        finally:
            connection.close()  # which destroys the guest if it is still there

    try:
        deadline.call(work, timeout, f"libvirt at {uri}", change=True)
    except libvirt.libvirtError as error:
        raise BackendError(f"libvirt cannot start a guest to try it: {error}") from error
    except Exception as error:
        raise translate(error, uri) from error

"""Domain XML for the guest."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from xml.sax.saxutils import quoteattr

from tests.lab.guest.image import Image

SharedMemory = (
    Literal[
        "memfd", "file", "hugepages", "numa", "small pages", "immediate memfd", "immediate file"
    ]
    | None
)

# What each way of sharing (or not sharing) the guest's memory looks like.
_MEMORY: dict[SharedMemory, str] = {
    None: "",
    "memfd": "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
    "file": "<memoryBacking><source type='file'/><access mode='shared'/></memoryBacking>",
    "hugepages": "<memoryBacking><hugepages/><access mode='shared'/></memoryBacking>",
    "small pages": "<memoryBacking><hugepages><page size='4' unit='KiB'/></hugepages>"
    "<source type='memfd'/><access mode='shared'/></memoryBacking>",
    "immediate memfd": "<memoryBacking><source type='memfd'/><access mode='shared'/>"
    "<allocation mode='immediate'/></memoryBacking>",
    "immediate file": "<memoryBacking><source type='file'/><access mode='shared'/>"
    "<allocation mode='immediate'/></memoryBacking>",
    "numa": "<cpu><numa><cell id='0' cpus='0' memory='{memory}' unit='MiB'"
    " memAccess='shared'/></numa></cpu>",
}
# Quiet, and without what costs time under emulation: two early looks at all slots of all 256 PCI
# buses, a port access each, took 20 seconds in a guest inside the lab VM.
_KERNEL_ARGUMENTS = (
    "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check tsc=reliable"
    " random.trust_cpu=on cryptomgr.notests"
    " pci=noearly,lastbus=0"
)
_TEMPLATE = """\
<domain type='{domain_type}'>
  <name>{name}</name>
  {uuid}
  {metadata}
  <memory unit='MiB'>{memory}</memory>
  {memory_backing}
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initramfs}</initrd>
    <cmdline>{arguments}</cmdline>
  </os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>{on_reboot}</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    <serial type='pty'>
      <log file={console} append='on'/>
      <target port='0'/>
    </serial>
    <channel type='unix'>
      <source mode='bind' path={commands}/>
      <target type='virtio' name='lab.commands'/>
    </channel>
    <memballoon model='none'/>
    {devices}
  </devices>
</domain>
"""
_FILESYSTEM = """\
<filesystem type='mount' accessmode='passthrough'>
  <driver type='virtiofs'/>
  <source dir={source}/>
  <target dir={tag}/>
</filesystem>
"""


def console_log(run: Path, name: str) -> Path:
    """Where the serial port is logged."""
    return run / f"{name}.console"


def command_socket(run: Path, name: str) -> Path:
    """Where the guest takes commands."""
    return run / f"{name}.commands"


def domain_xml(
    name: str,
    *,
    image: Image,
    run: Path,
    uuid: str | None = None,
    memory_mib: int = 256,
    shared_memory: SharedMemory = "memfd",
    stay: bool = False,
    devices: str = "",
    metadata: str = "",
    domain_type: str = "qemu",
    on_reboot: Literal["destroy", "restart"] = "destroy",
) -> str:
    """XML of a domain that boots `image`; console log and command socket lie in `run`.

    With `stay` the guest keeps running after its script. `shared_memory` None gives a domain that
    cannot have virtiofs. `devices` goes into <devices>, `metadata` below <domain>, as they are.
    `domain_type` kvm needs /dev/kvm, which the sandbox hides.
    """
    return _TEMPLATE.format(
        name=name,
        uuid=f"<uuid>{uuid}</uuid>" if uuid else "",
        metadata=metadata,
        memory=memory_mib,
        memory_backing=_MEMORY[shared_memory].format(memory=memory_mib),
        kernel=image.kernel,
        initramfs=image.initramfs,
        arguments=f"{_KERNEL_ARGUMENTS} {'guest.stay' if stay else ''}".strip(),
        console=quoteattr(str(console_log(run, name))),
        commands=quoteattr(str(command_socket(run, name))),
        devices=devices,
        domain_type=domain_type,
        on_reboot=on_reboot,
    )


def filesystem_xml(source: Path, tag: str) -> str:
    """A virtiofs <filesystem>, as libvirt's own documentation has it."""
    return _FILESYSTEM.format(source=quoteattr(str(source)), tag=quoteattr(tag))

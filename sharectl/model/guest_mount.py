"""How a guest mounts a share, as far as its host can know what runs in it."""

from __future__ import annotations

from sharectl.model.xml import parse

# https://libosinfo.org: virt-install and virt-manager write it into the domain's metadata.
_OS = ".//{http://libosinfo.org/xmlns/libvirt/domain/1.0}os"
_MICROSOFT = "http://microsoft.com/"


def is_windows(xml: str) -> bool:
    """Whether the domain's metadata says that Windows runs in it.

    Args:
        xml: the domain's definition; empty if it is not known.
    """
    found = parse(xml).find(_OS) if xml else None
    return found is not None and (found.get("id") or "").startswith(_MICROSOFT)


def steps(tag: str, mode: str, domain: str, *, windows: bool) -> tuple[str, ...]:
    """The lines that tell an admin how to mount the share in the guest.

    Args:
        tag: of the share.
        mode: "rw" or "ro".
        domain: the word for the domain in a command.
        windows: whether Windows runs in it.
    """
    if not windows:
        return (
            "In the guest (Linux 5.4 or later):",
            f"  mount -t virtiofs {tag} /mnt",
            "Or for every boot, in its /etc/fstab:",
            f"  {tag} /mnt virtiofs {mode},nofail 0 0",
        )
    return (
        "In the guest (Windows 10 or later), install WinFsp and viofs of virtio-win, then:",
        "  sc.exe config VirtioFsSvc start= auto depend= WinFsp.Launcher/VirtioFsDrv",
        "  sc.exe start VirtioFsSvc",
        "The service mounts one share, as Z:. With several, for each instead of the service:",
        f"  virtiofs.exe -t {tag} -m X:",
        f"If the driver wants a longer queue, with the domain shut off: virsh edit {domain},"
        f" and give the filesystem of tag {tag}",
        "  <driver type='virtiofs' queue='1024'/>",
    )

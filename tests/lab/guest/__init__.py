"""A tiny guest: Debian's kernel, busybox, and a script that the test gives it.

It boots in about three seconds under emulation, and sees virtiofs as any guest does.

===========  ===============================================================
`image`      its kernel and initramfs, built into the cache
`xml`        the domain XML that boots them
`machine`    one guest on a libvirt connection: start it, talk to it, wait
===========  ===============================================================
"""

from tests.lab.guest.image import Image, image, setup
from tests.lab.guest.machine import Guest
from tests.lab.guest.xml import domain_xml

__all__ = ["Guest", "Image", "domain_xml", "image", "setup"]

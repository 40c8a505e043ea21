"""Many mounts that look like ceph-fuse's and cost next to nothing: one thread answers for all.

Real file systems of the kernel, and no Ceph behind them: what is measured with them is what
sharectl does with hundreds of mounts, not what Ceph does. Protocol: linux/fuse.h.
"""

from __future__ import annotations

import os
import select
import struct
import threading
from pathlib import Path

from tests.lab import syscalls

_HEADER = struct.Struct("=IIQQIIII")
_REPLY = struct.Struct("=IiQ")
_INIT, _STATFS, _FORGET, _GETATTR, _BATCH_FORGET = 26, 17, 2, 3, 42
_INIT_OUT = struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 12, 9, 4096, 1, 0, 0, 0)
_STATFS_OUT = struct.pack("=QQQQQIIII24x", 1000, 900, 900, 100, 90, 4096, 255, 4096, 0)
_GETATTR_OUT = struct.pack("=QII6Q3I7I", 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0,
                           4096, 0)  # fmt: skip
_ANSWERS = {_INIT: _INIT_OUT, _STATFS: _STATFS_OUT, _GETATTR: _GETATTR_OUT}
_ENOSYS = 38


class FuseMounts:
    """The mounts, until the process ends."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        threading.Thread(target=self._serve, daemon=True).start()

    def mount(self, source: str, mount_point: Path) -> None:
        """Mount at `mount_point`, which is made; `source` is what mountinfo is to show."""
        mount_point.mkdir(parents=True, mode=0o700)
        device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
        flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
        syscalls.mount(source, mount_point, "fuse.ceph-fuse", flags, options)
        self._poll.register(device, select.EPOLLIN)  # before, it would only tell of an error

    def _serve(self) -> None:
        while True:
            for device, _events in self._poll.poll():
                try:
                    self._answer(device, os.read(device, 1 << 17))
                except OSError:  # unmounted
                    self._poll.unregister(device)
                    os.close(device)

    def _answer(self, device: int, request: bytes) -> None:
        _length, opcode, unique, *_ = _HEADER.unpack_from(request)
        if opcode in (_FORGET, _BATCH_FORGET):
            return
        body = _ANSWERS.get(opcode)
        error = 0 if body is not None else -_ENOSYS
        size = _REPLY.size + len(body or b"")
        os.write(device, _REPLY.pack(size, error, unique) + (body or b""))

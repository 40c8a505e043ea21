"""What Manila keeps shares on. A further back end is one more `Backend` value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Sections = Mapping[str, Mapping[str, object]]
"""Sections of an oslo configuration file: section -> option -> value."""

_DRIVERS = "tests.lab.cloud.server.drivers"


@dataclass(frozen=True)
class Backend:
    """One back end of Manila, with the share type that leads to it.

    `name` is the section of manila.conf, the pool's name and the share type's name.
    `options` go into that section, `sections` are further ones (say `manila_sys_admin`).
    `python_path` and `environment` are added to the Manila process.
    A driver that derives from `tests.lab.cloud.server.faults.Faults` obeys share names.
    """

    name: str
    driver: str
    protocols: tuple[str, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    sections: Sections = field(default_factory=dict)
    python_path: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


DUMMY = Backend(
    name="dummy",
    driver=f"{_DRIVERS}.LabDummyDriver",
    protocols=("NFS", "CIFS", "CEPHFS"),
    options={
        "dummy_driver_default_driver_method_delay": 0,
        # As quick as can be, and yet slow enough that a client sees a rule being applied.
        "dummy_driver_driver_methods_delays": "update_access:0.05",
    },
)


def ceph(*, conf: str, python_path: tuple[str, ...], environment: Mapping[str, str]) -> Backend:
    """Manila's CephFS driver on the lab's Ceph, whose configuration file is `conf`."""
    return Backend(
        name="ceph",
        driver=f"{_DRIVERS}.LabCephFSDriver",
        protocols=("CEPHFS",),
        options={
            "cephfs_conf_path": conf,
            "cephfs_protocol_helper_type": "CEPHFS",
            "cephfs_auth_id": "manila",
            "cephfs_cluster_name": "ceph",
            "cephfs_filesystem_name": "cephfs",
        },
        python_path=python_path,
        environment=environment,
    )

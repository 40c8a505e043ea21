"""Manila shares on the file server in the lab VM: a further back end of the lab's cloud."""

from __future__ import annotations

from tests.lab.cloud import build, configs, servers
from tests.lab.cloud.backends import Backend
from tests.lab.cloud.cloud import Cloud
from tests.lab.vm import nas
from tests.lab.vm.channel import Channel

PORT_VARIABLE = "SHARECTL_LAB_VM_PORT"


def lvm(vm: Channel) -> Backend:
    """Manila's LVM driver on the file server in `vm`; `Nas.start` comes first."""
    return Backend(
        name="lvm",
        driver="tests.lab.vm.manila_lvm.LabLVMShareDriver",
        protocols=("NFS",),
        options={
            "lvm_share_volume_group": nas.VOLUME_GROUP,
            "lvm_share_export_ips": f"{nas.SERVER},{nas.SERVER_V6}",
            "lvm_share_export_root": nas.EXPORT_ROOT,
            "lvm_share_helpers": "NFS=manila.share.drivers.helpers.NFSHelper",
        },
        environment={PORT_VARIABLE: str(vm.port)},
    )


def add(cloud: Cloud, backend: Backend) -> None:
    """Give a running cloud one more back end; Manila restarts with the shares it has."""
    cloud.manila.stop()
    cloud.backends = (*cloud.backends, backend)
    conf = configs.manila_conf(cloud.folder / "manila", build.venv(), cloud.backends)
    (cloud.folder / "manila/manila.conf").write_text(conf)
    cloud.manila = servers.manila(cloud.folder, cloud.backends)
    cloud.manila.start()

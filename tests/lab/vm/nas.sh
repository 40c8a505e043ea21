#!/bin/bash
# Make a file server of the lab VM: an LVM volume group on /dev/vda and the kernel's NFS server,
# which sits in a network namespace "nas" behind a veth pair, so that it has another address than
# its client and can vanish from the network.
# Arguments: the client's and the server's IPv4 address, the client's and the server's IPv6.
set -euo pipefail
client=$1 server=$2 client6=$3 server6=$4

ip netns add nas
ip link add nas0 type veth peer name eth0 netns nas
ip addr add "$client/24" dev nas0
ip addr add "$client6/64" dev nas0 nodad
ip link set nas0 up
ip -n nas addr add "$server/24" dev eth0
ip -n nas addr add "$server6/64" dev eth0 nodad
ip -n nas link set eth0 up
ip -n nas link set lo up

# No udev runs here: LVM makes the device nodes itself.
cat >/etc/lvm/lvmlocal.conf <<'END'
activation {
    udev_sync = 0
    udev_rules = 0
    monitoring = 0
}
devices {
    use_devicesfile = 0
    obtain_device_list_from_udev = 0
    scan = [ "/dev" ]
}
END
modprobe dm-mod
export DM_DISABLE_UDEV=1
pvcreate -qq /dev/vda
vgcreate -qq shares /dev/vda

# knfsd cannot export from an overlay, and NFSv4 clients walk from "/" to the export: so that
# walk leads through a root of tmpfs, in which the file systems mounted later show up.
mkdir -p /srv/shares /srv/nfsroot
mount -t tmpfs -o mode=755 shares /srv/shares
mount --make-shared /srv/shares
mount -t tmpfs -o mode=755 nfsroot /srv/nfsroot
mkdir -p /srv/nfsroot/srv/shares
mount --bind /srv/shares /srv/nfsroot/srv/shares
printf '[exports]\nrootdir=/srv/nfsroot\n' >/etc/nfs.conf

: >/etc/exports
mkdir -p /var/lib/nfs/nfsdcld /var/lib/nfs/rpc_pipefs /run/rpcbind
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
echo '_rpc:x:995:65534::/run/rpcbind:/usr/sbin/nologin' >>/etc/passwd

exec nsenter --net=/run/netns/nas bash -euo pipefail <<'END'
mount -t nfsd nfsd /proc/fs/nfsd
mount -t rpc_pipefs sunrpc /var/lib/nfs/rpc_pipefs
# In seconds; the kernel takes no less than 10. New clients may open files only after the grace
# time; nfsdcld knows of no old ones, so that the kernel skips it.
echo 10 >/proc/fs/nfsd/nfsv4gracetime
echo 10 >/proc/fs/nfsd/nfsv4leasetime
rpcbind # NFSv3 cannot do without
exportfs -ra
nfsdcld
rpc.mountd -N 2 --manage-gids
rpc.nfsd --no-udp 4
END

"""sharectl as a process, on real libvirt, Keystone, Manila and Ceph."""

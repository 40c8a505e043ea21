#!/bin/busybox sh
# The first process of the guest: run /script, and power off, or stay (guest.stay on the kernel's
# command line). A virtio port takes commands all the while.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
while read -r module; do insmod /lib/"$module" || echo "guest: no module $module"; done </modules
hostname guest

# A power button press (virsh shutdown) powers off: the path is busybox acpid's own default.
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\npoweroff -f\n' >/etc/acpi/PWRF/00000080
chmod 755 /etc/acpi/PWRF/00000080
acpid -l /dev/null

# Commands from outside. A port that nobody is connected to reads as at its end. Its name counts
# the virtio devices that were found before it.
port=$(echo /dev/vport*p1)
if [ -c "$port" ]; then
    exec 3<>"$port"
    (while :; do sh <&3 >&3 2>&1; usleep 50000; done) &
    exec 3>&-
fi

echo "guest: up"
sh /script
echo "guest: script ended with status $?"
if grep -qw guest.stay /proc/cmdline; then
    while :; do wait; sleep 3600; done
fi
sync
poweroff -f

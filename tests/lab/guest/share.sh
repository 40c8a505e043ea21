#!/bin/sh
# share TAG [OPTIONS]: mount a virtiofs tag at /mnt/TAG and say so.
mkdir -p "/mnt/$1"
if mount -t virtiofs -o "${2:-rw}" "$1" "/mnt/$1"; then
    echo "share: $1 is mounted at /mnt/$1"
else
    echo "share: $1 could not be mounted"
    exit 1
fi

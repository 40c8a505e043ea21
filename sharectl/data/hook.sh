#!/bin/bash
# Written by "sharectl hook install", removed by "sharectl hook uninstall" (sharectl @VERSION@).
#
# libvirt calls it with DOMAIN OPERATION SUBOPERATION EXTRA, the domain's XML on standard input
# (https://libvirt.org/hooks.html), and waits. Before a domain with shares starts, sharectl mounts
# what is missing, or refuses; for everything else this ends here, at the cost of a shell. It is
# bash because that reads the XML in blocks and starts no program for it; dash needs a system call
# for each byte, or a program.
: 2>/dev/null >@STAMP@ # when libvirt called, for "sharectl hook status"
[[ $2 == prepare && $3 == begin ]] || exit 0
read -rN 1000000000 xml
# A share may be written in many ways: with // or /./ in its path, by a link, by another mount of
# it. So sharectl looks at each domain that serves a folder to its guest, wherever that is, and at
# each that may name something in our folder.
[[ $xml == *'<filesystem'* || $xml == *@ABOVE@*@FOLDER@* ]] || exit 0
printf %s "$xml" 2>/dev/null |
    SHARECTL_STATE_DIR=@STATE@ SHARECTL_RUNTIME_DIR=@RUNTIME@ \
        @PYTHON@ -I -m sharectl.hook @CONFIG@ "$@" >/dev/null

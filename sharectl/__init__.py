"""Attach OpenStack Manila shares to the domains of a plain libvirt host."""

__version__ = "0.1.0"

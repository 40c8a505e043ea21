"""The lab: the real parts that tests and `make demo` run against.

One command runs anything in it: ``python -m tests.lab --help``.

================  ==========================================================
`cache`           what is built once per machine, and kept
`packages`        Debian packages: installed, or only unpacked into the cache
`processes`       daemons that we start, wait for, and stop by pid
`sandbox`         private namespaces around a command: nothing outlives them
================  ==========================================================
"""

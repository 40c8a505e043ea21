"""The lab's cloud: a real Keystone, a real Manila and a real one-node Ceph on 10.99.0.1.

=============  ==================================================================
`cloud`        `Cloud`: start it, make shares, look at it as its admin, break it
`ceph`         `Ceph`: the storage behind the CephFS shares
`backends`     `Backend`: what Manila keeps shares on; how to add one
`places`       addresses, ports, accounts and the older API versions
`configs`      the configuration files of all of them, and `clouds.yaml`
`build`        what is built once per machine: venv, packages, databases
`api`          a small client for Manila, and the records it returns
`server`       the modules that run inside the servers' own venv
=============  ==================================================================

What is real: Keystone; Manila's API, policies, scheduler, share manager, access rules and
resource locks; CephFS shares down to the mount. What is not: shares on the `dummy` back end
have made-up export paths. `server.faults` says how to make anything fail or wait.
"""

from __future__ import annotations


def setup() -> None:
    """Build and install what is missing: the servers' venv, their databases, Ceph."""
    from tests.lab.cloud import build

    build.venv()
    build.state()
    build.ceph()

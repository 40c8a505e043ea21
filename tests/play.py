"""make play: the stage of the demo with a shell on it, to try sharectl by hand."""

from __future__ import annotations

import sys

from tests.lab import sandbox
from tests.lab.processes import LabError
from tests.lab.vm.cli import attach
from tests.lab.vm.machine import PROJECT
from tests.stage import Stage, stage

_GUEST_SCRIPT = """\
for tag in docs data; do share $tag 2>/dev/null; done
setsid cttyhack sh
"""
_WELCOME = """
You are root on a hypervisor host of the lab, with a cloud of its own. There are

  shares    docs (NFS) and data (CephFS), in Manila
  domains   web1, ready for shares, and web2, whose memory is not shared

Try:
  sharectl shares
  sharectl add web1 docs --tag docs
  echo hello > "$(sharectl show web1 docs -f value -c 'Mount Point')/hello"
  virsh start web1
  virsh console web1            a shell in the guest; leave it with Ctrl-]
  sharectl show web1 docs
  sharectl add web2 data        refused, with the way out

The manual: man -l man/sharectl.8. All of it is gone when you leave: exit
"""


def main() -> int:
    """Set the stage and give it to the user; returns the exit status of the shell."""
    if not sandbox.inside():
        print("play: run: make play", file=sys.stderr)
        return 1
    print("play: starting Keystone, Manila, Ceph, and the VM that is the hypervisor host",
          flush=True)  # fmt: skip
    try:
        with stage() as made:
            return _play(made)
    except (LabError, OSError) as error:
        print(f"play: {error}", file=sys.stderr)
        return 1


def _play(made: Stage) -> int:
    # On a terminal virsh calls this agent, which complains that there is no polkit.
    made.vm.run(["mount", "--bind", "/dev/null", "/usr/bin/pkttyagent"])
    made.virt.define("web1", script=_GUEST_SCRIPT, stay=True)
    made.virt.define("web2", script=_GUEST_SCRIPT, stay=True, shared_memory=None)
    variables = [f"{name}={value}" for name, value in made.environment.items()]
    argv = ["env", "-C", str(PROJECT), *variables, "PS1=host# ", "bash", "--norc", "-i"]
    print(_WELCOME, flush=True)
    return attach(made.vm, argv)


if __name__ == "__main__":
    sys.exit(main())

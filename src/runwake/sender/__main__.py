"""`python -m runwake.sender RUN_DIR`: the sender's process.

The SDK starts this file by its path, so that nothing in the training's folder can shadow a module
of the standard library.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

NICENESS = 5
"""Where training keeps all cores busy, the sender takes what training leaves."""

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])


def main() -> int:
    """Parse the arguments and run the sender until it is done."""
    import argparse

    from runwake.sender.service import run_sender
    from runwake.settings.client import resolve_client
    from runwake.settings.sources import environment

    parser = argparse.ArgumentParser(prog="runwake.sender", description=__doc__)
    parser.add_argument("run_dir", type=Path, help="the run's folder")
    parser.add_argument("--base-url", help="address of the server")
    parser.add_argument("--watch-pid", type=int, help="the training process")
    parser.add_argument("--linger", type=float, help="seconds to go on after its end")
    parser.add_argument("--system-interval", type=float, help="seconds between system metrics")
    arguments = parser.parse_args()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    settings = resolve_client({"base_url": arguments.base_url}, environment()).values
    return run_sender(
        arguments.run_dir,
        base_url=settings["base_url"],
        api_key=settings["api_key"],
        watch_pid=arguments.watch_pid,
        linger_s=settings["linger"] if arguments.linger is None else arguments.linger,
        system_interval_s=(
            settings["system_interval"]
            if arguments.system_interval is None
            else arguments.system_interval
        ),
    )


if __name__ == "__main__":
    sys.exit(main())

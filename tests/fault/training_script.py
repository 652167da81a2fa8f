"""A training process for the fault tests: logs rows and says on stdout which log() returned.

Usage: python training_script.py RUN_ID NUM_ROWS PAUSE_S [MODE]
"""

from __future__ import annotations

import os
import sys
import time

import runwake


def main() -> None:
    run_id, num_rows, pause_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    acknowledge = os.dup(1)
    run = runwake.init(project="faults", id=run_id, config={"rows": num_rows})
    for step in range(num_rows):
        started = time.perf_counter()
        run.log({"loss": 1.0 / (step + 1), "half": step / 2, "count": step, "even": step % 2 == 0})
        took_us = int((time.perf_counter() - started) * 1e6)
        os.write(acknowledge, b"%d %d\n" % (step, took_us))
        if pause_s:
            time.sleep(pause_s)
    run.finish()


if __name__ == "__main__":
    main()

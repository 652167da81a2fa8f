from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from typing import Any

from runwake.testing.ingest_double import IngestDouble
from runwake.wire.records import Exit

Train = Callable[..., Any]
Eventually = Callable[..., Any]

SCRIPT = """
import os
run = runwake.init(id="{run_id}")
values = {{f"m{{k}}": 0.0 for k in range({num_metrics})}}
i = 0
os.write(1, b"ready\\n")
while True:
    values["i"] = i
    run.log(values)
    os.write(1, b"%d\\n" % i)
    i += 1
"""


def kill_at_random(train: Train, eventually: Eventually, server: IngestDouble, seed: int) -> None:
    chance = random.Random(seed)
    run_id = f"r{seed}"
    training = train(SCRIPT.format(run_id=run_id, num_metrics=chance.choice([1, 10, 50])))
    assert training.read_line() == "ready"
    # A random moment is what is tested; nothing is waited for.
    time.sleep(chance.uniform(0.0, 0.4))
    training.process.send_signal(signal.SIGKILL)
    printed = training.read_rest()
    whole_lines = printed[: printed.rfind("\n") + 1].split()
    last_acknowledged = int(whole_lines[-1]) if whole_lines else -1

    def is_complete() -> bool:
        streams = server.run_streams(run_id)
        return len(streams) == 2 and all(stream.is_final for stream in streams.values())

    eventually(is_complete, timeout_s=30)
    got = [values["i"] for _, _, values in server.rows(run_id)]
    assert got == list(range(len(got))), f"seed {seed}"
    assert last_acknowledged < len(got) <= last_acknowledged + 2, f"seed {seed}"
    ends = [r.state for r in server.records(run_id) if isinstance(r, Exit)]
    assert ends == ["crashed"], f"seed {seed}"


def test_no_logged_row_is_lost_or_doubled_by_kill_9(
    train: Train, eventually: Eventually, server: IngestDouble
) -> None:
    for seed in range(6):
        kill_at_random(train, eventually, server, seed)

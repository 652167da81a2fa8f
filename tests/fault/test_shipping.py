from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from runwake.testing.ingest_double import IngestDouble
from runwake.wire.records import AnyRecord, Console, Exit, RunStart

Train = Callable[..., Any]
Eventually = Callable[..., Any]

LOOP = """
import time
run = runwake.init(id="r", project="p")
print("ready", flush=True)
for i in range({count}):
    run.log({{"i": i, "loss": 1 / (i + 1)}})
    {then}
    time.sleep({pause})
run.finish()
"""


def loop(count: int, pause: float = 0.0, then: str = "pass") -> str:
    return LOOP.format(count=count, pause=pause, then=then)


def numbers(server: IngestDouble) -> list[int]:
    return [values["i"] for _, _, values in server.rows("r")]


def endings(server: IngestDouble) -> list[Exit]:
    return [record for record in server.records("r") if isinstance(record, Exit)]


def test_a_run_arrives_whole_and_once_with_its_console(train: Train, server: IngestDouble) -> None:
    training = train(loop(500))

    code, _, err = training.wait()

    assert code == 0
    assert numbers(server) == list(range(500))
    assert "p/" in err
    assert f"is complete at {server.base_url}/local/p/runs/r" in err
    records: list[AnyRecord] = server.records("r")
    assert isinstance(records[0], RunStart)
    assert any(isinstance(r, Console) and r.text == "ready\n" for r in records)
    assert endings(server)[-1].state == "finished"
    assert all(stream.is_final for stream in server.run_streams("r").values())


def test_rows_are_on_the_server_while_training_goes_on(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(loop(1000, pause=0.02))
    training.read_line()

    eventually(lambda: len(server.rows("r")) > 5)

    assert training.process.poll() is None


def test_no_process_is_left_behind(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(loop(10))
    training.wait()

    eventually(lambda: training.sender() is None)
    assert training.state.done


def test_after_kill_9_every_logged_row_arrives_once_and_the_run_has_crashed(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(loop(10**6, then="print(i, flush=True)"))
    last = -1
    while last < 200:
        line = training.read_line()
        last = int(line) if line.isdigit() else last
    training.process.send_signal(signal.SIGKILL)
    printed = training.read_rest()
    last = max([last, *map(int, printed[: printed.rfind("\n") + 1].split())])

    eventually(lambda: endings(server))

    got = numbers(server)
    assert got == list(range(len(got)))
    assert len(got) in (last + 1, last + 2)  # one more may have been logged and not printed
    (ending,) = endings(server)
    assert ending.state == "crashed"
    assert ending.reason is not None
    assert str(training.process.pid) in ending.reason
    eventually(lambda: training.sender() is None)


def test_a_sender_that_is_killed_is_started_again_and_nothing_comes_twice(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(loop(400, pause=0.01))
    training.read_line()
    eventually(lambda: server.rows("r"))
    killed = training.sender()
    killed.kill()

    code, _, _ = training.wait()

    assert code == 0
    assert numbers(server) == list(range(400))
    assert training.state.pid != killed.pid


def test_a_server_that_is_gone_for_a_while_gets_all_in_order(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(loop(600, pause=0.005))
    training.read_line()
    for _ in range(3):
        seen = len(server.rows("r"))
        eventually(lambda seen=seen: len(server.rows("r")) > seen)
        server.stop()
        eventually(lambda: training.state.connection == "away")
        server.start()

    code, _, _ = training.wait()

    assert code == 0
    assert numbers(server) == list(range(600))
    assert server.received_bytes < 4 * sum(s.offset for s in server.run_streams("r").values())


def test_answers_that_are_lost_do_not_double_rows(train: Train, server: IngestDouble) -> None:
    server.faults.lose_acks = 3
    training = train(loop(300, pause=0.004))

    code, _, _ = training.wait()

    assert code == 0
    # How many ranges it takes depends on the machine's pace: one lost answer at least.
    assert server.faults.lose_acks < 3
    assert 409 in [status for _, _, status in server.log]  # told where the stream stands
    assert numbers(server) == list(range(300))


@pytest.mark.parametrize("status", [401, 404, 413, 429, 500, 503, 507])
def test_no_answer_of_the_server_loses_rows(
    train: Train, server: IngestDouble, eventually: Eventually, status: int
) -> None:
    server.faults.status = status
    training = train(loop(20), RUNWAKE_FINISH_TIMEOUT="10")
    code, _, err = training.wait()
    assert code == 0
    assert f"answers {status}: as told" in err
    assert f"runwake sync runwake/{training.run_dir.path.name}" in err

    server.faults.status = None

    eventually(lambda: numbers(server) == list(range(20)), timeout_s=25)


def test_without_a_server_training_goes_on_and_is_told_how_to_see_it(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    server.stop()
    started = time.monotonic()
    training = train(loop(50))

    code, _, err = training.wait()

    assert code == 0
    assert time.monotonic() - started < 10
    assert "no server answers at" in err
    assert err.count(f"runwake sync runwake/{training.run_dir.path.name}") == 1
    server.start()
    eventually(lambda: numbers(server) == list(range(50)))


def test_finish_waits_no_longer_than_told_for_a_server_that_never_answers(
    train: Train, server: IngestDouble
) -> None:
    server.faults.hang = threading.Event()
    started = time.monotonic()
    training = train(loop(50), RUNWAKE_FINISH_TIMEOUT="1.5")

    code, _, err = training.wait()

    assert code == 0
    assert time.monotonic() - started < 8
    assert "are not sent yet" in err


def test_one_interrupt_shortens_the_wait(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    server.faults.hang = threading.Event()
    training = train(loop(5, then="print(i, flush=True)"), RUNWAKE_FINISH_TIMEOUT="60")
    while training.read_line() != "4":
        continue
    assert training.process.stderr is not None
    while "uploading" not in training.process.stderr.readline():
        continue
    interrupted = time.monotonic()
    training.process.send_signal(signal.SIGINT)

    code, _, _ = training.wait()

    assert code == 0
    assert time.monotonic() - interrupted < 5


def test_a_stopped_sender_does_not_hold_training_up(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(loop(10**6, pause=0.01, then="print(i, flush=True)"))
    eventually(lambda: training.read_line() and server.rows("r"))
    sender = training.sender()
    sender.suspend()
    first = int(training.read_line())
    while int(training.read_line()) < first + 100:
        continue
    stuck = len(server.rows("r"))

    sender.resume()

    eventually(lambda: len(server.rows("r")) > stuck + 100)


ENDS = [
    ("raise ValueError('bad')", 1, ("failed", 1, "ValueError: bad")),
    ("sys.exit(3)", 3, ("failed", 3, "exit code 3")),
    ("sys.exit()", 0, ("finished", 0, None)),
    ("sys.exit('words')", 1, ("failed", 1, "exit code 1")),
    ("raise KeyboardInterrupt", 130, ("killed", 255, "KeyboardInterrupt (Ctrl-C)")),
    ("pass", 0, ("finished", 0, None)),
    ("run.finish(5)", 0, ("failed", 5, "exit code 5")),
    ("raise SystemExit(3)", 3, ("failed", 3, "exit code 3")),
    ("raise SystemExit", 0, ("finished", 0, None)),
    ("exit(4)", 4, ("failed", 4, "exit code 4")),
    ("try:\n    sys.exit(2)\nexcept SystemExit:\n    pass", 0, ("finished", 0, None)),
    (
        "sys.excepthook = lambda *_: print('ValueError', file=sys.stderr)\nraise ValueError('bad')",
        1,
        ("failed", 1, "ValueError: bad"),
    ),
    ("os.kill(os.getpid(), signal.SIGTERM)", -15, ("killed", 143, "SIGTERM")),
]


@pytest.mark.parametrize(("how", "code", "expected"), ENDS)
def test_each_way_to_end_is_recorded_and_leaves_the_exit_code_alone(
    train: Train,
    server: IngestDouble,
    eventually: Eventually,
    how: str,
    code: int,
    expected: tuple[str, int, str | None],
) -> None:
    training = train(
        f"import os, signal, sys\nrun = runwake.init(id='r')\nrun.log({{'i': 0}})\n{how}"
    )

    got, _, err = training.wait()

    assert got in (code, -2) if code == 130 else got == code
    eventually(lambda: endings(server))
    (ending,) = endings(server)
    assert (ending.state, ending.code, ending.reason) == expected
    assert ("Traceback" in (ending.traceback or "")) == ("ValueError" in err)
    assert numbers(server) == [0]


def test_os_exit_counts_as_a_crash(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train("import os\nrun = runwake.init(id='r')\nrun.log({'i': 0})\nos._exit(0)")
    training.wait()

    eventually(lambda: endings(server))

    assert endings(server)[0].state == "crashed"
    assert numbers(server) == [0]


def test_the_scripts_own_handler_of_sigterm_is_called(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        "import os, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('saved'), sys.exit(7)))\n"
        "run = runwake.init(id='r')\n"
        "run.log({'i': 0})\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )

    code, out, _ = training.wait()

    assert (code, out) == (7, "saved\n")
    eventually(lambda: endings(server))
    assert (endings(server)[0].state, endings(server)[0].reason) == ("killed", "SIGTERM")


def test_the_scripts_own_handler_of_sigterm_is_called_in_a_forked_child_too(train: Train) -> None:
    training = train(
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(7))\n"
        "run = runwake.init(id='r')\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    os._exit(0)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
    )

    assert training.wait()[1] == "7\n"


def test_a_forked_child_writes_a_stream_of_its_own(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        "import os\n"
        "run = runwake.init(id='r')\n"
        "run.log({'i': 0})\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    run.log({'child': 1})\n"
        "    raise SystemExit(0)\n"
        "os.waitpid(pid, 0)\n"
        "run.log({'i': 1})\n"
        "if os.fork() == 0: os._exit(0)\n"
        "os.wait()\n"
    )

    code, _, _ = training.wait()

    assert code == 0
    eventually(lambda: len(server.run_streams("r")) == 2)
    eventually(lambda: all(s.is_final for s in server.run_streams("r").values()))
    rows = {name: [v for _, _, v in s.rows] for name, s in server.run_streams("r").items()}
    child = next(name for name in rows if name.startswith("fork-"))
    assert rows.pop(child) == [{"child": 1}]
    assert list(rows.values()) == [[{"i": 0}, {"i": 1}]]
    assert [ending.state for ending in endings(server)] == ["finished"]


def test_a_forked_child_may_start_a_run_of_its_own(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        "import os\n"
        "run = runwake.init(id='r')\n"
        "if os.fork() == 0:\n"
        "    own = runwake.init(id='own')\n"
        "    own.log({'i': 7})\n"
        "    own.finish()\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "run.log({'i': 0})\n"
    )

    code, _, err = training.wait()

    assert code == 0, err
    assert [values for _, _, values in server.rows("own")] == [{"i": 7}]
    assert [values for _, _, values in server.rows("r")] == [{"i": 0}]


def test_a_request_to_stop_interrupts_the_script_once(train: Train, server: IngestDouble) -> None:
    training = train(loop(10**6, pause=0.01))
    training.read_line()
    server.faults.stop_requested = True

    code, _, err = training.wait()

    assert code != 0
    assert "somebody asked this run to stop" in err
    (ending,) = endings(server)
    assert (ending.state, ending.reason) == ("killed", "stop requested")


def test_blobs_go_up_before_the_rows_that_name_them(train: Train, server: IngestDouble) -> None:
    training = train(
        "import numpy as np\n"
        "run = runwake.init(id='r')\n"
        "for i in range(3):\n"
        "    run.log({'i': i, 'image': runwake.Image(np.full((4, 4), i, 'u1'))})\n"
        "run.finish()\n"
    )

    code, _, err = training.wait()

    assert code == 0, err
    digests = [values["image"]["digest"] for _, _, values in server.rows("r")]
    assert set(digests) == set(server.blobs)
    assert len(set(digests)) == 3
    kinds = [path.split("/")[3] for method, path, _ in server.log if method in ("PUT", "POST")]
    assert kinds.index("blobs") < len(kinds) - 1 - kinds[::-1].index("ingest")


def test_the_log_of_the_sender_holds_no_key(train: Train, server: IngestDouble) -> None:
    server.faults.fail_next = 3
    training = train(loop(5), RUNWAKE_API_KEY="very-secret-key")

    code, _, _ = training.wait()

    assert code == 0
    for path in training.run_dir.path.rglob("*"):
        if path.is_file():
            assert b"very-secret-key" not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0
    assert os.path.exists(training.run_dir.sender / "sender.log")  # noqa: PTH110


WORKER = """
import multiprocessing, sys
def work():
    run = runwake.init(id='r')
    run.log({{'i': 0}})
    {how}
process = multiprocessing.get_context('fork').Process(target=work)
process.start()
process.join()
sys.exit(process.exitcode)
"""


@pytest.mark.parametrize(
    ("how", "code", "state"),
    [("pass", 0, "finished"), ("sys.exit(3)", 3, "failed"), ("1 / 0", 1, "failed")],
)
def test_a_run_of_a_worker_process_ends_with_it(
    train: Train, server: IngestDouble, eventually: Eventually, how: str, code: int, state: str
) -> None:
    training = train(WORKER.format(how=how))

    assert training.wait()[0] == code
    eventually(lambda: endings(server))
    assert [(ending.state, ending.code) for ending in endings(server)] == [(state, code)]
    assert numbers(server) == [0]

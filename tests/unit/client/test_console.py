from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runwake.sdk.console import ConsoleCapture
from runwake.sdk.run import Run
from runwake.wire.records import AnyRecord, Console


class Wrappable(io.TextIOWrapper):
    """As the real stdout: writes may be wrapped per object."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        self.seek(0)
        return self.read()


@contextmanager
def replaced_stdout() -> Iterator[Wrappable]:
    before = sys.stdout
    stream = Wrappable()
    sys.stdout = stream
    try:
        yield stream
    finally:
        sys.stdout = before


def test_whole_lines_are_kept_and_pass_through() -> None:
    with replaced_stdout() as out:
        kept: list[tuple[str, str]] = []
        capture = ConsoleCapture(lambda channel, text: kept.append((channel, text)))

        print("one")
        print("two", "three", end="")
        print(" four")
        print("unfinished", end="")
        capture.stop()
        print("after")

        assert kept == [
            ("stdout", "one\n"),
            ("stdout", "two three four\n"),
            ("stdout", "unfinished"),
        ]
        assert out.text() == "one\ntwo three four\nunfinishedafter\n"
        assert "write" not in vars(out)


def test_a_progress_bar_leaves_only_its_last_state() -> None:
    with replaced_stdout() as out:
        kept: list[str] = []
        capture = ConsoleCapture(lambda _, text: kept.append(text))

        for i in range(5):
            out.write(f"\r{i}/5")
        out.write("\r5/5 done\nnext\n")
        capture.stop()

        assert kept == ["5/5 done\nnext\n"]


def test_a_failure_to_keep_never_reaches_the_program() -> None:
    with replaced_stdout() as out:

        def fail(channel: str, text: str) -> None:
            raise RuntimeError("full")

        capture = ConsoleCapture(fail)
        print("one")
        print("two")
        capture.stop()

        assert out.text() == "one\ntwo\n"


def test_text_printed_while_keeping_text_is_not_kept_again() -> None:
    with replaced_stdout() as out:
        kept: list[str] = []

        def keep(channel: str, text: str) -> None:
            kept.append(text)
            print("echo")

        capture = ConsoleCapture(keep)
        print("one")
        capture.stop()

        assert kept == ["one\n"]
        assert out.text() == "one\necho\n"


def test_a_stream_that_cannot_be_wrapped_is_left_alone() -> None:
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.StringIO(), None
    try:
        capture = ConsoleCapture(lambda channel, text: None)
        print("line")
        capture.stop()
        printed = sys.stdout.getvalue()
    finally:
        sys.stdout, sys.stderr = before

    assert printed == "line\n"


def test_a_run_keeps_the_console_unless_told_not_to(
    start_run: Callable[..., Run],
    records_of: Callable[[Run], list[AnyRecord]],
) -> None:
    with replaced_stdout():
        run = start_run()
        print("epoch 1")
        records = records_of(run)
        quiet = start_run(settings={"console": "off"})
        print("epoch 2")
        kept_quietly = [r for r in records_of(quiet) if isinstance(r, Console)]

    kept = [r for r in records if isinstance(r, Console) and r.channel == "stdout"]
    assert [r.text for r in kept] == ["epoch 1\n"]
    assert kept_quietly == []

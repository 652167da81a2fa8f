from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runwake.tracking.console_lines import LineSplitter
from runwake.wire.records import Console


def feed(*texts: str) -> tuple[list[str], str]:
    splitter = LineSplitter({})
    lines = [
        line.text
        for number, text in enumerate(texts)
        for line in splitter.feed(Console(channel="stdout", text=text, time=float(number)))
    ]
    return lines, splitter.begun.get("stdout", ("", 0.0))[0]


def test_lines_are_cut_at_newlines_across_records() -> None:
    assert feed("one\ntw", "o\n\nthr") == (["one", "two", ""], "thr")


def test_a_line_has_the_time_at_which_it_began() -> None:
    splitter = LineSplitter({})
    records = [("one\n", 1.0), ("two\nthr", 2.0), ("ee\n", 3.0), ("four\n", 4.0)]

    lines = [
        (line.text, line.time)
        for text, time in records
        for line in splitter.feed(Console(channel="stdout", text=text, time=time))
    ]

    assert lines == [("one", 1.0), ("two", 2.0), ("three", 2.0), ("four", 4.0)]


def test_of_a_progress_bar_only_its_last_state_is_kept() -> None:
    assert feed("\r 10%", "\r 50%", "\r100%\n") == (["100%"], "")
    assert feed("10%\r50%\r", "99%") == ([], "99%")


def test_a_carriage_return_before_the_newline_belongs_to_it() -> None:
    assert feed("windows\r\nline\r", "\n") == (["windows", "line"], "")


def test_colours_stay() -> None:
    assert feed("\x1b[31mred\x1b[0m\n") == (["\x1b[31mred\x1b[0m"], "")


def test_channels_do_not_mix() -> None:
    splitter = LineSplitter({})

    splitter.feed(Console(channel="stdout", text="out", time=1.0))
    lines = splitter.feed(Console(channel="stderr", text="err\n", time=2.0))

    assert [(line.channel, line.text) for line in lines] == [("stderr", "err")]
    assert splitter.begun == {"stdout": ("out", 1.0)}


def test_begun_lines_are_flushed_in_the_order_they_began() -> None:
    splitter = LineSplitter({"stdout": ("later", 2.0), "stderr": ("sooner", 1.0)})

    assert [line.text for line in splitter.flush()] == ["sooner", "later"]
    assert splitter.begun == {}


def test_output_without_newlines_cannot_pile_up() -> None:
    lines, rest = feed(*["x" * 50_000] * 4)

    assert sum(map(len, lines)) + len(rest) == 200_000
    assert len(rest) <= 65_536


@given(st.lists(st.text(alphabet="ab\n\r", max_size=8), max_size=8))
def test_how_the_text_was_cut_into_records_does_not_matter(pieces: list[str]) -> None:
    whole = "".join(pieces)

    assert feed(*pieces) == feed(whole)

"""The page about the run log shows bytes that the code writes."""

from __future__ import annotations

import re
from pathlib import Path

from runwake.wire import frames, records, rows

PAGE = Path(__file__).parent.parent.parent / "docs" / "run-log.md"


def test_the_example_is_what_the_encoder_writes() -> None:
    block = PAGE.read_text(encoding="utf-8").rpartition("## Example")[2].split("```")[1]
    shown = "".join(
        re.split(r" {4,}| {2}row", line.strip())[0].replace(" ", "")
        for line in block.strip().splitlines()
    )

    written = frames.header() + rows.RowEncoder().encode(
        ("loss", "epoch"), (0.5, 3), 7, 1_700_000_000.0, False
    )

    assert shown == written.hex()


def test_every_type_of_record_and_kind_of_frame_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    types = [record.__struct_config__.tag for record in records.AnyRecord.__args__]

    rows = re.findall(r"^\| ([a-z, ]+) \|", page, re.MULTILINE)
    named = {name for row in rows for name in row.split(", ")}
    assert set(types) <= named
    kinds = (frames.MARK, frames.CONTROL, frames.SCHEMA, *frames.ROW_KINDS)
    assert [kind for kind in kinds if not re.search(rf"^\| {kind} ", page, re.MULTILINE)] == []

"""The shipper against a server that is not what it was."""

from __future__ import annotations

from pathlib import Path

from runwake.runlog.appender import FileAppender
from runwake.runlog.run_dir import create
from runwake.runlog.writer import LogWriter
from runwake.sender.shipper import StreamShipper
from runwake.sender.transport import Transport
from runwake.testing.ingest_double import running_double
from runwake.wire.records import RunStart


def test_a_server_that_lost_its_data_gets_all_again_with_the_last_word(tmp_path: Path) -> None:
    run_dir = create(tmp_path, "r", offline=False)
    start = RunStart(entity="e", project="p", run_id="r", stream="w")
    writer = LogWriter(FileAppender(run_dir.log_path("w"), lambda kind, line: None))
    writer.append_record(start)
    writer.append_row(("a",), (1.0,), 0, 0.0, False)
    writer.close()
    with running_double() as server:
        shipper = StreamShipper(run_dir, start, Transport(server.base_url))
        shipper.ship()
        server.streams.clear()

        shipper.ship(final=True)

        (stream,) = server.run_streams("r").values()
        assert stream.is_final
        assert [values for _, _, values in stream.rows] == [{"a": 1.0}]

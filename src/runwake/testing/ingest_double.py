"""An ingest server for tests of the client: real HTTP, memory for a store, faults on request.

It keeps the contract of `wire.http` in the simplest way there is, so that the client's tests show
what the client does, whatever the real server is going through.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import zstandard

from runwake.model.keys import flat_name
from runwake.wire import frames
from runwake.wire.http import API, IngestAnswer, RangeRefused
from runwake.wire.records import SENDER_STREAM_PREFIX, AnyRecord, Exit, decode_record
from runwake.wire.rows import Schema, decode_rich_row, decode_schema

Row = tuple[float, float, dict[str, Any]]
"""Step, time and values by flat name."""


@dataclass
class StoredStream:
    """One stream as the double has it.

    Attributes:
        offset: bytes applied.
        rows: closed rows: step, time and values by flat name.
        records: control records in order.
        damaged: bytes that could not be read.
        is_final: whether the client said that nothing follows.
    """

    offset: int = 0
    rows: list[Row] = field(default_factory=list)
    records: list[AnyRecord] = field(default_factory=list)
    damaged: int = 0
    is_final: bool = False
    schemas: dict[int, Schema] = field(default_factory=dict)

    def apply(self, data: bytes, *, final: bool) -> None:
        """Apply a range that starts at `offset`; an open row at its end waits for more."""
        taken = _Range(dict(self.schemas))
        for item in frames.scan(data, self.offset, final=final):
            taken.take(item)
        if final:
            taken.close_row()
            taken.keep(self.offset + len(data))
            self.is_final = True
        self.offset = taken.safe_end or self.offset
        self.rows += taken.rows[: taken.safe_rows]
        self.records += taken.records[: taken.safe_records]
        self.damaged += taken.safe_damaged
        self.schemas = taken.schemas


@dataclass
class _Range:
    """What one range holds, and up to where it is safe to apply: before a row still open."""

    schemas: dict[int, Schema]
    rows: list[Row] = field(default_factory=list)
    records: list[AnyRecord] = field(default_factory=list)
    damaged: int = 0
    open_row: Row | None = None
    safe_end: int = 0
    safe_rows: int = 0
    safe_records: int = 0
    safe_damaged: int = 0

    def take(self, item: frames.Frame | frames.Damage) -> None:
        if isinstance(item, frames.Damage):
            self.damaged += item.end - item.start
        elif item.kind in frames.ROW_KINDS:
            self._take_row(item)
        elif item.kind == frames.SCHEMA:
            schema = decode_schema(item.payload)
            self.schemas[schema.id] = schema
        elif item.kind == frames.CONTROL:
            record = decode_record(item.payload)
            if isinstance(record, Exit):
                self.close_row()
            if record is not None:
                self.records.append(record)
        if self.open_row is None:
            self.keep(item.end)

    def keep(self, end: int) -> None:
        self.safe_end, self.safe_rows = end, len(self.rows)
        self.safe_records, self.safe_damaged = len(self.records), self.damaged

    def close_row(self) -> None:
        if self.open_row is not None:
            self.rows.append(self.open_row)
            self.open_row = None

    def _take_row(self, frame: frames.Frame) -> None:
        step, time, values = self._decode_row(frame)
        if self.open_row is not None and self.open_row[0] == step:
            self.open_row[2].update(values)
        else:
            self.close_row()
            self.keep(frame.start)
            self.open_row = (step, time, values)
        if frame.kind not in frames.OPEN_KINDS:
            self.close_row()

    def _decode_row(self, frame: frames.Frame) -> Row:
        if frame.kind in (frames.RICH_ROW, frames.RICH_ROW_OPEN):
            rich = decode_rich_row(frame.payload)
            return rich.step, rich.time, {flat_name(k): v for k, v in rich.values}
        schema = self.schemas[int.from_bytes(frame.payload[:4], "little")]
        _, step, time, *values = struct.unpack(schema.row_format, frame.payload)
        return step, time, dict(zip(map(flat_name, schema.keys), values, strict=True))


@dataclass
class Faults:
    """What goes wrong. Each may be set at any time.

    Attributes:
        status: answer everything with this status, None: work.
        fail_next: answer so many requests with 503 first.
        lose_acks: apply so many ranges, then cut the connection instead of answering.
        hang: take connections and never answer.
        stop_requested: say so in each answer.
    """

    status: int | None = None
    fail_next: int = 0
    lose_acks: int = 0
    hang: threading.Event | None = None
    stop_requested: bool = False


class IngestDouble:
    """A server on a loopback port; the data stays when it is stopped and started again.

    Attributes:
        streams: by (entity, project, run id, stream).
        blobs: by digest.
        log: method and path of each request, and the status of its answer.
    """

    def __init__(self) -> None:
        self.streams: dict[tuple[str, str, str, str], StoredStream] = defaultdict(StoredStream)
        self.blobs: dict[str, bytes] = {}
        self.faults = Faults()
        self.log: list[tuple[str, str, int]] = []
        self.received_bytes = 0
        self.lock = threading.Lock()
        self.connections: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        """Address of the server; it stays the same over restarts."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> IngestDouble:
        """Take connections."""
        double = self

        class Handler(_Handler):
            ingest = double

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Cut all connections and refuse further ones, as when killed. Idempotent."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            for connection in list(self.connections):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._server = self._thread = None

    def run_streams(self, run_id: str) -> dict[str, StoredStream]:
        """Return the streams of a run by name."""
        with self.lock:
            return {key[3]: stream for key, stream in self.streams.items() if key[2] == run_id}

    def rows(self, run_id: str) -> list[Row]:
        """Return the rows that a run logged, one stream after the other; none of its senders'."""
        return [
            row
            for name, stream in self.run_streams(run_id).items()
            if not name.startswith(SENDER_STREAM_PREFIX)
            for row in stream.rows
        ]

    def system_rows(self, run_id: str) -> list[Row]:
        """Return the rows that a run's senders measured."""
        return [
            row
            for name, stream in self.run_streams(run_id).items()
            if name.startswith(SENDER_STREAM_PREFIX)
            for row in stream.rows
        ]

    def records(self, run_id: str) -> list[AnyRecord]:
        """Return the control records of a run's streams, one stream after the other."""
        return [r for stream in self.run_streams(run_id).values() for r in stream.records]


@contextmanager
def running_double() -> Iterator[IngestDouble]:
    """Run a double for the length of a `with` block."""
    double = IngestDouble().start()
    try:
        yield double
    finally:
        if double.faults.hang is not None:
            double.faults.hang.set()
        double.stop()


class _Handler(BaseHTTPRequestHandler):
    ingest: IngestDouble
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.ingest.connections.add(self.connection)

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client was killed
            super().handle()

    def finish(self) -> None:
        self.ingest.connections.discard(self.connection)
        with suppress(OSError):  # cut by `stop`
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as inherited
        """Print nothing."""

    def do_GET(self) -> None:  # noqa: N802
        self._serve(b"")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:  # noqa: N802
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_PUT = do_POST  # noqa: N815

    def _serve(self, body: bytes) -> None:
        faults = self.ingest.faults
        if faults.hang is not None:
            faults.hang.wait()
        if faults.status is not None or faults.fail_next > 0:
            faults.fail_next = max(0, faults.fail_next - 1)
            self._send(faults.status or 503, {"error": {"code": "test", "message": "as told"}})
            return
        url = urlsplit(self.path)
        kind, *names = map(unquote, url.path.removeprefix(f"{API}/").split("/"))
        with self.ingest.lock:
            if kind == "blobs":
                self._serve_blob(names[2], body)
            elif kind == "ingest":
                key = (names[0], names[1], names[2], names[3])
                self._serve_stream(key, names[4:], parse_qs(url.query), body)
            else:
                self._send(404, {"error": {"code": "not_found", "message": "no such route"}})

    def _serve_blob(self, digest: str, body: bytes) -> None:
        if self.command == "PUT":
            if sha256(body).hexdigest() != digest:
                self._send(422, {"error": {"code": "digest", "message": "digest mismatch"}})
                return
            known = digest in self.ingest.blobs
            self.ingest.blobs[digest] = body
            self._send(200 if known else 201, {})
        else:
            self._send(200 if digest in self.ingest.blobs else 404, {})

    def _serve_stream(
        self,
        key: tuple[str, str, str, str],
        rest: list[str],
        query: dict[str, list[str]],
        body: bytes,
    ) -> None:
        faults = self.ingest.faults
        stream = self.ingest.streams[key]
        if self.command == "POST" and not rest:
            offset = int(query["offset"][0])
            if offset != stream.offset:
                self._send(409, msgspec.to_builtins(RangeRefused(stream.offset)))
                return
            data = zstandard.ZstdDecompressor().decompress(body)
            self.ingest.received_bytes += len(data)
            stream.apply(data, final=query.get("final") == ["1"])
            if faults.lose_acks > 0:
                faults.lose_acks -= 1
                self.close_connection = True
                return
        answer = IngestAnswer(stream.offset, stop_requested=faults.stop_requested)
        self._send(200, msgspec.to_builtins(answer))

    def _send(self, status: int, content: Any) -> None:
        data = msgspec.json.encode(content)
        self.ingest.log.append((self.command, self.path, status))
        self.send_response(status)
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(data)))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(OSError):  # nobody waits for it any more
                self.wfile.write(data)

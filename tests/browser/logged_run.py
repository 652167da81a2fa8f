"""A run whose log the test itself writes and ships: what arrives when is its choice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import zstandard

from runwake.testing.logs import LogBuilder
from runwake.testing.server import RunningServer
from runwake.wire.http import blob_path, stream_path
from runwake.wire.records import AnyRecord, Console, Exit, File


class LoggedRun:
    """One stream of one run. Not thread-safe."""

    def __init__(
        self,
        server: RunningServer,
        project: str,
        run_id: str,
        *,
        stream: str = "w1",
        **start: Any,
    ) -> None:
        self.id = run_id
        self.address = f"{server.url}/local/{project}/runs/{run_id}"
        self._server = server
        self._project = project
        self._stream = stream
        self._log = LogBuilder("local", project, run_id, stream, **start)
        self._shipped = 0
        self._steps = 0

    def record(self, record: AnyRecord) -> LoggedRun:
        """Log one control record."""
        self._log.record(record)
        return self

    def rows(self, count: int, values: Mapping[str, Any] | None = None) -> LoggedRun:
        """Log rows of `values`, by default a loss that falls."""
        for _ in range(count):
            row = values if values is not None else {"train/loss": 1 / (1 + self._steps)}
            self._log.row(row, self._steps)
            self._steps += 1
        return self

    def prints(self, text: str, channel: str = "stdout") -> LoggedRun:
        """Log console output."""
        return self.record(Console(time=1_000.0, channel=channel, text=text))

    def image(self, key: str, png: bytes, caption: str) -> LoggedRun:
        """Upload a picture and log it."""
        digest = hashlib.sha256(png).hexdigest()
        name = f"media/images/{key}_{self._steps}_{digest[:20]}.png"
        answer = self._server.client().request(
            "PUT", blob_path("local", self._project, digest), body=png
        )
        assert answer.status in (200, 201), answer.data
        self.record(
            File(
                time=1_000.0,
                path=name,
                digest=digest,
                size=len(png),
                media_type="image/png",
                role="media",
            )
        )
        value = {
            "_type": "image-file",
            "digest": digest,
            "size": len(png),
            "path": name,
            "format": "png",
            "width": 4,
            "height": 4,
            "caption": caption,
        }
        return self.rows(1, {key: value})

    def ends(self, state: str = "finished", code: int = 0, traceback: str | None = None) -> None:
        """Log the exit record and ship all."""
        reason = traceback.strip().splitlines()[-1] if traceback else None
        self.record(Exit(time=2_000.0, state=state, code=code, reason=reason, traceback=traceback))
        self.ship()

    def ship(self) -> LoggedRun:
        """Send what has been logged since the last time."""
        path = stream_path("local", self._project, self.id, self._stream)
        answer = self._server.client().request(
            "POST",
            f"{path}?offset={self._shipped}",
            body=zstandard.compress(self._log.data[self._shipped :]),
            headers={"Content-Encoding": "zstd"},
        )
        assert answer.status == 200, answer.data
        self._shipped = json.loads(answer.data)["offset"]
        assert self._shipped == len(self._log)
        return self

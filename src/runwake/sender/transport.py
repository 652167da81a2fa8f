"""HTTP to the server's ingest and blob routes. The only HTTP client on this side.

Each call is tried once: who calls decides when to try again. All calls may be repeated, as ranges
count by their offset and blobs by their digest.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Final

import msgspec
import urllib3
import zstandard

from runwake.errors import AuthenticationError, CommunicationError
from runwake.wire.http import IngestAnswer, RangeRefused

_COMPRESSION_LEVEL: Final = 3
_CONNECT_TIMEOUT_S: Final = 5.0
_READ_TIMEOUT_S: Final = 60.0
_BUSY: Final = frozenset({408, 425, 429})


class UnavailableError(CommunicationError):
    """The server is away or in trouble that passes: try again later.

    Attributes:
        retry_after_s: how long the server asked to wait, None if it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RefusedError(CommunicationError):
    """The server does not take what was sent, and said why."""


class OtherOffsetError(CommunicationError):
    """The stream stands elsewhere.

    Attributes:
        expected: where it stands.
    """

    def __init__(self, expected: int) -> None:
        super().__init__(f"the stream goes on at offset {expected}")
        self.expected = expected


class Transport:
    """One server. Not thread-safe.

    Args:
        base_url: its address.
        api_key: key to show it, if any.
        read_timeout_s: how long to wait for an answer.
    """

    def __init__(
        self, base_url: str, api_key: str | None = None, *, read_timeout_s: float = _READ_TIMEOUT_S
    ) -> None:
        self.base_url = base_url
        self._headers = {"User-Agent": "runwake-sender"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_TIMEOUT_S, read=read_timeout_s),
            retries=False,
        )
        self._compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL)

    def post_range(self, path: str, offset: int, data: bytes, *, final: bool) -> IngestAnswer:
        """Send the bytes of a stream from `offset` on.

        Raises:
            OtherOffsetError: the stream stands elsewhere.
            UnavailableError, RefusedError, AuthenticationError: see there.
        """
        query = f"?offset={offset}" + ("&final=1" if final else "")
        response = self._request(
            "POST",
            path + query,
            body=self._compressor.compress(data),
            headers={"Content-Encoding": "zstd", "Content-Type": "application/octet-stream"},
        )
        return _answer(response)

    def ask(self, path: str) -> IngestAnswer:
        """Ask where a stream stands; errors as of `post_range`."""
        return _answer(self._request("GET", path))

    def heartbeat(self, path: str) -> IngestAnswer:
        """Say that a stream's process is alive; errors as of `post_range`."""
        return _answer(self._request("POST", f"{path}/heartbeat"))

    def has_blob(self, path: str) -> bool:
        """Whether the server has a blob; errors as of `post_range`."""
        return self._request("HEAD", path, allowed=(404,)).status == 200

    def put_blob(self, path: str, file: Path) -> None:
        """Upload a blob; errors as of `post_range`.

        Raises:
            OSError: the file cannot be read.
        """
        with file.open("rb") as body:
            self._request(
                "PUT", path, body=body, headers={"Content-Length": str(file.stat().st_size)}
            )

    def close(self) -> None:
        """Drop connections."""
        self._pool.clear()

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
        allowed: tuple[int, ...] = (),
    ) -> urllib3.BaseHTTPResponse:
        try:
            response = self._pool.request(
                method,
                self.base_url + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UnavailableError(f"no answer from {self.base_url}: {_cause(error)}") from error
        if response.status < 300 or response.status in allowed:
            return response
        raise _error_of(response, self.base_url)


def _answer(response: urllib3.BaseHTTPResponse) -> IngestAnswer:
    try:
        return msgspec.json.decode(response.data, type=IngestAnswer)
    except msgspec.DecodeError:
        raise UnavailableError(
            f"the answer makes no sense: {response.data[:80]!r}; is it a Runwake server?"
        ) from None


def _error_of(response: urllib3.BaseHTTPResponse, base_url: str) -> CommunicationError:
    status = response.status
    text = f"{base_url} answers {status}: {_message(response)}"
    if status == 409:
        try:
            refused = msgspec.json.decode(response.data, type=RangeRefused)
        except msgspec.DecodeError:
            return UnavailableError(text)
        return OtherOffsetError(refused.expected)
    if status >= 500 or status in _BUSY:
        return UnavailableError(text, _retry_after(response))
    if status in (401, 403):
        return AuthenticationError(f"{text} (is RUNWAKE_API_KEY right?)")
    return RefusedError(text)


def _message(response: urllib3.BaseHTTPResponse) -> str:
    """Return what the server says of an error, in its own words."""
    try:
        body = msgspec.json.decode(response.data)
        return str(body["error"]["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return response.data[:200].decode("utf-8", "replace") or (response.reason or "no reason")


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return None


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a failed request, in the system's words if it has some."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__

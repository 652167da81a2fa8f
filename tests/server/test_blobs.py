from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from runwake.server.ingest.request_body import TooSlowError, blocking_chunks
from runwake.testing.in_process import Api, serving
from runwake.testing.logs import LogBuilder
from runwake.wire.http import blob_path
from runwake.wire.records import File

DATA = b"0123456789" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()
PATH = blob_path("local", "demo", DIGEST)


def put(api: Api, media_type: str = "image/png", path: str = PATH, data: bytes = DATA) -> int:
    return api.request("PUT", path, body=data, headers={"Content-Type": media_type}).status


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_blob_that_was_put_can_be_had(api: Api) -> None:
    assert api.request("HEAD", PATH).status == 404
    assert put(api) == 201
    assert put(api) == 200
    assert api.request("HEAD", PATH).status == 200

    response = api.request("GET", PATH)

    assert response.data == DATA
    assert response.headers["content-type"] == "image/png"
    assert response.headers["content-length"] == str(len(DATA))
    assert "immutable" in response.headers["cache-control"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    again = api.request("GET", PATH, headers={"If-None-Match": response.headers["etag"]})
    assert again.status == 304


def test_a_digest_alone_gives_no_access(api: Api) -> None:
    put(api)
    elsewhere = blob_path("local", "other", DIGEST)

    assert api.request("GET", elsewhere).status == 404
    assert api.request("HEAD", elsewhere).status == 404
    # Nor can it be claimed without its bytes, although they are stored already.
    assert put(api, path=elsewhere, data=b"guess") == 422
    assert api.request("GET", elsewhere).status == 404
    assert put(api, path=elsewhere) == 201
    assert api.request("GET", elsewhere).data == DATA


@pytest.mark.parametrize("data", [b"", b"x", DATA[:-1], DATA + b"x", b"x" * 20_000_000])
def test_other_bytes_than_the_digest_says_leave_nothing_behind(tmp_path: Path, data: bytes) -> None:
    with serving(tmp_path) as api:
        response = api.request("PUT", PATH, body=data)

        assert response.status == 422
        assert response.json()["error"]["code"] == "digest_mismatch"
        assert api.request("HEAD", PATH).status == 404
        assert files_below(tmp_path / "blobs") == []


@pytest.mark.parametrize("digest", ["x", "A" * 64, "..", "0" * 63, "0" * 65])
def test_a_digest_that_is_none_is_refused(api: Api, digest: str) -> None:
    assert api.request("PUT", blob_path("local", "demo", digest), body=b"x").status in (404, 422)


def test_an_empty_blob_is_a_blob(api: Api) -> None:
    path = blob_path("local", "demo", hashlib.sha256(b"").hexdigest())

    assert put(api, path=path, data=b"") == 201
    assert api.request("GET", path).data == b""


def test_blobs_have_a_largest_size(tmp_path: Path) -> None:
    with serving(tmp_path, max_blob_size=1) as api:
        data = bytes(1024 * 1024 + 1)
        path = blob_path("local", "demo", hashlib.sha256(data).hexdigest())

        response = api.request("PUT", path, body=data)

        assert response.status == 422
        assert "at most" in response.json()["error"]["message"]
        assert files_below(tmp_path / "blobs") == []


@pytest.mark.parametrize(
    ("asked", "expected", "content_range"),
    [
        ("bytes=0-9", DATA[:10], "bytes 0-9/10000"),
        ("bytes=9990-", DATA[9990:], "bytes 9990-9999/10000"),
        ("bytes=-5", DATA[-5:], "bytes 9995-9999/10000"),
        ("bytes=9995-20000", DATA[9995:], "bytes 9995-9999/10000"),
        ("bytes=-20000", DATA, "bytes 0-9999/10000"),
    ],
)
def test_ranges(api: Api, asked: str, expected: bytes, content_range: str) -> None:
    put(api)

    response = api.request("GET", PATH, headers={"Range": asked})

    assert response.status == 206
    assert response.data == expected
    assert response.headers["content-range"] == content_range


def test_a_range_outside_is_416(api: Api) -> None:
    put(api)

    response = api.request("GET", PATH, headers={"Range": "bytes=10000-"})

    assert response.status == 416
    assert response.headers["content-range"] == "bytes */10000"


@pytest.mark.parametrize("asked", ["bytes=-", "items=0-1", "bytes=0-1,5-6", "bytes=a-b"])
def test_ranges_that_are_none_of_ours_get_the_whole(api: Api, asked: str) -> None:
    put(api)

    response = api.request("GET", PATH, headers={"Range": asked})

    assert (response.status, response.data) == (200, DATA)


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [
        ("image/jpeg", "image/jpeg"),
        ("video/mp4", "video/mp4"),
        ("audio/mpeg", "audio/mpeg"),
        ("application/json", "application/json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html", "text/plain; charset=utf-8"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/pdf", "application/octet-stream"),
        ("text/html\t; charset=x", "text/plain; charset=utf-8"),
        ("", "application/octet-stream"),
    ],
)
def test_only_harmless_types_are_shown(api: Api, media_type: str, shown: str) -> None:
    put(api, media_type)

    headers = api.request("GET", PATH).headers

    assert headers["content-type"] == shown
    is_download = shown == "application/octet-stream"
    assert headers.get("content-disposition") == ("attachment" if is_download else None)


def test_a_file_record_names_the_type_of_a_blob_that_came_without(api: Api) -> None:
    put(api, "")
    log = LogBuilder()
    log.record(File(path="x.png", digest=DIGEST, size=len(DATA), media_type="image/png"))
    api.ship_all(log)

    assert api.request("GET", PATH).headers["content-type"] == "image/png"
    (file,) = api.get("/projects/local/demo/runs/r1/files")["files"]
    assert api.request("GET", file["url"]).data == DATA


def test_large_blobs_come_in_and_go_out_in_pieces(api: Api) -> None:
    data = bytes(range(256)) * 100_000
    path = blob_path("local", "demo", hashlib.sha256(data).hexdigest())

    assert put(api, path=path, data=data) == 201
    assert api.request("GET", path).data == data


def test_uploads_that_stand_still_do_not_hold_others_up(api: Api) -> None:
    head = f"PUT /api/v1/blobs/local/demo/{'a' * 64} HTTP/1.1\r\nHost: localhost\r\n"
    with ExitStack() as uploads:
        for _ in range(60):
            upload = socket.create_connection(("127.0.0.1", api.port))
            uploads.enter_context(upload)
            upload.sendall(f"{head}Content-Length: 9\r\n\r\nx".encode())

        for _ in range(20):
            assert api.request("GET", "/projects").status == 200


def test_an_upload_that_does_not_get_on_is_given_up() -> None:
    async def stall() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async def receive() -> None:
        chunks = blocking_chunks(stall(), asyncio.get_running_loop(), pause_s=0.05)
        assert await asyncio.to_thread(next, chunks) == b"first"
        with pytest.raises(TooSlowError, match=r"0\.05 s"):
            await asyncio.to_thread(next, chunks)

    # In a thread of its own: where browser tests ran before, this one has a running loop.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, receive()).result()

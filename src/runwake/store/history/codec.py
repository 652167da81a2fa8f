"""Bytes of one stored array: codec tag, CRC32, payload. Station 6.

::

    blob = u8 codec | u32 crc32 of payload and codec | payload

Every blob checks itself, so a flipped bit is found where it lies and costs one chunk, not a
chart. The tag says how the payload was packed; a reader never guesses. Nothing here knows SQL.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from typing import Any, Final
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard
from pcodec import ChunkConfig, standalone

from runwake.errors import StoreError

RAW: Final = 0
SHUFFLED: Final = 1
LINEAR: Final = 2
PCODEC: Final = 3
VALUES: Final = 4

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "f": np.dtype("<f8"),
    "i": np.dtype("<i8"),
    "u": np.dtype("<u8"),
    "b": np.dtype("?"),
}
"""In-memory and on-disk type of each numeric kind."""

_HEAD: Final = struct.Struct("<BI")
_LINE: Final = struct.Struct("<qq")
_RAW_BELOW_BYTES: Final = 64
_MIN_LINE: Final = 3
_LEVEL: Final = 1
_encode_values: Final = msgspec.msgpack.Encoder().encode
_decode_values: Final = msgspec.msgpack.Decoder().decode


class CorruptChunkError(StoreError):
    """Stored bytes are not what was written. The caller leaves them out and goes on."""


class _ZstdPair(threading.local):
    """One compressor and decompressor per thread: they must not be shared, and cost to make."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd: Final = _ZstdPair()


def seal(codec: int, payload: bytes) -> bytes:
    """Return a blob of an already packed payload."""
    return _HEAD.pack(codec, crc32(payload, codec)) + payload


def unseal(blob: bytes) -> tuple[int, memoryview]:
    """Return a blob's codec and payload.

    Raises:
        CorruptChunkError: the checksum does not fit.
    """
    view = memoryview(blob)
    if len(blob) < _HEAD.size:
        raise CorruptChunkError(f"a stored blob has {len(blob)} bytes, fewer than its head")
    codec, checksum = _HEAD.unpack_from(view)
    payload = view[_HEAD.size :]
    if crc32(payload, codec) != checksum:
        raise CorruptChunkError(f"a stored blob of {len(blob)} bytes fails its checksum")
    return codec, payload


def compress(raw: bytes) -> bytes:
    """Return a blob of plain bytes."""
    return seal(SHUFFLED, _zstd.compress(raw))


def decompress(blob: bytes) -> bytes:
    """Return the bytes that `compress` was given.

    Raises:
        CorruptChunkError: the checksum does not fit.
    """
    return _inflate(unseal(blob)[1])


def encode_rows(matrix: npt.NDArray[Any]) -> list[bytes]:
    """Return one blob per row of a (columns, values) matrix: byte-shuffled, then zstd.

    All columns of a segment are shuffled in one pass, which is what makes compaction cheap.
    Rows that are arithmetic progressions of integers (steps, epochs) shrink to two numbers.
    """
    size = matrix.dtype.itemsize
    count = matrix.shape[1]
    if matrix.dtype.kind in "iu" and count >= _MIN_LINE:
        return [_encode_line(row) or encode_rows_plain(row[None], size)[0] for row in matrix]
    return encode_rows_plain(matrix, size)


def encode_rows_plain(matrix: npt.NDArray[Any], size: int) -> list[bytes]:
    """Return `encode_rows` without the look for progressions; `size` is that of one value."""
    num_columns, count = matrix.shape
    if count * size <= _RAW_BELOW_BYTES:
        return [seal(RAW, row.tobytes()) for row in matrix]
    octets = np.ascontiguousarray(matrix).view(np.uint8).reshape(num_columns, count, size)
    shuffled = np.ascontiguousarray(octets.transpose(0, 2, 1)).reshape(num_columns, count * size)
    return [seal(SHUFFLED, _zstd.compress(row.data)) for row in shuffled]


def encode_array(values: npt.NDArray[Any], *, small: bool = False) -> bytes:
    """Return the blob of one array; `small` takes the slower codec that packs tighter."""
    if small and values.dtype != np.bool_ and len(values) > _RAW_BELOW_BYTES:
        line = _encode_line(values) if values.dtype.kind in "iu" else None
        if line is not None:
            return line
        packed = standalone.simple_compress(np.ascontiguousarray(values), ChunkConfig())
        return seal(PCODEC, packed)
    return encode_rows(values[None])[0]


def _encode_line(values: npt.NDArray[Any]) -> bytes | None:
    """Return an integer array as first value and stride, None if it is not such a line."""
    first = int(values[0])
    stride = int(values[1]) - first
    last = first + stride * (len(values) - 1)
    if int(values[-1]) != last or max(abs(first), abs(last)) >= 2**62:
        return None
    steps = np.diff(values.astype(np.int64))
    return seal(LINEAR, _LINE.pack(first, stride)) if (steps == stride).all() else None


def is_line(blob: bytes) -> bool:
    """Whether a blob decodes at no cost, so that nothing need be precomputed for it."""
    return blob[0] == LINEAR


def decode_line(blob: bytes) -> tuple[int, int] | None:
    """Return first value and stride of a blob that holds just these, else None.

    Raises:
        CorruptChunkError: the bytes are damaged.
    """
    if not is_line(blob):
        return None
    first, stride = _LINE.unpack(unseal(blob)[1])
    return first, stride


def decode_array(blob: bytes, kind: str, count: int) -> npt.NDArray[Any]:
    """Return the array of a blob; it may be read-only.

    Args:
        blob: as stored.
        kind: f, i, u or b.
        count: how many values it must hold.

    Raises:
        CorruptChunkError: the bytes are damaged or do not hold `count` values.
    """
    codec, payload = unseal(blob)
    dtype = DTYPES[kind]
    if codec == SHUFFLED:
        raw = np.frombuffer(_inflate(payload), np.uint8)
        _expect(raw.size == count * dtype.itemsize, count)
        if dtype.itemsize == 1:
            return raw.view(dtype)
        octets = np.ascontiguousarray(raw.reshape(dtype.itemsize, count).T)
        values: npt.NDArray[Any] = octets.view(dtype)[:, 0]
        return values
    if codec == LINEAR:
        _expect(len(payload) == _LINE.size, count)
        first, stride = _LINE.unpack(payload)
        if stride == 0:
            return np.full(count, first, dtype)
        line = np.arange(first, first + stride * count, stride, dtype=np.int64)
        return line.astype(dtype, copy=False)
    if codec == PCODEC:
        return _decode_pcodec(payload, dtype, count)
    if codec == RAW:
        _expect(len(payload) == count * dtype.itemsize, count)
        return np.frombuffer(payload, dtype)
    raise CorruptChunkError(f"a stored array has the unknown codec {codec}")


def encode_values(values: Sequence[Any]) -> bytes:
    """Return the blob of strings or of plain Python values."""
    return seal(VALUES, _zstd.compress(_encode_values(list(values))))


def decode_values(blob: bytes, count: int) -> list[Any]:
    """Return what `encode_values` was given; tuples come back as lists.

    Raises:
        CorruptChunkError: the bytes are damaged or do not hold `count` values.
    """
    codec, payload = unseal(blob)
    if codec != VALUES:
        raise CorruptChunkError(f"a stored list has the codec {codec}, not {VALUES}")
    values: list[Any] = _decode_values(_inflate(payload))
    _expect(len(values) == count, count)
    return values


def _decode_pcodec(payload: memoryview, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    try:
        values = standalone.simple_decompress(bytes(payload))
    except RuntimeError as error:
        raise CorruptChunkError(f"a stored array cannot be decoded: {error}") from error
    _expect(values is not None and len(values) == count and values.dtype == dtype, count)
    decoded: npt.NDArray[Any] = values
    return decoded


def _inflate(payload: memoryview) -> bytes:
    try:
        return _zstd.decompress(payload)
    except zstandard.ZstdError as error:
        raise CorruptChunkError(f"a stored blob cannot be decompressed: {error}") from error


def _expect(fits: bool, count: int) -> None:
    if not fits:
        raise CorruptChunkError(f"a stored array does not hold the {count} values it should")

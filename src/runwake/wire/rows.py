"""Rows of the run log: interned schemas, packed rows, and MessagePack rows for all else.

A training loop logs the same keys again and again. The first time, a SCHEMA frame interns the
tuple of keys with one code per value; each row is then a fixed-size record::

    schema payload     = msgpack [u32 id, str step code, str value codes, [key path, …]]
    packed row payload = u32 schema id | step (q or d) | f64 time | value …
    rich row payload   = msgpack [step, time, [[key path, value], …]]

Codes are those of `struct` (and of numpy): d float64, q int64, Q uint64, ? bool. A key path is a
string, or a list of strings where the value was logged in a nested dict. Schemas are written
again after each mark, under their old ids, so that damage before a mark costs nothing after it.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Final, NamedTuple
from zlib import crc32

import msgspec

from runwake.model.keys import KeyPath
from runwake.wire import frames

Scalar = bool | int | float
Step = int | float

_HEAD: Final = struct.Struct("<II")
_pack_head: Final = _HEAD.pack
_ROW: Final = frames.ROW
_ROW_OPEN: Final = frames.ROW_OPEN
_encode: Final = msgspec.msgpack.Encoder().encode
_SchemaId = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
_decode_schema: Final = msgspec.msgpack.Decoder(
    tuple[_SchemaId, str, str, list[str | list[str]]]
).decode
_decode_rich: Final = msgspec.msgpack.Decoder(
    tuple[int | float, float, list[tuple[str | list[str], Any]]]
).decode

_CODES: Final[dict[type, str]] = {float: "d", int: "q", bool: "?"}

MAX_SCHEMAS: Final = 4096
"""A stream interns at most so many key tuples; rows of further ones are MessagePack. Keys that
are made up row by row must not grow the memory of writer and server without end."""

Shape = tuple[tuple[KeyPath, ...], tuple[type, ...], type]
"""What a schema is looked up by: keys, types of the values, type of the step."""


def register_scalar_type(scalar_type: type, code: str) -> None:
    """Let values of `scalar_type` be packed as `code` (d, q, Q or ?) without a conversion.

    The type must offer what `struct.pack` asks for: `__float__` for d, `__index__` for q and Q.
    """
    _CODES[scalar_type] = code


def is_scalar_type(value_type: type) -> bool:
    """Whether values of this type are packed as they are."""
    return value_type in _CODES


class Schema(NamedTuple):
    """An interned tuple of keys."""

    id: int
    step_code: str
    codes: str
    keys: tuple[KeyPath, ...]

    @property
    def row_format(self) -> str:
        """The struct format of a packed row's payload."""
        return f"<I{self.step_code}d{self.codes}"


class RichRow(NamedTuple):
    """A decoded MessagePack row."""

    step: Step
    time: float
    values: list[tuple[KeyPath, Any]]


class Packer:
    """Packs rows of one interned schema of one encoder."""

    __slots__ = ("is_written", "pack", "schema_frame", "schema_id")

    def __init__(self, schema: Schema) -> None:
        payload = _encode((schema.id, schema.step_code, schema.codes, schema.keys))
        self.schema_id = schema.id
        self.schema_frame = frames.frame(bytes((frames.SCHEMA,)) + payload)
        self.pack = struct.Struct("<B" + schema.row_format[1:]).pack
        self.is_written = False


class RowEncoder:
    """Turns rows into frames. Not thread-safe: one per stream, under the stream's lock."""

    def __init__(self) -> None:
        self._by_shape: dict[Shape, Packer] = {}

    def forget_written(self) -> None:
        """Write every schema again before its next row; called after each mark."""
        for packer in self._by_shape.values():
            packer.is_written = False

    def encode(
        self,
        keys: tuple[KeyPath, ...],
        values: tuple[Any, ...],
        step: Step,
        time: float,
        open_: bool,
    ) -> bytes:
        """Return the frames of one row: a packed row where it fits, else a MessagePack row.

        Args:
            keys: the row's keys, each once.
            values: plain Python values (or registered scalar types), one per key. Ints outside
                64 bits must have been turned into floats.
            step: int or float; never bool.
            time: Unix time in seconds.
            open_: whether a later frame with the same step may extend the row.

        Raises:
            TypeError, OverflowError: a value that neither form can carry.
        """
        packer = self.packer((keys, tuple(map(type, values)), type(step)))
        packed = packer and self.encode_packed(packer, values, step, time, open_)
        return packed or self._encode_rich(keys, values, step, time, open_)

    def packer(self, shape: Shape) -> Packer | None:
        """Return what packs rows of a shape, None if they do not fit that form."""
        packer = self._by_shape.get(shape)
        if packer is None and len(self._by_shape) < MAX_SCHEMAS:
            keys, value_types, step_type = shape
            codes = "".join(_CODES.get(value_type, "") for value_type in value_types)
            if len(codes) == len(keys):
                step_code = "q" if step_type is int else "d"
                packer = Packer(Schema(len(self._by_shape), step_code, codes, keys))
                self._by_shape[shape] = packer
        return packer

    def encode_packed(
        self, packer: Packer, values: tuple[Any, ...], step: Step, time: float, open_: bool
    ) -> bytes | None:
        """Return the frames of a packed row, None if a value is out of range.

        The hot path of `encode`, for callers that keep the packers of this encoder.
        """
        try:
            body = packer.pack(_ROW_OPEN if open_ else _ROW, packer.schema_id, step, time, *values)
        except struct.error:  # an int beyond int64
            return None
        if packer.is_written:
            return _pack_head(len(body), crc32(body)) + body
        packer.is_written = True
        return packer.schema_frame + _pack_head(len(body), crc32(body)) + body

    @staticmethod
    def _encode_rich(
        keys: tuple[KeyPath, ...], values: tuple[Any, ...], step: Step, time: float, open_: bool
    ) -> bytes:
        kind = frames.RICH_ROW_OPEN if open_ else frames.RICH_ROW
        payload = _encode((step, time, list(zip(keys, map(_plain, values), strict=True))))
        return frames.frame(bytes((kind,)) + payload)


def _plain(value: Any) -> Any:
    """Bring a registered scalar of a foreign type into the plain Python type of its code."""
    code = _CODES.get(type(value))
    if code is None or type(value) in (float, int, bool):
        return value
    return float(value) if code == "d" else bool(value) if code == "?" else int(value)


def decode_schema(payload: bytes | memoryview) -> Schema:
    """Return the schema in the payload of a SCHEMA frame.

    Raises:
        msgspec.DecodeError: the payload is no schema.
    """
    schema_id, step_code, codes, keys = _decode_schema(payload)
    if step_code not in ("q", "d") or set(codes) - set("dqQ?") or len(codes) != len(keys):
        raise msgspec.DecodeError("a schema's codes do not fit its keys")
    return Schema(schema_id, step_code, codes, tuple(map(_key_path, keys)))


def decode_rich_row(payload: bytes | memoryview) -> RichRow:
    """Return the row in the payload of a RICH_ROW frame.

    Raises:
        msgspec.DecodeError: the payload is no row, or nested too deep.
    """
    try:
        step, time, values = _decode_rich(payload)
    except RecursionError:
        raise msgspec.DecodeError("a row is nested too deep") from None
    return RichRow(step, time, [(_key_path(key), value) for key, value in values])


def _key_path(key: str | list[str]) -> KeyPath:
    return key if isinstance(key, str) else tuple(key)

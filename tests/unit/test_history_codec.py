from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runwake.store.history import codec
from runwake.testing.history_oracle import are_same

INTS: dict[str, tuple[Any, int, int]] = {
    "i": (np.int64, -(2**63), 2**63 - 1),
    "u": (np.uint64, 0, 2**64 - 1),
}


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, npt.NDArray[Any]]:
    kind = draw(st.sampled_from("fiub"))
    shape = draw(st.integers(1, 300))
    if kind in INTS:
        dtype, low, high = INTS[kind]
        if draw(st.booleans()):
            first, stride = draw(st.integers(0, 2**40)), draw(st.integers(0, 2**20))
            return kind, np.arange(shape, dtype=dtype) * dtype(stride) + dtype(first)
        return kind, draw(hnp.arrays(dtype, shape, elements=st.integers(low, high)))
    if kind == "b":
        return kind, draw(hnp.arrays(np.bool_, shape))
    # All bit patterns: NaN with payloads and both signs of everything.
    return kind, draw(hnp.arrays(np.uint64, shape)).view(np.float64)


@given(arrays(), st.booleans())
def test_arrays_come_back_to_the_bit(array: tuple[str, npt.NDArray[Any]], small: bool) -> None:
    kind, values = array

    blob = codec.encode_array(values, small=small)

    decoded = codec.decode_array(blob, kind, len(values))
    assert decoded.dtype == values.dtype
    assert decoded.tobytes() == values.tobytes()


@given(arrays(), st.booleans(), st.data())
def test_a_flipped_bit_is_always_found(
    array: tuple[str, npt.NDArray[Any]], small: bool, data: st.DataObject
) -> None:
    kind, values = array
    blob = bytearray(codec.encode_array(values, small=small))
    position = data.draw(st.integers(1, len(blob) - 1))
    blob[position] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(codec.CorruptChunkError):
        codec.decode_array(bytes(blob), kind, len(values))


def test_a_wrong_tag_or_a_wrong_length_is_found() -> None:
    values = np.random.default_rng(0).normal(size=200)
    for small in (False, True):
        blob = codec.encode_array(values, small=small)
        for tag in range(256):
            if tag != blob[0]:
                with pytest.raises(codec.CorruptChunkError):
                    codec.decode_array(bytes([tag]) + blob[1:], "f", 200)
        for count in (0, 1, 199, 201):
            with pytest.raises(codec.CorruptChunkError):
                codec.decode_array(blob, "f", count)
    with pytest.raises(codec.CorruptChunkError):
        codec.decode_array(b"\0", "f", 1)


def test_progressions_of_integers_take_a_few_bytes() -> None:
    blob = codec.encode_array(np.arange(5, 400_000, 100))

    assert codec.is_line(blob)
    assert len(blob) < 32
    almost = np.arange(5, 400_000, 100)
    almost[77] += 1
    assert not codec.is_line(codec.encode_array(almost))


def test_a_matrix_is_encoded_as_its_rows_are() -> None:
    matrix = np.random.default_rng(0).normal(size=(5, 100)).round(1)

    assert codec.encode_rows(matrix) == [codec.encode_array(row) for row in matrix]


def test_plain_values_come_back() -> None:
    values: list[Any] = [None, "a", 2**63, -5, 1.5, float("nan"), [1, {"b": True}], {}, "\0"]

    assert are_same(codec.decode_values(codec.encode_values(values), len(values)), values)
    with pytest.raises(codec.CorruptChunkError):
        codec.decode_values(codec.encode_values(values), 3)


FLOATS = np.array([0.5, -0.0, np.inf, np.nan, 1e-320])
GOLDEN: list[tuple[str, str, npt.NDArray[Any]]] = [
    (
        "005aac814e000000000000e03f0000000000000080000000000000f07f000000000000f87fe807000000000000",
        "f",
        FLOATS,
    ),
    (
        "013c576ca828b52ffd603001fd00007000000000e807e000f0f83f807f7f05000712398a4411400501e815"
        "a0450b",
        "f",
        np.tile(FLOATS, 14),
    ),
    (
        "03c5d4d9b370636f2103008611040106450000005700c0fcffffffffffffff0130e807000000000080800c"
        "000000000000f82f2003000000000000ff0fc8000000000000e0ff030041cf6406a8ebe4e44559a7a3d7ca"
        "9b8b529d8e5e946a780000",
        "f",
        np.tile(FLOATS, 14),
    ),
    ("02a07be901f7ffffffffffffff0300000000000000", "i", np.arange(70) * 3 - 9),
    ("019a69ee8128b52ffd20504d00001801000001002aea86", "b", np.arange(80) % 3 == 0),
]


@pytest.mark.parametrize(("stored", "kind", "expected"), GOLDEN)
def test_blobs_of_the_first_version_can_be_read_for_ever(
    stored: str, kind: str, expected: npt.NDArray[Any]
) -> None:
    decoded = codec.decode_array(bytes.fromhex(stored), kind, len(expected))

    assert decoded.tobytes() == expected.tobytes()


def test_values_of_the_first_version_can_be_read_for_ever() -> None:
    stored = "046fe69dfe28b52ffd201291000093a161c081a16292cb3ff8000000000000c3"

    assert codec.decode_values(bytes.fromhex(stored), 3) == ["a", None, {"b": [1.5, True]}]

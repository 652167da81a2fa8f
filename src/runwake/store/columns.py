"""Rows of metrics as columns: what ingest hands to the history store and scans hand back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from runwake.model.keys import ValueKind

FloatArray = npt.NDArray[np.float64]
NumericArray = (
    npt.NDArray[np.float64] | npt.NDArray[np.int64] | npt.NDArray[np.uint64] | npt.NDArray[np.bool_]
)


@dataclass(frozen=True)
class Column:
    """The values of one key, of one kind, in some of the rows of a batch.

    Attributes:
        key: flat name (`runwake.model.keys.flat_name`).
        kind: type of all values here; a key of mixed kinds has one column per kind.
        rows: ascending row numbers within the batch, int64; None: present in every row.
        values: numpy array of the kind's dtype (f float64, i int64, u uint64, b bool), or for
            s a list of str, for j a list of plain Python values.
    """

    key: str
    kind: ValueKind
    rows: npt.NDArray[np.int64] | None
    values: NumericArray | Sequence[Any]


@dataclass(frozen=True)
class RowBatch:
    """`num_rows` consecutive rows.

    Attributes:
        steps: (num_rows,) float64 or int64: each row's step.
        times: (num_rows,) float64: Unix time in seconds.
        columns: the logged keys. `_step` and `_timestamp` are not among them.
    """

    steps: npt.NDArray[np.int64] | FloatArray
    times: FloatArray
    columns: Sequence[Column] = field(default_factory=tuple)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self.steps)

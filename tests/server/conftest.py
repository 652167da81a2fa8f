from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runwake.testing.in_process import Api, serving


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with serving(tmp_path / "data") as running:
        yield running

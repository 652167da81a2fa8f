from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runwake.server.app import open_stores
from runwake.testing.in_process import Api, serving


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as it is after the first start, to be copied: migrations take their time."""
    folder: Path = tmp_path_factory.mktemp("empty") / "data"
    open_stores(folder).close()
    return folder


@pytest.fixture
def api(tmp_path: Path, empty_data: Path) -> Iterator[Api]:
    data_dir = tmp_path / "data"
    shutil.copytree(empty_data, data_dir)
    with serving(data_dir) as running:
        yield running

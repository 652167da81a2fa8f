from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import runwake
from runwake.errors import UsageError
from runwake.sdk.run import Run
from runwake.testing.ingest_double import StoredStream
from runwake.wire.records import File


def pixels(image: runwake.Image) -> Any:
    return np.asarray(Pillow.open(io.BytesIO(image.data)))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 4)])
def test_bytes_are_taken_as_they_are(shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)

    image = runwake.Image(array, caption="c")

    assert np.array_equal(pixels(image), array)
    assert (image.width, image.height, image.format, image.caption) == (5, 4, "png", "c")


@pytest.mark.parametrize("shape", [(4, 5, 1), (1, 4, 5), (1, 1, 4, 5)])
def test_dimensions_of_one_are_dropped(shape: tuple[int, ...]) -> None:
    assert pixels(runwake.Image(np.zeros(shape, np.uint8))).shape == (4, 5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([0.0, 100.4, 300.0], [0, 100, 255]),
        ([-5.0, 2.0, float("nan")], [0, 2, 0]),
        ([True, False, True], [255, 0, 255]),
        ([-3, 7, 300], [0, 7, 255]),
    ],
)
def test_other_numbers_are_brought_into_range(values: list[Any], expected: list[int]) -> None:
    assert pixels(runwake.Image(np.array([values]))).tolist() == [expected]


def test_scaling_can_be_switched_off() -> None:
    assert pixels(runwake.Image(np.array([[0.0, 1.0]]), normalize=False)).tolist() == [[0, 1]]


class Tensor:
    """What torch offers, as far as images look at it."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape = array.shape
        self.dtype = self
        self.is_floating_point = array.dtype.kind == "f"

    def detach(self) -> Tensor:
        return self

    cpu = detach
    float = detach

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._array


def test_tensors_have_their_channels_first() -> None:
    array = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)

    image = runwake.Image(Tensor(array))

    assert np.array_equal(pixels(image), np.moveaxis(array, 0, -1))


@pytest.mark.parametrize("bad", [np.zeros((2, 3, 4, 5)), np.zeros((4, 5, 2)), np.zeros(3)])
def test_an_array_that_is_no_picture_is_refused_with_its_shape(bad: Any) -> None:
    with pytest.raises(UsageError, match="is no picture: expected"):
        runwake.Image(bad)


def test_pillow_images_files_and_images_are_taken(tmp_path: Path) -> None:
    picture = Pillow.new("RGB", (6, 3), "red")
    picture.save(tmp_path / "a.JPG")

    from_pillow = runwake.Image(picture, file_type="jpg")
    from_file = runwake.Image(tmp_path / "a.JPG")
    again = runwake.Image(from_file, caption="again")

    assert (from_pillow.format, from_pillow.media_type) == ("jpg", "image/jpeg")
    assert from_file.data == (tmp_path / "a.JPG").read_bytes()
    assert (from_file.width, from_file.height) == (6, 3)
    assert (again.digest, again.caption) == (from_file.digest, "again")


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("missing.png", {}, "cannot be read"),
        ("a.webp", {}, "ends in one of png, jpg"),
        (3, {}, "cannot be made from a value of type int"),
        (np.zeros((2, 2)), {"file_type": "tiff"}, "file_type='tiff': expected one of"),
    ],
)
def test_what_is_no_image_is_refused_in_words(
    data: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        runwake.Image(data, **options)


def test_without_pillow_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "import numpy, runwake\n"
        "try: runwake.Image(numpy.zeros((2, 2)))\n"
        "except runwake.UsageError as error: print(error)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert 'pip install "runwake[media]"' in done.stdout


def test_a_logged_image_is_a_blob_then_a_file_record_then_a_row(
    start_run: Callable[..., Run],
) -> None:
    run = start_run()
    image = runwake.Image(np.zeros((2, 3), np.uint8), caption="digit")

    run.log({"samples/../x": image, "loss": 1.0}, step=4)
    run.finish()

    assert run.sync_dir is not None
    (blob,) = (Path(run.sync_dir) / "blobs").iterdir()
    assert blob.name == image.digest == sha256(blob.read_bytes()).hexdigest()
    (log,) = (Path(run.sync_dir) / "logs").iterdir()
    stream = StoredStream()
    stream.apply(log.read_bytes(), final=True)
    (file,) = [r for r in stream.records if isinstance(r, File)]
    path = f"media/images/samples/__/x_4_{image.digest[:20]}.png"
    assert (file.path, file.digest, file.role) == (path, image.digest, "media")
    assert stream.rows[0][2] == {
        "samples/../x": {
            "_type": "image-file",
            "digest": image.digest,
            "size": len(image.data),
            "path": path,
            "format": "png",
            "width": 3,
            "height": 2,
            "caption": "digit",
        },
        "loss": 1.0,
    }


def test_lists_of_images_pillow_images_and_figures_are_logged(
    start_run: Callable[..., Run], rows_of: Callable[[Run], list[tuple[float, dict[str, Any]]]]
) -> None:
    class Figure:
        def savefig(self, target: Any, **options: Any) -> None:
            Pillow.new("L", (2, 2)).save(target, format="png")

    run = start_run()
    images = [runwake.Image(np.full((2, 2), i, np.uint8)) for i in range(110)]

    run.log({"list": images, "pillow": Pillow.new("L", (7, 7)), "figure": Figure()})

    (_, row), *_ = rows_of(run)
    assert row["list"]["_type"] == "images"
    assert len(row["list"]["items"]) == 108
    assert row["pillow"]["width"] == 7
    assert row["figure"]["_type"] == "image-file"


def test_a_disk_that_takes_no_blob_does_not_stop_training(
    start_run: Callable[..., Run],
    rows_of: Callable[[Run], list[tuple[float, dict[str, Any]]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = start_run()
    assert run.sync_dir is not None
    (Path(run.sync_dir) / "blobs").rmdir()

    run.log({"x": runwake.Image(np.zeros((2, 2))), "loss": 1.0})

    assert rows_of(run)[0][1]["loss"] == 1.0
    assert "cannot be stored" in capsys.readouterr().err
